/**
 * Children: the tasks of a scope.
 *
 * Idea: trio's nursery tasks and Kotlin's jobs; the handle that cancels one alone is theirs.
 */
import type { Body } from "./body.ts";
import { cancelErrorOf, CancelScope } from "./cancel/cancel-scope.ts";
import { startIn } from "./cancel/current.ts";
import type { HowEnded } from "./generator.ts";
import { Task } from "./task.ts";

/** The scope, or the part of one, that a child belongs to. */
export interface ParentOfTasks {
  readonly cancelScope: CancelScope;
  /** A child has ended, with this outcome. */
  childEnded(child: ChildTask<unknown>, outcome: unknown): void;
}

/**
 * A task of a scope, which waits for it and deals with its failure. Joining it gives its outcome, as with every task.
 *
 * Made by {@link Scope.go}. Idea: Kotlin's `Job`.
 */
export class ChildTask<T> extends Task<T> {
  readonly #parent: ParentOfTasks;

  /** @internal */
  constructor(parent: ParentOfTasks, body: Body<unknown[], T>, args: unknown[]) {
    super(body, args, (task, beginning) => {
      task.cancelScope = new CancelScope(task, parent.cancelScope);
      startIn(task.cancelScope, beginning, task);
    });
    this.#parent = parent;
  }

  /**
   * Cancels this task alone; its scope goes on. Every operation in which it waits is withdrawn at once and rejects with a {@link CancelledError}, and
   * so does every later one. A task that is cancelled before its start never runs. Once it has ended, or has been cancelled, another cancel does
   * nothing.
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
    this.cancelScope?.cancel(cancelErrorOf(this, reason));
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
