/**
 * Threads, and what goes on in them: what the controlled scheduler keeps of a run.
 *
 * A thread is what can be at one point only. A task is one; what it begins while it already waits (`Promise.all`) is a thread more, with the same root.
 */
import type { Actor, everything, Verb, Waited } from "../../core/controller.ts";

export class Thread {
  readonly key: string;
  readonly root: Thread;
  readonly task: Actor | undefined;
  /** What it is called, if it is no task. */
  readonly name: string;
  /** What it waits for, and as which waiter. */
  waits: { waiter: object; what: Waited } | undefined = undefined;
  /** Its task has ended. */
  over = false;
  /** It is about to go on. */
  ready = false;
  /** Other threads of the same root. */
  readonly others: Thread[] = [];
  /** How many tasks and timers it has made so far, and how many other things. */
  made = 0;
  named = 0;

  constructor(key: string, task: Actor | undefined, root?: Thread, name = "a timer") {
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
  proceed(): void;
}

export interface Timer extends Item {
  readonly at: number;
}

/** What has happened when something went on. */
export interface Step {
  readonly thread: Thread;
  readonly enabler: number;
  /** What it has looked at or changed. */
  readonly touched: (object | typeof everything)[];
  /** For the trace: what it did, and whom it woke. */
  readonly events: Event[];
}

export interface Event {
  readonly kind: "does" | "wakes" | "starts" | "waits" | "ends";
  /** What it did, to what; or what it waits for. */
  readonly verb?: Verb | undefined;
  readonly what?: object | undefined;
  /** Whom it woke or started. */
  readonly thread?: Thread;
}
