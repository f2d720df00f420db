/** The side of a connection that reads: each verb, and its gerund, cuts one unit from the same bytes. */
import { mayBeCancelled } from "../core/cancel-context.ts";
import { knownOptions, type Known } from "../support/given.ts";
import type { Receiver } from "../channel/channel-types.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { perform, promised, ready, rejectedNow } from "../core/perform.ts";
import type { LineOptions, ReadLineOptions, ReadUntilOptions, UntilOptions } from "./connection.ts";
import type { Unit } from "./inbound.ts";
import { Reader, type ReaderOptions } from "./reader.ts";
import { Reading } from "./reading.ts";
import { atMost, chunk, exactly, line, orUndefined, until, type Separators } from "./units.ts";
import { View } from "./view.ts";

export abstract class InboundSide implements Receiver<Uint8Array> {
  protected readonly reader: Reader;
  readonly #chunks: View<Uint8Array>;

  constructor(options: ReaderOptions) {
    this.reader = new Reader(options);
    this.#chunks = new View(this.reader, chunk);
  }

  receive(options?: WaitOptions): Promise<Uint8Array> {
    return this.#chunks.receive(options);
  }

  receiving(): Operation<Uint8Array> {
    return this.#chunks.receiving();
  }

  next(options?: WaitOptions): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#chunks.next(options);
  }

  nexting(): Operation<IteratorResult<Uint8Array, undefined>> {
    return this.#chunks.nexting();
  }

  tryReceive(): IteratorResult<Uint8Array, undefined> | undefined {
    return this.#chunks.tryReceive();
  }

  cancel(reason?: unknown): boolean {
    return this.reader.cancel(reason);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array, undefined> {
    return this.#chunks[Symbol.asyncIterator]();
  }

  lines(options: LineOptions = {}): Receiver<string> {
    return new View(this.reader, line(knownOptions(options, lineOptions, "lines"), "lines"));
  }

  readLine(options?: ReadLineOptions): Promise<string | undefined> {
    // A line that is there is given without an operation, which takes two thirds of the time of a short one.
    const there = options === undefined && !mayBeCancelled() ? this.reader.atOnce(anyLine) : undefined;
    if (there !== undefined) return ready(there);
    return promised(() => {
      if (options === undefined) return perform(this.#reading(anyLineOrUndefined));
      const { signal, ...how } = knownOptions(options, readLineOptions, "readLine");
      return perform(this.#reading(orUndefined(line(how, "readLine"))), waitOf(signal));
    });
  }

  readingLine(options: LineOptions = {}): Operation<string | undefined> {
    return this.#reading(orUndefined(line(knownOptions(options, lineOptions, "readingLine"), "readingLine")));
  }

  readUntil(separators: Separators, options: ReadUntilOptions = {}): Promise<Uint8Array> {
    return promised(() => {
      const { signal, maxLine } = knownOptions(options, readUntilOptions, "readUntil");
      return perform(this.#reading(until(separators, maxLine)), waitOf(signal));
    });
  }

  readingUntil(separators: Separators, options: UntilOptions = {}): Operation<Uint8Array> {
    return this.#reading(until(separators, knownOptions(options, untilOptions, "readingUntil").maxLine));
  }

  readExactly(n: number, options?: WaitOptions): Promise<Uint8Array> {
    try {
      return perform(this.readingExactly(n), options);
    } catch (error) {
      return rejectedNow(error);
    }
  }

  readingExactly(n: number): Operation<Uint8Array> {
    return this.#reading(exactly(n));
  }

  peek(n: number, options?: WaitOptions): Promise<Uint8Array> {
    return promised(() => perform(this.peeking(n), options));
  }

  peeking(n: number): Operation<Uint8Array> {
    return this.#reading(atMost(n));
  }

  #reading<T>(unit: Unit<T>): Operation<T> {
    return new Reading(this.reader, unit);
  }
}

const anyLine = line({}, "readLine");
const anyLineOrUndefined = orUndefined(anyLine);

const waitOf = (signal: AbortSignal | undefined): WaitOptions | undefined => (signal === undefined ? undefined : { signal });

const lineOptions: Known<LineOptions> = { fatal: true, maxLine: true };
const readLineOptions: Known<ReadLineOptions> = { ...lineOptions, signal: true };
const untilOptions: Known<UntilOptions> = { maxLine: true };
const readUntilOptions: Known<ReadUntilOptions> = { ...untilOptions, signal: true };
