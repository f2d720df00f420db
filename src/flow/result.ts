/**
 * What is pulled through a flow: a value, the end, or a failure on its way up.
 */

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
