/**
 * Race: several bodies at once, of which the first to settle counts.
 *
 * Idea: `Promise.race` and `Promise.any`, whose losers go on for ever; here they are cancelled and awaited, as in trio and Effect.
 */
import { choose } from "../core/choice.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { settling } from "../core/promises.ts";
import { performIn, refused } from "../core/perform.ts";
import { show } from "../errors.ts";
import type { Body } from "./body.ts";
import { LiveScope } from "./live-scope.ts";
import { checkedBody, checkedOptions } from "./scope.ts";

/** How to race. */
export interface RaceOptions extends WaitOptions {
  /** `"settled"` (the default): the first to end, by a value or by an error. `"success"`: the first value. */
  until?: "settled" | "success" | undefined;
}

/**
 * Runs several bodies at once and gives the result of the first; the others are cancelled and have ended before the promise settles.
 *
 * To choose among receives, use {@link select}: bodies that each receive may take a value from several channels.
 *
 * @param bodies - at least one: async, plain or generator functions, never promises, which cannot be cancelled
 * @param options - `until: "success"` passes over failures; a `signal` to give up by
 * @returns the first value. Rejects with the first error, or (`until: "success"`, all have failed) with an `AggregateError` of all errors in
 * the order of the bodies; with `signal.reason`; with a `TypeError` when there are no bodies
 *
 * @example
 * ```ts
 * import { race, sleep } from "rendezvous";
 *
 * const after = (ms: number, name: string) => async () => {
 *   await sleep(ms);
 *   return name;
 * };
 * console.log(await race([after(10_000, "tortoise"), after(1, "hare")])); // hare
 * ```
 *
 * Idea: Kotlin's `select` over jobs, Effect's `race`.
 */
export function race<T>(bodies: readonly Body<[], T>[], options: RaceOptions = {}): Promise<T> {
  try {
    const { until = "settled" } = options;
    if (!(bodies as unknown instanceof Array) || bodies.length === 0) throw new TypeError(`race takes an array of at least one function; got ${show(bodies)}`);
    for (const body of bodies) checkedBody(body, "race");
    if ((until as string) !== "settled" && (until as string) !== "success") {
      throw new TypeError(`race runs until "settled" or "success"; got ${show(until)}`);
    }
    const any = until === "success";
    const settings = { ...checkedOptions(options, "race"), name: "race", passReason: true, onError: any ? "supervise" : "cancel" } as const;
    const live = new LiveScope("race", undefined, settings);
    return live.run(async () => {
      const runners = bodies.map((body) => live.go(body, []));
      const first: Operation<T> = any ? settling(Promise.any(runners.map((runner) => runner.join()))) : choose(...runners.map((runner) => runner.joining()));
      const value = await performIn(live.region, first);
      live.cancel("the race is over");
      return value;
    }, [], true);
  } catch (error) {
    return refused(error);
  }
}
