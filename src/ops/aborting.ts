/**
 * An AbortSignal as a case of a select.
 */
import { Aborting } from "../core/aborting.ts";
import type { Operation } from "../core/operation.ts";
import { checkedSignal } from "../support/given.ts";

/**
 * Never gives a value; rejects with `signal.reason` when the signal aborts. As the first case of a `listed` select an
 * abort wins over data. A signal has one listener however many waiters it has, and none without a waiter.
 *
 * @throws TypeError when `signal` is none
 *
 * @example
 * ```ts
 * import { aborting, perform } from "rendezvous";
 *
 * console.log(await perform(aborting(AbortSignal.abort("enough"))).catch((reason: unknown) => reason)); // enough
 * ```
 *
 * Idea: Go's `<-ctx.Done()`.
 */
export function aborting(signal: AbortSignal): Operation<never> {
  return new Aborting(checkedSignal(signal, "aborting"));
}
