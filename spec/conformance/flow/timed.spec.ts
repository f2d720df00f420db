/** Flows: views over time. Each in virtual time, and on a fake clock. */
import { expect } from "chai";
import sinon from "sinon";
import { chan, go, select, sleep, sleeping, type Channel } from "../../../src/node.ts";
import { flow } from "../../../src/flow/index.ts";
import { bubble } from "../../../src/testing/index.ts";
import { errorOf, holding, settledAs } from "./support.ts";

/** Sends each value at its time, in milliseconds from now; then closes. */
function feed(ch: Channel<number>, at: readonly number[], end?: number, error?: unknown): void {
  go(async () => {
    const began = performance.now();
    for (const [index, time] of at.entries()) {
      await sleep(time - (performance.now() - began));
      await ch.send(index + 1);
    }
    if (end === undefined) return;
    await sleep(end - (performance.now() - began));
    ch.close(error);
  });
}

/** Everything that comes, with the time at which it comes; an error as itself. */
async function timeline(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const began = performance.now();
  const got: unknown[] = [];
  try {
    for await (const value of source) got.push([Math.round(performance.now() - began), value]);
  } catch (error) {
    got.push(error);
  }
  return got;
}

const clocks: Record<string, (body: () => Promise<void>) => Promise<void>> = {
  "in a bubble": (body) => bubble(body),
  "on a fake clock": async (body) => {
    const clock = sinon.useFakeTimers({ now: 0 });
    try {
      const running = body();
      let over = false;
      running.then(() => { over = true; }, () => { over = true; });
      for (let ms = 0; ms < 2_000 && !over; ms++) await clock.tickAsync(1);
      await running;
      expect(clock.countTimers()).to.equal(0);
    } finally {
      clock.restore();
    }
  },
};

for (const [where, run] of Object.entries(clocks)) {
  describe(`flows over time, ${where}`, () => {
    it("FL-56 chunks(3) of 1 to 7: three chunks, the last unfinished; an error comes after it", () => run(async () => {
      expect(await flow([1, 2, 3, 4, 5, 6, 7]).chunks(3).toArray()).to.deep.equal([[1, 2, 3], [4, 5, 6], [7]]);
      const error = new Error("it broke");
      const ch = holding([1, 2, 3, 4], false);
      ch.close(error);
      expect(await timeline(flow(ch).chunks(3))).to.deep.equal([[0, [1, 2, 3]], [0, [4]], error]);
    }));

    it("FL-57 chunks(10, { within: 100 }): a chunk comes 100 ms after its first value, and no empty one ever", () => run(async () => {
      const ch = chan<number>();
      feed(ch, [0, 50, 130], 500);
      expect(await timeline(flow(ch).chunks(10, { within: 100 }))).to.deep.equal([[100, [1, 2]], [230, [3]]]);
    }));

    it("FL-58 a receive withdrawn with two of three in hand: the next gives these and the third; the deadline is that of the first value (timed.ts 1)", () => run(async () => {
      const ch = chan<number>();
      const f = flow(ch).chunks(3, { within: 100 });
      feed(ch, [0, 10, 60, 200, 220]);
      expect((await select({ chunk: f.receiving(), late: sleeping(20) })).case).to.equal("late");
      await sleep(40);
      expect(await f.receive()).to.deep.equal([1, 2, 3]);
      expect((await select({ chunk: f.receiving(), late: sleeping(150) })).case).to.equal("late"); // at 210, with the fourth in hand
      const began = performance.now();
      expect(await f.receive()).to.deep.equal([4, 5]);
      expect(Math.round(performance.now() - began)).to.equal(90);
    }));

    it("FL-58 overdue, an unfinished chunk is given by the next poll", () => run(async () => {
      const ch = chan<number>();
      const f = flow(ch).chunks(3, { within: 100 });
      feed(ch, [0]);
      expect((await select({ chunk: f.receiving(), late: sleeping(20) })).case).to.equal("late");
      expect(f.tryReceive()).to.equal(undefined);
      await sleep(80);
      expect(f.tryReceive()).to.deep.equal({ done: false, value: [1] });
    }));

    it("FL-59 chunks(1); within: 0 gives what is ready at once; bad sizes and times are refused", () => run(async () => {
      expect(await flow([1, 2]).chunks(1).toArray()).to.deep.equal([[1], [2]]);
      expect(await flow([1, 2, 3]).chunks(Infinity).toArray()).to.deep.equal([[1, 2, 3]]);
      const ch = holding([1, 2, 3], false);
      expect(await flow(ch).chunks(10, { within: 0 }).receive()).to.deep.equal([1, 2, 3]);
      for (const size of [0, -1, 1.5, NaN]) expect(() => flow(ch).chunks(size)).to.throw(RangeError, /chunks/);
      expect(() => flow(ch).chunks(1, { within: NaN })).to.throw(RangeError, /within/);
      expect(() => flow(ch).debounce(NaN)).to.throw(RangeError, /debounce/);
      expect(() => flow(ch).chunks(1, { withn: 1 } as never)).to.throw(TypeError, /withn/);
    }));

    it("FL-60 debounce(100): values at 0, 50, 90 give the last at 190; at 300 and 301 another at 401", () => run(async () => {
      const ch = chan<number>();
      feed(ch, [0, 50, 90, 300, 301], 1_000);
      expect(await timeline(flow(ch).debounce(100))).to.deep.equal([[190, 3], [401, 5]]);
    }));

    it("FL-61 the source ends, or fails, 10 ms after a value: that is given at once, once, before (timed.ts 3)", () => run(async () => {
      for (const error of [undefined, new Error("it broke")]) {
        const ch = chan<number>();
        feed(ch, [0], 10, error);
        expect(await timeline(flow(ch).debounce(100))).to.deep.equal(error ? [[10, 1], error] : [[10, 1]]);
      }
    }));

    it("FL-62 a value that debounce has given is not given again at the end", () => run(async () => {
      const ch = chan<number>();
      feed(ch, [0], 150);
      expect(await timeline(flow(ch).debounce(100))).to.deep.equal([[100, 1]]);
    }));

    it("FL-63 a withdrawn receive of debounce keeps the latest in hand with its deadline", () => run(async () => {
      const ch = chan<number>();
      const f = flow(ch).debounce(100);
      feed(ch, [0, 10]);
      expect((await select({ value: f.receiving(), late: sleeping(30) })).case).to.equal("late");
      expect(f.tryReceive()).to.equal(undefined);
      const began = performance.now();
      expect(await f.receive()).to.equal(2);
      expect(Math.round(performance.now() - began)).to.equal(80);
    }));

    it("FL-63 overdue in hand while a newer value is ready: the newer one starts its time (timed.ts 2)", () => run(async () => {
      const ch = chan<number>(4);
      const f = flow(ch).debounce(100);
      ch.trySend(1);
      expect((await select({ value: f.receiving(), late: sleeping(30) })).case).to.equal("late");
      await sleep(200);
      ch.trySend(2);
      const began = performance.now();
      expect(await f.receive()).to.equal(2);
      expect(Math.round(performance.now() - began)).to.equal(100);
    }));

    it("FL-64 what is in hand at a cancel goes to onDrop, value by value, and no timer is left", () => run(async () => {
      for (const view of ["chunks", "debounce"] as const) {
        const dropped: unknown[] = [];
        const ch = holding([1, 2], false);
        const owned = flow(ch, { onDrop: (value) => { dropped.push(value); } });
        const f = view === "chunks" ? owned.chunks(3, { within: 1_000 }) : owned.debounce(1_000);
        const parked = f.next();
        await sleep(5);
        f.cancel();
        expect(await parked).to.deep.equal({ done: true, value: undefined });
        expect(dropped).to.deep.equal(view === "chunks" ? [1, 2] : [2]);
      }
    }));
  });
}

describe("flows over time", () => {
  it("FL-57 FL-64 there is no timer while cold, and none while nothing is in hand", async () => {
    const clock = sinon.useFakeTimers();
    try {
      const ch = chan<number>(1);
      const f = flow(ch).chunks(2, { within: 100 });
      const d = flow(ch).debounce(100);
      expect(clock.countTimers()).to.equal(0);
      const giving = new AbortController();
      const receiving = errorOf(f.receive({ signal: giving.signal }));
      expect(await settledAs(receiving)).to.equal("pending");
      expect(clock.countTimers()).to.equal(0);
      ch.trySend(1);
      await clock.tickAsync(0);
      expect(clock.countTimers()).to.equal(1);
      giving.abort("gone");
      await receiving;
      expect(clock.countTimers()).to.equal(0);
      d.cancel();
    } finally {
      clock.restore();
    }
  });
});
