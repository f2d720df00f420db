/**
 * Channels: two lines and a buffer.
 *
 * 1. A send that finds a receiver in line hands the value over; one that finds room stores it; else it waits. A receive
 *    takes the oldest value: of the buffer, then of the first sender in line. Nothing overtakes the line.
 * 2. There are never both senders and receivers in line, save those of one select that does both on the same channel.
 * 3. While values are in the buffer no receiver waits; while there is room no sender does.
 * 4. `close` comes after everything accepted: the buffer and the senders in line. `cancel` comes at once.
 * 5. A handover is one synchronous step, and resumes the other party in a turn of its own.
 *
 *        send(v):     receiver in line? ─► hand over      room? ─► buffer      else ─► join `senders`
 *        receive():   buffered? ─► take, and let the first sender fill up      sender in line? ─► take its value
 *                     at the end? ─► ClosedError          else ─► join `receivers`
 *
 * Idea: Go's `chan`; closing follows Kotlin's (senders in line are delivered) and swift-async-algorithms' (an error may close).
 */
import type { CaseKey } from "../errors.ts";
import { mayBeCancelled } from "../core/cancel-context.ts";
import { checkedCapacity, checkedOptions } from "./options.ts";
import { Receiving, resultFor, Sending } from "./operations.ts";
import { atEnd, closedError, type End } from "./end.ts";
import { Loop } from "./loop.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { parkIn } from "../core/park.ts";
import { done, perform, ready, rejectedNow } from "../core/perform.ts";
import { counted, forDeno, forNode, withFacts } from "../support/printing.ts";
import { reportFailure } from "../platform/unhandled.ts";
import { Queue } from "../support/queue.ts";
import { controller, tellMade, touch, type Verb } from "../core/controller.ts";
import type { Buffer, ChannelOptions, Receiver, Sender } from "./channel-types.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";

/**
 * Makes a channel. Without an argument it is unbuffered: producer and consumer meet.
 *
 * @param options - how many values it holds for receivers to come, a whole number from 0 up, or `Infinity`; or {@link ChannelOptions}, with a policy
 * for overflow, a hook for dropped values, a name
 * @defaultValue 0
 * @throws RangeError when the capacity is anything else; TypeError when another option has the wrong type
 *
 * @example
 * ```ts
 * import { chan, go } from "rendezvous";
 *
 * const letters = chan<string>();
 * go(async () => {
 *   for (const letter of "abc") await letters.send(letter);
 *   letters.close();
 * });
 * for await (const letter of letters) console.log(letter);
 * // a
 * // b
 * // c
 * ```
 *
 * Idea: Go's `make(chan T, n)`.
 */
export function chan<T>(options: number | ChannelOptions<T> = 0): Channel<T> {
  return new Channel<T>(options);
}

let made = 0;

/**
 * Where tasks meet to hand over values. See {@link chan}.
 *
 * Exactly once: a fulfilled send was received by exactly one (buffered: accepted); a rejected send was received by nobody;
 * a rejected receive took nothing. First in, first out, for values and for those who wait, plain and selected alike.
 *
 * Idea: Go's channels, after Hoare's CSP.
 */
export class Channel<T> implements Sender<T>, Receiver<T> {
  /** How many values it holds for receivers to come: 0 is a rendezvous. */
  readonly capacity: number;
  /** @internal The waiting senders. Each has its value in its slot. */
  readonly senders: WaitQueue = new WaitQueue(this);
  /** @internal The waiting receivers. The slot says whether one asks for an iterator's result, as `next` does, or has the loop that asks. */
  readonly receivers: WaitQueue = new WaitQueue(this);
  readonly #id: number = ++made;
  /** Its options, unless they are the usual ones. */
  readonly #options: Readonly<ChannelOptions<T>> | undefined;
  #buffer: Buffer<T> | undefined;
  #end: End | undefined;
  #receiving: Receiving<T> | undefined;

  /** The same as {@link chan}. */
  constructor(options: number | ChannelOptions<T> = 0) {
    const given = typeof options === "object" && (options as unknown) !== null ? checkedOptions(options) : undefined;
    this.capacity = checkedCapacity(given === undefined ? options : given.capacity);
    this.#options = given;
    this.#buffer = given?.buffer;
    tellMade(this, this.senders, this.receivers);
  }

  /** The name given to it, or one made of a number. */
  get name(): string {
    return this.#options?.name ?? `channel-${String(this.#id)}`;
  }

  /** How many values it holds now: buffered ones only, so always 0 for a rendezvous. */
  get size(): number {
    touch(this);
    return this.held;
  }

  /** Whether it takes no more sends: it was closed, or cancelled by its receiver. */
  get closed(): boolean {
    touch(this);
    return !!this.#end;
  }

  /** What it is: `Channel "jobs" (1 of 2, 1 receiver waits)`. */
  toString(): string {
    return withFacts(`Channel ${JSON.stringify(this.name)}`, this.capacity === 0 ? "unbuffered" : `${String(this.held)} of ${String(this.capacity)}`, ...this.facts());
  }

  /** @internal How many values it holds. */
  get held(): number {
    return this.#buffer?.size ?? 0;
  }

  /** @internal How many wait on either side, and whether the channel has ended. */
  facts(cancelled = "cancelled", sender = "sender", receiver = "receiver"): (string | false)[] {
    const [senders, receivers] = [this.senders.length, this.receivers.length];
    return [
      senders > 0 && counted(senders, sender, "wait"),
      receivers > 0 && counted(receivers, receiver, "wait"),
      this.#end !== undefined && (this.#end.cancel ? cancelled : "closed"),
    ];
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  /** @internal */
  get [Symbol.toStringTag](): string {
    return "Channel";
  }

  // -- Sending --

  /**
   * Sends a value: fulfils once a receiver has taken it (buffered: once it is accepted).
   *
   * Either the value is handed over, exactly once, or the promise rejects and nobody has received it.
   *
   * @param value - any value at all
   * @param options - a `signal` to give up by
   * @returns rejects with a {@link ClosedError} when the channel is closed or is cancelled meanwhile, with `signal.reason`
   * when aborted first
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   *
   * const ch = chan<number>();
   * const sent = ch.send(1).then(() => "sent"); // waits: nobody receives
   * console.log(ch.tryReceive()?.value); // 1
   * console.log(await sent); // sent
   * ```
   *
   * Idea: Go's `ch <- v`.
   */
  send(value: T, options?: WaitOptions): Promise<void> {
    if (options !== undefined || controller !== undefined || mayBeCancelled()) return perform(this.sending(value), options);
    // The same without a detour, as in `receive`: a stream takes 10 % less time (`npm run bench -- stream`).
    try {
      return this.give(value) ? done() : parkIn(this.senders, value);
    } catch (error) {
      return rejectedNow(error);
    }
  }

  /** Describes a {@link send}, for `select` and `yield*`. Idea: Concurrent ML's `sendEvt`. */
  sending(value: T): Operation<void> {
    return new Sending(this, value);
  }

  /**
   * Sends a value if a receiver waits or there is room; otherwise changes nothing.
   *
   * @returns whether the value was handed over or accepted
   * @throws ClosedError when the channel is closed
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   *
   * const ch = chan<number>(1);
   * console.log(ch.trySend(1), ch.trySend(2)); // true false
   * ```
   *
   * Idea: a Go `select` with a `default`.
   */
  trySend(value: T): boolean {
    return this.give(value, undefined, "trySend");
  }

  /** @internal Hand the value over, or accept it, now; false: neither is possible. */
  give(value: T, key?: CaseKey, verb: Verb = "send"): boolean {
    touch(this, verb);
    if (this.#end !== undefined) throw closedError(this.#end, this, "send", key);
    const receiver = this.receivers.first;
    if (receiver !== undefined) {
      const wanted = receiver.slot === false ? value : resultFor(receiver, value);
      this.receivers.withdraw(receiver);
      receiver.resume("value", wanted);
      return true;
    }
    return (this.capacity > 0 || this.#options !== undefined) && this.#keep(value);
  }

  /** Store the value if there is room, or do what the channel does on overflow. */
  #keep(value: T): boolean {
    if (this.held < this.capacity) {
      (this.#buffer ??= new Queue<T>()).push(value);
      return true;
    }
    const overflow = this.#options?.overflow;
    if (!overflow || overflow === "wait") return false;
    let dropped = value;
    if (overflow === "drop-oldest" && this.#buffer) {
      dropped = this.#buffer.shift();
      this.#buffer.push(value);
    }
    this.#drop(dropped);
    return true;
  }

  #drop(value: T): void {
    try {
      this.#options?.onDrop?.(value);
    } catch (error) {
      reportFailure(error);
    }
  }

  // -- Receiving --

  /**
   * Receives the next value.
   *
   * Either a value is taken, exactly once, or the promise rejects and nothing was taken. A promise sent as a value resolves it,
   * as `await` does; {@link next} gives it unchanged.
   *
   * @param options - a `signal` to give up by
   * @returns rejects at the end with a {@link ClosedError}, or with the very error given to {@link close}; with
   * `signal.reason` when aborted first
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   *
   * const ch = chan<string>(1);
   * await ch.send("hello");
   * console.log(await ch.receive()); // hello
   * ```
   *
   * Idea: Go's `<-ch`, with an error in place of a zero value at the end.
   */
  receive(options?: WaitOptions): Promise<T> {
    if (options !== undefined || controller !== undefined || mayBeCancelled()) return perform(this.receiving(), options);
    try {
      return this.canReceive() ? ready(this.take(false) as T) : parkIn(this.receivers, false);
    } catch (error) {
      return rejectedNow(error);
    }
  }

  /** Describes a {@link receive}, for `select` and `yield*`. Idea: Concurrent ML's `recvEvt`. */
  receiving(): Operation<T> {
    return (this.#receiving ??= new Receiving(this, false));
  }

  /**
   * Receives the next value as an iterator's result, so that the end is data and no error.
   *
   * @param options - a `signal` to give up by
   * @returns `{ done: false, value }`, or `{ done: true, value: undefined }` at the end. Rejects with the error given to
   * {@link close}, if one was, and with `signal.reason` when aborted first
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   *
   * const ch = chan<string>(1);
   * await ch.send("last");
   * ch.close();
   * console.log(await ch.next()); // { done: false, value: 'last' }
   * console.log(await ch.next()); // { done: true, value: undefined }
   * ```
   *
   * Idea: Go's `v, ok := <-ch`, in the shape of JavaScript's iterators.
   */
  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    return perform(this.nexting(), options);
  }

  /** Describes a {@link next}, for `select` and `yield*`: what merge loops use. */
  nexting(): Operation<IteratorResult<T, undefined>> {
    return new Receiving(this, true);
  }

  /**
   * Receives a value if one is ready; otherwise changes nothing.
   *
   * @returns `{ done: false, value }`, `{ done: true, value: undefined }` at the end, `undefined` when nothing is ready
   * @throws the error given to {@link close}, at the end
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   *
   * const ch = chan<number>(1);
   * console.log(ch.tryReceive()); // undefined
   * ch.trySend(7);
   * console.log(ch.tryReceive()); // { done: false, value: 7 }
   * ```
   *
   * Idea: a Go `select` with a `default`.
   */
  tryReceive(): IteratorResult<T, undefined> | undefined {
    return this.canReceive("tryReceive") ? (this.take(true) as IteratorResult<T, undefined>) : undefined;
  }

  /**
   * Iterates up to the end. Leaving the loop leaves the channel open, and several loops share it, as with Go's `range`. `return()` and `throw()` of
   * the iterator end it alone, and withdraw what is pending of its `next()`, which gives the end.
   */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> & AsyncIterable<T> {
    return new Loop<T>(this);
  }

  /** @internal What is waited for in one of its queues. */
  describe(queue: WaitQueue): string {
    return `${queue === this.senders ? "send" : "receive"} on channel "${this.name}"`;
  }

  /** @internal Whether a value, or the end, is there to be received now. */
  canReceive(verb: Verb = "receive"): boolean {
    touch(this, verb);
    return this.senders.first !== undefined || this.held > 0 || this.#end !== undefined;
  }

  /** @internal Only while `canReceive`: the oldest value, taken now, or the end; as an iterator's result if asked for. */
  take(asResult: boolean, key?: CaseKey): unknown {
    const sender = this.senders.first;
    let value: T;
    if (this.#buffer !== undefined && this.#buffer.size > 0) value = this.#takeStored(this.#buffer);
    else if (sender !== undefined) value = this.#accept(sender);
    else return atEnd(this.#end as End, this, asResult, key);
    return asResult ? { done: false, value } : value;
  }

  /** Take a value out of the buffer; the first sender in line fills it up. */
  #takeStored(buffer: Buffer<T>): T {
    const value = buffer.shift();
    if (this.senders.first !== undefined) this.#fillUp(buffer);
    return value;
  }

  /** A buffer may be code of the user: one that throws fails that send, and the next in line is tried. It may also withdraw the very sender. */
  #fillUp(buffer: Buffer<T>): void {
    for (let sender = this.senders.first; sender !== undefined; sender = this.senders.first) {
      try {
        buffer.push(sender.slot as T);
        if (sender.place === this.senders) this.#accept(sender);
        return;
      } catch (error) {
        if (sender.place !== this.senders) continue;
        this.senders.withdraw(sender);
        sender.resume("error", error);
      }
    }
  }

  #accept(sender: Waiter): T {
    const value = sender.slot as T;
    this.senders.withdraw(sender);
    sender.resume("value", undefined);
    return value;
  }

  // -- The end --

  /**
   * No more sends. What was accepted before, buffered or by a sender in line, is still delivered, in order; then receivers see
   * the end: `receive` rejects, `next` gives `{ done: true }`, `for await` ends.
   *
   * @param error - what receivers get at the end in place of a {@link ClosedError}; `next` and `for await` reject with it too
   * @returns `true` the first time; later calls, also after {@link cancel}, change nothing and give `false`
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   *
   * const ch = chan<number>(1);
   * await ch.send(1);
   * console.log(ch.close(), ch.close()); // true false
   * for await (const n of ch) console.log(n); // 1
   * ```
   *
   * Idea: Go's `close`, idempotent and without its panics; delivering the senders in line is Kotlin's.
   */
  close(error?: unknown): boolean {
    touch(this, "close");
    if (this.#end) return false;
    this.#end = { error };
    // A sender in line has been accepted. Receivers beside it are cases of its own select, and not at the end yet.
    if (this.senders.empty) this.#endReceivers(this.#end);
    return true;
  }

  /** Closes: `using` for the one who sends. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * The receiving side gives up, at once: senders in line are rejected, buffered values are dropped (see `onDrop`), receivers see
   * the end. Also after {@link close}.
   *
   * @param reason - the `cause` of the {@link ClosedError} that senders get
   * @returns `true` the first time, then `false`
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   *
   * const ch = chan<number>({ name: "numbers" });
   * const sent = ch.send(1).catch((error: unknown) => (error as Error).cause);
   * ch.cancel("seen enough");
   * console.log(await sent); // seen enough
   * ```
   *
   * Idea: the cancel of Kotlin's channels and of web streams.
   */
  cancel(reason?: unknown): boolean {
    touch(this, "cancel");
    if (this.#end?.cancel) return false;
    const end: End = (this.#end = { error: this.#end?.error, cancel: { reason } });
    const dropped = this.#buffer;
    this.#buffer = undefined;
    for (let sender = this.senders.take(); sender; sender = this.senders.take()) sender.resume("error", closedError(end, this, "send", sender.key));
    this.#endReceivers(end);
    while (dropped?.size) this.#drop(dropped.shift());
    return true;
  }

  #endReceivers(end: End): void {
    for (let receiver = this.receivers.first; receiver; receiver = this.receivers.first) {
      const { key, slot } = receiver;
      this.receivers.withdraw(receiver);
      try {
        receiver.resume("value", atEnd(end, this, slot !== false, key));
      } catch (error) {
        receiver.resume("error", error);
      }
    }
  }
}
