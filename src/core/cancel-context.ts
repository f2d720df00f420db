/**
 * The cancel context: the part of the program that the running code belongs to, and is cancelled with.
 *
 * A program without scopes has none, and performing only finds that there is no `contextProvider`. The first scope provides it
 * (`task/cancel/current.ts`).
 */
import type { Part } from "./controller.ts";
import type { Job } from "./scheduler.ts";
import type { Waiter } from "./wait-queue.ts";

/** A part of the program that can be cancelled as one. */
export interface CancelContext extends Part {
  /** The error that every operation in it fails with; `undefined` until it is cancelled. */
  readonly cancelError: unknown;
  /** A promise that is rejected with the cancel error. */
  rejectNow(): Promise<never>;
  /** What async functions wait for in it. */
  readonly waits: { add(waiter: Waiter): void; remove(waiter: Waiter): void };
}

/** Finds the context of the running code. */
export interface ContextProvider {
  current(): CancelContext | undefined;
  /** Whether code may still run in a cancelled context. While this is false, no operation has to look for its context. */
  readonly anyCancelled: boolean;
  /** Run code as part of a context. */
  runIn(context: CancelContext | undefined, run: () => void): void;
  /** Start a task that belongs to no scope. */
  startFree(task: never, beginning: Job): void;
}

export let contextProvider: ContextProvider | undefined;

/** Provide the contexts that scopes make. */
export function provideCancelContexts(provided: ContextProvider): void {
  contextProvider = provided;
}

/** Whether the running code may be in a cancelled context. */
export function mayBeCancelled(): boolean {
  return contextProvider?.anyCancelled === true;
}

/** The context of the running code, if it is cancelled. */
export function cancelledContext(): CancelContext | undefined {
  const context = mayBeCancelled() ? contextProvider?.current() : undefined;
  return context?.cancelError === undefined ? undefined : context;
}
