/**
 * A line for what there is only so much of: permits, resources.
 *
 * 1. First come, first served. While somebody stands in line nobody passes, however little they ask for.
 * 2. When the first in line leaves, those behind it are let through at once, as far as there is enough for them.
 * 3. Letting one through withdraws the other cases of its select, which may open gates as well. They are opened one after the other, so a
 *    chain of them does not recurse.
 *
 *        withdraw(first) ─► open() ─► admit(): enough for the first in line? ─► serve it, and look at the next
 *
 * Idea: Go's `x/sync/semaphore`, which notifies its waiters when one of them is cancelled.
 */
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";

const opening: Gate[] = [];
let busy = false;

/** Each waiter has in its slot how many it asks for. */
export abstract class Gate extends WaitQueue {
  /** What asks for so many, for reports. */
  abstract asking(n: number): string;

  override describe(waiter: Waiter): string {
    return this.asking(waiter.slot as number);
  }

  /** Let those through for whom there is enough, in order. It throws nothing. */
  protected abstract admit(): void;

  /** There may be enough for the first in line now. */
  open(): void {
    opening.push(this);
    if (busy) return;
    busy = true;
    for (const gate of opening) gate.admit();
    opening.length = 0;
    busy = false;
  }

  override withdraw(waiter: Waiter): void {
    const wasFirst = waiter === this.first;
    super.withdraw(waiter);
    if (wasFirst) this.open();
  }

  /** Let a waiter go, with what it gets. */
  protected serve(waiter: Waiter, value: unknown): void {
    super.withdraw(waiter);
    waiter.resume("value", value);
  }

  /** Let a waiter go, with an error. */
  protected fail(waiter: Waiter, error: unknown): void {
    super.withdraw(waiter);
    waiter.resume("error", error);
  }
}
