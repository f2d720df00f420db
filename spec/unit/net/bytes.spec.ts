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
});
