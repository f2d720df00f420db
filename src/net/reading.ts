/**
 * Every way of reading, as an operation on a reader; and views, which make a receiver of one way.
 *
 * 1. A reading is performed in the reader's line, so that those who read in different ways are served in their order.
 * 2. Cancelling a view ends the view: the bytes stay for others.
 *
 * Idea: operations over one buffer, where asyncio's StreamReader has a coroutine for each.
 */
import { mayBeCancelled } from "../core/cancel-context.ts";
import { Iteration, theEnd } from "../core/iteration.ts";
import { nothing, Performable, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, ready, rejectedNow } from "../core/perform.ts";
import { forDeno, forNode, standing } from "../support/printing.ts";
import { touch } from "../core/controller.ts";
import type { Receiver } from "../core/channel-types.ts";
import type { Waiter } from "../core/wait-queue.ts";
import { ClosedError, show, tagOf, type CaseKey } from "../errors.ts";
import { atEnd, type AtEnd, type Read, type Reader } from "./reader.ts";

/** A read, as an operation. */
abstract class Reading<T> extends Performable<T> implements Read<T> {
  protected readonly reader: Reader;

  constructor(reader: Reader) {
    super();
    this.reader = reader;
  }

  /** The view it reads through, if any. */
  get view(): View<unknown> | undefined {
    return undefined;
  }

  override get outer(): boolean {
    return this.reader.outer;
  }

  override footprint(): void {
    touch(this.reader, "read");
  }

  override toString(): string {
    return `read on the ${this.reader.name}`;
  }

  /** Takes its bytes now, gives `nothing`, or throws. */
  abstract take(key: CaseKey | undefined): T | Nothing;

  override attempt(key?: CaseKey): T | Nothing {
    return this.reader.attempt(this, key);
  }

  override enlist(waiter: Waiter): void {
    this.reader.join(waiter, this);
  }
}

/** `readExactly`. */
export class ReadingExactly extends Reading<Uint8Array> {
  readonly #count: number;

  constructor(reader: Reader, count: number) {
    super(reader);
    if (typeof (count as unknown) !== "number" || !Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`readExactly takes a whole number of bytes from 0 up; got ${String(count)}`);
    }
    this.#count = count;
  }

  override take(key: CaseKey | undefined): Uint8Array | Nothing {
    if (this.reader.closedHere) throw this.reader.closed(key);
    return this.reader.exactly(this.#count);
  }
}

/** `readUntil`: performed once, since it remembers how far it has searched. */
export class ReadingUntil extends Reading<Uint8Array> {
  readonly #separator: Uint8Array;
  #from = 0;

  constructor(reader: Reader, separator: string | Uint8Array) {
    super(reader);
    this.#separator = new Uint8Array(bytesOf(separator, "a separator")); // a copy: the slice of a Buffer would be none
    if (this.#separator.byteLength === 0) throw new RangeError("readUntil takes a separator of at least one byte; got an empty one");
  }

  override take(key: CaseKey | undefined): Uint8Array | Nothing {
    if (this.reader.closedHere) throw this.reader.closed(key);
    const piece = this.reader.until(this.#separator, this.#from);
    if (piece === nothing) this.#from = this.reader.searched(this.#separator.byteLength);
    return piece;
  }
}

/** `readLine`. */
export class ReadingLine extends Reading<string | undefined> {
  readonly #fatal: boolean;

  constructor(reader: Reader, fatal: boolean) {
    super(reader);
    this.#fatal = fatal;
  }

  override take(key: CaseKey | undefined): string | undefined | Nothing {
    const line = this.reader.line(this.#fatal);
    if (line !== atEnd) return line;
    if (this.reader.closedHere) throw this.reader.closed(key);
    return undefined;
  }
}

class Receiving<T> extends Reading<T> {
  readonly #view: View<T>;

  constructor(reader: Reader, view: View<T>) {
    super(reader);
    this.#view = view;
  }

  override get view(): View<T> {
    return this.#view;
  }

  override take(key: CaseKey | undefined): T | Nothing {
    const value = this.#view.take();
    if (value === atEnd) throw this.#view.closed(key);
    return value;
  }
}

class Nexting<T> extends Reading<IteratorResult<T, undefined>> {
  readonly #view: View<T>;

  constructor(reader: Reader, view: View<T>) {
    super(reader);
    this.#view = view;
  }

  override get view(): View<T> {
    return this.#view;
  }

  override take(): IteratorResult<T, undefined> | Nothing {
    const value = this.#view.take();
    return value === nothing ? nothing : resultOf(value);
  }
}

/** The `next` of a loop: the end once the loop has ended, and no byte is taken. */
class Looping<T> extends Nexting<T> {
  readonly loop: ViewLoop<T>;

  constructor(reader: Reader, view: View<T>, loop: ViewLoop<T>) {
    super(reader, view);
    this.loop = loop;
  }

  override take(): IteratorResult<T, undefined> | Nothing {
    return this.loop.over ? theEnd() : super.take();
  }
}

/** The iterator of a loop over a view. */
class ViewLoop<T> extends Iteration<T> {
  readonly #reader: Reader;
  readonly #view: View<T>;
  readonly #nexting: Nexting<T>;
  over = false;

  constructor(reader: Reader, view: View<T>) {
    super();
    this.#reader = reader;
    this.#view = view;
    this.#nexting = new Looping(reader, view, this);
  }

  protected take(): Promise<IteratorResult<T, undefined>> {
    return this.#view.perform(this.#nexting);
  }

  protected leave(): void {
    this.over = true;
    this.#reader.dismiss(this);
  }
}

function resultOf<T>(value: T | AtEnd): IteratorResult<T, undefined> {
  return value === atEnd ? theEnd() : { done: false, value };
}

/** The reader's units of one kind, as a receiver. Cancelling a view ends the view: the bytes stay for others. */
export class View<T> implements Receiver<T>, Read<T | AtEnd> {
  readonly #reader: Reader;
  readonly #unit: () => T | Nothing | AtEnd;
  readonly #atOnce: (() => T | undefined) | undefined;
  #cancelled: { reason: unknown } | undefined = undefined;
  // An operation describes and does nothing, so one is enough for all.
  #receiving: Receiving<T> | undefined = undefined;
  #nexting: Nexting<T> | undefined = undefined;

  /** `atOnce` is a shorter way to units that are there and that nobody is in line for: `undefined` when it finds none. */
  constructor(reader: Reader, unit: () => T | Nothing | AtEnd, atOnce?: () => T | undefined) {
    this.#reader = reader;
    this.#unit = unit;
    this.#atOnce = atOnce;
  }

  toString(): string {
    return standing(`Lines of the ${this.#reader.name}`, this.#cancelled !== undefined && "cancelled");
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  get view(): this {
    return this;
  }

  take(): T | Nothing | AtEnd {
    return this.#cancelled === undefined ? this.#unit() : atEnd;
  }

  closed(key: CaseKey | undefined): ClosedError {
    if (this.#cancelled === undefined) return this.#reader.closed(key);
    return new ClosedError(`receive on lines of the ${this.#reader.name}, which were cancelled; the connection can still be read.`, {
      cause: this.#cancelled.reason,
      case: key,
    });
  }

  receive(options?: WaitOptions): Promise<T> {
    return perform(this.receiving(), options);
  }

  receiving(): Operation<T> {
    return (this.#receiving ??= new Receiving(this.#reader, this));
  }

  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    return this.perform(this.nexting(), options);
  }

  /** Perform one of its `nexting`. */
  perform(nexting: Operation<IteratorResult<T, undefined>>, options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    if (options !== undefined || mayBeCancelled()) return perform(nexting, options);
    // What is there already is given without an operation, which would be a third of the time that a short line takes.
    try {
      const there = this.#cancelled === undefined ? this.#atOnce?.() : undefined;
      if (there !== undefined) return ready({ done: false, value: there });
      const value = this.#reader.attempt(this, undefined);
      return value === nothing ? perform(nexting) : ready(resultOf(value));
    } catch (error) {
      return rejectedNow(error);
    }
  }

  nexting(): Operation<IteratorResult<T, undefined>> {
    return (this.#nexting ??= new Nexting(this.#reader, this));
  }

  tryReceive(): IteratorResult<T, undefined> | undefined {
    const value = this.#reader.attempt(this, undefined);
    return value === nothing ? undefined : resultOf(value);
  }

  cancel(reason?: unknown): boolean {
    if (this.#cancelled !== undefined) return false;
    this.#cancelled = { reason };
    this.#reader.dismiss(this);
    return true;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ViewLoop(this.#reader, this);
  }
}

/** The bytes that come, as a receiver. */
export function viewOfChunks(reader: Reader): View<Uint8Array> {
  return new View(reader, () => reader.chunk());
}

/** The lines that come, as a receiver. */
export function viewOfLines(reader: Reader, fatal: boolean): View<string> {
  return new View(reader, () => reader.line(fatal), fatal ? undefined : () => reader.shortLine());
}

/** A string as UTF-8, bytes as they are, or a clear error. */
export function bytesOf(data: unknown, what: string): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  if (tagOf(data) === "Uint8Array") return data as Uint8Array;
  throw new TypeError(`${what} is a string or a Uint8Array; got ${show(data)}`);
}
