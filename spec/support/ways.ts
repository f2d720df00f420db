/**
 * The table of ways to perform an operation. Laws and properties that hold for all of them run over its rows; a new way is one row.
 * The forms that take a body have a table in `body-forms.ts`.
 */
import { aborting, chan, choose, go, guard, never, perform, select, selecting, type Channel, type Operation } from "../../src/index.ts";

/** A way to perform an operation, with an optional signal to give up by. */
export interface Way {
  readonly name: string;
  /** Under which name a `ClosedError` gives the case, if it is a select. */
  readonly key?: string;
  /** It goes on one `then` after the promise of the operation, as every other direct way: the orders of continuations can be compared. */
  readonly direct: boolean;
  /** It polls, or is in line, when `start` returns; a generator task only begins later. */
  readonly prompt: boolean;
  /** `read` is called with its result, in the one `then`. */
  readonly start: <T, U>(operation: Operation<T>, read: (value: T) => U, signal?: AbortSignal) => Promise<U>;
}

/** Perform an operation in one of the ways. */
export function performBy<T>({ start }: Way, operation: Operation<T>, signal?: AbortSignal): Promise<T> {
  return start(operation, (value) => value, signal);
}

export const direct = { direct: true, prompt: true } as const;
export const indirect = { direct: false, prompt: true } as const;
export const inOwnTask = { direct: false, prompt: false } as const;

export const ways: readonly Way[] = [
  { name: "perform", ...direct, start: (it, read, signal) => perform(it, { signal }).then(read) },
  { name: "select of one", key: "it", ...direct, start: (it, read, signal) => select({ it }, { signal }).then(({ value }) => read(value)) },
  {
    name: "select with quiet cases", key: "it", ...direct,
    start: (it, read, signal) => besideQuiet(it, read, (cases) => select(cases, { signal })),
  },
  { name: "perform of a choice", ...direct, start: (it, read, signal) => perform(choose(never, it), { signal }).then(read) },
  { name: "perform of a map", ...indirect, start: (it, read, signal) => perform(it.map(read), { signal }) },
  { name: "perform of a guard", ...direct, start: (it, read, signal) => perform(guard(() => it), { signal }).then(read) },
  { name: "yield*", ...inOwnTask, start: (it, read, signal) => yielding(it, signal).then(read) },
  {
    name: "yield* of a select", key: "it", ...inOwnTask,
    start: (it, read, signal) => besideQuiet(it, read, (cases) => yielding(selecting(cases), signal)),
  },
];

/** In a generator task a signal is one more case. */
function yielding<T>(it: Operation<T>, signal: AbortSignal | undefined): Promise<T> {
  return go(function* () {
    return yield* signal === undefined ? it : choose(it, aborting(signal));
  }).join();
}

// A type, not an interface: only that may be given as a record.
type Cases<T> = Readonly<{ before: Operation<string>; it: Operation<T>; after: Operation<void>; off: Operation<never> }>;

/** A select over the operation and quiet cases: its result, after a check that the quiet ones left nothing. */
function besideQuiet<T, U>(
  it: Operation<T>, read: (value: T) => U, start: (cases: Cases<T>) => Promise<{ case: string; value: unknown }>,
): Promise<U> {
  const [before, after] = [quietChannel(), quietChannel()];
  const leftNothing = (): void => { nothingLeftOn(before); nothingLeftOn(after); };
  return start({ before: before.receiving(), it, after: after.sending("never sent"), off: never }).then(
    (selected) => {
      leftNothing();
      if (selected.case !== "it") throw new Error(`the quiet case ${selected.case} happened`);
      return read(selected.value as T);
    },
    (error: unknown) => { leftNothing(); throw error; },
  );
}

/** An open channel whose other end nobody ever uses. */
export function quietChannel(): Channel<string> {
  return chan<string>({ name: "quiet" });
}

export function nothingLeftOn(quiet: Channel<string>): void {
  if (quiet.trySend("for a waiter left behind")) throw new Error("a receiver was left on the quiet channel");
  if (quiet.tryReceive() !== undefined) throw new Error("a sender was left on the quiet channel");
}
