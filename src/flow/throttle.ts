/**
 * `throttle`: a permit of a rate limiter for each value.
 *
 * 1. A permit is taken in the step in which its value is; the end and an error need none.
 * 2. Without a permit no value is taken that is in a channel already. Of other sources nobody can tell whether they have a value, and a channel tells of its
 *    end only those who stand in its line: so one may be in hand, whose permit is waited for; it is the next receiver's.
 *
 * Idea: the conjunction of two receives of Concurrent ML's successors, for a value and a permit.
 */
import { Channel } from "../channel/channel.ts";
import { nothing, type Nothing, type Performable } from "../core/operation.ts";
import { withdraw, type Outcome } from "../core/wait-queue.ts";
import { Looking, ViewWaiter } from "./looking.ts";
import type { Tower } from "./pipeline.ts";
import type { Result } from "./result.ts";
import { ReceiverOrigin } from "./sources/receiver.ts";

export class Throttling extends Looking {
  readonly #taking: Performable<void>;
  /** The source, if it is a channel, which can be asked without taking anything. */
  readonly #channel: Channel<unknown> | undefined;
  readonly #permitWaiter: ViewWaiter = new ViewWaiter({ arrived: (how, what) => { this.#permitted(how, what); } });
  #held: Result | undefined = undefined;
  /** A permit that was waited for, and has come. */
  #permit = false;

  constructor(under: Tower, taking: Performable<void>) {
    super(under);
    this.#taking = taking;
    const source = under.top === undefined && under.origin instanceof ReceiverOrigin ? under.origin.source : undefined;
    this.#channel = source instanceof Channel ? (source as Channel<unknown>) : undefined;
  }

  protected override get keeps(): boolean {
    return this.#held !== undefined || this.#permitWaiter.place !== undefined;
  }

  protected override get standsBelow(): boolean {
    return !this.#held && !this.#hasValue;
  }

  #claim(): boolean {
    if (this.#permit) {
      this.#permit = false;
      return true;
    }
    return this.#taking.prepare().attempt() !== nothing;
  }

  protected override kept(): Result | Nothing {
    const held = this.#held;
    if (!held || !this.#claim()) return nothing;
    this.#held = undefined;
    this.note();
    return held;
  }

  /** A value is there, and no permit. */
  override get stopped(): boolean {
    if (this.#held) return true;
    if (this.#permit || !this.#hasValue) return false;
    this.#permit = this.#claim(); // for the value that is taken in this very step
    return !this.#permit;
  }

  get #hasValue(): boolean {
    const channel = this.#channel;
    return channel !== undefined && (channel.size > 0 || !channel.senders.empty);
  }

  override take(result: Result): Result | Nothing {
    if (result.done === true || this.#claim()) return result;
    this.#held = result;
    this.note();
    return nothing;
  }

  override arrived(how: Outcome, what: unknown): void {
    if (how === "value" && (what as Result).done !== true && this.#claim()) {
      this.handOver(how, what);
      if (this.first) this.standAgain();
    } else super.arrived(how, what);
  }

  protected override waits(): void {
    this.looked();
  }

  /** Somebody waits: for a permit, if a value is there. */
  protected override looked(): void {
    if (this.#permitWaiter.place || this.#permit || !(this.#held || this.#hasValue)) return;
    const taking = this.#taking.prepare();
    if (taking.attempt() === nothing) {
      taking.enlist(this.#permitWaiter);
      this.note();
    } else {
      this.#permit = true;
      this.schedule();
    }
  }

  #permitted(how: Outcome, what: unknown): void {
    if (how === "value") {
      this.#permit = true;
      this.schedule();
    } else super.arrived(how, what); // the limiter refuses: that is the receiver's
  }

  protected override rest(): void {
    withdraw(this.#permitWaiter);
    super.rest();
  }

  protected override letGo(): void {
    const held = this.#held;
    this.#held = undefined;
    withdraw(this.#permitWaiter);
    if (held) this.under.origin.drop(held.value);
    this.schedule(); // those who wait see the end
  }
}
