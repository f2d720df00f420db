/**
 * The clean-up of a scope: what was deferred, last in first out, when all has ended.
 *
 * 1. Each is run to its end before the next begins, in the async context in which it was deferred. No cancel reaches it.
 * 2. All are run, whatever fails; one that defers another has that run next.
 *
 * Idea: Go's `defer`, Python's `ExitStack`.
 */
import { captured, contexts, type AsyncContext } from "../../platform/async-context.ts";
import { runBody, type HowEnded } from "../body.ts";
import { Region } from "../cancel/cancel-scope.ts";

interface Cleanup {
  readonly body: () => unknown;
  readonly context: AsyncContext | undefined;
}

export class Cleanups {
  readonly #left: Cleanup[] = [];

  get empty(): boolean {
    return this.#left.length === 0;
  }

  add(body: () => unknown): void {
    this.#left.push({ body, context: captured() });
  }

  /** Run them all in a region whose scope is over but for them. */
  async run(region: Region, failed: (error: unknown) => void): Promise<void> {
    for (let cleanup = this.#left.pop(); cleanup; cleanup = this.#left.pop()) {
      await runIn(new Region(region.owner, region, true), cleanup.body, failed, cleanup.context);
      await emptied(region);
    }
  }
}

/** Run a body in a region of its own, to its end; what it throws is told before the region ends. */
export function runIn(region: Region, body: () => unknown, failed: (error: unknown) => void, context?: AsyncContext): Promise<void> {
  return new Promise((resolve) => {
    const ended = (how: HowEnded, outcome: unknown): void => {
      if (how === "error") failed(outcome);
      region.handOver();
      resolve();
    };
    const start = (): void => { region.start({ run: () => { runBody({ region, ended }, body, []); } }); };
    const startIn = context ?? contexts?.outermost;
    if (startIn) startIn.runInAsyncScope(start);
    else start();
  });
}

/** Wait for what a clean-up has begun and left. */
async function emptied(region: Region): Promise<void> {
  if (!region.children.first) return;
  await new Promise<void>((resolve) => { region.onEmpty = resolve; });
}
