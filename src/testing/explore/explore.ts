/**
 * `explore` and `replay`.
 *
 * Idea: loom and shuttle.
 */
import { checkedBody, type GivenBody } from "../../task/body.ts";
import { Replay } from "../strategies/replay.ts";
import { read } from "../strategies/schedule.ts";
import { Exploration, type ExploreReport } from "./exploration.ts";
import { checkedSettings, type ExploreOptions } from "./options.ts";
import { runOnce, takeProcessForRuns, type Blocked, type ExploreContext, type FindingKind, type Program, type Verdict } from "./program-run.ts";
import { traceOf } from "./trace.ts";

/** How a single run has ended. */
export interface RunResult {
  /** `"ok"`, or what was found. */
  readonly kind: FindingKind | "ok";
  /** The failure, if there was one. */
  readonly error: unknown;
  /** What {@link ExploreContext.outcome} was told. */
  readonly outcomes: readonly string[];
  /** Who had not ended, and what each waited for. */
  readonly blocked: readonly Blocked[];
  /** What went on, a line for each step. */
  readonly trace: readonly string[];
}

/**
 * Runs a program in many orders, and rejects with the first in which it goes wrong.
 *
 * Every start of a task, every operation of the library, ready or not, every case of a select and every timer is a choice, and so is, after a
 * synchronous verb that wakes somebody, whether that one goes on at once. The first run has production's own wake-ups. Time is virtual.
 * The program is run many times, so everything it uses has to be made in it; nothing but the order may differ between two runs. Meanwhile
 * nothing else that uses the library should run in the process. What is left at the end of a run is cancelled, so that its `finally` blocks and
 * what it has deferred run before the next one; no schedule and no trace tells of that.
 *
 * @param program - an async, a plain or a generator function; it gets an {@link ExploreContext}
 * @param options - see {@link ExploreOptions}
 * @returns what was tried. Rejects with an {@link ExploreError}: a failure that nobody handles, a deadlock, a leak, an endless run, a
 * task that waits for something else than the library, two runs that differ; with a `TypeError` while a fake clock is installed, or inside
 * another exploration; with a `RangeError` or `TypeError` for options that are none
 *
 * @example
 * ```ts
 * import { gather } from "rendezvous";
 * import { semaphore } from "rendezvous/sync";
 * import { explore, type ExploreError } from "rendezvous/testing";
 *
 * const found = await explore(async () => {
 *   const lock = semaphore(1);
 *   let count = 0;
 *   const increment = async (): Promise<void> => {
 *     const before = count; // read before the lock
 *     await lock.run(() => { count = before + 1; });
 *   };
 *   await gather([increment, increment]);
 *   if (count !== 2) throw new Error("an update is lost");
 * }).catch((error: unknown) => error as ExploreError);
 * console.log("kind" in found && found.kind); // exception
 * ```
 *
 * Idea: loom and shuttle.
 */
export async function explore<Y = never, Z = never, P = never>(
  program: GivenBody<"explore(() => work())", [context: ExploreContext], unknown, Y, Z, P>,
  options: ExploreOptions = {},
): Promise<ExploreReport> {
  const settings = checkedSettings(options, "explore");
  checkedBody(program, "explore", "explore(() => work())");
  const giveBack = await takeProcessForRuns("explore");
  try {
    return await new Exploration(program as Program, settings).run();
  } finally {
    giveBack();
  }
}

/**
 * Runs a program once more, in the order of a schedule.
 *
 * @param program - the same as for {@link explore}
 * @param schedule - what an {@link ExploreError} told
 * @param options - the same as for {@link explore}
 * @returns how it has ended: it does not reject because of the program
 *
 * @example
 * ```ts
 * import { chan } from "rendezvous";
 * import { replay } from "rendezvous/testing";
 *
 * const { kind, trace: [first] } = await replay(async () => {
 *   await chan<string>({ name: "news" }).receive();
 * }, "0");
 * console.log(kind, first?.startsWith('main: waits in receive on channel "news" (')); // deadlock true
 * ```
 *
 * Idea: shuttle's `replay`.
 */
export async function replay<Y = never, Z = never, P = never>(
  program: GivenBody<"replay(() => work(), schedule)", [context: ExploreContext], unknown, Y, Z, P>,
  schedule: string,
  options: ExploreOptions = {},
): Promise<RunResult> {
  const settings = checkedSettings(options, "replay");
  checkedBody(program, "replay", "replay(() => work(), schedule)");
  const { choices, manner } = read(schedule, settings.timers === "race");
  const giveBack = await takeProcessForRuns("replay");
  try {
    const verdict = await runOnce(program as Program, new Replay(choices), settings, { ...manner, traced: true });
    const { kind, error, outcomes, blocked, scheduler } = verdict as Verdict;
    return { kind, error, outcomes, blocked, trace: traceOf(scheduler) };
  } finally {
    giveBack();
  }
}
