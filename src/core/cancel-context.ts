/**
 * The cancel context: the part of the program that the running code belongs to, and is cancelled with.
 *
 * A program without scopes has none, and performing only finds that there is no `contextProvider`. The first scope provides it
 * (`task/cancel/current.ts`).
 */
import type { Performable } from "./operation.ts";
import type { Job } from "./scheduler.ts";
import type { WaitPlace, WaitQueue } from "./wait-queue.ts";

/** A part of the program that can be cancelled as one. */
export interface CancelContext {
  /** The error that every operation in it fails with; `undefined` until it is cancelled. */
  readonly cancelError: unknown;
  /** A promise that is rejected with the cancel error. */
  rejectNow(): Promise<never>;
  /** Wait for an operation, right after a failed attempt, until it happens or this is cancelled; if it has been cancelled by now, reject. */
  park<T>(operation: Performable<T>): Promise<T>;
  /** The same in a line, where one place is all that the operation takes; `of` is what the line belongs to. */
  stand(line: WaitQueue, slot: unknown, of: Standing): Promise<unknown>;
}

/** What has lines of its own. */
export interface Standing {
  /** What is waited for in one of them. */
  standing(line: WaitPlace | undefined): Performable<unknown>;
}

/** Finds the context of the running code. */
export interface ContextProvider {
  current(): CancelContext | undefined;
  /** Whether code may still run in a cancelled context. While this is false, no operation has to look for its context. */
  readonly anyCancelled: boolean;
  /** Start a task that belongs to no scope. */
  startFree(task: never, beginning: Job): void;
}

export let contextProvider: ContextProvider | undefined;

/** Whether the running code may be in a cancelled context. */
export function mayBeCancelled(): boolean {
  return contextProvider?.anyCancelled === true;
}

/** The context of the running code, if it is cancelled. */
export function cancelledContext(): CancelContext | undefined {
  const context = mayBeCancelled() ? contextProvider?.current() : undefined;
  return context?.cancelError === undefined ? undefined : context;
}

/** Provide the contexts that scopes make. */
export function provideCancelContexts(provided: ContextProvider): void {
  contextProvider = provided;
}
