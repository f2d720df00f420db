/**
 * The places of `parallel`: where values are worked on, in the order in which results are given.
 *
 * 1. A value gets its place in the step in which it is handed over, whichever worker goes on first.
 * 2. A place is free when its result was received, or when nobody will receive it.
 */
import { touch } from "../core/controller.ts";
import { Enclosing } from "../core/map.ts";
import { nothing, Performable, type Nothing } from "../core/operation.ts";
import { release, type Outcome, type Waiter, type WaitPlace } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";
import { Queue } from "../support/queue.ts";
import { Failure, opened, Receive, type Result } from "./result.ts";

/** A place for a value and its result. Waited for, it happens when the result was received. */
export class Place extends Performable<unknown> implements WaitPlace {
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
export class Places extends Receive {
  readonly #ordered: boolean;
  readonly #drop: (value: unknown) => void;
  #queue = new Queue<Place>();
  #numbers = 0;
  #end: Result | undefined = undefined;
  /** No value beyond is of interest: a body has failed, or all is over. */
  #last = Infinity;

  constructor(ordered: boolean, drop: (value: unknown) => void, name: string) {
    super(name);
    this.#ordered = ordered;
    this.#drop = drop;
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
    while (!this.line.empty && this.#queue.first?.finished === true) {
      const result = this.#next();
      this.line.take()?.resume("value", result);
    }
    if (this.#queue.size === 0 && this.#end) this.tellEnd(this.#end);
  }

  #next(): Result {
    const place = this.#queue.shift();
    place.free();
    return { done: false, value: place.value };
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
    if (!this.line.empty) return nothing;
    if (this.#queue.first?.finished === true) return this.#next();
    return this.#end && this.#queue.size === 0 ? opened(this.#end) : nothing;
  }
}

/** A receive that gives a place for the value, from the very handover on; `undefined` at the end. */
export class Taking extends Enclosing<unknown, Place | undefined> {
  readonly #places: Places;

  constructor(pulling: Performable<unknown>, places: Places) {
    super(pulling);
    this.#places = places;
  }

  protected override like(pulling: Performable<unknown>): Taking {
    return new Taking(pulling, this.#places);
  }

  override attempt(): Place | undefined | Nothing {
    if (this.#places.over) return undefined;
    let result: unknown;
    try {
      result = this.inner.attempt();
    } catch (error) { // of a view's function: it is the end in its place
      return this.#places.open("result", () => { throw error; });
    }
    return result === nothing ? nothing : this.#placeFor("value", result);
  }

  override happened(outside: Waiter, _key: CaseKey | undefined, how: Outcome, what: unknown): void {
    outside.resume("value", this.#placeFor(how, what));
  }

  #placeFor(how: Outcome, what: unknown): Place | undefined {
    const isEnd = how === "value" && (what as Result).done === true && !(what instanceof Failure);
    return isEnd ? undefined : this.#places.open(how, what);
  }
}
