/**
 * Reads: one line of them, whatever each waits for.
 *
 * 1. All ways of reading cut the same bytes: what one of them has left, the next one finds.
 * 2. First come, first served: while somebody is in line nobody passes.
 * 3. A read takes its bytes in the step in which it happens; one that is withdrawn has taken none.
 * 4. More is wanted while less than `readBuffer` is held, or while somebody waits: a read that waits is bounded by `maxLine`, or by the
 *    count that it asked for.
 *
 *        push ─► bytes ─► first in line: enough for it? ─► take, resume ─► next in line
 *                                                no     ─► all wait
 *
 * It knows nothing of sockets: it calls `onWanting` when it wants more.
 *
 * Idea: asyncio's StreamReader, with the waiting, the limit and the end mended.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import { tellMade, touch } from "../core/controller.ts";
import { enqueue } from "../core/scheduler.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";
import { Inbound, type InboundOptions, type Unit } from "./inbound.ts";

/** One read, as the line sees it. */
export interface Read<T> {
  /** It ends now, wherever it stands in line. */
  readonly over: boolean;
  /** Takes its bytes now, gives `nothing`, or throws. */
  take(key: CaseKey | undefined): T | Nothing;
}

/** How a reader is made. */
export interface ReaderOptions extends InboundOptions {
  /** Whether what it waits for comes from outside of the library. `true`. */
  outer?: boolean;
  /** Called when more is wanted. */
  onWanting: () => void;
}

/** The line of a reader. */
class ReadersLine extends WaitQueue {
  readonly #reader: Reader;
  readonly #onFirstLeft: () => void;

  constructor(reader: Reader, onFirstLeft: () => void) {
    super(reader);
    this.#reader = reader;
    this.#onFirstLeft = onFirstLeft;
  }

  override withdraw(waiter: Waiter): void {
    touch(this.#reader);
    const wasFirst = waiter === this.first;
    super.withdraw(waiter);
    if (wasFirst && !this.empty) this.#onFirstLeft();
  }
}

/** Bytes in, reads out. */
export class Reader {
  readonly inbound: Inbound;
  readonly outer: boolean;
  readonly #onWanting: () => void;
  readonly #waiting = new ReadersLine(this, () => { this.#firstLeft(); });
  #serving = false;

  constructor({ outer = true, onWanting, ...inbound }: ReaderOptions) {
    this.inbound = new Inbound(inbound);
    this.outer = outer;
    this.#onWanting = onWanting;
    tellMade(this, this.#waiting);
  }

  get name(): string {
    return this.inbound.name;
  }

  /** What is waited for in its line. */
  describe(): string {
    return `read on the ${this.name}`;
  }

  // -- The side of the socket --

  /** Whether it takes more bytes now. */
  get wanting(): boolean {
    return !this.inbound.full || !this.#waiting.empty;
  }

  /** Bytes have come; the reader owns their memory. */
  push(chunk: Uint8Array): void {
    touch(this, "deliver");
    if (this.inbound.push(chunk)) this.#serve();
  }

  /** The peer has ended its side. */
  finish(): void {
    touch(this, "end of what comes");
    if (this.inbound.finish()) this.#serve();
  }

  /** The connection has failed. */
  fail(error: unknown, always?: boolean): void {
    touch(this, "end of what comes");
    if (this.inbound.fail(error, always)) this.#serve();
  }

  /** Whether somebody waits for bytes. */
  get waits(): boolean {
    return !this.#waiting.empty;
  }

  // -- This side gives up: what is here and what still comes is dropped --

  /** The connection was closed on this side: reads fail. */
  close(cause: unknown): void {
    touch(this);
    if (this.inbound.close(cause)) this.#serveEnd();
  }

  /** Nobody wants to read any more: reads see the end. */
  cancel(cause: unknown): boolean {
    touch(this, "cancel");
    const given = this.inbound.cancel(cause);
    if (given) this.#serveEnd();
    return given;
  }

  #serveEnd(): void {
    this.#serve();
    this.#onWanting();
  }

  // -- Reads --

  /** What a read gets now, unless somebody is in line before it. */
  attempt<T>(read: Read<T>, key: CaseKey | undefined): T | Nothing {
    touch(this, "read");
    if (!this.#waiting.empty) return nothing;
    const held = this.inbound.bytes.length;
    try {
      return read.take(key);
    } finally {
      if (this.inbound.bytes.length < held) this.#onWanting();
    }
  }

  /** The same without a read, for a unit that has a shorter way to what is there. */
  atOnce<T>(unit: Unit<T>): T | undefined {
    if (unit.atOnce === undefined) return undefined;
    touch(this, "read");
    const value = this.#waiting.empty ? unit.atOnce(this.inbound) : undefined;
    if (value !== undefined) this.#onWanting();
    return value;
  }

  /** Join the line. */
  join<T>(waiter: Waiter, read: Read<T>): void {
    waiter.slot = read;
    this.#waiting.join(waiter);
    this.#onWanting();
  }

  /** The read behind one that was withdrawn may find enough; in a turn of its own, since it may be withdrawn in this very step. */
  #firstLeft(): void {
    if (!this.#serving) enqueue({ run: () => { this.#serve(); this.#onWanting(); } });
  }

  /** Serve those in line, in order, as far as the bytes go. */
  #serve(): void {
    this.#serving = true; // a read that leaves the line here was not withdrawn
    for (let first = this.#waiting.first; first !== undefined && this.#served(first); first = this.#waiting.first);
    this.#serving = false;
  }

  /** Whether this one, which is in line, has now got something. */
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

  /** Serve the reads that are over, wherever they stand in line. */
  dismiss(): void {
    const leaving: Waiter[] = [];
    for (let waiter = this.#waiting.first; waiter !== undefined; waiter = waiter.next) {
      if ((waiter.slot as Read<unknown>).over) leaving.push(waiter);
    }
    if (leaving.length === 0) return;
    this.#serving = true;
    // One that leaves may take others of the same select along.
    for (const waiter of leaving) if (waiter.place === this.#waiting) this.#served(waiter);
    this.#serveEnd();
  }
}
