/**
 * A receiver as the source of a flow: it is used as it is.
 *
 * Where the flow may not cancel it, those who wait at it for the flow are known, so that they see the end when the flow is left.
 */
import type { Receiver } from "../../channel/channel-types.ts";
import { Enclosing } from "../../core/map.ts";
import { External, performable, type Nothing, type Performable } from "../../core/operation.ts";
import { withdraw, type Waiter } from "../../core/wait-queue.ts";
import { Origin, type CleanUp, type Ownership } from "../origin.ts";
import { end, type Result } from "../result.ts";

export class ReceiverOrigin extends Origin {
  readonly operation: Performable<Result>;
  readonly source: Receiver<unknown>;
  readonly #follows: CleanUp | undefined;

  /** `follows`: the clean-up of the source, if that is a flow. */
  constructor(source: Receiver<unknown>, ownership: Ownership, follows?: CleanUp) {
    super(ownership);
    this.source = source;
    this.#follows = follows;
    const receiving = performable(source.nexting(), "flow");
    this.operation = ownership.preventCancel ? new Lent(receiving) : receiving;
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

/** What the receives of a lent source have in common. */
interface Loan {
  /** Those who wait for the flow at the source. */
  readonly waiting: Set<Waiter>;
  /** It is the owner's again. */
  over: boolean;
}

/** A receive of a source that is lent to a flow. */
class Lent extends Enclosing<Result, Result> {
  readonly #loan: Loan;

  constructor(inner: Performable<Result>, loan: Loan = { waiting: new Set(), over: false }) {
    super(inner);
    this.#loan = loan;
  }

  protected override like(inner: Performable<Result>): Lent {
    return new Lent(inner, this.#loan);
  }

  override attempt(): Result | Nothing {
    return this.#loan.over ? end : this.inner.attempt();
  }

  override enlist(waiter: Waiter): void {
    this.#loan.waiting.add(waiter);
    super.enlist(waiter);
  }

  override withdraw(waiter: Waiter): void {
    this.#loan.waiting.delete(waiter);
    super.withdraw(waiter);
  }

  /** It is the owner's again: who waits for the flow sees the end. */
  giveBack(): void {
    this.#loan.over = true;
    for (const waiter of this.#loan.waiting) {
      withdraw(waiter);
      waiter.resume("value", end);
    }
  }
}
