/**
 * Work that is nobody's: a task of the library's own, which can be cancelled, and is waited for by those whom it is for.
 *
 * 1. No scope of a caller reaches it. It is over when its body and all that it has begun have ended.
 * 2. A failure of which nobody hears is one unhandled rejection.
 * 3. Reports, `bubble` and leak checks know it as a task, by a name that says what it is for.
 *
 * Idea: Kotlin's `GlobalScope.async`, with an end.
 */
import type { HowEnded } from "../task/generator.ts";
import { cancelErrorOf, rootCancelScope, type CancelScope } from "../task/cancel/cancel-scope.ts";
import { startIn } from "../task/cancel/current.ts";
import { named, Task } from "../task/task.ts";

/** Whom it is for. */
export interface Hears {
  /** Whether somebody hears of its failure. */
  readonly hears: boolean;
  /** It is over. */
  over(run: OwnRun, how: HowEnded, outcome: unknown): void;
}

export class OwnRun extends Task<unknown> {
  readonly #by: Hears;

  constructor(name: string, body: (...args: never[]) => unknown, args: (run: CancelScope) => unknown[], by: Hears) {
    let own!: CancelScope;
    const start = (): unknown => body(...args(own) as never[]);
    super(named(name, start), [], (task, beginning) => {
      own = task.cancelScope = rootCancelScope(task);
      startIn(own, beginning, task);
    });
    this.#by = by;
  }

  /** Cancel it, for a reason that its code may see. */
  cancel(reason: string): void {
    this.cancelScope?.cancel(cancelErrorOf(this, reason));
  }

  override get isFree(): boolean {
    return !this.#by.hears;
  }

  override ended(how: HowEnded, outcome: unknown): void {
    const scope = this.cancelScope as CancelScope;
    if (scope.children.first) {
      scope.onEmpty = (): void => {
        scope.onEmpty = undefined;
        this.ended(how, outcome);
      };
      return;
    }
    super.ended(how, outcome);
    scope.end();
    this.#by.over(this, how, outcome);
  }
}
