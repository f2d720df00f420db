/**
 * The tools for tests that need nothing of Node: what a bundler for browsers takes. The network in memory is `index.ts`'s own, since it is made of
 * `rendezvous/net`.
 *
 * @module
 */
import "../platform/copies.ts";
import { seedChoices } from "../platform/random.ts";

// Every order
export { explore, replay, type RunResult } from "./explore/explore.ts";
export type { ExploreReport } from "./explore/exploration.ts";
export type { ExploreOptions, Strategy } from "./explore/options.ts";
export { ExploreError } from "./explore/explore-error.ts";
export { shared } from "./shared.ts";
export type { Blocked, ExploreContext, FindingKind, Program } from "./explore/program-run.ts";

/**
 * Seeds the choices of `select`: the same seed gives the same sequence of choices, in this process, from here on.
 *
 * @param seed - a whole number; its lowest 32 bits count
 * @throws RangeError when it is no whole number
 *
 * @example
 * ```ts
 * import { always, select } from "rendezvous";
 * import { seed } from "rendezvous/testing";
 *
 * const choose = async (): Promise<string> => (await select({ a: always(1), b: always(2) })).case;
 * seed(7);
 * const first = [await choose(), await choose(), await choose()].join();
 * seed(7);
 * console.log(first === [await choose(), await choose(), await choose()].join()); // true
 * ```
 *
 * Idea: loom's and shuttle's seeds.
 */
export function seed(seed: number): void {
  if (!Number.isInteger(seed)) throw new RangeError(`seed takes a whole number; got ${String(seed)}`);
  seedChoices(seed);
}

// Virtual time
export { bubble, type BubbleOptions } from "./bubble/bubble.ts";
export { settle } from "./settle.ts";
// Nothing left behind
export { blockedTasks, expectNoLeaks, LeakError, type BlockedTask } from "./leaks.ts";
export { memoryBroker, type MemoryBroker, type MemoryBrokerOptions, type MemoryRemoteOptions } from "./broker/broker.ts";
export { leakHooks } from "./leak-hooks.ts";
