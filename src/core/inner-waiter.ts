/**
 * Waiters inside of an operation that is made of others, such as a choice or a map. They wait on behalf of its performer.
 */
import type { CaseKey } from "../errors.ts";
import type { Outcome, Waiter, WaitPlace } from "./wait-queue.ts";

/** An operation made of others. Its performer waits in it as in a place. */
export interface Around extends WaitPlace {
  /** The operation that the inner waiter waits for has begun to happen. */
  commit(outside: Waiter, chosen: InnerWaiter): void;
  /** The operation under this key has happened, and nothing waits inside any more: resume the performer. */
  happened(outside: Waiter, key: CaseKey | undefined, how: Outcome, what: unknown): void;
}

/** Complete, without a base class: see `BareWaiter`. */
export class InnerWaiter implements Waiter {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: WaitPlace | undefined;
  declare slot: unknown;
  /** On whose behalf it waits. A choice that has withdrawn it clears that. */
  declare outside: Waiter | undefined;
  declare readonly around: Around;
  declare readonly ownKey: CaseKey | undefined;

  constructor(outside: Waiter, around: Around, ownKey?: CaseKey) {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
    this.outside = outside;
    this.around = around;
    this.ownKey = ownKey;
  }

  get key(): CaseKey | undefined {
    return this.outside?.key ?? this.ownKey;
  }

  commit(): void {
    this.around.commit(this.outside as Waiter, this);
  }

  resume(how: Outcome, what: unknown): void {
    const outside = this.outside as Waiter;
    const { around } = this;
    around.withdraw(outside);
    around.happened(outside, this.ownKey, how, what);
  }
}
