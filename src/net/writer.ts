/**
 * The outbound half: the line of those who send.
 *
 * 1. First in, first out; one write at a time, so the bytes of each send are contiguous.
 * 2. A send happens when the kernel has all its bytes, and only while the socket is not destroyed.
 * 3. A send withdrawn from the line has written nothing. Withdrawn in the middle of its write it cannot be recalled: half a
 *    message followed by others would corrupt the stream, so the connection is given up.
 * 4. Closing comes after everything sent before it: the line, then FIN.
 *
 *        in line ─► under way ─► happens         withdrawn in line: no trace
 *                                                withdrawn under way: the connection ends
 *
 * Idea: asyncio's `drain` and trio's `send_all`, made exact.
 */
import { contextProvider } from "../core/cancel-context.ts";
import { External, nothing, type Nothing, Performable, type WaitOptions } from "../core/operation.ts";
import { perform, performIn, ready } from "../core/perform.ts";
import { tellMade, touch, type Verb } from "../core/controller.ts";
import { WaitQueue, release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { ClosedError, type CaseKey } from "../errors.ts";
import type { Transport } from "./transport.ts";

/** What it needs of a transport. */
type Outgoing = Pick<Transport, "inMemory" | "destroyed" | "errored" | "writableLength" | "write" | "end" | "once">;

/** A write that the kernel does not have yet. */
interface Flight {
  readonly length: number;
  landed: boolean;
  /** Nobody, when it is one of `trySend`, or was withdrawn. */
  waiter: Waiter | undefined;
}

/** The line of a writer. */
class SendersLine extends WaitQueue {
  readonly #writer: Writer;

  constructor(writer: Writer) {
    super(writer);
    this.#writer = writer;
  }

  override withdraw(waiter: Waiter): void {
    touch(this.#writer);
    super.withdraw(waiter);
  }
}

/** Sends in, bytes out. */
export class Writer implements WaitPlace {
  readonly name: string;
  /** Whether what it waits for comes from outside of the library. */
  readonly outer: boolean;
  readonly #transport: Outgoing;
  readonly #onAbandoned: () => void;
  readonly #waiting = new SendersLine(this);
  readonly #flushing = new WaitQueue(this);
  #flight: Flight | undefined = undefined;
  #sent = 0;
  #closing = false;
  #ended = false;
  #finished = false;
  #failure: ((key?: CaseKey) => unknown) | undefined = undefined;

  /** `name` is what errors call it; `onAbandoned` is called when a send was withdrawn in the middle of its write. */
  constructor(name: string, transport: Outgoing, onAbandoned: () => void) {
    this.name = name;
    this.outer = transport.inMemory !== true;
    this.#transport = transport;
    this.#onAbandoned = onAbandoned;
    tellMade(this, this.#waiting);
    transport.once("finish", () => {
      touch(this);
      this.#finished = true;
      for (let waiter = this.#flushing.take(); waiter !== undefined; waiter = this.#flushing.take()) waiter.resume("value", undefined);
    });
  }

  /** Whether it takes no more sends. */
  get closed(): boolean {
    return this.#closing || this.#failure !== undefined;
  }

  /** How many bytes the kernel has got, of sends that it has wholly. */
  get sent(): number {
    return this.#sent;
  }

  /** How many sends the kernel does not have wholly. */
  get waiting(): number {
    let count = this.#flight === undefined ? 0 : 1;
    for (let { first: waiter } = this.#waiting; waiter !== undefined; waiter = waiter.next) count++;
    return count;
  }

  /** Throws when it takes no more sends. */
  check(key?: CaseKey): void {
    touch(this, "send");
    if (this.#closing) {
      throw new ClosedError(
        `send on the ${this.name}, whose sending side is closed: nothing was written. Check closed first, or close after the last send.`,
        { case: key },
      );
    }
    if (this.#failure !== undefined) throw this.#failure(key);
  }

  /**
   * Send, as perform does with a {@link Sending}. Who waits for nothing else may write before it waits, and mostly has nothing left to
   * wait for: the kernel has it all. This is worth 7 % of the time of a short message there and back.
   */
  send(bytes: Uint8Array, options: WaitOptions | undefined): Promise<void> {
    const context = contextProvider?.current();
    const lone = options === undefined && context?.cancelError === undefined;
    if (!lone || bytes.byteLength === 0 || this.#flight !== undefined) return perform(new Sending(this, bytes), options);
    this.check();
    const flight = this.#write(bytes, undefined);
    return flight.landed ? ready(undefined) : performIn(context, new Landing(this, flight));
  }

  /** Write at once if nothing else is being written; false changes nothing. */
  tryWrite(bytes: Uint8Array): boolean {
    this.check();
    if (bytes.byteLength === 0) return true;
    if (this.#flight !== undefined) return false; // nobody is in line unless one is under way
    this.#write(new Uint8Array(bytes), undefined); // a copy, since the caller is not told when the kernel has it
    return true;
  }

  /** What is waited for in one of its lines, or by the send that is under way. */
  describe(where: Waiter | WaitQueue): string {
    return `${where === this.#flushing ? "closeWrite" : "send"} on the ${this.name}`;
  }

  /** Join the line. */
  join(waiter: Waiter, bytes: Uint8Array): void {
    waiter.slot = bytes;
    this.#waiting.join(waiter);
    this.#go();
  }

  /** Let the first in line write, when nobody does. */
  #go(): void {
    while (this.#flight === undefined && this.#failure === undefined) {
      const waiter = this.#waiting.first;
      if (waiter === undefined) break;
      const bytes = waiter.slot as Uint8Array;
      this.#waiting.withdraw(waiter);
      waiter.place = this;
      this.#write(bytes, waiter);
    }
    if (!this.#closing || this.#ended || this.#flight !== undefined || this.#failure !== undefined) return;
    this.#ended = true;
    this.#transport.end();
  }

  #write(bytes: Uint8Array, waiter: Waiter | undefined): Flight {
    const transport = this.#transport;
    const flight: Flight = { waiter, length: bytes.byteLength, landed: false };
    this.#flight = flight;
    transport.write(bytes, (error) => {
      // After an error or a destroy (which may come without one) the connection's end lets everybody know.
      if ((error ?? undefined) !== undefined || transport.destroyed) return;
      this.#land(flight);
      this.#go();
    });
    // The kernel often has it all at once, and the callback only comes later: nobody should be able to withdraw in between.
    if (transport.writableLength === 0 && !transport.destroyed && transport.errored === null) this.#land(flight);
    return flight;
  }

  #land(flight: Flight): void {
    if (this.#flight !== flight) return;
    touch(this);
    flight.landed = true;
    this.#flight = undefined;
    this.#sent += flight.length;
    const { waiter } = flight;
    if (waiter === undefined) return;
    release(waiter);
    waiter.resume("value", undefined);
  }

  /** The send that is under way was withdrawn. */
  withdraw(waiter: Waiter): void {
    release(waiter);
    if (this.#flight !== undefined) this.#flight.waiter = undefined;
    const cause = new Error("a send was given up in the middle of its write");
    this.#failure ??= this.ended(cause);
    this.#onAbandoned();
  }

  /** No more sends; FIN after the last one. */
  close(): boolean {
    touch(this, "close");
    if (this.closed) return false;
    this.#closing = true;
    this.#go();
    return true;
  }

  /** Everybody who waits fails, as does every later send. The first failure stays. */
  fail(failure: (key?: CaseKey) => unknown): void {
    touch(this);
    this.#failure ??= failure;
    const { waiter } = this.#flight ?? {};
    this.#flight = undefined;
    if (waiter !== undefined) {
      const { key } = waiter;
      release(waiter);
      waiter.resume("error", this.#failure(key));
    }
    for (const line of [this.#waiting, this.#flushing]) {
      for (let next = line.first; next !== undefined; next = line.first) {
        const { key } = next;
        line.withdraw(next);
        next.resume("error", this.#failure(key));
      }
    }
  }

  /** The end of the connection, as an error for those who send. */
  ended(cause: unknown): (key?: CaseKey) => ClosedError {
    return (key) => new ClosedError(`send on the ${this.name}, which has ended; the cause says why, if there is one.`, { cause, case: key });
  }

  // -- Waiting until a write is out, and until all is --

  landed(flight: Flight, key: CaseKey | undefined): boolean {
    touch(this, "send");
    if (flight.landed) return true;
    if (this.#failure !== undefined) throw this.#failure(key);
    return false;
  }

  joinFlight(waiter: Waiter, flight: Flight): void {
    waiter.place = this;
    flight.waiter = waiter;
  }

  flushed(): boolean {
    touch(this, "closeWrite");
    if (this.#finished) return true;
    if (this.#failure !== undefined) throw this.#failure();
    return false;
  }

  joinFlushing(waiter: Waiter): void {
    this.#flushing.join(waiter);
  }
}

/** What waits for the writer, as an operation. */
abstract class Writing extends Performable<void> {
  protected readonly writer: Writer;
  readonly #verb: Verb;

  constructor(writer: Writer, verb: Verb) {
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
  readonly #bytes: Uint8Array;

  constructor(writer: Writer, bytes: Uint8Array) {
    super(writer, "send");
    this.#bytes = bytes;
  }

  override attempt(key?: CaseKey): undefined | Nothing {
    this.writer.check(key);
    return this.#bytes.byteLength === 0 ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.writer.join(waiter, this.#bytes);
  }
}

/** The rest of a send whose write has begun. */
class Landing extends Writing {
  readonly #flight: Flight;

  constructor(writer: Writer, flight: Flight) {
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
  constructor(writer: Writer) {
    super(writer, "closeWrite");
  }

  override attempt(): undefined | Nothing {
    return this.writer.flushed() ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.writer.joinFlushing(waiter);
  }
}
