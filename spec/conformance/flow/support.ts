/** What the specs of flows share. */
import { chan, type Channel } from "../../../src/index.ts";
import { settle } from "../../support/settle.ts";

/** 0, 1, 2 ... below a number. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A channel that holds these values. */
export function holding<T>(values: readonly T[], close = true): Channel<T> {
  const channel = chan<T>(values.length + 1);
  for (const value of values) channel.trySend(value);
  if (close) channel.close();
  return channel;
}

/** What a source has been asked, in order. */
export interface Watched {
  asked: string[];
  /** How many `next()` are under way, at most. */
  most: number;
}

/** An async iterator that says what it is asked; `give` makes the result of each `next`. */
export function watched(
  give: (index: number) => Promise<IteratorResult<number, undefined>> | IteratorResult<number, undefined>,
): AsyncIterable<number> & Watched {
  let index = 0;
  let underWay = 0;
  const source = {
    asked: [] as string[],
    most: 0,
    [Symbol.asyncIterator]: () => ({
      async next(): Promise<IteratorResult<number, undefined>> {
        source.asked.push("next");
        source.most = Math.max(source.most, ++underWay);
        try {
          return await give(index++);
        } finally {
          underWay--;
        }
      },
      async return(): Promise<IteratorResult<number, undefined>> {
        source.asked.push("return");
        return await Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
  return source;
}

/** How a promise stands once all is quiet. */
export async function settledAs(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = "pending";
  promise.then((value) => { outcome = { value }; }, (error: unknown) => { outcome = { error }; });
  await settle();
  return outcome;
}

/** The error that a promise rejects with. */
export const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => { throw new Error(`it gave ${String(value)}`); }, (error: unknown) => error);
