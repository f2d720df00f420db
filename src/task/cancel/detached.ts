/**
 * Work that belongs to no scope, whichever scope its caller runs in.
 *
 * Idea: Kotlin's `GlobalScope` and `NonCancellable`, as a property of the function and not of the call: callers of a handler, of a cache, of
 * a batch neither know nor decide that it is shared.
 */
import { show } from "../../errors.ts";
import { runAs } from "./current.ts";

/**
 * Makes a function that runs outside of every scope, wherever it is called. No cancel reaches its waits, no scope waits for it, and the tasks that it
 * starts belong to no scope. A call runs `f` at once, with the same `this` and arguments, in the caller's own async context (`AsyncLocalStorage`),
 * and the caller gets what `f` returns or throws.
 *
 * Use it for functions that are called *in* a scope and do not belong to it: a handler registered at start-up, the promise that a cache keeps, a
 * batch begun by the first of many callers. In a scope, wait for such a promise by `perform(settling(promise))`: a cancel then ends the wait and not
 * the work.
 *
 * @typeParam F - the type of the function, which the result has too
 * @param f - an async or a plain function; a generator belongs to the task that drives it: start one in `f` by {@link go}
 * @throws TypeError when `f` is not a function
 *
 * @example
 * ```ts
 * import { chan, detached, perform, settling, timeout } from "rendezvous";
 *
 * const disk = chan<string>();
 * let config: Promise<string> | undefined;
 * const load = detached(() => disk.receive());
 * const cached = (): Promise<string> => (config ??= load());
 *
 * console.log(await timeout(1, () => perform(settling(cached())), { fallback: "not yet" })); // not yet
 * await disk.send("the config");
 * console.log(await cached()); // the config
 * ```
 *
 * Idea: Kotlin's `GlobalScope`.
 */
export function detached<F extends (...args: never[]) => unknown>(f: F): F {
  if (typeof (f as unknown) !== "function") throw new TypeError(`detached takes a function: detached(() => work()), not detached(work()); got ${show(f)}`);
  const outside = function (this: unknown, ...args: never[]): unknown {
    return runAs(undefined, () => f.apply(this, args));
  };
  // Code that takes handlers may look at how many arguments they want.
  return Object.defineProperties(outside, { name: { value: f.name }, length: { value: f.length } }) as unknown as F;
}
