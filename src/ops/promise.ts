/**
 * Promises as operations: one that exists already (`settling`, `awaiting`), one that is made for the wait (`attempting`).
 *
 * 1. However often and by however many a promise is waited for, at most one reaction is attached to it, and who leaves
 *    leaves nothing behind: a long-lived promise gathers no litter.
 * 2. An attempt starts when it is waited for, and its signal aborts when it loses. Listeners of that signal run in a turn of
 *    their own, before the winner goes on.
 *
 * Idea: negative acknowledgements of Concurrent ML, which in JavaScript are an AbortSignal.
 */
import { show } from "../errors.ts";
import { checkedFunction } from "../support/given.ts";
import { External, nothing, type Nothing, type Operation, OutlastsCancel, Performable, RunsUserCode } from "../core/operation.ts";
import { performIn } from "../core/perform.ts";
import { enqueue } from "../core/scheduler.ts";
import { handedOut } from "../platform/signals.ts";
import { WaitQueue, release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";

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
  throw new TypeError(`${verb} takes a promise, ${cureFor(promise, verb)}; got ${show(promise)}`);
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

/** A promise with its one reaction, and who waits for it. */
class Watched {
  readonly line = new WaitQueue(this);
  /** What it waits for, if the promise is a task's. */
  readonly joining: Performable<unknown> | undefined;
  outcome: (() => unknown) | undefined;

  constructor(promise: PromiseLike<unknown>) {
    this.joining = joiningOf(promise);
    // Asked for by `then`, a task would be joined as part of whoever asks first, and the cancel of that one would be what all others are told.
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

/** What a promise is, if it is a task. It is not asked itself: what stands for something far away takes each question for a call. */
let joiningOf: (promise: PromiseLike<unknown>) => Performable<unknown> | undefined = () => undefined;

/** Provide how a task is told from other promises. */
export function provideJoining(provided: (promise: PromiseLike<unknown>) => Performable<unknown> | undefined): void {
  joiningOf = provided;
}

const allWatched = new WeakMap<PromiseLike<unknown>, Watched>();

function watched(promise: PromiseLike<unknown>): Watched {
  let entry = allWatched.get(promise);
  if (entry === undefined) allWatched.set(promise, (entry = new Watched(promise)));
  return entry;
}

/**
 * Any API that takes an AbortSignal, as a case: started when it is waited for, aborted when another case comes first.
 * It is never ready at once, so a case that is ready keeps it from starting.
 *
 * @param body - gets the signal and gives a promise; what it throws fails the operation
 * @throws TypeError when `body` is no function, or a generator function
 *
 * @example
 * ```ts
 * import { attempting, select, sleeping } from "rendezvous";
 *
 * const endless = attempting((signal) => new Promise<never>(() => {
 *   signal.addEventListener("abort", () => { console.log("aborted"); });
 * }));
 * const first = await select({ endless, late: sleeping(5) });
 * console.log(first.case);
 * // aborted
 * // late
 * ```
 *
 * Idea: Concurrent ML's `withNack`, joined to `fetch(url, { signal })`.
 */
export function attempting<T>(body: (signal: AbortSignal) => PromiseLike<T>): Operation<T> {
  const call = "attempting((signal) => fetch(url, { signal }))";
  return new Attempting(checkedFunction(body, "attempting", call, "GeneratorFunction", "AsyncGeneratorFunction"));
}

class Attempting<T> extends Performable<T> implements WaitPlace {
  readonly #body: (signal: AbortSignal) => PromiseLike<T>;

  constructor(body: (signal: AbortSignal) => PromiseLike<T>) {
    super();
    this.#body = body;
  }

  override get traits(): number {
    return External | RunsUserCode;
  }

  override toString(): string {
    return "an attempt";
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    const attempt = handedOut();
    waiter.place = this;
    waiter.slot = attempt;
    const settle = (go: () => void): void => {
      if (waiter.slot !== attempt) return; // withdrawn: whatever came of it is of no interest
      release(waiter);
      go();
    };
    this.#begin(attempt.signal).then(
      (value) => { settle(() => { waiter.resume("value", value); }); },
      (error: unknown) => { settle(() => { waiter.resume("error", error); }); },
    );
  }

  #begin(signal: AbortSignal): Promise<T> {
    try {
      return Promise.resolve(this.#body(signal));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  withdraw(waiter: Waiter): void {
    const attempt = waiter.slot as AbortController;
    release(waiter);
    enqueue({ run: () => { attempt.abort(); } });
  }
}
