/**
 * A receiver as the source of a flow: it is used as it is.
 *
 * Where the flow may not cancel it, those who wait at it for the flow are known, so that they see the end when the flow is left.
 */
import type { Receiver } from "../../core/channel-types.ts";
import { External, performable, Performable, type Nothing } from "../../core/operation.ts";
import { release, withdraw, type Outcome, type Waiter, type WaitPlace } from "../../core/wait-queue.ts";
import { Chain, type Linked } from "../../support/chain.ts";
import type { CaseKey } from "../../errors.ts";
import { Origin, type CleanUp, type Ownership } from "../origin.ts";
import { end, type Result } from "../result.ts";

export class ReceiverOrigin extends Origin {
  readonly operation: Performable<Result>;
  readonly source: Receiver<unknown>;
  readonly #follows: CleanUp | undefined;

  /** `follows`: the clean-up of the source, if that is a flow. */
  constructor(source: Receiver<unknown>, ownership: Ownership, follows: CleanUp | undefined) {
    super(ownership);
    this.source = source;
    this.#follows = follows;
    const receiving = performable(source.nexting(), "flow");
    this.operation = ownership.preventCancel ? new Lent(receiving, new Chain()) : receiving;
  }

  override get cleansUpOutside(): boolean {
    return this.#follows !== undefined && (this.#follows.traits & External) !== 0;
  }

  protected override stop(reason: unknown): void {
    this.source.cancel(reason);
    if (this.#follows) this.cleanUp.follow(this.#follows);
  }

  protected override release(): void {
    if (this.operation instanceof Lent) this.operation.giveBack();
  }
}

/** A receive of a source that is lent to a flow. */
class Lent extends Performable<Result> implements WaitPlace {
  readonly #inner: Performable<Result>;
  readonly #waiting: Chain<LentWaiter>;
  #back = false;

  constructor(inner: Performable<Result>, waiting: Chain<LentWaiter>) {
    super();
    this.#inner = inner;
    this.#waiting = waiting;
  }

  override toString(): string {
    return String(this.#inner);
  }

  override get traits(): number {
    return this.#inner.traits;
  }

  override prepare(): Performable<Result> {
    const inner = this.#inner.prepare();
    return inner === this.#inner ? this : new Lent(inner, this.#waiting);
  }

  override footprint(): void {
    this.#inner.footprint();
  }

  override attempt(): Result | Nothing {
    return this.#back ? end : this.#inner.attempt();
  }

  override enlist(waiter: Waiter): void {
    const inside = new LentWaiter(waiter, this.#waiting);
    waiter.place = this;
    waiter.slot = inside;
    this.#waiting.add(inside);
    this.#inner.enlist(inside);
  }

  withdraw(waiter: Waiter): void {
    const inside = waiter.slot as LentWaiter;
    release(waiter);
    inside.leave();
  }

  /** It is the owner's again: who waits for the flow sees the end. */
  giveBack(): void {
    this.#back = true;
    for (const waiting of this.#waiting) {
      waiting.leave();
      waiting.goOn("value", end);
    }
  }
}

class LentWaiter implements Waiter, Linked<LentWaiter> {
  next: Waiter | undefined = undefined;
  previous: Waiter | undefined = undefined;
  place: WaitPlace | undefined = undefined;
  slot: unknown = undefined;
  before: LentWaiter | undefined = undefined;
  after: LentWaiter | undefined = undefined;
  readonly #outside: Waiter;
  readonly #all: Chain<LentWaiter>;

  constructor(outside: Waiter, all: Chain<LentWaiter>) {
    this.#outside = outside;
    this.#all = all;
  }

  get key(): CaseKey | undefined {
    return this.#outside.key;
  }

  leave(): void {
    this.#all.remove(this);
    withdraw(this);
  }

  resume(how: Outcome, what: unknown): void {
    this.#all.remove(this);
    this.goOn(how, what);
  }

  goOn(how: Outcome, what: unknown): void {
    release(this.#outside);
    this.#outside.resume(how, what);
  }
}
