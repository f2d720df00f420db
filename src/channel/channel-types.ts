/**
 * What a channel looks like from its two sides, and how it is made. A function that only sends asks for a `Sender`, one that
 * only receives for a `Receiver`; the compiler keeps them apart.
 */
import type { Operation, WaitOptions } from "../core/operation.ts";

/** Where a channel keeps its values, in an order of its own: see {@link ChannelOptions.buffer}. */
export interface Buffer<T> {
  /** Keeps a value. One that throws has kept nothing. */
  push(value: T): void;
  /** The next value, taken out. Only called while `size` is above 0. */
  shift(): T;
  /** How many it keeps. */
  readonly size: number;
}

/**
 * How a channel is made.
 *
 * @example
 * ```ts
 * import { chan } from "rendezvous";
 *
 * const latest = chan<number>({ capacity: 1, overflow: "drop-oldest", name: "latest" });
 * for (const n of [1, 2, 3]) await latest.send(n);
 * console.log(await latest.receive()); // 3
 * ```
 *
 * Idea: core.async's sliding and dropping buffers, trio's named capacities.
 */
export interface ChannelOptions<T> {
  /** How many values it holds for receivers to come: a whole number from 0 up, or `Infinity`. 0, the default: rendezvous. */
  capacity?: number | undefined;
  /**
   * What a send does when there is neither a receiver nor room: `"wait"` (the default), or fulfil at once and drop the value
   * sent (`"drop-newest"`) or the oldest one held (`"drop-oldest"`).
   */
  overflow?: "wait" | "drop-newest" | "drop-oldest" | undefined;
  /**
   * Where it keeps its values, in place of a queue: `byPriority(compare)` of `rendezvous/sync` gives the least first. It is for one channel alone, needs a
   * `capacity` beside it, and no `overflow` but `"wait"` goes with it. Senders in line stay in line; a value for a receiver who waits does not enter it. A
   * `push` that throws fails that send alone, which has not happened.
   */
  buffer?: Buffer<T> | undefined;
  /**
   * Called once with each value that was accepted and then dropped, by overflow or by {@link Channel.cancel}, in order. What it
   * throws becomes an unhandled rejection; the send is not undone.
   */
  onDrop?: ((value: T) => void) | undefined;
  /** The name that errors and reports use. */
  name?: string | undefined;
}

/**
 * The sending side of a channel.
 *
 * Idea: Go's `chan<-`, by types alone; `in T` keeps it contravariant.
 */
export interface Sender<in T> {
  /** Sends a value and waits for its receiver, or for room: see `Channel.send`. */
  send(value: T, options?: WaitOptions): Promise<void>;
  /** Describes a {@link send}, for `select`, `perform` and `yield*`. */
  sending(value: T): Operation<void>;
  /** Sends a value if that is possible at once; otherwise changes nothing. Whether it was sent. */
  // A property: methods are compared bivariantly, so that a channel of dogs would pass for a sender of any animal.
  readonly trySend: (value: T) => boolean;
  /** Says that nothing more will be sent: see `Channel.close`. */
  close(error?: unknown): boolean;
  /** Whether it was closed or cancelled. */
  readonly closed: boolean;
  /** Closes: `using` for the one who sends. */
  [Symbol.dispose](): void;
}

/**
 * The receiving side of a channel.
 *
 * Idea: Go's `<-chan`, by types alone; `out T` keeps it covariant.
 */
export interface Receiver<out T> extends AsyncIterable<T> {
  /** Waits for the next value; at the end it rejects: see `Channel.receive`. */
  receive(options?: WaitOptions): Promise<T>;
  /** Describes a {@link receive}, for `select`, `perform` and `yield*`. */
  receiving(): Operation<T>;
  /** Waits for the next value, or gives the end as data: see `Channel.next`. */
  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>>;
  /** Describes a {@link next}, for `select`, `perform` and `yield*`. */
  nexting(): Operation<IteratorResult<T, undefined>>;
  /** Takes the next value if one is there at once, or tells the end; otherwise `undefined`, and nothing has changed. */
  tryReceive(): IteratorResult<T, undefined> | undefined;
  /** Says that nothing more will be received: see `Channel.cancel`. */
  cancel(reason?: unknown): boolean;
  /** For `for await`, up to the end; its own {@link next} has `undefined` there. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
}
