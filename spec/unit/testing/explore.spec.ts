/** Exploring: which faults are found, how they are reported, and that they can be repeated. */
import { expect } from "chai";
import sinon from "sinon";
import {
  chan, go, perform, scope, select, selecting, sleep, sleeping, timeout, type Channel, type Operation,
} from "../../../src/node.ts";
import { explore, ExploreError, replay, shared, type ExploreOptions, type FindingKind, type Program } from "../../../src/testing/index.ts";
import { decode, encode } from "../../../src/testing/strategies/schedule.ts";
import { program as started } from "../../support/program.ts";
import { rejectionOf } from "../../support/settle.ts";

async function finding(program: Program, options?: ExploreOptions): Promise<ExploreError> {
  const error = await rejectionOf(explore(program, options));
  expect(error).to.be.instanceOf(ExploreError);
  return error as ExploreError;
}

/** Programs with a fault that each shows only in some orders, in both lanes. */
const faults: Record<string, { kind: FindingKind; async: Program; generator: Program }> = {
  "a lost update": {
    kind: "exception",
    async: async () => {
      const lock = chan<void>(1);
      let count = 0;
      const increment = async (): Promise<void> => {
        await sleep(1);
        const before = count; // the lock comes too late
        await lock.send();
        count = before + 1;
        await lock.receive();
      };
      const tasks = [go(increment), go(increment)];
      for (const task of tasks) await task;
      if (count !== 2) throw new Error("an update is lost");
    },
    generator: function* () {
      const lock = chan<void>(1);
      let count = 0;
      const increment = function* (): Generator<unknown, void, unknown> {
        yield* sleeping(1);
        const before = count;
        yield* lock.sending(undefined);
        count = before + 1;
        yield* lock.receiving();
      };
      const tasks = [go(increment), go(increment)];
      for (const task of tasks) yield* task.joining();
      if (count !== 2) throw new Error("an update is lost");
    },
  },
  "five philosophers who take the left fork first": {
    kind: "deadlock",
    async: async () => {
      const forks = fiveForks();
      const tasks = forks.map((left, at) => go(async () => {
        const right = forks[(at + 1) % 5] as Channel<void>;
        await left.receive();
        await right.receive();
        await right.send();
        await left.send();
      }));
      for (const task of tasks) await task;
    },
    generator: function* () {
      const forks = fiveForks();
      const tasks = forks.map((left, at) => go(function* () {
        const right = forks[(at + 1) % 5] as Channel<void>;
        yield* left.receiving();
        yield* right.receiving();
        yield* right.sending(undefined);
        yield* left.sending(undefined);
      }));
      for (const task of tasks) yield* task.joining();
    },
  },
  "a select that drops a message": {
    kind: "exception",
    async: async () => {
      const [data, quit] = [chan<number>(1), chan<void>(1)];
      const seen: number[] = [];
      const reader = go(async () => {
        for (;;) {
          const first = await select({ data: data.receiving(), quit: quit.receiving() });
          if (first.case === "quit") return;
          seen.push(first.value);
        }
      });
      await data.send(1);
      await quit.send();
      await reader;
      if (seen.length !== 1) throw new Error("a message was dropped");
    },
    generator: function* () {
      const [data, quit] = [chan<number>(1), chan<void>(1)];
      const seen: number[] = [];
      const reader = go(function* () {
        for (;;) {
          const first = yield* selecting({ data: data.receiving(), quit: quit.receiving() });
          if (first.case === "quit") return;
          seen.push(first.value);
        }
      });
      yield* data.sending(1);
      yield* quit.sending(undefined);
      yield* reader.joining();
      if (seen.length !== 1) throw new Error("a message was dropped");
    },
  },
  "a worker pool that never ends": {
    kind: "leak",
    async: async () => {
      const jobs = chan<number>({ name: "jobs" });
      const results = chan<number>();
      for (let n = 0; n < 2; n++) go(async function worker() { for (;;) await results.send(2 * (await jobs.receive())); });
      for (let n = 0; n < 2; n++) {
        await jobs.send(n);
        await results.receive();
      }
    },
    generator: function* () {
      const jobs = chan<number>({ name: "jobs" });
      const results = chan<number>();
      for (let n = 0; n < 2; n++) go(function* worker() { for (;;) yield* results.sending(2 * (yield* jobs.receiving())); });
      for (let n = 0; n < 2; n++) {
        yield* jobs.sending(n);
        yield* results.receiving();
      }
    },
  },
};

function fiveForks(): Channel<void>[] {
  return Array.from({ length: 5 }, (_, at) => {
    const fork = chan<void>({ capacity: 1, name: `fork ${at}` });
    fork.trySend();
    return fork;
  });
}

describe("explore", () => {
  afterEach(() => { sinon.restore(); });

  for (const [name, { kind, ...lanes }] of Object.entries(faults)) {
    for (const [lane, program] of Object.entries(lanes)) {
      it(`finds ${name} (${lane}) within 100 runs, shrinks it, and replays it (exploration.ts 4, shrinking.ts 1)`, async () => {
        const error = await finding(program, { maxSchedules: 100 });
        expect(error.kind).to.equal(kind);
        expect(error.schedule.length).to.be.lessThan(12);
        const again = await replay(program, error.schedule);
        expect(again.kind).to.equal(kind);
        expect(again.trace).to.deep.equal(error.trace);
        expect(error.message).to.include(`replay(program, "${error.schedule}")`);
        expect(error.diagram()).to.match(/^sequenceDiagram\n {2}participant t0 as main\n/);
      });
    }
  }

  it("reports which task waits for what in a deadlock, by name", async () => {
    const { blocked } = await finding(faults["five philosophers who take the left fork first"]?.async as Program);
    expect(blocked.slice(1)).to.deep.equal(
      [1, 2, 3, 4, 5].map((n) => ({ task: `task-${n}`, operations: [`receive on channel "fork ${n % 5}"`] })),
    );
  });

  it("proves a small program: every order was tried, and each end is counted (exhaustive.ts 2)", async () => {
    const program: Program = async ({ outcome }) => {
      const ch = chan<string>(2);
      go(() => ch.send("a"));
      go(() => ch.send("b"));
      outcome((await ch.receive()) + (await ch.receive()));
    };
    for (const strategy of ["dfs", "dpor"] as const) {
      const { complete, outcomes } = await explore(program, { strategy });
      expect(complete, strategy).to.equal(true);
      expect([...outcomes.keys()].sort(), strategy).to.deep.equal(["ab", "ba"]);
    }
  });

  it("proves that three philosophers who take the lower fork first never block each other", async () => {
    const dine = (at: (n: number) => [number, number]): Program => async () => {
      const forks = Array.from({ length: 3 }, () => chan<void>(1));
      const tasks = forks.map((_, n) => go(async () => {
        const [first, second] = at(n).map((fork) => forks[fork] as Channel<void>) as [Channel<void>, Channel<void>];
        await first.send();
        await second.send();
        await second.receive();
        await first.receive();
      }));
      for (const task of tasks) await task;
    };
    const ordered = dine((n) => [Math.min(n, (n + 1) % 3), Math.max(n, (n + 1) % 3)]);
    const report = await explore(ordered, { strategy: "dpor" });
    expect(report.complete).to.equal(true);
    expect(report.schedules).to.be.above(100);
    expect((await finding(dine((n) => [n, (n + 1) % 3]), { strategy: "dpor" })).kind).to.equal("deadlock");
  });

  it("proves two philosophers whose forks are tasks in the 1,280 orders that differ, each once (chooser.ts 1)", async function () {
    this.timeout(20_000);
    const { complete, schedules, pruned } = await explore(async () => {
      const forks = [0, 1].map(() => ({ taken: chan<void>(), back: chan<void>() }));
      for (const { taken, back } of forks) {
        go(async () => {
          for (let meal = 0; meal < 2; meal++) {
            await taken.receive();
            await back.receive();
          }
        });
      }
      const tasks = [0, 1].map(() => go(async () => {
        for (const { taken } of forks) await taken.send();
        for (const { back } of forks.toReversed()) await back.send();
      }));
      for (const task of tasks) await task;
    }, { strategy: "dpor", maxSchedules: 2000 });
    expect({ complete, schedules, pruned }).to.deep.equal({ complete: true, schedules: 1280, pruned: 0 });
  });

  for (const strategy of ["dfs", "dpor"] as const) {
    it(`calls nothing complete in which two cases of a select waited in one line: ${strategy} (chooser.ts 2)`, async () => {
      const program = (cases: (ch: Channel<number>) => Record<string, Operation<unknown>>): Program => async ({ outcome }) => {
        const ch = chan<number>();
        const sender = go(() => ch.send(1));
        outcome((await select(cases(ch))).case);
        await sender;
      };
      const twice = await explore(program((ch) => ({ a: ch.receiving(), b: ch.receiving() })), { strategy });
      expect(twice.complete).to.equal(false);
      const apart = await explore(program((ch) => ({ a: ch.receiving(), q: chan<number>().sending(2) })), { strategy });
      expect(apart.complete).to.equal(true);
    });
  }

  it("takes fewer runs for the proof when orders of independent steps are one", async function () {
    this.timeout(20_000);
    const program: Program = async () => {
      const pairs = [chan<number>(), chan<number>()];
      const tasks = pairs.flatMap((ch) => [go(() => ch.send(1)), go(() => ch.receive())]);
      for (const task of tasks) await task;
    };
    const every = await explore(program, { strategy: "dfs", maxSchedules: 100_000 });
    const some = await explore(program, { strategy: "dpor" });
    expect(every.complete && some.complete).to.equal(true);
    expect(some.schedules).to.be.lessThan(every.schedules / 10);
  });

  it("reports a task that waits for something that is not under control, by name", async () => {
    const { kind, message } = await finding(() => {
      go(async function usesRealTimer() { await new Promise((resolve) => { setImmediate(resolve); }); });
    });
    expect(kind).to.equal("uncontrolled");
    expect(message).to.include('"usesRealTimer" awaits something outside of the library');
  });

  it("reports a program that is not the same twice (exploration.ts 2)", async () => {
    let runs = 0;
    const { kind } = await finding(async () => {
      if (runs++ % 2 === 1) await chan(1).send(1);
    });
    expect(kind).to.equal("nondeterministic");
  });

  const firsts: Record<string, string> = {
    "a task that nobody awaits": "() => { go(async () => {}); }",
    "a handover": "async () => { const ch = chan(); go(async () => { await ch.send(1); }); await ch.receive(); }",
    "generator tasks": "function* () { const ch = chan(); go(function* () { yield* ch.sending(1); }); yield* ch.receiving(); }",
    "a scope": "async () => { await scope(async (s) => { s.go(async () => {}); }); }",
    "many microtasks": "async () => { for (let n = 0; n < 100; n++) await null; go(() => {}); }",
    "a store of the user's": "() => new AsyncLocalStorage().run(1, async () => { await null; go(async () => {}); })",
  };
  for (const [what, text] of Object.entries(firsts)) {
    it(`takes no program for another at its second run, in the first exploration of a process, at its top level: ${what} (exploration.ts 1)`, () => {
      expect(started(`import { AsyncLocalStorage } from "node:async_hooks";
        import { explore } from "rendezvous/testing";
        import { chan, go, scope } from "rendezvous";
        console.log((await explore(${text}, { strategy: "dpor" })).complete);`)).to.deep.equal({ code: 0, errors: "", output: "true\n" });
    });
  }

  it("reports a run without an end", async () => {
    const { kind } = await finding(async () => { for (;;) await chan(1).send(1); }, { maxSteps: 100 });
    expect(kind).to.equal("livelock");
  });

  it("checks an invariant before the first step and after each", async () => {
    let balance = 0;
    const { kind, cause } = await finding(async () => {
      balance = 1;
      await chan(1).send(1);
      balance = 0;
    }, { invariant: () => { if (balance !== 0) throw new Error("out of balance"); } });
    expect(kind).to.equal("exception");
    expect((cause as Error).message).to.equal("out of balance");
  });

  it("keeps time virtual: sleeps take none, and Date and Math.random are the same in every run", async () => {
    const { outcomes } = await explore(async ({ outcome, random }) => {
      const before = Date.now();
      await sleep(86_400_000);
      outcome(`${Date.now() - before} ${new Date(before).toISOString()} ${random()}`);
    }, { maxSchedules: 3 });
    expect(outcomes.size).to.equal(1);
    expect([...outcomes.keys()][0]).to.match(/^86400000 2000-01-01T00:00:00.000Z /);
  });

  it("lets a timer be early when it is asked to race", async () => {
    const program: Program = async ({ outcome }) => {
      const ch = chan<number>();
      go(async () => {
        await chan(1).send(1);
        await ch.send(1).catch(() => undefined);
      });
      outcome((await select({ value: ch.receiving(), late: sleeping(10) })).case);
    };
    for (const strategy of ["dfs", "dpor"] as const) {
      const ends = async (timers: "quiescent" | "race"): Promise<string[]> =>
        [...(await explore(program, { timers, leaks: "ignore", strategy, maxSchedules: 10_000 })).outcomes.keys()].sort();
      expect(await ends("quiescent"), strategy).to.deep.equal(["value"]);
      expect(await ends("race"), strategy).to.deep.equal(["late", "value"]);
    }
  });

  it("explores scopes, cancels and time limits: a value is handed over or not, never both", async () => {
    const { complete, outcomes } = await explore(async ({ outcome }) => {
      const ch = chan<number>();
      let sent = "pending";
      const got = await scope(async (s) => {
        const child = s.go(async () => { await ch.send(1).then(() => { sent = "sent"; }, (error: unknown) => { sent = (error as Error).name; throw error; }); });
        s.go(() => { child.cancel(); });
        return timeout(5, () => ch.receive()).catch((error: unknown) => (error as Error).name);
      });
      outcome(`${sent} ${got}`);
    }, { strategy: "dpor", maxSchedules: 20_000 });
    expect(complete).to.equal(true);
    expect([...outcomes.keys()].sort()).to.include("sent 1");
    for (const end of outcomes.keys()) expect(end).to.match(/^(sent 1|(pending|CancelledError) TimeoutError)$/);
  });

  it("chooses among values, explores each, and counts as many outcomes as schedules (exhaustive.ts 1)", async () => {
    const { schedules, outcomes } = await explore(({ choose, outcome }) => { outcome(String(choose(1, 2, 3))); }, { strategy: "dfs" });
    expect(schedules).to.equal(3);
    expect(Object.fromEntries(outcomes)).to.deep.equal({ 1: 1, 2: 1, 3: 1 });
  });

  it("sees shared objects with dpor", async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const count = shared({ n: 0 });
      const add = async (): Promise<void> => {
        const { n } = count;
        await chan(1).send(1);
        count.n = n + 1;
      };
      const tasks = [go(add), go(add)];
      for (const task of tasks) await task;
      outcome(String(count.n));
    }, { strategy: "dpor" });
    expect([...outcomes.keys()].sort()).to.deep.equal(["1", "2"]);
  });

  it("does nothing but the replay that RENDEZVOUS_REPLAY asks for, with the seed of RENDEZVOUS_SEED", async () => {
    const program = faults["a lost update"]?.async as Program;
    const { schedule } = await finding(program);
    const before = { ...process.env };
    Object.assign(process.env, { RENDEZVOUS_REPLAY: schedule, RENDEZVOUS_SEED: "7" });
    const error = await finding(program).finally(() => {
      for (const name of ["RENDEZVOUS_REPLAY", "RENDEZVOUS_SEED"]) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
    });
    expect(error.schedule.length).to.be.at.most(schedule.length);
    expect(error.seed).to.equal(7);
    expect(error.message).to.include("in run 1 of seed 7");
  });

  it("refuses a fake clock, an exploration inside another, and options that are none", async () => {
    sinon.useFakeTimers();
    expect(String(await rejectionOf(explore(() => undefined)))).to.include("a fake clock is installed");
    sinon.restore();
    const { cause } = await finding(async () => { await explore(() => undefined); });
    expect(String(cause)).to.include("does not work inside");
    expect(await rejectionOf(explore(() => undefined, { strategy: "luck" as never }))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(explore(() => undefined, { maxSchedules: 0 }))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(replay(() => undefined, "?"))).to.be.instanceOf(TypeError);
  });

  it("leaves the process as it was", async () => {
    const state = (): unknown[] =>
      [Date, Math.random, Reflect.get(performance, "now"), Reflect.get(AbortController.prototype, "abort"), process.listenerCount("unhandledRejection")];
    const before = state();
    await rejectionOf(explore(() => { throw new Error("fails"); }));
    expect(state()).to.deep.equal(before);
    expect(await perform(sleeping(0))).to.equal(undefined);
  });

  it("writes a schedule as a string and reads it back", () => {
    for (const choices of [[], [1], [0, 0, 35, 36, 1000, 2]]) expect(decode(encode(choices))).to.deep.equal(choices.length > 0 ? choices : [0]);
    expect(encode([0, 2, 0, 0])).to.equal("02");
  });
});
