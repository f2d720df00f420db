/**
 * Hooks for those who debug (`debugging.ts`), absent otherwise: a stack costs as much as forty handovers.
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
  /** Somebody begins to wait: the same; a later note replaces it. */
  waits(waiter: Waiter): void;
  /** The place that was noted. */
  siteOf(of: object): string | undefined;
  /** Who still waits for what in a cancelled cancel scope that does not end, line by line; left out: nobody asks. */
  readonly whoWaits?: (cancelScope: object) => string[];
  /** The last program that `run` has begun has ended; left out: nobody asks. */
  readonly ended?: (program: string) => void;
  /** The deadline of a scope has passed. */
  expired(scope: Named, error: Error): void;
  /** A task has failed. */
  failed(task: Named, error: unknown): void;
}

export let observer: Observer | undefined;

/** Have somebody observe from here on, or nobody. */
export function observe(by: Observer | undefined): void {
  observer = by;
  noteWaits(by && ((waiter): void => { by.waits(waiter); }));
}
