/** Sleeping. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { chan, choose, perform, poll, select, sleep, sleeping } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

describe("sleep", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  it("TM-01 (a) sleep(0) and sleep(-5) complete without the clock having to move", async () => {
    for (const ms of [0, -5, -Infinity, -0]) {
      const slept = sleep(ms);
      expect(await isPending(slept)).to.equal(true); // a macrotask, not a microtask
      await clock.tickAsync(0);
      expect(await isPending(slept)).to.equal(false);
      expect(Date.now()).to.equal(0);
    }
  });

  it("TM-01 (b) a hundred sleeps of 0 in a row come to their end", async () => {
    let slept = 0;
    const sleeping100 = (async () => {
      for (; slept < 100; slept++) await sleep(slept % 2 === 0 ? 0 : -5);
    })();
    await clock.tickAsync(100);
    await sleeping100;
    expect(slept).to.equal(100);
  });

  it("TM-01 (c) a sleep never completes before its time, fractions of a millisecond included", async () => {
    for (const [ms, wakesAt] of [[1, 1], [5, 5], [0.4, 1], [2.5, 3], [1000, 1000]] as const) {
      const start = Date.now();
      let wokeAt = -1;
      void sleep(ms).then(() => { wokeAt = Date.now() - start; });
      await clock.tickAsync(wakesAt - 1);
      expect(wokeAt, String(ms)).to.equal(-1);
      await clock.tickAsync(1);
      expect(wokeAt, String(ms)).to.equal(wakesAt);
    }
  });

  it("TM-02 sleeps started at once end in order of their length, equal ones in call order", async () => {
    const units = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0];
    const order: number[] = [];
    units.forEach((length, index) => void sleep(length * 10).then(() => order.push(index)));
    await clock.tickAsync(90);
    expect(order).to.deep.equal([12, 5, 6, 7, 1, 10, 0, 2, 3, 4, 8, 11, 9]);
  });

  it("TM-03 (a) an aborted sleep never fires; aborting again, or after it fired, changes nothing", async () => {
    const giving = new AbortController();
    let fired = 0;
    const aborted = rejectionOf(sleep(10, { signal: giving.signal }).then(() => fired++));
    const fulfilled = sleep(5, { signal: giving.signal }).then(() => "slept");
    await clock.tickAsync(5);
    giving.abort("first");
    giving.abort("second");
    expect(clock.countTimers()).to.equal(0);
    await clock.tickAsync(100);
    expect(await aborted).to.equal("first");
    expect(await fulfilled).to.equal("slept");
    expect(fired).to.equal(0);
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
  });

  it("TM-03 (b) a sleep that lost never fires", async () => {
    const ch = chan<string>();
    let fired = 0;
    const selected = select({ late: sleeping(10).map(() => fired++), value: ch.receiving() });
    ch.trySend("a");
    expect(await selected).to.deep.equal({ case: "value", value: "a" });
    await clock.tickAsync(100);
    expect(fired).to.equal(0);
  });

  it("TM-03 (c) a description does nothing, and may be performed again and again", async () => {
    const nap = sleeping(10);
    expect(clock.countTimers()).to.equal(0);
    expect(poll(nap)).to.equal(undefined);
    expect(clock.countTimers()).to.equal(0);
    const wokeAt: number[] = [];
    void perform(nap).then(() => wokeAt.push(Date.now()));
    await clock.tickAsync(5);
    void perform(nap).then(() => wokeAt.push(Date.now()));
    await clock.tickAsync(10);
    expect(wokeAt).to.deep.equal([10, 15]);
  });

  it("TM-06 (b) sleeping(NaN) throws and sleep(NaN) rejects, with a RangeError that shows the argument", async () => {
    for (const wrong of [Number.NaN, "10", undefined, null, {}] as number[]) {
      expect(() => sleeping(wrong)).to.throw(RangeError, "sleep takes a number of milliseconds");
      expect(await rejectionOf(sleep(wrong))).to.be.instanceOf(RangeError).with.property("message").that.includes("sleep takes");
    }
    expect(clock.countTimers()).to.equal(0);
  });

  it("FT20 three sleeps of 0 in a row: one wake at 0, the others at 1 and 2", async () => {
    const wokeAt: number[] = [];
    void (async () => {
      for (let n = 0; n < 3; n++) {
        await sleep(0);
        wokeAt.push(Date.now());
      }
    })();
    await clock.tickAsync(0);
    expect(wokeAt[0]).to.equal(0);
    await clock.tickAsync(5);
    expect(wokeAt).to.have.length(3);
    expect(wokeAt[1]).to.be.oneOf([0, 1]);
    expect(wokeAt[2]).to.be.oneOf([1, 2]);
  });

  it("FT21 a sleep longer than a timer of the platform can be wakes exactly then", async () => {
    for (const ms of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5, 5 * 2 ** 31]) {
      let woke = false;
      void sleep(ms).then(() => { woke = true; });
      await clock.tickAsync(ms - 1);
      expect(woke, String(ms)).to.equal(false);
      await clock.tickAsync(1);
      expect(woke, String(ms)).to.equal(true);
      expect(clock.countTimers()).to.equal(0);
    }
  });

  it("FT21 (b) a long sleep can be aborted in its second timer, too", async () => {
    const giving = new AbortController();
    const aborted = rejectionOf(sleep(2 ** 31 + 5, { signal: giving.signal }));
    await clock.tickAsync(2 ** 31 + 1);
    expect(clock.countTimers()).to.equal(1);
    giving.abort("enough");
    expect(clock.countTimers()).to.equal(0);
    expect(await aborted).to.equal("enough");
  });

  it("FT22 sleep(-1) wakes at 0; sleep(Infinity) never, holds no timer, and can be aborted", async () => {
    let wokeAt = -1;
    void sleep(-1).then(() => { wokeAt = Date.now(); });
    const giving = new AbortController();
    const endless = sleep(Infinity, { signal: giving.signal });
    expect(clock.countTimers()).to.equal(1);
    await clock.tickAsync(0);
    expect(wokeAt).to.equal(0);
    expect(clock.countTimers()).to.equal(0);
    await clock.tickAsync(2 ** 40);
    expect(await isPending(endless)).to.equal(true);
    giving.abort("enough");
    expect(await rejectionOf(endless)).to.equal("enough");
  });

  it("FT12 a trySelect or poll inside a tick makes no timer", async () => {
    const made = sinon.spy(globalThis, "setTimeout");
    let outcome: unknown = "not run";
    clock.setTimeout(() => {
      const before = made.callCount;
      outcome = trySelects();
      expect(made.callCount).to.equal(before);
    }, 10);
    const trySelects = (): unknown => poll(choose<unknown>(sleeping(5), chan().receiving(), sleeping(0)));
    await clock.tickAsync(10);
    expect(outcome).to.equal(undefined);
    expect(clock.countTimers()).to.equal(0);
    await settle();
  });
});
