/**
 * A promise that is a task is waited for by joining the task. The module that makes tasks provides how, so that `promise.ts` need not know of tasks.
 */
import type { Performable } from "../core/operation.ts";

/** The joining of a promise that is a task. The promise itself is not asked: a proxy for a remote object would take each question for a call. */
export let joiningOf: (promise: PromiseLike<unknown>) => Performable<unknown> | undefined = () => undefined;

/** Provide the test that distinguishes a task from other promises. */
export function provideJoining(provided: (promise: PromiseLike<unknown>) => Performable<unknown> | undefined): void {
  joiningOf = provided;
}
