/**
 * Retry: attempts, with growing pauses between them.
 *
 * 1. All attempts are in one scope, each in one of its own: the next begins when all that the one before had begun has ended.
 * 2. Nothing is tried again once the scope is cancelled, from outside or by the signal.
 * 3. The outcome is the last error itself; what came before is kept with it.
 *
 * Idea: p-retry; full jitter is Marc Brooker's "Exponential Backoff And Jitter".
 */
import { randomFraction } from "../core/controller.ts";
import { rejectedNow, performIn } from "../core/perform.ts";
import type { WaitOptions } from "../core/operation.ts";
import { show } from "../errors.ts";
import { checkedBoolean, checkedFunction, checkedSignal, knownOptions, type Known } from "../support/given.ts";
import { checkedBody, type Body, type GivenBody } from "../task/body.ts";
import { runAs } from "../task/cancel/current.ts";
import { ScopeState } from "../task/scope/scope-state.ts";
import { arose, suppress } from "../task/scope/suppressed.ts";
import { sleeping } from "../time/sleep.ts";
import { checkedCount, checkedName } from "../support/named.ts";

/** How to retry. */
export interface RetryOptions extends WaitOptions {
  /**
   * How many attempts there are at most: a whole number from 1 up, or `Infinity`.
   *
   * @defaultValue 3
   */
  times?: number | undefined;
  /**
   * Milliseconds before the second attempt; or a function of the attempt that has failed and its error that gives the whole pause, of which
   * `factor` and `jitter` change nothing.
   *
   * @defaultValue 100
   */
  delay?: number | ((attempt: number, error: unknown) => number) | undefined;
  /**
   * By how much each pause is longer than the one before: 0 or more.
   *
   * @defaultValue 2
   */
  factor?: number | undefined;
  /**
   * The longest pause in milliseconds.
   *
   * @defaultValue 30,000
   */
  max?: number | undefined;
  /**
   * Whether a pause is a random share of its time, so that those who have failed together do not come again together. Seeded by `seed`.
   *
   * @defaultValue true
   */
  jitter?: boolean | undefined;
  /** Whether to try again after this error of this attempt, counted from 1. Left out: always. */
  when?: ((error: unknown, attempt: number) => boolean) | undefined;
  /** The name that reports use. The body's name, if left out. */
  name?: string | undefined;
}

/**
 * Runs a body until it succeeds, up to three times, with growing pauses in between.
 *
 * Before attempt k + 1 it sleeps `delay * factor ** (k - 1)` milliseconds, at most `max`; with jitter a random share of that. A cancel withdraws the
 * sleep.
 * A `CancelledError` of its own task is never retried; a `TimeoutError` of a limit inside is an error like any other.
 *
 * @param body - an async, a plain or a generator function; it gets the number of the attempt, from 1
 * @param options - see {@link RetryOptions}; a `signal` to give up by, which cancels the attempt under way
 * @returns the first value. Rejects with the last error, the very object (`suppressedOf` it: the ones before, at most the last thousand); with what `when` or
 * `delay` throws; with `signal.reason`; with a `RangeError` for a number out of its range, a `TypeError` for another option
 *
 * @example
 * ```ts
 * import { retry } from "rendezvous/sync";
 *
 * const flaky = async (attempt: number): Promise<string> => {
 *   if (attempt < 3) throw new Error("not yet");
 *   return `succeeded at attempt ${attempt}`;
 * };
 * console.log(await retry(flaky, { delay: 1 })); // succeeded at attempt 3
 * ```
 *
 * Idea: p-retry.
 */
export function retry<T, Y = never, Z = never, P = never>(
  body: GivenBody<"retry(() => work())", [attempt: number], T, Y, Z, P>,
  options?: RetryOptions,
): Promise<T>;
export function retry<T>(given: unknown, options: RetryOptions = {}): Promise<T> {
  try {
    const body = checkedBody(given as Body<[attempt: number], T>, "retry", "retry(() => work())");
    const policy = checked(options);
    const { name, signal } = options;
    const state = new ScopeState("scope", body, { name: name === undefined ? undefined : checkedName(name, "retry"), signal, passReason: true });
    return state.run(() => attempts(state, body, policy), []);
  } catch (error) {
    return rejectedNow(error);
  }
}

const retryOptions: Known<RetryOptions> = { times: true, delay: true, factor: true, max: true, jitter: true, when: true, name: true, signal: true };
const notPlain = ["AsyncFunction", "GeneratorFunction", "AsyncGeneratorFunction"] as const;

/** How long to wait after an attempt that has failed; `undefined`: there is no other. */
type Policy = (attempt: number, error: unknown) => number | undefined;

function checked(options: RetryOptions): Policy {
  const { times = 3, delay = 100, factor = 2, max = 30_000, jitter = true, when, name, signal } = knownOptions(options, retryOptions, "retry");
  checkedCount(times, "the option times of retry", 1);
  if (typeof delay === "function") checkedFunction(delay, "the option delay of retry", "(attempt, error) => 100", ...notPlain);
  else checkedPause(delay, "the option delay of retry");
  checkedNumber(factor, "the option factor of retry", "a number");
  checkedPause(max, "the option max of retry");
  checkedBoolean(jitter, "the option jitter of retry");
  if (when !== undefined) checkedFunction(when, "the option when of retry", "(error) => error.code === 503", ...notPlain);
  if (name !== undefined) checkedName(name, "retry");
  if (signal !== undefined) checkedSignal(signal, "the option signal");
  return (attempt, error) => {
    if (attempt >= times || when?.(error, attempt) === false) return undefined;
    if (typeof delay === "function") return Math.min(max, checkedPause(delay(attempt, error), "what the option delay of retry gives"));
    return Math.min(max, delay === 0 ? 0 : delay * factor ** (attempt - 1)) * (jitter ? randomFraction() : 1);
  };
}

function checkedNumber(given: number, what: string, kind: string): number {
  if (typeof (given as unknown) === "number" && given >= 0) return given;
  throw new RangeError(`${what} is ${kind} from 0 up; got ${show(given)}`);
}

const checkedPause = (ms: number, what: string): number => checkedNumber(ms, what, "a number of milliseconds");

/** How many errors are kept with the last: a program that tries for ever keeps no more. */
const keptAtMost = 1000;

async function attempts<T>({ cancelScope }: ScopeState, body: Body<[attempt: number], T>, policy: Policy): Promise<T> {
  const errors: unknown[] = [];
  /** The error to fail with, and the ones before it. */
  const last = (error: unknown): unknown => {
    arose(error, cancelScope.owner.id);
    for (const earlier of errors) suppress(error, earlier, () => cancelScope.around());
    return error;
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await runAs(cancelScope, () => new ScopeState("scope", body, {}).run<T>(body, [attempt]));
    } catch (error) {
      if (cancelScope.cancelError !== undefined) throw error;
      let ms: number | undefined;
      try {
        ms = policy(attempt, error);
      } catch (thrown) {
        errors.push(error);
        throw last(thrown);
      }
      if (ms === undefined) throw last(error);
      if (errors.push(error) > keptAtMost) errors.shift();
      await performIn(cancelScope, sleeping(ms));
    }
  }
}
