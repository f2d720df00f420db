/**
 * Exploring: a program is run again and again, each time in another order, until it goes wrong or nothing is left to try.
 *
 * 1. Nothing is random that the seed does not say: the same program, options and seed give the same runs, and the same finding.
 * 2. The first run has production's own wake-ups, where there are async contexts, and is made twice: a program that is not the same twice cannot be
 *    explored.
 * 3. A proof by partial orders is cross-checked by other strategies before it is claimed.
 * 4. What is found is shrunk: choices become 0, or go, as long as the same is found.
 *
 * Idea: loom, shuttle, Coyote; stateless model checking is VeriSoft's.
 */
import { TimeoutError } from "../../errors.ts";
import { now } from "../../platform/macrotask.ts";
import type { AtOnce, Manner } from "../scheduler/controlled-scheduler.ts";
import type { Chooser } from "../strategies/chooser.ts";
import { BoundedDfs } from "../strategies/dfs.ts";
import { Dpor } from "../strategies/dpor.ts";
import { Pct } from "../strategies/pct.ts";
import { Random } from "../strategies/random.ts";
import { Replay } from "../strategies/replay.ts";
import { forgetThreads, threadsAreToldApart } from "../scheduler/thread.ts";
import { read } from "../strategies/schedule.ts";
import { ExploreError } from "./explore-error.ts";
import type { Settings, Strategy } from "./options.ts";
import { runOnce, type Program, type Verdict } from "./program-run.ts";
import { shrunk } from "./shrinking.ts";
import { traceOf } from "./trace.ts";

/** What came of an exploration that has found nothing wrong. */
export interface ExploreReport {
  /** How many runs there were, without those given up. */
  readonly schedules: number;
  /** Runs that were given up, because another run is the same. */
  readonly pruned: number;
  /** How many steps they had, together. */
  readonly steps: number;
  /**
   * Every order was tried, under what was assumed: this is a proof. Never so if two cases of one select have waited for the same side of one
   * channel, or if a run was cut.
   */
  readonly complete: boolean;
  /**
   * What was taken for granted: `"timers: quiescent"`, that no timer fires while a task can go on; `"wake-ups: held"`, in browsers, that a task woken
   * by a synchronous verb goes on only when the one that woke it rests.
   */
  readonly assumed: readonly string[];
  /** What {@link ExploreContext.outcome} was told, and in how many runs. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** So many runs of other strategies have to agree with what `"dpor"` has proven. */
const crossChecks = 100;

/** A longer run is not made again for the sake of its trace. */
const stepsTraced = 2000;
const racing: Manner = { production: false, raced: true };

export class Exploration {
  readonly #program: Program;
  readonly #settings: Settings;
  readonly #outcomes = new Map<string, number>();
  readonly #deadline: number;
  readonly #manner: Manner;
  #schedules = 0;
  #pruned = 0;
  #steps = 0;
  /** Whether a synchronous verb has woken somebody in any run; and whether runs take account of that. */
  #wakesSynchronously = false;
  #atOnce: AtOnce = "left out";
  #isStopped = false;
  /** A run was given up, so that nothing is complete. */
  #isCut = false;
  #hasTimers = false;

  constructor(program: Program, settings: Settings) {
    this.#program = program;
    this.#deadline = now() + settings.maxMs;
    this.#settings = { ...settings, deadline: this.#deadline };
    this.#manner = { production: false, raced: settings.timers === "race" };
  }

  async run(): Promise<ExploreReport> {
    const { replay: given, strategy } = this.#settings;
    if (given !== undefined) {
      const { choices, manner } = read(given, this.#manner.raced);
      this.#atOnce = "a choice";
      await this.#once(new Replay(choices), manner);
      return this.#report(false);
    }
    await this.#sameTwice();
    if (strategy === "auto") return this.#report(await this.#auto());
    let chooser = this.#chooser(strategy);
    for (let isOver = false; this.#goesOn && !isOver;) {
      isOver = !(await this.#once(chooser));
      if (this.#restarts()) chooser = this.#chooser(strategy);
      else if (isOver && !chooser.cut) return this.#report(strategy !== "dpor" || (await this.#crossCheck()));
    }
    return this.#report(false);
  }

  get #goesOn(): boolean {
    return this.#schedules < this.#settings.maxSchedules && !this.#isLate;
  }

  get #isLate(): boolean {
    return this.#isStopped || now() > this.#deadline;
  }

  #chooser(strategy: Exclude<Strategy, "auto">): Chooser {
    const { seed, depth, deviations } = this.#settings;
    switch (strategy) {
      case "random": return new Random(seed);
      case "pct": return new Pct(seed, depth);
      case "dfs": return new BoundedDfs(deviations);
      case "dpor": return new Dpor();
    }
  }

  /** A synchronous verb has woken somebody for the first time: what was learnt from earlier runs does not hold any more. */
  #restarts(): boolean {
    const restarts = this.#wakesSynchronously && this.#atOnce === "left out" && threadsAreToldApart();
    if (restarts) this.#atOnce = "a choice";
    return restarts;
  }

  /** Those that look for a fault here and there. */
  #searchers(): Chooser[] {
    const { seed, depth } = this.#settings;
    return [new BoundedDfs(2), new Random(seed), new Pct(seed, depth)];
  }

  /** Whether runs in which timers race say more than those in which they do not. */
  get #racesToo(): boolean {
    return this.#hasTimers && !this.#manner.raced;
  }

  /** A proof is tried, and faults are looked for meanwhile, in turn; now and then, and before anything is called proven, timers race. True: it is proven. */
  async #auto(): Promise<boolean> {
    const racer = new Random(this.#settings.seed);
    let [prover, searchers, isProven, searches, races] = [new Dpor(), this.#searchers(), false, 0, 0];
    const isChecked = (): boolean => searches >= crossChecks && (races >= crossChecks || !this.#racesToo);
    for (let turn = 0; this.#goesOn && !(isProven && isChecked()); turn++) {
      if (this.#restarts()) [prover, searchers, isProven, searches, races] = [new Dpor(), this.#searchers(), false, 0, 0];
      if (!isProven && !prover.cut && turn % 2 === 0) {
        if (!(await this.#once(prover))) isProven = !prover.cut;
      } else if (this.#racesToo && ((isProven && searches >= crossChecks) || (races + 1) * searchers.length <= searches)) {
        races++;
        await this.#once(racer, racing);
      } else {
        const searcher = searchers[searches++ % searchers.length] as Chooser;
        if (await this.#once(searcher, this.#manner, isProven)) continue;
        if (searcher.cut) searchers.splice(searchers.indexOf(searcher), 1);
        else [isProven, searches] = [true, Math.max(searches, crossChecks)]; // it has tried every order
      }
    }
    return isProven && isChecked();
  }

  /** Whether other strategies find nothing, either. Their runs are not counted. */
  async #crossCheck(): Promise<boolean> {
    const [schedules, pruned, steps, outcomes] = [this.#schedules, this.#pruned, this.#steps, new Map(this.#outcomes)];
    const searchers = this.#searchers();
    for (let search = 0; search < crossChecks && searchers.length > 0; search++) {
      if (this.#isLate) return false;
      const searcher = searchers[search % searchers.length] as Chooser;
      if (!(await this.#once(searcher, this.#manner, true))) searchers.splice(searchers.indexOf(searcher), 1);
    }
    [this.#schedules, this.#pruned, this.#steps] = [schedules, pruned, steps];
    this.#outcomes.clear();
    for (const [outcome, count] of outcomes) this.#outcomes.set(outcome, count);
    return true;
  }

  async #sameTwice(): Promise<void> {
    const manner = { ...this.#manner, production: threadsAreToldApart() };
    const first = await this.#once(new Replay([]), manner);
    this.#schedules = 0;
    const second = await this.#once(new Replay([]), manner);
    this.#schedules = 0;
    this.#steps = 0;
    this.#outcomes.clear();
    forgetThreads();
    if (!first || !second || first.stopped === "late" || second.stopped === "late") return;
    const [one, other] = [traceOf(first.scheduler), traceOf(second.scheduler)];
    const differs = one.findIndex((line, index) => line !== other[index]);
    if (differs < 0 && one.length === other.length) return;
    const at = differs < 0 ? one.length : differs;
    const error = new Error(`step ${String(at)} is "${String(one[at])}", then "${String(other[at])}"; make everything that it uses in it`);
    throw new ExploreError({ ...second, kind: "nondeterministic", error }, this.#settings.seed, 2);
  }

  /** A run of this chooser's; `undefined`: it has none left. */
  async #once(chooser: Chooser, manner: Manner = this.#manner, isProven = false): Promise<Verdict | undefined> {
    const verdict = await this.#run(chooser, manner);
    if (!verdict) return undefined;
    this.#steps += verdict.scheduler.steps.length;
    this.#wakesSynchronously ||= verdict.scheduler.wakesSynchronously;
    if (verdict.redundant) {
      this.#pruned++;
      return verdict;
    }
    this.#schedules++;
    this.#isStopped ||= verdict.stopped === "late";
    this.#isCut ||= verdict.stopped === "endless";
    this.#hasTimers ||= verdict.scheduler.hasTimers;
    for (const outcome of verdict.outcomes) this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (verdict.kind !== "ok" && !(manner === racing && verdict.error instanceof TimeoutError)) {
      const run = (choices: readonly number[], like: Manner): Promise<Verdict | undefined> => this.#run(new Replay(choices), like);
      const simplest = await shrunk(verdict, this.#manner, run, this.#deadline);
      throw new ExploreError(await this.#traced(simplest), this.#settings.seed, this.#schedules, isProven);
    }
    return verdict;
  }

  /** The same run again, with the places in the program. */
  async #traced(verdict: Verdict): Promise<Verdict> {
    const { choices, manner } = verdict.schedule;
    if (this.#isLate || verdict.scheduler.turns > stepsTraced) return verdict;
    const again = await this.#run(new Replay(choices), { ...manner, traced: true });
    return again?.kind === verdict.kind && again.stopped === undefined ? again : verdict;
  }

  #run(chooser: Chooser, manner: Manner): Promise<Verdict | undefined> {
    return runOnce(this.#program, chooser, this.#settings, manner, this.#atOnce);
  }

  #report(complete: boolean): ExploreReport {
    return {
      schedules: this.#schedules, pruned: this.#pruned, steps: this.#steps, complete: complete && !this.#isCut && !this.#isStopped, outcomes: this.#outcomes,
      assumed: [
        ...(this.#settings.timers === "race" ? [] : ["timers: quiescent"]),
        ...(this.#wakesSynchronously && !threadsAreToldApart() ? ["wake-ups: held"] : []),
      ],
    };
  }
}
