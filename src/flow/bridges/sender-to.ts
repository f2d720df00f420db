/**
 * A sender whose values go into a stream.
 *
 * 1. A send happens when the stream takes the value, having room for it; first come, first served. Withdrawn before, it has written nothing.
 * 2. `close` comes after every send accepted, those in line included.
 * 3. The stream's failure ends all sends. It is `shutdown`'s to tell; if nobody has asked by then, it is an unhandled rejection.
 * 4. The code of the stream runs in the scope in which the sender was made, not in those that send: what was accepted is written, though they end.
 *
 *        send ─► room, nobody in line ─► write          close ─► line is empty ─► end ─► flushed: shutdown fulfils
 *             └► line ─► "drain", ready ─► write
 */
import { touch } from "../../core/controller.ts";
import type { Sender } from "../../channel/channel-types.ts";
import { External, nothing, OutlastsCancel, Performable, type Nothing, type Operation, type WaitOptions } from "../../core/operation.ts";
import { perform, performIn } from "../../core/perform.ts";
import { WaitQueue, type Waiter } from "../../core/wait-queue.ts";
import { ClosedError, show, type CaseKey } from "../../errors.ts";
import { counted, forDeno, forNode, withFacts } from "../../support/printing.ts";
import { hasClosed, hasOpened } from "../../support/resources.ts";
import { currentCancelScope, runAs } from "../../task/cancel/current.ts";
import { NodeSink, WebSink, type NodeWritable, type Sink, type SinkOwner } from "./sinks.ts";

/** A sender that can be waited for: made by {@link senderTo}. */
export interface SinkSender<in T> extends Sender<T>, AsyncDisposable {
  /**
   * Closes, and waits until all is flushed. A cancel of the running task does not end that wait.
   *
   * @returns rejects with the error of the stream if it has failed, with a `ClosedError` if it was destroyed
   */
  shutdown(): Promise<void>;
}

/**
 * Makes a sender of a stream that can be written to. A send fulfils when the stream has accepted the value, which it does while it has room by its
 * own measure (`desiredSize`, `writableNeedDrain`); a send that is withdrawn has written nothing.
 *
 * `close()` ends the stream after what was accepted, `close(error)` has it fail then. If the stream fails or is destroyed, waiting and later sends
 * reject with a {@link ClosedError}, its `cause` the stream's error; unless `shutdown` has been asked by then, the error is an unhandled rejection too.
 *
 * @param sink - a web `WritableStream`, which is locked until its end, or a Node writable
 * @throws TypeError for anything else, and for a stream that is locked
 *
 * @example
 * ```ts
 * import { flow, senderTo } from "rendezvous/flow";
 *
 * const written: string[] = [];
 * const sink = new WritableStream<string>({ write(chunk) { written.push(chunk); } });
 * await using out = senderTo(sink);
 * await flow(["a", "b"]).into(out);
 * await out.shutdown();
 * console.log(written); // [ 'a', 'b' ]
 * ```
 *
 * Idea: the writer of web streams, exact under cancellation.
 */
export function senderTo<T>(sink: WritableStream<T> | NodeWritable): SinkSender<T> {
  const given = sink as Partial<WritableStream<unknown> & NodeWritable> | null | undefined;
  if (typeof given?.getWriter === "function") {
    if (given.locked === true) throw new TypeError("senderTo takes a stream that nobody writes to: this one is locked; release its writer first");
    return new StreamSender((owner) => new WebSink(given as WritableStream<unknown>, owner));
  }
  if ([given?.write, given?.end, given?.destroy, given?.on, given?.off].every((method) => typeof method === "function")) {
    return new StreamSender((owner) => new NodeSink(given as NodeWritable, owner));
  }
  const { writable, getReader, read } = (given ?? {}) as { writable?: unknown; getReader?: unknown; read?: unknown };
  const cure = typeof writable === "object" ? "write senderTo(pair.writable)"
    : typeof getReader === "function" || typeof read === "function" ? "write flow(stream) for what can be read"
    : "as senderTo(process.stdout)";
  throw new TypeError(`senderTo takes a WritableStream or a Node writable, ${cure}; got ${show(sink)}`);
}

let made = 0;

class StreamSender implements SinkSender<unknown>, SinkOwner {
  readonly name = `sink-${String(++made)}`;
  readonly #sink: Sink;
  readonly #cancelScope = currentCancelScope();
  readonly #line: SendersLine = new SendersLine(this, () => { this.#endIfDone(); });
  readonly #flushing = new WaitQueue(this);
  #closing: { error: unknown } | undefined = undefined;
  /** It was told to end, or has ended. */
  #ended = false;
  #serving = false;
  /** How it has come to its end. */
  #over: { failure: { error: unknown } | undefined } | undefined = undefined;
  /** A failure that nobody has asked for, as the platform's unhandled rejection. */
  #unclaimed: Promise<never> | undefined = undefined;

  constructor(make: (owner: SinkOwner) => Sink) {
    hasOpened(this, `sender to ${JSON.stringify(this.name)}`);
    this.#sink = make(this);
    this.#claim(); // a failure of before is old news
  }

  toString(): string {
    const state = this.#over ? (this.#over.failure ? "failed" : "ended") : this.closed && "closed";
    const { length } = this.#line;
    return withFacts(`Sender to ${JSON.stringify(this.name)}`, length > 0 && counted(length, "sender", "wait"), state);
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  /** What is waited for in one of its lines. */
  describe(queue: WaitQueue): string {
    return `to ${queue === this.#line ? "send to" : "shut down"} ${JSON.stringify(this.name)}`;
  }

  // -- A sender --

  get closed(): boolean {
    touch(this.#line);
    return this.#ended || this.#closing !== undefined;
  }

  send(value: unknown, options?: WaitOptions): Promise<void> {
    return perform(this.sending(value), options);
  }

  sending(value: unknown): Operation<void> {
    return new Sending(this, this.#line, value);
  }

  readonly trySend = (value: unknown): boolean => this.give(value);

  /** Write the value now; false: there is no room, or somebody is in line. */
  give(value: unknown, key?: CaseKey): boolean {
    touch(this.#line, "send");
    if (this.closed) throw this.#closedError(key);
    if (!this.#line.empty || !this.#sink.room) return false;
    this.#write(value, key);
    return true;
  }

  #write(value: unknown, key: CaseKey | undefined): void {
    if (runAs(this.#cancelScope, () => this.#sink.write(value))) return;
    this.#ended = true;
    throw this.#closedError(key);
  }

  /** Wait for room. */
  join(waiter: Waiter, value: unknown): void {
    waiter.slot = value;
    this.#line.join(waiter);
    this.#sink.expectRoom();
  }

  close(error?: unknown): boolean {
    touch(this.#line, "close");
    if (this.closed) return false;
    this.#closing = { error };
    this.#endIfDone();
    return true;
  }

  #endIfDone(): void {
    if (!this.#closing || this.#ended || this.#serving || !this.#line.empty) return;
    this.#ended = true;
    const { error } = this.#closing;
    runAs(this.#cancelScope, () => {
      if (error === undefined) this.#sink.end();
      else this.#sink.fail(error);
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  shutdown(): Promise<void> {
    this.close();
    return performIn(undefined, new Flushing(this, this.#flushing));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Whether all is flushed; throws what went wrong. */
  get flushed(): boolean {
    touch(this.#flushing);
    if (!this.#over) return false;
    this.#claim();
    if (this.#over.failure) throw this.#over.failure.error;
    return true;
  }

  #claim(): void {
    this.#unclaimed?.catch(() => { /* whoever has asked has it */ });
    this.#unclaimed = undefined;
  }

  #closedError(key: CaseKey | undefined): ClosedError {
    const failure = this.#over?.failure;
    const state = failure ? "the stream has failed" : this.#closing ? "it is closed" : "the stream was ended from outside";
    return new ClosedError(`send to ${JSON.stringify(this.name)}: ${state}, and nothing was written; check closed first`, {
      cause: failure && failure.error instanceof Destroyed ? undefined : failure?.error ?? this.#closing?.error,
      case: key,
    });
  }

  // -- The sink --

  ready(): void {
    this.#serving = true;
    try {
      while (this.#sink.room && !this.#over) {
        const first = this.#line.first;
        if (!first) break;
        const { slot: value, key } = first;
        this.#line.withdraw(first);
        try {
          this.#write(value, key);
          first.resume("value", undefined);
        } catch (error) {
          first.resume("error", error);
        }
      }
    } finally {
      this.#serving = false;
    }
    if (this.#line.empty) this.#endIfDone();
    else this.#sink.expectRoom();
  }

  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#rejectLine();
  }

  finished(): void {
    this.#isOver(undefined);
    this.#flushing.resumeAll("value", undefined);
  }

  failed(failure: { error: unknown } | undefined): void {
    const how = failure ?? { error: new Destroyed(this.name) };
    const own = this.#closing && this.#closing.error !== undefined && this.#closing.error === how.error;
    const asked = !this.#flushing.empty;
    this.#isOver(how);
    if (failure && !own && !asked) this.#unclaimed = Promise.reject(how.error);
    this.#flushing.resumeAll("error", how.error);
  }

  #isOver(failure: { error: unknown } | undefined): void {
    this.#over = { failure };
    this.#ended = true;
    hasClosed(this);
    this.#rejectLine();
  }

  #rejectLine(): void {
    for (let waiter = this.#line.first; waiter; waiter = this.#line.first) {
      const { key } = waiter;
      this.#line.withdraw(waiter);
      waiter.resume("error", this.#closedError(key));
    }
  }
}

/** What `shutdown` rejects with when the stream was destroyed without an error. */
class Destroyed extends ClosedError {
  constructor(name: string) {
    super(`shutdown of ${JSON.stringify(name)}: the stream was destroyed before all was flushed`);
  }
}

/** The line of those who send: when the last one leaves it, the stream may be ended. */
class SendersLine extends WaitQueue {
  readonly #emptied: () => void;

  constructor(owner: StreamSender, emptied: () => void) {
    super(owner);
    this.#emptied = emptied;
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter);
    if (this.empty) this.#emptied();
  }
}

class Sending extends Performable<void> {
  readonly #sender: StreamSender;
  readonly #line: WaitQueue;
  readonly #value: unknown;

  constructor(sender: StreamSender, line: WaitQueue, value: unknown) {
    super();
    this.#sender = sender;
    this.#line = line;
    this.#value = value;
  }

  override toString(): string {
    return this.#sender.describe(this.#line);
  }

  override get traits(): number {
    return External;
  }

  override footprint(): void {
    touch(this.#line);
  }

  override attempt(key?: CaseKey): undefined | Nothing {
    return this.#sender.give(this.#value, key) ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.#sender.join(waiter, this.#value);
  }
}

class Flushing extends Performable<void> {
  readonly #sender: StreamSender;
  readonly #line: WaitQueue;

  constructor(sender: StreamSender, line: WaitQueue) {
    super();
    this.#sender = sender;
    this.#line = line;
  }

  override toString(): string {
    return this.#sender.describe(this.#line);
  }

  override get traits(): number {
    return External | OutlastsCancel;
  }

  override footprint(): void {
    touch(this.#line);
  }

  override attempt(): undefined | Nothing {
    return this.#sender.flushed ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.#line.join(waiter);
  }
}
