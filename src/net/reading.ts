/**
 * A read, as an operation: it cuts one unit from what has come, or waits in the reader's line until it can.
 *
 * Idea: one operation for every way of reading, where asyncio's StreamReader has a coroutine for each.
 */
import { External, type Nothing, Performable } from "../core/operation.ts";
import { touch } from "../core/controller.ts";

import type { Waiter } from "../core/wait-queue.ts";
import type { CaseKey, ClosedError } from "../errors.ts";
import { atEnd, type Unit } from "./inbound.ts";
import type { Read, Reader } from "./reader.ts";

/** What a read goes through: a view, or a loop over one. It may end before the connection does. */
export interface Source {
  readonly over: boolean;
  /** The end, for a unit that does not give it as a value. */
  closed(key: CaseKey | undefined): ClosedError;
}

export class Reading<T> extends Performable<T> implements Read<T> {
  readonly #reader: Reader;
  readonly #unit: Unit<T>;
  readonly #source: Source | undefined;

  /** `source`: left out, it is the connection itself. */
  constructor(reader: Reader, unit: Unit<T>, source?: Source) {
    super();
    this.#reader = reader;
    this.#unit = unit;
    this.#source = source;
  }

  override get traits(): number {
    return this.#reader.outer ? External : 0;
  }

  override footprint(): void {
    touch(this.#reader, "read");
  }

  override toString(): string {
    return `read on the ${this.#reader.name}`;
  }

  override attempt(key?: CaseKey): T | Nothing {
    return this.#reader.attempt(this, key);
  }

  override enlist(waiter: Waiter): void {
    this.#reader.join(waiter, this);
  }

  get over(): boolean {
    return this.#source?.over === true;
  }

  take(key: CaseKey | undefined): T | Nothing {
    const { inbound } = this.#reader;
    const value = this.#unit.cut(inbound);
    if (value === atEnd) throw (this.#source ?? inbound).closed(key);
    return value;
  }
}
