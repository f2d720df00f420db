/** Background tasks: what a stage of a flow runs in. */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import {
  awaiting, chan, ClosedError, dumpTasks, openScope, scope, shield, sleep, suppressedOf, timeout, type Body, type Scope, type ScopeOptions,
} from "../../../src/node.ts";
import { ScopeHandle } from "../../../src/task/scope/scope-handle.ts";
import { goInBackground, type BackgroundTask, type OnBackgroundEnd } from "../../../src/task/scope/background.ts";
import { registry } from "../../../src/task/report/registry.ts";
import { failOnUnhandledRejections } from "../../conformance/channels/support.ts";

const start = <T>(s: Scope, body: Body<[], T>, onEnd?: OnBackgroundEnd): BackgroundTask<T> =>
  goInBackground(ScopeHandle.stateOf(s, "start"), "start", body, onEnd);

const fail = (message: string): never => { throw new Error(message); };

/** How it ends: its value, or the name or message of its error. */
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => ["value", value], (error: unknown) => ["error", (error as Error).name === "CancelledError" ? "CancelledError" : (error as Error).message]);

describe("background", () => {
  failOnUnhandledRejections();
  let clock: SinonFakeTimers;
  let log: string[];
  beforeEach(() => {
    log = [];
    clock = sinon.useFakeTimers();
  });
  afterEach(() => { clock.restore(); });

  /** Run a scope, and see that it leaves no timer and no task. */
  async function run(body: (s: Scope) => unknown, options?: ScopeOptions): Promise<unknown> {
    const before = [...registry].length;
    const outcome = outcomeOf(scope(body, options));
    await clock.tickAsync(10_000);
    expect(clock.countTimers()).to.equal(0);
    expect([...registry].length).to.equal(before);
    return outcome;
  }

  const bodies: Record<string, () => Body<[], void>> = {
    "an async body": () => async () => {
      try {
        await chan().receive();
      } catch (error) {
        log.push(`${(error as Error).name} at ${String(clock.now)}`);
        throw error;
      } finally {
        await shield(() => sleep(5));
        log.push("unwound");
      }
    },
    "a generator body": () => function* () {
      try {
        yield* chan().receiving();
      } catch (error) {
        log.push(`${(error as Error).name} at ${String(clock.now)}`);
        throw error;
      } finally {
        yield* awaiting(shield(() => sleep(5)));
        log.push("unwound");
      }
    },
  };

  for (const [lane, made] of Object.entries(bodies)) {
    it(`background.ts 1: ${lane} does not keep its scope open; it is cancelled and awaited, and the scope gives its body's value`, async () => {
      expect(await run(async (s) => {
        start(s, made());
        s.defer(() => log.push("deferred"));
        await sleep(1);
        return 7;
      })).to.deep.equal(["value", 7]);
      expect(log).to.deep.equal(["CancelledError at 1", "unwound", "deferred"]);
    });

    it(`background.ts 1: ${lane} lives as long as the other children do, a scope in the scope included`, async () => {
      expect(await run((s) => {
        start(s, made());
        s.go(() => sleep(10));
        void scope(() => sleep(20));
        return "body";
      })).to.deep.equal(["value", "body"]);
      expect(log).to.deep.equal(["CancelledError at 20", "unwound"]);
    });
  }

  it("background.ts 1: several are cancelled with one error, and know that they were left over; one that has ended by then does not", async () => {
    let tasks: BackgroundTask<unknown>[] = [];
    expect(await run(async (s) => {
      tasks = [start(s, () => "done"), start(s, () => sleep(1000)), start(s, () => chan().receive())];
      await sleep(1);
      return "body";
    })).to.deep.equal(["value", "body"]);
    expect(tasks.map(({ state, leftOver }) => [state, leftOver])).to.deep.equal([["done", false], ["cancelled", true], ["cancelled", true]]);
    const [, one, other] = await Promise.all(tasks.map((task) => task.result()));
    expect(one).to.deep.equal(other);
  });

  it("background.ts 1: one that has just been started, and has not begun, never runs when nothing else is left", async () => {
    expect(await run((s) => { start(s, () => log.push("ran")); })).to.deep.equal(["value", undefined]);
    expect(log).to.deep.equal([]);
  });

  it("background.ts 1: what one of them has begun and left is cancelled with them", async () => {
    expect(await run(async (s) => {
      start(s, () => { void scope(() => sleep(1000)).catch((error: unknown) => log.push((error as Error).name)); });
      await sleep(1);
      return "body";
    })).to.deep.equal(["value", "body"]);
    expect(log).to.deep.equal(["CancelledError"]);
  });

  it("background.ts 1: what the last of them waits for when it ends is the scope's", async () => {
    const words = chan<string>();
    expect(await run(async (s) => {
      start(s, () => { void words.receive().then((word) => log.push(word)); });
      await sleep(1);
      await words.send("received");
    })).to.deep.equal(["value", undefined]);
    expect(log).to.deep.equal(["received"]);
  });

  it("background.ts 1: a task that one of them starts in the scope is waited for as any other", async () => {
    expect(await run((s) => {
      start(s, async () => {
        try {
          await sleep(1000);
        } finally {
          s.go(() => sleep(10).then(() => log.push("waited for")));
          start(s, () => sleep(1000), (task) => log.push(`second: ${task.state}`));
        }
      });
      s.go(() => sleep(1));
    })).to.deep.equal(["value", undefined]);
    expect(log).to.deep.equal(["second: cancelled", "waited for"]);
  });

  it("background.ts 1: an open scope ends so, too, by join and by leaving the block", async () => {
    const joined = openScope();
    const first = start(joined, () => sleep(1000));
    const ended = outcomeOf(joined.join());
    await clock.tickAsync(1);
    expect(await ended).to.deep.equal(["value", undefined]);
    const left = openScope();
    const second = start(left, () => sleep(1000));
    const disposed = outcomeOf(left[Symbol.asyncDispose]());
    await clock.tickAsync(1);
    expect(await disposed).to.deep.equal(["value", undefined]);
    expect([first.state, first.leftOver, second.state]).to.deep.equal(["cancelled", true, "cancelled"]);
  });

  it("background.ts 1: a cancel of the scope, from inside and outside, and its deadline, reach them as any child", async () => {
    const cancelling: [string, (s: Scope) => unknown, (() => ScopeOptions)?][] = [
      ["CancelledError", async (s) => { await sleep(1); s.cancel(); await sleep(1); }],
      ["scope \"timed\" has not ended within its 5 ms, and was cancelled. Give it more time, or call dumpTasks() to see what it waits for", () => sleep(100), () => ({ timeout: 5, name: "timed" })],
      ["CancelledError", () => sleep(100), () => ({ signal: abortedAfter(5) })],
      ["of the body", async () => { await sleep(1); fail("of the body"); }],
    ];
    for (const [said, body, options] of cancelling) {
      let task: BackgroundTask<unknown> | undefined;
      expect(await run((s) => {
        task = start(s, () => sleep(1000));
        return body(s);
      }, options?.())).to.deep.equal(["error", said]);
      expect([task?.state, task?.leftOver]).to.deep.equal(["cancelled", false]);
    }
  });

  it("background.ts 1: 10,000 of them end in one step each, without recursion", async () => {
    let ended = 0;
    expect(await run(async (s) => {
      for (let n = 0; n < 10_000; n++) start(s, () => chan().receive(), () => { ended++; });
      await sleep(1);
      return "body";
    })).to.deep.equal(["value", "body"]);
    expect(ended).to.equal(10_000);
  });

  it("background.ts 2: a failure that is received is not the scope's", async () => {
    expect(await run(async (s) => {
      const task = start(s, () => fail("of the stage"), ({ state }, error) => log.push(`${state}: ${(error as Error).message}`));
      await sleep(1);
      log.push(String(task.receiveFailure()), String(task.receiveFailure()));
      await sleep(1);
      return "body";
    })).to.deep.equal(["value", "body"]);
    expect(log).to.deep.equal(["failed: of the stage", "true", "true"]);
  });

  it("background.ts 2: nor is one that is received in the step in which the task ends", async () => {
    expect(await run((s) => {
      start(s, () => fail("of the stage"), (task) => log.push(String(task.receiveFailure())));
      s.go(() => sleep(1));
    })).to.deep.equal(["value", undefined]);
    expect(log).to.deep.equal(["true"]);
  });

  it("background.ts 2: a failure that nobody receives waits for the end of the scope, and is its outcome, the very error; afterwards nobody can receive it", async () => {
    const error = new Error("of the stage");
    let task: BackgroundTask<unknown> | undefined;
    const outcome = scope(async (s) => {
      task = start(s, () => { throw error; });
      await sleep(10);
      log.push(`the body goes on: ${String(s.cancelled)}`);
    }).catch((reason: unknown) => reason);
    await clock.tickAsync(20);
    expect(await outcome).to.equal(error);
    expect(log).to.deep.equal(["the body goes on: false"]);
    expect(task?.receiveFailure()).to.equal(false);
    task?.cancel();
  });

  it("background.ts 2: nothing is a failure like any other: one that throws undefined fails the scope", async () => {
    const outcome = scope(async (s) => { start(s, () => { throw undefined; }); await sleep(1); }).then(() => "fine", (error: unknown) => [error]);
    await clock.tickAsync(10);
    expect(await outcome).to.deep.equal([undefined]);
  });

  it("background.ts 2: it is kept with the error of the body, and comes before a cancel from outside", async () => {
    const first: unknown = await Promise.all([scope(async (s) => {
      start(s, () => fail("of the stage"));
      await sleep(1);
      fail("of the body");
    }).catch((error: unknown) => error), clock.tickAsync(10)]).then(([error]) => error);
    expect((first as Error).message).to.equal("of the body");
    expect(suppressedOf(first).map(String)).to.deep.equal(["Error: of the stage"]);
    expect(await run((s) => {
      start(s, () => fail("of the stage"));
      return sleep(100);
    }, { signal: abortedAfter(5) })).to.deep.equal(["error", "of the stage"]);
  });

  it("background.ts 2: once the task is cancelled, a failure of before is the scope's at once, and cancels it", async () => {
    expect(await run(async (s) => {
      const task = start(s, () => fail("of the stage"));
      await sleep(1);
      task.cancel();
      log.push(String(s.cancelled), String(task.receiveFailure()));
      await sleep(1000);
      log.push("never");
    })).to.deep.equal(["error", "of the stage"]);
    expect(log).to.deep.equal(["true", "false"]);
  });

  it("background.ts 2: in a supervised scope it is treated as a child's", async () => {
    expect(await run(async (s) => { start(s, () => fail("of the stage")); await sleep(1); return "body"; }, { onError: "supervise" })).to.deep.equal(["value", "body"]);
    const onError = async (error: unknown): Promise<void> => {
      await sleep(5);
      log.push((error as Error).message);
    };
    expect(await run(async (s) => { start(s, () => fail("of the stage")); await sleep(1); return "body"; }, { onError })).to.deep.equal(["value", "body"]);
    expect(log).to.deep.equal(["of the stage"]);
    expect(await run(async (s) => { start(s, () => fail("of the stage")); await sleep(1); }, { onError: () => fail("of onError") })).to.deep.equal(["error", "of onError"]);
  });

  it("background.ts 3: a task that fails while it unwinds fails its scope, whether it was left over or cancelled by itself", async () => {
    const body = async (): Promise<void> => {
      try { await sleep(1000); } finally { await shield(() => sleep(5)); log.push("unwound"); fail("of the unwinding"); }
    };
    expect(await run(async (s) => { start(s, body); await sleep(1); return "body"; })).to.deep.equal(["error", "of the unwinding"]);
    expect(await run(async (s) => {
      const task = start(s, body);
      await sleep(1);
      task.cancel();
      await sleep(1000);
      log.push("too late");
    })).to.deep.equal(["error", "of the unwinding"]);
    expect(log).to.deep.equal(["unwound", "unwound"]);
  });

  it("is cancelled alone, and the scope goes on", async () => {
    expect(await run(async (s) => {
      const task = start(s, () => sleep(1000));
      await sleep(1);
      task.cancel("enough");
      await sleep(1);
      return [task.state, task.leftOver, s.cancelled];
    })).to.deep.equal(["value", ["cancelled", false, false]]);
  });

  it("cannot be started in a scope that has ended, and never runs in one that is cancelled", async () => {
    let s: Scope | undefined;
    await scope((given) => { s = given; }, { name: "over" });
    expect(() => { start(s as Scope, () => 1); }).to.throw(ClosedError, "start in scope \"over\", which has ended: start it before the scope ends");
    expect(await run((cancelled) => {
      cancelled.cancel();
      start(cancelled, () => log.push("ran"), ({ state, leftOver }) => log.push(state, String(leftOver)));
      return "body";
    })).to.deep.equal(["value", "body"]);
    expect(log).to.deep.equal(["cancelled", "false"]);
  });

  it("is no task of s.tasks, and stands in the report below its scope", async () => {
    await Promise.all([timeout(10, async (s) => {
      start(s, async function stage() { await chan({ name: "words" }).receive(); });
      await sleep(1);
      expect(s.tasks).to.deep.equal([]);
      expect(dumpTasks()).to.match(/\n {2}task \d+ "stage" waits in receive on channel "words"/);
    }), clock.tickAsync(20)]);
  });

  it("takes no scope but one of this library", () => {
    expect(() => { start({} as Scope, () => 1); }).to.throw(TypeError, "start takes a scope first, as scope((s) => start(s, ...)); got ");
  });

  function abortedAfter(ms: number): AbortSignal {
    const controller = new AbortController();
    setTimeout(() => { controller.abort(); }, ms);
    return controller.signal;
  }
});
