/**
 * Small programs for the explorer, written once for both lanes, and what is expected of all their orders.
 *
 * A body is a generator of steps. In the generator lane its verbs are `yield*` of an operation; in the async lane they call the
 * promising verb, and a loop awaits what comes out. "mixed": the tasks of a program take turns in their lanes.
 */
import { expect } from "chai";
import { aborting, awaiting as awaitingPromise, go, perform, selecting, type Channel, type Operation, type Task } from "../../src/node.ts";
import { explore, type ExploreContext, type ExploreOptions } from "../../src/testing/index.ts";

export const lanes = ["async", "generator", "mixed"] as const;
export type Lane = (typeof lanes)[number];

export type Steps<T = void> = Generator<unknown, T, unknown>;

/** The waiting verbs, in one lane. */
export interface Verbs {
  readonly send: <T>(ch: Channel<T>, value: T, signal?: AbortSignal) => Steps;
  readonly receive: <T>(ch: Channel<T>, signal?: AbortSignal) => Steps<T>;
  readonly next: <T>(ch: Channel<T>) => Steps<IteratorResult<T, undefined>>;
  readonly perform: <T>(operation: Operation<T>, signal?: AbortSignal) => Steps<T>;
  /** `await` of a promise, which no cancel reaches. */
  readonly settled: <T>(promise: Promise<T>) => Steps<T>;
}

/** What comes out is performed by the driver of generator tasks. */
const yielding: Verbs = {
  send: (ch, value, signal) => yielding.perform(ch.sending(value), signal),
  receive: (ch, signal) => yielding.perform(ch.receiving(), signal),
  next: (ch) => yielding.perform(ch.nexting()),
  *perform<T>(operation: Operation<T>, signal?: AbortSignal): Steps<T> {
    if (!signal) return yield* operation;
    return (yield* selecting([aborting(signal), operation], { order: "listed" })).value;
  },
  *settled<T>(promise: Promise<T>): Steps<T> { return yield* awaitingPromise(promise); },
};

/** What comes out is awaited by {@link awaiting}. */
const promising: Verbs = {
  *send(ch, value, signal) { yield ch.send(value, signal && { signal }); },
  *receive<T>(ch: Channel<T>, signal?: AbortSignal): Steps<T> { return (yield ch.receive(signal && { signal })) as T; },
  *next<T>(ch: Channel<T>): Steps<IteratorResult<T, undefined>> { return (yield ch.next()) as IteratorResult<T, undefined>; },
  *perform<T>(operation: Operation<T>, signal?: AbortSignal): Steps<T> { return (yield perform(operation, { signal })) as T; },
  *settled<T>(promise: Promise<T>): Steps<T> { return (yield promise) as T; },
};

/** This holds in every order; otherwise the explorer reports the order in which it does not. */
export function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

async function awaiting(steps: Steps): Promise<void> {
  for (let step = steps.next(); step.done !== true;) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
}

/** Start a task for each body; the last to end calls `conclude`, of which the explorer sees nothing, so that it costs no orders. */
export function together(lane: Lane, bodies: readonly ((verbs: Verbs) => Steps)[], conclude: () => void): Task<void>[] {
  let left = bodies.length;
  return bodies.map((body, index) => {
    function* whole(verbs: Verbs): Steps {
      yield* body(verbs);
      if (--left === 0) conclude();
    }
    return go(bodyIn(lane, whole, index));
  });
}

/** A body in one lane; where they are mixed, in that of its place. */
export function bodyIn(lane: Lane, body: (verbs: Verbs) => Steps, index = 0): () => Promise<void> {
  const own = lane === "mixed" ? lanes[index % 2] : lane;
  return own === "async" ? () => awaiting(body(promising)) : (() => body(yielding)) as unknown as () => Promise<void>;
}

/** A main for programs with timers, which fire only while it has not ended. */
export async function ended(tasks: readonly Task<void>[]): Promise<void> {
  for (const task of tasks) await task;
}

/** What steps come to: what `words` say of the value, or why not. */
export function* attempt<T>(steps: Steps<T>, words: (value: T) => string): Steps<string> {
  try {
    return words(yield* steps);
  } catch (error) {
    return typeof error === "string" ? error : (error as Error).name;
  }
}

/**
 * Explores every order of a program, except those that cannot be distinguished, and expects exactly these outcomes of it.
 * More than one: an exploration that explores nothing fails.
 */
export async function expectOutcomes(
  program: (context: ExploreContext) => unknown, expected: readonly string[], options: ExploreOptions = {},
): Promise<void> {
  const { complete, schedules, outcomes } = await explore(program, { strategy: "dpor", maxSchedules: 20_000, ...options });
  expect(complete, `complete after ${schedules} schedules`).to.equal(true);
  expect(schedules).to.be.greaterThan(1);
  expect([...outcomes.keys()].sort(), `outcomes after ${schedules} schedules`).to.deep.equal([...expected].sort());
}
