/**
 * The explicit yield, for loops that compute without waiting.
 *
 * Idea: trio's `checkpoint`.
 */
import type { WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { nextTurn } from "../core/scheduler.ts";
import { release, type Waiter } from "../core/wait-queue.ts";
import { Never } from "../ops/always-never-guard.ts";

/**
 * Lets timers, I/O and every other task run, then goes on. Under a fake clock it lets other tasks run and takes no virtual time.
 *
 * @param options - a `signal` that ends the wait
 * @returns rejects with `signal.reason` if that aborts
 *
 * @example
 * ```ts
 * import { checkpoint } from "rendezvous";
 *
 * let sum = 0;
 * for (let n = 1; n <= 3000; n++) {
 *   sum += n;
 *   if (n % 1000 === 0) await checkpoint();
 * }
 * console.log(sum); // 4501500
 * ```
 *
 * Idea: trio's `checkpoint`, Go's `runtime.Gosched`.
 */
export function checkpoint(options?: WaitOptions): Promise<void> {
  return perform(turning, options);
}

class Turning extends Never<void> {
  override toString(): string {
    return "checkpoint";
  }

  override enlist(waiter: Waiter): void {
    super.enlist(waiter);
    const stay = (waiter.slot = {});
    nextTurn(() => {
      if (waiter.slot !== stay) return; // withdrawn
      release(waiter);
      waiter.resume("value", undefined);
    });
  }
}

const turning = new Turning();
