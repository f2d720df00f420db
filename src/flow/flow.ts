/**
 * Flows: everything that gives values, with the iterator helpers' names.
 *
 * A flow stands on its origin, the source that it owns, and the views over it. A view makes a flow of its own over the same origin, so leaving
 * any of them leaves the source.
 */
import type { ChannelOptions, Sender } from "../channel/channel-types.ts";
import { nothing, performable, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import { checkedBoolean, checkedFunction, knownOptions, type Known } from "../support/given.ts";
import { checkedCount, checkedName } from "../support/named.ts";
import { misuse } from "../errors.ts";
import type { Scope } from "../task/scope/scope-types.ts";
import { checkedDelay } from "../time/timer.ts";
import { checkedBody } from "../task/body.ts";
import { adopted, flowName } from "./adopt.ts";
import { FlatMapping, Filtering, TakingWhile } from "./choosy.ts";
import { Dropping, Mapping, Taking } from "./exact.ts";
import type { ChunkOptions, Flow, FlowOptions, ForEachOptions, IntoOptions, NoEnd, ParallelOptions, Permits, Source, ValueBody, ValuesOptions } from "./flow-types.ts";
import { FlowLoop, LentLoop } from "./loop.ts";
import { cleanedUp, Owning, type Origin } from "./origin.ts";
import { Pulling, type Tower, type View } from "./pipeline.ts";
import { ParallelStage } from "./parallel.ts";
import { buffered, LatestStage, produced, scopeOf } from "./stage.ts";
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
 * The code of the source belongs to the flow, not to its receivers: a cancel of a task that receives does not reach what an async generator waits for.
 * A cancel of the flow does, and so do the end and the cancel of the scope in which the flow was made.
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
export function flow<T>(source: Source<T> | NoSource, options?: FlowOptions): Flow<T> {
  return flowOf(source as Source<T>, options);
}

/** What the compiler says of what cannot be pulled. */
export type NoSource = "write flow(await promise), events(emitter, name), or lines([text])";

/** The same, as what it is. `who`: the verb that was called. */
export function flowOf<T>(source: Source<T>, options?: FlowOptions, who = "flow"): FlowOf<T> {
  if (source instanceof FlowOf && options === undefined) return source as FlowOf<T>;
  const given = knownOptions(options ?? {}, flowOptions, "flow");
  const { preventCancel = false, onDrop, name } = given;
  checkedBoolean(preventCancel, "the option preventCancel of flow");
  if (onDrop !== undefined) checkedFunction(onDrop, "the option onDrop of flow", "(value) => value.close()");
  if (name !== undefined) checkedName(name, "flow");
  return flowFrom<T>(adopted(source, given, who, source instanceof FlowOf ? source.origin.cleanUp : undefined));
}

const flowOptions: Known<FlowOptions> = { preventCancel: true, onDrop: true, name: true };

/** The flow over an origin. */
export function flowFrom<T>(origin: Origin): FlowOf<T> {
  return new FlowOf<T>({ origin, base: origin.operation, top: undefined });
}

export class FlowOf<T> extends Owning implements Flow<T>, Pulled {
  readonly tower: Tower;
  #nexting: Pulling | undefined = undefined;
  #receiving: Pulling | undefined = undefined;

  constructor(tower: Tower) {
    super();
    this.tower = tower;
  }

  get origin(): Origin {
    return this.tower.origin;
  }

  get name(): string {
    return this.origin.name;
  }

  protected get title(): string {
    return `Flow ${JSON.stringify(this.name)}`;
  }

  protected facts(): (string | false)[] {
    return [this.origin.cancelled ? "cancelled" : this.origin.ended && "over"];
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
    const result = this.pulling.prepare().attempt();
    return result === nothing ? undefined : (result as IteratorResult<T, undefined>);
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
    return checkedCount(n, "the number of take", 0, "flow.take(3)") === Infinity ? this : this.#over(new Taking(this.tower, n));
  }

  drop(n: number): Flow<T> {
    return checkedCount(n, "the number of drop", 0, "flow.drop(3)") === 0 ? this : this.#over(new Dropping(this.tower, n));
  }

  chunks(size: number, options: ChunkOptions = {}): Flow<T[]> {
    const { within = Infinity } = knownOptions(options, chunkOptions, "chunks");
    return this.#over(new Chunking(this.tower, checkedCount(size, "the size of chunks", 1, "flow.chunks(3, { within: 100 })"), checkedDelay(within, "the option within of chunks")));
  }

  debounce(ms: number): Flow<T> {
    return this.#over(new Debouncing(this.tower, checkedDelay(ms, "debounce")));
  }

  throttle(limiter: Permits): Flow<T> {
    if (!can(limiter, "taking")) throw misuse("throttle", "a rate limiter, as rateLimiter({ limit: 10, per: 1000 })", limiter);
    return this.#over(new Throttling(this.tower, performable(limiter.taking(), "throttle")));
  }

  until(end: Operation<unknown> | NoEnd): Flow<T> {
    return new FlowOf<T>(untilHappens(this.tower, performable(end as Operation<unknown>, "until")));
  }

  // -- Stages --

  parallel<U>(s: Scope, limit: number, f: ValueBody<[value: T], U>, options: ParallelOptions = {}): Flow<U> {
    const state = scopeOf(s, "parallel", `8, ${work}`);
    const { ordered = true } = knownOptions(options, parallelOptions, "parallel");
    checkedBoolean(ordered, "the option ordered of parallel");
    checkedCount(limit, "the limit of parallel", 1, "flow.parallel(s, 8, f)");
    return flowFrom<U>(new ParallelStage(state, this.tower, limit, bodyOf(f, "parallel", `s, 8, ${work}`), ordered));
  }

  latest<U>(s: Scope, f: ValueBody<[value: T], U>): Flow<U> {
    const state = scopeOf(s, "latest", work);
    return flowFrom<U>(new LatestStage(state, this.tower, bodyOf(f, "latest", `s, ${work}`)));
  }

  buffer<V = T>(s: Scope, options: number | ChannelOptions<V>): Flow<T> {
    return flowFrom<T>(buffered(scopeOf(s, "buffer", "16"), this.tower, roomOf(options)));
  }

  // -- Verbs --

  forEach(f: ValueBody<[value: T, index: number], unknown>, options: ForEachOptions = {}): Promise<void> {
    return verb("forEach", options, forEachOptions, ({ limit = 1 }) =>
      forEach(this, bodyOf(f, "forEach", work), options, checkedCount(limit, "the limit of forEach", 1, "flow.forEach(f, { limit: 8 })")));
  }

  into(sender: Sender<T>, options: IntoOptions = {}): Promise<boolean> {
    return verb("into", options, intoOptions, ({ preventClose = false }) => {
      if (!can(sender, "sending")) throw misuse("into", "a sender, as chan()", sender);
      checkedBoolean(preventClose, "the option preventClose of into");
      return into(this, sender as unknown as Sender<unknown>, options, preventClose);
    });
  }

  toArray(options: WaitOptions = {}): Promise<T[]> {
    return verb("toArray", options, waitOptions, () => toArray(this, options) as Promise<T[]>);
  }

  reduce(f: ValueBody<[sum: T, value: T, index: number], T>): Promise<T>;
  reduce<U>(f: ValueBody<[sum: U, value: T, index: number], U>, initial: U, options?: WaitOptions): Promise<U>;
  reduce(f: Given, initial?: unknown, options: WaitOptions = {}): Promise<unknown> {
    const first = arguments.length > 1 ? { value: initial } : undefined;
    return verb("reduce", options, waitOptions, () => reduce(this, bodyOf(f, "reduce", "(sum, value) => sum + value"), first, options));
  }

  some(f: ValueBody<[value: T, index: number], unknown>, options: WaitOptions = {}): Promise<boolean> {
    return this.#search("some", f, true, options).then(Boolean);
  }

  every(f: ValueBody<[value: T, index: number], unknown>, options: WaitOptions = {}): Promise<boolean> {
    return this.#search("every", f, false, options).then((hit) => !hit);
  }

  find(f: ValueBody<[value: T, index: number], unknown>, options: WaitOptions = {}): Promise<T | undefined> {
    return this.#search("find", f, true, options).then((hit) => hit?.value as T | undefined);
  }

  #search(name: string, f: Given, wanted: boolean, options: WaitOptions): Promise<{ value: unknown } | undefined> {
    return verb(name, options, waitOptions, () => search(name, this, bodyOf(f, name, "(value) => value > 0"), wanted, options));
  }
}

/** Run a verb with options that it knows; what it is given wrongly rejects it. */
function verb<O extends object, R>(name: string, options: O, known: Known<O>, begin: (options: O) => Promise<R>): Promise<R> {
  return promised(() => begin(knownOptions(options, known, name)));
}

/** Whether something has such a method. */
const can = (given: unknown, method: string): boolean => typeof (given as Record<string, unknown> | null | undefined)?.[method] === "function";

const waitOptions: Known<WaitOptions> = { signal: true };

/** A body that is right, in calls that are. */
const work = "(value) => work(value)";

/** The body given to a verb or a stage, or a clear error; `call`: the arguments of a call that is right. */
function bodyOf(f: Given, verb: string, call: string): (...args: unknown[]) => unknown {
  return checkedBody(f, verb, `flow.${verb}(${call})`) as (...args: unknown[]) => unknown;
}

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
  const state = scopeOf(s, "produce", "async (out) => { ... }", "produce");
  const room = roomOf(options);
  const checked = checkedBody(body, "produce", "produce(s, async (out) => { ... })") as (out: Sender<unknown>) => unknown;
  return flowFrom<T>(produced(state, checked, room, room.name ?? flowName()));
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
