/**
 * How to explore: the options, checked, and what they are if they are left out.
 */
import { variable } from "../../platform/environment.ts";
import { knownOptions, type Known } from "../../support/given.ts";
import type { RunSettings } from "./program-run.ts";

/** How the runs are chosen. */
export type Strategy = "auto" | "random" | "pct" | "dfs" | "dpor";

/** How to explore. */
export interface ExploreOptions {
  /**
   * `"auto"` (the default): in turn as `"dpor"`, for a proof, and depth first with at most two unusual choices, at random, by priorities, and with
   * timers that race, for faults. `"random"`; `"pct"`: by random priorities; `"dfs"`: every order, depth first; `"dpor"`: one of each kind of orders that
   * differ in nothing which channels, joins, timers and {@link shared} objects could tell.
   */
  strategy?: Strategy | undefined;
  /** A whole number: 1, or what RENDEZVOUS_SEED says. */
  seed?: number | undefined;
  /** How many runs at most, from 1 up. 1,000. */
  maxSchedules?: number | undefined;
  /** How long at most, in real milliseconds. No limit: a verdict should not depend on the machine's speed. */
  maxMs?: number | undefined;
  /** How many steps a run may have before it counts as endless, from 1 up. 10,000. */
  maxSteps?: number | undefined;
  /** With "dfs": how many choices may differ from production's, from 0 up. No limit. */
  deviations?: number | undefined;
  /** With "pct": how many order constraints a fault may need, from 1 up. 3. */
  depth?: number | undefined;
  /**
   * `"race"`: the next timer may fire while tasks can still go on, and time goes on when main has ended. `"quiescent"` (the default): time moves when
   * all wait; "auto" tries races as well, but not all of them, and takes a `TimeoutError` in one for no failure.
   */
  timers?: "quiescent" | "race" | undefined;
  /** Whether tasks that have not ended when main has are a failure. `"fail"`. */
  leaks?: "fail" | "ignore" | undefined;
  /**
   * Whether a run that does not end is a failure: one that has not ended after `maxSteps` steps, nor after as many more in which everybody has had a turn.
   * `"fail"`; with `"ignore"` it is cut there, and `complete` is false.
   */
  endless?: "fail" | "ignore" | undefined;
  /** Called before the first step and after each: what it throws is a finding. */
  invariant?: (() => void) | undefined;
  /** A schedule to run, and nothing else; what RENDEZVOUS_REPLAY says, too. */
  replay?: string | undefined;
}

/** How to explore, with nothing left out. */
export interface Settings extends RunSettings {
  readonly strategy: Strategy;
  readonly maxSchedules: number;
  readonly maxMs: number;
  readonly deviations: number;
  readonly depth: number;
  readonly replay: string | undefined;
}

/** The options of `who`, or a clear error. */
export function checkedSettings(options: ExploreOptions, who: string): Settings {
  knownOptions(options, exploreOptions, who);
  const { strategy = "auto", timers = "quiescent", leaks = "fail", endless = "fail", invariant, depth = 3, deviations = Infinity } = options;
  const { maxSchedules = 1000, maxMs = Infinity, maxSteps = 10_000 } = options;
  const [seedGiven, replayGiven] = [variable("RENDEZVOUS_SEED"), variable("RENDEZVOUS_REPLAY")];
  const seed = options.seed ?? Number(seedGiven ?? 1);
  const one = (what: string, value: string, ...of: string[]): void => {
    if (!of.includes(value)) throw new TypeError(`the ${what} of ${who} is one of ${of.join(", ")}; got ${value}`);
  };
  const least = (what: string, value: number, from: number): void => {
    if (!(value >= from)) throw new RangeError(`${what} of ${who} is a number from ${String(from)} up; got ${String(value)}`);
  };
  one("strategy", strategy, "auto", "random", "pct", "dfs", "dpor");
  one("option timers", timers, "quiescent", "race");
  one("option leaks", leaks, "fail", "ignore");
  one("option endless", endless, "fail", "ignore");
  least("maxSchedules", maxSchedules, 1);
  least("maxMs", maxMs, 0);
  least("maxSteps", maxSteps, 1);
  least("deviations", deviations, 0);
  least("depth", depth, 1);
  if (!Number.isInteger(seed)) throw new RangeError(`the seed of ${who} is a whole number; got ${String(options.seed ?? seedGiven)}`);
  return {
    strategy, timers, leaks, endless, invariant, depth, deviations, maxSchedules, maxMs, maxSteps, seed,
    replay: options.replay ?? (replayGiven === "" ? undefined : replayGiven),
  };
}

const exploreOptions: Known<ExploreOptions> = {
  strategy: true, seed: true, maxSchedules: true, maxMs: true, maxSteps: true, deviations: true, depth: true, timers: true, leaks: true, endless: true,
  invariant: true, replay: true,
};
