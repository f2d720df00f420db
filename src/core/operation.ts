/**
 * Operations: every blocking thing as a value that can be polled, waited for and withdrawn.
 *
 * 1. Performing is: poll, and if nothing happens take a place in line, in the same turn. A JavaScript turn is the
 *    atomic region, so nothing comes in between.
 * 2. An operation describes and does nothing by itself; one value may be performed many times, also at once.
 * 3. The operation that happens hands its performer a value or an error, once; user code (a map function) runs in the
 *    performer's own turn.
 * 4. An operation is not thenable: `await ch.receiving()` gives the operation and takes nothing.
 *
 * Idea: Concurrent ML's events (John Reppy); polling and waiting as two methods are Guile fibers' and crossbeam's.
 */
import { misuse, show, type CaseKey } from "../errors.ts";
import { insteadOfOperation, notCases } from "../support/cures.ts";
import { checkedFunction } from "../support/given.ts";
import type { Waiter } from "./wait-queue.ts";
import { Yieldable, type Nothing } from "./yielding.ts";

export type { WaitOptions } from "../support/given.ts";
export { External, HoldsSignal, OutlastsCancel, Prepares, ResultIsDeferred, RunsUserCode } from "./traits.ts";
export { nothing, type Nothing } from "./yielding.ts";

/**
 * Something to wait for, as a value: a receive, a send, a sleep, the end of a task. It does nothing until it is
 * performed by {@link perform}, {@link select}, {@link poll}, or `yield*` in a generator task.
 *
 * Never thenable: awaiting one by mistake gives the operation back and takes nothing.
 *
 * @example
 * ```ts
 * import { chan, choose, perform, sleeping, type Operation } from "rendezvous";
 *
 * const within = <T>(operation: Operation<T>, ms: number): Operation<T | "late"> =>
 *   choose(operation, sleeping(ms).map(() => "late" as const));
 *
 * const quiet = chan<number>();
 * console.log(await perform(within(quiet.receiving(), 5))); // late
 * ```
 *
 * Idea: the events of Concurrent ML.
 */
export interface Operation<T> {
  /**
   * The same operation, with a function run over what it gives, or over its error.
   *
   * The functions run after the operation has happened, in the performer's own turn: one that throws fails its own
   * performer only, and the other party keeps what was handed over.
   *
   * @param onValue - makes the result from the operation's value
   * @param onError - makes the result from the operation's error; left out, errors pass unchanged
   *
   * @example
   * ```ts
   * import { always, perform } from "rendezvous";
   *
   * console.log(await perform(always(20).map((n) => n + 1))); // 21
   * ```
   *
   * Idea: Concurrent ML's `wrap` and `wrapHandler`.
   */
  map<U, E = never>(onValue: (value: T) => U, onError?: (error: unknown) => E): Operation<U | E>;

  /** Performs the operation in a generator task: `const value = yield* operation`. */
  [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown>;
}

/** What the compiler says of anything in place of an operation, as one more member of the type of a parameter. */
export type NoOperation = "write ch.receiving(), not ch or ch.receive(); task.joining(), not task; settling(promise)";

/** What the mechanism sees of an operation. Every operation of the library is one. */
export abstract class Performable<T> extends Yieldable<T> implements Operation<T> {
  /** Made ready for one performing: guards are run, everything else is itself. */
  override prepare(): Performable<T> {
    return this;
  }

  /** Happens now and gives its value (or throws its error), or changes nothing. Errors of the library name `key`. */
  abstract override attempt(key?: CaseKey): T | Nothing;

  /**
   * Whether an attempt would happen now. Only an operation has it that does nothing but stand in line: looking changes nothing, enlisting runs no code
   * of the user, and what resumes a waiter takes it out of its line in the same step, so that nothing could resume it later.
   */
  wouldHappen?(): boolean;

  /** Right after a failed attempt, in the same turn: let the waiter take its place. */
  abstract enlist(waiter: Waiter): void;

  /** What the mechanism, or a report, has to know of it: bits of `traits.ts`. */
  override get traits(): number {
    return 0;
  }

  /** Touch what an attempt would look at, for a controller to know: which of several cases are polled depends on chance. */
  footprint(): void { /* it looks at nothing that others change */ }

  /** What it is, for reports of who waits for what. */
  override toString(): string {
    return "an operation";
  }

  /** The same of the place that it is, if it is one. */
  describe(): string {
    return this.toString();
  }

  map<U, E = never>(onValue: (value: T) => U, onError?: (error: unknown) => E): Operation<U | E> {
    checkedFunction(onValue, "map", "operation.map((value) => ...)");
    if (onError !== undefined) checkedFunction(onError, "map", "operation.map(onValue, (error) => ...)");
    return mapped(this, onValue, onError);
  }
}

type Map = <T, U, E>(inner: Performable<T>, onValue: (value: T) => U, onError?: (error: unknown) => E) => Performable<U | E>;
let mapped: Map;

/** Provide what `map` makes. A mapped operation is an operation too, so its file imports this one, and not the other way round. */
export function provideMap(provided: Map): void {
  mapped = provided;
}

/** The mechanism's view of an operation from outside, or a clear error if it is none. `cases`: what it was given in, under `key`. */
export function performable<T>(operation: Operation<T>, where: string, key?: CaseKey, cases?: unknown): Performable<T> {
  if (operation instanceof Performable) return operation as Performable<T>;
  throw (key === undefined ? undefined : notCases(where, cases)) ?? misuse(key === undefined ? where : `${where} case ${show(key)}`, `an operation, ${insteadOfOperation(operation)}`, operation);
}
