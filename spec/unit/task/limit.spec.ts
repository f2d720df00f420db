/** Time limits that a fallback tells apart, and that move. */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import sinon from "sinon";
import { CancelledError, chan, checkpoint, openScope, scope, shield, sleep, sleeping, timeout, TimeoutError, type Scope } from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

describe("a time limit", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  const lanes = [
    ["an async body", () => sleep(1000)],
    ["a generator body", function* () { yield* sleeping(1000); }],
  ] as const;

  for (const [lane, endless] of lanes) {
    it(`FA-17 gives its fallback when this very limit has passed: ${lane}`, async () => {
      const late = timeout(5, endless, { fallback: "late" });
      await clock.tickAsync(5);
      expect(await late).to.equal("late");
      expect(clock.countTimers()).to.equal(0);
    });

    it(`FA-17 an inner TimeoutError is an error, and never the fallback of the limit around it: ${lane}`, async () => {
      const ended = rejectionOf(timeout(60_000, () => timeout(5, endless), { fallback: "late" }));
      await clock.tickAsync(5);
      expect(await ended).to.be.instanceOf(TimeoutError);
      expect(clock.countTimers()).to.equal(0);
    });

    it(`FA-17 an outer limit is not taken for an inner one: ${lane}`, async () => {
      const inside: unknown[] = [];
      const ended = timeout(5, async () => {
        inside.push(await timeout(60_000, endless, { fallback: "inner" }).catch((error: unknown) => error));
      }, { fallback: "outer" });
      await clock.tickAsync(5);
      await ended;
      expect(inside[0]).to.be.instanceOf(CancelledError);
    });
  }

  it("FA-17 the key counts: `fallback: undefined` gives undefined, no key an error", async () => {
    const given = timeout(5, () => sleep(1000), { fallback: undefined });
    const none = rejectionOf(timeout(5, () => sleep(1000), {}));
    await clock.tickAsync(5);
    expect(await given).to.equal(undefined);
    expect(await none).to.be.instanceOf(TimeoutError);
    expect(await timeout(0, () => "never started", { fallback: "late" })).to.equal("late");
    expect(await rejectionOf(timeout(NaN, () => 1, { fallback: 1 }))).to.be.instanceOf(RangeError);
  });

  it("FA-17 a value, and an error, that come late count before the fallback; the limit's own error, unwrapped, does not", async () => {
    const error = new Error("clean-up");
    const value = timeout(5, () => sleep(1000).catch(() => "value"), { fallback: "late" });
    const failing = rejectionOf(timeout(5, () => sleep(1000).finally(() => { throw error; }), { fallback: "late" }));
    const unwrapped = timeout(5, () => sleep(1000).catch((cancel: unknown) => { throw (cancel as CancelledError).cause; }), { fallback: "late" });
    const child = timeout(5, (s) => {
      s.go(() => sleep(1000).catch((cancel: unknown) => { throw (cancel as CancelledError).cause; }));
      return sleep(1000);
    }, { fallback: "late" });
    await clock.tickAsync(5);
    expect(await value).to.equal("value");
    expect(await failing).to.equal(error);
    expect(await unwrapped).to.equal("late");
    expect(await child).to.equal("late");
  });

  it("FA-17 the limit's own error, unwrapped by a child, is no failure: an error of the body that comes after it is the first", async () => {
    const error = new Error("clean-up");
    const failing = rejectionOf(timeout(5, (s) => {
      s.go(() => sleep(1000).catch((cancel: unknown) => { throw (cancel as CancelledError).cause; }));
      return sleep(1000).finally(() => shield(() => sleep(1))).finally(() => { throw error; });
    }, { fallback: "late" }));
    await clock.tickAsync(6);
    expect(await failing).to.equal(error);
  });

  it("FA-17 a body that throws undefined fails, fallback or not", async () => {
    expect(await rejectionOf(timeout(5, () => { throw undefined; }, { fallback: "late" }))).to.equal(undefined);
  });

  it("FA-17 a cancel from outside is no fallback: of its signal, as with scope, and of the scope around it", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const aborted = rejectionOf(timeout(5, () => sleep(1000), { signal: controller.signal, fallback: "late" }));
    await settle();
    controller.abort(reason);
    const error = await aborted;
    expect(error).to.be.instanceOf(CancelledError);
    expect((error as CancelledError).cause).to.equal(reason);
    const before = await rejectionOf(timeout(0, () => 1, { signal: controller.signal, fallback: "late" }));
    expect((before as CancelledError).cause).to.equal(reason);
    expect(await rejectionOf(timeout(5, () => 1, { signal: 5 as unknown as AbortSignal }))).to.be.instanceOf(TypeError);

    let inner: unknown;
    await rejectionOf(scope(async (s) => {
      const cancelled = timeout(5, () => sleep(1000), { fallback: "late" }).catch((caught: unknown) => { inner = caught; });
      await checkpoint();
      s.cancel();
      await cancelled;
      await checkpoint();
    }));
    expect(inner).to.be.instanceOf(CancelledError);
    expect(clock.countTimers()).to.equal(0);
  });

  it("FA-17 the fallback is in the type, exactly where it is given", () => {
    const types = (): void => {
      const maybe: { fallback?: null } = {};
      expectTypeOf(timeout(5, () => "x")).toEqualTypeOf<Promise<string>>();
      expectTypeOf(timeout(5, () => "x", {})).toEqualTypeOf<Promise<string>>();
      expectTypeOf(timeout(5, async () => "x", { fallback: 0 })).toEqualTypeOf<Promise<string | number>>();
      expectTypeOf(timeout(5, function* () { yield* sleeping(1); return "x"; }, { fallback: undefined })).toEqualTypeOf<Promise<string | undefined>>();
      expectTypeOf(timeout(5, () => "x", maybe)).toEqualTypeOf<Promise<string | null>>();
    };
    expect(types).to.be.a("function");
  });

  it("limit moves the limit of timeout: an idle limit, moved with each sign of life", async () => {
    const words = chan<string>();
    const heard: string[] = [];
    let idle!: Scope;
    const ended = timeout(10, async (s) => {
      idle = s;
      for await (const word of words) {
        heard.push(word);
        s.limit(10);
      }
    }, { fallback: "silence" });
    for (const word of ["a", "b", "c"]) {
      await clock.tickAsync(9);
      await words.send(word);
    }
    await clock.tickAsync(9);
    expect(idle.cancelled).to.equal(false);
    await clock.tickAsync(1);
    expect(await ended).to.equal("silence");
    expect(heard).to.deep.equal(["a", "b", "c"]);
    expect(clock.countTimers()).to.equal(0);
  });

  it("limit sets a limit where there was none, and Infinity lifts it", async () => {
    const set = rejectionOf(scope(async (s) => {
      s.limit(5);
      await sleep(1000);
    }, { name: "load" }));
    const lifted = timeout(5, (s) => {
      s.limit(Infinity);
      return sleep(100);
    });
    await clock.tickAsync(5);
    const error = await set;
    expect(error).to.be.instanceOf(TimeoutError);
    expect((error as Error).message).to.match(/^scope "load" has not ended within the 5 ms that limit gave it, and was cancelled\./);
    expect(await isPending(lifted)).to.equal(true);
    await clock.tickAsync(95);
    await lifted;
    expect(clock.countTimers()).to.equal(0);
  });

  it("limit of 0 or less passes at once: the body's next wait is refused", async () => {
    for (const ms of [0, -1, -Infinity]) {
      const late = timeout(1000, async (s) => {
        s.limit(ms);
        expect(s.cancelled).to.equal(true);
        await sleep(1);
      }, { fallback: ms });
      expect(await late).to.equal(ms);
    }
    const generator = timeout(1000, function* (s) {
      s.limit(0);
      yield* sleeping(1);
    }, { fallback: "late" });
    expect(await generator).to.equal("late");
    expect(clock.countTimers()).to.equal(0);
  });

  it("limit of NaN or of no number is a RangeError, and changes nothing", async () => {
    const late = timeout(5, async (s) => {
      expect(() => { s.limit(NaN); }).to.throw(RangeError, /limit of timeout .* takes a number of milliseconds; got NaN/);
      expect(() => { s.limit("5" as unknown as number); }).to.throw(RangeError);
      await sleep(1000);
    }, { fallback: "late" });
    await clock.tickAsync(5);
    expect(await late).to.equal("late");
  });

  it("limit in a scope that is cancelled, cleaning up, or over changes nothing and arms nothing", async () => {
    let kept!: Scope;
    await scope((s) => {
      kept = s;
      s.defer(async () => {
        s.limit(1);
        await sleep(10);
      });
    }).finally(clock.tickAsync(10) as never);
    kept.limit(5);
    expect(kept.cancelled).to.equal(false);
    expect(clock.countTimers()).to.equal(0);

    const late = timeout(5, (s) => sleep(1000).catch(() => {
      s.limit(1000); // it has passed; nobody takes that back
      expect(clock.countTimers()).to.equal(0);
      return sleep(1);
    }), { fallback: "late" });
    await clock.tickAsync(5);
    expect(await late).to.equal("late");
    expect(clock.countTimers()).to.equal(0);
  });

  it("limit of an open scope: its tasks are cancelled, and join rejects", async () => {
    const open = openScope();
    open.go(() => sleep(1000));
    open.limit(5);
    const joined = rejectionOf(open.join());
    await clock.tickAsync(5);
    expect(await joined).to.be.instanceOf(TimeoutError);
    await open[Symbol.asyncDispose]();
  });
});
