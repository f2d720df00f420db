/**
 * Channels, section C: never, and cases that are off.
 */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import { chan, never, perform, poll, select, trySelect, type Channel, type Operation } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { failOnUnhandledRejections, runProgram } from "./support.ts";

const allOff = { a: false, b: undefined, c: null, d: 0, e: "", f: 0n } as const;

describe("never, and cases that are off", () => {
  failOnUnhandledRejections();

  it("NV-01 never stays pending and holds no timer", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    try {
      const waiting = perform(never);
      expect(await isPending(waiting)).to.equal(true);
      expect(clock.countTimers()).to.equal(0);
      await clock.tickAsync(10);
      expect(await isPending(waiting)).to.equal(true);
      expect(poll(never)).to.equal(undefined);
    } finally {
      clock.restore();
    }
  });

  it("NV-01 (b) never does not keep the process alive", async function () {
    this.timeout(60_000);
    expect(await runProgram("waits-for-never.ts")).to.deep.equal({ code: 0, output: "waiting\n", errors: "" });
  });

  it("NV-01 (c) undefined in place of a channel or an operation is a type error", async () => {
    const absent = undefined as Channel<number> | undefined;
    // @ts-expect-error -- absent may be undefined
    expect(() => absent.receiving()).to.throw(TypeError);
    // @ts-expect-error -- absent may be undefined
    expect(await rejectionOf(perform(absent?.receiving()))).to.be.instanceOf(TypeError);
  });

  it("NV-02 a select without a live case rejects with a TypeError at once", async () => {
    expect(await rejectionOf(select({}))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(select([]))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(select(allOff))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(select([false, undefined, null]))).to.be.instanceOf(TypeError);
    const order: string[] = [];
    select({}).catch(() => order.push("the select"));
    setImmediate(() => order.push("a turn of the event loop"));
    await settle();
    expect(order).to.deep.equal(["the select", "a turn of the event loop"]);
  });

  it("NV-02 (b) with a signal it waits, and rejects with the reason; no listener is left", async () => {
    for (const cases of [{}, allOff] as Record<string, false>[]) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const waiting = select(cases, { signal: controller.signal });
      expect(await isPending(waiting)).to.equal(true);
      controller.abort(reason);
      expect(await rejectionOf(waiting)).to.equal(reason);
      expect(getEventListeners(controller.signal, "abort").length).to.equal(0);
      expect(await rejectionOf(select(cases, { signal: controller.signal }))).to.equal(reason);
    }
  });

  it("NV-02 (c) a select of never is pending, alone and beside cases that are off", async () => {
    expect(await isPending(select({ x: never }))).to.equal(true);
    expect(await isPending(select({ x: never, ...allOff }))).to.equal(true);
    expect(await isPending(select([false, never]))).to.equal(true);
  });

  it("NV-02 (d) trySelect of nothing is undefined", () => {
    expect(trySelect({})).to.equal(undefined);
    expect(trySelect([])).to.equal(undefined);
    expect(trySelect(allOff)).to.equal(undefined);
    expect(trySelect({ x: never })).to.equal(undefined);
  });

  it("NV-02 (e) a case that is off is never chosen, and leaves the others their keys and indices", async () => {
    const channel = chan<number>(Infinity);
    for (let n = 0; n < 100; n++) {
      channel.trySend(n);
      channel.trySend(n);
      expect(await select({ ...allOff, live: channel.receiving() })).to.deep.equal({ case: "live", value: n });
      expect(await select([false, null, channel.receiving(), 0])).to.deep.equal({ case: 2, value: n });
    }
  });

  it("NV-03 switching the chosen case off sends one value to each of two channels", async () => {
    for (const onFromTheStart of [true, false]) {
      const a = chan<number>(1);
      const b = chan<number>(1);
      let onA = true;
      let onB = onFromTheStart;
      let sends = 0;
      for (let round = 0; ; round++) {
        const value = 1 << round;
        const chosen: { case: string } | undefined = trySelect({ a: onA && a.sending(value), b: onB && b.sending(value) });
        if (chosen === undefined) break;
        sends++;
        if (chosen.case === "a") onA = false;
        else onB = false;
      }
      const received = [a.tryReceive()?.value, b.tryReceive()?.value].filter((value) => value !== undefined);
      expect(sends).to.equal(onFromTheStart ? 2 : 1);
      expect(received.sort()).to.deep.equal(onFromTheStart ? [1, 2] : [1]);
    }
  });

  it("never in a choice of operations does not disturb the others", async () => {
    const channel = chan<number>();
    const operations: Operation<unknown>[] = Array.from({ length: 99 }, () => never);
    const waiting = select([...operations, channel.receiving()]);
    expect(await isPending(waiting)).to.equal(true);
    await channel.send(7);
    expect(await waiting).to.deep.equal({ case: 99, value: 7 });
  });
});
