/**
 * Leaks: tasks that a test has started and that still wait when it is over, and what it has left open.
 *
 * 1. Only what began after the check did counts. Whatever is about to end is given the turns, and then the time, that it needs: about
 *    200 ms in all, by the real clock; a test without leaks waits for none of it.
 * 2. The leak is the failure of the test that has leaked, by name, operation and place, and no other test is blamed for it.
 *
 * 3. A test that does not end itself is told too: who waits for what, before the time of the test is up (see `unended.ts`).
 *
 * Idea: Go's goleak and synctest.
 */
import { allOpen } from "../support/resources.ts";
import { tagOf } from "../errors.ts";
import { CancelScope, type TaskInfo } from "../task/cancel/cancel-scope.ts";
import { identifyTopLevel } from "../task/cancel/current.ts";
import { checkedBody, type Body, type GivenBody } from "../task/body.ts";
import { describe, describeOpen, waitsOf } from "../task/report/dump.ts";
import { traceTasks } from "../task/report/debugging.ts";
import { registry } from "../task/report/registry.ts";
import { go } from "../task/task.ts";
import { afterRealTime } from "./scheduler/platform.ts";
import { frameworkLimit, watchUntilEnd, type Watch } from "./unended.ts";
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
 * console.log(/task \d+ "worker" is left waiting in receive on channel "jobs"/.test((leak as Error).message)); // true
 * jobs.trySend("so that this program ends in peace");
 * ```
 *
 * Idea: goleak's `VerifyNone`.
 */
export async function expectNoLeaks<T, Y = never, Z = never, P = never>(
  body: GivenBody<"expectNoLeaks(() => work())", [], T, Y, Z, P>,
): Promise<T> {
  return checkTest(checkedBody(body as Body<[], T>, "expectNoLeaks"), () => watchUntilEnd(frameworkLimit()));
}

/** Run a test and look for leaks. `watch` begins to watch for a test that does not end. */
export async function checkTest<T>(test: Body<[], T>, watch: () => Watch): Promise<T> {
  const tracked = new TrackedTest();
  const { rejection, stop } = watch().begin(tracked);
  try {
    const given = test();
    const run = tagOf(given) === "Generator" ? go(() => given as Generator<unknown, T>) : (given as T | PromiseLike<T>);
    const result = await (rejection ? Promise.race([run, rejection]) : run);
    stop();
    await tracked.expectNothingLeft();
    return result;
  } finally {
    stop();
    tracked.end();
  }
}

/** A test from its start on: what has begun since, and what waits. */
export class TrackedTest implements TaskInfo {
  readonly id = 0;
  readonly kind = "top level";
  readonly name = "the test";
  before: TaskInfo | undefined = undefined;
  after: TaskInfo | undefined = undefined;
  readonly cancelScope: CancelScope = new CancelScope(this, undefined);
  readonly #stopTracing = traceTasks();
  readonly #forget = identifyTopLevel(this.cancelScope);
  readonly #from = new Set<object>([...registry, ...allOpen().keys()]);

  async expectNothingLeft(): Promise<void> {
    await untilNothingIsLeft(this.#from);
    const leaked = leftSince(this.#from);
    const open = describeOpen(this.#from);
    if (leaked.length > 0 || open.length > 0) throw leakError(leaked, "the test", open);
  }

  end(): void {
    this.#forget();
    this.#stopTracing();
  }

  /** Who waits for what: the test itself, and what it has started. */
  waiting(why: string): LeakError {
    const own = describe(this, "waits in").map((line) => line.replace(/^the top level, outside of every task,/, "the test itself"));
    const lines = [...own, ...leftSince(this.#from).flatMap((who) => describe(who, "waits in"))];
    return new LeakError([`${why}. What it waits for has to come, or to have a time limit, as by timeout(ms, () => work()):`, ...lines.map((line) => `  ${line}`)].join("\n"));
  }
}

/** Who is left behind by whom, and what was left open. */
export function leakError(leaked: readonly TaskInfo[], by: string, open: readonly string[] = []): LeakError {
  const lines = [...leaked.flatMap((who) => describe(who, "is left waiting in")), ...open].map((line) => `  ${line}`);
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
