/**
 * One run of a program under control, from its start to its verdict.
 *
 * 1. Time moves only when nobody can go on. When main has ended it stands still: who sleeps or waits then is left behind.
 * 2. A failure that nobody has handled by the end is the verdict, whatever else is wrong: it often causes the rest.
 */
import { reportFailure } from "../../platform/unhandled.ts";
import { controller, everything } from "../../core/controller.ts";
import { control } from "../../core/scheduler.ts";
import { seeded } from "../../platform/random.ts";
import type { CancelledError } from "../../errors.ts";
import { named, Task } from "../../task/task.ts";
import type { Chooser } from "../strategies/chooser.ts";
import { Ending, lastCancel, leftSince } from "../scheduler/ending.ts";
import { eventLoopTurn, whenQuiet } from "../scheduler/platform.ts";
import { failuresHeard, forgetFailures, takeProcess } from "../scheduler/process-hooks.ts";
import { ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import { installVirtualClock } from "../scheduler/virtual-clock.ts";

/** What can be found: a failure that nobody handles; all wait, main too; main has ended and others wait; no end within `maxSteps`;
 * somebody waits for what is not under control; two runs of the same choices differ. */
export type FindingKind = "exception" | "deadlock" | "leak" | "livelock" | "uncontrolled" | "nondeterministic";

/** What a program under exploration is given. */
export interface ExploreContext {
  /** Counts something that came of this run, for the report. */
  readonly outcome: (key: string) => void;
  /** One of several values: each is explored. */
  readonly choose: <T>(...values: readonly [T, ...T[]]) => T;
  /** A random number from 0 up to, and without, 1; the same in every run. `Math.random` gives the same. */
  readonly random: () => number;
}

/** A program to explore: like a task, it may be an async, a plain or a generator function. It has to be made anew by every call. */
export type Program = (context: ExploreContext) => unknown;

/** How a run is judged. */
export interface RunSettings {
  readonly maxSteps: number;
  readonly timers: "quiescent" | "race";
  readonly leaks: "fail" | "ignore";
  readonly invariant: (() => void) | undefined;
  readonly seed: number;
}

/** A task that has not ended, and what it waits for. */
export interface Blocked {
  /** Its name. */
  readonly task: string;
  /** The operations; none: it waits for something that is not the library's. */
  readonly operations: readonly string[];
}

/** How a run has ended. */
export interface Verdict {
  readonly kind: FindingKind | "ok";
  readonly error: unknown;
  readonly outcomes: readonly string[];
  readonly blocked: readonly Blocked[];
  /** Whether one of them waits for a signal, too. */
  readonly holdsSignal: boolean;
  readonly choices: readonly number[];
  readonly scheduler: ControlledScheduler;
  /** It was given up, because another run is the same. */
  readonly redundant: boolean;
}

/** Take the process for runs: those who listen for an abort may do anything, so the scheduler of the run is told. The result gives it back. */
export function takeProcessForRuns(who: string): () => void {
  const giveBack = takeProcess(who);
  const { abort } = AbortController.prototype; // eslint-disable-line @typescript-eslint/unbound-method -- it is put back as it was
  AbortController.prototype.abort = function (reason?: unknown): void {
    if (controller instanceof ControlledScheduler) controller.accessed(everything);
    abort.call(this, reason);
  };
  return () => {
    AbortController.prototype.abort = abort;
    giveBack();
  };
}

/** What is left of runs is cancelled with, for all that have the same settings. */
const cancels = new WeakMap<RunSettings, CancelledError>();

function cancelOf(settings: RunSettings): CancelledError {
  const cancel = cancels.get(settings) ?? lastCancel("a run of explore");
  cancels.set(settings, cancel);
  return cancel;
}

/** Run a program once; `undefined`: the chooser has no run left. */
export function runOnce(program: Program, chooser: Chooser, settings: RunSettings): Promise<Verdict | undefined> {
  const scheduler = new ControlledScheduler(chooser);
  if (!chooser.begin(scheduler)) return Promise.resolve(undefined);
  return new Promise((resolve) => { new Run(program, scheduler, chooser, settings, resolve).step(); });
}

class Run {
  readonly #chooser: Chooser;
  readonly #settings: RunSettings;
  readonly #resolve: (verdict: Verdict) => void;
  readonly #scheduler: ControlledScheduler;
  readonly #main: Task<unknown>;
  readonly #outcomes: string[] = [];
  #timeStands = false;
  readonly #uninstall: () => void;
  readonly #step: () => void = () => { this.step(); };

  constructor(program: Program, scheduler: ControlledScheduler, chooser: Chooser, settings: RunSettings, resolve: (verdict: Verdict) => void) {
    this.#chooser = chooser;
    this.#settings = settings;
    this.#resolve = resolve;
    this.#scheduler = scheduler;
    const random = seeded(settings.seed);
    const context: ExploreContext = {
      outcome: (key) => { this.#outcomes.push(key); },
      choose: <T>(...values: readonly [T, ...T[]]) => values[chooser.value(values.length)] as T,
      random,
    };
    this.#uninstall = installVirtualClock(() => scheduler.now, random);
    forgetFailures();
    control(scheduler);
    // A constant that is used once is inlined by Bun and by bundlers, and has no name then.
    this.#main = new Task<unknown>(named("main", () => program(context)), []);
  }

  /** Everything is quiet: the next one goes on, or it is over. */
  step(): void {
    const { timers, maxSteps, invariant } = this.#settings;
    const scheduler = this.#scheduler;
    scheduler.quiet();
    try {
      invariant?.();
    } catch (error) {
      this.#end("exception", error);
      return;
    }
    if (timers === "race" && this.#over && !this.#timeStands) {
      this.#timeStands = true;
      scheduler.steps.at(-1)?.touched.push(everything); // no timer fires any more: who arms one later had better come before
    }
    let items = scheduler.alternatives;
    if (timers === "race" && !this.#over) items = [...items, ...scheduler.next];
    if (items.length === 0 && !this.#over && scheduler.advance()) items = scheduler.alternatives;
    if (this.#chooser.redundant) this.#end("ok", undefined);
    else if (items.length === 0) this.#judge();
    else if (scheduler.steps.length >= maxSteps) this.#end("livelock", new Error(`no end within ${String(maxSteps)} steps`));
    else {
      const item = this.#chooser.next(items);
      if (item) {
        scheduler.run(item);
        whenQuiet(this.#step);
      } else this.#end("ok", undefined);
    }
  }

  get #over(): boolean {
    const { state } = this.#main;
    return state !== "pending" && state !== "running";
  }

  #judge(): void {
    const scheduler = this.#scheduler;
    const { left } = scheduler;
    const foreign = left.filter((thread) => !scheduler.controls(thread));
    const names = foreign.map((thread) => JSON.stringify(scheduler.names.ofThread(thread))).join(", ");
    const awaits = `${names} ${foreign.length > 1 ? "await" : "awaits"} something outside of the library: a timer, I/O, or a promise of another`;
    if (left.length === 0 || (this.#over && this.#settings.leaks === "ignore")) this.#end("ok", undefined);
    else if (foreign.length > 0) this.#end("uncontrolled", new Error(awaits));
    else this.#end(this.#over ? "leak" : "deadlock", undefined);
  }

  #end(kind: Verdict["kind"], error: unknown): void {
    const scheduler = this.#scheduler;
    if (kind === "ok" && this.#over && this.#main.state !== "done" && !this.#chooser.redundant) {
      try {
        this.#main.outcome();
      } catch (reason) {
        reportFailure(reason);
      }
    }
    const blocked = scheduler.left.map((thread) => ({ task: scheduler.names.ofThread(thread), operations: scheduler.waitsOf(thread) }));
    const { redundant } = this.#chooser;
    const { holdsSignal } = scheduler;
    this.#chooser.end();
    const ending = this.#ending();
    const tell = (failures: readonly unknown[]): void => {
      this.#uninstall();
      const failed = failures.length > 0 && !redundant;
      this.#resolve({
        kind: failed ? "exception" : kind,
        error: failed ? failures[0] : error,
        outcomes: this.#outcomes,
        blocked,
        holdsSignal,
        choices: [...this.#chooser.choices],
        scheduler,
        redundant,
      });
    };
    // What fails from the end on is nobody's finding: it is heard, and forgotten before the next run.
    eventLoopTurn(() => {
      const failures = failuresHeard();
      if (ending) ending.end(() => { eventLoopTurn(() => { tell(failures); }); });
      else tell(failures);
    });
  }

  /** How to end what is left, if anything is. */
  #ending(): Ending | undefined {
    const scheduler = this.#scheduler;
    const first = this.#main.id;
    if (leftSince(first).length > 0) {
      const controlled = {
        first,
        waiters: () => scheduler.waiters(),
        takePending: () => scheduler.items.map((item) => () => { item.proceed(); }),
        arm: (ms: number, fire: () => void) => scheduler.arm(ms, fire),
        nextTimer: () => scheduler.nextTimer(),
      };
      return new Ending(controlled, cancelOf(this.#settings));
    }
    control(undefined);
    return undefined;
  }
}
