/**
 * A subscription: one subscriber's part of a broadcast.
 *
 * It can take a value if somebody receives from it, if it has room, or by its own `overflow`. Replayed values come first, and take no room.
 */
import { touch } from "../core/controller.ts";
import type { ChannelOptions } from "../channel/channel-types.ts";
import { nothing, type Nothing } from "../core/operation.ts";
import { Queue } from "../support/queue.ts";
import { Origin } from "./origin.ts";
import { end, opened, Receive, type Result } from "./result.ts";

/** A broadcast, as its subscriptions see it. */
export interface Spreading {
  /** Calls of `onDrop`, to be made once the handover is complete. */
  readonly drops: (() => void)[];
  /** What subscribers see when they have received all; `undefined`: more may come. */
  readonly over: Result | undefined;
  /** Let waiting senders go on, as far as all subscribers can take their values. */
  advance(): void;
  /** A subscriber without room polls. */
  rendezvous(subscription: Subscription): { value: unknown } | undefined;
  unsubscribe(subscription: Subscription): void;
}

export class SubscriptionOrigin extends Origin {
  readonly operation: Subscription;

  constructor(subscription: Subscription, onDrop: ((value: unknown) => void) | undefined) {
    super({ name: subscription.name, preventCancel: false, onDrop });
    this.operation = subscription;
    subscription.onDrop = (value): void => { this.drop(value); };
  }

  protected override stop(): void {
    this.operation.leave();
  }
}

/** One subscriber's part; as an operation, a receive of its next value. */
export class Subscription extends Receive {
  readonly #broadcast: Spreading;
  readonly number: number;
  readonly #capacity: number;
  readonly #overflow: NonNullable<ChannelOptions<unknown>["overflow"]>;
  readonly #replayed: Queue<unknown> = new Queue();
  #buffer: Queue<unknown> = new Queue();
  #left = false;

  /** Gets what its overflow drops. */
  onDrop: (value: unknown) => void = () => { /* set at once */ };

  constructor(broadcast: Spreading, number: number, { capacity = 0, overflow = "wait" }: ChannelOptions<unknown>, name: string, replayed: Queue<unknown>) {
    super(name);
    this.#broadcast = broadcast;
    this.number = number;
    this.#capacity = capacity;
    this.#overflow = overflow;
    for (let count = replayed.size; count > 0; count--) { // once around
      const value = replayed.shift();
      replayed.push(value);
      this.#replayed.push(value);
    }
  }

  get canTake(): boolean {
    return !this.line.empty || this.#buffer.size < this.#capacity || this.#overflow !== "wait";
  }

  take(value: unknown): void {
    const receiver = this.line.take();
    if (receiver) receiver.resume("value", { done: false, value });
    // Over its room without an overflow: its receiver was another case of one that got it first.
    else if (this.#buffer.size < this.#capacity || this.#overflow === "wait") this.#buffer.push(value);
    else if (this.#overflow === "drop-newest" || this.#capacity === 0) this.#drop(value);
    else {
      this.#drop(this.#buffer.shift());
      this.#buffer.push(value);
    }
  }

  #drop(value: unknown): void {
    this.#broadcast.drops.push(() => { this.onDrop(value); });
  }

  override footprint(): void {
    touch(this.#broadcast);
  }

  override attempt(): Result | Nothing {
    const broadcast = this.#broadcast;
    touch(broadcast, "receive");
    if (this.#left) return end;
    if (!this.line.empty) return nothing;
    if (this.#replayed.size > 0) return { done: false, value: this.#replayed.shift() };
    if (this.#buffer.size > 0) {
      const value = this.#buffer.shift();
      broadcast.advance();
      return { done: false, value };
    }
    const met = this.#capacity === 0 ? broadcast.rendezvous(this) : undefined;
    if (met) return { done: false, value: met.value };
    const { over } = broadcast;
    return over ? opened(over) : nothing;
  }

  /** No more values come. */
  ended(how: Result): void {
    this.tellEnd(how);
  }

  leave(): void {
    this.#left = true;
    const buffer = this.#buffer;
    this.#buffer = new Queue();
    for (const queue of [this.#replayed, buffer]) while (queue.size > 0) this.onDrop(queue.shift());
    this.tellEnd(end);
    this.#broadcast.unsubscribe(this);
  }
}
