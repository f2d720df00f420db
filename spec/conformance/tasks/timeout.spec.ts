/** Time limits: won, lost, nested, and whether their timers are cleared. */
import { readFile } from "node:fs";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import {
  CancelledError, chan, checkpoint, gather, never, scope, settling, sleep, sleeping, TimeoutError, timeout, type Scope,
} from "../../../src/node.ts";
import { kindsOfBody, type Ending } from "../../support/bodies.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { seeded } from "../channels/support.ts";

const { setImmediate, setTimeout } = globalThis;

describe("timeout", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  for (const [kind, waits] of kindsOfBody) {
    describe(kind, () => {
      it("S-34: the timeout that fires while its body waits in a receive is a TimeoutError, and the next value is not eaten", async () => {
        const ch = chan<string>();
        const endings: Ending[] = [];
        const rejected = rejectionOf(timeout(50, waits(() => ch.receiving(), (ending) => { endings.push(ending); })));
        await clock.tickAsync(49);
        expect(await isPending(rejected)).to.equal(true);
        expect(endings).to.deep.equal([]);
        clock.tick(1);
        expect(ch.trySend("too early")).to.equal(false); // out of the line at once, before anything else runs
        const sent = ch.send("the next");
        const error = await rejected;
        expect(error).to.be.instanceOf(TimeoutError).and.not.instanceOf(CancelledError);
        expect(endings).to.have.length(1);
        if (endings[0] !== undefined) {
          const inside = (endings[0] as { error: unknown }).error;
          expect(inside).to.be.instanceOf(CancelledError).and.not.instanceOf(TimeoutError);
          expect((inside as CancelledError).cause).to.equal(error);
        }
        expect(await ch.receive()).to.equal("the next");
        await sent;
      });

      it("S-35: a value that is handed over in the turn of the deadline, before it, is the body's value", async () => {
        const ch = chan<string>();
        globalThis.setTimeout(() => { ch.trySend("just in time"); }, 50); // this timer is older than the deadline's
        const value = timeout(50, waits(() => ch.receiving()));
        await settle();
        clock.tick(50); // both timers, and no promise job between them
        expect(await value).to.equal("just in time");
        expect(clock.countTimers()).to.equal(0);
      });

      it("S-34: each value sent while time limits pass is received once, in order, by a task whose limit had not passed", () =>
        seeded(async (random) => {
          const ch = chan<number>();
          const count = 1000;
          const received: number[] = [];
          let expired = 0;
          const ended = gather([
            async () => {
              for (let n = 0; n < count; n++) {
                await sleep(random(5));
                await ch.send(n);
              }
              ch.close();
            },
            async () => {
              for (;;) {
                const next = await timeout(1 + random(4), waits(() => ch.nexting())).catch((error: unknown) => {
                  if (!(error instanceof TimeoutError)) throw error;
                  expired++;
                  return undefined;
                });
                if (next?.done === true) return;
                if (next) received.push(next.value);
              }
            },
          ]);
          await clock.tickAsync(count * 5);
          await ended;
          expect(received).to.deep.equal(Array.from({ length: count }, (_, n) => n));
          expect(expired).to.be.greaterThan(100);
          expect(clock.countTimers()).to.equal(0);
        }));

      it("S-39: a cancel from outside during a timeout is a CancelledError, also when the deadline comes while it unwinds", async () => {
        const ch = chan<string>();
        let limited!: Promise<unknown>;
        let inside: Ending;
        const outcome = scope(async (s) => {
          limited = rejectionOf(timeout(50, waits(() => ch.receiving(), (ending) => { inside = ending; })));
          await sleep(49);
          s.cancel("enough");
        });
        const rejected = outcome.then(() => undefined, (error: unknown) => error);
        await clock.tickAsync(49);
        expect(clock.countTimers()).to.equal(0);
        await clock.tickAsync(100);
        await rejected;
        const error = await limited;
        expect(error).to.be.instanceOf(CancelledError).and.not.instanceOf(TimeoutError);
        expect((error as CancelledError).cause).to.equal("enough");
        if (inside !== undefined) expect((inside as { error: CancelledError }).error.cause).to.equal("enough");
      });

      it("S-41, FT13: no timer is left after a timeout, won, lost or failed", async () => {
        const before = clock.countTimers();
        const error = new Error("thrown");
        const ends: [string, Promise<unknown>][] = [
          ["won", timeout(1000, waits(() => sleeping(1)))],
          ["lost", rejectionOf(timeout(2, waits(() => never)))],
          ["failed", rejectionOf(timeout(1000, waits(() => settling(Promise.reject(error)))))],
          ["beyond the longest timer", timeout(2 ** 40, waits(() => sleeping(1)))],
        ];
        await clock.tickAsync(2);
        expect(clock.countTimers()).to.equal(before);
        const [, lost, failed] = await Promise.all(ends.map(async ([, end]) => end));
        expect(lost).to.be.instanceOf(TimeoutError);
        expect(failed).to.equal(error);
      });
    });
  }

  it("S-34: it rejects only when the body and its tasks have unwound", async () => {
    const log: string[] = [];
    let finish!: () => void;
    const foreign = new Promise<void>((resolve) => { finish = resolve; });
    const rejected = rejectionOf(timeout(10, async (s) => {
      s.go(function* () {
        try {
          yield* never;
        } finally {
          log.push("task");
        }
      });
      try {
        await chan().receive();
      } finally {
        await foreign;
        log.push("body");
      }
    }));
    await clock.tickAsync(1000);
    expect(await isPending(rejected)).to.equal(true);
    expect(log).to.deep.equal(["task"]);
    finish();
    expect(await rejected).to.be.instanceOf(TimeoutError);
    expect(log).to.deep.equal(["task", "body"]);
  });

  it("S-35: a value that was handed over in time is the body's, but its next operation is refused", async () => {
    const taken: number[] = [];
    const ch = chan<number>();
    globalThis.setTimeout(() => { ch.trySend(1); ch.trySend(2); }, 50); // both receive; the third value finds nobody
    const ends = [
      rejectionOf(timeout(50, async () => { taken.push(await ch.receive()); taken.push(await ch.receive()); })),
      rejectionOf(timeout(50, function* () { taken.push(yield* ch.receiving()); taken.push(yield* ch.receiving()); })),
    ];
    await settle();
    clock.tick(50);
    expect(ch.trySend(3)).to.equal(false);
    for (const error of await Promise.all(ends)) expect(error).to.be.instanceOf(TimeoutError);
    expect(taken.sort()).to.deep.equal([1, 2]);
    expect(ch.trySend(4)).to.equal(false);
  });

  it("S-35: a value that is returned late counts, an error of the body is that error", async () => {
    const ch = chan();
    const value = timeout(10, () => ch.receive().catch(() => "all the same"));
    const error = new Error("while unwinding");
    const rejected = rejectionOf(timeout(10, async () => {
      try {
        await ch.receive();
      } finally {
        throw error;
      }
    }));
    await clock.tickAsync(10);
    expect(await value).to.equal("all the same");
    expect(await rejected).to.equal(error);
  });

  it("S-35: the value of a body that only awaits foreign promises counts, too, when it comes with the deadline", async () => {
    const value = timeout(50, () => new Promise((resolve) => { globalThis.setTimeout(() => { resolve("foreign"); }, 50); }));
    await clock.tickAsync(50);
    expect(await value).to.equal("foreign");
  });

  for (const [kind, waits] of kindsOfBody) {
    it(`S-38: of nested timeouts the inner, shorter one gives its own TimeoutError, and the outer goes on: ${kind}`, async () => {
      const log: [number, unknown][] = [];
      const value = timeout(100, async () => {
        log.push([0, "begins"]);
        const error = await rejectionOf(timeout(10, waits(() => never)));
        log.push([Date.now(), error]);
        await sleep(10);
        return "went on";
      });
      await clock.tickAsync(10);
      expect(log).to.have.length(2);
      expect(log[1]?.[0]).to.equal(10);
      expect(log[1]?.[1]).to.be.instanceOf(TimeoutError);
      await clock.tickAsync(10);
      expect(await value).to.equal("went on");
      expect(clock.countTimers()).to.equal(0);
    });

    it(`S-38: an inner TimeoutError that nobody catches is the outer's outcome, unchanged: ${kind}`, async () => {
      let inner: unknown;
      const rejected = rejectionOf(timeout(100, () => timeout(10, waits(() => never)).catch((error: unknown) => { inner = error; throw error; })));
      await clock.tickAsync(10);
      expect(await rejected).to.equal(inner).and.be.instanceOf(TimeoutError);
    });

    it(`S-38: when the outer one is shorter, the TimeoutError is the outer's, and the inner passes its cancel through: ${kind}`, async () => {
      let inside: Ending;
      let inner: unknown;
      const rejected = rejectionOf(timeout(10, async () => {
        try {
          await timeout(100, waits(() => never, (ending) => { inside = ending; }));
        } catch (error) {
          inner = error;
          throw error;
        }
      }));
      await clock.tickAsync(10);
      const error = await rejected;
      expect(error).to.be.instanceOf(TimeoutError);
      expect(inner).to.be.instanceOf(CancelledError).and.not.instanceOf(TimeoutError);
      expect((inner as CancelledError).cause).to.equal(error);
      if (inside !== undefined) {
        const seen = (inside as { error: unknown }).error;
        expect(seen).to.be.instanceOf(CancelledError);
        expect((seen as CancelledError).cause).to.equal(error);
      }
      expect(clock.countTimers()).to.equal(0);
    });
  }

  for (const ms of [0, -0, -1, -Infinity]) {
    it(`S-40: with ${Object.is(ms, -0) ? "-0" : String(ms)} the body is not started: a TimeoutError, no timer needed`, async () => {
      let started = false;
      const rejected = rejectionOf(timeout(ms, () => { started = true; }));
      const error = await rejected;
      expect(error).to.be.instanceOf(TimeoutError);
      await clock.tickAsync(10);
      expect(started).to.equal(false);
      expect(clock.countTimers()).to.equal(0);
    });
  }

  it("S-40: with Infinity there is no limit and no timer", async () => {
    const ch = chan<number>();
    const value = timeout(Infinity, () => ch.receive());
    await settle();
    expect(clock.countTimers()).to.equal(0);
    await clock.tickAsync(2 ** 33);
    expect(await isPending(value)).to.equal(true);
    ch.trySend(1);
    expect(await value).to.equal(1);
  });

  it("S-40: NaN is a RangeError; the promise rejects, the body is not started", async () => {
    let started = false;
    expect(await rejectionOf(timeout(Number.NaN, () => { started = true; }))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(scope(() => { started = true; }, { timeout: Number.NaN }))).to.be.instanceOf(RangeError);
    await settle();
    expect(started).to.equal(false);
  });

  for (const ms of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5]) {
    it(`S-40: ${String(ms)} ms are not over early`, async () => {
      const rejected = rejectionOf(timeout(ms, () => chan().receive()));
      await clock.tickAsync(ms - 1);
      expect(await isPending(rejected)).to.equal(true);
      await clock.tickAsync(1);
      expect(await rejected).to.be.instanceOf(TimeoutError);
      expect(Date.now()).to.equal(ms);
    });
  }

  for (const [kind, waits] of kindsOfBody) {
    it(`CX-03: a deadline later than the enclosing one does not extend it, and its timer is cleared: ${kind}`, async () => {
      const ends: [string, number, unknown][] = [];
      const noting = (who: string) => (error: unknown): never => {
        ends.push([who, Date.now(), error]);
        throw error;
      };
      const outer = rejectionOf(
        scope(() => timeout(1000, waits(() => never)).catch(noting("inner")), { timeout: 20 }).catch(noting("outer")),
      );
      await clock.tickAsync(20);
      await outer;
      expect(ends.map(([who, when]) => [who, when])).to.deep.equal([["inner", 20], ["outer", 20]]);
      expect(ends[0]?.[2]).to.be.instanceOf(CancelledError);
      expect(ends[1]?.[2]).to.be.instanceOf(TimeoutError);
      expect(clock.countTimers()).to.equal(0);
    });
  }

  it("CX-03: the timer of a scope's timeout is cleared when the scope ends early, by value, error, or cancel", async () => {
    const error = new Error("thrown");
    const limited = (body: (s: Scope) => unknown): Promise<unknown> => scope(body, { timeout: 1000 }).catch((reason: unknown) => reason);
    const ends = [limited(() => "value"), limited(() => { throw error; }), limited((s) => { s.cancel("enough"); return chan().receive(); })];
    const [value, failure, cancel] = await Promise.all(ends);
    expect(value).to.equal("value");
    expect(failure).to.equal(error);
    expect(cancel).to.be.instanceOf(CancelledError);
    expect(clock.countTimers()).to.equal(0);
  });

  it("CX-03: the deadline reaches the children of a body that has returned; its value counts", async () => {
    let child: unknown;
    const value = scope((s) => { s.go(async () => { child = await rejectionOf(chan().receive()); }); return "value"; }, { timeout: 20 });
    await clock.tickAsync(19);
    expect(await isPending(value)).to.equal(true);
    await clock.tickAsync(1);
    expect(await value).to.equal("value");
    expect(child).to.be.instanceOf(CancelledError).with.property("cause").that.is.instanceOf(TimeoutError);
  });
});

describe("pauses in a loop", () => {
  for (const [name, pause, times] of [
    ["sleep(0)", () => sleep(0), 100], // a millisecond each
    ["sleep(-1)", () => sleep(-1), 100],
    ["checkpoint()", () => checkpoint(), 1000],
  ] as const) {
    it(`S-62: ${name} in a loop of ${String(times)} lets timers and I/O run`, async () => {
      let timers = 0;
      const tick = (): void => { if (++timers < 3) setTimeout(tick, 0); };
      setTimeout(tick, 0);
      let read = false;
      readFile(new URL(import.meta.url), () => { read = true; });
      for (let pauses = 0; pauses < times || (pauses < 1_000_000 && !(timers === 3 && read)); pauses++) await pause();
      expect({ timers, read }).to.deep.equal({ timers: 3, read: true });
    });

    it(`S-62: ${name} in a loop of a scope throws once the scope is cancelled`, async () => {
      const ended = scope(async (s) => {
        s.go(async () => {
          setImmediate(() => { s.cancel("enough"); });
          for (;;) await pause();
        });
        await rejectionOf(sleep(100_000));
        return rejectionOf(pause());
      });
      expect(await ended).to.be.instanceOf(CancelledError).with.property("cause", "enough");
    });
  }
});
