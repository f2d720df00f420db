/**
 * The small operations: one that happens at once, one that never does, one that is made afresh at each performing.
 *
 * Idea: Concurrent ML's `alwaysEvt`, `never` and `guard`.
 */
import { nothing, Performable, performable, Prepares, type Nothing, type Operation } from "../core/operation.ts";
import { release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { checkedFunction } from "../support/given.ts";

/**
 * Happens at once, with this value. In a fair choice it is one ready case among others, no default: use `poll` or
 * {@link trySelect} for that.
 *
 * @example
 * ```ts
 * import { always, perform } from "rendezvous";
 *
 * console.log(await perform(always("now"))); // now
 * ```
 *
 * Idea: Concurrent ML's `alwaysEvt`.
 */
export function always<T>(value: T): Operation<T> {
  return new Always(value);
}

class Always<T> extends Performable<T> {
  readonly #value: T;

  constructor(value: T) {
    super();
    this.#value = value;
  }

  override toString(): string {
    return "what happens at once";
  }

  override attempt(): T {
    return this.#value;
  }

  override enlist(waiter: Waiter): void {
    waiter.resume("value", this.#value);
  }
}

/** Nothing inside of it ever lets it happen. */
export class Never<T = never> extends Performable<T> implements WaitPlace {
  override toString(): string {
    return "what never happens";
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    waiter.place = this;
  }

  withdraw(waiter: Waiter): void {
    release(waiter);
  }
}

/**
 * The operation that never happens: it holds no timer and does not keep the process.
 *
 * @example
 * ```ts
 * import { never, poll } from "rendezvous";
 *
 * console.log(poll(never)); // undefined
 * ```
 *
 * Idea: Concurrent ML's `never`; in Go, a receive from a nil channel.
 */
export const never: Operation<never> = new Never();

/**
 * An operation that is made afresh at each performing, exactly once, before anything is polled; in a choice in the order
 * of its cases.
 *
 * @param make - gives the operation to perform; what it throws fails the performing. It must not wait.
 * @throws TypeError when `make` is no function, or an async or a generator function
 *
 * @example
 * ```ts
 * import { always, guard, perform } from "rendezvous";
 *
 * let made = 0;
 * const counted = guard(() => always(++made));
 * await perform(counted);
 * console.log(await perform(counted)); // 2
 * ```
 *
 * Idea: Concurrent ML's `guard`.
 */
export function guard<T>(make: () => Operation<T>): Operation<T> {
  return new Guard(checkedFunction(make, "guard", "guard(() => ch.receiving())", "AsyncFunction", "GeneratorFunction", "AsyncGeneratorFunction"));
}

class Guard<T> extends Performable<T> {
  readonly #make: () => Operation<T>;

  constructor(make: () => Operation<T>) {
    super();
    this.#make = make;
  }

  override get traits(): number {
    return Prepares;
  }

  override prepare(): Performable<T> {
    return performable(this.#make(), "guard").prepare();
  }

  override toString(): string {
    return "a guard";
  }

  override attempt(): never {
    throw new Error("a guard is prepared before it is polled");
  }

  override enlist(): never {
    throw new Error("a guard is prepared before it is waited for");
  }
}
