/**
 * The outbound half: the line of those who send.
 *
 * 1. First in, first out; one write at a time, so the bytes of each send are contiguous.
 * 2. A send happens when the kernel has all its bytes, and only while the socket is not destroyed.
 * 3. Sends that stand in line go out together, as one write, up to so many bytes. After two writes that the kernel took at once, and a
 *    short one last, the next sends of the same turn stand in line, and go out at its end.
 * 4. Once it is being written a send cannot be recalled: the other cases of its select can no longer happen, and withdrawn it leaves half a
 *    message, so the connection is given up. Withdrawn from the line it has written nothing.
 * 5. Closing comes after everything sent before it: the line, then FIN.
 *
 *        in line ─► under way ─► happens         withdrawn in line: no trace
 *                                                withdrawn under way: the connection ends
 *
 * Idea: asyncio's `drain` and trio's `send_all`, made exact.
 */
import { cancelledContext, contextProvider, type CancelContext } from "../core/cancel-context.ts";
import type { WaitOptions } from "../core/operation.ts";
import { done, perform } from "../core/perform.ts";
import { controller, tellMade, touch } from "../core/controller.ts";
import { park } from "../core/park.ts";
import { enqueue, type Job } from "../core/scheduler.ts";
import { WaitQueue, release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { ClosedError, type CaseKey } from "../errors.ts";
import { Batch } from "./batch.ts";
import { isParts, joined, lengthOf, lengthOfAll, partsOf, type Payload } from "./payload.ts";
import { Landing, Sending, SendingTogether, type Flight, type Outbound } from "./sending.ts";
import type { Transport } from "./transport.ts";

/** What it needs of a transport. */
type Outgoing = Pick<Transport, "inMemory" | "destroyed" | "errored" | "writableLength" | "write" | "cork" | "uncork" | "end" | "on">;

/** How many bytes go out together, at most, unless one send has more. */
const together = 65_536;
/** A longer write gains nothing by going out together with others. */
const short = 16_384;

/** A write that the kernel does not have yet, of one send or of several. */
class Write implements Flight {
  readonly waiters: Waiter[] = [];
  /** How many sends it carries, and how many bytes. */
  count: number;
  length: number;
  /** Its bytes are being written. */
  begun = false;
  landed = false;

  constructor(count = 0, length = 0) {
    this.count = count;
    this.length = length;
  }
}

/** In the line: nothing is written behind it before somebody lets it. */
const barrier = Symbol("barrier");

/** How many sends a waiter in line stands for. */
const countOf = (slot: unknown): number => (slot instanceof Batch ? slot.count : Number(slot !== barrier));

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

/** Called when a write does not end as it should. */
export interface WriterEvents {
  /** A send was withdrawn in the middle of its write. */
  abandoned(): void;
  /** The transport refuses a write. */
  failed(error: Error): void;
}

/** Sends in, bytes out. */
export class Writer implements WaitPlace, Outbound {
  readonly name: string;
  /** Whether what it waits for comes from outside of the library. */
  readonly outer: boolean;
  #transport: Outgoing;
  readonly #events: WriterEvents;
  readonly #waiting = new SendersLine(this);
  readonly #flushing = new WaitQueue(this);
  #flight: Write | undefined = undefined;
  /** A write has landed at once, and the transport has not called back yet. */
  #fresh: Write | undefined = undefined;
  /** Two writes have landed in this turn: the next ones wait for its end, to go out together. */
  #resting = false;
  readonly #rested: Job = {
    run: () => {
      this.#resting = false;
      this.#go();
    },
  };
  /** A barrier was reached. */
  #held = false;
  #sent = 0;
  #closing = false;
  #ended = false;
  #finished = false;
  #failure: ((key?: CaseKey) => unknown) | undefined = undefined;

  /** `name` is what errors call it. */
  constructor(name: string, transport: Outgoing, events: WriterEvents) {
    this.name = name;
    this.outer = transport.inMemory !== true;
    this.#transport = transport;
    this.#events = events;
    tellMade(this, this.#waiting);
    this.#listen();
  }

  #listen(): void {
    const transport = this.#transport;
    transport.on("finish", () => {
      if (transport !== this.#transport) return;
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
    let count = this.#flight?.count ?? 0;
    for (let waiter = this.#waiting.first; waiter !== undefined; waiter = waiter.next) count += countOf(waiter.slot);
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

  /** Whether a write could begin now: nothing is being written, and nothing is in line. */
  get #idle(): boolean {
    return this.#flight === undefined && !this.#held && this.#waiting.empty;
  }

  /**
   * Send, as perform does with a {@link Sending}. A send that is not in a select may write before it waits: mostly the kernel takes it all,
   * and there is nothing to wait for. This is worth 7 % of the time of a short message there and back.
   */
  send(payload: Payload, options: WaitOptions | undefined): Promise<void> {
    const length = lengthOf(payload);
    if (options !== undefined || cancelledContext() !== undefined || length === 0) return perform(new Sending(this, payload), options);
    const first = !this.#resting && this.#idle;
    if (!first && controller !== undefined) return perform(new Sending(this, payload));
    this.check();
    if (!first) return this.#sendInLine(payload, contextProvider?.current());
    const write = this.#write(payload, new Write(1, length));
    return write.landed ? done() : perform(new Landing(this, write));
  }

  /** Join the line, together with the sends at its end that wait on the same terms. */
  #sendInLine(payload: Payload, context: CancelContext | undefined): Promise<void> {
    const last = this.#waiting.last?.slot;
    if (last instanceof Batch && last.add(payload, context, together)) return last.promise(this.#refuse);
    const batch = new Batch(context);
    batch.add(payload, context, together);
    batch.begin(park(new SendingTogether(this, batch), context));
    return batch.promise(this.#refuse);
  }

  /** Each send fails with an error of its own. */
  readonly #refuse = (error: unknown): never => {
    throw error instanceof ClosedError && this.#failure !== undefined ? this.#failure() : error;
  };

  /** Write at once if nothing else is being written; false changes nothing. */
  tryWrite(payload: Payload): boolean {
    this.check();
    const length = lengthOf(payload);
    if (length === 0) return true;
    if (!this.#idle) return false;
    this.#write(joined([payload], length), new Write(1, length)); // a copy, since the caller is not told when the kernel has it
    return true;
  }

  /** What is waited for in one of its lines, or by the send that is under way. */
  describe(where: Waiter | WaitQueue): string {
    return `${where === this.#flushing ? "closeWrite" : "send"} on the ${this.name}`;
  }

  /** Join the line. */
  join(waiter: Waiter, load: Payload | Batch): void {
    waiter.slot = load;
    this.#waiting.join(waiter);
    if (!this.#resting) this.#go();
  }

  /** Join the line as a barrier: when everything before it is written nothing more is, until there is a transport to go on with. */
  joinBarrier(waiter: Waiter): void {
    waiter.slot = barrier;
    this.#waiting.join(waiter);
    this.#go();
  }

  /** Write what stands in line, as soon as nothing is being written. */
  #go(): void {
    while (this.#flight === undefined && this.#failure === undefined && !this.#held && !this.#waiting.empty) {
      if (this.#raised()) break;
      const flight = (this.#flight = new Write());
      const payloads = this.#takeInto(flight);
      if (payloads.length > 0) this.#writeAll(payloads, flight);
      else this.#forget(flight);
    }
    if (!this.#closing || this.#ended || this.#held || this.#flight !== undefined || this.#failure !== undefined) return;
    this.#ended = true;
    this.#transport.end();
  }

  /** Whether a barrier is the first in line, and is reached. */
  #raised(): boolean {
    const { first } = this.#waiting;
    if (first?.slot !== barrier) return false;
    this.#waiting.withdraw(first);
    this.#held = true;
    first.resume("value", undefined);
    return true;
  }

  /** Take the first sends in line out of it, into one flight. They can no longer be recalled. */
  #takeInto(flight: Write): Payload[] {
    for (let waiter = this.#waiting.first; waiter !== undefined && waiter.slot !== barrier; waiter = this.#waiting.first) {
      const load = waiter.slot as Payload | Batch;
      const batch = load instanceof Batch ? load : undefined;
      if (flight.waiters.length > 0 && flight.length + (batch?.size ?? lengthOf(load as Payload)) > together) break;
      const payload = batch?.bytes() ?? (load as Payload);
      this.#waiting.withdraw(waiter);
      waiter.place = this;
      waiter.slot = payload;
      flight.waiters.push(waiter);
      flight.count += batch?.count ?? 1;
      flight.length += lengthOf(payload);
      waiter.commit?.(); // which may run code of the user, that gives up one of these or ends the connection
    }
    return flight.waiters.filter((waiter) => waiter.place === this).map((waiter) => waiter.slot as Payload);
  }

  #forget(flight: Write): void {
    if (this.#flight === flight) this.#flight = undefined;
  }

  /** Write several sends, of which some may have been withdrawn, as one. */
  #writeAll(payloads: readonly Payload[], flight: Write): void {
    if (this.#failure !== undefined) return; // by a commit
    flight.length = lengthOfAll(payloads);
    const [first] = payloads;
    if (payloads.length === 1) this.#write(first as Payload, flight);
    else this.#write(flight.length <= together ? joined(payloads, flight.length) : payloads.flatMap(partsOf), flight);
  }

  #write(payload: Payload, flight: Write): Write {
    const transport = this.#transport;
    this.#flight = flight;
    flight.begun = true;
    const taken = (error?: Error | null): void => {
      if (this.#fresh === flight) this.#fresh = undefined;
      if ((error ?? undefined) !== undefined) this.#events.failed(error as Error);
      if (this.#flight !== flight || transport.destroyed || transport.errored !== null) return; // the end of the connection lets everybody know
      this.#land(flight);
      this.#go();
    };
    if (!isParts(payload)) transport.write(typeof payload === "string" ? Buffer.from(payload) : payload, taken);
    else if (flight.length <= together) transport.write(joined(payload, flight.length), taken);
    else {
      transport.cork();
      payload.forEach((part, index) => { transport.write(part, index === payload.length - 1 ? taken : undefined); });
      transport.uncork();
    }
    // The kernel often has it all at once, and the callback only comes later: nobody should be able to withdraw in between.
    if (transport.writableLength === 0 && !transport.destroyed && transport.errored === null) {
      this.#land(flight);
      if (this.#fresh !== undefined && flight.length <= short) this.#rest();
      this.#fresh = flight;
    }
    return flight;
  }

  /** A send alone never comes here: a job a send would be a tenth of the time of a short message there and back. */
  #rest(): void {
    if (this.#resting || !this.outer) return;
    this.#resting = true;
    enqueue(this.#rested);
  }

  #land(flight: Write): void {
    if (this.#flight !== flight) return;
    touch(this);
    flight.landed = true;
    this.#flight = undefined;
    this.#sent += flight.length;
    for (const waiter of flight.waiters) {
      if (waiter.place !== this) continue; // withdrawn
      release(waiter);
      waiter.resume("value", undefined);
    }
  }

  /** A send that is under way was withdrawn. */
  withdraw(waiter: Waiter): void {
    release(waiter);
    if (this.#flight?.begun !== true) return;
    const cause = new Error("a send was given up in the middle of its write");
    this.#failure ??= this.ended(cause);
    this.#events.abandoned();
  }

  /** No more sends; FIN after the last one. */
  close(): boolean {
    touch(this, "close");
    if (this.closed) return false;
    this.#closing = true;
    this.#go();
    return true;
  }

  /** All sends that wait fail, and all later ones. The first failure stays. */
  fail(failure: (key?: CaseKey) => unknown): void {
    touch(this);
    const because = (this.#failure ??= failure);
    const under = this.#flight?.waiters ?? [];
    this.#flight = undefined;
    for (const waiter of under) {
      if (waiter.place !== this) continue;
      const { key } = waiter;
      release(waiter);
      waiter.resume("error", because(key));
    }
    for (const line of [this.#waiting, this.#flushing]) {
      for (let next = line.first; next !== undefined; next = line.first) {
        const { key } = next;
        line.withdraw(next);
        next.resume("error", because(key));
      }
    }
  }

  /** Go on behind a barrier, over another transport. */
  goOnOver(transport: Outgoing): void {
    this.#transport = transport;
    this.#listen();
    this.#held = false;
    this.#go();
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
    flight.waiters.push(waiter);
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
