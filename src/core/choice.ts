/**
 * Choice: the first of several operations to happen, as an operation.
 *
 * 1. Polled first, in random order (or as listed): each ready one is equally likely, and none beyond the first ready one is
 *    touched. Only then it waits, on all of them.
 * 2. The operation that happens withdraws the others before its performer is resumed.
 * 3. A choice never meets itself: it polls before it takes any place, and its own places are not polled.
 * 4. Code of the user may run while places are taken (see `foreign`). What it sets off is seen: a case that has happened ends
 *    the taking, and the cases still to come are polled once more.
 *
 *        performer ◄── outside ◄─┬─ case a ── in line of channel x
 *                                └─ case b ── in a timer's place        a happens: b leaves, then outside happens
 *
 * Idea: Go's `select`, as Concurrent ML's `choose`.
 */
import type { CaseKey } from "../errors.ts";
import { nothing, performable, Performable, release, type Nothing, type Operation } from "./operation.ts";
import { pick } from "./scheduler.ts";
import { Waiter, type Place } from "./waiting.ts";

/**
 * The first of several operations to happen; the others leave no trace. Several ready: one uniformly at random.
 *
 * @param operations - any number; none at all never happens
 * @throws TypeError when one of them is no operation
 *
 * @example
 * ```ts
 * import { always, choose, never, perform } from "rendezvous";
 *
 * console.log(await perform(choose(never, always("here")))); // here
 * ```
 *
 * Idea: Concurrent ML's `choose`.
 */
export function choose<T>(...operations: Operation<T>[]): Operation<T> {
  return new Choice(operations.map((operation) => performable(operation, "choose")));
}

/** Operations, of which one happens. With `keys` it gives `{ case, value }` and its errors name the case. */
export class Choice<T> extends Performable<T> implements Place {
  // `#operations` and `#keys` go together and are shuffled together; their order carries no meaning unless `#listed`.
  readonly #operations: Performable<unknown>[];
  readonly #keys: CaseKey[] | undefined;
  readonly #listed: boolean;
  readonly #lazy: boolean;

  constructor(operations: Performable<unknown>[], keys?: CaseKey[], listed = false) {
    super();
    this.#operations = operations;
    this.#keys = keys;
    this.#listed = listed;
    this.#lazy = operations.some((operation) => operation.lazy);
  }

  override get foreign(): boolean {
    return this.#operations.some((operation) => operation.foreign);
  }

  override get lazy(): boolean {
    return this.#lazy;
  }

  override prepare(): Performable<T> {
    const operations = this.#operations;
    let prepared: Performable<unknown>[] | undefined;
    for (let index = 0; index < operations.length; index++) {
      const operation = operations[index] as Performable<unknown>;
      const made = operation.prepare();
      if (made !== operation) prepared ??= operations.slice();
      if (prepared !== undefined) prepared[index] = made;
    }
    return prepared === undefined ? this : new Choice<T>(prepared, this.#keys?.slice(), this.#listed);
  }

  override attempt(key?: CaseKey): T | Nothing {
    const operations = this.#operations;
    for (let left = operations.length; left > 0; left--) {
      const index = this.#listed ? operations.length - left : pick(left);
      const ownKey = this.#keys?.[index];
      const value = (operations[index] as Performable<unknown>).attempt(key ?? ownKey);
      if (value !== nothing) return this.present(ownKey, value);
      if (!this.#listed) this.#swap(index, left - 1);
    }
    return nothing;
  }

  /** One step of a shuffle: what was polled goes behind what was not. */
  #swap(one: number, other: number): void {
    swap(this.#operations, one, other);
    if (this.#keys !== undefined) swap(this.#keys, one, other);
  }

  override enlist(outside: Waiter): void {
    if (this.#operations.length === 0 && this.#keys !== undefined && !(outside instanceof CaseWaiter)) {
      outside.fail(new TypeError("a select without a live case, and without a signal, would wait for ever"));
      return;
    }
    const cases: CaseWaiter[] = [];
    outside.place = this;
    outside.slot = cases;
    let userCodeRan = false;
    for (let index = 0; index < this.#operations.length; index++) {
      const operation = this.#operations[index] as Performable<unknown>;
      const waiter = new CaseWaiter(outside, this, this.#keys?.[index]);
      cases.push(waiter);
      if (userCodeRan) pollFor(waiter, operation);
      if (outside.slot === cases) operation.enlist(waiter);
      if (outside.slot !== cases) return;
      userCodeRan ||= operation.foreign;
    }
  }

  withdraw(outside: Waiter): void {
    const cases = outside.slot as CaseWaiter[];
    release(outside);
    for (const waiter of cases) waiter.withdraw();
  }

  /** What the choice gives when the operation under `key` gave `value`. */
  present(key: CaseKey | undefined, value: unknown): T {
    return (this.#keys === undefined ? value : { case: key, value }) as T;
  }
}

/** One case of a waiting choice. */
class CaseWaiter extends Waiter {
  readonly #outside: Waiter;
  readonly #choice: Choice<unknown>;
  readonly #key: CaseKey | undefined;

  constructor(outside: Waiter, choice: Choice<unknown>, key: CaseKey | undefined) {
    super();
    this.#outside = outside;
    this.#choice = choice;
    this.#key = key;
  }

  override get key(): CaseKey | undefined {
    return this.#outside.key ?? this.#key;
  }

  override happen(value: unknown): void {
    this.#choice.withdraw(this.#outside);
    this.#outside.happen(this.#choice.present(this.#key, value));
  }

  override fail(error: unknown): void {
    this.#choice.withdraw(this.#outside);
    this.#outside.fail(error);
  }

  override later(result: () => unknown): void {
    this.#choice.withdraw(this.#outside);
    this.#outside.later(() => this.#choice.present(this.#key, result()));
  }
}

function pollFor(waiter: Waiter, operation: Performable<unknown>): void {
  try {
    const value = operation.attempt(waiter.key);
    if (value !== nothing) waiter.happen(value);
  } catch (error) {
    waiter.fail(error);
  }
}

function swap<T>(array: T[], one: number, other: number): void {
  const kept = array[one] as T;
  array[one] = array[other] as T;
  array[other] = kept;
}
