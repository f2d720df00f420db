/**
 * One rule of cancelling for both lanes: each program is written once, and driven as an async function and as a generator task. What it
 * does, how it ends, and what its scope makes of it, is the same.
 *
 * A program waits for an operation, which a cancel withdraws, or for a promise, which none does: `await promise` there,
 * `yield* awaiting(promise)` here.
 */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { type Channel, type ChildTask, type Operation, type Scope } from "../../../src/node.ts";
import { failOnUnhandledRejections } from "../../conformance/channels/support.ts";
import { implicitLanes, waitersOn, type Lane, type Library, type Wait } from "../../conformance/tasks/support.ts";

/** What a program is given besides its way to wait. */
interface Given {
  readonly lib: Library;
  readonly log: string[];
  /** Nobody else uses it, unless the row does. */
  readonly quiet: Channel<string>;
  /** Holds two values. */
  readonly ready: Channel<string>;
  readonly s: Scope;
  readonly task: () => ChildTask<unknown>;
}

interface Row {
  /** The body of a child of a scope. */
  readonly program: (wait: Wait, given: Given) => Generator<unknown, unknown>;
  /** What happens after 5 ms: the task is cancelled, if left out. */
  readonly after?: (given: Given) => void;
  /** What happens before the task starts. */
  readonly before?: (given: Given) => void;
  /** What the program logs, then how the task ended, then how its scope did. */
  readonly gives: readonly string[];
}

const cancelled = ["cancelled: CancelledError", "scope: fine"];

const failing = (name: string): never => { throw new Error(name); };
const said = (error: unknown): string => ((error as Error).name === "CancelledError" ? "CancelledError" : (error as Error).message);

/** A helper whose clean-up waits, and which calls the next one. */
function* nested(wait: Wait, given: Given, depth: number): Generator<unknown, string> {
  const { lib, log, quiet } = given;
  try {
    const value = depth === 1 ? yield* wait(quiet.receiving()) : yield* nested(wait, given, depth - 1);
    log.push(`went on behind ${String(depth)}`);
    return value;
  } finally {
    yield* wait(lib.shield(() => lib.sleep(5)));
    log.push(`cleaned up ${String(depth)}`);
  }
}

const rows: Record<string, Row> = {
  "S-81: the error of the cancel is thrown at the wait, through catch and finally": {
    * program(wait, { log, quiet }) {
      try {
        try {
          yield* wait(quiet.receiving());
          log.push("went on");
        } finally {
          log.push("inner");
        }
      } catch (error) {
        log.push(said(error));
        throw error;
      } finally {
        log.push("outer");
      }
    },
    gives: ["inner", "CancelledError", "outer", ...cancelled],
  },

  "S-81b, FA-01: three helpers, each of which cleans up by a shielded wait: innermost first, and nothing goes on": {
    program: (wait, given) => nested(wait, given, 3),
    gives: ["cleaned up 1", "cleaned up 2", "cleaned up 3", ...cancelled],
  },

  "FA-01: the same, cancelled by the scope": {
    program: (wait, given) => nested(wait, given, 3),
    after: ({ s }) => { s.cancel(); },
    gives: ["cleaned up 1", "cleaned up 2", "cleaned up 3", "cancelled: CancelledError", "scope: fine"],
  },

  "FA-01: a clean-up that waits unshielded is refused, and whoever called it does not go on": {
    * program(wait, given) {
      const { lib, log, quiet } = given;
      const helper = function* (): Generator<unknown, string> {
        try {
          return yield* wait(quiet.receiving());
        } finally {
          yield* wait(lib.sleeping(5));
          log.push("slept");
        }
      };
      yield* helper();
      log.push("went on");
    },
    gives: cancelled,
  },

  "S-81c: who catches the error and goes on meets it again, the same object, at each operation": {
    * program(wait, { lib, log, quiet, ready }) {
      const met: unknown[] = [];
      const operations: Operation<unknown>[] = [quiet.receiving(), ready.receiving(), lib.always(1), lib.sleeping(0), lib.settling(Promise.resolve())];
      for (const operation of operations) {
        try {
          yield* wait(operation);
          log.push("went on");
        } catch (error) {
          met.push(error);
        }
      }
      log.push(String(met.length), String(new Set(met).size), said(met[0]), String(ready.size));
      throw met[0];
    },
    gives: ["5", "1", "CancelledError", "2", ...cancelled],
  },

  "S-81c: who catches the error and returns has returned": {
    * program(wait, { quiet }) {
      try {
        return yield* wait(quiet.receiving());
      } catch {
        return "a value";
      }
    },
    gives: ["done: a value", "scope: fine"],
  },

  "a return from finally counts, as JavaScript has it": {
    * program(wait, { quiet }) {
      try {
        yield* wait(quiet.receiving());
      } finally {
        return "a value";
      }
    },
    gives: ["done: a value", "scope: fine"],
  },

  "an error that is thrown in the clean-up is the outcome": {
    * program(wait, { quiet }) {
      try {
        yield* wait(quiet.receiving());
      } finally {
        failing("clean-up");
      }
    },
    gives: ["failed: clean-up", "scope: clean-up"],
  },

  "S-81d: an error on its way through a shielded clean-up stays the error, when the task is cancelled meanwhile": {
    * program(wait, { lib, log }) {
      try {
        failing("A");
      } finally {
        yield* wait(lib.shield(() => lib.sleep(20)));
        log.push("cleaned up");
      }
    },
    gives: ["cleaned up", "failed: A", "scope: A"],
  },

  "FA-02: the same, cancelled by a sibling's failure, is kept beside that": {
    * program(wait, { lib, log }) {
      try {
        failing("A");
      } finally {
        yield* wait(lib.shield(() => lib.sleep(20)));
        log.push("cleaned up");
      }
    },
    after: ({ s }) => { s.go(() => failing("B")); },
    gives: ["cleaned up", "failed: A", "scope: B, then A"],
  },

  "an error on its way through a clean-up that waits unshielded is replaced by the cancel": {
    * program(wait, { lib, log }) {
      try {
        failing("A");
      } finally {
        yield* wait(lib.sleeping(20));
        log.push("cleaned up");
      }
    },
    gives: cancelled,
  },

  "a task that cancels itself goes on up to its next operation, ready or not": {
    * program(wait, { log, ready, task }) {
      task().cancel();
      log.push("goes on");
      yield* wait(ready.receiving());
      log.push("went on");
    },
    gives: ["goes on", ...cancelled],
  },

  "S-21: cancelled before its start it never runs": {
    * program(_wait, { log }) { log.push("runs"); },
    before: ({ task }) => { task().cancel(); },
    gives: cancelled,
  },

  "S-31: what was handed over before the cancel arrives first, and the next operation fails": {
    * program(wait, { log, quiet, ready }) {
      log.push(yield* wait(quiet.receiving()));
      log.push(yield* wait(ready.receiving()));
    },
    after: ({ quiet, task }) => {
      expect(quiet.trySend("a value")).to.equal(true);
      task().cancel();
    },
    gives: ["a value", ...cancelled],
  },

  "S-22: cancelled twice, the first reason counts": {
    * program(wait, { lib, log, quiet }) {
      try {
        yield* wait(quiet.receiving());
      } catch (error) {
        log.push(String((error as Error).cause));
        yield* wait(lib.shield(() => lib.sleep(5)));
        yield* wait(quiet.receiving());
      }
    },
    after: ({ s, task }) => {
      task().cancel("first");
      task().cancel("second");
      s.cancel("third");
    },
    gives: ["first", ...cancelled],
  },

  "S-42: a cancel during a shield lets it come to its end, with its value, and the next operation fails": {
    * program(wait, { lib, log, ready }) {
      log.push(yield* wait(lib.shield(async () => { await lib.sleep(20); return "shielded"; })));
      log.push(yield* wait(ready.receiving()));
    },
    gives: ["shielded", ...cancelled],
  },

  "FA-15: a task that awaits a scope ends after that has cleaned up": {
    * program(wait, { lib, log, quiet }) {
      yield* wait(lib.scope(async () => {
        try {
          await quiet.receive();
        } finally {
          await lib.shield(() => lib.sleep(20));
          log.push("cleaned up");
        }
      }));
      log.push("went on");
    },
    after: ({ log, task }) => {
      task().cancel();
      void task().result().then(() => log.push("result"));
    },
    gives: ["cleaned up", "result", ...cancelled],
  },

  "a promise is waited for in spite of the cancel, also one that is met after it": {
    * program(wait, { lib, log, quiet }) {
      log.push(yield* wait(outside(lib, 20, "first")));
      log.push(yield* wait(outside(lib, 20, "second")));
      yield* wait(quiet.receiving());
    },
    gives: ["first", "second", ...cancelled],
  },

  "a promise that rejects after the cancel rejects at the wait for it": {
    * program(wait, { lib }) { yield* wait(outside(lib, 20, "").then(() => failing("rejected"))); },
    gives: ["failed: rejected", "scope: rejected"],
  },

  "the synchronous forms go on working": {
    * program(wait, { log, quiet, ready }) {
      try {
        yield* wait(quiet.receiving());
      } finally {
        log.push(String(ready.tryReceive()?.value), String(quiet.trySend("nobody")));
      }
    },
    gives: ["one", "false", ...cancelled],
  },

  "S-30: a select leaves all its places, timers included": {
    * program(wait, { lib, quiet }) {
      const other = lib.chan<string>();
      try {
        yield* wait(lib.selecting({ one: quiet.receiving(), other: other.sending("x"), late: lib.sleeping(1e6) }));
      } finally {
        expect([waitersOn(quiet), waitersOn(other)]).to.deep.equal([0, 0]);
      }
    },
    gives: cancelled,
  },

  "what is begun after the cancel is born cancelled": {
    * program(wait, { lib, log, quiet }) {
      try {
        yield* wait(quiet.receiving());
      } catch (error) {
        const begun = {
          scope: () => lib.scope(() => { log.push("ran"); }),
          timeout: () => lib.timeout(5, () => { log.push("ran"); }),
          gather: () => lib.gather([(): void => { log.push("ran"); }]),
          race: () => lib.race([(): void => { log.push("ran"); }]),
        };
        for (const [what, begin] of Object.entries(begun)) {
          try {
            yield* wait(begin() as Promise<unknown>);
          } catch (again) {
            log.push(`${what} ${String(again === error)}`);
          }
        }
      }
    },
    gives: ["scope true", "timeout true", "gather true", "race true", "done: undefined", "scope: fine"],
  },
};

/** A promise that no scope has to do with. */
function outside(lib: Library, ms: number, value: string): Promise<string> {
  return new Promise((resolve) => { lib.go(async () => { await lib.sleep(ms); resolve(value); }); });
}

async function outcomeOf(lane: Lane, { program, after, before }: Row, clock: SinonFakeTimers): Promise<string[]> {
  const { lib } = lane;
  const log: string[] = [];
  const [quiet, ready] = [lib.chan<string>(), lib.chan<string>(2)];
  for (const value of ["one", "two"]) ready.trySend(value);
  let task: ChildTask<unknown> | undefined;
  let given: Given | undefined;
  const ended = lib.scope((s) => {
    given = { lib, log, quiet, ready, s, task: () => task as ChildTask<unknown> };
    task = s.go(lane.inside(s, (wait) => program(wait, given as Given)));
    before?.(given);
    return "fine";
  }).catch((error: unknown) => [error, ...lib.suppressedOf(error)].map(said).join(", then "));
  await clock.tickAsync(5);
  (after ?? (({ task: own }): void => { own().cancel(); }))(given as unknown as Given);
  await clock.tickAsync(1000);
  const result = await (task as unknown as ChildTask<unknown>).result();
  const value = result.status === "fulfilled" ? String(result.value) : said(result.reason);
  expect(waitersOn(quiet)).to.equal(0);
  expect(clock.countTimers()).to.equal(0);
  return [...log, `${(task as unknown as ChildTask<unknown>).state}: ${value}`, `scope: ${await ended}`];
}

describe("one rule of cancelling", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask"] }); });
  afterEach(() => { sinon.restore(); });
  failOnUnhandledRejections();

  for (const lane of implicitLanes) {
    for (const [title, row] of Object.entries(rows)) {
      it(`${title}: ${lane.name}`, async () => {
        expect(await outcomeOf(lane, row, clock)).to.deep.equal(row.gives);
      });
    }
  }

  for (const lane of implicitLanes) {
    const { lib } = lane;
    const enders: Record<string, (ms: number, script: (wait: Wait) => Generator<unknown, string>) => Promise<unknown>> = {
      timeout: (ms, script) => lib.timeout(ms, lane.inside(undefined as never, script)),
      "scope.cancel": (ms, script) => lib.scope((s) => { s.go(lane.inside(s, script)); s.go(async () => { await lib.sleep(ms); s.cancel(); }); }),
      "a race's loser": (ms, script) => lib.race([lane.inside(undefined as never, script), () => lib.sleep(ms)]),
      "a gather's sibling": (ms, script) => lib.gather([lane.inside(undefined as never, script), async () => { await lib.sleep(ms); failing("sibling"); }]),
    };
    for (const [how, end] of Object.entries(enders)) {
      it(`FA-01: ended by ${how}, three helpers deep, nothing goes on behind any yield*: ${lane.name}`, async () => {
        const log: string[] = [];
        const quiet = lib.chan<string>();
        const given = { lib, log, quiet } as unknown as Given;
        const ended = end(20, (wait) => nested(wait, given, 3)).then(() => "fulfilled", said);
        await clock.tickAsync(100);
        expect(log).to.deep.equal(["cleaned up 1", "cleaned up 2", "cleaned up 3"]);
        expect(await Promise.race([ended, "pending"])).not.to.equal("pending");
        expect(waitersOn(quiet)).to.equal(0);
      });
    }
  }

  for (const lane of implicitLanes.filter(({ lib }) => lib === implicitLanes[0]?.lib)) {
    const { lib } = lane;
    const helpers: Record<string, (wait: Wait, helper: () => Promise<string>) => Generator<unknown, unknown>> = {
      "called at once": (wait, helper) => wait(helper()),
      "called after a wait": function* (wait, helper) {
        yield* wait(lib.sleeping(1));
        yield* wait(helper());
      },
    };
    for (const [when, body] of Object.entries(helpers)) {
      it(`law 13: an async function that a body awaits, ${when}, is cancelled with its task alone, at whichever of its waits: ${lane.name}`, async () => {
        const log: string[] = [];
        const quiet = lib.chan<string>();
        const helper = async (): Promise<string> => {
          try {
            await Promise.resolve();
            await lib.sleep(1);
            return await quiet.receive();
          } catch (error) {
            log.push(said(error));
            throw error;
          }
        };
        let task: ChildTask<unknown> | undefined;
        const ended = lib.scope((s) => {
          task = s.go(lane.inside(s, (wait) => body(wait, helper)));
          return quiet.receive(); // a wait of the scope, which stays
        });
        await clock.tickAsync(5);
        task?.cancel();
        await clock.tickAsync(0);
        expect(log).to.deep.equal(["CancelledError"]);
        expect(task?.state).to.equal("cancelled");
        expect(quiet.trySend("for the scope")).to.equal(true);
        expect(await ended).to.equal("for the scope");
        const raced = lib.race([lane.inside(undefined as never, (wait) => body(wait, helper)), () => lib.sleep(20)]).then(() => "over");
        await clock.tickAsync(20);
        expect(await Promise.race([raced, "pending"])).to.equal("over");
      });
    }
  }

  it("awaiting outlasts a cancel through map, too; as a case of a choice, or performed, it does not", async () => {
    const { lib } = implicitLanes[0] as Lane;
    const seen: string[] = [];
    await lib.scope(async (s) => {
      const mapped = s.go(function* () { return yield* lib.awaiting(outside(lib, 20, "late")).map((value) => `mapped ${value}`); });
      const chosen = s.go(function* () { return yield* lib.choose(lib.awaiting(outside(lib, 20, "late")), lib.never); });
      const performed = s.go(() => lib.perform(lib.awaiting(outside(lib, 20, "late"))));
      const plain = s.go(function* (): Generator<unknown, unknown> { return yield lib.awaiting(outside(lib, 20, "late")); });
      void clock.tickAsync(0);
      await lib.checkpoint();
      const tasks = { mapped, chosen, performed, plain };
      for (const task of Object.values(tasks)) task.cancel();
      void clock.tickAsync(20);
      for (const [name, task] of Object.entries(tasks)) {
        const result = await task.result();
        seen.push(`${name} ${result.status === "fulfilled" ? String(result.value) : said(result.reason)}`);
      }
    });
    expect(seen).to.deep.equal(["mapped mapped late", "chosen CancelledError", "performed CancelledError", "plain late"]);
  });

  for (const lane of implicitLanes) {
    const { lib } = lane;
    it(`a task that catches every error in an endless loop starves no timer, and reports name it: ${lane.name}`, async () => {
      sinon.restore();
      let [rang, report] = [false, ""];
      await lib.scope((s) => {
        const task = s.go(lib.named("stubborn", lane.inside(s, function* (wait) {
          while (!rang) {
            try {
              yield* wait(lib.never);
            } catch {
              report ||= lib.dumpTasks();
            }
          }
        })));
        setTimeout(() => { rang = true; }, 1);
        queueMicrotask(() => { task.cancel(); });
      });
      expect(rang).to.equal(true);
      expect(report).to.match(/task \d+ "stubborn" .*goes on, though it has met its CancelledError: let that error pass/);
    });
  }
});
