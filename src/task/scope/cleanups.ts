/**
 * The clean-up of a scope: deferred functions, which run last in first out when everything else in the scope has ended.
 *
 * 1. Each is run to its end before the next begins, in the async context in which it was deferred. No cancel reaches it.
 * 2. All are run, even if some fail. If one defers another, that one runs next.
 *
 * Idea: Go's `defer`, Python's `ExitStack`.
 */
import { captured, contexts, type AsyncContext } from "../../platform/async-context.ts";
import { runBody } from "../body.ts";
import { CancelScope } from "../cancel/cancel-scope.ts";
import { startIn } from "../cancel/current.ts";
import type { HowEnded } from "../generator.ts";

interface Cleanup {
  readonly body: () => unknown;
  readonly context: AsyncContext | undefined;
}

export class Cleanups {
  readonly #left: Cleanup[] = [];

  add(body: () => unknown): void {
    this.#left.push({ body, context: captured() });
  }

  /** Run them all, in the cancel scope of a scope that has nothing else left. */
  async run(cancelScope: CancelScope, failed: (error: unknown) => void): Promise<void> {
    for (let cleanup = this.#left.pop(); cleanup; cleanup = this.#left.pop()) {
      await runIn(new CancelScope(cancelScope.owner, cancelScope, "shielded"), cleanup.body, failed, cleanup.context);
      await emptied(cancelScope);
    }
  }
}

/** Run a body in a cancel scope of its own, to its end. `failed` gets what it throws before the cancel scope ends. */
export function runIn(cancelScope: CancelScope, body: () => unknown, failed: (error: unknown) => void, context?: AsyncContext): Promise<void> {
  return new Promise((resolve) => {
    const ended = (how: HowEnded, outcome: unknown): void => {
      if (how === "error") failed(outcome);
      cancelScope.handOver();
      resolve();
    };
    const start = (): void => { startIn(cancelScope, { run: () => { runBody({ cancelScope, ended }, body, []); } }, cancelScope.owner); };
    const outside = context ?? contexts?.outermost;
    if (outside) outside.runInAsyncScope(start);
    else start();
  });
}

/** Wait for what a clean-up has started and not awaited. */
async function emptied(cancelScope: CancelScope): Promise<void> {
  if (!cancelScope.children.first) return;
  await new Promise<void>((resolve) => { cancelScope.onEmpty = resolve; });
}
