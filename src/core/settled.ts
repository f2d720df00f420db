/**
 * Promises for what is there already. Each counts as a wake-up, so that endless readiness starves nobody.
 */
import { hold, spendHere } from "./budget.ts";
import { fulfilled } from "./scheduler.ts";
import type { Outcome } from "./wait-queue.ts";

/** A promise for a value. */
export function ready<T>(value: T): Promise<T> {
  if (value === undefined) return done() as Promise<T>;
  return spendHere() ? Promise.resolve(value) : (nextTurnOf("value", value) as Promise<T>);
}

/** The same for what gives no value. */
export function done(): Promise<undefined> {
  return spendHere() ? fulfilled : (nextTurnOf("value", undefined) as Promise<undefined>);
}

/** A promise for a failure. */
export function rejectedNow(error: unknown): Promise<never> {
  return spendHere() ? Promise.reject(error) : (nextTurnOf("error", error) as Promise<never>);
}

/** What a function gives, or what it throws as a rejected promise: for verbs that check what they are given. */
export function promised<T>(body: () => Promise<T>): Promise<T> {
  try {
    return body();
  } catch (error) {
    return rejectedNow(error);
  }
}

/** A promise that settles once the event loop has turned. */
function nextTurnOf(how: Outcome, what: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => { hold(() => { (how === "error" ? reject : resolve)(what); }); });
}
