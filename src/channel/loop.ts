/**
 * Loops over a channel. A loop's waiter has the loop in its slot, and the loop knows its waiters: so it leaves the line wherever it stands, however long
 * that is.
 */
import { mayBeCancelled } from "../core/cancel-context.ts";
import { Receiving, type Looping, type ReceivingSide } from "./operations.ts";
import { controller } from "../core/controller.ts";
import { Iteration, theEnd } from "./iteration.ts";
import type { Operation } from "../core/operation.ts";
import { parkIn } from "../core/park.ts";
import { perform } from "../core/perform.ts";
import { ready, rejectedNow } from "../core/settled.ts";
import { withdraw, type Waiter } from "../core/wait-queue.ts";

/** The iterator of a loop over a channel. */
export class Loop<T> extends Iteration<T> implements Looping {
  readonly #channel: ReceivingSide;
  /** The waiters of its calls of `next`, usually one. A cancelled one has left the line already. */
  #one: Waiter | undefined = undefined;
  #others: Set<Waiter> | undefined = undefined;
  /** How many others there are before those are looked for that were cancelled: twice as many as were left the last time. */
  #enough = 16;

  constructor(channel: ReceivingSide) {
    super();
    this.#channel = channel;
  }

  protected take(): Promise<IteratorResult<T, undefined>> {
    const channel = this.#channel;
    if (controller !== undefined || mayBeCancelled()) return perform(this.nexting());
    try {
      if (channel.canReceive()) return ready(channel.take(true) as IteratorResult<T, undefined>);
      const result = parkIn<IteratorResult<T, undefined>>(channel.receivers, this);
      this.joined(channel.receivers.last as Waiter);
      return result;
    } catch (error) {
      return rejectedNow(error);
    }
  }

  /** Its `next`, described. */
  nexting(): Operation<IteratorResult<T, undefined>> {
    return new Receiving(this.#channel, this);
  }

  joined(waiter: Waiter): void {
    if (this.#one?.slot !== this) this.#one = waiter;
    else {
      this.#others ??= new Set();
      if (this.#others.size >= this.#enough) {
        for (const other of this.#others) if (other.slot !== this) this.#others.delete(other);
        this.#enough = Math.max(16, 2 * this.#others.size);
      }
      this.#others.add(waiter);
    }
  }

  left(waiter: Waiter): void {
    if (this.#one === waiter) this.#one = undefined;
    else this.#others?.delete(waiter);
  }

  leave(): void {
    for (const receiver of [this.#one, ...this.#others ?? []]) {
      if (receiver?.slot !== this) continue;
      withdraw(receiver);
      receiver.resume("value", theEnd());
    }
    this.#one = this.#others = undefined;
  }
}
