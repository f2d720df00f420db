/**
 * Iterators of receivers: each loop has one of its own, and they share the values.
 *
 * 1. Ended by `return` (as `break` does) or `throw`, it takes nothing more: what is pending of `next` leaves its line, and gives the end.
 * 2. It ends alone: the receiver, and other loops over it, go on.
 *
 * Idea: the iterators of async generators, whose `return` would wait for what is pending.
 */
import { ready, rejectedNow } from "../core/settled.ts";

export const theEnd = (): IteratorReturnResult<undefined> => ({ done: true, value: undefined });

export abstract class Iteration<T> implements AsyncIterator<T, undefined>, AsyncIterable<T> {
  #over = false;

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#over ? ready(theEnd()) : this.take();
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return ready(theEnd());
  }

  throw(error: unknown): Promise<never> {
    this.#end();
    return rejectedNow(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.leave();
  }

  /** What the receiver's own `next` gives. */
  protected abstract take(): Promise<IteratorResult<T, undefined>>;

  /** Withdraw what is pending of it, and have it give the end. */
  protected abstract leave(): void;
}
