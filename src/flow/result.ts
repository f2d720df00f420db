/**
 * What is pulled through a flow: a value, the end, or a failure on its way up.
 */
import { touch } from "../core/controller.ts";
import { Performable } from "../core/operation.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";

/** A value or the end, as an iterator gives it. */
export type Result = IteratorResult<unknown, undefined>;

/** The end of a source that has failed. */
export class Failure implements IteratorReturnResult<undefined> {
  readonly done = true;
  readonly value = undefined;
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

export const end: Result = { done: true, value: undefined };

/** A result as a receive gives it: a failure is thrown. */
export function opened(result: Result): Result {
  if (result instanceof Failure) throw result.error;
  return result;
}

/** Let a waiter, which has left its place, go on with a result. */
export function resumeWith(waiter: Waiter, result: Result): void {
  if (result instanceof Failure) waiter.resume("error", result.error);
  else waiter.resume("value", result);
}

/** What a flow pulls from: a receive of results, with one line of those who wait. */
export abstract class Receive extends Performable<Result> {
  readonly name: string;
  protected readonly line: WaitQueue = new WaitQueue(this);

  constructor(name: string) {
    super();
    this.name = name;
  }

  override toString(): string {
    return `to receive from flow ${JSON.stringify(this.name)}`;
  }

  override footprint(): void {
    touch(this.line);
  }

  override enlist(waiter: Waiter): void {
    this.line.join(waiter);
  }

  /** Those who wait see the end. */
  protected tellEnd(how: Result): void {
    if (how instanceof Failure) this.line.resumeAll("error", how.error);
    else this.line.resumeAll("value", how);
  }
}
