/**
 * The waits of a cancel context.
 */
import type { PromiseWaiter } from "../../core/park.ts";

/** Mostly there is one at a time, and that one needs no set. */
export class WaitSet implements Iterable<PromiseWaiter> {
  #one: PromiseWaiter | undefined = undefined;
  #others: Set<PromiseWaiter> | undefined = undefined;

  get empty(): boolean {
    return this.#one === undefined && !this.#others?.size;
  }

  add(waiter: PromiseWaiter): void {
    if (this.#one === undefined) this.#one = waiter;
    else (this.#others ??= new Set()).add(waiter);
  }

  remove(waiter: PromiseWaiter): void {
    if (this.#one === waiter) this.#one = undefined;
    else this.#others?.delete(waiter);
  }

  /** The waiter that the iterator has given last may leave meanwhile. */
  *[Symbol.iterator](): Iterator<PromiseWaiter> {
    if (this.#one !== undefined) yield this.#one;
    if (this.#others !== undefined) yield* this.#others;
  }
}
