/**
 * Flows: everything that gives values, with the iterator helpers' names.
 *
 * A flow stands on its origin, the source that it owns, and the views over it. A view makes a flow of its own over the same origin, so leaving
 * any of them leaves the source.
 */
import type { ChannelOptions, Sender } from "../channel/channel-types.ts";
import { nothing, performable, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, rejectedNow } from "../core/perform.ts";
import { checkedFunction, knownOptions, type Known } from "../support/given.ts";
import { forDeno, forNode, standing } from "../support/printing.ts";
import { show } from "../errors.ts";
import type { Scope } from "../task/scope/scope-types.ts";
import { checkedDelay } from "../time/timer.ts";
import { checkedBody } from "../task/body.ts";
import { adopted, flowName } from "./adopt.ts";
import { FlatMapping, Filtering, TakingWhile } from "./choosy.ts";
import { Dropping, Mapping, Taking } from "./exact.ts";
import type { ChunkOptions, Flow, FlowOptions, ForEachOptions, IntoOptions, ParallelOptions, Permits, Source, ValueBody, ValuesOptions } from "./flow-types.ts";
import { cleanedUp, FlowLoop, LentLoop } from "./loop.ts";
import type { Origin } from "./origin.ts";
import { Pulling, type Tower, type View } from "./pipeline.ts";
import { ParallelStage } from "./parallel.ts";
import { buffered, LatestStage, produced } from "./stage.ts";
import { Chunking, Debouncing } from "./timed.ts";
import { Throttling } from "./throttle.ts";
import { untilHappens } from "./until.ts";
import { forEach, into, reduce, search, toArray, type Given, type Pulled } from "./verbs.ts";

/**
 * Makes a flow of anything that can be pulled: a channel or another receiver, a web stream, a Node readable, an async or a plain iterable.
 *
 * Nothing is taken from the source before somebody waits; of an iterator at most one `next()` is under way. What arrives for a receive that was
 * withdrawn meanwhile is the next receiver's. The end and an error come after all values, and stay: each later receive gets the same error.
 *
 * The flow owns its source: see {@link Flow}. `flow` of a flow is that flow.
 *
 * @param source - see {@link Source}; a web stream is locked from this call on
 * @param options - see {@link FlowOptions}
 * @throws TypeError for a string, a function, a promise, an emitter and whatever else cannot be pulled, with the cure
 *
 * @example
 * ```ts
 * import { flow } from "rendezvous/flow";
 *
 * async function* pages() {
 *   try {
 *     for (let page = 1; ; page++) yield page;
 *   } finally {
 *     console.log("closed"); // closed
 *   }
 * }
 * console.log(await flow(pages()).filter((page) => page % 2 === 0).take(2).toArray()); // [ 2, 4 ]
 * ```
 *
 * Idea: IxJS' `from`, the iterator helpers' `Iterator.from`.
 */
export function flow<T>(source: Source<T>, options?: FlowOptions): Flow<T> {
  return flowOf(source, options);
}

/** The same, as what it is. */
export function flowOf<T>(source: Source<T>, options?: FlowOptions): FlowOf<T> {
  if (source instanceof FlowOf && options === undefined) return source as FlowOf<T>;
  const given = knownOptions(options ?? {}, flowOptions, "flow");
  checkOptions(given);
  return flowFrom<T>(adopted(source, given, source instanceof FlowOf ? source.origin.cleanUp : undefined));
}

const flowOptions: Known<FlowOptions> = { preventCancel: true, onDrop: true, name: true };

function checkOptions({ preventCancel, onDrop, name }: FlowOptions): void {
  const check = (good: boolean, what: string, value: unknown): void => {
    if (!good) throw new TypeError(`the ${what} of a flow cannot be ${show(value)}`);
  };
  check(preventCancel === undefined || typeof (preventCancel as unknown) === "boolean", "preventCancel", preventCancel);
  check(onDrop === undefined || typeof (onDrop as unknown) === "function", "onDrop", onDrop);
  check(name === undefined || typeof (name as unknown) === "string", "name", name);
}

/** The flow over an origin. */
export function flowFrom<T>(origin: Origin): FlowOf<T> {
  return new FlowOf<T>({ origin, base: origin.operation, top: undefined });
}

export class FlowOf<T> implements Flow<T>, Pulled {
  readonly tower: Tower;
  #nexting: Pulling | undefined = undefined;
  #receiving: Pulling | undefined = undefined;

  constructor(tower: Tower) {
    this.tower = tower;
  }

  get origin(): Origin {
    return this.tower.origin;
  }

  get name(): string {
    return this.origin.name;
  }

  toString(): string {
    return standing(`Flow ${JSON.stringify(this.name)}`, this.origin.cancelled ? "cancelled" : this.origin.ended && "over");
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
    return "Flow";
  }

  // -- A receiver --

  get pulling(): Pulling {
    return (this.#nexting ??= new Pulling(this.tower, "result"));
  }

  receive(options?: WaitOptions): Promise<T> {
    return perform(this.receiving(), options);
  }

  receiving(): Operation<T> {
    return (this.#receiving ??= new Pulling(this.tower, "value")) as Operation<unknown> as Operation<T>;
  }

  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    return perform(this.nexting(), options);
  }

  nexting(): Operation<IteratorResult<T, undefined>> {
    return this.pulling as Operation<unknown> as Operation<IteratorResult<T, undefined>>;
  }

  tryReceive(): IteratorResult<T, undefined> | undefined {
    const result = performable(this.nexting(), "tryReceive").prepare().attempt();
    return result === nothing ? undefined : result;
  }

  cancel(reason?: unknown): boolean {
    return this.origin.cancel(reason);
  }

  values(options: ValuesOptions = {}): AsyncIterableIterator<T> {
    const { preventCancel } = knownOptions(options, valuesOptions, "values");
    return (preventCancel ? new LentLoop(this.pulling) : new FlowLoop(this.origin, this.pulling)) as AsyncIterableIterator<T>;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await cleanedUp(this.origin.cleanUp);
  }

  // -- Views --

  #over<U>(view: View): Flow<U> {
    return new FlowOf<U>({ ...this.tower, top: view });
  }

  map<U>(f: (value: T, index: number) => U): Flow<U> {
    return this.#over(new Mapping(this.tower, checkedView(f, "map", "value * 2")));
  }

  flatMap<U>(f: (value: T, index: number) => Iterable<U>): Flow<U> {
    return this.#over(new FlatMapping(this.tower, checkedView(f, "flatMap", "[value]")));
  }

  filter<S extends T>(f: (value: T, index: number) => value is S): Flow<S>;
  filter(f: (value: T, index: number) => boolean): Flow<T>;
  filter(f: (value: T, index: number) => boolean): Flow<T> {
    return this.#over(new Filtering(this.tower, checkedView(f, "filter", "value > 0")));
  }

  takeWhile(f: (value: T, index: number) => boolean): Flow<T> {
    return this.#over(new TakingWhile(this.tower, checkedView(f, "takeWhile", "value > 0")));
  }

  take(n: number): Flow<T> {
    return checkedCount(n, "take", 0) === Infinity ? this : this.#over(new Taking(this.tower, n));
  }

  drop(n: number): Flow<T> {
    return checkedCount(n, "drop", 0) === 0 ? this : this.#over(new Dropping(this.tower, n));
  }

  chunks(size: number, options: ChunkOptions = {}): Flow<T[]> {
    const { within = Infinity } = knownOptions(options, chunkOptions, "chunks");
    return this.#over(new Chunking(this.tower, checkedCount(size, "chunks", 1), checkedDelay(within, "the option within of chunks")));
  }

  debounce(ms: number): Flow<T> {
    return this.#over(new Debouncing(this.tower, checkedDelay(ms, "debounce")));
  }

  throttle(limiter: Permits): Flow<T> {
    if (typeof (limiter as Partial<Permits> | undefined)?.taking !== "function") {
      throw new TypeError(`throttle takes a rate limiter, as rateLimiter({ limit: 10, per: 1000 }); got ${show(limiter)}`);
    }
    return this.#over(new Throttling(this.tower, performable(limiter.taking(), "throttle")));
  }

  until(end: Operation<unknown>): Flow<T> {
    return new FlowOf<T>(untilHappens(this.tower, performable(end, "until")));
  }

  // -- Stages --

  parallel<U>(s: Scope, limit: number, f: ValueBody<[value: T], U>, options: ParallelOptions = {}): Flow<U> {
    const { ordered = true } = knownOptions(options, parallelOptions, "parallel");
    if (typeof (ordered as unknown) !== "boolean") throw new TypeError(`the option ordered of parallel is true or false; got ${show(ordered)}`);
    checkedCount(limit, "the limit of parallel", 1);
    return flowFrom<U>(new ParallelStage(s, this.tower, limit, checkedBody(f, "parallel", "flow.parallel(s, 8, (value) => work(value))") as ByValue, ordered));
  }

  latest<U>(s: Scope, f: ValueBody<[value: T], U>): Flow<U> {
    return flowFrom<U>(new LatestStage(s, this.tower, checkedBody(f, "latest", "flow.latest(s, (value) => work(value))") as ByValue));
  }

  buffer<V = T>(s: Scope, options: number | ChannelOptions<V>): Flow<T> {
    return flowFrom<T>(buffered(s, this.tower, roomOf(options)));
  }

  // -- Verbs --

  forEach(f: ValueBody<[value: T, index: number], unknown>, options: ForEachOptions = {}): Promise<void> {
    try {
      const { limit = 1 } = knownOptions(options, forEachOptions, "forEach");
      checkedCount(limit, "the limit of forEach", 1);
      return forEach(this, checkedBody(f, "forEach", "flow.forEach((value) => work(value))"), options, limit);
    } catch (error) {
      return rejectedNow(error);
    }
  }

  into(sender: Sender<T>, options: IntoOptions = {}): Promise<boolean> {
    try {
      const { preventClose = false } = knownOptions(options, intoOptions, "into");
      if (typeof (sender as Partial<Sender<T>> | undefined)?.sending !== "function") throw new TypeError(`into takes a sender, as chan(); got ${show(sender)}`);
      return into(this, sender as unknown as Sender<unknown>, options, preventClose);
    } catch (error) {
      return rejectedNow(error);
    }
  }

  toArray(options: WaitOptions = {}): Promise<T[]> {
    try {
      return toArray(this, knownOptions(options, waitOptions, "toArray")) as Promise<T[]>;
    } catch (error) {
      return rejectedNow(error);
    }
  }

  reduce(f: ValueBody<[sum: T, value: T, index: number], T>): Promise<T>;
  reduce<U>(f: ValueBody<[sum: U, value: T, index: number], U>, initial: U, options?: WaitOptions): Promise<U>;
  reduce(f: Given, initial?: unknown, options: WaitOptions = {}): Promise<unknown> {
    try {
      const fold = checkedBody(f, "reduce", "flow.reduce((sum, value) => sum + value)");
      return reduce(this, fold, arguments.length > 1 ? { value: initial } : undefined, knownOptions(options, waitOptions, "reduce"));
    } catch (error) {
      return rejectedNow(error);
    }
  }

  some(f: ValueBody<[value: T, index: number], unknown>, options: WaitOptions = {}): Promise<boolean> {
    return this.#search("some", f, true, () => true, false, options);
  }

  every(f: ValueBody<[value: T, index: number], unknown>, options: WaitOptions = {}): Promise<boolean> {
    return this.#search("every", f, false, () => false, true, options);
  }

  find(f: ValueBody<[value: T, index: number], unknown>, options: WaitOptions = {}): Promise<T | undefined> {
    return this.#search("find", f, true, (value) => value as T | undefined, undefined, options);
  }

  #search<R>(verb: string, f: Given, wanted: boolean, found: (value: unknown) => R, none: R, options: WaitOptions): Promise<R> {
    try {
      const test = checkedBody(f, verb, `flow.${verb}((value) => value > 0)`);
      return search(verb, this, test, wanted, found, none, knownOptions(options, waitOptions, verb));
    } catch (error) {
      return rejectedNow(error);
    }
  }
}

const waitOptions: Known<WaitOptions> = { signal: true };
type ByValue = (value: unknown) => unknown;

/** The options of a channel, of which a number is one. */
export function roomOf<T>(options: number | ChannelOptions<T>): ChannelOptions<unknown> {
  return (typeof options === "object" ? options : { capacity: options }) as ChannelOptions<unknown>;
}

/**
 * A flow of what a body sends: it starts at once, as a background task of a scope, and the flow ends when the body does, or fails as it does.
 *
 * A receiver that leaves cancels the body, whose next operation rejects. When everything else in the scope has ended, it is cancelled and awaited.
 *
 * @param s - the scope in which it runs
 * @param body - an async, a plain or a generator function; it gets the sender
 * @param options - how many values may be sent ahead of the receiver, or {@link ChannelOptions}. 0: none
 * @throws ClosedError when the scope has ended; RangeError for a bad capacity
 *
 * @example
 * ```ts
 * import { scope } from "rendezvous";
 * import { produce } from "rendezvous/flow";
 *
 * await scope(async (s) => {
 *   const squares = produce<number>(s, async (out) => {
 *     for (let n = 1; ; n++) await out.send(n * n);
 *   });
 *   console.log(await squares.take(3).toArray()); // [ 1, 4, 9 ]
 * });
 * ```
 *
 * Idea: Kotlin's `produce`.
 */
export function produce<T>(s: Scope, body: ValueBody<[out: Sender<T>], unknown>, options: number | ChannelOptions<T> = 0): Flow<T> {
  const room = roomOf(options);
  const checked = checkedBody(body, "produce", "produce(s, async (out) => { ... })") as (out: Sender<unknown>) => unknown;
  return flowFrom<T>(produced(s, checked, room, room.name ?? flowName()));
}

const parallelOptions: Known<ParallelOptions> = { ordered: true };
const chunkOptions: Known<ChunkOptions> = { within: true };
const forEachOptions: Known<ForEachOptions> = { limit: true, signal: true };
const intoOptions: Known<IntoOptions> = { preventClose: true, signal: true };
const valuesOptions: Known<ValuesOptions> = { preventCancel: true };

/** The function of a view, or a clear error. */
function checkedView(f: Given, verb: string, example: string): (...args: unknown[]) => unknown {
  return checkedFunction(f, verb, `flow.${verb}((value) => ${example})`) as (...args: unknown[]) => unknown;
}

/** A number of values, or a clear error. */
export function checkedCount(n: number, what: string, least: number): number {
  if (typeof (n as unknown) === "number" && n >= least && (Number.isInteger(n) || n === Infinity)) return n;
  throw new RangeError(`${what} takes a whole number from ${String(least)} up, or Infinity; got ${show(n)}`);
}
