/**
 * The interfaces of the scopes that users get.
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
   * @throws ClosedError when the scope has ended, TypeError when `body` is not a function
   */
  go<A extends unknown[], T, Y = never, Z = never, P = never>(
    body: GivenBody<"s.go(() => work()), not s.go(work())", A, T, Y, Z, P>,
    ...args: A
  ): ChildTask<T>;
  /**
   * Aborts when the scope is cancelled, with its {@link CancelledError}: for `fetch` and everything else that takes a signal. Any number of listeners
   * may be added without a warning.
   */
  readonly signal: AbortSignal;
  /** Cancels the body and all children. The first reason counts; after the end nothing happens. */
  cancel(reason?: unknown): void;
  /** Whether it has been cancelled: by `cancel`, by a failure, by its deadline, from outside. */
  readonly cancelled: boolean;
  /**
   * Sets its deadline to `ms` milliseconds from now, in place of the one before: an idle limit, for example, moves with each sign of life. `Infinity`
   * removes it; 0 or less makes it pass at once. In {@link timeout} it is the limit of that block. In a scope that is cancelled or over, nothing
   * happens.
   *
   * @throws RangeError if `ms` is `NaN` or not a number
   */
  limit(ms: number): void;
  /**
   * Defers a function until the body and all children have ended; several run last in first out. No cancel reaches it, and its failure is the
   * scope's.
   */
  defer<Y = never, Z = never, P = never>(cleanup: GivenBody<"s.defer(() => cleanUp())", [], unknown, Y, Z, P>): void;
  /** Disposes of the resource when the body and all children have ended, the last resource first. Returns the resource. */
  use<R extends Disposable | AsyncDisposable>(resource: R): R;
  /** The children that have not ended. */
  readonly tasks: readonly Task<unknown>[];
}

/** A scope without a body, for `await using`: see {@link openScope}. */
export interface OpenScope extends Scope, AsyncDisposable {
  /** Waits for all children; then the scope is over. Rejects as {@link scope} does. */
  join(): Promise<void>;
  /** Cancels what is left, and waits for it. Rejects with a failure that `join` has not reported; a cancel, even one from outside, is no failure. */
  [Symbol.asyncDispose](): Promise<void>;
}
