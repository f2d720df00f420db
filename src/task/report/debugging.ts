/**
 * Debugging: records where tasks were started and where they wait, and reports what hangs on standard error. It is off by default. The environment
 * variable `RENDEZVOUS_DEBUG`, or importing `rendezvous/debug`, turns it on.
 *
 * Idea: asyncio's debug mode.
 */
import { noteResources } from "../../support/resources.ts";
import type { Waiter } from "../../core/wait-queue.ts";
import { ClosedError, isError, TimeoutError } from "../../errors.ts";
import { armQuietly } from "../../time/timer.ts";
import { describe, describeOpen, tree } from "./dump.ts";
import { watchForDeadlock } from "./deadlock.ts";
import { identifyFreeTasks } from "../cancel/current.ts";
import { rootCancelScope } from "../cancel/cancel-scope.ts";
import { observe, observer, type Named, type Observer } from "../cancel/observer.ts";
import { noteSiteOf, siteOf } from "./call-site.ts";
import { watchTopLevel } from "./top-level.ts";

/** Record call sites, keep track of what each task waits for, and report what hangs. */
export function debug(): void {
  identifyFreeTasks(rootCancelScope);
  watchTopLevel();
  observe({ ...tracing, whoWaits, ended: tellWhatIsOpen });
  noteResources(noteSiteOf);
  watchForDeadlock();
}

/** Record call sites, and what each task waits for, until the returned function is called. */
export function traceTasks(): () => void {
  if (observer) return () => { /* debug() traces already */ };
  const forget = identifyFreeTasks(rootCancelScope);
  const forgetResources = noteResources(noteSiteOf);
  observe(tracing);
  return () => {
    forget();
    forgetResources();
    observe(undefined);
  };
}

const tracing: Observer = {
  site: noteSiteOf,
  siteOf,
  waits: noteWait,
  expired: (scope, error) => { locate(error, `${scope.kind} "${scope.name}" began`, scope); },
  failed: nameStart,
};

// -- Where errors come from. The stack of one that is made when a channel is closed, or when a timer fires, shows that place and not the waiting line.

const located = new WeakSet<Error>();

/** Add to the stack of an error of the library, once, where it comes from. */
function locate(error: unknown, what: string, noted: object): void {
  if (!isError(error) || !(error instanceof ClosedError || error instanceof TimeoutError) || located.has(error)) return;
  if (Object.isFrozen(error)) return; // in newer versions of V8 the stack of a frozen error can be set all the same
  const place = siteOf(noted);
  if (place === undefined || error.stack === undefined) return;
  located.add(error);
  Reflect.set(error, "stack", `${error.stack}\n    ${what} ${place}`); // an assignment to a read-only stack would throw
}

/** Record where a wait begins, and have an error that ends it say so. */
function noteWait(waiter: Waiter): void {
  noteSiteOf(waiter);
  if (Object.hasOwn(waiter, "resume")) return; // the waiter of a generator, which is used again and again
  const resume = waiter.resume.bind(waiter);
  const tell = (error: unknown): void => { locate(error, "waited", waiter); };
  waiter.resume = (how, what) => {
    if (how === "error") tell(what);
    resume(how, how === "result" ? telling(what as () => unknown, tell) : what);
  };
}

function telling(result: () => unknown, tell: (error: unknown) => void): () => unknown {
  return () => {
    try {
      return result();
    } catch (error) {
      tell(error);
      throw error;
    }
  };
}

/** How many tasks an error's stack names: the last ones through which it passed. */
const tasksNamed = 10;
const namedIn = new WeakMap<Error, StackWithTasks>();

/** An error's stack without and with its tasks. */
interface StackWithTasks { before: string; lines: string[]; after: string }

/** Add to an error's stack where its task was started, if the stack can be read and set: users' errors may define their own. */
function nameStart(task: Named, error: unknown): void {
  try {
    if (isError(error)) extendStack(task, error);
  } catch { /* it stays as it is */ }
}

/** The stack of one error object that fails task after task does not grow without bound. */
function extendStack(task: Named, error: Error): void {
  const started = siteOf(task);
  if (typeof error.stack !== "string" || started === undefined || Object.isFrozen(error)) return;
  const known = namedIn.get(error);
  const { before, lines } = known?.after === error.stack ? known : { before: error.stack, lines: [] as string[] };
  const line = `\n    in task "${task.name}" started ${started}`;
  if (lines.includes(line)) return;
  const named = [...lines, line].slice(-tasksNamed);
  error.stack = before + named.join("");
  namedIn.set(error, { before, lines: named, after: error.stack });
}

/** The waits left in a cancelled scope, which no cancel reaches. */
function whoWaits(cancelScope: object): string[] {
  const inside = tree().filter(({ who }) => {
    for (let outer = who.cancelScope; outer; outer = outer.parent) if (outer === cancelScope) return true;
    return false;
  });
  return inside.flatMap(({ who }) => describe(who, "still waits in"));
}

/** How long open resources may keep the process after the end of its program before the report, in milliseconds. */
const patience = 5000;

let disarm: (() => void) | undefined;

/** The last program has ended, and the process has not: resources that it has left open may be the reason. */
function tellWhatIsOpen(program: string): void {
  disarm?.();
  disarm = armQuietly(patience, () => {
    const open = describeOpen().map((line) => `  ${line}`);
    if (open.length === 0) return;
    console.warn([
      `run "${program}" ended ${String(patience)} ms ago, and the process has not. An open resource may keep it alive: close each with \`using\`, or by s.use(...)`, ...open,
    ].join("\n"));
  });
}
