/**
 * Operations: every blocking thing as a value that can be polled, waited for and withdrawn.
 *
 * 1. Performing is: poll, and if nothing happens take a place in line, in the same turn. A JavaScript turn is the
 *    atomic region, so nobody comes in between.
 * 2. An operation describes and does nothing by itself; one value may be performed many times, also at once.
 * 3. The operation that happens hands its performer a value or an error, once; user code (a map function) runs in the
 *    performer's own turn.
 * 4. An operation is not thenable: `await ch.receiving()` gives the operation and takes nothing.
 *
 * Idea: Concurrent ML's events (John Reppy); polling and waiting as two methods are Guile fibers' and crossbeam's.
 */
import { show, tagOf, type CaseKey } from "../errors.ts";
import { forDeno, forNode } from "../support/printing.ts";
import type { CancelContext } from "./cancel-context.ts";
import { checkedFunction, isSignal } from "../support/given.ts";
import { spendHere } from "./budget.ts";
import { BareWaiter, release, withdraw, type Outcome, type WaitPlace, type Waiter } from "./wait-queue.ts";

/** What every waiting verb takes as its last argument. */
export interface WaitOptions {
  /**
   * Gives up when it aborts: the verb rejects with `signal.reason` itself and leaves no trace. Already aborted, it beats
   * whatever is ready. Nothing happens to an operation that came first.
   */
  signal?: AbortSignal | undefined;
}

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

/** What a poll answers when nothing happened. */
export const nothing: unique symbol = Symbol("nothing");
/** See {@link nothing}. */
export type Nothing = typeof nothing;

// -- The generator task that runs now. Its driver enters and leaves it; between the two, `yield*` finds it here.

/** A generator task, as the waiter of whatever it performs. */
export interface Performer extends Waiter {
  /** The error that its operations fail with, once it is cancelled. User code may cancel it at any time. */
  readonly cancelError: unknown;
  /** Record that it has met its cancel, and give the error that the operation fails with. */
  meetCancel(): unknown;
  /** The context that it runs in. */
  readonly cancelContext: CancelContext | undefined;
  /** Wait for an operation, right after a failed attempt; fail, if code of the user has cancelled the task meanwhile. */
  waitFor(operation: Performable<unknown>): void;
}

/** Who performs by `yield*`: the generator task that runs now. */
export let running: Performer | undefined;

/** Tell `yield*` who performs from here on. */
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

// -- Traits of an operation: bits, so that those of several are combined by `|`.

/** `prepare` gives another operation. */
export const Prepares = 1;
/** Enlisting runs user code. */
export const RunsUserCode = 2;
/** A waiter may be resumed with a function that gives the result. */
export const ResultIsDeferred = 4;
/** It happens because of something outside the library: I/O, a promise, an operation of the user's own. */
export const External = 8;
/** A generator task performs it even when cancelled, and a cancel does not withdraw it. */
export const OutlastsCancel = 16;
/** The abort of a signal ends it. */
export const HoldsSignal = 32;

/** What the mechanism sees of an operation. Every operation of the library is one. */
export abstract class Performable<T> implements Operation<T> {
  /** Made ready for one performing: guards are run, everything else is itself. */
  prepare(): Performable<T> {
    return this;
  }

  /** Happens now and gives its value (or throws its error), or changes nothing. Errors of the library name `key`. */
  abstract attempt(key?: CaseKey): T | Nothing;

  /** Right after a failed attempt, in the same turn: let the waiter take its place. */
  abstract enlist(waiter: Waiter): void;

  /** What the mechanism, or a report, has to know of it: some of the bits below. */
  get traits(): number {
    return 0;
  }

  /** Touch what an attempt would look at, for a controller to know: which of several cases are polled depends on chance. */
  footprint(): void { /* it looks at nothing that others change */ }

  /** What it is, for reports of who waits for what. */
  toString(): string {
    return "an operation";
  }

  /** The same of the place that it is, if it is one. */
  describe(): string {
    return this.toString();
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  map<U, E = never>(onValue: (value: T) => U, onError?: (error: unknown) => E): Operation<U | E> {
    checkedFunction(onValue, "map", "operation.map((value) => ...)");
    if (onError !== undefined) checkedFunction(onError, "map", "operation.map(onValue, (error) => ...)");
    return new Mapped<T, U, E>(this, onValue, onError);
  }

  // -- `yield*`: an operation is its own iterator, without a state, so that one value serves every task at once.

  [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown> {
    return this as unknown as Iterator<Operation<unknown>, T, unknown>;
  }

  /** The first call happens now or lets the running task wait; the second, at which something is sent, gives what has happened. */
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

  /** An operation that failed while the task waited fails at its `yield*`. */
  throw(error: unknown): never {
    throw error;
  }
}

const nobodyRuns = (): TypeError => new TypeError("yield* an operation in a generator task only: go(function* () { ... })");

/** The mechanism's view of an operation from outside, or a clear error if it is none. */
export function performable<T>(operation: Operation<T>, where: string, key?: CaseKey): Performable<T> {
  if (operation instanceof Performable) return operation as Performable<T>;
  throw new TypeError(`${key === undefined ? where : `${where} case ${show(key)}`} takes an operation, ${cureFor(operation)}; got ${show(operation)}`);
}

/** Verbs in their two forms, and what has them. What has several is looked for first. */
const gerunds = {
  joining: "task.joining()", receiving: "ch.receiving()", sending: "ch.sending(value)", calling: "client.calling(value)", accepting: "server.accepting()",
};

/** What to write in place of what is no operation. */
function cureFor(given: unknown): string {
  if (typeof given === "number") return "as ch.receiving(), or sleeping(ms) for a time";
  if (typeof given === "function") return "as ch.receiving() with its brackets, or guard(() => operation)";
  if (isSignal(given)) return "as aborting(signal)";
  const verbs = Object.entries(gerunds).filter(([verb]) => typeof (given as Record<string, unknown> | null | undefined)?.[verb] === "function");
  if (verbs.length > 0) return `as ${verbs.map(([, gerund]) => gerund).join(" or ")}`;
  if (typeof (given as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function") {
    return "as ch.receiving(), not ch.receive(), or settling(promise) for a promise of others";
  }
  if (tagOf(given) === "Generator") return "and a generator is a body: go(function* () { ... })";
  const foreign = typeof (given as Partial<Operation<unknown>> | null | undefined)?.map === "function" && !Array.isArray(given);
  return foreign ? "one of this copy of the library; see npm ls rendezvous" : "as ch.receiving()";
}

// -- Map -------------------------------------------------------------------------------------------------------------

class Mapped<T, U, E> extends Performable<U | E> implements WaitPlace {
  readonly #inner: Performable<T>;
  readonly #onValue: (value: T) => U;
  readonly #onError: ((error: unknown) => E) | undefined;

  constructor(inner: Performable<T>, onValue: (value: T) => U, onError: ((error: unknown) => E) | undefined) {
    super();
    this.#inner = inner;
    this.#onValue = onValue;
    this.#onError = onError;
  }

  override toString(): string {
    return String(this.#inner);
  }

  override get traits(): number {
    return this.#inner.traits | ResultIsDeferred;
  }

  override footprint(): void {
    this.#inner.footprint();
  }

  override prepare(): Performable<U | E> {
    const inner = this.#inner.prepare();
    return inner === this.#inner ? this : new Mapped(inner, this.#onValue, this.#onError);
  }

  override attempt(key?: CaseKey): U | E | Nothing {
    return this.result(() => this.#inner.attempt(key));
  }

  override enlist(waiter: Waiter): void {
    const inside = new MappedWaiter(waiter, this as unknown as Mapped<unknown, unknown, unknown>);
    waiter.place = this;
    waiter.slot = inside;
    this.#inner.enlist(inside);
  }

  withdraw(waiter: Waiter): void {
    const inside = waiter.slot as Waiter;
    release(waiter);
    withdraw(inside);
  }

  /** What the map makes of a result found out now. */
  result(result: () => unknown): U | E | Nothing {
    let value: T | Nothing;
    try {
      value = result() as T | Nothing;
    } catch (error) {
      if (!this.#onError) throw error;
      return this.#onError(error);
    }
    return value === nothing ? nothing : this.#onValue(value);
  }
}

class MappedWaiter extends BareWaiter {
  readonly #outside: Waiter;
  readonly #mapped: Mapped<unknown, unknown, unknown>;

  constructor(outside: Waiter, mapped: Mapped<unknown, unknown, unknown>) {
    super();
    this.#outside = outside;
    this.#mapped = mapped;
  }

  get key(): CaseKey | undefined {
    return this.#outside.key;
  }

  override resume(how: Outcome, what: unknown): void {
    release(this.#outside);
    this.#outside.resume("result", () => this.#mapped.result(() => opened(how, what)));
  }
}

/** What a waiter was resumed with, as a value or a throw. */
export function opened(how: Outcome, what: unknown): unknown {
  if (how === "error") throw what;
  return how === "value" ? what : (what as () => unknown)();
}
