/** What waits for a writer, as operations: for a send, for the rest of one, for the end of all. */
import type { Verb } from "../core/controller.ts";
import { touch } from "../core/controller.ts";
import { External, nothing, Performable, type Nothing } from "../core/operation.ts";
import type { Waiter } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";
import type { Batch } from "./batch.ts";
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
  join(waiter: Waiter, load: Payload | Batch): void;
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

  constructor(writer: Outbound, verb: Verb = "send") {
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

  override attempt(key?: CaseKey): undefined | Nothing {
    return this.isReady(key) ? undefined : nothing;
  }

  /** Whether there is nothing to wait for; throws when it fails. */
  protected abstract isReady(key: CaseKey | undefined): boolean;
}

/** The same, of something that is on its way. */
abstract class WritingOf<T> extends Writing {
  protected readonly what: T;

  constructor(writer: Outbound, what: T) {
    super(writer);
    this.what = what;
  }
}

/** A send. It is never ready at once, save an empty one: it begins to write when it is waited for. */
export class Sending extends WritingOf<Payload> {
  protected override isReady(key: CaseKey | undefined): boolean {
    this.writer.check(key);
    return lengthOf(this.what) === 0;
  }

  override enlist(waiter: Waiter): void {
    this.writer.join(waiter, this.what);
  }
}

/** Several sends, which were checked. */
export class SendingTogether extends WritingOf<Batch> {
  protected override isReady(): boolean {
    return false;
  }

  override enlist(waiter: Waiter): void {
    this.writer.join(waiter, this.what);
  }
}

/** The rest of a send whose write has begun. */
export class Landing extends WritingOf<Flight> {
  protected override isReady(key: CaseKey | undefined): boolean {
    return this.writer.landed(this.what, key);
  }

  override enlist(waiter: Waiter): void {
    this.writer.joinFlight(waiter, this.what);
  }
}

/** Waits until everything is out, FIN included. */
export class Flushing extends Writing {
  constructor(writer: Outbound) {
    super(writer, "closeWrite");
  }

  protected override isReady(): boolean {
    return this.writer.flushed();
  }

  override enlist(waiter: Waiter): void {
    this.writer.joinFlushing(waiter);
  }
}

/** Waits until everything before it is written; nothing behind it is, until the writer goes on. */
export class Barrier extends Writing {
  protected override isReady(key: CaseKey | undefined): boolean {
    this.writer.check(key);
    return false;
  }

  override enlist(waiter: Waiter): void {
    this.writer.joinBarrier(waiter);
  }
}
