/**
 * Verbs: they run a flow to its end, or to their own.
 *
 * 1. A verb is a scope: its body pulls, in the lane without promises, and the functions given to it are bodies.
 * 2. One that stops early, or fails, cancels the flow; then it waits until the source has cleaned up.
 *
 * Idea: the verbs of the iterator helpers; a verb as a scope is Kotlin's `collect`.
 */
import type { Sender } from "../channel/channel-types.ts";
import type { WaitOptions } from "../core/operation.ts";
import { rejectedNow } from "../core/perform.ts";
import { awaiting } from "../ops/promise.ts";
import { checkedSignal } from "../support/given.ts";
import { ClosedError } from "../errors.ts";
import { isThenable } from "../task/body.ts";
import { isGenerator } from "../task/generator.ts";
import { ScopeState } from "../task/scope/scope-state.ts";
import { cleanedUp } from "./loop.ts";
import type { Origin } from "./origin.ts";
import type { Pulling } from "./pipeline.ts";
import type { Result } from "./result.ts";

/** A flow as a verb sees it. */
export interface Pulled {
  readonly origin: Origin;
  readonly pulling: Pulling;
}

type Work<T> = (scope: ScopeState) => Generator<unknown, T, unknown>;
export type Given = (...args: never[]) => unknown;

/** Run the body of a verb, in a scope of its own. `failed` gets the error that it rejects with, before the clean-up. */
export function runVerb<T>(verb: string, { origin }: Pulled, { signal }: WaitOptions, work: Work<T>, failed?: (error: unknown) => void): Promise<T> {
  if (signal !== undefined && checkedSignal(signal, "the option signal").aborted) {
    failed?.(signal.reason); // it has not begun: the flow is as it was
    return rejectedNow(signal.reason);
  }
  const name = `${verb} of flow ${JSON.stringify(origin.name)}`;
  const state = new ScopeState("scope", undefined, { name, signal, passReason: true });
  const fail = (error: unknown): void => {
    const reason: unknown = signal?.aborted === true && state.cancelScope.isCancel(error) ? signal.reason : error;
    failed?.(reason);
    origin.cancel(reason);
  };
  if (state.cancelScope.cancelError) fail(state.cancelScope.cancelError); // its body will not run
  return state.run(function* (): Generator<unknown, T, unknown> {
    let failure: { error: unknown } | undefined;
    try {
      return yield* work(state);
    } catch (error) {
      failure = { error };
      fail(error);
      throw error;
    } finally {
      if (!origin.cleanUp.quiet) state.defer(() => cleanedUp(origin.cleanUp, failure));
    }
  }, []);
}

/** What a body gives, waited for. */
export function* outcome(given: unknown): Generator<unknown, unknown, unknown> {
  if (isGenerator(given)) return yield* given;
  return isThenable(given) ? yield* awaiting(given) : given;
}

const waits = (given: unknown): boolean => typeof given === "object" && given !== null;

/** Each value in turn, until `step` gives something other than `undefined`: then the flow is left. */
function* walk<R>(
  pulled: Pulled, step: (value: unknown, index: number) => Generator<unknown, R | undefined, unknown>,
): Generator<unknown, R | undefined, unknown> {
  for (let index = 0; ; index++) {
    const result = (yield* pulled.pulling) as Result;
    if (result.done === true) return undefined;
    const found = yield* step(result.value, index);
    if (found === undefined) continue;
    pulled.origin.cancel(undefined);
    return found;
  }
}

export function forEach(pulled: Pulled, f: Given, options: WaitOptions, limit: number): Promise<void> {
  const body = f as (value: unknown, index: number) => unknown;
  return runVerb("forEach", pulled, options, limit === 1 ? one : many);

  function* one(): Generator<unknown, void, unknown> {
    for (let index = 0; ; index++) {
      const result = (yield* pulled.pulling) as Result;
      if (result.done === true) return;
      const given = body(result.value, index);
      if (waits(given)) yield* outcome(given);
    }
  }

  // A worker that has got a value starts the next one, so that there are never more than are needed.
  function* many(scope: ScopeState): Generator<unknown, void, unknown> {
    let started = 0;
    let index = 0;
    function* worker(): Generator<unknown, void, unknown> {
      try {
        for (;;) {
          const result = (yield* pulled.pulling) as Result;
          if (result.done === true) return;
          if (started < limit) start();
          const given = body(result.value, index++);
          if (waits(given)) yield* outcome(given);
        }
      } catch (error) {
        pulled.origin.cancel(error);
        throw error;
      }
    }
    const start = (): void => {
      started++;
      scope.go(worker);
    };
    start();
  }
}

export function toArray(pulled: Pulled, options: WaitOptions): Promise<unknown[]> {
  return runVerb("toArray", pulled, options, function* () {
    const values: unknown[] = [];
    for (;;) {
      const result = (yield* pulled.pulling) as Result;
      if (result.done === true) return values;
      values.push(result.value);
    }
  });
}

export function reduce(pulled: Pulled, f: Given, initial: { value: unknown } | undefined, options: WaitOptions): Promise<unknown> {
  const fold = f as (sum: unknown, value: unknown, index: number) => unknown;
  return runVerb("reduce", pulled, options, function* () {
    let sum = initial;
    for (let index = 0; ; index++) {
      const result = (yield* pulled.pulling) as Result;
      if (result.done === true) break;
      sum = { value: sum ? yield* outcome(fold(sum.value, result.value, index)) : result.value };
    }
    if (!sum) throw new TypeError("reduce of a flow without a value takes an initial one, as flow.reduce(f, 0)");
    return sum.value;
  });
}

/** The first value for which a test gives what is wanted. */
export function search<R>(verb: string, pulled: Pulled, f: Given, wanted: boolean, found: (value: unknown) => R, none: R, options: WaitOptions): Promise<R> {
  const test = f as (value: unknown, index: number) => unknown;
  return runVerb(verb, pulled, options, function* () {
    const hit = yield* walk(pulled, function* (value, index) {
      return Boolean(yield* outcome(test(value, index))) === wanted ? { value } : undefined;
    });
    return hit ? found(hit.value) : none;
  });
}

export function into(pulled: Pulled, sender: Sender<unknown>, options: WaitOptions, preventClose: boolean): Promise<boolean> {
  const { origin } = pulled;
  const close = (error?: unknown): void => { if (!preventClose) sender.close(error); };
  return runVerb("into", pulled, options, function* () {
    for (;;) {
      const result = (yield* pulled.pulling) as Result;
      if (result.done === true) {
        close();
        return true;
      }
      try {
        yield* sender.sending(result.value);
      } catch (error) {
        origin.drop(result.value);
        if (!sender.closed || !(error instanceof ClosedError)) throw error;
        origin.cancel(error.cause);
        return false;
      }
    }
  }, close);
}
