/**
 * Leaks: tasks that a test has started and that still wait when it is over, and what it has left open.
 *
 * 1. Only what began after the check did counts. Whatever is about to end is given the turns, and then the time, that it needs: about
 *    200 ms in all, by the real clock; a test without leaks waits for none of it.
 * 2. The leak is the failure of the test that has leaked, by name, operation and place, and no other test is blamed for it.
 *
 * Idea: Go's goleak and synctest.
 */
import { allOpen } from "../support/resources.ts";
import { tagOf } from "../errors.ts";
import { checkedBody, type Body, type GivenBody } from "../task/body.ts";
import { describe, describeOpen, waitsOf } from "../task/report/dump.ts";
import { traceTasks } from "../task/report/debugging.ts";
import type { TaskInfo } from "../task/cancel/cancel-scope.ts";
import { registry } from "../task/report/registry.ts";
import { go } from "../task/task.ts";
import { afterRealTime } from "./scheduler/platform.ts";
import { settle } from "./settle.ts";

/** A task or a scope that has not ended. */
export interface BlockedTask {
  /** Its number, as in reports. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
  /** What it was made by: a `"task"`, or one of those that are scopes: `"scope"`, `"timeout"`, `"gather"` and so on. */
  readonly kind: string;
  /** The operations it waits in, each as a phrase: `receive on channel "jobs"`. None: what it waits for is not known, or only its tasks. */
  readonly operations: readonly string[];
}

/**
 * The tasks and scopes that have not ended, in the order of their start, with what each waits for.
 *
 * Known are the operations of generator tasks and of all that runs in scopes; those of free async tasks if they were started while
 * {@link expectNoLeaks} or {@link leakHooks} run a test, within `run`, or with `rendezvous/debug`.
 *
 * @example
 * ```ts
 * import { chan, go } from "rendezvous";
 * import { blockedTasks, settle } from "rendezvous/testing";
 *
 * go(function* reader() {
 *   yield* chan({ name: "letters" }).receiving();
 * });
 * await settle();
 * console.log(blockedTasks().map(({ name, operations }) => `${name}: ${operations.join()}`)); // [ 'reader: receive on channel "letters"' ]
 * ```
 *
 * Idea: Go's goroutine profile.
 */
export function blockedTasks(): BlockedTask[] {
  return [...registry].map((who) => ({
    id: who.id,
    name: who.name,
    kind: who.kind,
    operations: waitsOf(who).map(({ operation }) => operation),
  }));
}

/**
 * Tasks that were started have not ended, or something is open. The message names each, what it waits for, where, and where it was started or
 * opened.
 */
export class LeakError extends Error {
  /** `"LeakError"`. */
  override readonly name = "LeakError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_LEAK";
}

/**
 * Runs a test, and fails it if a task or a scope that it has started has not ended, or a ticker, a connection or a listener that it has opened is
 * open.
 *
 * @param body - the test; its own failure comes first
 * @returns what the body gives; rejects with what it throws, with a {@link LeakError}
 *
 * @example
 * ```ts
 * import { chan, go } from "rendezvous";
 * import { expectNoLeaks } from "rendezvous/testing";
 *
 * const jobs = chan<string>({ name: "jobs" });
 * const leak: unknown = await expectNoLeaks(() => {
 *   go(async function worker() { await jobs.receive(); });
 * }).catch((error: unknown) => error);
 * console.log(/task \d+ "worker" is left in receive on channel "jobs"/.test((leak as Error).message)); // true
 * jobs.trySend("so that this program ends in peace");
 * ```
 *
 * Idea: goleak's `VerifyNone`.
 */
export async function expectNoLeaks<T, Y = never, Z = never, P = never>(
  body: GivenBody<"expectNoLeaks(() => work())", [], T, Y, Z, P>,
): Promise<T> {
  const test = checkedBody(body as Body<[], T>, "expectNoLeaks");
  const stopTracing = traceTasks();
  try {
    const before = new Set<object>([...registry, ...allOpen().keys()]);
    const given = test();
    const result = await (tagOf(given) === "Generator" ? go(() => given as Generator<unknown, T>) : (given as T | PromiseLike<T>));
    await untilNothingIsLeft(before);
    const leaked = leftSince(before);
    const open = describeOpen(before);
    if (leaked.length === 0 && open.length === 0) return result;
    throw leakError(leaked, "the test", open);
  } finally {
    stopTracing();
  }
}

/** Who is left behind by whom, and what was left open. */
export function leakError(leaked: readonly TaskInfo[], by: string, open: readonly string[] = []): LeakError {
  const lines = [...leaked.flatMap((who) => describe(who, "is left in")), ...open].map((line) => `  ${line}`);
  const count = leaked.length + open.filter((line) => !line.startsWith(" ")).length;
  const cure = `let them end (close what they wait for, cancel their scope${open.length > 0 ? ", stop or shut down what is open" : ""}) before ${by} does`;
  return new LeakError([`${String(count)} left behind: ${cure}`, ...lines].join("\n"));
}

/** What has begun since then and has not ended. */
function leftSince(before: ReadonlySet<object>): TaskInfo[] {
  return [...registry].filter((who) => !before.has(who));
}

/** Wait, ever longer, for what ends by itself. */
async function untilNothingIsLeft(before: ReadonlySet<object>): Promise<void> {
  const anyLeft = (): boolean => leftSince(before).length > 0 || describeOpen(before).length > 0;
  await settle();
  for (let ms = 1, waited = 0; anyLeft() && waited < 200; waited += ms, ms = Math.min(2 * ms, 20)) {
    await new Promise<void>((resolve) => { afterRealTime(ms, resolve); });
  }
}

/** What mocha's hooks see of the test that is about to run. */
interface Test {
  fn?: ((this: unknown, done?: (error?: unknown) => void) => unknown) | undefined;
  async?: number | boolean | undefined;
  sync?: boolean | undefined;
}

/**
 * Root hooks for mocha: every test is run by {@link expectNoLeaks}, so that a leak fails the test that has leaked, and no other.
 *
 * @example
 * ```ts
 * import { leakHooks } from "rendezvous/testing";
 *
 * // In a file that mocha gets by --require: export const mochaHooks = leakHooks();
 * console.log(Object.keys(leakHooks())); // [ 'beforeEach' ]
 * ```
 *
 * Idea: goleak's `VerifyTestMain`.
 */
export function leakHooks(): {
  /** Wraps the test that is about to run. */
  beforeEach(this: { currentTest?: unknown }): void;
} {
  return {
    beforeEach() {
      const test = this.currentTest as Test | undefined;
      const { fn } = test ?? {};
      if (!test || !fn) return;
      test.fn = function (this: unknown): unknown {
        return expectNoLeaks(() => (fn.length === 0 ? fn.call(this) : byCallback((done) => fn.call(this, done))));
      };
      test.async = 0;
      test.sync = true;
    },
  };
}

/** A test that calls back, as a promise. */
function byCallback(test: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    test((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
