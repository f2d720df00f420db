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
import { tellMade, touch } from "../core/controller.ts";
import { nothing, type Nothing } from "../core/operation.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { show } from "../errors.ts";
import type { Asked } from "../ops/asking.ts";
import { isCount } from "../support/named.ts";

const opening: Gate<unknown>[] = [];
let busy = false;

/** Each waiter has in its slot how many it asks for. */
export abstract class Gate<T> extends WaitQueue implements Asked<number, T> {
  readonly name: string;
  readonly #verb: "acquire" | "take";
  /** What it is, with its name. */
  readonly title: string;

  constructor(verb: "acquire" | "take", kind: string, name: string) {
    super();
    this.name = name;
    this.#verb = verb;
    this.title = `${kind} ${JSON.stringify(name)}`;
    tellMade(this);
  }

  asking(n: number): string {
    return `to ${this.#verb}${this.#verb === "take" ? " from" : ""} ${this.title}${n === 1 ? "" : ` (${String(n)} permits)`}`;
  }

  override describe(waiter: Waiter): string {
    return this.asking(waiter.slot as number);
  }

  /** How many can be asked for at most. */
  abstract readonly most: number;

  /** So many as are asked for, or a clear error. */
  checked(n: number): number {
    if (isCount(n) && n <= this.most) return n;
    const verb = this.#verb;
    const cure = typeof (n as unknown) === "object" ? `; write ${verb}(1, { signal })` : "";
    throw new RangeError(`${verb} of ${this.title} takes a whole number of permits, from 1 to ${String(this.most)}; got ${show(n)}${cure}`);
  }

  /** Whether there are so many now. */
  protected abstract enough(n: number): boolean;

  /** Give so many, which are there. */
  protected abstract given(n: number): T;

  claim(n: number): T | Nothing {
    this.checked(n);
    touch(this, this.#verb);
    return this.first === undefined && this.enough(n) ? this.given(n) : nothing;
  }

  stand(waiter: Waiter, n: number): void {
    waiter.slot = n;
    this.join(waiter);
  }

  /** Let those through for whom there is enough, in order. */
  protected admit(): void {
    for (let first = this.first; first && this.enough(first.slot as number); first = this.first) {
      const given = this.given(first.slot as number);
      super.withdraw(first);
      first.resume("value", given);
    }
  }

  /** There may be enough for the first in line now. */
  open(): void {
    if (busy) {
      opening.push(this);
      return;
    }
    busy = true;
    this.admit();
    if (opening.length > 0) { // mostly none
      for (const gate of opening) gate.admit();
      opening.length = 0;
    }
    busy = false;
  }

  override withdraw(waiter: Waiter): void {
    const wasFirst = waiter === this.first;
    super.withdraw(waiter);
    if (wasFirst) this.open();
  }

  /** Let a waiter go, with an error. */
  protected fail(waiter: Waiter, error: unknown): void {
    super.withdraw(waiter);
    waiter.resume("error", error);
  }
}
