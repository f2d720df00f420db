/**
 * Sending to a channel and receiving from it, as operations. A send carries its value; the two receives differ in what they make of the end.
 */
import type { CaseKey } from "../errors.ts";
import { touch } from "../core/controller.ts";
import { nothing, Performable, type Nothing } from "../core/operation.ts";
import type { Waiter, WaitQueue } from "../core/wait-queue.ts";

/** What a send needs of its channel. */
interface SendingSide<T> {
  readonly senders: WaitQueue;
  give(value: T, key?: CaseKey): boolean;
  describe(queue: WaitQueue): string;
}

/** What a receive needs of its channel, of whatever values that is. */
export interface ReceivingSide {
  readonly receivers: WaitQueue;
  canReceive(): boolean;
  take(asResult: boolean, key?: CaseKey): unknown;
  describe(queue: WaitQueue): string;
}

/** A loop: it asks for one result after the other, and knows which waiters are its own. */
export interface Looping {
  joined(waiter: Waiter): void;
  left(waiter: Waiter): void;
}

export class Sending<T> extends Performable<void> {
  declare readonly channel: SendingSide<T>;
  declare readonly value: T;

  constructor(channel: SendingSide<T>, value: T) {
    super();
    this.channel = channel;
    this.value = value;
  }

  override toString(): string {
    return this.channel.describe(this.channel.senders);
  }

  override footprint(): void {
    touch(this.channel.senders);
  }

  override attempt(key?: CaseKey): undefined | Nothing {
    return this.channel.give(this.value, key) ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.channel.senders.join(waiter, this.value);
  }
}

export class Receiving<T> extends Performable<T> {
  declare readonly channel: ReceivingSide;
  declare readonly asResult: boolean | Looping;

  constructor(channel: ReceivingSide, asResult: boolean | Looping) {
    super();
    this.channel = channel;
    this.asResult = asResult;
  }

  override toString(): string {
    return this.channel.describe(this.channel.receivers);
  }

  override footprint(): void {
    touch(this.channel.receivers);
  }

  override wouldHappen(): boolean {
    return this.channel.canReceive();
  }

  override attempt(key?: CaseKey): T | Nothing {
    return this.channel.canReceive() ? (this.channel.take(this.asResult !== false, key) as T) : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.channel.receivers.join(waiter, this.asResult);
    if (typeof this.asResult === "object") this.asResult.joined(waiter);
  }
}

/** What is handed to a receiver that asks for a result. */
export function resultFor(receiver: Waiter, value: unknown): IteratorResult<unknown, undefined> {
  if (receiver.slot !== true) (receiver.slot as Looping).left(receiver);
  return { done: false, value };
}
