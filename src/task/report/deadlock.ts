/**
 * The deadlock report: when the event loop has nothing left to do and tasks still wait, nothing will ever wake them.
 *
 * The process itself says when that is so ('beforeExit': no runnable work, no handles), so there is no false alarm; while a server or an interval
 * lives, there is no alarm at all. On platforms that do not say so, the library measures the event loop (`spinning.ts`), or gives the process the
 * chance to end (`stalling.ts`).
 *
 * Idea: Go's "all goroutines are asleep".
 */
import { clockIsReal } from "../../core/controller.ts";
import { describe, describeOpen, tree, waitsOf } from "./dump.ts";
import type { TaskInfo } from "../cancel/cancel-scope.ts";
import { host, type Host } from "./host.ts";
import { registry } from "./registry.ts";
import { namesWhatLives, watchForSpinning } from "./spinning.ts";
import { watchForStall, type MuteSignals } from "./stalling.ts";
import { waitingTopLevel } from "./top-level.ts";

/** The exit code of a program that hangs: the one that Node uses when a top-level await never settles. */
const deadlocked = 13;

/** Added to the report when a signal is among what is waited for. */
export const aboutSignals =
  "A signal wakes nobody unless something aborts it. AbortSignal.timeout does not keep Node alive, and does not move virtual time; timeout() and sleeping() do";
let watching = 0;
let reported = false;

/**
 * Report a deadlock, until the returned function is called. A program that listens to signals passes a function that stops listening for a moment.
 */
export function watchForDeadlock(muteSignals?: MuteSignals): () => void {
  const process = host();
  if (!process) return () => { /* nothing to watch */ };
  if (watching++ === 0) process.on("beforeExit", reportDeadlock);
  const unwatch = clockIsReal() ? watchSilence(process, muteSignals) : undefined;
  return () => {
    unwatch?.();
    if (--watching === 0) process.off("beforeExit", reportDeadlock);
  };
}

/** Watch a platform that may hang without a word. */
function watchSilence(process: Host, muteSignals: MuteSignals | undefined): (() => void) | undefined {
  if (namesWhatLives(process)) return muteSignals && watchForStall(process, muteSignals);
  return watchForSpinning(process, () => {
    reportDeadlock();
    if (reported) process.exit();
  });
}

function reportDeadlock(): void {
  const process = host();
  const report = deadlockReport();
  if (!process || reported || report === undefined) return;
  reported = true;
  process.stderr.write(`${report}\n`);
  if (process.exitCode === undefined || process.exitCode === 0) process.exitCode = deadlocked;
}

/** What every blocked task waits for, if there is one. */
export function deadlockReport(): string | undefined {
  const report = asleep([...registry], waitingTopLevel());
  return report && [`fatal: ${report}`, ...describeOpen().map((line) => `  ${line}`)].join("\n");
}

/** The same for some tasks and scopes, and for the top level. A scope that waits for nothing but its tasks, or its block, is left out. */
export function asleep(all: readonly TaskInfo[], topLevel: readonly TaskInfo[] = []): string | undefined {
  const among = new Set(all);
  const blocked = tree()
    .map(({ who }) => who)
    .filter((who) => among.has(who) && isBlocked(who, topLevel.length > 0));
  const tasks = blocked.length === 0 ? [] : [blocked.length === 1 ? "1 task" : `${String(blocked.length)} tasks`];
  blocked.push(...topLevel);
  if (blocked.length === 0) return undefined;
  const lines = blocked.flatMap((who) => describe(who, "blocked in"));
  if ([...all, ...topLevel].some((who) => who.holdsSignal === true || waitsOf(who).some(({ holdsSignal }) => holdsSignal))) lines.push(aboutSignals);
  const count = [...tasks, ...topLevel.map(({ name }) => `the ${name}`)].join(" and ");
  return [`all tasks are asleep - deadlock (${count})`, ...lines.map((line) => `  ${line}`)].join("\n");
}

function isBlocked(who: TaskInfo, topLevelWaits: boolean): boolean {
  if (who.open === "in use") return !who.cancelScope?.parent && !topLevelWaits && !who.cancelScope?.children.first; // the report names its block, where that waits
  return who.kind === "task" || who.open !== undefined || waitsOf(who).length > 0 || !who.cancelScope?.children.first;
}
