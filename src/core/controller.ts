/**
 * The seam: a controller, absent in production, decides what is otherwise the scheduler's, the timer's and chance's to decide, and is told what the running
 * code does. The testing module is built on it and on nothing else.
 *
 * Idea: the schedulers of loom and shuttle.
 */
import { timersAreReal } from "../platform/macrotask.ts";
import { below } from "../platform/random.ts";

/** Who decides instead of the scheduler: the seam on which the testing module is built. */
export interface Controller {
  /**
   * A task starts, or something that waited goes on, whenever `proceed` is called. `who` it is: a waiter, a job, a task; nobody is
   * given where the running code itself goes on, with what was ready. `begins`: a body starts, of this task or
   * scope, and has to do so in the present async context. The result `true`: as in production, at once, and `proceed` is not kept.
   */
  resume(proceed: () => void, who?: object, begins?: boolean): boolean;
  /** The running code would like to go on once everybody else has; without this it is resumed as any other. */
  turn?(proceed: () => void): void;
  /** Whether the running code goes on as in production with what was ready, without being resumed. */
  runsOn?(): boolean;
  /** Which of the `left` cases that were not polled yet is polled next: a whole number from 0 up to, and without, `left`. `cases`: all; each polling has its own. */
  choose(left: number, cases: readonly unknown[]): number;
  /** A timer: call `fire` after `ms`; the result disarms it. */
  arm(ms: number, fire: () => void): () => void;
  /** The running code begins to wait, as this waiter, for an operation, or in a line. */
  wait?(waiter: object, where: object): void;
  /** The running code looks at, or changes, what others may change too: a channel, a line, a task. */
  touch?(what: object, verb?: string): void;
}

export let controller: Controller | undefined;

/** Put a controller in charge, or none. */
export function provideController(by: Controller | undefined): void {
  controller = by;
}

/** One of `left` cases: the controller's choice, else a random one. */
export function pick(left: number, cases: readonly unknown[]): number {
  return controller ? controller.choose(left, cases) : below(left);
}

/** Tell the controller, if there is one, that the running code begins to wait. */
export function tellWait(waiter: object, where: object): void {
  if (controller !== undefined) controller.wait?.(waiter, where);
}

/** Tell the controller, if there is one, what the running code looks at or changes. */
export function touch(what: object, verb?: string): void {
  if (controller !== undefined) controller.touch?.(what, verb);
}

/** False while a fake clock, or a controller, stands in for the platform's timers: virtual time has to stay exact. */
export function clockIsReal(): boolean {
  return controller === undefined && timersAreReal();
}
