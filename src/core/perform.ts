/**
 * Performing an operation from an async function: as a promise, or at once.
 *
 * 1. The cost is the platform's: one native promise for a wait, one microtask for a wake-up; a ready send allocates nothing.
 * 2. A `signal` is one more case of a choice; no verb knows of it. What cancels the running code (`cancel-context.ts`) withdraws what waits.
 */
import { Aborting } from "../ops/aborting.ts";
import { contextProvider, cancelledContext, type CancelContext, type Standing } from "./cancel-context.ts";
import { Choice, unnamed } from "./choice.ts";
import { signalOf } from "../support/given.ts";
import type { NoOperation } from "../support/mistakes.ts";
import { nothing, type Operation, performable, type Performable, ResultIsDeferred, type WaitOptions } from "./operation.ts";
import { hold, spendHere } from "./budget.ts";
import { controller, tellWait } from "./controller.ts";
import { fulfilled, wake } from "./scheduler.ts";
import type { WaitQueue, Outcome, WaitPlace, Waiter } from "./wait-queue.ts";

/**
 * Performs an operation: `perform(x.verbing(...))` is `x.verb(...)`.
 *
 * Starts at once. Either the operation happens, once, or (aborted) nothing happened at all and no trace is left.
 *
 * @param operation - what to wait for
 * @param options - a `signal` to give up by
 * @returns what the operation gives; rejects with its error, with `signal.reason`, or with a `TypeError` when
 * `operation` is none
 *
 * @example
 * ```ts
 * import { chan, perform } from "rendezvous";
 *
 * const ch = chan<string>(1);
 * await perform(ch.sending("hello"));
 * console.log(await perform(ch.receiving())); // hello
 * ```
 *
 * Idea: Concurrent ML's `sync`.
 */
export function perform<T>(operation: Operation<T> | NoOperation, options?: WaitOptions): Promise<T> {
  return performIn(contextNow, operation as Operation<T>, options);
}

/** What the running code is part of, whatever that is at each moment. A class, since V8 does not see through the getter of an object literal. */
class ContextNow implements Omit<CancelContext, "stand"> {
  get cancelError(): unknown {
    return cancelledContext()?.cancelError;
  }

  rejectNow(): Promise<never> {
    return (contextProvider?.current() as CancelContext).rejectNow();
  }

  park<T>(operation: Performable<T>): Promise<T> {
    return parkIn(contextProvider?.current(), operation);
  }
}

const contextNow = new ContextNow();

/** Perform an operation as part of what may be cancelled, or of nothing. */
export function performIn<T>(context: Omit<CancelContext, "stand"> | undefined, operation: Operation<T>, options?: WaitOptions): Promise<T> {
  try {
    const signal = options === undefined ? undefined : signalOf(options, operation);
    if (aborted(signal)) return rejectedNow(signal?.reason);
    if (context?.cancelError !== undefined) return context.rejectNow();
    const prepared = performable(operation, "perform").prepare();
    const value = prepared.attempt();
    if (value !== nothing) return ready(value);
    if (aborted(signal)) return rejectedNow(signal?.reason); // by a guard, meanwhile
    const parked = signal === undefined ? prepared : new Choice<T>([unnamed(prepared), unnamed(new Aborting(signal))], "wait");
    return parkIn(context, parked);
  } catch (error) {
    return rejectedNow(error);
  }
}

const aborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/**
 * Performs an operation if it can happen now; otherwise changes nothing.
 *
 * @returns `{ value }` when it happened, `undefined` when not
 * @throws the operation's own error when it happened and failed; a `TypeError` when `operation` is none
 *
 * @example
 * ```ts
 * import { chan, poll } from "rendezvous";
 *
 * const ch = chan<number>(1);
 * console.log(poll(ch.receiving())); // undefined
 * ch.trySend(7);
 * console.log(poll(ch.receiving())?.value); // 7
 * ```
 *
 * Idea: Go's `select` with a `default`, for one operation.
 */
export function poll<T>(operation: Operation<T> | NoOperation): {
  /** What the operation gave. */
  value: T;
} | undefined {
  const value = performable(operation as Operation<T>, "poll").prepare().attempt();
  return value === nothing ? undefined : { value };
}

/** A promise for a value that is there already; it counts as a wake-up, so that endless readiness starves nobody. */
export function ready<T>(value: T): Promise<T> {
  return spendHere() ? Promise.resolve(value) : (nextTurnOf("value", value) as Promise<T>);
}

/** The same for what gives no value. */
export function done(): Promise<undefined> {
  return spendHere() ? fulfilled : (nextTurnOf("value", undefined) as Promise<undefined>);
}

/** A promise for a failure that is there already; see {@link ready}. */
export function rejectedNow(error: unknown): Promise<never> {
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a reason is whatever the user gave
  return spendHere() ? Promise.reject(error) : (nextTurnOf("error", error) as Promise<never>);
}

/** A promise that settles once the event loop has turned. */
function nextTurnOf(how: Outcome, what: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => { hold(() => { (how === "error" ? reject : resolve)(what); }); });
}

/** One half of a promise. */
export type Settle = (value: unknown) => void;

/** Stand in line, right after a failed attempt, as a promise. */
export function stand<T>(line: WaitQueue, slot: unknown, of: Standing): Promise<T> {
  const context = contextProvider?.current();
  if (context !== undefined) return context.stand(line, slot, of) as Promise<T>;
  const waiter = new PromiseWaiter(false);
  const promise = settledBy(waiter) as Promise<T>;
  waiter.slot = slot;
  if (controller !== undefined) tellWait(waiter, of.standing(line));
  line.join(waiter);
  return promise;
}

function parkIn<T>(context: Pick<CancelContext, "park"> | undefined, operation: Performable<T>): Promise<T> {
  return context === undefined ? park(operation) : context.park(operation);
}

/** Wait for an operation, right after a failed attempt, as a promise. */
function park<T>(operation: Performable<T>): Promise<T> {
  const lazy = (operation.traits & ResultIsDeferred) !== 0;
  const waiter = new PromiseWaiter(lazy);
  const promise = settledBy(waiter);
  tellWait(waiter, operation);
  operation.enlist(waiter);
  return result(lazy, promise);
}

/** What user code has a part in is found out in the awaiting task's own turn and context. */
export function result<T>(lazy: boolean, promise: Promise<unknown>): Promise<T> {
  return lazy ? promise.then((result) => (result as () => T)()) : (promise as Promise<T>);
}

/** Who waits as a promise. A lazy one is fulfilled with a function of the result. */
export interface Promised extends Waiter {
  resolve: Settle;
  reject: Settle;
  readonly lazy: boolean;
}

/** The halves of a promise that is not there yet. */
export const unset: Settle = () => { /* nobody waits for it */ };

/**
 * The promise that a waiter settles. The closure is so short, and changes no variable around it, that V8 always dissolves it: a wait in a scope
 * takes a sixth less time, and a select that waits up to half of it where much else is dissolved around it.
 */
export function settledBy(waiter: Promised): Promise<unknown> {
  return new Promise((resolve, reject) => {
    waiter.resolve = resolve;
    waiter.reject = reject;
  });
}

/** Resume whoever awaits the promise of a waiter. */
export function settle(waiter: Promised, how: Outcome, what: unknown): void {
  if (how === "value" && !waiter.lazy) wake(waiter.resolve, what, waiter);
  else settleOtherwise(waiter, how, what);
}

function settleOtherwise(waiter: Promised, how: Outcome, what: unknown): void {
  if (how === "error") wake(waiter.reject, what, waiter);
  else wake(waiter.resolve, how === "value" ? (): unknown => what : what, waiter);
}

/** Waits as a promise, in nothing that can be cancelled. */
export class PromiseWaiter implements Promised {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: WaitPlace | undefined;
  declare slot: unknown;
  declare resolve: Settle;
  declare reject: Settle;
  declare readonly lazy: boolean;

  constructor(lazy: boolean) {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
    this.resolve = unset;
    this.reject = unset;
    this.lazy = lazy;
  }

  resume(how: Outcome, what: unknown): void {
    settle(this, how, what);
  }
}
