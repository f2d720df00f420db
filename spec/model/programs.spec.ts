/** Random programs of several tasks over several channels: every sent value is received exactly once, whatever else happens. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import fc from "fast-check";
import sinon from "sinon";
import { seedChoices } from "../../src/platform/random.ts";
import {
  aborting, chan, go, select, selecting, settling, type Channel, type Operation, type Task,
} from "../../src/index.ts";
import { seedOfRun, settle } from "../support/settle.ts";

interface Step {
  kind: "send" | "receive" | "next" | "trySend" | "tryReceive" | "select" | "close" | "cancel" | "abort" | "pause";
  channel: number;
  cases: { kind: "send" | "receive" | "next"; channel: number }[];
  /** Whom to abort. */
  whom: number;
  /** Whether the wait can be aborted. */
  abortable: boolean;
  listed: boolean;
  /** How many microtasks to let pass before. */
  jitter: number;
}

interface Program {
  seed: number;
  channels: { capacity: number; overflow: "wait" | "drop-newest" | "drop-oldest" }[];
  tasks: { lane: "async" | "generator"; steps: Step[] }[];
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("send" as const, "receive" as const, "select" as const) },
    { weight: 3, arbitrary: fc.constantFrom("next" as const, "trySend" as const, "tryReceive" as const, "abort" as const, "pause" as const) },
    { weight: 1, arbitrary: fc.constantFrom("pause" as const, "close" as const, "cancel" as const) },
  ),
  channel: fc.nat(3),
  cases: fc.array(fc.record({ kind: fc.constantFrom("send" as const, "receive" as const, "next" as const), channel: fc.nat(3) }), { minLength: 1, maxLength: 4 }),
  whom: fc.nat(7),
  abortable: fc.boolean(),
  listed: fc.boolean(),
  jitter: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
});

const program: fc.Arbitrary<Program> = fc.record({
  seed: fc.integer(),
  channels: fc.array(
    fc.record({
      capacity: fc.nat(3),
      overflow: fc.oneof({ weight: 4, arbitrary: fc.constant("wait" as const) }, { weight: 1, arbitrary: fc.constantFrom("drop-newest" as const, "drop-oldest" as const) }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  tasks: fc.array(fc.record({ lane: fc.constantFrom("async" as const, "generator" as const), steps: fc.array(step, { maxLength: 12 }) }), { minLength: 1, maxLength: 7 }),
});

/** Something to wait for, in both lanes. */
interface Action {
  start(): Promise<unknown>;
  operation: Operation<unknown>;
}
type Outcome = { value: unknown } | { error: unknown };

interface Taken { value: number; by: number; channel: number }

interface Report {
  trace: string[];
  accepted: number[];
  refused: number[];
  taken: Taken[];
  dropped: number[];
  /** What is left waiting anywhere. */
  left: number;
}

const fromTask = (value: number): number => Math.floor(value / 10_000);

async function execute({ seed, channels: made, tasks }: Program): Promise<Report> {
  seedChoices(seed);
  const report: Report = { trace: [], accepted: [], refused: [], taken: [], dropped: [], left: 0 };
  const channels = made.map(({ capacity, overflow }) => chan<number>({ capacity, overflow, onDrop: (value) => report.dropped.push(value) }));
  const signals: AbortController[] = tasks.map(() => new AbortController());
  const allSignals = new Set(signals);
  const at = (index: number): Channel<number> => channels[index % channels.length] as Channel<number>;

  function* script(id: number, steps: Step[]): Generator<Action, void, Outcome> {
    const note = (what: string): void => { report.trace.push(`${String(id)}: ${what}`); };
    const take = (value: number, channel: number): void => {
      report.taken.push({ value, by: id, channel: channel % channels.length });
      note(`got ${String(value)}`);
    };
    const keep = (sent: boolean, value: number): void => {
      (sent ? report.accepted : report.refused).push(value);
      note(`${sent ? "sent" : "kept"} ${String(value)}`);
    };
    for (const [index, { kind, channel, cases, whom, abortable, listed, jitter }] of steps.entries()) {
      const ch = at(channel);
      const value = id * 10_000 + index * 10;
      const signal = abortable ? (signals[id] as AbortController).signal : undefined;
      const action = (operation: Operation<unknown>, start: () => Promise<unknown>): Action => ({
        start,
        operation: signal === undefined ? operation : selecting([operation, aborting(signal)]).map((selected) => selected.value),
      });
      if (jitter > 0) {
        const hops = async (): Promise<void> => { for (let hop = 0; hop < jitter; hop++) await null; };
        yield { start: hops, get operation() { return settling(hops()); } };
      }
      switch (kind) {
        case "send": {
          const outcome = yield action(ch.sending(value), () => ch.send(value, { signal }));
          keep("value" in outcome, value);
          break;
        }
        case "receive": {
          const outcome = yield action(ch.receiving(), () => ch.receive({ signal }));
          if ("value" in outcome) take(outcome.value as number, channel);
          else note("got nothing");
          break;
        }
        case "next": {
          const outcome = yield action(ch.nexting(), () => ch.next({ signal }));
          const result = "value" in outcome ? (outcome.value as IteratorResult<number, undefined>) : undefined;
          if (result?.done === false) take(result.value, channel);
          else note("got no next");
          break;
        }
        case "trySend":
          try {
            keep(ch.trySend(value), value);
          } catch {
            keep(false, value);
          }
          break;
        case "tryReceive": {
          const result = ch.tryReceive();
          if (result?.done === false) take(result.value, channel);
          break;
        }
        case "select": {
          const operations = cases.map((one, place) => {
            const to = at(one.channel);
            return one.kind === "send" ? to.sending(value + place) : one.kind === "receive" ? to.receiving() : to.nexting();
          });
          const order = listed ? "listed" : "random";
          const outcome = yield action(selecting(operations, { order }), () => select(operations, { order, signal }));
          const selected = "value" in outcome ? (outcome.value as { case: number; value: unknown }) : undefined;
          for (const [place, one] of cases.entries()) {
            const won = selected?.case === place;
            if (one.kind === "send") keep(won, value + place);
            else if (won && one.kind === "receive") take(selected.value as number, one.channel);
            else if (won) {
              const result = selected.value as IteratorResult<number, undefined>;
              if (result.done !== true) take(result.value, one.channel);
            }
          }
          break;
        }
        case "close": note(`closes ${String(ch.close())}`); break;
        case "cancel": note(`cancels ${String(ch.cancel())}`); break;
        case "abort": {
          const aborted = whom % tasks.length;
          const giving = signals[aborted] as AbortController;
          signals[aborted] = new AbortController();
          allSignals.add(signals[aborted]);
          giving.abort("given up");
          note(`aborts ${String(aborted)}`);
          break;
        }
        case "pause": break;
      }
    }
  }

  const running: Task<void>[] = tasks.map(({ lane, steps }, id) => {
    const acting = script(id, steps);
    if (lane === "async") {
      return go(async () => {
        for (let next = acting.next(); next.done !== true; ) {
          let outcome: Outcome;
          try {
            outcome = { value: await next.value.start() };
          } catch (error) {
            outcome = { error };
          }
          next = acting.next(outcome);
        }
      });
    }
    return go(function* () {
      for (let next = acting.next(); next.done !== true; ) {
        let outcome: Outcome;
        try {
          outcome = { value: yield* next.value.operation };
        } catch (error) {
          outcome = { error };
        }
        next = acting.next(outcome);
      }
    });
  });

  // Let every task go as far as possible, then end all channels and take the values that are left, until every task has ended.
  await settle();
  for (const ch of channels) ch.close();
  for (let rounds = 0; rounds < 200; rounds++) {
    channels.forEach((ch, channel) => {
      for (let result = ch.tryReceive(); result?.done === false; result = ch.tryReceive()) report.taken.push({ value: result.value, by: -1, channel });
    });
    await settle();
    if (running.every((task) => task.state === "done")) break;
  }
  for (const task of running) {
    if (task.state === "failed") await task;
    if (task.state !== "done") report.left++;
  }
  for (const ch of channels) report.left += Number(ch.senders.first !== undefined) + Number(ch.receivers.first !== undefined) + ch.size;
  for (const giving of allSignals) report.left += getEventListeners(giving.signal, "abort").length;
  return report;
}

const sorted = (values: number[]): number[] => values.toSorted((one, other) => one - other);

function check({ accepted, refused, taken, dropped, left }: Report): void {
  expect(left, "who is left waiting").to.equal(0);
  expect(sorted([...taken.map(({ value }) => value), ...dropped]), "received or dropped, once").to.deep.equal(sorted(accepted));
  expect(refused.filter((value) => accepted.includes(value)), "both refused and accepted").to.deep.equal([]);
  const last = new Map<string, number>();
  for (const { value, by, channel } of taken) {
    const pair = `from ${String(fromTask(value))} to ${String(by)} by channel ${String(channel)}`;
    expect(value, pair).to.be.greaterThan(last.get(pair) ?? -1);
    last.set(pair, value);
  }
}

describe("random programs", () => {
  // The budget of a turn depends on the time that passes; with a clock in place it is off, and the trace depends on the seed alone.
  beforeEach(() => { sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }); });
  afterEach(() => { sinon.restore(); });

  it("every accepted value is received or dropped exactly once, in order, and no task is left waiting", async function () {
    this.timeout(60_000);
    let values = 0;
    await fc.assert(
      fc.asyncProperty(program, async (made) => {
        const report = await execute(made);
        check(report);
        values += report.taken.length;
      }),
      { seed: seedOfRun, numRuns: 500 },
    );
    expect(values).to.be.greaterThan(1000); // they do talk
  });

  it("the same seed gives the same trace", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(program, async (made) => {
        const first = await execute(made);
        const second = await execute(made);
        expect(second.trace).to.deep.equal(first.trace);
        expect(second.taken).to.deep.equal(first.taken);
      }),
      { seed: seedOfRun + 1, numRuns: 200 },
    );
  });

  it("another seed of the choices gives another trace of a program that chooses", async () => {
    const traces = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5]) {
      const cases = [0, 1, 2].map((channel) => ({ kind: "send" as const, channel }));
      const choosing = { kind: "select" as const, channel: 0, cases, whom: 0, abortable: false, listed: false, jitter: 0 };
      const made: Program = {
        seed,
        channels: [0, 1, 2].map(() => ({ capacity: 3, overflow: "wait" })),
        tasks: [{ lane: "async", steps: [1, 2, 3, 4, 5].map(() => choosing) }],
      };
      traces.add((await execute(made)).trace.join());
    }
    expect(traces.size).to.be.greaterThan(1);
  });

  it("without a clock in place the invariants hold, too", async function () {
    this.timeout(60_000);
    sinon.restore();
    await fc.assert(fc.asyncProperty(program, async (made) => { check(await execute(made)); }), { seed: seedOfRun + 2, numRuns: 100 });
  });
});
