/** What waits for a writer, as operations: for a send, for the rest of one, for the end of all. */
import type { Verb } from "../core/controller.ts";
import { touch } from "../core/controller.ts";
import { External, nothing, Performable, type Nothing } from "../core/operation.ts";
import type { Waiter } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";
import { lengthOf, type Payload } from "./payload.ts";

/** A write that has begun. */
export interface Flight {
  /** Those whose bytes it carries, who wait for it. */
  readonly waiters: Waiter[];
  readonly landed: boolean;
}

/** A writer, as these see it. */
export interface Outbound {
  readonly name: string;
  readonly outer: boolean;
  check(key: CaseKey | undefined): void;
  join(waiter: Waiter, payload: Payload): void;
  joinBarrier(waiter: Waiter): void;
  landed(flight: Flight, key: CaseKey | undefined): boolean;
  joinFlight(waiter: Waiter, flight: Flight): void;
  flushed(): boolean;
  joinFlushing(waiter: Waiter): void;
}

/** What waits for the writer, as an operation. */
abstract class Writing extends Performable<void> {
  protected readonly writer: Outbound;
  readonly #verb: Verb;

  constructor(writer: Outbound, verb: Verb) {
    super();
    this.writer = writer;
    this.#verb = verb;
  }

  override get traits(): number {
    return this.writer.outer ? External : 0;
  }

  override footprint(): void {
    touch(this.writer, this.#verb);
  }

  override toString(): string {
    return `${this.#verb} on the ${this.writer.name}`;
  }
}

/** A send. It is never ready at once: it begins to write when it is waited for. */
export class Sending extends Writing {
  readonly #payload: Payload;

  constructor(writer: Outbound, payload: Payload) {
    super(writer, "send");
    this.#payload = payload;
  }

  override attempt(key?: CaseKey): undefined | Nothing {
    this.writer.check(key);
    return lengthOf(this.#payload) === 0 ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.writer.join(waiter, this.#payload);
  }
}

/** The rest of a send whose write has begun. */
export class Landing extends Writing {
  readonly #flight: Flight;

  constructor(writer: Outbound, flight: Flight) {
    super(writer, "send");
    this.#flight = flight;
  }

  override attempt(key?: CaseKey): undefined | Nothing {
    return this.writer.landed(this.#flight, key) ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.writer.joinFlight(waiter, this.#flight);
  }
}

/** Waits until everything is out, FIN included. */
export class Flushing extends Writing {
  constructor(writer: Outbound) {
    super(writer, "closeWrite");
  }

  override attempt(): undefined | Nothing {
    return this.writer.flushed() ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.writer.joinFlushing(waiter);
  }
}

/** Waits until everything before it is written; nothing behind it is, until the writer goes on. */
export class Barrier extends Writing {
  constructor(writer: Outbound) {
    super(writer, "send");
  }

  override attempt(key?: CaseKey): Nothing {
    this.writer.check(key);
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    this.writer.joinBarrier(waiter);
  }
}
