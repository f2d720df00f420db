/** Partial orders against every order: the same ends, each kind of order once. */
import { expect } from "chai";
import { seeded } from "../../../src/platform/random.ts";
import { always, chan, choose, go, operation, perform, poll, selecting, sleep, sleeping, type Channel, type ClosedError, type Operation } from "../../../src/node.ts";
import type { Chooser } from "../../../src/testing/strategies/chooser.ts";
import { BoundedDfs } from "../../../src/testing/strategies/dfs.ts";
import { Dpor } from "../../../src/testing/strategies/dpor.ts";
import { footprintOf, Order } from "../../../src/testing/strategies/order.ts";
import { runOnce, takeProcessForRuns, type Program, type Verdict } from "../../../src/testing/explore/program-run.ts";
import { seedOfRun } from "../../support/settle.ts";

const settings = { maxSteps: 1000, timers: "quiescent", leaks: "fail", invariant: undefined, seed: 1 } as const;
type Timers = "quiescent" | "race";

/** What distinguishes a run from those that differ in the order of independent steps only. */
function signature({ kind, outcomes, scheduler }: Verdict): string {
  const order = new Order();
  for (const step of scheduler.steps) order.add(step, footprintOf(step, scheduler));
  const counts = new Map<string, number>();
  const names = scheduler.steps.map(({ thread: { key } }) => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return `${key}#${counts.get(key)}`;
  });
  const rows = names.map((name, index) => `${name}<${names.filter((_, earlier) => order.isBefore(earlier, index)).sort().join()}`);
  return [kind, ...[...outcomes].sort(), ...rows.sort()].join("\n");
}

/** The runs of a chooser, without those given up; `undefined` if there are more than `limit`. */
async function runsOf(program: Program, chooser: Chooser, limit: number, timers: Timers): Promise<string[] | undefined> {
  const signatures: string[] = [];
  const run = (): Promise<Verdict | undefined> => runOnce(program, chooser, { ...settings, timers });
  for (let verdict = await run(); verdict; verdict = await run()) {
    if (!verdict.redundant) signatures.push(signature(verdict));
    if (signatures.length > limit) return undefined;
  }
  return signatures;
}

type Action = (channels: Channel<number>[]) => Operation<unknown>;

/** A program of two or three tasks that send, receive, select, close and sleep over one or two channels. */
function randomProgram(random: () => number, lane: "async" | "generator"): Program {
  const below = (count: number): number => Math.floor(random() * count);
  const capacities = Array.from({ length: 1 + below(2) }, () => below(2));
  const one = (): Action => {
    const [at, value] = [below(capacities.length), below(10)];
    return random() < 0.5 ? (channels) => (channels[at] as Channel<number>).sending(value) : (channels) => (channels[at] as Channel<number>).receiving();
  };
  let sleeps = false;
  const scripts = Array.from({ length: 2 + below(2) }, () =>
    Array.from({ length: 1 + below(2) }, (): ((channels: Channel<number>[]) => Operation<unknown> | undefined | "sleep") => {
      const kind = below(10);
      const [first, second] = [one(), one()];
      sleeps ||= kind === 7 || kind === 8;
      if (kind < 6) return first;
      if (kind < 7) return (channels) => selectingOf([first(channels), second(channels)]);
      if (kind < 8) return (channels) => selectingOf([first(channels), sleepingOf(), sleepingOf()]);
      if (kind === 8) return () => "sleep";
      const at = below(capacities.length);
      return (channels) => { (channels[at] as Channel<number>).close(); return undefined; };
    }));
  return ({ outcome }) => {
    const channels = capacities.map((capacity) => chan<number>(capacity));
    scripts.forEach((script, task) => {
      const told = (what: unknown): void => { outcome(`${task}: ${JSON.stringify(what) ?? "-"}`); };
      if (lane === "generator") {
        go(function* () {
          for (const [step, action] of script.entries()) {
            const operation = action(channels);
            try {
              if (operation === "sleep") yield* sleepingOf();
              else if (operation) told([step, yield* operation]);
            } catch (error) {
              told([step, (error as ClosedError).code, (error as ClosedError).case]);
            }
          }
        });
      } else {
        go(async () => {
          for (const [step, action] of script.entries()) {
            const operation = action(channels);
            try {
              if (operation === "sleep") await sleep(5);
              else if (operation) told([step, await perform(operation)]);
            } catch (error) {
              told([step, (error as ClosedError).code, (error as ClosedError).case]);
            }
          }
        });
      }
    });
    return sleeps ? sleep(20) : undefined; // once main has ended time stands still
  };
}

const selectingOf = (operations: Operation<unknown>[]): Operation<unknown> => selecting(operations);
const sleepingOf = (): Operation<void> => sleeping(5);

describe("dpor", () => {
  const programs = 500;

  it(`finds the ends of ${programs} random programs that every order finds, each kind of order once (seed ${seedOfRun}) (controlled-scheduler.ts 2, dpor.ts 1, dpor.ts 2, dpor.ts 3, dpor.ts 4, order.ts 1, order.ts 2)`, async function () {
    this.timeout(120_000);
    const giveBack = await takeProcessForRuns("a spec");
    const random = seeded(seedOfRun);
    let [compared, all, reduced] = [0, 0, 0];
    try {
      while (compared < programs) {
        const seed = Math.floor(random() * 2 ** 31);
        const lane = compared % 2 === 0 ? "async" : "generator";
        const program = randomProgram(seeded(seed), lane);
        const timers = random() < 0.5 ? "quiescent" : "race";
        const every = await runsOf(program, new BoundedDfs(Infinity), 200, timers);
        if (!every) continue;
        const some = (await runsOf(program, new Dpor(), 10_000, timers)) as string[];
        const where = `program ${seed}, ${lane}, ${timers}`;
        expect(some.length, `${where}: each once`).to.equal(new Set(some).size);
        expect([...new Set(some)].sort(), where).to.deep.equal([...new Set(every)].sort());
        compared++;
        all += every.length;
        reduced += some.length;
      }
    } finally {
      giveBack();
    }
    expect(reduced).to.be.lessThan(all / 2);
  });

  /** What the runs of a program come to, all told. */
  async function outcomesOf(program: Program, chooser: Chooser): Promise<string[]> {
    const giveBack = await takeProcessForRuns("a spec");
    const outcomes = new Set<string>();
    const run = (): Promise<Verdict | undefined> => runOnce(program, chooser, { ...settings, leaks: "ignore" });
    try {
      for (let verdict = await run(); verdict; verdict = await run()) {
        for (const outcome of verdict.redundant ? [] : verdict.outcomes) outcomes.add(outcome);
      }
    } finally {
      giveBack();
    }
    return [...outcomes].sort();
  }

  it("two who wake one task at once, in the middle of their steps, do so in either order", async () => {
    const program: Program = ({ outcome }) => {
      const pairs = ["a", "b"].map((name) => ({ name, ch: chan<number>(), busy: false }));
      const seen: string[] = [];
      go(async () => {
        await Promise.all(pairs.map(async (pair) => {
          await pair.ch.receive();
          seen.push(pair.busy ? `${pair.name} at once` : pair.name);
        }));
        outcome(seen.join());
      });
      for (const pair of pairs) {
        go(async () => {
          pair.busy = true;
          pair.ch.trySend(1);
          for (let hops = 0; hops < 5; hops++) await undefined;
          pair.busy = false;
        });
      }
    };
    const either = (one: string, other: string): string[] =>
      [one, `${one} at once`].flatMap((first) => [other, `${other} at once`].map((second) => `${first},${second}`));
    expect(await outcomesOf(program, new Dpor())).to.deep.equal([...either("a", "b"), ...either("b", "a")].sort());
  });

  it("a task that awaits what another one has begun to wait for does what it does there before or after its other part", async () => {
    const program: Program = ({ outcome }) => {
      const [one, other, noted] = [chan<number>(), chan<number>(), chan<number>(1)];
      const begun = one.receive(); // main's
      const seen: string[] = [];
      go(async () => {
        await Promise.all([begun.then(() => { noted.trySend(1); seen.push("begun"); }), other.receive().then(() => { seen.push("own"); })]);
        outcome(seen.join());
      });
      for (const ch of [one, other]) go(() => ch.send(1));
    };
    expect(await outcomesOf(program, new Dpor())).to.deep.equal(["begun,own", "own,begun"]);
  });

  for (const [name, make] of Object.entries({ "partial orders": () => new Dpor(), "every order": () => new BoundedDfs(Infinity) })) {
    it(`a choice that is polled inside an operation is not taken for the one around it, of as many cases (${name})`, async () => {
      const looking: Program = async ({ outcome }) => {
        const looks = operation<never>({
          poll: () => { outcome(String(poll(choose(always("one"), always("other")))?.value)); return undefined; },
          wait: () => () => undefined,
        });
        await perform(choose(looks, always("around")));
      };
      expect(await outcomesOf(looking, make())).to.deep.equal(["one", "other"]);
    });
  }
});
