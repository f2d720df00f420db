/**
 * A promise that is made for the wait, by an API that takes an AbortSignal.
 *
 * 1. An attempt starts when it is waited for, and its signal aborts when it loses. Listeners of that signal run in a turn of
 *    their own, before the winner goes on.
 *
 * Idea: negative acknowledgements of Concurrent ML, which in JavaScript are an AbortSignal.
 */
import { External, nothing, Performable, RunsUserCode, type Nothing, type Operation } from "../core/operation.ts";
import { enqueue } from "../core/scheduler.ts";
import { release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { handedOut } from "../platform/signals.ts";
import { checkedFunction } from "../support/given.ts";

/**
 * Any API that takes an AbortSignal, as a case: started when it is waited for, aborted when another case comes first.
 * It is never ready at once, so a case that is ready keeps it from starting.
 *
 * @param body - gets the signal and gives a promise; what it throws fails the operation
 * @throws TypeError when `body` is no function, or a generator function
 *
 * @example
 * ```ts
 * import { attempting, select, sleeping } from "rendezvous";
 *
 * const endless = attempting((signal) => new Promise<never>(() => {
 *   signal.addEventListener("abort", () => { console.log("aborted"); });
 * }));
 * const first = await select({ endless, late: sleeping(5) });
 * console.log(first.case);
 * // aborted
 * // late
 * ```
 *
 * Idea: Concurrent ML's `withNack`, joined to `fetch(url, { signal })`.
 */
export function attempting<T>(body: (signal: AbortSignal) => PromiseLike<T>): Operation<T> {
  const call = "attempting((signal) => fetch(url, { signal }))";
  return new Attempting(checkedFunction(body, "attempting", call, "GeneratorFunction", "AsyncGeneratorFunction"));
}

class Attempting<T> extends Performable<T> implements WaitPlace {
  readonly #body: (signal: AbortSignal) => PromiseLike<T>;

  constructor(body: (signal: AbortSignal) => PromiseLike<T>) {
    super();
    this.#body = body;
  }

  override get traits(): number {
    return External | RunsUserCode;
  }

  override toString(): string {
    return "an attempt";
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    const attempt = handedOut();
    waiter.place = this;
    waiter.slot = attempt;
    const settle = (go: () => void): void => {
      if (waiter.slot !== attempt) return; // withdrawn: whatever came of it is of no interest
      release(waiter);
      go();
    };
    this.#begin(attempt.signal).then(
      (value) => { settle(() => { waiter.resume("value", value); }); },
      (error: unknown) => { settle(() => { waiter.resume("error", error); }); },
    );
  }

  #begin(signal: AbortSignal): Promise<T> {
    try {
      return Promise.resolve(this.#body(signal));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  withdraw(waiter: Waiter): void {
    const attempt = waiter.slot as AbortController;
    release(waiter);
    enqueue({ run: () => { attempt.abort(); } });
  }
}
