/**
 * The inbound half: one buffer, one line of those who read, and the units in which they take bytes.
 *
 * 1. Receives, lines and exact reads are views of one buffer: what one of them has left, the next one finds.
 * 2. First come, first served, whatever each waits for: while somebody is in line nobody passes.
 * 3. A read takes its bytes in the step in which it happens; one that is withdrawn has taken none.
 * 4. More is wanted while less than `readBuffer` is held, or while somebody waits: who waits bounds himself, by `maxLine` or
 *    by the count he asked for.
 * 5. The end comes after the bytes that came before it: the peer's FIN, or an error. Giving up on the own side (`close`,
 *    `cancel`) comes at once, and what still arrives is dropped.
 * 6. Lines are split as bytes and decoded whole: '\n' ends a line, one '\r' before it is no part of it.
 * 7. A line that is longer than `maxLine` fails one read, as soon as that is known, and its bytes are dropped up to its end.
 *
 *        push ─► bytes ─► first in line: enough for it? ─► take, resume ─► next in line
 *                                                no     ─► all wait
 *
 * It knows nothing of sockets: whoever feeds it is told by `onWanting` that it wants more.
 *
 * Idea: asyncio's StreamReader, with the waiting, the limit and the end mended.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import { touch } from "../core/controller.ts";
import { enqueue } from "../core/scheduler.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { ClosedError, type CaseKey } from "../errors.ts";
import { Bytes } from "./bytes.ts";
import { IncompleteReadError } from "./errors.ts";
import { ShortLines } from "./lines.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** What a unit answers when there will never be another one. */
export const atEnd: unique symbol = Symbol("at the end");
/** See {@link atEnd}. */
export type AtEnd = typeof atEnd;

/** One who reads, as seen from the line. */
export interface Read<T> {
  /** The view, or the loop over one, that it reads through, if any. */
  readonly view: object | undefined;
  readonly loop?: object | undefined;
  /** Takes its bytes now, gives `nothing`, or throws. */
  take(key: CaseKey | undefined): T | Nothing;
}

/** How the inbound half has ended. Until then, there is no end. */
type End =
  | { by: "peer" } // its FIN
  | { by: "failure"; error: unknown }
  | { by: "close" | "cancel"; cause: unknown };

/** What a reader is told when it is made. */
export interface ReaderOptions {
  /** What errors call it: "connection to 127.0.0.1:80". */
  name: string;
  readBuffer: number;
  maxLine: number;
  /** Whether what it waits for comes from outside of the library. `true`. */
  outer?: boolean;
  /** Called when more is wanted. */
  onWanting: () => void;
}

/** A line that tells when its first has left and others are still there. */
class ReadersLine extends WaitQueue {
  readonly #onFirstLeft: () => void;

  constructor(onFirstLeft: () => void) {
    super();
    this.#onFirstLeft = onFirstLeft;
  }

  override withdraw(waiter: Waiter): void {
    const wasFirst = waiter === this.first;
    super.withdraw(waiter);
    if (wasFirst && !this.empty) this.#onFirstLeft();
  }
}

/** Bytes in, reads out. */
export class Reader {
  readonly name: string;
  readonly outer: boolean;
  readonly #readBuffer: number;
  readonly #maxLine: number;
  readonly #onWanting: () => void;
  readonly #bytes = new Bytes();
  readonly #shortLines = new ShortLines(this.#bytes);
  readonly #waiting = new ReadersLine(() => { this.#firstLeft(); });
  #serving = false;
  #end: End | undefined = undefined;
  /** In the middle of a line that was too long. */
  #skipping = false;
  /** Up to this position there is no line feed. */
  #lineSearched = 0;
  #received = 0;

  constructor({ name, readBuffer, maxLine, outer = true, onWanting }: ReaderOptions) {
    this.name = name;
    this.outer = outer;
    this.#readBuffer = readBuffer;
    this.#maxLine = maxLine;
    this.#onWanting = onWanting;
    touch(this, "make");
  }

  /** Those who read, for a controller to know. */
  get receivers(): WaitQueue {
    return this.#waiting;
  }

  // -- The side of the socket --

  /** Whether it takes more bytes now. */
  get wanting(): boolean {
    return this.#bytes.length < this.#readBuffer || !this.#waiting.empty;
  }

  /** How many bytes have come. */
  get received(): number {
    return this.#received;
  }

  /** How many of them are held. */
  get buffered(): number {
    return this.#bytes.length;
  }

  /** Bytes have come; their memory is the reader's from here on. */
  push(chunk: Uint8Array): void {
    touch(this, "deliver");
    this.#received += chunk.byteLength;
    if (this.#end !== undefined) return; // given up on
    let kept = chunk;
    if (this.#skipping) {
      const end = chunk.indexOf(lineFeed);
      if (end === -1) return;
      this.#skipping = false;
      kept = chunk.subarray(end + 1);
    }
    if (kept.byteLength === 0) return;
    this.#bytes.push(kept);
    this.#serve();
  }

  /** The peer has ended its side. */
  finish(): void {
    this.#endBy({ by: "peer" });
  }

  /** The connection has failed. */
  fail(error: unknown): void {
    this.#endBy({ by: "failure", error });
  }

  #endBy(end: End): void {
    touch(this, "end of what comes");
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#serve();
  }

  // -- The own side --

  /** The connection was ended on this side: reads fail from here on. */
  close(cause: unknown): void {
    touch(this);
    if (this.#end?.by === "close") return;
    this.#end = { by: "close", cause };
    this.#dropAll();
  }

  /** Nobody wants to read any more: reads see the end from here on. */
  cancel(cause: unknown): boolean {
    touch(this, "cancel");
    if (this.#end?.by === "close" || this.#end?.by === "cancel") return false;
    this.#end = { by: "cancel", cause };
    this.#dropAll();
    return true;
  }

  #dropAll(): void {
    this.#bytes.clear();
    this.#serve();
    this.#onWanting();
  }

  // -- Those who read --

  /** What a reading gets now, unless somebody is in line before it. */
  attempt<T>(reading: Read<T>, key: CaseKey | undefined): T | Nothing {
    touch(this, "read");
    if (!this.#waiting.empty) return nothing;
    const held = this.#bytes.length;
    try {
      return reading.take(key);
    } finally {
      if (this.#bytes.length < held) this.#onWanting();
    }
  }

  /** Join the line. */
  join<T>(waiter: Waiter, reading: Read<T>): void {
    waiter.slot = reading;
    this.#waiting.join(waiter);
    this.#onWanting();
  }

  /** Who was behind the one that gave up may find enough; in a turn of its own, since he may give up in this very step. */
  #firstLeft(): void {
    if (!this.#serving) enqueue({ run: () => { this.#serve(); this.#onWanting(); } });
  }

  /** Serve those in line, in order, as far as the bytes go. */
  #serve(): void {
    this.#serving = true; // who is let go here is no one who gives up
    for (let first = this.#waiting.first; first !== undefined && this.#served(first); first = this.#waiting.first);
    this.#serving = false;
  }

  /** Whether this one, who is in line, has now got something. */
  #served(waiter: Waiter): boolean {
    let value: unknown;
    try {
      value = (waiter.slot as Read<unknown>).take(waiter.key);
    } catch (error) {
      this.#waiting.withdraw(waiter);
      waiter.resume("error", error);
      return true;
    }
    if (value === nothing) return false;
    this.#waiting.withdraw(waiter);
    waiter.resume("value", value);
    return true;
  }

  /** Serve those who wait for a view, or for a loop over one, that has ended, wherever they stand. */
  dismiss(ended: object): void {
    const leaving: Waiter[] = [];
    for (let waiter = this.#waiting.first; waiter !== undefined; waiter = waiter.next) {
      const { view, loop } = waiter.slot as Read<unknown>;
      if (view === ended || loop === ended) leaving.push(waiter);
    }
    if (leaving.length === 0) return;
    this.#serving = true;
    // One who goes may take others of the same select along.
    for (const waiter of leaving) if (waiter.place === this.#waiting) this.#served(waiter);
    this.#serve();
    this.#onWanting();
  }

  // -- What can be read: each unit takes its bytes and gives a value, or changes nothing, or throws --

  /** Some bytes. */
  chunk(): Uint8Array | Nothing | AtEnd {
    const { inOnePiece } = this.#bytes;
    if (inOnePiece > 0) return this.#bytes.take(Math.min(inOnePiece, this.#readBuffer));
    return this.#exhausted();
  }

  /** A line, if it is a short one that is there and nobody is in line: what `line` gives, for a fifth less of the time of a loop. */
  shortLine(): string | undefined {
    touch(this, "read");
    const line = this.#waiting.empty ? this.#shortLines.take(this.#maxLine) : undefined;
    if (line !== undefined) this.#onWanting();
    return line;
  }

  /** A line. */
  line(fatal: boolean): string | Nothing | AtEnd {
    const bytes = this.#bytes;
    const short = fatal ? undefined : this.#shortLines.take(this.#maxLine);
    if (short !== undefined) return short;
    const end = bytes.indexOf(lineFeed, Math.max(0, this.#lineSearched - bytes.taken));
    if (end !== -1) {
      const length = end > 0 && bytes.at(end - 1) === carriageReturn ? end - 1 : end;
      return this.#lineOf(length, end + 1, fatal);
    }
    this.#lineSearched = bytes.taken + bytes.length;
    if (this.#end?.by === "peer" && bytes.length > 0) return this.#lineOf(bytes.length, bytes.length, fatal);
    if (this.#end !== undefined) return this.#exhausted();
    const certain = bytes.at(bytes.length - 1) === carriageReturn ? bytes.length - 1 : bytes.length;
    if (certain <= this.#maxLine) return nothing;
    this.#skipping = true;
    return this.#lineOf(certain, bytes.length, fatal);
  }

  #lineOf(length: number, withEnd: number, fatal: boolean): string {
    try {
      if (length <= this.#maxLine) return this.#bytes.text(length, fatal);
    } finally {
      this.#bytes.drop(withEnd);
    }
    throw new RangeError(
      `a line on the ${this.name} is longer than maxLine, ${String(this.#maxLine)} bytes; it is dropped up to its end. ` +
        "If such lines are meant to be, set the option maxLine.",
    );
  }

  /** Exactly `count` bytes. */
  exactly(count: number): Uint8Array | Nothing {
    if (this.#bytes.length >= count) return this.#bytes.take(count);
    return this.#incomplete(count);
  }

  /** Everything up to and with a separator, which is not in what comes before `from`. */
  until(separator: Uint8Array, from: number): Uint8Array | Nothing {
    const bytes = this.#bytes;
    const begin = bytes.indexOf(separator, Math.max(0, from - bytes.taken));
    const length = begin === -1 ? bytes.length - separator.byteLength + 1 : begin;
    if (length > this.#maxLine) {
      throw new RangeError(
        `readUntil on the ${this.name} did not find its separator within maxLine, ${String(this.#maxLine)} bytes; no byte was taken. ` +
          "If there may be that many, set the option maxLine.",
      );
    }
    if (begin !== -1) return bytes.take(begin + separator.byteLength);
    return this.#incomplete(undefined);
  }

  /** The position before which a separator of this length cannot begin, after a search that did not find it. */
  searched(separatorLength: number): number {
    return this.#bytes.taken + Math.max(0, this.#bytes.length - separatorLength + 1);
  }

  /** There are too few bytes, of so many or up to a separator: more may come, or never. */
  #incomplete(expected: number | undefined): Nothing {
    if (this.#exhausted() === nothing) return nothing;
    const partial = this.#bytes.take(this.#bytes.length);
    const verb = expected === undefined ? "readUntil" : `readExactly(${String(expected)})`;
    throw new IncompleteReadError(
      `${verb} on the ${this.name}: it has ended after ${String(partial.byteLength)} bytes, which are in partial`,
      partial,
      expected,
    );
  }

  /** More may come; or never, for this reason. */
  #exhausted(): Nothing | AtEnd {
    if (this.#end === undefined) return nothing;
    if (this.#end.by === "failure") throw this.#end.error;
    return atEnd;
  }

  // -- The end, for those who get it as an error --

  /** Whether reads fail because this side has closed the connection. */
  get closedHere(): boolean {
    return this.#end?.by === "close";
  }

  closed(key: CaseKey | undefined): ClosedError {
    const end = this.#end;
    const cause = end?.by === "close" || end?.by === "cancel" ? end.cause : undefined;
    const why =
      end?.by === "close" ? "which was shut down or destroyed on this side"
      : end?.by === "cancel" ? "whose receiving side was cancelled"
      : "which is at its end: the peer has sent everything. Use next(), readLine() or for await to see the end as data";
    return new ClosedError(`read on the ${this.name}, ${why}.`, { cause, case: key });
  }
}
