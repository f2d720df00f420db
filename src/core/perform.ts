/**
 * Performing an operation from an async function: as a promise, or at once.
 *
 * 1. The cost is the platform's: one native promise for a wait, one microtask for a wake-up, and no promise for a ready send.
 * 2. A `signal` is one more case of a choice; no verb knows of it. What cancels the running code (`cancel-context.ts`) withdraws what waits.
 */
import { Aborting } from "./aborting.ts";
import { cancelledContext, contextProvider, type CancelContext } from "./cancel-context.ts";
import { Choice, unnamed } from "./choice.ts";
import { signalOf } from "../support/given.ts";
import { Mapped } from "./map.ts";
import { nothing, type Nothing, type NoOperation, type Operation, performable, type Performable, provideMap, type WaitOptions } from "./operation.ts";
import { touch } from "./controller.ts";
import { park } from "./park.ts";
import { ready, rejectedNow } from "./settled.ts";

export { done, promised, ready, rejectedNow } from "./settled.ts";

provideMap((inner, onValue, onError) => new Mapped(inner, onValue, onError));

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
  return performing(operation as Operation<T>, options, true);
}

/** Perform an operation in a cancel context, or in none. */
export const performIn = <T>(context: CancelContext | undefined, operation: Operation<T>, options?: WaitOptions): Promise<T> =>
  performing(operation, options, false, context);

/** `here`: in the context of the running code, which is looked for only where it matters. */
function performing<T>(operation: Operation<T>, options: WaitOptions | undefined, here: boolean, context?: CancelContext): Promise<T> {
  try {
    const signal = options === undefined ? undefined : signalOf(options, operation);
    if (aborted(signal)) return rejectedNow(signal?.reason);
    const cancelled = here ? cancelledContext() : context;
    if (cancelled?.cancelError !== undefined) return cancelled.rejectNow();
    const prepared = performable(operation, "perform").prepare();
    const value = prepared.attempt();
    if (value !== nothing) return ready(value);
    if (aborted(signal)) return rejectedNow(signal?.reason); // by a guard, meanwhile
    const parked = signal === undefined ? prepared : new Choice<T>([unnamed(prepared), unnamed(new Aborting(signal))], "wait");
    return park(parked, here ? contextProvider?.current() : context);
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
  const value = polled(performable(operation as Operation<T>, "poll"));
  return value === nothing ? undefined : { value };
}

/** What an operation gives now, if it happens. */
export function polled<T>(operation: Performable<T>): T | Nothing {
  touch(operation, "poll");
  const value = operation.prepare().attempt();
  touch(operation, "polled");
  return value;
}
