/**
 * What users hold of a scope.
 *
 * Idea: trio's nursery object, Kotlin's `CoroutineScope`.
 */
import type { GivenBody } from "../body.ts";
import type { ChildTask } from "../child.ts";
import type { Task } from "../task.ts";

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
