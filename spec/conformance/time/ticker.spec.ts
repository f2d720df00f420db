/** Tickers. */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { select, sleep, sleeping, ticker } from "../../../src/index.ts";
import { settle } from "../../support/settle.ts";

describe("ticker", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  it("TM-06 (a) ticker(0), ticker(-1), ticker(NaN) are a RangeError at the call, and leave no timer", () => {
    for (const wrong of [0, -0, -1, -Infinity, Number.NaN, "10" as unknown as number]) {
      expect(() => ticker(wrong), String(wrong)).to.throw(RangeError, "ticker takes");
    }
    expect(clock.countTimers()).to.equal(0);
  });

  it("FT14 over a synchronous tick without a reader one tick is pending, the latest, and it counts the periods", () => {
    const ticks = ticker(10);
    clock.tick(100);
    expect(ticks.tryReceive()).to.deep.equal({ done: false, value: 10 });
    expect(ticks.tryReceive()).to.equal(undefined);
    clock.tick(35);
    expect(ticks.tryReceive()).to.deep.equal({ done: false, value: 13 });
    clock.tick(5); // the phase is kept
    expect(ticks.tryReceive()).to.deep.equal({ done: false, value: 14 });
    ticks.stop();
    expect(clock.countTimers()).to.equal(0);
  });

  it("FT15 a reader gets every tick, at its time", async () => {
    const ticks = ticker(10);
    const seen: [number, number][] = [];
    void (async () => { for await (const tick of ticks) seen.push([tick, Date.now()]); })();
    await clock.tickAsync(100);
    expect(seen).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tick) => [tick, tick * 10]));
    ticks.stop();
  });

  it("FT15 (b) a reader that is slow misses ticks, which the numbers show, and the phase is kept", async () => {
    const ticks = ticker(10);
    const seen: [number, number][] = [];
    void (async () => {
      for await (const tick of ticks) {
        seen.push([tick, Date.now()]);
        await sleep(25);
      }
    })();
    await clock.tickAsync(100);
    expect(seen).to.deep.equal([[1, 10], [3, 35], [5, 60], [8, 85]]);
    ticks.stop();
  });

  it("FT16 stopped inside its own reader it gives no further tick, ends the loop, and leaves no timer", async () => {
    const ticks = ticker(10);
    const seen: number[] = [];
    let ended = false;
    void (async () => {
      for await (const tick of ticks) {
        seen.push(tick);
        if (tick === 3) ticks.stop();
      }
      ended = true;
    })();
    await clock.tickAsync(100);
    expect(seen).to.deep.equal([1, 2, 3]);
    expect(ended).to.equal(true);
    expect(clock.countTimers()).to.equal(0);
  });

  it("FT16 (b) stopping drops a tick that is pending, is idempotent, and is what `using` and cancel do", async () => {
    for (const stop of [
      (ticks: ReturnType<typeof ticker>): void => { ticks.stop(); },
      (ticks: ReturnType<typeof ticker>): void => { ticks[Symbol.dispose](); },
      (ticks: ReturnType<typeof ticker>): void => { ticks.cancel(); },
    ]) {
      const ticks = ticker(10);
      clock.tick(10);
      stop(ticks);
      stop(ticks);
      expect(ticks.tryReceive()).to.deep.equal({ done: true, value: undefined });
      expect(await ticks.next()).to.deep.equal({ done: true, value: undefined });
      expect(clock.countTimers()).to.equal(0);
    }
  });

  it("FT16 (c) in a select it is a case among others", async () => {
    const ticks = ticker(10);
    const log: string[] = [];
    const done = (async () => {
      for (let n = 0; n < 4; n++) {
        const selected = await select({ tick: ticks.receiving(), late: sleeping(7) });
        log.push(`${selected.case} at ${String(Date.now())}`);
      }
      ticks.stop();
    })();
    await clock.tickAsync(100);
    await done;
    await settle();
    expect(log).to.deep.equal(["late at 7", "tick at 10", "late at 17", "tick at 20"]);
    expect(clock.countTimers()).to.equal(0);
  });

  it("FT22 (b) ticker(Infinity) never ticks and holds no timer", () => {
    const ticks = ticker(Infinity);
    expect(clock.countTimers()).to.equal(0);
    clock.tick(1e9);
    expect(ticks.tryReceive()).to.equal(undefined);
    ticks.stop();
  });
});
