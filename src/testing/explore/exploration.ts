/**
 * Exploring: a program is run again and again, each time in another order, until it goes wrong or nothing is left to try.
 *
 * 1. Nothing is random that the seed does not say: the same program, options and seed give the same runs, and the same finding.
 * 2. The first run is production's order, and is made twice: a program that is not the same twice cannot be explored.
 * 3. What is found is shrunk: choices become 0, or go, as long as the same is found.
 *
 * Idea: loom, shuttle, Coyote; stateless model checking is VeriSoft's.
 */
import type { Chooser } from "../strategies/chooser.ts";
import { BoundedDfs } from "../strategies/dfs.ts";
import { Dpor } from "../strategies/dpor.ts";
import { Pct } from "../strategies/pct.ts";
import { Random } from "../strategies/random.ts";
import { Replay } from "../strategies/replay.ts";
import { decode, encode } from "../strategies/schedule.ts";
import { ExploreError } from "./explore-error.ts";
import type { Settings } from "./options.ts";
import { runOnce, type Program, type Verdict } from "./program-run.ts";
import { traceOf } from "./trace.ts";

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

export class Exploration {
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
      await this.#once(new Replay(decode(given)));
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
      case "random": return [new Random(seed)];
      case "pct": return [new Pct(seed, depth)];
      case "dfs": return [new BoundedDfs(deviations)];
      case "dpor": return [new Dpor()];
      case "auto": return [new BoundedDfs(2), new Random(seed), new Pct(seed, depth)];
    }
  }

  async #sameTwice(): Promise<void> {
    const first = await this.#judged(new Replay([]));
    this.#schedules = 0;
    const second = await this.#judged(new Replay([]));
    this.#schedules = 0;
    this.#steps = 0;
    this.#outcomes.clear();
    if (!first || !second) return;
    const [one, other] = [traceOf(first.scheduler), traceOf(second.scheduler)];
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
    this.#steps += verdict.scheduler.steps.length;
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
      const next = await this.#run(new Replay(choices));
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
