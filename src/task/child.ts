/**
 * Children: the tasks of a scope.
 *
 * Idea: trio's nursery tasks and Kotlin's jobs; the handle that cancels one alone is theirs.
 */
import type { Body } from "./body.ts";
import { cancelled, CancelScope } from "./cancel/cancel-scope.ts";
import type { HowEnded } from "./generator.ts";
import { Task } from "./task.ts";

/** What children belong to. */
export interface ParentOfTasks {
  readonly cancelScope: CancelScope;
  /** A child has ended, with this outcome. */
  childEnded(child: ChildTask<unknown>, outcome: unknown): void;
}

/**
 * A task of a scope: what it does and how it fails is its scope's business. Joining it gives its outcome, as with every task.
 *
 * Made by {@link Scope.go}. Idea: Kotlin's `Job`.
 */
export class ChildTask<T> extends Task<T> {
  readonly #parent: ParentOfTasks;

  /** @internal */
  constructor(parent: ParentOfTasks, body: Body<unknown[], T>, args: unknown[]) {
    super(body, args, (task) => new CancelScope(task, parent.cancelScope));
    this.#parent = parent;
  }

  /**
   * Cancels this task alone: at once, whatever it waits in is withdrawn and rejects with a {@link CancelledError}, and so does what it
   * performs later. Its scope goes on. Cancelled before its start, it never runs; after its end, or a second time, nothing happens.
   *
   * @param reason - the `cause` of the error
   *
   * @example
   * ```ts
   * import { chan, scope } from "rendezvous";
   *
   * await scope(async (s) => {
   *   const waiting = s.go(() => chan().receive());
   *   waiting.cancel("not needed");
   *   console.log((await waiting.result()).status, waiting.state); // rejected cancelled
   * });
   * ```
   *
   * Idea: Kotlin's `Job.cancel`.
   */
  cancel(reason?: unknown): void {
    this.cancelScope?.cancel(cancelled(this, reason));
  }

  /** @internal */
  override get isFree(): boolean {
    return false;
  }

  /** @internal */
  override ended(how: HowEnded, outcome: unknown): void {
    super.ended(how, outcome);
    this.#parent.childEnded(this, outcome);
    this.cancelScope?.handOver();
  }
}
