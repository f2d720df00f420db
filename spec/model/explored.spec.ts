/**
 * Random small programs in all their orders: they end as the model says, in every way that the model says, and whatever the order, what was
 * accepted is received once.
 */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import { seeded } from "../../src/platform/random.ts";
import { chan, selecting, ClosedError, type Channel, type Operation } from "../../src/node.ts";
import { Dpor } from "../../src/testing/strategies/dpor.ts";
import { runOnce, takeProcessForRuns, type Program, type Verdict } from "../../src/testing/explore/program-run.ts";
import { lanes, must, together, type Lane, type Steps, type Verbs } from "../support/exploring.ts";
import { seedOfRun } from "../support/settle.ts";
import { endOf, endsOf, words, type Action, type Case, type SmallProgram } from "./small-steps.ts";

/** Two to four tasks, one or two channels; no value is sent twice. */
function randomProgram(random: () => number): SmallProgram {
  const below = (count: number): number => Math.floor(random() * count);
  const capacities = Array.from({ length: 1 + below(2) }, () => below(2));
  const taskCount = 2 + below(3);
  let value = 0;
  const one = (): Case => ({ channel: below(capacities.length), value: random() < 0.5 ? ++value : undefined });
  /** Two cases in one line are left out: which of them is first in it is up to chance, and the explorer does not try both. */
  const two = (): Case[] => {
    const first = one();
    const second = one();
    return first.channel === second.channel && (first.value === undefined) === (second.value === undefined) ? two() : [first, second];
  };
  const action = (): Action => {
    const kind = below(12);
    const abortable = random() < 0.5;
    if (kind < 7) return { kind: "wait", cases: [one()], abortable };
    if (kind < 9) return { kind: "wait", cases: two(), abortable };
    if (kind < 10) return { kind: "abort", whom: below(taskCount) };
    return { kind: kind < 11 ? "close" : "cancel", channel: below(capacities.length) };
  };
  const most = taskCount === 4 ? 1 : 2;
  return { capacities, tasks: Array.from({ length: taskCount }, () => Array.from({ length: 1 + below(most) }, action)) };
}

/** What a run of a program has come to. */
class Run {
  readonly channels: readonly Channel<number>[];
  readonly said: string[][];
  readonly waits: boolean[];
  readonly signals: readonly AbortController[];
  readonly sent: number[] = [];
  readonly dropped: number[] = [];
  readonly got: { value: number; by: number; channel: number }[] = [];
  readonly #program: SmallProgram;

  constructor(program: SmallProgram, lane: Lane) {
    this.#program = program;
    const { capacities, tasks } = program;
    this.channels = capacities.map((capacity) => chan<number>({ capacity, onDrop: (value) => this.dropped.push(value) }));
    this.said = tasks.map(() => []);
    this.waits = tasks.map(() => false);
    this.signals = tasks.map(() => new AbortController());
    together(lane, tasks.map((actions, task) => (verbs) => this.#body(verbs, actions, task)), () => undefined);
  }

  *#body({ send, receive, perform }: Verbs, actions: readonly Action[], task: number): Steps {
    for (const action of actions) {
      if (action.kind === "abort") this.signals[action.whom]?.abort(words.aborted);
      else if (action.kind !== "wait") this.#channel(action.channel)[action.kind]();
      else {
        const { cases, abortable } = action;
        const [first] = cases as [Case];
        const signal = abortable ? this.signals[task]?.signal : undefined;
        const ch = this.#channel(first.channel);
        this.waits[task] = true;
        try {
          if (cases.length > 1) {
            const { case: at, value } = yield* perform(selecting(cases.map((one) => this.#operation(one))), signal);
            this.#happened(task, cases, at, value);
          } else if (first.value === undefined) this.#happened(task, cases, 0, yield* receive(ch, signal));
          else this.#happened(task, cases, 0, yield* send(ch, first.value, signal));
        } catch (error) {
          if (error !== words.aborted && !(error instanceof ClosedError)) throw error;
          this.said[task]?.push(error === words.aborted ? words.aborted : words.ended);
        }
        this.waits[task] = false;
      }
    }
  }

  #channel(at: number): Channel<number> {
    return this.channels[at] as Channel<number>;
  }

  #operation({ channel, value }: Case): Operation<unknown> {
    return value === undefined ? this.#channel(channel).receiving() : this.#channel(channel).sending(value);
  }

  #happened(task: number, cases: readonly Case[], at: number, value: unknown): void {
    const { channel, value: sent } = cases[at] as Case;
    if (sent === undefined) this.got.push({ value: value as number, by: task, channel });
    else this.sent.push(sent);
    this.said[task]?.push(sent === undefined ? words.got(at, value as number) : words.sent(at));
  }

  get end(): string {
    return endOf(this.said, this.waits, this.channels.map(({ size }) => size));
  }

  /** What has to hold of every run, whatever the model says. */
  check(): void {
    const arrived = [...this.got.map(({ value }) => value), ...this.dropped];
    const buffered = this.channels.reduce((sum, { size }) => sum + size, 0);
    must(new Set(arrived).size === arrived.length, `twice: ${arrived.join()}`);
    must(arrived.every((value) => this.sent.includes(value)), `sent ${this.sent.join()}, received or dropped ${arrived.join()}`);
    must(arrived.length + buffered === this.sent.length, `sent ${this.sent.join()}, received or dropped ${arrived.join()}, and ${buffered} buffered`);
    this.#program.tasks.forEach((actions, from) => {
      const values = actions.flatMap((action) => (action.kind === "wait" ? action.cases.map(({ value }) => value) : []));
      for (const [by] of this.#program.tasks.entries()) {
        for (const at of this.channels.keys()) {
          const pair = this.got.filter((one) => one.by === by && one.channel === at && values.includes(one.value)).map(({ value }) => value);
          must(pair.every((value, index) => index === 0 || value > (pair[index - 1] as number)), `from ${from} to ${by}: ${pair.join()}`);
        }
      }
    });
    // A wait that has ended is in no line and hears no signal. Waits that go on are left alone: to wake one would be a part of the next run.
    const idle = !this.waits.includes(true);
    must(!idle || this.channels.every(({ senders, receivers }) => senders.empty && receivers.empty), "somebody is left in a line");
    this.signals.forEach(({ signal }, task) => {
      must(this.waits[task] === true || getEventListeners(signal, "abort").length === 0, `a listener is left of ${task}`);
    });
  }
}

describe("laws 1 to 5 and 9, explored: random small programs", () => {
  const programs = 150;
  const bound = 1500;

  it(`laws 1 to 5, 9: ${programs} of them come to the ends of the model, every one and no other, in up to ${bound} schedules (seed ${seedOfRun})`, async function () {
    this.timeout(60_000);
    const giveBack = await takeProcessForRuns("a spec");
    const random = seeded(seedOfRun);
    let [complete, several] = [0, 0];
    try {
      for (let made = 0; made < programs; made++) {
        const seed = Math.floor(random() * 2 ** 31);
        const small = randomProgram(seeded(seed));
        const lane = lanes[made % 3] as Lane;
        const where = `program ${seed}, ${lane}: ${JSON.stringify(small)}`;
        const expected = endsOf(small);
        const found = new Set<string>();
        let run: Run | undefined;
        const program: Program = () => { run = new Run(small, lane); };
        const chooser = new Dpor();
        let runs = 0;
        const next = (): Promise<Verdict | undefined> => runOnce(program, chooser, { maxSteps: 1000, timers: "quiescent", leaks: "ignore", invariant: undefined, seed: 1 });
        for (let verdict = await next(); verdict; verdict = runs < bound ? await next() : undefined) {
          runs++;
          if (verdict.redundant) continue;
          const { end } = run as Run;
          if (verdict.kind !== "ok") expect.fail(`${where}: ${verdict.kind}, ${String(verdict.error)}`);
          if (!expected.has(end)) expect.fail(`${where} ends as ${end}, not as one of ${[...expected].join(" or ")}`);
          try {
            (run as Run).check();
          } catch (error) {
            expect.fail(`${where}: ${String(error)}`);
          }
          found.add(end);
        }
        if (runs < bound) {
          complete++;
          expect([...found].sort(), where).to.deep.equal([...expected].sort());
        }
        several += Number(found.size > 1);
      }
    } finally {
      giveBack();
    }
    expect(complete).to.be.greaterThan(0.9 * programs);
    expect(several).to.be.greaterThan(0.4 * programs); // the order matters
  });
});
