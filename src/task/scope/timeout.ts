/**
 * A time limit for a body, and a shield around one.
 *
 * Idea: trio's `fail_after` and shielded cancel scopes.
 */
import { knownOptions, type Known } from "../../support/given.ts";
import type { WaitOptions } from "../../core/operation.ts";
import { promised } from "../../core/settled.ts";
import { checkedDelay } from "../../time/timer.ts";
import { checkedBody, type Body, type GivenBody } from "../body.ts";
import { ScopeHandle } from "./scope-handle.ts";
import { ScopeState } from "./scope-state.ts";
import { checkedOptions, type ScopeOptions } from "./scope-options.ts";
import type { Scope } from "./scope-types.ts";

/** The options of {@link timeout}. Its `signal` cancels the body, as that of a {@link scope} does. */
export interface TimeoutOptions<F> extends WaitOptions {
  /**
   * The value to give when this very limit has passed, instead of a `TimeoutError`. The key counts: `fallback: undefined` gives `undefined`. Any
   * other error is passed on, even the `TimeoutError` of a limit inside.
   */
  fallback?: F;
}

/**
 * Runs a body with a time limit: a {@link scope} that is cancelled when the time has passed. It waits until the body and its tasks have unwound. No
 * value is lost, since a wait is withdrawn before it can take one.
 *
 * Inside, operations reject with a {@link CancelledError} whose `cause` is the {@link TimeoutError}. A value that the body returns late still counts,
 * and so does an error of its own. The body may move or remove its limit by `s.limit(ms)`.
 *
 * @param ms - milliseconds; 0 or less: the body is not started; `Infinity`: no limit
 * @param body - an async, a plain or a generator function; it gets the scope
 * @param options - `fallback`: the value to give when this very limit has passed; a `signal` that cancels it
 * @returns what the body returns, or the `fallback`; rejects with the error of the body, with a `TimeoutError` of its own (without a `fallback`),
 * with the `CancelledError` of a cancel from outside, or with a `RangeError` for `NaN`
 *
 * @example
 * ```ts
 * import { chan, timeout, TimeoutError } from "rendezvous";
 *
 * const quiet = chan<string>();
 * const error: unknown = await timeout(5, () => quiet.receive()).catch((reason: unknown) => reason);
 * console.log(error instanceof TimeoutError); // true
 * console.log(await timeout(5, () => quiet.receive(), { fallback: "no word" })); // no word
 * ```
 *
 * Idea: trio's `fail_after` and `move_on_after`, Kotlin's `withTimeoutOrNull`.
 */
export function timeout<T, F, Y = never, Z = never, P = never>(ms: number, body: TimedBody<T, Y, Z, P>, options: TimeoutOptions<F> & {
  /** What is given when this very limit has passed. */
  fallback: F;
}): Promise<T | F>;
/** The same without a `fallback`, or with options that may or may not have one. */
export function timeout<T, F = never, Y = never, Z = never, P = never>(
  ms: number,
  body: TimedBody<T, Y, Z, P>,
  options?: TimeoutOptions<F>,
): Promise<T | F>;
export function timeout(ms: number, given: unknown, options: TimeoutOptions<unknown> = {}): Promise<unknown> {
  return promised(() => {
    const body = checkedBody(given as Body<[scope: Scope], unknown>, "timeout", "timeout(1000, () => work())");
    checkedDelay(ms, "timeout");
    const { signal } = checkedOptions({ signal: knownOptions(options, timeoutOptions, "timeout").signal }, "timeout");
    const fallback = "fallback" in options ? { value: options.fallback } : undefined;
    const state = new ScopeState("timeout", body, { timeout: ms, signal, fallback });
    return state.run(body, [new ScopeHandle(state)]);
  });
}

type TimedBody<T, Y, Z, P> = GivenBody<"timeout(ms, () => work())", [scope: Scope], T, Y, Z, P>;

const timeoutOptions: Known<TimeoutOptions<unknown>> = { fallback: true, signal: true };

/**
 * Runs a body that no cancel from outside reaches: for clean-up that has to wait. The scope around it still waits for it.
 * The next operation after it rejects, if there was a cancel.
 *
 * @param body - an async, a plain or a generator function
 * @param options - `timeout`: a limit in milliseconds, so that a clean-up that hangs does not hang everything
 * @returns what the body returns; rejects with its error, with a `TimeoutError`
 *
 * @example
 * ```ts
 * import { scope, shield, sleep } from "rendezvous";
 *
 * await scope(async (s) => {
 *   s.go(async () => {
 *     try {
 *       await sleep(10_000);
 *     } finally {
 *       await shield(() => sleep(5), { timeout: 1000 });
 *       console.log("cleaned up"); // cleaned up
 *     }
 *   });
 *   await sleep(5);
 *   s.cancel();
 * });
 * ```
 *
 * Idea: trio's shielding; asyncio's `shield` abandons the body, this one waits for it.
 */
export function shield<T, Y = never, Z = never, P = never>(
  body: GivenBody<"shield(() => work())", [], T, Y, Z, P>,
  options?: {
    /** A limit in milliseconds, after which the body is cancelled. */
    timeout?: number | undefined;
  },
): Promise<T>;
export function shield<T>(given: unknown, options: { timeout?: number | undefined } = {}): Promise<T> {
  return promised(() => {
    const body = checkedBody(given as Body<[], T>, "shield");
    const settings = { ...checkedOptions(knownOptions(options, shieldOptions, "shield"), "shield"), shielded: true };
    return new ScopeState("shield", body, settings).run(body, []);
  });
}

const shieldOptions: Known<Pick<ScopeOptions, "timeout">> = { timeout: true };
