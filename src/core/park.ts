/**
 * Parking: an async function waits, as a promise.
 *
 * 1. A wait in a cancel context is one of that context's waits until it is over, so that a cancel finds it. Nothing else differs from a wait in none.
 * 2. Results that run user code are computed in the awaiting task's own turn and async context.
 */
import { contextProvider, type CancelContext } from "./cancel-context.ts";
import { tellWait } from "./controller.ts";
import { ResultIsDeferred, type Performable } from "./operation.ts";
import { wake } from "./scheduler.ts";
import type { Outcome, Waiter, WaitPlace, WaitQueue } from "./wait-queue.ts";

type Settle = (value: unknown) => void;
const unset: Settle = () => { /* its promise is about to be made */ };

/** Waits as a promise. */
export class PromiseWaiter implements Waiter {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: WaitPlace | undefined;
  declare slot: unknown;
  declare resolve: Settle;
  declare reject: Settle;
  /** Whether its promise is fulfilled with a function of the result. */
  declare readonly deferred: boolean;
  /** Where a cancel finds it. It is another one once what it began in has ended. */
  declare context: CancelContext | undefined;
  /** What the user has of it. */
  declare promise: Promise<unknown> | undefined;

  constructor(deferred: boolean, context: CancelContext | undefined) {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
    this.resolve = unset;
    this.reject = unset;
    this.deferred = deferred;
    this.context = context;
    this.promise = undefined;
  }

  resume(how: Outcome, what: unknown): void {
    if (this.context !== undefined) this.context.waits.remove(this);
    if (how === "value" && !this.deferred) wake(this.resolve, what, this);
    else resumeOtherwise(this, how, what);
  }
}

function resumeOtherwise(waiter: PromiseWaiter, how: Outcome, what: unknown): void {
  if (how === "error") wake(waiter.reject, what, waiter);
  else wake(waiter.resolve, how === "value" ? (): unknown => what : what, waiter);
}

/** Wait in a queue, right after a failed attempt. Where there is a controller, which has to know the operation, {@link park} instead. */
export function parkIn<T>(queue: WaitQueue, slot: unknown): Promise<T> {
  const waiter = newWaiter(false, contextProvider?.current());
  const { promise } = waiter;
  queue.join(waiter, slot);
  return promise as Promise<T>;
}

/** Wait for an operation, right after a failed attempt. */
export function park<T>(operation: Performable<T>, context: CancelContext | undefined): Promise<T> {
  if (context?.cancelError !== undefined) return context.rejectNow(); // by a guard, meanwhile
  const deferred = (operation.traits & ResultIsDeferred) !== 0;
  const waiter = newWaiter(deferred, context);
  const promise = deferred ? (waiter.promise = computed(waiter.promise as Promise<() => unknown>)) : waiter.promise;
  tellWait(waiter, operation, context);
  operation.enlist(waiter);
  return promise as Promise<T>;
}

const computed = (promise: Promise<() => unknown>): Promise<unknown> => promise.then((result) => result());

function newWaiter(deferred: boolean, context: CancelContext | undefined): PromiseWaiter {
  const waiter = new PromiseWaiter(deferred, context);
  waiter.promise = settledBy(waiter);
  if (context !== undefined) {
    context.waits.add(waiter);
    onWait?.(waiter);
  }
  return waiter;
}

/**
 * The promise that a waiter settles. The closure is so short, and changes no variable around it, that V8 always dissolves it: a wait in a scope
 * takes a sixth less time, and a select that waits up to half of it where much else is dissolved around it.
 */
function settledBy(waiter: PromiseWaiter): Promise<unknown> {
  return new Promise((resolve, reject) => {
    waiter.resolve = resolve;
    waiter.reject = reject;
  });
}

/** Called in debug mode for each wait that begins in a context. */
let onWait: ((waiter: Waiter) => void) | undefined;

/** Have each wait that begins in a context be noted, or not any more. */
export function noteWaits(note: ((waiter: Waiter) => void) | undefined): void {
  onWait = note;
}
