/** The explicit yield. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import { chan, checkpoint, go, sleep } from "../../../src/index.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

const { setImmediate, setTimeout } = globalThis;

describe("checkpoint", () => {
  afterEach(() => { sinon.restore(); });

  for (const [name, pause, times] of [
    ["checkpoint()", () => checkpoint(), 1000],
    ["sleep(0)", () => sleep(0), 50], // a millisecond each
    ["sleep(-1)", () => sleep(-1), 50],
  ] as const) {
    it(`S-62 (a) ${name} lets the event loop turn each time, in a loop of ${String(times)}`, async () => {
      let turns = 0;
      let ended = false;
      const turn = (): void => {
        turns++;
        if (!ended) setImmediate(turn);
      };
      setImmediate(turn);
      for (let n = 0; n < times; n++) await pause();
      ended = true;
      expect(turns).to.be.at.least(times - 1);
    });

    it(`S-62 (b) ${name} lets a timer through that is due`, async () => {
      let timed = false;
      setTimeout(() => { timed = true; }, 0);
      for (let n = 0; n < 10_000 && !timed; n++) await pause();
      expect(timed).to.equal(true);
    });
  }

  it("S-62 (c) checkpoint lets every task that can run go on first", async () => {
    const log: string[] = [];
    const ch = chan<number>();
    go(async () => {
      log.push("started");
      for await (const value of ch) log.push(`got ${String(value)}`);
    });
    ch.send(1).then(() => log.push("sent 1"), () => undefined);
    ch.send(2).then(() => log.push("sent 2"), () => undefined);
    await checkpoint();
    expect(log.toSorted()).to.deep.equal(["got 1", "got 2", "sent 1", "sent 2", "started"]);
  });

  it("S-62 (g) tasks woken before the event loop turned go on first, however many they are", async () => {
    const many = 60_000; // more than the budget of a turn
    const ch = chan<number>();
    let received = 0;
    for (let n = 0; n < many; n++) void ch.receive().then(() => received++);
    const passed = checkpoint();
    await null;
    for (let n = 0; n < many; n++) ch.trySend(n);
    await passed;
    expect(received).to.equal(many);
  });

  it("S-62 (f) a thousand sleeps of 0 let timers through, each of them", async () => {
    const clock = sinon.useFakeTimers();
    let slept = 0;
    let timers = 0;
    const next = (): void => {
      timers++;
      if (slept < 1000) clock.setTimeout(next, 0);
    };
    clock.setTimeout(next, 0);
    void (async () => { for (; slept < 1000; slept++) await sleep(slept % 2 === 0 ? 0 : -1); })();
    await clock.tickAsync(1001);
    expect(slept).to.equal(1000);
    expect(timers).to.be.at.least(999);
  });

  it("S-62 (d) under a fake clock checkpoint takes no virtual time and needs no tick", async () => {
    const clock = sinon.useFakeTimers();
    let others = 0;
    go(async () => { for (; others < 5; others++) await null; });
    for (let n = 0; n < 1000; n++) await checkpoint();
    expect(others).to.equal(5);
    expect(Date.now()).to.equal(0);
    expect(clock.countTimers()).to.equal(0);
  });

  it("S-62 (e) checkpoint gives up by a signal, with the reason itself, and leaves nothing", async () => {
    const giving = new AbortController();
    const reason = { why: "the very object" };
    const passed = checkpoint({ signal: giving.signal });
    await passed;
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    const given = rejectionOf(checkpoint({ signal: giving.signal }));
    giving.abort(reason);
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    expect(await given).to.equal(reason);
    expect(await rejectionOf(checkpoint({ signal: giving.signal }))).to.equal(reason);
    await settle();
  });
});
