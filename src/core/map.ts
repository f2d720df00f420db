/**
 * Operations around another one. One of them is `map`, which makes its result from that of the inner operation, in the performer's own turn.
 *
 * Idea: Concurrent ML's `wrap` and `wrapHandler`.
 */
import type { CaseKey } from "../errors.ts";
import { InnerWaiter, type Around } from "./inner-waiter.ts";
import { nothing, Performable, type Nothing } from "./operation.ts";
import { ResultIsDeferred } from "./traits.ts";
import { opened, release, withdraw, type Outcome, type Waiter } from "./wait-queue.ts";

/** An operation around another one: it performs that, and makes something of what it gives. */
export abstract class Enclosing<T, U> extends Performable<U> implements Around {
  declare protected readonly inner: Performable<T>;

  constructor(inner: Performable<T>) {
    super();
    this.inner = inner;
  }

  /** The same around what its inner operation is for one performing. */
  protected abstract like(prepared: Performable<T>): Performable<U>;

  override toString(): string {
    return String(this.inner);
  }

  override get traits(): number {
    return this.inner.traits;
  }

  override footprint(): void {
    this.inner.footprint();
  }

  override prepare(): Performable<U> {
    const inner = this.inner.prepare();
    return inner === this.inner ? this : this.like(inner);
  }

  override enlist(outside: Waiter): void {
    const inside = new InnerWaiter(outside, this);
    outside.place = this;
    outside.slot = inside;
    this.inner.enlist(inside);
  }

  withdraw(outside: Waiter): void {
    const inside = outside.slot as Waiter;
    release(outside);
    withdraw(inside);
  }

  commit(outside: Waiter): void {
    outside.commit?.();
  }

  happened(outside: Waiter, _key: CaseKey | undefined, how: Outcome, what: unknown): void {
    outside.resume(how, what);
  }
}

export class Mapped<T, U, E> extends Enclosing<T, U | E> {
  readonly #onValue: (value: T) => U;
  readonly #onError: ((error: unknown) => E) | undefined;

  constructor(inner: Performable<T>, onValue: (value: T) => U, onError: ((error: unknown) => E) | undefined) {
    super(inner);
    this.#onValue = onValue;
    this.#onError = onError;
  }

  override get traits(): number {
    return this.inner.traits | ResultIsDeferred;
  }

  protected override like(inner: Performable<T>): Performable<U | E> {
    return new Mapped(inner, this.#onValue, this.#onError);
  }

  override attempt(key?: CaseKey): U | E | Nothing {
    return this.#result(() => this.inner.attempt(key));
  }

  override happened(outside: Waiter, _key: CaseKey | undefined, how: Outcome, what: unknown): void {
    outside.resume("result", () => this.#result(() => opened(how, what) as T));
  }

  /** What the map makes of a result found out now. */
  #result(result: () => T | Nothing): U | E | Nothing {
    let value: T | Nothing;
    try {
      value = result();
    } catch (error) {
      if (!this.#onError) throw error;
      return this.#onError(error);
    }
    return value === nothing ? nothing : this.#onValue(value);
  }
}
