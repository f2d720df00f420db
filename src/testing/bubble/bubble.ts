/**
 * A bubble: a program in virtual time, once, in production's order.
 *
 * 1. Time is where the library waits: it stands still while any task can go on, or waits outside, and then moves by itself.
 * 2. A bubble ends for everybody: whoever is left behind is told by name, and a deadlock is told at once.
 * 3. Afterwards the process is as it was, however it has ended: what is left is cancelled, and has cleaned up. Each run of the same program is
 *    the same.
 *
 * Idea: Go's `synctest`, Kotlin's `runTest`.
 */
import { contexts } from "../../platform/async-context.ts";
import { variable } from "../../platform/environment.ts";
import { knownOptions, type Known } from "../../support/given.ts";
import { seedChoices, seeded } from "../../platform/random.ts";
import { control } from "../../core/scheduler.ts";
import { DeadlockError, show, TimeoutError } from "../../errors.ts";
import { asleep } from "../../task/report/deadlock.ts";
import { describe } from "../../task/report/dump.ts";
import { checkedBody, type GivenBody } from "../../task/body.ts";
import { identifyFreeTasks } from "../../task/cancel/current.ts";
import { rootCancelScope } from "../../task/cancel/cancel-scope.ts";
import { arose, suppress } from "../../task/scope/suppressed.ts";
import { checkedDelay } from "../../time/timer.ts";
import { BubbleRun, type BubbleEnd } from "./bubble-run.ts";
import { Ending, lastCancel } from "../scheduler/ending.ts";
import { leakError } from "../leaks.ts";
import { afterRealTime, eventLoopTurn } from "../scheduler/platform.ts";
import { failuresHeard, takeProcess } from "../scheduler/process-hooks.ts";
import { installVirtualClock } from "../scheduler/virtual-clock.ts";

/** How to run a program in a bubble. */
export interface BubbleOptions {
  /** How long it may take in all, in milliseconds of real time: 10,000. `Infinity`: no limit. */
  timeoutMs?: number | undefined;
  /** Whether tasks that have not ended when main has are a failure; `"ignore"`: they are cancelled without a word. `"fail"`. */
  leaks?: "fail" | "ignore" | undefined;
}

/**
 * Runs a program in virtual time: hours of it pass in no time, and every run is the same.
 *
 * Time stands still while a task can go on. When every task waits in an operation of the library, it moves to the next timer. `Date` and
 * `performance.now` tell it; it starts on the first of January 2000. Who was ready first goes on first, as in production; `Math.random` and
 * the choices of `select` are seeded, the same in every bubble (`RENDEZVOUS_SEED` tries others). {@link settle} waits until everybody
 * else waits. When main has ended, whatever can go on without time does, and then all tasks have to have ended.
 *
 * A task that waits for something outside, a promise of another library or a socket, keeps time where it is until that settles. `setTimeout`
 * and the other globals stay real, since nobody could tell who waits for them: they are outside, too. Meanwhile nothing else that uses
 * the library should run in the process, and no fake clock be installed.
 *
 * What is left when it ends, however it does, is cancelled, so that its `finally` blocks and what it has deferred run, in virtual time; only then the
 * promise settles. Who catches the cancel again and again, or waits for something outside in a `finally`, is given up after a while.
 *
 * @param body - an async, a plain or a generator function: the main task
 * @param options - see {@link BubbleOptions}
 * @returns what the body returns. Rejects with what it throws; with the failure of a task that nobody handles before time moves on; with a
 * `DeadlockError` when everybody waits and there is no timer; with a {@link LeakError} when main has ended and others wait; with a
 * `TimeoutError` after `timeoutMs`, naming who waits outside; with a `TypeError` inside or beside another bubble or exploration, while a
 * fake clock is installed, for no function; with a `RangeError` for a limit that is none
 *
 * @example
 * ```ts
 * import { go, sleep } from "rendezvous";
 * import { bubble } from "rendezvous/testing";
 *
 * await bubble(async () => {
 *   const task = go(async () => {
 *     await sleep(60_000);
 *     return performance.now();
 *   });
 *   await sleep(86_400_000);
 *   console.log(await task, performance.now()); // 60000 86400000
 * });
 * ```
 *
 * Idea: Go's `synctest.Test`.
 */
export async function bubble<T, Y = never, Z = never, P = never>(
  body: GivenBody<"bubble(() => work()), not bubble(work())", [], T, Y, Z, P>,
  options: BubbleOptions = {},
): Promise<T> {
  const { timeoutMs, leaks, seed } = checked(body, options);
  return new Promise<T>((resolve, reject) => {
    const restore = [takeProcess("bubble", () => { run.stir(); })];
    const run = new BubbleRun(leaks, (how) => {
      const failure = failureOf(how, run, timeoutMs);
      const finish = (failures: readonly unknown[]): void => {
        for (const undo of restore.reverse()) undo();
        try {
          if (failure) throw failure.error;
          const value = main.outcome() as T;
          if (failures.length > 0) throw failures[0];
          resolve(value);
        } catch (error) {
          arose(error, main.id);
          for (const other of failures) suppress(error, other, () => [main.id]);
          reject(error);
        }
      };
      if (run.left.length === 0) {
        finish(failuresHeard());
        return;
      }
      const cancel = lastCancel("the bubble");
      new Ending(run, cancel).end(() => { eventLoopTurn(() => { finish(failuresHeard().filter((error) => error !== cancel)); }); });
    });
    restore.push(
      seedChoices(seed),
      identifyFreeTasks(rootCancelScope),
      installVirtualClock(() => run.now, seeded(seed)),
      afterRealTime(timeoutMs, () => { run.giveUp(); }),
    );
    control(run);
    restore.push(() => { control(undefined); });
    const main = run.begin(body as () => T);
  });
}

/** What an end is told as, unless it is main's own. */
function failureOf(how: BubbleEnd, run: BubbleRun, timeoutMs: number): { error: unknown } | undefined {
  switch (how) {
    case "main": return undefined;
    case "failure": return { error: failuresHeard()[0] };
    case "leak": return { error: leakError(run.left, "main") };
    case "deadlock": return { error: new DeadlockError(`${String(asleep(run.left))}\nand no timer is left that could wake anybody`) };
    case "late": return { error: lateError(run, timeoutMs) };
  }
}

const linesShown = 40;

function lateError(run: BubbleRun, timeoutMs: number): TimeoutError {
  const { outside } = run;
  const why = outside.length > 0
    ? "These wait for something outside of the library, and time stands still meanwhile. Stand in for it with a channel, a sleep or a task"
    : "It goes on without end. Have it wait for what ends it, or stop its ticker; see";
  const lines = (outside.length > 0 ? outside : run.left).flatMap((who) => describe(who, "waits in")).map((line) => `  ${line}`);
  return new TimeoutError(
    [
      `bubble has not ended within its ${String(timeoutMs)} ms of real time; its own clock is at ${String(run.now)} ms. ${why}:`,
      ...lines.slice(0, linesShown),
      ...(lines.length > linesShown ? [`  and ${String(lines.length - linesShown)} lines more`] : []),
    ].join("\n"),
  );
}

const bubbleOptions: Known<BubbleOptions> = { timeoutMs: true, leaks: true };

function checked(body: unknown, options: BubbleOptions): { timeoutMs: number; leaks: "fail" | "ignore"; seed: number } {
  const { timeoutMs = 10_000, leaks = "fail" } = knownOptions(options, bubbleOptions, "bubble");
  checkedBody(body, "bubble", "bubble(() => work()), not bubble(work())");
  if ((leaks as string) !== "fail" && (leaks as string) !== "ignore") throw new TypeError(`leaks of bubble is "fail" or "ignore"; got ${show(leaks)}`);
  if (!contexts) throw new TypeError("bubble needs the platform's async contexts: import rendezvous as Node, Bun or Deno do");
  const given = variable("RENDEZVOUS_SEED");
  const seed = Number(given ?? 1);
  if (!Number.isInteger(seed)) throw new RangeError(`RENDEZVOUS_SEED is a whole number; got ${show(given)}`);
  return { timeoutMs: checkedDelay(timeoutMs, "timeoutMs of bubble"), leaks, seed };
}
