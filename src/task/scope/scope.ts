/**
 * Scopes: nothing that is started in one outlives it, and nothing fails in silence.
 *
 * Idea: trio's nurseries ("Notes on structured concurrency", Nathaniel J. Smith), Kotlin's `coroutineScope`.
 */
import { knownOptions } from "../../support/given.ts";
import { promised } from "../../core/settled.ts";
import { checkedBody, type Body, type GivenBody } from "../body.ts";
import { checkedOptions, scopeOptions, type ScopeOptions } from "./scope-options.ts";
import { OpenScopeHandle, ScopeHandle } from "./scope-handle.ts";
import { ScopeState } from "./scope-state.ts";
import type { OpenScope, Scope } from "./scope-types.ts";

/**
 * Runs a body that may start tasks, and waits for all of them: when the promise settles, nothing that was started in the scope is
 * running, waiting, or holding anything.
 *
 * The first failure, of the body or of a child, cancels the rest, and is the outcome, the very object; later ones are kept with it
 * ({@link suppressedOf}). Cancelling reaches every operation of this library that the body or a child waits in, however deep: on Node, Bun
 * and Deno by itself, elsewhere with `{ signal: s.signal }`. A generator task needs neither.
 *
 * @param body - an async, a plain or a generator function; it starts in a later microtask, and gets the {@link Scope}
 * @param options - `name`, `timeout` in milliseconds, `signal`, `onError`
 * @returns the body's value. Rejects, in this order, with the first error of body or children; with the {@link CancelledError} of a cancel from
 * outside; with a {@link TimeoutError} after its own deadline, or the `CancelledError` of its own `cancel`, unless the body has returned a value in
 * spite of it
 *
 * @example
 * ```ts
 * import { chan, scope } from "rendezvous";
 *
 * const sum = await scope(async (s) => {
 *   const numbers = chan<number>();
 *   s.go(async () => {
 *     for (let n = 1; n <= 3; n++) await numbers.send(n);
 *     numbers.close();
 *   });
 *   let total = 0;
 *   for await (const n of numbers) total += n;
 *   return total;
 * });
 * console.log(sum); // 6
 * ```
 *
 * Idea: trio's nurseries, Kotlin's `coroutineScope`.
 */
export function scope<T, Y = never, Z = never, P = never>(
  body: GivenBody<"scope(() => work())", [scope: Scope], T, Y, Z, P>,
  options?: ScopeOptions,
): Promise<T>;
export function scope<T>(given: unknown, options: ScopeOptions = {}): Promise<T> {
  return promised(() => {
    const body = checkedBody(given as Body<[scope: Scope], T>, "scope");
    const state = new ScopeState("scope", body, checkedOptions(knownOptions(options, scopeOptions, "scope")));
    return state.run(body, [new ScopeHandle(state)]);
  });
}

/**
 * A scope for `await using`: leaving the block cancels what is left in it, and waits. It cannot cancel the waits of the block itself, which is not
 * its body. Prefer {@link scope}, which can cancel its body.
 *
 * @param options - as for {@link scope}
 * @throws as `scope` rejects for bad options
 *
 * @example
 * ```ts
 * import { openScope } from "rendezvous";
 *
 * await using s = openScope();
 * const answer = s.go(async () => 6 * 7);
 * await s.join();
 * console.log(await answer); // 42
 * ```
 *
 * Idea: Python's `async with`; "Notes on structured concurrency" describes its limits.
 */
export function openScope(options: ScopeOptions = {}): OpenScope {
  return new OpenScopeHandle(new ScopeState("scope", undefined, { ...checkedOptions(knownOptions(options, scopeOptions, "openScope")), isOpen: true }));
}
