/**
 * The iterator of a loop over a flow: leaving the loop leaves the flow.
 *
 * 1. `return()` cancels the flow and waits for the clean-up of its source; what is pending of `next()` gives the end.
 * 2. So does a `next()` that rejects, after which the language calls no `return()`, and an end that a view has brought about.
 * 3. The wait for a clean-up is not withdrawn by a cancel.
 * 4. Outside of scopes and of other async contexts a value that is waited for costs one promise, also through views, and a turn of the run queue, which
 *    all share: functions of views, and the end, are found out there, before the promise is settled.
 */
import { choose } from "../core/choice.ts";
import { cancelledContext, contextProvider } from "../core/cancel-context.ts";
import { chan } from "../channel/channel.ts";
import { nothing, Prepares, type Operation } from "../core/operation.ts";
import { perform, ready, rejectedNow } from "../core/perform.ts";
import { spend } from "../core/budget.ts";
import { controller } from "../core/controller.ts";
import { enqueue, type Job } from "../core/scheduler.ts";
import { opened, type Outcome, type Waiter, type WaitPlace } from "../core/wait-queue.ts";
import { captured } from "../platform/async-context.ts";
import { cleanedUp, type Origin } from "./origin.ts";
import type { Pulling } from "./pipeline.ts";
import type { Result } from "./result.ts";

const theEnd = (): Result => ({ done: true, value: undefined });

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
    if (cancelledContext() === undefined && (this.#nexting.traits & Prepares) === 0) {
      try {
        const result = this.#nexting.attempt() as Result | typeof nothing;
        if (result !== nothing) return result.done === true ? this.ended() : ready(result);
      } catch (error) {
        return this.failed(error);
      }
      if (controller === undefined && contextProvider?.current() === undefined && captured() === undefined) return this.#wait();
    }
    return perform(this.#nexting as Operation<unknown> as Operation<Result>).then(
      (result) => (result.done === true ? this.ended() : result),
      (error: unknown) => this.failed(error),
    );
  }

  #wait(): Promise<Result> {
    const waiter = new LoopWaiter(this);
    const promise = settledBy(waiter);
    this.#nexting.enlist(waiter);
    return promise;
  }

  async ended(): Promise<Result> {
    this.#over = true;
    await cleanedUp(this.#origin.cleanUp);
    return theEnd();
  }

  async failed(error: unknown): Promise<never> {
    this.#over = true;
    this.#origin.cancel(error);
    await cleanedUp(this.#origin.cleanUp, { error });
    throw error;
  }

  return(): Promise<Result> {
    if (this.#over) return ready(theEnd());
    this.#origin.cancel(undefined);
    return this.ended();
  }

  throw(error: unknown): Promise<never> {
    return this.#over ? rejectedNow(error) : this.failed(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Waits for a loop, right after a failed attempt. Complete, without a base class: see `BareWaiter`. */
class LoopWaiter implements Waiter, Job {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: WaitPlace | undefined;
  declare slot: unknown;
  declare readonly loop: FlowLoop;
  declare resolve: (result: unknown) => void;
  declare how: Outcome;
  declare what: unknown;

  constructor(loop: FlowLoop) {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
    this.loop = loop;
    this.resolve = unset;
    this.how = "value";
    this.what = undefined;
  }

  resume(how: Outcome, what: unknown, last?: boolean): void {
    this.how = how;
    this.what = what;
    if (last === true && spend()) this.run();
    else enqueue(this);
  }

  /**
   * What it was resumed with is found out only now. Values take this turn as well: whoever has sent goes on first and may send more, so that the loop
   * finds the next one ready, which costs a third of a wait (`node bench/flow.mjs broadcast`).
   */
  run(): void {
    try {
      const result = opened(this.how, this.what) as Result;
      this.resolve(result.done === true ? this.loop.ended() : result);
    } catch (error) {
      this.resolve(this.loop.failed(error));
    }
  }
}

const unset = (): void => { /* its promise is about to be made */ };

/** The closure is so short that V8 always dissolves it, as in `park.ts`. */
function settledBy(waiter: LoopWaiter): Promise<Result> {
  return new Promise((resolve) => { waiter.resolve = resolve as (result: unknown) => void; });
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
