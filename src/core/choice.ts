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
import { nothing, opened, performable, Performable, type Nothing, type Operation } from "./operation.ts";
import { controller, pick } from "./scheduler.ts";
import { release, withdraw, type Outcome, type Place, type Waiter } from "./waiting.ts";

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
  return new Choice(operations.map((operation) => unnamed(performable(operation, "choose"))));
}

/** An operation of a choice, and the key that names it in a select. */
export interface Case {
  readonly key: CaseKey | undefined;
  readonly operation: Performable<unknown>;
}

/** A case of a choice that is no select. */
export const unnamed = (operation: Performable<unknown>): Case => ({ key: undefined, operation });

/** Operations, of which one happens. `named`, it gives `{ case, value }` and its errors name the case. */
export class Choice<T> extends Performable<T> implements Place {
  /** Shuffled in place while they are polled, unless `#listed`. */
  readonly #cases: Case[];
  readonly #named: boolean;
  readonly #listed: boolean;
  readonly #lazy: boolean;
  readonly #prepares: boolean;

  constructor(cases: Case[], named = false, listed = false) {
    super();
    this.#cases = cases;
    this.#named = named;
    this.#listed = listed;
    this.#lazy = cases.some(({ operation }) => operation.lazy);
    this.#prepares = cases.some(({ operation }) => operation.prepares);
  }

  override toString(): string {
    if (!this.#named && this.#cases.length <= 2) return String(this.#cases[0]?.operation); // a wait and its signal
    const cases = this.#cases.map(({ key, operation }) => `${key === undefined ? "" : `${String(key)}: `}${String(operation)}`);
    return `select of ${cases.slice(0, 8).join(", ")}${cases.length > 8 ? `, and ${String(cases.length - 8)} more` : ""}`;
  }

  override get foreign(): boolean {
    return this.#cases.some(({ operation }) => operation.foreign);
  }

  override get lazy(): boolean {
    return this.#lazy;
  }

  override get outer(): boolean {
    return this.#cases.some(({ operation }) => operation.outer);
  }

  override look(): void {
    for (const { operation } of this.#cases) operation.look();
  }

  override get prepares(): boolean {
    return this.#prepares;
  }

  override prepare(): Performable<T> {
    // Mostly nothing has to be: a select over 100 channels takes half the time without a look at each (`npm run bench -- fan-in`).
    if (!this.#prepares) return this;
    const prepared = this.#cases.map((given) => {
      const operation = given.operation.prepare();
      return operation === given.operation ? given : { key: given.key, operation };
    });
    return prepared.every((one, index) => one === this.#cases[index]) ? this : new Choice(prepared, this.#named, this.#listed);
  }

  override attempt(key?: CaseKey): T | Nothing {
    const cases = this.#cases;
    if (controller) this.look();
    for (let left = cases.length; left > 0; left--) {
      const index = this.#listed ? cases.length - left : pick(left, cases.length);
      const polled = cases[index] as Case;
      const value = polled.operation.attempt(key ?? polled.key);
      if (value !== nothing) return this.present(polled.key, value);
      if (this.#listed) continue;
      // A step of a shuffle: what was polled goes behind what was not.
      cases[index] = cases[left - 1] as Case;
      cases[left - 1] = polled;
    }
    return nothing;
  }

  override enlist(outside: Waiter): void {
    if (this.#named && this.#cases.length === 0 && !(outside instanceof CaseWaiter)) {
      outside.resume("error", new TypeError("select without a live case would wait for ever"));
      return;
    }
    const waiters: CaseWaiter[] = [];
    outside.place = this;
    outside.slot = waiters;
    let userCodeRan = false;
    for (const { key, operation } of this.#cases) {
      const waiter = new CaseWaiter(outside, this, key);
      waiters.push(waiter);
      if (userCodeRan) pollFor(waiter, operation);
      if (outside.slot === waiters) operation.enlist(waiter);
      if (outside.slot !== waiters) return;
      userCodeRan ||= operation.foreign;
    }
  }

  withdraw(outside: Waiter): void {
    const waiters = outside.slot as CaseWaiter[];
    release(outside);
    for (const waiter of waiters) withdraw(waiter);
  }

  /** What the choice gives when the operation under `key` gave `value`. */
  present(key: CaseKey | undefined, value: unknown): T {
    return (this.#named ? { case: key, value } : value) as T;
  }
}

/** One case of a waiting choice. */
class CaseWaiter implements Waiter {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: Place | undefined;
  declare slot: unknown;
  declare readonly outside: Waiter;
  declare readonly choice: Choice<unknown>;
  declare readonly ownKey: CaseKey | undefined;

  constructor(outside: Waiter, choice: Choice<unknown>, ownKey: CaseKey | undefined) {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
    this.outside = outside;
    this.choice = choice;
    this.ownKey = ownKey;
  }

  get key(): CaseKey | undefined {
    return this.outside.key ?? this.ownKey;
  }

  resume(how: Outcome, what: unknown): void {
    const { outside, choice, ownKey } = this;
    choice.withdraw(outside);
    if (how === "value") outside.resume("value", choice.present(ownKey, what));
    else if (how === "error") outside.resume("error", what);
    else outside.resume("result", () => choice.present(ownKey, opened(how, what)));
  }
}

/** A case that may have become ready since it was polled. */
function pollFor(waiter: Waiter, operation: Performable<unknown>): void {
  try {
    const value = operation.attempt(waiter.key);
    if (value !== nothing) waiter.resume("value", value);
  } catch (error) {
    waiter.resume("error", error);
  }
}
