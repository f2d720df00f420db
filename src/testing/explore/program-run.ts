/**
 * One run of a program under control, from its start to its verdict.
 *
 * 1. Time moves only when nobody can go on. When main has ended it stands still, and a task that still sleeps or waits is left behind. Where timers
 *    race, the next one may fire earlier, and time goes on after main's end.
 * 2. A run that has become long goes on in an order in which everybody has a turn, and time moves now and then. It counts as endless if it does not
 *    end so, either.
 * 3. A failure that nobody has handled by the end is the verdict, whatever else is wrong: it often causes the rest.
 */
import { reportFailure } from "../../platform/unhandled.ts";
import { controller, everything } from "../../core/controller.ts";
import { control } from "../../core/scheduler.ts";
import { now } from "../../platform/macrotask.ts";
import type { CancelledError } from "../../errors.ts";
import type { Body } from "../../task/body.ts";
import { named, Task } from "../../task/task.ts";
import type { Chooser } from "../strategies/chooser.ts";
import { Ending, lastCancel, leftSince } from "../scheduler/ending.ts";
import { eventLoopTurn, whenQuiet } from "../scheduler/platform.ts";
import { failuresHeard, forgetFailures, hearFailures, reserveProcess } from "../scheduler/process-hooks.ts";
import { forgetThreads, type Item, type Thread } from "../scheduler/thread.ts";
import { ControlledScheduler, type AtOnce, type Manner } from "../scheduler/controlled-scheduler.ts";
import type { Schedule } from "../strategies/schedule.ts";
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
  /** A random number from 0 up to, and without, 1. Each task draws its own, the same in every run; `Math.random` does so, too. */
  readonly random: () => number;
}

/** A program to explore: like a task, it may be an async, a plain or a generator function. It has to be made anew by every call. */
export type Program = (context: ExploreContext) => unknown;

/** How a run is judged. */
export interface RunSettings {
  readonly maxSteps: number;
  readonly timers: "quiescent" | "race";
  readonly leaks: "fail" | "ignore";
  readonly endless?: "fail" | "ignore";
  readonly invariant: (() => void) | undefined;
  readonly seed: number;
  /** When the time is over, by the real clock. */
  readonly deadline?: number;
}

/** A task that has not ended, and what it waits for. */
export interface Blocked {
  /** Its name. */
  readonly task: string;
  /** The operations; none: it waits for something that is not the library's. Who could go on is not listed. */
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
  readonly schedule: Schedule;
  readonly scheduler: ControlledScheduler;
  /** It was given up, because another run is the same. */
  readonly redundant: boolean;
  /** It was given up, because the time was over, or because it did not end. */
  readonly stopped: "late" | "endless" | undefined;
}

/**
 * Take the process for runs, as soon as what an earlier program has left to do is done: its failures are not those of the runs. Who listens for an
 * abort may do anything, so the scheduler of the run is told. The result gives the process back.
 */
export async function takeProcessForRuns(who: string): Promise<() => void> {
  const release = reserveProcess(who);
  for (let turns = 0; turns < 2; turns++) await new Promise<void>((resolve) => { eventLoopTurn(resolve); });
  const stopHearing = hearFailures();
  const { abort } = AbortController.prototype; // eslint-disable-line @typescript-eslint/unbound-method -- it is put back as it was
  AbortController.prototype.abort = function (reason?: unknown): void {
    if (controller instanceof ControlledScheduler) controller.accessed(everything, "abort");
    abort.call(this, reason);
  };
  return () => {
    AbortController.prototype.abort = abort;
    forgetThreads();
    stopHearing();
    release();
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
export function runOnce(
  program: Program, chooser: Chooser, settings: RunSettings, manner: Manner = { production: false, raced: settings.timers === "race" },
  atOnce: AtOnce = "a choice",
): Promise<Verdict | undefined> {
  const scheduler = new ControlledScheduler(chooser, manner, atOnce);
  if (!chooser.begin(scheduler)) return Promise.resolve(undefined);
  return new Promise((resolve) => { new Run(program, scheduler, chooser, manner, settings, resolve).begin(); });
}

/** So many timers may fire one after the other while tasks can go on, where they race. */
const timersInARow = 3;
/** Where everybody has a turn, a timer fires after so many turns; or, with production's own wake-ups, so often that wake-ups were held. */
const turnsPerTimer = 64;
const burstsPerTimer = 2;
/** Where timers race, time moves so often after main's end. */
const movesAfterEnd = 1000;
/** After so many turns the clock is looked at. */
const turnsPerLook = 64;

const main = named("main", (program: Program, context: ExploreContext) => program(context));

class Run {
  readonly #chooser: Chooser;
  readonly #manner: Manner;
  readonly #settings: RunSettings;
  readonly #resolve: (verdict: Verdict) => void;
  readonly #scheduler: ControlledScheduler;
  readonly #main: Task<unknown>;
  readonly #outcomes: string[] = [];
  #timersInARow = 0;
  #sinceTimer = 0;
  #movesAfterEnd = 0;
  #nextLook = turnsPerLook;
  #stopped: Verdict["stopped"] = undefined;
  readonly #uninstall: () => void;
  readonly #step: () => void = () => { this.step(); };

  constructor(
    program: Program, scheduler: ControlledScheduler, chooser: Chooser, manner: Manner, settings: RunSettings, resolve: (verdict: Verdict) => void,
  ) {
    this.#manner = manner;
    this.#chooser = chooser;
    this.#settings = settings;
    this.#resolve = resolve;
    this.#scheduler = scheduler;
    const random = (): number => scheduler.random(settings.seed);
    const context: ExploreContext = {
      outcome: (key) => { this.#outcomes.push(key); },
      choose: <T>(...values: readonly [T, ...T[]]) => {
        const value = values[chooser.value(values.length)] as T;
        scheduler.chose(value);
        return value;
      },
      random,
    };
    this.#uninstall = installVirtualClock(() => scheduler.agenda.now, random);
    forgetFailures();
    control(scheduler);
    this.#main = new Task<unknown>(main as Body<unknown[], unknown>, [program, context]);
  }

  /** With production's own wake-ups it has begun. */
  begin(): void {
    if (this.#manner.production) whenQuiet(this.#step);
    else this.step();
  }

  /** Everything is quiet: the next one goes on, or it is over. */
  step(): void {
    const { maxSteps, invariant } = this.#settings;
    const { turns } = this.#scheduler;
    this.#scheduler.quiet();
    try {
      invariant?.();
    } catch (error) {
      this.#end("exception", error);
      return;
    }
    if (turns >= maxSteps) this.#chooser.beginFairness();
    if (this.#chooser.redundant || this.#isLate(turns)) this.#end("ok", undefined);
    else if (turns >= 2 * maxSteps && this.#settings.endless === "ignore") this.#cut();
    else if (turns >= 2 * maxSteps) this.#end("livelock", new Error(`it has not ended after ${String(maxSteps)} steps, nor after as many more in which everybody had a turn`));
    else {
      const items = this.#candidates();
      const item = items.length === 0 ? undefined : this.#fair ? this.#inTurn(items) : this.#chooser.next(items);
      if (item) this.#goOn(item);
      else if (items.length === 0) this.#judge();
      else this.#end("ok", undefined);
    }
  }

  #cut(): void {
    this.#stopped = "endless";
    this.#end("ok", undefined);
  }

  #goOn(item: Item): void {
    const isTimer = this.#scheduler.run(item);
    this.#timersInARow = isTimer ? this.#timersInARow + 1 : 0;
    this.#sinceTimer = isTimer ? 0 : this.#sinceTimer + 1;
    whenQuiet(this.#step);
  }

  /** Whether its time is over: then nothing is known of it. */
  #isLate(turns: number): boolean {
    if (turns < this.#nextLook) return false;
    this.#nextLook = turns + turnsPerLook;
    if (now() <= (this.#settings.deadline ?? Infinity)) return false;
    this.#stopped = "late";
    return true;
  }

  /** Who may go on now; time moves if nobody can. */
  #candidates(): readonly Item[] {
    const { agenda } = this.#scheduler;
    const { raced } = this.#manner;
    const items = agenda.alternatives;
    if (items.length === 0) return this.#timeMoves && agenda.advance() ? agenda.alternatives : items;
    return raced && !this.#fair && this.#timersInARow < timersInARow ? [...items, ...agenda.next] : items;
  }

  /** When main has ended time stands still; or, where timers race, it stands still some time later. */
  get #timeMoves(): boolean {
    return !this.#over || (this.#manner.raced && ++this.#movesAfterEnd < movesAfterEnd);
  }

  get #fair(): boolean {
    return this.#chooser.fair || this.#manner.production;
  }

  /** Everybody has a turn, and time moves now and then. */
  #inTurn(items: readonly Item[]): Item | undefined {
    const patience = this.#manner.production ? burstsPerTimer : turnsPerTimer;
    return (this.#sinceTimer >= patience ? this.#scheduler.agenda.next[0] : undefined) ?? items[0];
  }

  get #over(): boolean {
    const { state } = this.#main;
    return state !== "pending" && state !== "running";
  }

  #judge(): void {
    const scheduler = this.#scheduler;
    const { left } = scheduler;
    const foreign = left.filter((thread) => !scheduler.controls(thread));
    if (left.length === 0 || (this.#over && this.#settings.leaks === "ignore")) this.#end("ok", undefined);
    else if (this.#over && this.#movesAfterEnd >= movesAfterEnd) this.#end("ok", undefined); // they still wait for timers
    else if (foreign.length > 0) this.#end("uncontrolled", this.#outside(foreign));
    else this.#end(this.#over ? "leak" : "deadlock", undefined);
  }

  #outside(foreign: readonly Thread[]): Error {
    const names = foreign.map((thread) => JSON.stringify(this.#scheduler.names.ofThread(thread))).join(", ");
    return new Error(
      `${names} ${foreign.length > 1 ? "await" : "awaits"} something outside of the library: a timer, I/O, or a promise of another. ` +
        "Stand in for it with a channel, a sleep or a task",
    );
  }

  #end(kind: Verdict["kind"], error: unknown): void {
    const scheduler = this.#scheduler;
    if (kind === "ok" && this.#over && this.#main.state !== "done" && !this.#chooser.redundant && !this.#stopped) {
      try {
        this.#main.outcome();
      } catch (reason) {
        reportFailure(reason);
      }
    }
    const { left } = scheduler;
    const blocked = left
      .filter((thread) => scheduler.isBlocked(thread))
      .map((thread) => ({ task: scheduler.names.ofThread(thread), operations: scheduler.waitsOf(thread) }));
    const { redundant } = this.#chooser;
    const holdsSignal = left.length > 0 && scheduler.holdsSignal;
    this.#chooser.end();
    const ending = this.#ending();
    const tell = (failures: readonly unknown[]): void => {
      this.#uninstall();
      const failed = failures.length > 0 && !redundant && !this.#stopped;
      this.#resolve({
        kind: failed ? "exception" : kind,
        error: failed ? failures[0] : error,
        outcomes: this.#outcomes,
        blocked,
        holdsSignal,
        schedule: { manner: this.#manner, choices: [...this.#chooser.choices] },
        scheduler,
        redundant,
        stopped: this.#stopped,
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
        takePending: () => scheduler.agenda.items.map((item) => () => { item.proceed(); }),
        arm: (ms: number, fire: () => void) => scheduler.arm(ms, fire),
        nextTimer: () => scheduler.agenda.nextTimer(),
      };
      return new Ending(controlled, cancelOf(this.#settings));
    }
    control(undefined);
    return undefined;
  }
}
