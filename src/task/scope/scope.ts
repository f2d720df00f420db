/**
 * Scopes: nothing that is started in one outlives it, and nothing fails in silence.
 *
 * Idea: trio's nurseries ("Notes on structured concurrency", Nathaniel J. Smith), Kotlin's `coroutineScope`.
 */
import { checkedSignal, knownOptions, type Known } from "../../support/given.ts";
import type { WaitOptions } from "../../core/operation.ts";
import { forDeno, forNode, standing } from "../../support/printing.ts";
import { perform, rejectedNow } from "../../core/perform.ts";
import { settling } from "../../ops/promise.ts";
import { show } from "../../errors.ts";
import { checkedDelay } from "../../time/timer.ts";
import { checkedBody, type Body, type GivenBody } from "../body.ts";
import type { ChildTask } from "../child.ts";
import { ScopeState, type OnError, type ScopeSettings } from "./scope-state.ts";
import type { Task } from "../task.ts";

/** How a scope is to behave. Its `signal` cancels it: it rejects with a {@link CancelledError} whose `cause` is the signal's reason. */
export interface ScopeOptions extends WaitOptions {
  /** What errors and reports call it. The body's name, if left out. */
  name?: string | undefined;
  /** Its deadline, in milliseconds from now: cancelled then, it rejects with a {@link TimeoutError}. */
  timeout?: number | undefined;
  /**
   * What a failing child does: `"cancel"` (the default) cancels the rest and fails the scope; `"supervise"` leaves the others alone, and
   * the failure to whoever joins; a function is called with the error and the task, and one that throws fails the scope.
   */
  onError?: OnError | undefined;
}

/** What the body of a {@link scope} gets: a place for tasks, which end before the scope does. */
export interface Scope {
  /**
   * Starts a child: as `go` does, but the scope waits for it, and its failure is the scope's. In a scope that is cancelled it is
   * cancelled, too, and never runs.
   *
   * @throws ClosedError when the scope has ended, TypeError when `body` is no function
   */
  go<A extends unknown[], T, Y = never, Z = never, P = never>(
    body: GivenBody<"s.go(() => work()), not s.go(work())", A, T, Y, Z, P>,
    ...args: A
  ): ChildTask<T>;
  /** Aborts when the scope is cancelled, with its {@link CancelledError}: for `fetch` and all that takes a signal. Any number may listen. */
  readonly signal: AbortSignal;
  /** Cancels the body and all children. The first reason counts; after the end nothing happens. */
  cancel(reason?: unknown): void;
  /** Whether it has been cancelled: by `cancel`, by a failure, by its deadline, from outside. */
  readonly cancelled: boolean;
  /**
   * Sets its deadline to `ms` milliseconds from now, wherever it was before: an idle limit moves with each sign of life. `Infinity` lifts it; 0 or
   * less has it pass at once. In {@link timeout} it is that very limit. In a scope that is cancelled, or over, nothing happens.
   *
   * @throws RangeError for `NaN` or no number
   */
  limit(ms: number): void;
  /** Has a function run when all has ended, last in first out; it is not cancelled, and its failure is the scope's. */
  defer<Y = never, Z = never, P = never>(cleanup: GivenBody<"s.defer(() => cleanUp())", [], unknown, Y, Z, P>): void;
  /** Disposes of the resource when all has ended, in reverse order; gives it back. */
  use<R extends Disposable | AsyncDisposable>(resource: R): R;
  /** The children that have not ended. */
  readonly tasks: readonly Task<unknown>[];
}

/** A scope without a body, for `await using`: see {@link openScope}. */
export interface OpenScope extends Scope, AsyncDisposable {
  /** Waits for all children; then the scope is over. Rejects as {@link scope} does. */
  join(): Promise<void>;
  /** Cancels what is left, and waits for it. Rejects with a failure that `join` has not told; a cancel, also from outside, is none. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Runs a body that may start tasks, and waits for all of them: when the promise settles, nothing that was started in the scope is
 * running, waiting, or holding anything.
 *
 * The first failure, of the body or of a child, cancels the rest, and is the outcome, the very object; later ones are kept with it
 * ({@link suppressedOf}). Cancelling reaches every operation of this library that the body or a child waits in, however deep: on Node, Bun
 * and Deno by itself, elsewhere with `{ signal: s.signal }`. A generator task needs neither.
 *
 * @param body - an async, a plain or a generator function; it starts in a later microtask, and gets the {@link Scope}
 * @param options - `name`, `timeout` in milliseconds, `signal`, `onError`
 * @returns the body's value. Rejects, in this order, with the first error of body or children; with the {@link CancelledError} of a
 * cancel from outside; with a {@link TimeoutError} after its own deadline, or the `CancelledError` of its own `cancel`, unless the body
 * has returned a value all the same
 *
 * @example
 * ```ts
 * import { chan, scope } from "rendezvous";
 *
 * const sum = await scope(async (s) => {
 *   const numbers = chan<number>();
 *   s.go(async () => {
 *     for (let n = 1; n <= 3; n++) await numbers.send(n);
 *     numbers.close();
 *   });
 *   let total = 0;
 *   for await (const n of numbers) total += n;
 *   return total;
 * });
 * console.log(sum); // 6
 * ```
 *
 * Idea: trio's nurseries, Kotlin's `coroutineScope`.
 */
export function scope<T, Y = never, Z = never, P = never>(
  body: GivenBody<"scope(() => work())", [scope: Scope], T, Y, Z, P>,
  options?: ScopeOptions,
): Promise<T>;
export function scope<T>(given: unknown, options: ScopeOptions = {}): Promise<T> {
  try {
    const body = checkedBody(given as Body<[scope: Scope], T>, "scope");
    const state = new ScopeState("scope", body, checkedOptions(knownOptions(options, scopeOptions, "scope")));
    return state.run(body, [new ScopeHandle(state)]);
  } catch (error) {
    return rejectedNow(error);
  }
}

/**
 * A scope for `await using`: leaving the block cancels what is left in it, and waits. It cannot cancel what the block itself waits in: the
 * block is not its body. Prefer {@link scope}, which can.
 *
 * @param options - as for {@link scope}
 * @throws as `scope` rejects for bad options
 *
 * @example
 * ```ts
 * import { openScope } from "rendezvous";
 *
 * await using s = openScope();
 * const answer = s.go(async () => 6 * 7);
 * await s.join();
 * console.log(await answer); // 42
 * ```
 *
 * Idea: Python's `async with`; what it cannot do is written in "Notes on structured concurrency".
 */
export function openScope(options: ScopeOptions = {}): OpenScope {
  return new OpenHandle(new ScopeState("scope", undefined, { ...checkedOptions(knownOptions(options, scopeOptions, "openScope")), isOpen: true }));
}

class ScopeHandle implements Scope {
  readonly #state: ScopeState;

  constructor(state: ScopeState) {
    this.#state = state;
  }

  toString(): string {
    const { kind, name, cancelScope } = this.#state;
    let tasks = 0;
    for (const { owner } of cancelScope.children) if (owner.kind === "task") tasks++;
    const what = `Scope ${JSON.stringify(name)}${kind === "scope" ? "" : ` of ${kind}`}`;
    return standing(what, tasks > 0 && (tasks === 1 ? "1 task" : `${String(tasks)} tasks`), cancelScope.cancelled && "cancelled", cancelScope.over && "ended");
  }

  [forNode](): string {
    return this.toString();
  }

  [forDeno](): string {
    return this.toString();
  }

  go<T>(body: unknown, ...args: unknown[]): ChildTask<T> {
    return this.#state.go(body as Body<unknown[], T>, args);
  }

  get signal(): AbortSignal {
    return this.#state.cancelScope.signal;
  }

  cancel(reason?: unknown): void {
    this.#state.cancel(reason);
  }

  get cancelled(): boolean {
    return this.#state.cancelScope.cancelError !== undefined;
  }

  limit(ms: number): void {
    this.#state.limit(ms);
  }

  defer(cleanup: unknown): void {
    this.#state.defer(cleanup as () => unknown);
  }

  use<R extends Disposable | AsyncDisposable>(resource: R): R {
    const { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: asyncDispose } = (resource as Partial<Disposable & AsyncDisposable> | null | undefined) ?? {};
    const end = (asyncDispose ?? dispose) as ((this: R) => unknown) | undefined;
    if (typeof end !== "function") {
      throw new TypeError(`use takes a resource with Symbol.dispose or Symbol.asyncDispose; got ${show(resource)}`);
    }
    this.#state.defer(() => end.call(resource)); // what it gives is awaited
    return resource;
  }

  get tasks(): readonly Task<unknown>[] {
    return this.#state.tasks;
  }
}

/** What the user holds of a scope. */
export const handleOf = (state: ScopeState): Scope => new ScopeHandle(state);

class OpenHandle extends ScopeHandle implements OpenScope {
  readonly #state: ScopeState;
  #outcome: Promise<void> | undefined = undefined;
  #told = false;

  constructor(state: ScopeState) {
    super(state);
    this.#state = state;
  }

  join(): Promise<void> {
    const told = (error: unknown): never => {
      this.#told = true;
      throw error;
    };
    return perform(settling(this.#leaveBlock()).map(() => { /* no value */ }, told));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const outcome = this.#leaveBlock();
    this.cancel();
    try {
      await outcome;
    } catch (error) {
      if (!this.#told && !this.#state.cancelScope.isCancel(error)) throw error;
    }
  }

  /** The block is the body; it has come to its end, however it did. */
  #leaveBlock(): Promise<void> {
    return (this.#outcome ??= this.#state.leaveBlock() as Promise<void>);
  }
}

/** What a scope may be told. */
export const scopeOptions: Known<ScopeOptions> = { name: true, timeout: true, signal: true, onError: true };

/** The options, or a clear error before anything has begun. */
export function checkedOptions(options: ScopeOptions, kind = "scope"): ScopeSettings {
  const { name, timeout, signal, onError } = options;
  if (name !== undefined && typeof (name as unknown) !== "string") throw new TypeError(`the name of a ${kind} cannot be ${show(name)}`);
  if (timeout !== undefined) checkedDelay(timeout, `the timeout of a ${kind}`);
  if (signal !== undefined) checkedSignal(signal, "the option signal");
  if (onError !== undefined && onError !== "cancel" && onError !== "supervise") {
    if (typeof (onError as unknown) !== "function") throw new TypeError(`onError of a ${kind} is "cancel", "supervise" or a function; got ${show(onError)}`);
    checkedBody(onError, "onError");
  }
  return { name, timeout, signal, onError };
}
