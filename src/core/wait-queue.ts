/**
 * Waiters, and the lines in which they wait.
 *
 * 1. First come, first served; joining, leaving from the middle and taking the first are one step each, whatever the length.
 * 2. A waiter knows the place it is in (`place`). That is cleared before the waiter is resumed, so a waiter is
 *    resumed once, and withdrawing one that has gone is harmless.
 * 3. A waiter belongs to one line at a time and carries the links itself:
 *
 *        line:  first ─► w1 ⇄ w2 ⇄ w3 ◄─ last         leave(w2):  w1 ⇄ w3
 *
 * Idea: Go's `waitq`, Guile fibers' operations.
 */
import type { CaseKey } from "../errors.ts";
import { touch } from "./controller.ts";

/** Where a waiter waits: a line, a timer, a signal. */
export interface WaitPlace {
  /** Take the waiter out, without a trace. Called at most once for each time it came here, and never after it was resumed. */
  withdraw(waiter: Waiter): void;
  /** What the waiter waits for here, for reports. */
  describe(waiter: Waiter): string;
  /** What reports have to know of that: traits of an operation. */
  readonly traits?: number;
}

/** What a waiter is resumed with: a value, an error, or a function that gives or throws it in the performer's own turn. */
export type Outcome = "value" | "error" | "result";

/** One who waits, once, for one operation. */
export interface Waiter {
  next: Waiter | undefined;
  previous: Waiter | undefined;
  /** Where it waits now. */
  place: WaitPlace | undefined;
  /** What the place keeps with it: the value to send, a timer, the cases of a choice. */
  slot: unknown;
  /** The case of a select that it waits for, for errors to name. */
  readonly key?: CaseKey | undefined;
  /** The operation happened: go on, with what it gave, in a turn of your own. `last`: nothing else is left to do in this turn, so that may be yours. */
  resume(how: Outcome, what: unknown, last?: boolean): void;
  /** The operation has begun to happen and cannot be undone: no other case can happen any more. It goes on to wait for the end. */
  commit?(): void;
}

/**
 * A waiter with nothing to it but its links.
 *
 * Those of which there is one for each wait (`PromiseWaiter`, `CaseWaiter`, ...) are complete classes instead: V8 does not dissolve a `super()` inside
 * of a `try` or the function given to a promise, which took 13 to 20 % of a handover (`node bench/run.mjs ping-pong contend fan-in`).
 */
export abstract class BareWaiter implements Waiter {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: WaitPlace | undefined;
  declare slot: unknown;

  // Fields are declared and set here because V8 runs field initializers as a call of their own for every object made.
  constructor() {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
  }

  abstract resume(how: Outcome, what: unknown): void;
}

/** What a queue belongs to. */
export interface QueueOwner {
  /** What a waiter waits for in the queue, for reports. */
  describe(queue: WaitQueue, waiter: Waiter): string;
}

/** A line of waiters. */
export class WaitQueue implements WaitPlace {
  readonly #owner: QueueOwner | undefined;
  /** The first in line, and the last. */
  first: Waiter | undefined;
  last: Waiter | undefined;

  /** `owner`: left out by a queue that describes itself. */
  constructor(owner?: QueueOwner) {
    this.#owner = owner;
  }

  get empty(): boolean {
    return this.first === undefined;
  }

  /** How many there are, for who prints it: it takes as long as the line is. */
  get length(): number {
    let length = 0;
    for (let waiter = this.first; waiter; waiter = waiter.next) length++;
    return length;
  }

  describe(waiter: Waiter): string {
    return this.#owner?.describe(this, waiter) ?? "an operation";
  }

  /** `slot`: what the place keeps with it. */
  join(waiter: Waiter, slot: unknown = waiter.slot): void {
    waiter.place = this;
    waiter.slot = slot;
    waiter.previous = this.last;
    if (this.last !== undefined) this.last.next = waiter;
    else this.first = waiter;
    this.last = waiter;
  }

  /** The first in line, who leaves it. */
  take(): Waiter | undefined {
    const { first } = this;
    if (first !== undefined) this.withdraw(first);
    return first;
  }

  /** Let everybody go, in order, with the same outcome. */
  resumeAll(how: Outcome, what: unknown): void {
    touch(this);
    for (let waiter = this.take(); waiter; waiter = this.take()) waiter.resume(how, what);
  }

  withdraw(waiter: Waiter): void {
    touch(this);
    const { next, previous } = waiter;
    if (previous !== undefined) previous.next = next;
    else this.first = next;
    if (next !== undefined) next.previous = previous;
    else this.last = previous;
    waiter.next = undefined;
    waiter.previous = undefined;
    release(waiter);
  }
}

/** Have a waiter stop waiting: no trace is left, and it will not be resumed. */
export function withdraw(waiter: Waiter): void {
  waiter.place?.withdraw(waiter);
}

/** Take note that a waiter is in no place any more. */
export function release(waiter: Waiter): void {
  waiter.place = undefined;
  waiter.slot = undefined;
}

/** What a waiter was resumed with, as a value or a throw. */
export function opened(how: Outcome, what: unknown): unknown {
  if (how === "error") throw what;
  return how === "value" ? what : (what as () => unknown)();
}
