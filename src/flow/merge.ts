/**
 * `merge`: whichever of several sources has a value.
 *
 * 1. A view: it polls its sources in random order, or as listed, and waits at all of them; nothing is read ahead.
 * 2. A source that ends is left out in the step in which it ends; who waits keeps its places at the others. The merge ends with the last one.
 * 3. The first error is the end, and stays; the other sources are cancelled with it.
 *
 *        receiver ◄── outside ◄─┬─ source a        a gives: the places at b and c are left, then the receiver goes on
 *                               ├─ source b        b ends: its place is gone, a and c are waited for
 *                               └─ source c
 *
 * Idea: core.async's `merge`, as a choice and without its channel; fair as Go's `select`.
 */
import { controller, pick } from "../core/controller.ts";
import { nothing, type Performable, Prepares, ResultIsDeferred, RunsUserCode, type Nothing } from "../core/operation.ts";
import { release, withdraw, type Outcome, type Waiter, type WaitPlace } from "../core/wait-queue.ts";
import { show, type CaseKey } from "../errors.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { Filtering } from "./choosy.ts";
import { flowFrom, flowOf, type FlowOf } from "./flow.ts";
import type { Flow, Source } from "./flow-types.ts";
import { Origin } from "./origin.ts";
import { Pulling, type Tower } from "./pipeline.ts";
import { end, Failure, opened, Receive, resumeWith, type Result } from "./result.ts";
import { ReceiverOrigin } from "./sources/receiver.ts";

/** The options of {@link merge}. */
export interface MergeOptions {
  /**
   * Which source goes first if several have a value: a random one, or the first of the list.
   *
   * @defaultValue `"random"`
   */
  order?: "random" | "listed" | undefined;
}

/**
 * A flow of whichever source has a value. It is a view: nothing is taken before somebody waits, and nothing is read ahead.
 *
 * Several ready: one uniformly at random, or the first in the list. A source that ends is left out; the merge ends with the last one. The first error
 * is its end: the other sources are cancelled, with the error as the reason. A flow that is cancelled cancels all sources.
 *
 * @param sources - any iterable of sources
 * @param options - `order`
 * @throws TypeError for what is no list, or no source
 *
 * @example
 * ```ts
 * import { merge } from "rendezvous/flow";
 *
 * console.log(await merge([[1, 2], [3, 4]], { order: "listed" }).toArray()); // [ 1, 2, 3, 4 ]
 * ```
 *
 * Idea: core.async's `merge`.
 */
export function merge<T>(sources: Iterable<Source<T>> | "write merge([a, b]), not merge(a, b)", options: MergeOptions = {}): Flow<T> {
  if (typeof (sources as Partial<Iterable<unknown>> | undefined)?.[Symbol.iterator] !== "function" || typeof (sources as unknown) === "string") {
    throw new TypeError(`merge takes a list of sources, as merge([a, b]); got ${show(sources)}`);
  }
  const { order = "random" } = knownOptions(options, mergeOptions, "merge");
  if ((order as string) !== "random" && (order as string) !== "listed") throw new TypeError(`merge takes the order "random" or "listed"; got ${show(order)}`);
  return flowFrom<T>(new MergeOrigin([...sources as Iterable<Source<T>>].map((source) => flowOf<unknown>(source, undefined, "each source of merge")), order === "listed"));
}

const mergeOptions: Known<MergeOptions> = { order: true };

class MergeOrigin extends Origin {
  readonly operation: Merging;
  readonly #sources: readonly FlowOf<unknown>[];

  constructor(sources: readonly FlowOf<unknown>[], listed: boolean) {
    super({ name: `merge of ${String(sources.length)}`, preventCancel: false, onDrop: undefined });
    this.#sources = sources;
    const live = sources.map(({ tower }) => new Pulling(steady(tower), "raw"));
    this.operation = new Merging(this.name, { live, over: live.length === 0 ? end : undefined, failed: (error) => { this.#failed(error); } }, live, listed);
  }

  override get cleansUpOutside(): boolean {
    return this.#sources.some(({ origin }) => origin.cleansUpOutside);
  }

  /** The first error is the end: the others are cancelled with it. */
  #failed(error: unknown): void {
    this.sawEnd(new Failure(error));
    this.cleanUp.run(() => { this.stop(error); });
  }

  protected override stop(reason: unknown): void {
    this.operation.shared.over ??= end;
    for (const source of this.#sources) {
      source.cancel(reason);
      this.cleanUp.follow(source.origin.cleanUp);
    }
  }

  override received(error: unknown): boolean {
    return this.#sources.map(({ origin }) => origin.received(error)).every(Boolean);
  }
}

/** The same flow, as one whose end is known in the step in which it comes: that of a receiver of the user's own may be found out later. */
function steady(tower: Tower): Tower {
  const { origin } = tower;
  if (!(origin instanceof ReceiverOrigin) || (origin.operation.traits & ResultIsDeferred) === 0) return tower;
  return { ...tower, top: new Filtering(tower, () => true) };
}

/** What all receives of a merge have in common. */
interface Shared {
  /** The sources that have not ended. */
  live: Pulling[];
  /** How it has ended. */
  over: Result | undefined;
  failed(error: unknown): void;
}

/** A receive of a merge. */
class Merging extends Receive implements WaitPlace {
  readonly shared: Shared;
  readonly #listed: boolean;
  /** The sources, and what is performed of each. */
  readonly #sources: readonly Pulling[];
  readonly #prepared: ReadonlyMap<Pulling, Performable<unknown>> | undefined;
  readonly #traits: number;

  constructor(name: string, shared: Shared, sources: readonly Pulling[], listed: boolean, prepared?: ReadonlyMap<Pulling, Performable<unknown>>) {
    super(name);
    this.shared = shared;
    this.#sources = sources;
    this.#listed = listed;
    this.#prepared = prepared;
    let traits = 0;
    for (const source of sources) traits |= source.traits;
    this.#traits = traits;
  }

  override get traits(): number {
    return this.#traits;
  }

  override prepare(): Performable<Result> {
    if ((this.#traits & Prepares) === 0) return this;
    const prepared = new Map(this.shared.live.map((source) => [source, source.prepare()]));
    return new Merging(this.name, this.shared, this.#sources, this.#listed, prepared);
  }

  override footprint(): void {
    for (const source of this.shared.live) source.footprint();
  }

  #performed(source: Pulling): Performable<unknown> {
    return this.#prepared?.get(source) ?? source;
  }

  override attempt(): Result | Nothing {
    const { shared } = this;
    if (shared.over) return opened(shared.over);
    if (controller) this.footprint();
    for (;;) {
      const result = this.#pollOnce();
      if (result === undefined) continue; // without the one that has ended
      return shared.live.length === 0 ? (shared.over ??= end) : result;
    }
  }

  /** `undefined`: a source has ended. */
  #pollOnce(): Result | Nothing | undefined {
    const { shared } = this;
    // Functions of the views may receive from this very merge: then each polling has an order of its own.
    const order = (this.#traits & (ResultIsDeferred | RunsUserCode)) === 0 ? shared.live : shared.live.slice();
    for (let left = order.length; left > 0; left--) {
      const index = this.#listed ? order.length - left : pick(left, order);
      const source = order[index] as Pulling;
      const result = this.#polled(source);
      if (result !== nothing && result.done === true) {
        this.#leaveOut(source);
        return undefined;
      }
      if (result !== nothing) return result;
      if (this.#listed) continue;
      order[index] = order[left - 1] as Pulling;
      order[left - 1] = source;
    }
    return nothing;
  }

  #polled(source: Pulling): Result | Nothing {
    let result: Result | Nothing;
    try {
      result = this.#performed(source).attempt() as Result | Nothing;
    } catch (error) { // of a view's function
      result = new Failure(error);
    }
    if (!(result instanceof Failure)) return result;
    this.shared.over = result;
    this.shared.failed(result.error);
    throw result.error;
  }

  #leaveOut(source: Pulling): void {
    this.shared.live = this.shared.live.filter((one) => one !== source);
  }

  override enlist(outside: Waiter): void {
    const waiters: MergeWaiter[] = [];
    outside.place = this;
    outside.slot = waiters;
    let userCodeRan = false;
    for (const source of this.shared.live) {
      const waiter = new MergeWaiter(outside, this, source);
      waiters.push(waiter);
      if (userCodeRan) this.#pollFor(waiter, source);
      if (outside.slot !== waiters) return;
      if (!userCodeRan || waiters.includes(waiter)) this.#performed(source).enlist(waiter);
      if (outside.slot !== waiters) return;
      userCodeRan ||= (source.traits & RunsUserCode) !== 0;
    }
    if (waiters.length === 0) this.#over(outside);
  }

  /** One that may have a value since it was polled. */
  #pollFor(waiter: MergeWaiter, source: Pulling): void {
    try {
      const value = this.#performed(source).attempt();
      if (value !== nothing) waiter.resume("value", value);
    } catch (error) {
      waiter.resume("value", new Failure(error));
    }
  }

  withdraw(outside: Waiter): void {
    const waiters = outside.slot as MergeWaiter[];
    release(outside);
    for (const waiter of waiters) withdraw(waiter);
  }

  /** Handed over by a source, for one who waits. */
  gave(source: Pulling, waiter: MergeWaiter, how: Outcome, what: unknown): void {
    const { outside } = waiter;
    const { shared } = this;
    if (how === "value" && what instanceof Failure) {
      const first = !(shared.over instanceof Failure);
      if (first) shared.over = what;
      this.withdraw(outside);
      outside.resume("error", (shared.over as Failure).error);
      if (first) shared.failed(what.error);
    } else if (how === "value" && (what as Result).done === true) {
      this.#leaveOut(source);
      const waiters = outside.slot as MergeWaiter[];
      waiters.splice(waiters.indexOf(waiter), 1);
      if (waiters.length === 0) this.#over(outside);
    } else {
      this.withdraw(outside);
      outside.resume(how, how === "result" ? (): unknown => this.#late(what as () => unknown) : what);
    }
  }

  /** No source is left. */
  #over(outside: Waiter): void {
    if (this.shared.live.length > 0) return; // they are still to be enlisted
    const over = (this.shared.over ??= end);
    release(outside);
    resumeWith(outside, over);
  }

  /** A function of a view that throws is the first error, too. */
  #late(result: () => unknown): unknown {
    try {
      return result();
    } catch (error) {
      if (!this.shared.over) {
        this.shared.over = new Failure(error);
        this.shared.failed(error);
      }
      throw error;
    }
  }
}

/** Waits at one source, for one who performs a receive. */
class MergeWaiter implements Waiter {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: WaitPlace | undefined;
  declare slot: unknown;
  declare readonly outside: Waiter;
  declare readonly merging: Merging;
  declare readonly source: Pulling;

  constructor(outside: Waiter, merging: Merging, source: Pulling) {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
    this.outside = outside;
    this.merging = merging;
    this.source = source;
  }

  get key(): CaseKey | undefined {
    return this.outside.key;
  }

  resume(how: Outcome, what: unknown): void {
    this.merging.gave(this.source, this, how, what);
  }
}
