/** Buffers of one's own, and by priority. FL-194 and FL-195 of the list in ../flow/flow.md. */
import { expect } from "chai";
import { chan, poll, select, type Buffer } from "../../../src/node.ts";
import { seeded } from "../../../src/platform/random.ts";
import { byPriority } from "../../../src/sync/index.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { thrownBy } from "./support.ts";

interface Job { rank: number; n: number }
const byRank = (a: Job, b: Job): number => a.rank - b.rank;

describe("a buffer by priority", () => {
  it("FL-194 gives the least first, equal ones in the order of arrival: 10,000 random values, against a sort", async () => {
    const random = seeded(seedOfRun);
    const jobs = chan<Job>({ capacity: Infinity, buffer: byPriority(byRank) });
    const model: Job[] = [];
    for (let n = 0; n < 10_000; n++) {
      if (random() < 0.3 && model.length > 0) {
        const next = model.reduce((least, job) => (byRank(job, least) < 0 ? job : least));
        model.splice(model.indexOf(next), 1);
        expect(poll(jobs.receiving())?.value, `seed ${String(seedOfRun)}`).to.equal(next);
      } else {
        const job = { rank: Math.floor(random() * 50), n };
        model.push(job);
        await jobs.send(job);
      }
    }
    expect(jobs.size).to.equal(model.length);
    jobs.close();
    const rest: Job[] = [];
    for await (const job of jobs) rest.push(job);
    expect(rest).to.deep.equal(model.slice().sort(byRank));
  });

  it("FL-194 (b) senders in line stay first in first out, and the capacity bounds it", async () => {
    const numbers = chan<number>({ capacity: 2, buffer: byPriority((a, b) => a - b) });
    const order: number[] = [];
    const sends = [5, 4, 3, 2, 1].map((n) => numbers.send(n).then(() => order.push(n)));
    await settle();
    expect([numbers.size, order]).to.deep.equal([2, [5, 4]]);
    const got: number[] = [];
    for (let n = 0; n < 5; n++) got.push(await numbers.receive());
    await Promise.all(sends);
    expect([got, order]).to.deep.equal([[4, 3, 2, 1, 5], [5, 4, 3, 2, 1]]);
    expect(numbers.trySend(7) && numbers.trySend(6)).to.equal(true);
    expect(numbers.trySend(5)).to.equal(false);
  });

  it("FL-194 (c) a value for a receiver who waits never enters it; cancel drops in its order; it compares in push alone (priority.ts 1)", async () => {
    const dropped: number[] = [];
    let compared = 0;
    const numbers = chan<number>({
      capacity: 10,
      buffer: byPriority((a, b) => { compared++; return b - a; }),
      onDrop: (n) => { dropped.push(n); },
    });
    const waiting = numbers.receive();
    numbers.trySend(1);
    expect([await waiting, compared, numbers.size]).to.deep.equal([1, 0, 0]);
    for (const n of [1, 3, 2]) numbers.trySend(n);
    const before = compared;
    expect(numbers.tryReceive()?.value).to.equal(3);
    expect((await select({ n: numbers.receiving() })).value).to.equal(2);
    expect(compared).to.equal(before);
    for (const n of [9, 8]) numbers.trySend(n);
    numbers.cancel();
    expect(dropped).to.deep.equal([9, 8, 1]);
  });

  it("FL-195 a compare that throws fails that send alone, which has not happened; the next in line is tried", async () => {
    const failure = new Error("of compare");
    const numbers = chan<number>({ capacity: 2, buffer: byPriority((a, b) => { if (a === 13 || b === 13) throw failure; return a - b; }) });
    await numbers.send(1);
    expect(await rejectionOf(numbers.send(13))).to.equal(failure);
    expect(thrownBy(() => numbers.trySend(13))).to.equal(failure);
    expect(numbers.size).to.equal(1);
    await numbers.send(2);
    const inLine = [numbers.send(13), numbers.send(3)];
    expect(await isPending(inLine[1] as Promise<void>)).to.equal(true);
    expect(await numbers.receive()).to.equal(1);
    expect(await rejectionOf(inLine[0] as Promise<void>)).to.equal(failure);
    await inLine[1];
    expect([await numbers.receive(), await numbers.receive(), numbers.size]).to.deep.equal([2, 3, 0]);
  });

  it("FL-195 (b) refuses an overflow beside it, a second channel, and what is no buffer or no function", () => {
    const buffer = byPriority<number>((a, b) => a - b);
    for (const overflow of ["drop-oldest", "drop-newest"] as const) {
      expect(thrownBy(() => chan({ capacity: 1, buffer, overflow }))).to.be.instanceOf(TypeError).with.property("message").that.matches(/overflow beside a buffer/);
    }
    chan({ capacity: 1, buffer, overflow: "wait" });
    expect(thrownBy(() => chan({ capacity: 1, buffer }))).to.be.instanceOf(TypeError).with.property("message").that.matches(/that of another/);
    for (const wrong of [null, 5, {}, { push: () => undefined }]) expect(thrownBy(() => chan({ buffer: wrong as never }))).to.be.instanceOf(TypeError);
    for (const wrong of [undefined, 5, async () => 1]) expect(thrownBy(() => byPriority(wrong as never))).to.be.instanceOf(TypeError);
  });

  it("takes any buffer: last in, first out", async () => {
    const values: string[] = [];
    const stack: Buffer<string> = { push: (value) => { values.push(value); }, shift: () => values.pop() as string, get size() { return values.length; } };
    const letters = chan<string>({ capacity: 3, buffer: stack });
    for (const letter of "abc") await letters.send(letter);
    expect([await letters.receive(), await letters.receive(), await letters.receive()]).to.deep.equal(["c", "b", "a"]);
  });

  it("sorts 200,000 values in time in proportion to their number, almost: few are compared, and few are moved (priority.ts 2)", () => {
    const random = seeded(1);
    const splice = Array.prototype.splice;
    let [compared, moved] = [0, 0];
    Array.prototype.splice = function (this: unknown[], start: number, ...others: [number, ...unknown[]]): unknown[] {
      moved += this.length - start;
      return splice.call(this, start, ...others);
    } as typeof splice;
    try {
      const buffer = byPriority<number>((a, b) => {
        compared++;
        return a - b;
      });
      for (let n = 0; n < 200_000; n++) buffer.push(random());
      let before = -1;
      while (buffer.size > 0) {
        const next = buffer.shift();
        if (next < before) throw new Error("not sorted");
        before = next;
      }
    } finally {
      Array.prototype.splice = splice;
    }
    expect(compared).to.be.below(200_000 * Math.log2(200_000));
    expect(moved / 200_000).to.be.below(1000); // 50,000 if all values are in one block
  });
});
