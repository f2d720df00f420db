/**
 * A time limit for a body, and a shield around one.
 *
 * Idea: trio's `fail_after` and shielded cancel scopes.
 */
import { refused } from "../core/perform.ts";
import { checkedDelay } from "../time/timer.ts";
import type { Body } from "./body.ts";
import { LiveScope } from "./live-scope.ts";
import { checkedBody, checkedOptions, handleOf, type Scope } from "./scope.ts";

/**
 * Runs a body with a time limit: a {@link scope} that is cancelled when the time has passed. It waits until the body and its tasks have
 * unwound; nothing is lost, since what waits is withdrawn before it can take anything.
 *
 * Inside, operations reject with a {@link CancelledError} whose `cause` is the {@link TimeoutError}. A value that is returned late still
 * counts, an error of the body is that error.
 *
 * @param ms - milliseconds; 0 or less: the body is not started; `Infinity`: no limit
 * @param body - an async, a plain or a generator function; it gets the scope
 * @returns what the body returns; rejects with its error, with a `TimeoutError` of its own, with the `CancelledError` of a cancel
 * from outside, with a `RangeError` for `NaN`
 *
 * @example
 * ```ts
 * import { chan, timeout, TimeoutError } from "rendezvous";
 *
 * const quiet = chan<string>();
 * const error: unknown = await timeout(5, () => quiet.receive()).catch((reason: unknown) => reason);
 * console.log(error instanceof TimeoutError); // true
 * ```
 *
 * Idea: trio's `fail_after`, asyncio's `timeout`.
 */
export function timeout<T>(ms: number, body: Body<[scope: Scope], T>): Promise<T> {
  try {
    checkedDelay(ms, "timeout");
    const live = new LiveScope("timeout", checkedBody(body, "timeout"), { timeout: ms });
    return live.run(body, [handleOf(live)]);
  } catch (error) {
    return refused(error);
  }
}

/**
 * Runs a body that no cancel from outside reaches: for clean-up that has to wait. The structure stays: whoever is around it waits for it.
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
 * Idea: trio's shielding; asyncio's `shield` lets go of the body, this one does not.
 */
export function shield<T>(
  body: Body<[], T>,
  options: {
    /** Milliseconds after which the body is cancelled all the same. */
    timeout?: number | undefined;
  } = {},
): Promise<T> {
  try {
    const settings = { ...checkedOptions(options, "shield"), shielded: true };
    return new LiveScope("shield", checkedBody(body, "shield"), settings).run(body, []);
  } catch (error) {
    return refused(error);
  }
}
