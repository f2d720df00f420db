/** A bubble: how it ends, its reports, what it leaves behind, and its cost. Its clock is in conformance/time/virtual.spec.ts. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import sinon from "sinon";
import {
  always, CancelledError, chan, checkpoint, ClosedError, DeadlockError, gather, go, openScope, operation, perform, race, scope, select, selecting, settling,
  shield, sleep, sleeping, suppressedOf, ticker, timeout, TimeoutError,
} from "../../../src/node.ts";
import { below } from "../../../src/platform/random.ts";
import { registry } from "../../../src/task/report/registry.ts";
import { currentCancelScope } from "../../../src/task/cancel/current.ts";
import { arm } from "../../../src/time/timer.ts";
import { bubble, expectNoLeaks, LeakError, seed, settle, type BubbleOptions } from "../../../src/testing/index.ts";
import { rejectionOf, settle as turns } from "../../support/settle.ts";
import { ResultIsDeferred } from "../../../src/core/operation.ts";

async function failureOf(program: () => unknown, options: BubbleOptions = { timeoutMs: Infinity }): Promise<Error> {
  return (await rejectionOf(bubble(program, options))) as Error;
}

/** With RENDEZVOUS_SEED in the environment. */
async function withSeed<T>(seed: string, run: () => Promise<T>): Promise<T> {
  const { RENDEZVOUS_SEED: before } = process.env;
  process.env["RENDEZVOUS_SEED"] = seed;
  try {
    return await run();
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.env, "RENDEZVOUS_SEED");
    else process.env["RENDEZVOUS_SEED"] = before;
  }
}

/** Something outside that settles after some turns of the event loop, and something that never does. */
const outside = async <T>(value: T): Promise<T> => turns().then(() => value);
const never = new Promise<never>(() => { /* nobody settles it */ });

describe("bubble", () => {
  afterEach(() => { sinon.restore(); });

  // -- How it ends --

  it("gives what main returns: async, plain, and generator", async () => {
    const given = { a: "value" };
    const bodies = [
      async () => { await sleep(1); return given; }, () => given, () => Promise.resolve(given), function* () { yield* sleeping(1); return given; },
    ];
    for (const body of bodies) expect(await bubble<unknown>(body)).to.equal(given);
  });

  it("rejects with main's error, whatever it is and whichever tasks are left", async () => {
    for (const thrown of [new Error("thrown"), "a text", undefined, new CancelledError("by hand"), Object.freeze(new Error("frozen"))]) {
      for (const body of [
        async () => { await sleep(1); throw thrown; },
        () => { throw thrown; },
        function* () { yield* sleeping(1); throw thrown; },
        () => {
          go(() => chan().receive());
          go(() => never);
          throw thrown;
        },
      ]) expect(await failureOf(body)).to.equal(thrown);
    }
  });

  it("rejects with the failure of a task that nobody handles, before time moves on", async () => {
    const failure = new Error("fails");
    let later = false;
    expect(await failureOf(async () => {
      go(async () => {
        await sleep(10);
        throw failure;
      });
      await sleep(11);
      later = true;
    })).to.equal(failure);
    expect(later).to.equal(false);
  });

  it("takes a failure for handled if it is by the time the clock moves", async () => {
    expect(await bubble(async () => {
      const task = go(() => { throw new Error("fails"); });
      for (let n = 0; n < 10_000; n++) await checkpoint(); // the event loop turns in between
      return task.join().catch((error: unknown) => (error as Error).message);
    })).to.equal("fails");
  });

  it("does so where the platform reports the reason before the promise that is handled (bubble-run.ts 3)", async () => {
    const handled: unknown[] = [];
    expect(await bubble(async () => {
      const hears = process.listeners("rejectionHandled").at(-1) as (...told: unknown[]) => void; // the bubble's
      process.off("rejectionHandled", hears);
      process.once("rejectionHandled", (...told: unknown[]) => {
        handled.push(told.at(-1));
        hears(new Error("fails"), told.at(-1));
      });
      const task = go(() => { throw new Error("fails"); });
      for (let n = 0; n < 10_000; n++) await checkpoint(); // and the failure is told
      return task.join().catch((error: unknown) => (error as Error).message);
    })).to.equal("fails");
    expect(handled).to.have.length(1);
  });

  it("reports a failure rather than the deadlock, the leak or the long wait that it causes (program-run.ts 3)", async () => {
    const failure = new Error("fails");
    const fail = (): never => { throw failure; };
    const ends: [program: () => unknown, options?: BubbleOptions][] = [
      [() => { go(fail); return chan().receive(); }],
      [() => { go(fail); go(() => chan().receive()); }],
      [() => { go(fail); return never; }],
      [async () => { await outside(1); go(fail); await never; }],
      [async () => { go(fail); for (;;) await checkpoint(); }, { timeoutMs: 1 }],
    ];
    for (const [program, options] of ends) expect(await failureOf(program, options)).to.equal(failure);
  });

  it("keeps failures of other tasks with main's error, and further failures with the first", async () => {
    const [first, second] = [new Error("first"), new Error("second")];
    const error = await failureOf(() => {
      go(() => { throw second; });
      throw first;
    });
    expect(error).to.equal(first);
    expect(suppressedOf(error)).to.deep.equal([second]);
    const other = await failureOf(() => {
      for (const failure of [first, second]) go(() => { throw failure; });
    });
    expect(other).to.equal(first);
    expect(suppressedOf(other)).to.deep.equal([second]);
  });

  it("leaves unended tasks behind, if leaks are ignored", async () => {
    const options: BubbleOptions = { leaks: "ignore", timeoutMs: Infinity };
    expect(await bubble(() => {
      go(() => chan().receive());
      go(() => sleep(10));
      go(() => never);
      void scope(() => never);
      return 7;
    }, options)).to.equal(7);
    expect(await failureOf(() => chan().receive(), options)).to.be.instanceOf(DeadlockError);
  });

  it("also reports a scope that nobody has awaited as left behind", async () => {
    const error = await failureOf(() => {
      void scope(async function office() { await chan({ name: "letters" }).receive(); });
    });
    expect(error).to.be.instanceOf(LeakError);
    expect(error.message).to.match(/scope \d+ "office" is left waiting in receive on channel "letters"/);
  });

  // -- The limit in real time --

  it("reports, at its time limit, what main, tasks and bodies of scopes wait for outside; not the waits inside", async () => {
    const error = await failureOf(async () => {
      go(async function fetching() { await never; });
      go(function* choosing() { yield* selecting({ answer: settling(never), late: sleeping(1000) }); });
      go(async function inside() { await chan().receive(); });
      await sleep(5);
      await scope(async function office() { await never; });
    }, { timeoutMs: 1 });
    expect(error).to.be.instanceOf(TimeoutError);
    const [head, ...lines] = error.message.replace(/(task|scope) \d+/g, "$1").split("\n");
    expect(head).to.match(/^bubble has not ended within its 1 ms of real time; its own clock is at 0 ms. These wait for something outside of the library/);
    expect(lines).to.deep.equal([
      '  task "fetching" waits in something foreign: a promise that is not the library\'s',
      '  task "choosing" waits in select of answer: a promise, late: sleep of 1000 ms',
    ]);
  });

  it("says the same of the body of a scope", async () => {
    const error = await failureOf(() => scope(async function office() { await never; }), { timeoutMs: 1 });
    expect(error.message).to.match(/scope \d+ "office" waits in something foreign/);
  });

  it("ends a program that never waits for anything, and one whose ticker never stops (bubble-run.ts 4)", async () => {
    const busy = await failureOf(async () => { for (;;) await chan(1).send(1); }, { timeoutMs: 5 });
    expect(busy).to.be.instanceOf(TimeoutError);
    expect(busy.message).to.include("its own clock is at 0 ms. It goes on without end");
    const ticking = await failureOf(async () => {
      for await (const _ of ticker(10));
    }, { timeoutMs: 5 });
    expect(ticking).to.be.instanceOf(TimeoutError);
    expect(ticking.message).to.match(/It goes on without end.*\n {2}task \d+ "main"/);
  });

  it("lets those go on whom the timer of an idle timer wakes, before later idle ones fire", async () => {
    const seen: string[] = [];
    await bubble(async () => {
      const start = performance.now();
      const ch = chan<string>();
      const idle = (ms: number, fire: () => void): void => { arm(ms, fire, () => undefined, () => true); };
      idle(10, () => { arm(5, () => { ch.trySend("woken"); }); });
      idle(20, () => { seen.push("idle"); });
      go(async () => { seen.push(`${await ch.receive()} at ${performance.now() - start}`); });
      await sleep(100);
    });
    expect(seen).to.deep.equal(["woken at 15", "idle"]);
  });

  it("arms nothing for a limit of Infinity, and clears its timer at the end", async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    await turns(); // mocha has armed its own
    const before = timers();
    const within = await bubble(() => timers());
    expect(within - (await bubble(() => timers(), { timeoutMs: Infinity }))).to.equal(1);
    expect(timers()).to.equal(before);
  });

  it("refuses anything but a function, and invalid limits, ways with leaks and seeds", async () => {
    expect(await failureOf(7 as never)).to.be.instanceOf(TypeError);
    expect(await failureOf(() => 1, { timeoutMs: NaN })).to.be.instanceOf(RangeError);
    expect(await failureOf(() => 1, { leaks: "maybe" as never })).to.be.instanceOf(TypeError);
    expect(await withSeed("luck", () => failureOf(() => 1))).to.be.instanceOf(RangeError);
  });

  // -- What it leaves --

  const ends: Record<string, [program: () => unknown, options?: BubbleOptions]> = {
    "a value": [() => sleep(5)],
    "a failure of main": [() => { throw new Error("fails"); }],
    "a failure of a task": [() => { go(() => { throw new Error("fails"); }); }],
    "a deadlock": [() => chan().receive()],
    "a leak": [() => { go(() => sleep(5)); void scope(() => sleep(5)); }],
    "a leak that is ignored": [() => { go(() => sleep(5)); }, { leaks: "ignore" }],
    "its limit": [() => never, { timeoutMs: 1 }],
    "a refusal": [() => bubble(() => 1)],
  };
  for (const [name, [program, options]] of Object.entries(ends)) {
    it(`puts everything back after ${name} (bubble.ts 3)`, async () => {
      const state = async (): Promise<unknown[]> => [
        (await go(() => currentCancelScope())) === undefined, Date, Math.random, Reflect.get(performance, "now"), AbortController.prototype, [...registry].length,
        ...process.rawListeners("unhandledRejection"), "and", ...process.rawListeners("rejectionHandled"),
      ];
      const before = await state();
      await bubble(program, options).catch(() => undefined);
      const after = await state();
      expect(after.map((value, index) => value === before[index])).to.deep.equal(before.map(() => true));
      const start = performance.now();
      await sleep(2);
      expect(performance.now() - start).to.be.at.least(1);
      expect(await bubble(() => performance.now())).to.equal(0);
    });
  }

  it("works under expectNoLeaks, which works in a bubble", async () => {
    await expectNoLeaks(() => failureOf(() => { go(() => chan().receive()); }));
    await bubble(() => expectNoLeaks(() => sleep(3_600_000)));
    expect(await rejectionOf(expectNoLeaks(() => bubble(() => { go(() => sleep(1)); })))).to.be.instanceOf(LeakError);
  });

  // -- In which order --

  it("makes the same choices each time, and not always the first", async () => {
    const draw = async (): Promise<string> => {
      let drawn = "";
      for (let n = 0; n < 30; n++) drawn += (await select({ a: always(1), b: always(2), c: always(3) })).case;
      return `${drawn} ${Math.random()}`;
    };
    const first = await withSeed("1", () => bubble(draw));
    expect(await withSeed("1", () => bubble(draw))).to.equal(first);
    for (const name of "abc") expect(first).to.include(name);
    expect(await withSeed("2", () => bubble(draw))).to.not.equal(first);
  });

  it("follows a seed that is set in it, and leaves the one from outside alone", async () => {
    const draw = (): string => Array.from({ length: 20 }, () => below(10)).join("");
    seed(7);
    const expected = draw();
    const rest = draw();
    seed(7);
    draw();
    expect(await bubble(() => {
      draw();
      seed(7);
      return draw();
    })).to.equal(expected);
    expect(draw()).to.equal(rest);
  });

  it("goes on in production's order (bubble-run.ts 1)", async () => {
    const program = async (): Promise<string[]> => {
      const log: string[] = [];
      const [ch, done] = [chan<string>(), chan<void>(10)];
      for (const name of ["a", "b", "c"]) {
        go(async () => {
          for (let n = 0; n < 3; n++) {
            await ch.send(`${name}${n}`);
            log.push(`sent ${name}${n}`);
          }
          await sleep(name === "a" ? 20 : 10);
          log.push(`${name} slept`);
          await done.send();
        });
      }
      go(function* () {
        for (let n = 0; n < 9; n++) log.push(`got ${yield* ch.receiving()}`);
      });
      for (let n = 0; n < 3; n++) await done.receive();
      return log;
    };
    const clock = sinon.useFakeTimers();
    const inProduction = program();
    await clock.tickAsync(20);
    sinon.restore();
    expect(await bubble(program)).to.deep.equal(await inProduction);
  });

  // -- With the rest of the library --

  it("runs scopes, cancels, time limits, races and gathers, over hours, in both lanes", async () => {
    const hour = 3_600_000;
    const seen = await bubble(async () => {
      const log: unknown[] = [];
      await scope(async (s) => {
        s.defer(async () => {
          await sleep(hour);
          log.push(["cleaned up", performance.now() / hour]);
        });
        s.go(async () => {
          try {
            await sleep(100 * hour);
          } finally {
            await shield(() => sleep(2 * hour));
            log.push(["unwound", performance.now() / hour]);
          }
        });
        s.go(function* () {
          yield* sleeping(3 * hour);
          log.push(["slept", performance.now() / hour]);
        });
        const late: unknown = await timeout(hour, () => chan().receive()).catch((error: unknown) => error);
        log.push([late instanceof TimeoutError, performance.now() / hour]);
        log.push(await race([() => sleep(hour).then(() => "one"), () => sleep(2 * hour).then(() => "two")]));
        log.push(await gather([() => sleep(2 * hour).then(() => "gathered"), go(() => 2), sleep(hour).then(() => 3)]));
        s.cancel();
      });
      const s = openScope();
      s.go(() => sleep(hour));
      await sleep(hour / 2);
      await s.join();
      log.push(performance.now() / hour);
      return log;
    });
    expect(seen).to.deep.equal([
      [true, 1], "one", ["slept", 3], ["gathered", 2, 3], ["unwound", 6], ["cleaned up", 7], 8,
    ]);
  });

  it("leaves the stores of other AsyncLocalStorages where they are, also after a wait outside", async () => {
    const store = new AsyncLocalStorage<string>();
    const seen = await store.run("caller", () => bubble(async () => {
      const ch = chan<string>();
      const asynchronous = store.run("async", () => go(async () => {
        const stores = [store.getStore()];
        await sleep(5);
        stores.push(store.getStore());
        await outside(1);
        stores.push(store.getStore());
        await ch.send("through");
        return [...stores, store.getStore()];
      }));
      const generator = store.run("generator", () => go(function* () {
        const stores = [store.getStore()];
        yield* ch.receiving();
        stores.push(store.getStore());
        yield* sleeping(5);
        return [...stores, store.getStore()];
      }));
      await sleep(1);
      return [store.getStore(), await asynchronous, await generator, store.getStore()];
    }));
    expect(seen).to.deep.equal(["caller", ["async", "async", "async", "async"], ["generator", "generator", "generator"], "caller"]);
    expect(store.getStore()).to.equal(undefined);
  });

  it("counts only its own tasks: one from before may wait, outside too, and takes part when it is woken", async () => {
    const [questions, answers] = [chan<number>(), chan<number>()];
    go(async () => { for await (const n of questions) await answers.send(2 * n); });
    go(() => never);
    await turns();
    expect(await bubble(async () => {
      await sleep(1000);
      await questions.send(21);
      return answers.receive();
    })).to.equal(42);
    questions.close();
  });

  // -- What it costs --

  it("looks at a task again only when it has gone on: 2,000 that wait do not slow down a clock (blocked-tasks.ts 2)", async () => {
    let looks = 0;
    const quiet = operation<never>({ poll: () => undefined, wait: () => () => undefined });
    Object.defineProperty(quiet, "traits", { get: () => { looks++; return ResultIsDeferred; } });
    await bubble(async () => {
      for (let n = 0; n < 2000; n++) go(() => perform(quiet));
      for (let n = 0; n < 2000; n++) await sleep(1);
    }, { leaks: "ignore" });
    expect(looks).to.be.within(2 * 2000, 3 * 2000); // one more of each, when it is performed
  });

  it("keeps nothing of the steps that were made (bubble-run.ts 5)", async () => {
    const grown = await bubble(async () => {
      const ch = chan<number>();
      const sender = go(async () => { for (let n = 0; ; n++) await ch.send(n); });
      const heapAfter = async (handovers: number): Promise<number> => {
        for (let n = 0; n < handovers; n++) {
          await ch.receive();
          if (n % 50 === 0) await sleep(1);
        }
        globalThis.gc?.();
        return process.memoryUsage().heapUsed;
      };
      await heapAfter(3000);
      const before = await heapAfter(100);
      const after = await heapAfter(10_000);
      ch.cancel();
      expect(await rejectionOf(sender)).to.be.instanceOf(ClosedError);
      return after - before;
    });
    expect(grown).to.be.lessThan(10_000 * 40);
  });

  it("settles with settle of its own however many others there are", async () => {
    const seen = await bubble(async () => {
      const ch = chan<number>();
      const tasks = Array.from({ length: 3000 }, (_, n) => go(async () => {
        await checkpoint();
        return n + (await ch.receive());
      }));
      await settle();
      for (const _ of tasks) expect(ch.trySend(1)).to.equal(true);
      const sums = await gather(tasks);
      return sums.at(-1);
    });
    expect(seen).to.equal(3000);
  });
});
