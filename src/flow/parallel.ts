/**
 * `parallel`: several bodies at once, their results in the order of the values, or as they come.
 *
 * 1. A worker is a place: it takes a value, runs the body, and takes the next value once that result was received. So no more values are running, or
 *    finished and not received, than there are workers; another one is started only when all have got a value.
 * 2. A value has its place in the order from the step in which it is handed over, whichever worker goes on first.
 * 3. A body that fails is the end in its place. Bodies of later values are cancelled, those of earlier ones finish; unordered, all others are cancelled.
 *
 *        source ─► worker: a place ─► body ─► done in its place ─► received ─► the next value
 *        places:   [1: done] [2: runs] [3: done] [4: runs]         a receive gives 1, then waits for 2
 *
 * Idea: Rust's `buffered` and `buffer_unordered`, with bodies that run whether somebody receives or not; p-map's order.
 */
import { touch } from "../core/controller.ts";
import { nothing, Performable, type Nothing } from "../core/operation.ts";
import { Queue } from "../support/queue.ts";
import { BareWaiter, release, WaitQueue, withdraw, type Outcome, type Waiter, type WaitPlace } from "../core/wait-queue.ts";
import { currentCancelScope } from "../task/cancel/current.ts";
import type { ChildTask } from "../task/child.ts";
import { ScopeHandle } from "../task/scope/scope-handle.ts";
import { ScopeState } from "../task/scope/scope-state.ts";
import type { Scope } from "../task/scope/scope-types.ts";
import { suppress } from "../task/scope/suppressed.ts";
import { Pulling, type Tower } from "./pipeline.ts";
import { Failure, type Result } from "./result.ts";
import { dropOf, outcome, Settled, StageOrigin, type Work } from "./stage.ts";

export class ParallelStage extends StageOrigin {
  readonly operation: Places;
  readonly #source: Tower;
  readonly #f: (value: unknown) => unknown;
  readonly #limit: number;
  readonly #ordered: boolean;
  /** The bodies that run, by their places. */
  readonly #running = new Map<Place, ChildTask<unknown>>();
  #failure: { place: Place; error: unknown } | undefined = undefined;
  #started = 0;

  constructor(s: Scope, source: Tower, limit: number, f: (value: unknown) => unknown, ordered: boolean) {
    super("parallel", source.origin.name, dropOf(source), source);
    this.#source = source;
    this.#limit = limit;
    this.#f = f;
    this.#ordered = ordered;
    this.operation = new Places(ordered, (value) => { this.drop(value); }, this.name);
    this.run(ScopeHandle.stateOf(s, "parallel"), () => this.#work());
  }

  override close(how: Result): void {
    this.operation.close(how);
  }

  override abandon(how: Result): void {
    this.operation.abandon(how);
  }

  * #work(): Work<void> {
    const state = new ScopeState("scope", undefined, { name: `parallel of flow ${JSON.stringify(this.name)}` });
    const taking = new Taking(new Pulling(this.#source, "raw"), this.operation);
    const workers = state.run(() => { this.#start(state, taking); }, []);
    try {
      yield* new Settled(workers);
    } catch (error) {
      if (!this.#failure) throw error;
      suppress(this.#failure.error, error, () => state.cancelScope.around());
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** Start a worker. */
  #start(state: ScopeState, taking: Taking): void {
    this.#started++;
    const worker: ChildTask<unknown> = state.go(Object.defineProperty(() => this.#worker(state, taking, () => worker), "name", { value: `worker of flow ${JSON.stringify(this.name)}` }));
  }

  * #worker(state: ScopeState, taking: Taking, self: () => ChildTask<unknown>): Work<void> {
    const isCancelled = (): boolean => self().cancelScope?.cancelled === true;
    for (;;) {
      const place = (yield* taking);
      if (!place) return;
      this.#running.set(place, self());
      if (this.#started < this.#limit) this.#start(state, taking);
      try {
        const result = place.opened();
        if (result.done === true) {
          if (result instanceof Failure) this.#fail(place, result.error, true);
          else this.operation.remove(place); // the end was found out only now
          return;
        }
        const given = this.#f(result.value);
        const value = typeof given === "object" && given !== null ? yield* outcome(given) : given;
        if (isCancelled()) this.#giveUp(place, value);
        else place.done(value);
      } catch (error) {
        if (isCancelled()) {
          this.operation.remove(place);
          throw error;
        }
        this.#fail(place, error, false);
        return;
      } finally {
        this.#running.delete(place);
      }
      if (!place.received) yield* place;
    }
  }

  /** What a cancelled body gives all the same. */
  #giveUp(place: Place, value: unknown): void {
    this.operation.remove(place);
    this.drop(value);
  }

  /** A body has failed, or the source has: then the bodies of all values before are let finish. */
  #fail(place: Place, error: unknown, source: boolean): void {
    const before = this.#failure;
    const around = (): Iterable<number> => currentCancelScope()?.around() ?? [];
    if (!before) this.#failure = { place, error };
    else if (this.#ordered && place.number < before.place.number) {
      this.#failure = { place, error };
      suppress(error, before.error, around);
    } else suppress(before.error, error, around);
    this.operation.endAt(place);
    this.#source.origin.cancel(error);
    if (source) return;
    for (const [other, worker] of this.#running) if (!this.#ordered || other.number > place.number) worker.cancel();
  }
}

/** A place for a value and its result. Waited for, it happens when the result was received. */
class Place extends Performable<unknown> implements WaitPlace {
  readonly #places: Places;
  readonly number: number;
  #how: Outcome;
  #what: unknown;
  #waiter: Waiter | undefined = undefined;
  finished = false;
  received = false;
  value: unknown = undefined;

  constructor(places: Places, number: number, how: Outcome, what: unknown) {
    super();
    this.#places = places;
    this.number = number;
    this.#how = how;
    this.#what = what;
  }

  override toString(): string {
    return `for a receiver of flow ${JSON.stringify(this.#places.name)}`;
  }

  /** What was handed over for it. */
  opened(): Result {
    const [how, what] = [this.#how, this.#what];
    this.#how = "value";
    this.#what = undefined;
    return how === "result" ? (what as () => Result)() : (what as Result);
  }

  done(value: unknown): void {
    this.value = value;
    this.finished = true;
    this.#places.finished(this);
  }

  /** It is free. */
  free(): void {
    this.received = true;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (!waiter) return;
    release(waiter);
    waiter.resume("value", undefined);
  }

  override footprint(): void {
    touch(this.#places);
  }

  override attempt(): undefined | Nothing {
    touch(this.#places);
    return this.received ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.#waiter = waiter;
    waiter.place = this;
  }

  withdraw(waiter: Waiter): void {
    this.#waiter = undefined;
    release(waiter);
  }
}

/** The places, in the order in which their results are given. As an operation: a receive of the first result. */
class Places extends Performable<Result> {
  readonly name: string;
  readonly #ordered: boolean;
  readonly #drop: (value: unknown) => void;
  readonly #receivers = new WaitQueue();
  #queue = new Queue<Place>();
  #numbers = 0;
  #end: Result | undefined = undefined;
  /** No value beyond is of interest: a body has failed, or all is over. */
  #last = Infinity;

  constructor(ordered: boolean, drop: (value: unknown) => void, name: string) {
    super();
    this.#ordered = ordered;
    this.#drop = drop;
    this.name = name;
  }

  override toString(): string {
    return `to receive from flow ${JSON.stringify(this.name)}`;
  }

  /** A value was handed over: its place is behind all others. */
  open(how: Outcome, what: unknown): Place {
    const place = new Place(this, this.#numbers++, how, what);
    if (this.#ordered) this.#queue.push(place);
    return place;
  }

  get over(): boolean {
    return this.#last < Infinity;
  }

  finished(place: Place): void {
    touch(this);
    if (this.#end || (this.#ordered && place.number > this.#last)) {
      place.free();
      this.#drop(place.value);
      return;
    }
    if (!this.#ordered) this.#queue.push(place);
    if (this.over) place.free();
    this.#serve();
  }

  #serve(): void {
    while (!this.#receivers.empty && this.#queue.first?.finished === true) {
      const result = this.#next();
      this.#receivers.take()?.resume("value", result);
    }
    if (this.#queue.size === 0 && this.#end) this.#tellEnd(this.#end);
  }

  #next(): Result {
    const place = this.#queue.shift();
    place.free();
    return { done: false, value: place.value };
  }

  #tellEnd(how: Result): void {
    if (how instanceof Failure) this.#receivers.resumeAll("error", how.error);
    else this.#receivers.resumeAll("value", how);
  }

  /** A value has turned out to be none, or was given up. */
  remove(place: Place): void {
    this.#keepOnly((other) => other !== place);
  }

  /** The results from this place on are not received. Nobody has to wait for a place any more. */
  endAt(place: Place): void {
    this.#last = Math.min(this.#last, this.#ordered ? place.number : 0);
    this.#keepOnly((other) => (this.#ordered ? other.number < place.number : true));
  }

  #keepOnly(kept: (place: Place) => boolean): void {
    touch(this);
    const places = this.#queue;
    this.#queue = new Queue();
    while (places.size > 0) {
      const place = places.shift();
      if (kept(place)) {
        this.#queue.push(place);
        if (this.over && place.finished) place.free();
      } else if (place.finished) {
        place.free();
        this.#drop(place.value);
      }
    }
    this.#serve();
  }

  close(how: Result): void {
    touch(this);
    this.#end ??= how;
    this.#serve();
  }

  abandon(how: Result): void {
    this.#end ??= how;
    this.#last = -1;
    this.#keepOnly(() => false);
  }

  override footprint(): void {
    touch(this);
  }

  override attempt(): Result | Nothing {
    touch(this, "receive");
    if (!this.#receivers.empty) return nothing;
    if (this.#queue.first?.finished === true) return this.#next();
    if (!this.#end || this.#queue.size > 0) return nothing;
    if (this.#end instanceof Failure) throw this.#end.error;
    return this.#end;
  }

  override enlist(waiter: Waiter): void {
    this.#receivers.join(waiter);
  }
}

/** A receive that gives a place for the value, from the very handover on; `undefined` at the end. */
class Taking extends Performable<Place | undefined> implements WaitPlace {
  readonly #pulling: Performable<unknown>;
  readonly #places: Places;

  constructor(pulling: Performable<unknown>, places: Places) {
    super();
    this.#pulling = pulling;
    this.#places = places;
  }

  override toString(): string {
    return String(this.#pulling);
  }

  override get traits(): number {
    return this.#pulling.traits;
  }

  override prepare(): Performable<Place | undefined> {
    const pulling = this.#pulling.prepare();
    return pulling === this.#pulling ? this : new Taking(pulling, this.#places);
  }

  override footprint(): void {
    this.#pulling.footprint();
  }

  override attempt(): Place | undefined | Nothing {
    if (this.#places.over) return undefined;
    let result: unknown;
    try {
      result = this.#pulling.attempt();
    } catch (error) { // of a view's function: it is the end in its place
      return this.#places.open("result", () => { throw error; });
    }
    return result === nothing ? nothing : this.handedOver("value", result);
  }

  handedOver(how: Outcome, what: unknown): Place | undefined {
    const isEnd = how === "value" && (what as Result).done === true && !(what instanceof Failure);
    return isEnd ? undefined : this.#places.open(how, what);
  }

  override enlist(waiter: Waiter): void {
    const inside = new TakingWaiter(waiter, this);
    waiter.place = this;
    waiter.slot = inside;
    this.#pulling.enlist(inside);
  }

  withdraw(waiter: Waiter): void {
    const inside = waiter.slot as Waiter;
    release(waiter);
    withdraw(inside);
  }
}

class TakingWaiter extends BareWaiter {
  readonly #outside: Waiter;
  readonly #taking: Taking;

  constructor(outside: Waiter, taking: Taking) {
    super();
    this.#outside = outside;
    this.#taking = taking;
  }

  override resume(how: Outcome, what: unknown): void {
    const outside = this.#outside;
    release(outside);
    outside.resume("value", this.#taking.handedOver(how, what));
  }
}
