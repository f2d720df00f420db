/** The bytes that nobody has read: when they are copied. The reader's specs show that none is lost. */
import { expect } from "chai";
import { Bytes } from "../../../src/net/bytes.ts";

const chunkOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

describe("unread bytes", () => {
  it("chunks that are taken whole are given as they came; only a look across a border joins them (bytes.ts 2)", () => {
    const chunks = [1, 2, 3].map((fill) => chunkOf(2048, fill));
    const bytes = new Bytes();
    for (const chunk of chunks) bytes.push(chunk);
    expect(bytes.inOnePiece).to.equal(2048);
    for (const chunk of chunks) expect(bytes.take(2048).buffer === chunk.buffer).to.equal(true);

    for (const chunk of chunks) bytes.push(chunk);
    expect(bytes.indexOf(1, 0)).to.equal(0); // within the first one
    expect(bytes.inOnePiece).to.equal(2048);
    expect(bytes.indexOf(3, 0)).to.equal(4096);
    expect(bytes.inOnePiece).to.equal(6144);
    expect(bytes.take(2048).buffer === chunks[0]?.buffer).to.equal(false);
  });

  it("what reaches a little way into a long chunk leaves the rest of that as it came (bytes.ts 2)", () => {
    const bytes = new Bytes();
    const lines = Uint8Array.from({ length: 4096 }, (_, at) => (at === 9 ? 10 : 1));
    bytes.push(chunkOf(2048, 7));
    bytes.push(lines);
    bytes.drop(2038);
    expect(bytes.indexOf(10, 0)).to.equal(19);
    expect([...bytes.take(20)]).to.deep.equal([...chunkOf(10, 7), ...chunkOf(9, 1), 10]);
    expect([bytes.length, bytes.inOnePiece, bytes.taken]).to.deep.equal([4086, 4086, 2058]);
    bytes.push(chunkOf(2048, 3));
    expect(bytes.take(4086).buffer === lines.buffer).to.equal(true);
    expect([...bytes.take(2048)]).to.deep.equal([...chunkOf(2048, 3)]);
  });

  it("pieces of every length come out as they went in, however they are looked at (bytes.ts 1)", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    let state = seed;
    const below = (n: number): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % n;
    const bytes = new Bytes();
    let there: number[] = [];
    let taken = 0;
    for (let step = 0; step < 150; step++) {
      const chunk = Uint8Array.from({ length: 1 + below(below(3) === 0 ? 3000 : 300) }, () => below(64));
      there.push(...chunk);
      bytes.push(chunk);
      for (let reads = below(4); reads > 0; reads--) {
        const wanted = below(64);
        const from = below(bytes.length + 1);
        const to = below(2) === 0 ? undefined : from + below(500);
        const at = there.indexOf(wanted, from);
        expect(bytes.indexOf(wanted, from, to), `seed ${String(seed)}`).to.equal(to !== undefined && at >= to ? -1 : at);
        const pair = Uint8Array.from(there.slice(from, from + 2));
        if (pair.byteLength === 2) expect(bytes.indexOf(pair, from), `seed ${String(seed)}`).to.equal(from);
        const count = below(2) === 0 ? Math.min(bytes.inOnePiece, bytes.length) : below(bytes.length + 1);
        expect([...bytes.peek(Math.min(count, 40))], `seed ${String(seed)}`).to.deep.equal(there.slice(0, Math.min(count, 40)));
        expect(Buffer.compare(bytes.take(count), Uint8Array.from(there.slice(0, count))), `seed ${String(seed)}`).to.equal(0);
        there = there.slice(count);
        taken += count;
        expect([bytes.length, bytes.taken], `seed ${String(seed)}`).to.deep.equal([there.length, taken]);
      }
    }
  });
});
