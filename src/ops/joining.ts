/**
 * How a promise that is a task is waited for: by its joining. The module that makes tasks provides it, so that promises need not know of tasks.
 */
import type { Performable } from "../core/operation.ts";

/** What a promise is, if it is a task. It is not asked itself: what stands for something far away takes each question for a call. */
export let joiningOf: (promise: PromiseLike<unknown>) => Performable<unknown> | undefined = () => undefined;

/** Provide the test that distinguishes a task from other promises. */
export function provideJoining(provided: (promise: PromiseLike<unknown>) => Performable<unknown> | undefined): void {
  joiningOf = provided;
}
