/**
 * Exploring: a program is run again and again, each time in another order, until it goes wrong or nothing is left to try.
 *
 * 1. Nothing is random that the seed does not say: the same program, options and seed give the same runs, and the same finding.
 * 2. The first run is production's order, and is made twice: a program that is not the same twice cannot be explored.
 * 3. What is found is shrunk: choices become 0, or go, as long as the same is found.
 *
 * Idea: loom, shuttle, Coyote; stateless model checking is VeriSoft's.
 */
import { variable } from "../../platform/environment.ts";
import { knownOptions, type Known } from "../../support/given.ts";
import { checkedBody, type GivenBody } from "../../task/body.ts";
import { DepthFirst, Following, Prioritised, Randomly, type Chooser } from "../strategies/chooser.ts";
import { SourceSets } from "../strategies/dpor.ts";
import { ExploreError } from "./explore-error.ts";
import { runOnce, takeOver, type Blocked, type ExploreContext, type FindingKind, type Program, type RunSettings, type Verdict } from "./run.ts";
import { decode, encode } from "../strategies/schedule.ts";
import { traceOf } from "./trace.ts";

/** How the runs are chosen. */
export type Strategy = "auto" | "random" | "pct" | "dfs" | "dpor";

/** How to explore. */
export interface ExploreOptions {
  /**
   * `"auto"` (the default): production's order, then in turn depth first with at most two choices that differ from it, at random, and by
   * priorities. `"random"`; `"pct"`: by random priorities; `"dfs"`: every order, depth first; `"dpor"`: one of each kind of orders that
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
  /** `"race"`: the next timer may fire while tasks can still go on. `"quiescent"` (the default): time moves when all wait. */
  timers?: "quiescent" | "race" | undefined;
  /** Whether tasks that have not ended when main has are a failure. `"fail"`. */
  leaks?: "fail" | "ignore" | undefined;
  /** Called before the first step and after each: what it throws is a finding. */
  invariant?: (() => void) | undefined;
  /** A schedule to run, and nothing else; what RENDEZVOUS_REPLAY says, too. */
  replay?: string | undefined;
}

/** What came of an exploration that has found nothing wrong. */
export interface ExploreReport {
  /** How many runs there were, without those given up. */
  readonly schedules: number;
  /** Runs that were given up, because another run is the same. */
  readonly pruned: number;
  /** How many steps they had, together. */
  readonly steps: number;
  /** Every order was tried: this is a proof. Never so if two cases of one select have waited for the same side of one channel. */
  readonly complete: boolean;
  /** What {@link ExploreContext.outcome} was told, and in how many runs. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** How a single run has ended. */
export interface RunResult {
  /** `"ok"`, or what was found. */
  readonly kind: FindingKind | "ok";
  /** The failure, if there was one. */
  readonly error: unknown;
  /** What {@link ExploreContext.outcome} was told. */
  readonly outcomes: readonly string[];
  /** Who had not ended, and what each waited for. */
  readonly blocked: readonly Blocked[];
  /** What went on, a line for each step. */
  readonly trace: readonly string[];
}

/**
 * Runs a program in many orders, and rejects with the first in which it goes wrong.
 *
 * Every start of a task, every operation of the library, ready or not, every case of a select and every timer is a choice. Time is virtual.
 * The program is run many times, so everything it uses has to be made in it; nothing but the order may differ between two runs. Meanwhile
 * nothing else that uses the library should run in the process. What is left at the end of a run is cancelled, so that its `finally` blocks and
 * what it has deferred run before the next one; no schedule and no trace tells of that.
 *
 * @param program - an async, a plain or a generator function; it gets an {@link ExploreContext}
 * @param options - see {@link ExploreOptions}
 * @returns what was tried. Rejects with an {@link ExploreError}: a failure that nobody handles, a deadlock, a leak, an endless run, a
 * task that waits for something else than the library, two runs that differ; with a `TypeError` while a fake clock is installed, or inside
 * another exploration; with a `RangeError` or `TypeError` for options that are none
 *
 * @example
 * ```ts
 * import { chan, go } from "rendezvous";
 * import { explore, type ExploreError } from "rendezvous/testing";
 *
 * const found = await explore(async () => {
 *   const lock = chan<void>(1);
 *   let count = 0;
 *   const increment = async (): Promise<void> => {
 *     const before = count; // read before the lock
 *     await lock.send();
 *     count = before + 1;
 *     await lock.receive();
 *   };
 *   await Promise.all([go(increment), go(increment)]);
 *   if (count !== 2) throw new Error("an update is lost");
 * }).catch((error: unknown) => error as ExploreError);
 * console.log("kind" in found && found.kind); // exception
 * ```
 *
 * Idea: loom and shuttle.
 */
export async function explore<Y = never, Z = never, P = never>(
  program: GivenBody<"explore(() => work())", [context: ExploreContext], unknown, Y, Z, P>,
  options: ExploreOptions = {},
): Promise<ExploreReport> {
  const settings = checked(options, "explore");
  checkedBody(program, "explore", "explore(() => work())");
  const giveBack = takeOver("explore");
  try {
    return await new Exploration(program as Program, settings).run();
  } finally {
    giveBack();
  }
}

/**
 * Runs a program once more, in the order of a schedule.
 *
 * @param program - the same as for {@link explore}
 * @param schedule - what an {@link ExploreError} told
 * @param options - the same as for {@link explore}
 * @returns how it has ended: it does not reject because of the program
 *
 * @example
 * ```ts
 * import { chan } from "rendezvous";
 * import { replay } from "rendezvous/testing";
 *
 * const { kind, trace } = await replay(async () => {
 *   await chan<string>({ name: "news" }).receive();
 * }, "0");
 * console.log(kind, trace); // deadlock [ 'main: waits in receive on channel "news"' ]
 * ```
 *
 * Idea: shuttle's `replay`.
 */
export async function replay<Y = never, Z = never, P = never>(
  program: GivenBody<"replay(() => work(), schedule)", [context: ExploreContext], unknown, Y, Z, P>,
  schedule: string,
  options: ExploreOptions = {},
): Promise<RunResult> {
  const settings = checked(options, "replay");
  checkedBody(program, "replay", "replay(() => work(), schedule)");
  const choices = decode(schedule);
  const giveBack = takeOver("replay");
  try {
    const { kind, error, outcomes, blocked, world } = (await runOnce(program as Program, new Following(choices), settings)) as Verdict;
    return { kind, error, outcomes, blocked, trace: traceOf(world) };
  } finally {
    giveBack();
  }
}

interface Settings extends RunSettings {
  readonly strategy: Strategy;
  readonly maxSchedules: number;
  readonly maxMs: number;
  readonly deviations: number;
  readonly depth: number;
  readonly replay: string | undefined;
}

function checked(options: ExploreOptions, who: string): Settings {
  knownOptions(options, exploreOptions, who);
  const { strategy = "auto", timers = "quiescent", leaks = "fail", invariant, depth = 3, deviations = Infinity } = options;
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
  least("maxSchedules", maxSchedules, 1);
  least("maxMs", maxMs, 0);
  least("maxSteps", maxSteps, 1);
  least("deviations", deviations, 0);
  least("depth", depth, 1);
  if (!Number.isInteger(seed)) throw new RangeError(`the seed of ${who} is a whole number; got ${String(options.seed ?? seedGiven)}`);
  return {
    strategy, timers, leaks, invariant, depth, deviations, maxSchedules, maxMs, maxSteps, seed,
    replay: options.replay ?? (replayGiven === "" ? undefined : replayGiven),
  };
}

const exploreOptions: Known<ExploreOptions> = {
  strategy: true, seed: true, maxSchedules: true, maxMs: true, maxSteps: true, deviations: true, depth: true, timers: true, leaks: true,
  invariant: true, replay: true,
};

class Exploration {
  readonly #program: Program;
  readonly #settings: Settings;
  readonly #outcomes = new Map<string, number>();
  readonly #deadline: number;
  #schedules = 0;
  #pruned = 0;
  #steps = 0;

  constructor(program: Program, settings: Settings) {
    this.#program = program;
    this.#settings = settings;
    this.#deadline = performance.now() + settings.maxMs;
  }

  async run(): Promise<ExploreReport> {
    const { replay: given } = this.#settings;
    if (given !== undefined) {
      await this.#once(new Following(decode(given)));
      return this.#report(false);
    }
    await this.#sameTwice();
    const choosers = this.#choosers();
    for (let turn = 0; this.#schedules < this.#settings.maxSchedules && performance.now() <= this.#deadline; turn++) {
      const chooser = choosers[turn % choosers.length] as Chooser;
      if (!(await this.#once(chooser)) && (!chooser.cut || choosers.length === 1)) return this.#report(!chooser.cut);
    }
    return this.#report(false);
  }

  #choosers(): Chooser[] {
    const { strategy, seed, depth, deviations } = this.#settings;
    switch (strategy) {
      case "random": return [new Randomly(seed)];
      case "pct": return [new Prioritised(seed, depth)];
      case "dfs": return [new DepthFirst(deviations)];
      case "dpor": return [new SourceSets()];
      case "auto": return [new DepthFirst(2), new Randomly(seed), new Prioritised(seed, depth)];
    }
  }

  async #sameTwice(): Promise<void> {
    const first = await this.#judged(new Following([]));
    this.#schedules = 0;
    const second = await this.#judged(new Following([]));
    this.#schedules = 0;
    this.#steps = 0;
    this.#outcomes.clear();
    if (!first || !second) return;
    const [one, other] = [traceOf(first.world), traceOf(second.world)];
    const differs = one.findIndex((line, index) => line !== other[index]);
    if (differs < 0 && one.length === other.length) return;
    const at = differs < 0 ? one.length : differs;
    const error = new Error(`step ${String(at)} is "${String(one[at])}", then "${String(other[at])}"; make everything that it uses in it`);
    throw new ExploreError({ ...second, kind: "nondeterministic", error }, this.#settings.seed, 2);
  }

  /** A run of this chooser's; false: it has none left. */
  async #once(chooser: Chooser): Promise<boolean> {
    return (await this.#judged(chooser)) !== undefined;
  }

  async #judged(chooser: Chooser): Promise<Verdict | undefined> {
    const verdict = await this.#run(chooser);
    if (!verdict) return undefined;
    this.#steps += verdict.world.steps.length;
    if (verdict.redundant) {
      this.#pruned++;
      return verdict;
    }
    this.#schedules++;
    for (const outcome of verdict.outcomes) this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (verdict.kind !== "ok") throw new ExploreError(await this.#shrunk(verdict), this.#settings.seed, this.#schedules);
    return verdict;
  }

  async #run(chooser: Chooser): Promise<Verdict | undefined> {
    return runOnce(this.#program, chooser, this.#settings);
  }

  /** A shorter schedule that leads to the same. */
  async #shrunk(verdict: Verdict): Promise<Verdict> {
    let best = verdict;
    let tries = 200;
    const attempt = async (choices: readonly number[]): Promise<boolean> => {
      if (tries-- <= 0) return false;
      const next = await this.#run(new Following(choices));
      if (next?.kind !== verdict.kind || String(next.error) !== String(verdict.error) || !simpler(next, best)) return false;
      best = next;
      return true;
    };
    for (let progress = true; progress && tries > 0;) {
      progress = false;
      for (let index = best.choices.length - 1; index >= 0; index--) {
        if ((best.choices[index] ?? 0) === 0) continue;
        const { choices } = best;
        const before = choices.slice(0, index);
        const after = choices.slice(index + 1);
        const candidates = [before, [...before, 0, ...after], [...before, ...after], [...before, (choices[index] as number) - 1, ...after]];
        for (const candidate of candidates) {
          if (await attempt(candidate)) {
            progress = true;
            break;
          }
        }
      }
    }
    return best;
  }

  #report(complete: boolean): ExploreReport {
    return { schedules: this.#schedules, pruned: this.#pruned, steps: this.#steps, complete, outcomes: this.#outcomes };
  }
}

/** Whether a verdict's schedule is shorter, or as long and smaller. */
function simpler(one: Verdict, other: Verdict): boolean {
  const [a, b] = [encode(one.choices), encode(other.choices)];
  return a.length < b.length || (a.length === b.length && a < b);
}
