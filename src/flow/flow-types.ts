/**
 * What a flow looks like: a receiver with the iterator helpers' names, owned by whoever receives from it.
 */
import type { ChannelOptions, Receiver, Sender } from "../channel/channel-types.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import type { Scope } from "../task/scope/scope-types.ts";

/** What a Node readable looks like, as far as a flow needs it: `node:` is never imported. */
export interface NodeReadable<out T> extends AsyncIterable<T> {
  /** Gives what is buffered, or `null`. */
  read(): unknown;
  /** Ends it. */
  destroy(error?: Error): unknown;
  /** Listens. */
  on(event: string, listener: (...args: never[]) => void): unknown;
  /** Stops listening. */
  off(event: string, listener: (...args: never[]) => void): unknown;
}

/**
 * What can be pulled: nothing is taken from it before somebody waits.
 *
 * What pushes (events, observables, callbacks) cannot wait, so it is no source: `events` says what happens when nobody receives.
 */
export type Source<T> = Receiver<T> | ReadableStream<T> | NodeReadable<T> | AsyncIterable<T> | Iterable<T>;

/** How a flow takes its source over. */
export interface FlowOptions {
  /**
   * Whether the source outlives the flow: when the flow is left, the source is given back and not cancelled. Its reader lock and its
   * listeners are gone then.
   *
   * @defaultValue `false`
   */
  preventCancel?: boolean | undefined;
  /**
   * Called with each value that was taken from the source and that nobody will receive, in order. What it throws becomes an unhandled rejection.
   */
  onDrop?: ((value: unknown) => void) | undefined;
  /**
   * The name that errors and reports use.
   *
   * @defaultValue the name of the source if it is a channel or a flow, else one made of a number
   */
  name?: string | undefined;
}

/** The options of {@link Flow.chunks}. */
export interface ChunkOptions {
  /**
   * How many milliseconds after its first value was taken an unfinished chunk is given.
   *
   * @defaultValue `Infinity`: a chunk is given when it is full, or at the end
   */
  within?: number | undefined;
}

/** The options of {@link Flow.parallel}. */
export interface ParallelOptions {
  /**
   * Whether results come in the order of the values.
   *
   * @defaultValue `true`
   */
  ordered?: boolean | undefined;
}

/** The options of {@link Flow.forEach}. */
export interface ForEachOptions extends WaitOptions {
  /**
   * How many values are worked on at once: a whole number from 1 up, or `Infinity`.
   *
   * @defaultValue 1
   */
  limit?: number | undefined;
}

/** The options of {@link Flow.into}. */
export interface IntoOptions extends WaitOptions {
  /**
   * Whether the sender is left open when the flow has ended, or has failed.
   *
   * @defaultValue `false`
   */
  preventClose?: boolean | undefined;
}

/** The options of {@link Flow.values}. */
export interface ValuesOptions {
  /**
   * Whether leaving the loop leaves the flow as it is.
   *
   * @defaultValue `false`
   */
  preventCancel?: boolean | undefined;
}

/** A limit on how often something happens, as `rateLimiter` of `rendezvous/sync` makes it. */
export interface Permits {
  /** Describes taking `n` permits. */
  taking(n?: number): Operation<void>;
}

/** A body for a value: an async, a plain or a generator function. */
export type ValueBody<A extends unknown[], R> = (...args: A) => R | PromiseLike<R> | Generator<unknown, R, unknown>;

/** What the compiler says of what ends no flow. */
export type NoEnd = "write until(settling(promise)), until(aborting(signal)), or until(sleeping(ms))";

/**
 * Values to be received, with the iterator helpers' names. Made by {@link flow}.
 *
 * Everything that waits is lazy: a flow, and each view of it, takes a value from its source only while somebody waits for one, or in the
 * step in which somebody polls. A view starts no task and holds no buffer, so it can be forgotten. Several receivers of one flow are
 * served first come, first served.
 *
 * A flow is owned: {@link cancel} goes up to its source, and so does leaving a `for await` loop over it in any way, and each verb that stops early
 * or fails. A loop and a verb then wait until the source has cleaned up.
 *
 * *Exact* views (`map`, `take`, `drop`, `until`, `throttle`): a poll that fails, a receive that is withdrawn or loses a select, has taken nothing.
 * *Looking* views (`filter`, `flatMap`, `takeWhile`, `chunks`, `debounce`) have to see a value first, so they hold in hand what they have taken and
 * nobody has received; it is the next receiver's, before anything else.
 *
 * Idea: the iterator helpers of TC39, over receives that are values.
 */
export interface Flow<out T> extends Receiver<T>, AsyncDisposable {
  /**
   * Each value as a function makes it. The function runs in the receiver's own turn, never inside a sender. One that throws fails
   * that receive: the value is gone, the flow goes on.
   *
   * @param f - gets the value and how many came before; one that gives a promise fails the receive with a `TypeError`: {@link parallel} is for those
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow([1, 2, 3]).map((n) => n * n).toArray()); // [ 1, 4, 9 ]
   * ```
   *
   * Idea: `Iterator.prototype.map`.
   */
  map<U>(f: (value: T, index: number) => U): Flow<U>;

  /**
   * The values of a group for each value, in order. A group is pulled one value at a time, and may be endless; left early, it is ended by its
   * `return()`.
   *
   * @param f - gives any iterable but a string; anything else fails the receive with a `TypeError`
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow(["a b", "c"]).flatMap((line) => line.split(" ")).toArray()); // [ 'a', 'b', 'c' ]
   * ```
   *
   * Idea: `Iterator.prototype.flatMap`, which refuses strings too.
   */
  flatMap<U>(f: (value: T, index: number) => Iterable<U>): Flow<U>;

  /**
   * The values for which a test holds. A receive that is withdrawn has taken none of these: one that came meanwhile stays in hand, first, for the next
   * receiver.
   *
   * @param f - gets the value and how many came before; a type guard narrows the flow
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * const words = flow([1, "two", 3]).filter((value) => typeof value === "string");
   * console.log(await words.toArray()); // [ 'two' ]
   * ```
   *
   * Idea: `Iterator.prototype.filter`; what is in hand is Rust's `Peekable`.
   */
  filter<S extends T>(f: (value: T, index: number) => value is S): Flow<S>;
  /** The same with a test that tells nothing of the type. */
  filter(f: (value: T, index: number) => boolean): Flow<T>;

  /**
   * The first `n` values. The source is cancelled in the step in which the n-th is taken: by the time its receive has fulfilled that has happened.
   *
   * @param n - a whole number from 0 up, or `Infinity`
   * @throws RangeError for any other
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * const numbers = chan<number>(3);
   * for (const n of [1, 2, 3]) numbers.trySend(n);
   * console.log(await flow(numbers).take(2).toArray(), numbers.closed); // [ 1, 2 ] true
   * ```
   *
   * Idea: `Iterator.prototype.take`, which closes its source one call later.
   */
  take(n: number): Flow<T>;

  /**
   * All but the first `n` values. A receive that is withdrawn has taken nothing but what it drops.
   *
   * @param n - a whole number from 0 up, or `Infinity`
   * @throws RangeError for any other
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow("header,1,2".split(",")).drop(1).toArray()); // [ '1', '2' ]
   * ```
   *
   * Idea: `Iterator.prototype.drop`.
   */
  drop(n: number): Flow<T>;

  /**
   * The values before the first for which a test does not hold. That one is taken and not given, and the source is cancelled.
   *
   * @param f - gets the value and how many came before
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow([1, 2, 9, 3]).takeWhile((n) => n < 5).toArray()); // [ 1, 2 ]
   * ```
   *
   * Idea: Rust's `take_while`.
   */
  takeWhile(f: (value: T, index: number) => boolean): Flow<T>;

  /**
   * The values that come before an operation happens. It is performed with each receive, before the source: `until(sleeping(50))` ends after 50 ms
   * without a value. Then the flow is over and its source cancelled; if the operation fails, the flow fails with its error.
   *
   * @param end - any operation, as `done.nexting()`, `aborting(signal)`, `settling(promise)`
   *
   * @example
   * ```ts
   * import { chan, sleeping } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * const quiet = chan<string>(1);
   * quiet.trySend("the only one");
   * console.log(await flow(quiet).until(sleeping(5)).toArray()); // [ 'the only one' ]
   * ```
   *
   * Idea: RxJS' `takeUntil`.
   */
  until(end: Operation<unknown> | NoEnd): Flow<T>;

  /**
   * Several values at a time, as arrays: a chunk is given when it is full, `within` milliseconds after its first value was taken, or at the end or
   * error of the source, before that. Never an empty one. `within: 0` gives whatever is ready at once.
   *
   * A receive that is withdrawn leaves its unfinished chunk in hand, with its deadline.
   *
   * @param size - how many values at most: a whole number from 1 up, or `Infinity`
   * @param options - `within`, in milliseconds
   * @throws RangeError for any other size, and for a `within` of `NaN`
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow([1, 2, 3]).chunks(2).toArray()); // [ [ 1, 2 ], [ 3 ] ]
   * ```
   *
   * Idea: tokio-stream's `chunks_timeout`, RxJS' `bufferTime`.
   */
  chunks(size: number, options?: ChunkOptions): Flow<T[]>;

  /**
   * The latest value, once none has come for `ms` milliseconds; at the end or error of the source at once, before that. Earlier ones are superseded.
   *
   * It takes values while somebody waits: feed it from a channel with `overflow: "drop-oldest"`.
   *
   * @param ms - milliseconds; 0 gives the latest of those that are ready
   * @throws RangeError for `NaN` or no number
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow(["r", "re", "ren"]).debounce(20).toArray()); // [ 'ren' ]
   * ```
   *
   * Idea: lodash's `debounce`.
   */
  debounce(ms: number): Flow<T>;

  /**
   * Takes a permit of a rate limiter with each value, in the same step; the end and an error need none. Several flows may share one limiter.
   *
   * Exact as long as a permit is there, and whenever the value comes first. If a receiver waits while none is, the value that comes meanwhile is taken: its
   * send fulfils, and it stays in hand, first, for whoever receives once a permit has come.
   *
   * @param limiter - a `rateLimiter` of `rendezvous/sync`, or whatever has its `taking`
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   * import { rateLimiter } from "rendezvous/sync";
   * import { bubble } from "rendezvous/testing";
   *
   * await bubble(async () => {
   *   const perSecond = rateLimiter({ limit: 1, per: 1000 });
   *   await flow(["a", "b"]).throttle(perSecond).forEach((word) => console.log(word, performance.now()));
   *   // a 0
   *   // b 1000
   * });
   * ```
   *
   * Idea: Go's `x/time/rate`.
   */
  throttle(limiter: Permits): Flow<T>;

  // -- Stages --

  /**
   * Several bodies at once. Starts at the call: up to `limit` values are running, or finished and not received; so many are taken ahead.
   *
   * Results come in the order of the values, or (`ordered: false`) as they come. A body that fails is the end, in its place: what came before it is
   * given, then its error. The other bodies are cancelled and awaited, and so is the source.
   *
   * The tasks are in the background of the scope: when everything else in it has ended, they are cancelled and awaited. A failure that no
   * receiver has got is the scope's.
   *
   * @param s - the scope in which the bodies run
   * @param limit - a whole number from 1 up, or `Infinity`
   * @param f - an async, a plain or a generator function
   * @param options - `ordered`
   * @throws RangeError for any other limit; ClosedError when the scope has ended
   *
   * @example
   * ```ts
   * import { scope, sleep } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * await scope(async (s) => {
   *   const slow = async (ms: number) => { await sleep(ms); return ms; };
   *   console.log(await flow([20, 10, 5]).parallel(s, 3, slow).toArray()); // [ 20, 10, 5 ]
   *   console.log(await flow([20, 10, 5]).parallel(s, 3, slow, { ordered: false }).toArray()); // [ 5, 10, 20 ]
   * });
   * ```
   *
   * Idea: p-map, Rust's `buffered`.
   */
  parallel<U>(s: Scope, limit: number, f: ValueBody<[value: T], U>, options?: ParallelOptions): Flow<U>;

  /**
   * What a body makes of the latest value: a new value cancels the body that runs, waits until that has ended, and starts the next. Values in
   * between are skipped, and what a cancelled body gives is never received. The body of the last value is let finish.
   *
   * @param s - the scope in which the bodies run
   * @param f - an async, a plain or a generator function. Its first error ends the flow
   * @throws ClosedError when the scope has ended
   *
   * @example
   * ```ts
   * import { scope, sleep } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * await scope(async (s) => {
   *   const found = flow(["r", "re", "ren"]).latest(s, async (text) => { await sleep(5); return `${text}...`; });
   *   console.log(await found.toArray()); // [ 'ren...' ]
   * });
   * ```
   *
   * Idea: RxJS' `switchMap`, Kotlin's `mapLatest`.
   */
  latest<U>(s: Scope, f: ValueBody<[value: T], U>): Flow<U>;

  /**
   * Reads ahead, into a channel: `buffer(s, 16)`, or `buffer(s, { capacity: 1, overflow: "drop-oldest" })` for the latest value alone.
   *
   * @param s - the scope in which it runs
   * @param options - how many values, or {@link ChannelOptions}
   * @throws ClosedError when the scope has ended; RangeError for a bad capacity
   *
   * @example
   * ```ts
   * import { scope } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * await scope(async (s) => {
   *   console.log(await flow([1, 2, 3]).buffer(s, 2).toArray()); // [ 1, 2, 3 ]
   * });
   * ```
   *
   * Idea: Kotlin's `buffer` and `conflate`.
   */
  buffer<V = T>(s: Scope, options: number | ChannelOptions<V>): Flow<T>; // V: a buffer takes and gives values, and a flow is covariant

  // -- Verbs --

  /**
   * Runs a body for each value, one at a time or, with `limit`, so many at once, as tasks of a scope of its own: a worker pool.
   *
   * @param f - an async, a plain or a generator function; gets the value and how many came before
   * @param options - `limit`, a `signal`
   * @returns fulfils when the flow and all bodies have ended. Rejects with the first error of a body or of the source: then the source is cancelled,
   * and bodies that run are cancelled and awaited. With a `RangeError` for a bad `limit`
   *
   * @example
   * ```ts
   * import { sleep } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * await flow([30, 10, 20]).forEach(async (ms) => {
   *   await sleep(ms);
   *   console.log(ms);
   * }, { limit: 3 });
   * // 10
   * // 20
   * // 30
   * ```
   *
   * Idea: `AsyncIterator.prototype.forEach`; with a limit, the worker pool that everybody builds.
   */
  forEach(f: ValueBody<[value: T, index: number], unknown>, options?: ForEachOptions): Promise<void>;

  /**
   * Sends every value to a sender, and then closes it: with the error, if the flow fails.
   *
   * @param sender - a channel, or anything that sends
   * @param options - `preventClose`, a `signal`
   * @returns `true` at the end of the flow; `false` if the sender takes no more, which is no error: the source is cancelled. Rejects with the
   * error of the source, after closing the sender with it
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * const squares = chan<number>(3);
   * console.log(await flow([1, 2, 3]).map((n) => n * n).into(squares)); // true
   * for await (const n of squares) console.log(n);
   * // 1
   * // 4
   * // 9
   * ```
   *
   * Idea: `ReadableStream.pipeTo`.
   */
  into(sender: Sender<T>, options?: IntoOptions): Promise<boolean>;

  /**
   * All values, as an array.
   *
   * @param options - a `signal` to give up by
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow(new Set("abba")).toArray()); // [ 'a', 'b' ]
   * ```
   *
   * Idea: `Iterator.prototype.toArray`.
   */
  toArray(options?: WaitOptions): Promise<T[]>;

  /**
   * Folds all values into one, from the first to the last.
   *
   * @param f - gets what there is so far, the value and how many came before; it may be an async or a generator function
   * @returns rejects with a `TypeError` when there is neither a value nor an initial one
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow([1, 2, 3]).reduce((sum, n) => sum + n)); // 6
   * ```
   *
   * Idea: `Iterator.prototype.reduce`.
   */
  reduce(f: ValueBody<[sum: T, value: T, index: number], T>): Promise<T>;
  /**
   * The same from an initial value.
   *
   * @param f - gets what there is so far, the value and how many came before
   * @param initial - what there is at the start
   * @param options - a `signal` to give up by
   */
  reduce<U>(f: ValueBody<[sum: U, value: T, index: number], U>, initial: U, options?: WaitOptions): Promise<U>;

  /**
   * Whether a test holds for some value. The source is cancelled at the first.
   *
   * @param f - a test, which may be an async or a generator function
   * @param options - a `signal` to give up by
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow([1, 2, 3]).some((n) => n > 1)); // true
   * ```
   *
   * Idea: `Iterator.prototype.some`.
   */
  some(f: ValueBody<[value: T, index: number], unknown>, options?: WaitOptions): Promise<boolean>;

  /**
   * Whether a test holds for every value. The source is cancelled at the first for which it does not.
   *
   * @param f - a test, which may be an async or a generator function
   * @param options - a `signal` to give up by
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow([1, 2, 3]).every((n) => n > 1)); // false
   * ```
   *
   * Idea: `Iterator.prototype.every`.
   */
  every(f: ValueBody<[value: T, index: number], unknown>, options?: WaitOptions): Promise<boolean>;

  /**
   * The first value for which a test holds, or `undefined`. The source is cancelled once it is found.
   *
   * @param f - a test, which may be an async or a generator function
   * @param options - a `signal` to give up by
   *
   * @example
   * ```ts
   * import { flow } from "rendezvous/flow";
   *
   * console.log(await flow(["a", "bc", "def"]).find((word) => word.length > 1)); // bc
   * ```
   *
   * Idea: `Iterator.prototype.find`.
   */
  find(f: ValueBody<[value: T, index: number], unknown>, options?: WaitOptions): Promise<T | undefined>;

  /**
   * An iterator over the values: what `for await` over the flow uses.
   *
   * Leaving the loop in any way cancels the flow and waits until the source has cleaned up; so does a `next()` that rejects.
   *
   * @param options - `preventCancel`
   *
   * @example
   * ```ts
   * import { chan } from "rendezvous";
   * import { flow } from "rendezvous/flow";
   *
   * const letters = chan<string>(2);
   * for (const letter of "ab") letters.trySend(letter);
   * const some = flow(letters);
   * for await (const letter of some.values({ preventCancel: true })) {
   *   console.log(letter, letters.closed); // a false
   *   break;
   * }
   * ```
   *
   * Idea: `ReadableStream.values`.
   */
  values(options?: ValuesOptions): AsyncIterableIterator<T>;

  /** The same as {@link values}. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;

  /** Cancels, and waits until the source has cleaned up: `await using f = flow(source)`. */
  [Symbol.asyncDispose](): Promise<void>;
}
