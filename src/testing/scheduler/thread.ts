/**
 * Threads, and what goes on in them: what the controlled scheduler keeps of a run.
 *
 * A thread is what can be at one point only. A task is one; what it begins while it already waits (`Promise.all`) is a thread more, with the same root.
 */
import type { Actor, everything, Verb, Waited } from "../../core/controller.ts";
import { contexts, type Carried } from "../../platform/async-context.ts";

export class Thread {
  /** The run that it is part of. */
  readonly run: object;
  readonly key: string;
  readonly root: Thread;
  readonly task: Actor | undefined;
  /** What it is called, if it is no task. */
  readonly name: string;
  /** What it waits for, and as which waiter. */
  waits: { waiter: object; what: Waited; event: Event } | undefined = undefined;
  /** It is about to go on. */
  ready = false;
  /** Its task has ended. */
  over = false;
  /** What it does at present, of those with the same root. */
  line: Line | undefined = undefined;
  /** The last thing that it did. */
  last: Deed | undefined = undefined;
  /** What it has waited for, or done, before it goes on. */
  from: Event | undefined = undefined;
  /** Its own random numbers. */
  random: (() => number) | undefined = undefined;
  /** Other threads of the same root. */
  readonly others: Thread[] = [];
  /** How many tasks and timers it has made so far, and how many other things. */
  made = 0;
  named = 0;

  constructor(run: object, key: string, task?: Actor, root?: Thread, name = "a timer") {
    this.run = run;
    this.key = key;
    this.task = task;
    this.root = root ?? this;
    this.name = name;
  }

  get idle(): boolean {
    return !this.waits && !this.ready;
  }

  /** It, and all that have the same root. */
  get all(): Thread[] {
    return [this.root, ...this.root.others];
  }
}

/** Something that may be picked to go on next. */
export interface Item {
  readonly thread: Thread;
  /** The step that has made it ready; -1 before the first. */
  readonly enabler: number;
  /** It has let everybody else go first. */
  readonly yields?: boolean;
  proceed(): void;
}

export interface Timer extends Item {
  readonly at: number;
  /** Nobody waits for it. */
  isIdle(): boolean;
}

/** What was picked, up to the next quiet moment. */
export interface Step {
  readonly thread: Thread;
  readonly enabler: number;
  /** What it has looked at or changed. */
  readonly touched: (object | typeof everything)[];
}

/** For the trace: what one thread did between two waits. */
export interface Line {
  readonly thread: Thread;
  /** What it had waited for, or done. */
  readonly from: Event | undefined;
  readonly events: Event[];
}

/** What was done, to what. */
export interface Deed {
  readonly verb: Verb;
  readonly what: object | undefined;
  /** It was done at once, by a synchronous verb. */
  readonly atOnce: boolean;
  /** Whether those whom it wakes go on at once; not known before it wakes somebody. */
  wakesAtOnce: boolean | undefined;
  /** The trace tells of it already. */
  told: Event | undefined;
}

export interface Event {
  readonly kind: "does" | "wakes" | "starts" | "waits" | "chooses" | "ends";
  /** What it did, to what; or what it waits for; or the scope whose body it starts. */
  readonly verb?: Verb | undefined;
  readonly what?: object | undefined;
  /** In whose lines it waits. */
  readonly lines?: readonly (object | typeof everything)[];
  /** Whom it woke or started, or who ended. */
  readonly thread?: Thread;
  /** What was chosen. */
  readonly value?: unknown;
}

// -- Whose code runs: several threads may go on between two quiet moments, and the platform's async contexts tell them apart, where it has such. --

let carried: Carried<Thread> | undefined;

/** Whether the code of several threads is told apart: only then can one go on in the middle of another one's step. */
export function threadsAreToldApart(): boolean {
  return contexts !== undefined;
}

/** The thread, a root, of the running code, if that is known. */
export function runningThread(): Thread | undefined {
  return carried?.getStore();
}

/** Run a function, and whatever it leads to, as part of a thread. */
export function runAsThread(thread: Thread, f: () => void): void {
  carried ??= contexts?.carry<Thread>();
  if (carried) carried.run(thread, f);
  else f();
}

/** A function that has another one run in the present async context, in a later microtask: promises carry it. */
export function inThisContext(run: () => void): () => void {
  let proceed: () => void = run;
  void new Promise<void>((resolve) => { proceed = resolve; }).then(run);
  return proceed;
}

/** Nobody asks any more, for now. */
export function forgetThreads(): void {
  carried?.disable?.();
}
