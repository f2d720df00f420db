/**
 * The bridge from `yield*` to operations: `const value = yield* ch.receiving()` in a generator task.
 *
 * 1. An operation is its own iterator and keeps no state, so that one value serves every task at once.
 * 2. The task's driver enters before it resumes the generator and leaves afterwards; in between, `yield*` finds the task here.
 * 3. The step of a `yield*` that waits comes out of the generator as `suspension`. When the operation has happened, the driver keeps its value by
 *    `finish` and sends `resumed`.
 */
import type { CaseKey } from "../errors.ts";
import { spendHere } from "./budget.ts";
import type { CancelContext } from "./cancel-context.ts";
import { Printed } from "../support/printing.ts";
import { OutlastsCancel } from "./traits.ts";
import type { Outcome, Waiter } from "./wait-queue.ts";

/** What a poll answers when nothing happened. */
export const nothing: unique symbol = Symbol("nothing");
/** See {@link nothing}. */
export type Nothing = typeof nothing;

/** A generator task, as the waiter of whatever it performs. */
export interface Performer extends Waiter {
  /** The error that its operations fail with, once it is cancelled. User code may cancel it at any time. */
  readonly cancelError: unknown;
  /** Record that it has met its cancel, and give the error that the operation fails with. */
  meetCancel(): unknown;
  /** The context that it runs in. */
  readonly cancelContext: CancelContext | undefined;
  /** Wait for an operation, right after a failed attempt; fail, if code of the user has cancelled the task meanwhile. */
  waitFor(operation: Yieldable<unknown>): void;
  /** `inContext`: the present async context is its own, as in the reaction of a promise that it waits for. */
  resume(how: Outcome, what: unknown, last?: boolean, inContext?: boolean): void;
}

/** The generator task that runs now, and performs what it is asked for by `yield*`. */
export let running: Performer | undefined;

/** Set the task that performs what is asked for by `yield*`. */
export function enter(task: Performer | undefined): void {
  running = task;
}

/** Sent into a generator whose operation has happened, after `finish` has kept what it gave. Anything would do but `undefined`. */
export const resumed = true;
/** What comes out of a generator while its operation holds it in a place. */
export const suspension: unique symbol = Symbol("suspended");
/** The step of a `yield*` that waits. Engines may hand out a copy of it (JavaScriptCore does): what counts is its value. */
const suspended: IteratorResult<unknown, unknown> = { done: false, value: suspension };
/** One result object for all: `yield*` reads it at once. */
const finished = { done: true, value: undefined as unknown };

/** Keep what an operation gave for the `yield*` that asks next; `undefined` lets go of it. */
export function finish(value: unknown): IteratorResult<unknown, unknown> {
  finished.value = value;
  return finished;
}

/** What `yield*` performs: an operation, whose other side is in `operation.ts`. */
export abstract class Yieldable<T> extends Printed {
  abstract prepare(): Yieldable<T>;
  abstract attempt(key?: CaseKey): T | Nothing;
  abstract get traits(): number;

  [Symbol.iterator](): Iterator<never, T, unknown> {
    return this as unknown as Iterator<never, T, unknown>;
  }

  /** @internal The first call happens now or lets the running task wait; the second, at which something is sent, gives what has happened. */
  next(sent: unknown): IteratorResult<unknown, unknown> {
    if (sent !== undefined) return finished;
    const task = running;
    if (task === undefined) throw nobodyRuns();
    try {
      if (task.cancelError !== undefined && (this.traits & OutlastsCancel) === 0) throw task.meetCancel();
      const prepared = this.prepare();
      const value = prepared.attempt();
      if (value === nothing) task.waitFor(prepared);
      else if (spendHere()) return finish(value);
      else task.resume("value", value);
    } catch (error) {
      if (spendHere()) throw error;
      task.resume("error", error);
    }
    running = undefined;
    return suspended;
  }

  /** @internal An operation that failed while the task waited fails at its `yield*`. */
  throw(error: unknown): never {
    throw error;
  }
}

const nobodyRuns = (): TypeError => new TypeError("yield* an operation in a generator task only: go(function* () { ... })");
