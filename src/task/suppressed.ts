/**
 * What else went wrong: the later errors of a scope, kept with its first.
 *
 * The first error is passed on as it is, never wrapped, so its shape does not depend on how many failed. The others are kept beside it,
 * not on it, so that frozen errors work too.
 *
 * Idea: Java's suppressed exceptions; the shape is an answer to what users of exception groups complain of.
 */
const kept = new WeakMap<object, unknown[]>();

/**
 * The errors that came after this one in the same scope, in order of time: of other children, and of their clean-up.
 *
 * @param error - what a scope, a gather, a timeout rejected with
 * @returns none for an error that came alone, and for a value that is no object
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
  return isObject(error) ? kept.get(error) ?? [] : [];
}

/** Keep a later error with the first one. */
export function suppress(first: unknown, later: unknown): void {
  if (!isObject(first) || first === later) return;
  const others = kept.get(first);
  if (!others) kept.set(first, [later]);
  else if (!others.includes(later)) others.push(later);
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
