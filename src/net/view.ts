/**
 * Views: the units of one kind, as a receiver. Any number of them share the bytes of one connection.
 *
 * 1. Cancelling a view, or leaving a loop over one, ends that view or loop alone: the bytes stay for others.
 */
import { mayBeCancelled } from "../core/cancel-context.ts";
import { Iteration, theEnd } from "../channel/iteration.ts";
import { nothing, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, ready } from "../core/perform.ts";
import type { Receiver } from "../channel/channel-types.ts";
import { ClosedError, type CaseKey } from "../errors.ts";
import { forDeno, forNode, withFacts } from "../support/printing.ts";
import { atEnd, type AtEnd, type Inbound, type Unit } from "./inbound.ts";
import type { Reader } from "./reader.ts";
import { Reading, type Source } from "./reading.ts";

type Result<T> = IteratorResult<T, undefined>;

/** The same units, as the results of an iterator: the end is one of them. */
function asResults<T>(unit: Unit<T>): Unit<Result<T>> {
  return {
    cut(inbound) {
      const value = unit.cut(inbound);
      return value === nothing ? nothing : value === atEnd ? theEnd() : { done: false, value };
    },
  };
}

export class View<T> implements Receiver<T>, Unit<T>, Source {
  readonly #reader: Reader;
  readonly #unit: Unit<T>;
  #cancelled: { reason: unknown } | undefined = undefined;
  // An operation describes and does nothing, so one is enough for all.
  #receiving: Reading<T> | undefined = undefined;
  #nexting: Reading<Result<T>> | undefined = undefined;

  constructor(reader: Reader, unit: Unit<T>) {
    this.#reader = reader;
    this.#unit = unit;
  }

  toString(): string {
    return withFacts(`Lines of the ${this.#reader.name}`, this.over && "cancelled");
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  get over(): boolean {
    return this.#cancelled !== undefined;
  }

  cut(inbound: Inbound): T | Nothing | AtEnd {
    return this.over ? atEnd : this.#unit.cut(inbound);
  }

  closed(key: CaseKey | undefined): ClosedError {
    if (this.#cancelled === undefined) return this.#reader.inbound.closed(key);
    return new ClosedError(`receive on lines of the ${this.#reader.name}, which were cancelled; the connection can still be read.`, {
      cause: this.#cancelled.reason,
      case: key,
    });
  }

  receive(options?: WaitOptions): Promise<T> {
    return perform(this.receiving(), options);
  }

  receiving(): Operation<T> {
    return (this.#receiving ??= new Reading(this.#reader, this, this));
  }

  next(options?: WaitOptions): Promise<Result<T>> {
    return this.perform(this.#next(), options);
  }

  nexting(): Operation<Result<T>> {
    return this.#next();
  }

  #next(): Reading<Result<T>> {
    return (this.#nexting ??= new Reading(this.#reader, asResults(this), this));
  }

  /** Perform one of its `nexting`. */
  perform(nexting: Reading<Result<T>>, options?: WaitOptions): Promise<Result<T>> {
    if (options !== undefined || mayBeCancelled()) return perform(nexting, options);
    // What is there already is given without an operation, which would be a third of the time that a short line takes.
    const there = this.#cancelled === undefined ? this.#reader.atOnce(this.#unit) : undefined;
    return there === undefined ? perform(nexting) : ready({ done: false, value: there });
  }

  tryReceive(): Result<T> | undefined {
    const result = this.#next().attempt();
    return result === nothing ? undefined : result;
  }

  cancel(reason?: unknown): boolean {
    if (this.over) return false;
    this.#cancelled = { reason };
    this.#reader.dismiss();
    return true;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ViewLoop(this.#reader, this);
  }
}

/** The iterator of a loop over a view. */
class ViewLoop<T> extends Iteration<T> implements Unit<T>, Source {
  readonly #reader: Reader;
  readonly #view: View<T>;
  readonly #nexting: Reading<Result<T>>;
  #left = false;

  constructor(reader: Reader, view: View<T>) {
    super();
    this.#reader = reader;
    this.#view = view;
    this.#nexting = new Reading(reader, asResults(this), this);
  }

  get over(): boolean {
    return this.#left || this.#view.over;
  }

  cut(inbound: Inbound): T | Nothing | AtEnd {
    return this.#left ? atEnd : this.#view.cut(inbound);
  }

  closed(key: CaseKey | undefined): ClosedError {
    return this.#view.closed(key);
  }

  protected take(): Promise<Result<T>> {
    return this.#view.perform(this.#nexting);
  }

  protected leave(): void {
    this.#left = true;
    this.#reader.dismiss();
  }
}
