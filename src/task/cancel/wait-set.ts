/**
 * What async functions wait for in a cancel scope.
 *
 * Mostly it is one wait at a time, and that one takes no links. A chain alone, whose code sees members of many shapes, made a handover in a
 * scope take 8 % longer (`node bench/run.mjs scope-ping-pong`).
 */
import { Chain, type Linked } from "../../support/chain.ts";

export class WaitSet<Wait extends Linked<Wait>> implements Iterable<Wait> {
  #one: Wait | undefined = undefined;
  readonly #others: Chain<Wait> = new Chain();

  get first(): Wait | undefined {
    return this.#one ?? this.#others.first;
  }

  add(wait: Wait): void {
    if (this.#one) this.#others.add(wait);
    else this.#one = wait;
  }

  remove(wait: Wait): void {
    if (this.#one === wait) this.#one = undefined;
    else this.#others.remove(wait);
  }

  /** The one that was given last may leave. */
  *[Symbol.iterator](): Iterator<Wait> {
    if (this.#one) yield this.#one;
    yield* this.#others;
  }
}
