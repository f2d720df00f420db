/**
 * Hooks that debug mode sets (`debugging.ts`). Otherwise there are none, since capturing a stack costs as much as forty handovers.
 *
 * Idea: trio's instruments.
 */
import { noteWaits } from "../../core/park.ts";
import type { Waiter } from "../../core/wait-queue.ts";

/** A task or a scope, by its name. */
export interface Named {
  readonly kind: string;
  readonly name: string;
}

export interface Observer {
  /** A task or a scope was made: note where the running code is. */
  site(of: object): void;
  /** A wait begins: note where. A later note replaces an earlier one. */
  waits(waiter: Waiter): void;
  /** The place that was noted. */
  siteOf(of: object): string | undefined;
  /** Gives a line for each wait in a cancelled scope that does not end. Without it there is no such report. */
  readonly whoWaits?: (cancelScope: object) => string[];
  /** The last program of `run` has ended. */
  readonly ended?: (program: string) => void;
  /** The deadline of a scope has passed. */
  expired(scope: Named, error: Error): void;
  /** A task has failed. */
  failed(task: Named, error: unknown): void;
}

export let observer: Observer | undefined;

/** Set the hooks, or (`undefined`) remove them. */
export function observe(by: Observer | undefined): void {
  observer = by;
  noteWaits(by && ((waiter): void => { by.waits(waiter); }));
}
