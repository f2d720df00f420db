/**
 * The iterator of a loop over a flow: leaving the loop leaves the flow.
 *
 * 1. `return()` cancels the flow and waits for the clean-up of its source; what is pending of `next()` gives the end.
 * 2. So does a `next()` that rejects, after which the language calls no `return()`, and an end that a view has brought about.
 * 3. The wait for a clean-up is not withdrawn by a cancel.
 */
import { choose } from "../core/choice.ts";
import { mayBeCancelled } from "../core/cancel-context.ts";
import { chan } from "../channel/channel.ts";
import { nothing, Prepares, type Operation } from "../core/operation.ts";
import { perform, performIn, ready, rejectedNow } from "../core/perform.ts";
import { currentCancelScope } from "../task/cancel/current.ts";
import { suppress } from "../task/scope/suppressed.ts";
import type { CleanUp, Origin } from "./origin.ts";
import type { Pulling } from "./pipeline.ts";
import type { Result } from "./result.ts";

const theEnd = (): Result => ({ done: true, value: undefined });

/** Wait for the clean-up of a source; with an error on its way, which comes out of it in any case. */
export async function cleanedUp(cleanUp: CleanUp, onItsWay?: { error: unknown }): Promise<void> {
  const around = onItsWay ? [...currentCancelScope()?.around() ?? []] : [];
  try {
    if (!cleanUp.quiet) await performIn(undefined, cleanUp);
  } catch (error) {
    if (!onItsWay) throw error;
    suppress(onItsWay.error, error, () => around);
  }
}

export class FlowLoop implements AsyncIterableIterator<unknown> {
  readonly #origin: Origin;
  readonly #nexting: Pulling;
  #over = false;

  constructor(origin: Origin, nexting: Pulling) {
    this.#origin = origin;
    this.#nexting = nexting;
  }

  next(): Promise<Result> {
    if (this.#over) return ready(theEnd());
    if (!mayBeCancelled()) {
      try {
        const result = (this.#nexting.traits & Prepares) !== 0 ? nothing : (this.#nexting.attempt() as Result | typeof nothing);
        if (result !== nothing) return result.done === true ? this.#ended() : ready(result);
      } catch (error) {
        return this.#failed(error);
      }
    }
    return perform(this.#nexting as Operation<unknown> as Operation<Result>).then(
      (result) => (result.done === true ? this.#ended() : result),
      (error: unknown) => this.#failed(error),
    );
  }

  async #ended(): Promise<Result> {
    this.#over = true;
    await cleanedUp(this.#origin.cleanUp);
    return theEnd();
  }

  async #failed(error: unknown): Promise<never> {
    this.#over = true;
    this.#origin.cancel(error);
    await cleanedUp(this.#origin.cleanUp, { error });
    throw error;
  }

  return(): Promise<Result> {
    if (this.#over) return ready(theEnd());
    this.#origin.cancel(undefined);
    return this.#ended();
  }

  throw(error: unknown): Promise<never> {
    return this.#over ? rejectedNow(error) : this.#failed(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The iterator of a loop that leaves the flow as it is. */
export class LentLoop implements AsyncIterableIterator<unknown> {
  readonly #nexting: Operation<Result>;
  readonly #left = chan<never>();

  constructor(nexting: Pulling) {
    this.#nexting = choose(nexting as Operation<unknown> as Operation<Result>, this.#left.nexting());
  }

  next(): Promise<Result> {
    return this.#left.closed ? ready(theEnd()) : perform(this.#nexting);
  }

  return(): Promise<Result> {
    this.#left.close();
    return ready(theEnd());
  }

  throw(error: unknown): Promise<never> {
    this.#left.close();
    return rejectedNow(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
