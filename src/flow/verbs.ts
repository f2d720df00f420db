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
import { checkedSignal } from "../support/given.ts";
import { ClosedError } from "../errors.ts";
import { ScopeState } from "../task/scope/scope-state.ts";
import { cleanedUp, type Origin } from "./origin.ts";
import type { Pulling } from "./pipeline.ts";
import type { Result } from "./result.ts";
import { outcome } from "./stage.ts";

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

/**
 * Each value in turn, with what a body gives of it; until `found` gives something other than `undefined`: then the flow is left.
 */
function* walk<R>(
  { origin, pulling }: Pulled, body: (value: unknown, index: number) => unknown, found?: (given: unknown, value: unknown) => R | undefined,
): Generator<unknown, R | undefined, unknown> {
  for (let index = 0; ; index++) {
    const { done, value } = (yield* pulling) as Result;
    if (done === true) return undefined;
    let given = body(value, index);
    if (typeof given === "object" && given !== null) given = yield* outcome(given);
    const hit = found?.(given, value);
    if (hit === undefined) continue;
    origin.cancel(undefined);
    return hit;
  }
}

export function forEach(pulled: Pulled, f: Given, options: WaitOptions, limit: number): Promise<void> {
  const body = f as (value: unknown, index: number) => unknown;
  return runVerb("forEach", pulled, options, limit === 1 ? (): Generator<unknown, undefined, unknown> => walk(pulled, body) : many);

  // A worker that has got a value starts the next one, so that there are never more than are needed.
  function* many(scope: ScopeState): Generator<unknown, undefined, unknown> {
    let started = 0;
    let index = 0;
    const start = (): void => {
      started++;
      scope.go(function* worker() {
        try {
          yield* walk(pulled, (value) => {
            if (started < limit) start();
            return body(value, index++);
          });
        } catch (error) {
          pulled.origin.cancel(error);
          throw error;
        }
      });
    };
    start();
  }
}

export function toArray(pulled: Pulled, options: WaitOptions): Promise<unknown[]> {
  return runVerb("toArray", pulled, options, function* () {
    const values: unknown[] = [];
    yield* walk(pulled, (value) => { values.push(value); });
    return values;
  });
}

export function reduce(pulled: Pulled, f: Given, initial: { value: unknown } | undefined, options: WaitOptions): Promise<unknown> {
  const fold = f as (sum: unknown, value: unknown, index: number) => unknown;
  return runVerb("reduce", pulled, options, function* () {
    let sum = initial;
    yield* walk(pulled, (value, index) => sum && fold(sum.value, value, index), (given, value) => {
      if (sum) sum.value = given;
      else sum = { value };
      return undefined;
    });
    if (!sum) throw new TypeError("reduce of a flow without a value takes an initial one, as flow.reduce(f, 0)");
    return sum.value;
  });
}

/** The first value for which a test gives what is wanted. */
export function search(verb: string, pulled: Pulled, f: Given, wanted: boolean, options: WaitOptions): Promise<{ value: unknown } | undefined> {
  return runVerb(verb, pulled, options, () =>
    walk(pulled, f as (value: unknown, index: number) => unknown, (given, value) => (Boolean(given) === wanted ? { value } : undefined)));
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
