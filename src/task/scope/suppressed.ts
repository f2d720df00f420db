/**
 * What else went wrong: the later errors of a scope, kept with its first.
 *
 * The first error is passed on as it is, never wrapped, so its shape does not depend on how many failed. The others are kept beside it,
 * not on it, so that frozen errors work too. They are kept for the scope in which it arose last, and the scopes around that, which it passes through
 * on its way out: so an error that is thrown again and again does not pile them up.
 *
 * Idea: Java's suppressed exceptions; the shape answers complaints of users of exception groups.
 */
const kept = new WeakMap<object, Kept>();

interface Kept {
  readonly errors: Set<unknown>;
  /** The numbers of the scope in which they came, and of all tasks and scopes around it. */
  readonly around: ReadonlySet<number>;
}

/**
 * Gives the errors that came after this one in the same scope, in order of time: those of other children and of clean-up. Scopes through which it
 * passes on its way out add theirs. If it fails another scope later, only the errors of that one count.
 *
 * @param error - what a scope, a gather, a timeout rejected with
 * @returns the errors: none for an error that came alone, and for a value that is not an object
 *
 * @example
 * ```ts
 * import { scope, suppressedOf } from "rendezvous";
 *
 * const first: unknown = await scope((s) => {
 *   s.defer(() => { throw new Error("and the cleaning"); });
 *   s.go(() => { throw new Error("the work"); });
 * }).catch((error: unknown) => error);
 * console.log(String(first), suppressedOf(first).map(String)); // Error: the work [ 'Error: and the cleaning' ]
 * ```
 *
 * Idea: Java's `getSuppressed`.
 */
export function suppressedOf(error: unknown): readonly unknown[] {
  return isObject(error) ? [...kept.get(error)?.errors ?? []] : [];
}

/**
 * An error of this task or scope fails a scope. Unless it has passed through that task or scope before, it has arisen anew: what was kept with it is
 * dropped.
 */
export function arose(error: unknown, from: number): void {
  if (isObject(error) && kept.get(error)?.around.has(from) === false) kept.delete(error);
}

/** Keep a later error with the first one. `around` gives the number of the scope in which it came, and those of all around it. */
export function suppress(first: unknown, later: unknown, around: () => Iterable<number>): void {
  if (!isObject(first) || first === later) return;
  let entry = kept.get(first);
  if (!entry) kept.set(first, (entry = { errors: new Set(), around: new Set(around()) }));
  entry.errors.add(later);
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
