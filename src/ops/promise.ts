/**
 * Promises that exist already, as operations.
 *
 * 1. However often a promise is waited for, at most one reaction is attached to it. A waiter that leaves takes everything
 *    with it: a long-lived promise gathers no litter.
 *
 * Idea: promises as events, as in Hopac.
 */
import { misuse } from "../errors.ts";
import { External, nothing, type Nothing, type Operation, OutlastsCancel, Performable } from "../core/operation.ts";
import { joiningOf } from "./joining.ts";
import { performIn } from "../core/perform.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";

/**
 * Happens when the promise settles, as it does. Losing a select leaves nothing at the promise.
 *
 * The promise counts as handled from this call on: its rejection is never an unhandled one, even if nobody performs the operation.
 *
 * @param promise - a promise, or anything with a `then`
 * @throws TypeError when it has no `then`
 *
 * @example
 * ```ts
 * import { select, settling, sleeping } from "rendezvous";
 *
 * const answer = Promise.resolve(42);
 * console.log(await select({ answer: settling(answer), late: sleeping(50) })); // { case: 'answer', value: 42 }
 * ```
 *
 * Idea: promises as events, as in Hopac and ts-chan; the single reaction avoids the leak of `Promise.race`.
 */
export function settling<T>(promise: PromiseLike<T>): Operation<T> {
  return new Settling(checkedPromise(promise, "settling"));
}

/**
 * What `await promise` is in an async function, for a generator task: `const value = yield* awaiting(promise)`.
 *
 * A cancel of the task neither withdraws this wait nor refuses it: the task goes on when the promise settles, and its next operation
 * fails with the `CancelledError`. So it is how a `finally` block of a generator waits: `yield* awaiting(shield(cleanUp))`. The same
 * through `map`. As a case of a choice, or performed by `perform`, it is as {@link settling}.
 *
 * The promise counts as handled from this call on.
 *
 * @param promise - a promise, or anything with a `then`
 * @throws TypeError when it has no `then`
 *
 * @example
 * ```ts
 * import { awaiting, chan, scope, shield, sleep } from "rendezvous";
 *
 * await scope(function* (s) {
 *   s.go(function* () {
 *     try {
 *       yield* chan().receiving();
 *     } finally {
 *       yield* awaiting(shield(() => sleep(5)));
 *       console.log("cleaned up"); // cleaned up
 *     }
 *   });
 *   yield* awaiting(sleep(1));
 *   s.cancel();
 * });
 * ```
 *
 * Idea: `await`, which no cancel reaches.
 */
export function awaiting<T>(promise: PromiseLike<T>): Operation<T> {
  return new Awaiting(checkedPromise(promise, "awaiting"));
}

function checkedPromise<T>(promise: PromiseLike<T>, verb: string): PromiseLike<T> {
  if (typeof (promise as PromiseLike<T> | undefined)?.then === "function") return promise;
  throw misuse(verb, `a promise, ${cureFor(promise, verb)}`, promise);
}

function cureFor(given: unknown, verb: string): string {
  if (typeof given === "function") return `as ${verb}(work()), not ${verb}(work)`;
  return given instanceof Performable ? `and an operation needs none: leave ${verb} out` : "and a value that is here is always(value)";
}

class Settling<T> extends Performable<T> {
  readonly #watched: Watched;

  constructor(promise: PromiseLike<T>) {
    super();
    this.#watched = watched(promise);
  }

  override get traits(): number {
    return this.#watched.joining ? 0 : External;
  }

  override toString(): string {
    return this.#watched.describe();
  }

  override attempt(): T | Nothing {
    const { outcome } = this.#watched;
    return outcome === undefined ? nothing : (outcome() as T);
  }

  override enlist(waiter: Waiter): void {
    this.#watched.line.join(waiter);
  }
}

class Awaiting<T> extends Settling<T> {
  override get traits(): number {
    return super.traits | OutlastsCancel;
  }
}

/** A promise with its one reaction, and the line of those that wait for it. */
class Watched {
  readonly line = new WaitQueue(this);
  /** What it waits for, if the promise is a task's. */
  readonly joining: Performable<unknown> | undefined;
  outcome: (() => unknown) | undefined;

  constructor(promise: PromiseLike<unknown>) {
    this.joining = joiningOf(promise);
    // By `then`, a task would be joined as part of the first asker, and when that one is cancelled all others would get its error.
    const settled = this.joining ? performIn(undefined, this.joining) : Promise.resolve(promise);
    settled.then(
      (value) => {
        this.outcome = () => value;
        this.line.resumeAll("value", value);
      },
      (error: unknown) => {
        this.outcome = () => { throw error; };
        this.line.resumeAll("error", error);
      },
    );
  }

  describe(): string {
    return String(this.joining ?? "a promise");
  }
}

const allWatched = new WeakMap<PromiseLike<unknown>, Watched>();

function watched(promise: PromiseLike<unknown>): Watched {
  let entry = allWatched.get(promise);
  if (entry === undefined) allWatched.set(promise, (entry = new Watched(promise)));
  return entry;
}
