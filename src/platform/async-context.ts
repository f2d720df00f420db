/**
 * The async context of user code (`AsyncLocalStorage`), for what does not go on by a promise of its own.
 *
 * Promises carry their context by themselves. A run queue does not: its jobs would see the context of the code that filled it. Where the
 * platform has such contexts, its entry module (`node.ts`) provides them; elsewhere there is nothing to carry.
 */

/** A context that was captured. It is entered as an `AsyncResource` of Node is, which is one. */
export interface AsyncContext {
  runInAsyncScope<Self>(run: (this: Self) => void, self?: Self): void;
}

/** What a platform knows of contexts. */
export interface Contexts {
  /** Whether only `carry` has put anything into the present context. */
  isPlain(): boolean;
  /** Whether the present context is empty, also of what `carry` puts there. */
  isEmpty(): boolean;
  /** The present context in any case. */
  snapshot(): AsyncContext;
  /** The context in which the library was loaded. */
  readonly outermost: AsyncContext;
  /** A value that goes where the running code goes: an `AsyncLocalStorage`. */
  carry<T>(): Carried<T>;
}

/** A value that is the same in all code that a run of a function leads to, in later turns too. */
export interface Carried<T> {
  getStore(): T | undefined;
  run<R>(value: T | undefined, run: () => R): R;
  /** Nothing is carried any more, up to the next run: as long as something is, some platforms take half as long again for each promise. */
  disable?(): void;
}

export let contexts: Contexts | undefined;

/** The present context, or `undefined` if only the library has put anything into it. */
export function captured(): AsyncContext | undefined {
  return contexts && !contexts.isPlain() ? contexts.snapshot() : undefined;
}

/** Provide the platform's contexts. */
export function provideContexts(provided: Contexts): void {
  contexts = provided;
}
