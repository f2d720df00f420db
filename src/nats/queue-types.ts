/**
 * Queues between machines, as their users see them.
 *
 * Idea: the work queues of AMQP, as a receiver of this library.
 */
import type { Operation, WaitOptions } from "../core/operation.ts";
import type { GivenBody } from "../task/body.ts";
import type { Validator } from "./codec.ts";

/** How a queue is made, and served. Its settings have to be as they were when the queue was made. */
export interface QueueOptions<T> {
  /** Checks each value that is received. One that does not pass goes to the dead letters. */
  validate?: Validator<T> | undefined;
  /**
   * How many values it keeps at most; a send waits while there is no room.
   *
   * @defaultValue `Infinity`
   */
  capacity?: number | undefined;
  /**
   * For how long a value is leased, in milliseconds: 100 or more.
   *
   * @defaultValue 30,000
   */
  lease?: number | undefined;
  /**
   * How many deliveries a value has before it goes to the dead letters: 1 or more.
   *
   * @defaultValue 5
   */
  attempts?: number | undefined;
  /**
   * How long a value waits before it comes again, in milliseconds, by attempt; the last one counts for all that follow.
   *
   * @defaultValue `[1000, 5000, 30_000]`
   */
  backoff?: readonly number[] | undefined;
  /**
   * The queue of those that were rejected. `false`: they are dropped, and `onError` of the remote is told.
   *
   * @defaultValue the name of the queue with `.dead` behind it
   */
  deadLetters?: string | false | undefined;
  /**
   * Where it is kept.
   *
   * @defaultValue `"file"`
   */
  storage?: "file" | "memory" | undefined;
  /**
   * On how many servers of a cluster.
   *
   * @defaultValue 1
   */
  replicas?: 1 | 3 | 5 | undefined;
  /**
   * After how many milliseconds a value that nobody has done is dropped.
   *
   * @defaultValue `Infinity`
   */
  maxAge?: number | undefined;
  /**
   * For how many milliseconds the engine knows an id: 100 or more.
   *
   * @defaultValue 120,000
   */
  dedupWindow?: number | undefined;
  /**
   * Whether it is made if it does not exist.
   *
   * @defaultValue `true`
   */
  create?: boolean | undefined;
  /**
   * Whose values these are: each group gets every value that is stored after it has opened the queue.
   *
   * @defaultValue `"workers"`
   */
  group?: string | undefined;
}

/** How a value is sent to a queue. */
export interface QueueSendOptions extends WaitOptions {
  /** An id of your own, from 1 to 200 characters: it is stored once within the queue's `dedupWindow`. */
  id?: string | undefined;
}

/** How a queue is served. */
export interface QueueServeOptions extends WaitOptions {
  /**
   * How many handlers run at a time: a whole number from 1 up, or `Infinity`.
   *
   * @defaultValue 1
   */
  concurrency?: number | undefined;
}

/** How a value comes again. */
export interface QueueRetryOptions {
  /** In how many milliseconds, at the earliest. The queue's `backoff`, if left out. */
  after?: number | undefined;
  /** Why; for the dead letters, if this was the last attempt. */
  reason?: unknown;
}

/**
 * A value that is leased: it has to be settled once, by `done`, `retry` or `reject`, before its lease runs out. Disposing it unsettled retries.
 *
 * Idea: the deliveries of AMQP.
 */
export interface Delivery<T> extends AsyncDisposable {
  /** The value. */
  readonly value: T;
  /** The id under which it was sent. */
  readonly id: string;
  /** How many times it has been delivered, this time included: the engine's count. */
  readonly attempt: number;
  /** When the engine stored it. */
  readonly sentAt: Date;
  /** Aborts when the lease is lost: somebody else may get the value. */
  readonly signal: AbortSignal;
  /** It is done, and goes away. Rejects with an {@link UnknownOutcomeError} when the lease is lost, or nobody confirms for `patience`. */
  done(): Promise<void>;
  /** It comes again later. At the last attempt it is rejected instead. */
  retry(options?: QueueRetryOptions): Promise<void>;
  /** It goes to the dead letters. */
  reject(reason?: unknown): Promise<void>;
  /** The lease begins anew. */
  extend(): Promise<void>;
  /** Retries, unless it is settled. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How many values there are in a queue. Counts may lag behind. */
export interface QueueSize {
  /** For a lease of this group. */
  waiting: number;
  /** By this group, or waiting for their backoff. */
  leased: number;
  /** In the dead letters. */
  dead: number;
}

/**
 * A stored queue between machines: at least once. Made by {@link Remote.queue}.
 *
 * Idea: the work queues of AMQP; leases are those of Amazon's SQS.
 */
export interface Queue<T> extends AsyncIterable<Delivery<T>> {
  /** Its name. */
  readonly name: string;
  /**
   * Sends a value. Fulfils when the engine has stored it: once for each id.
   *
   * @param options - `id`: one of your own, under which the value is stored once; a `signal` to give up by
   * @returns rejects with an {@link UnknownOutcomeError} when there is no answer for `patience`: then send again with the same id
   * @throws RangeError for a value that is too large
   */
  send(value: T, options?: QueueSendOptions): Promise<void>;
  /** Leases the next value. Nothing is read ahead. Rejects with a `ClosedError` at the end. */
  receive(options?: WaitOptions): Promise<Delivery<T>>;
  /** Describes a {@link receive}, for `select` and `yield*`. One that loses leaves the value to others. */
  receiving(): Operation<Delivery<T>>;
  /** Leases the next value, or gives the end as data. */
  next(options?: WaitOptions): Promise<IteratorResult<Delivery<T>, undefined>>;
  /** Describes a {@link next}, for `select` and `yield*`. */
  nexting(): Operation<IteratorResult<Delivery<T>, undefined>>;
  /**
   * Runs a handler for each value, and settles it: `done` when the handler fulfils, `retry` when it rejects. Leases are extended while handlers run.
   *
   * Cancelled, it takes no more, cancels its handlers, and gives back what was not done.
   *
   * @param handler - an async, a plain or a generator function
   * @param options - how many run at a time; a `signal` that cancels all
   * @returns fulfils after {@link close}, when its handlers have ended; rejects with a `ClosedError` when the remote ends, with `signal.reason`
   */
  serve<Y = never, Z = never, P = never>(
    handler: GivenBody<"queue.serve((value) => work(value))", [value: T, delivery: Delivery<T>], unknown, Y, Z, P>,
    options?: QueueServeOptions,
  ): Promise<void>;
  /** How many values there are. */
  size(): Promise<QueueSize>;
  /** Closes this end alone: its sends and receives fail, `serve` comes to its end. What is stored stays. */
  close(): void;
}

/** A value that was rejected, as it is received from the queue of the dead letters. */
export interface DeadLetter<T> {
  /** The value, if it could be decoded. */
  value?: T;
  /** The bytes, if they could not. */
  bytes?: Uint8Array;
  /** Why. */
  reason: {
    /** The name of the error. */
    name: string;
    /** Its code, if it had one. */
    code?: unknown;
    /** Its message. */
    message: string;
  };
  /** How many deliveries it had. */
  attempts: number;
  /** When it was rejected. */
  at: Date;
  /** The queue that it was sent to. */
  queue: string;
  /** The id under which it was sent. */
  id: string;
}
