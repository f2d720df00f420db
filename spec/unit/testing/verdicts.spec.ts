/** What `explore` may be believed: no false end, no false proof, timers that race, and nothing blamed on a program that an earlier one has left. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  chan, checkpoint, DeadlockError, go, operation, perform, select, sleep, sleeping, ticker, timeout, type Operation,
} from "../../../src/node.ts";
import { bubble, explore, ExploreError, replay, type ExploreOptions, type Program, type Strategy } from "../../../src/testing/index.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

const strategies: readonly Strategy[] = ["auto", "random", "pct", "dfs", "dpor"];

async function finding(program: Program, options?: ExploreOptions): Promise<ExploreError> {
  const error = await rejectionOf(explore(program, options));
  expect(error).to.be.instanceOf(ExploreError);
  return error as ExploreError;
}

describe("EX-02 no end", () => {
  const loops: Record<string, Program> = {
    "by checkpoint": async () => {
      let stopped = false;
      const loop = go(async () => { while (!stopped) await checkpoint(); });
      await sleep(10);
      stopped = true;
      await loop;
    },
    "by a case that is always ready": async () => {
      const [stop, work] = [chan<void>(), chan<number>(1)];
      const loop = go(async () => {
        for (;;) {
          const first = await select({ put: work.sending(1), take: work.receiving(), stop: stop.receiving() });
          if (first.case === "stop") return;
        }
      });
      await chan(1).send(1);
      await stop.send();
      await loop;
    },
    "by a ticker": async () => {
      const stop = chan<void>();
      const clock = ticker(1);
      const loop = go(async () => {
        for (;;) {
          const first = await select({ tick: clock.receiving(), stop: stop.receiving() });
          if (first.case === "stop") return;
        }
      });
      await sleep(5);
      await stop.send();
      await loop;
      clock.stop();
    },
    "by handovers": async () => {
      const ch = chan<number>();
      let stopped = false;
      const tasks = [
        go(async () => {
          while (!stopped) await ch.send(1);
          ch.close();
        }),
        go(async () => { for await (const _ of ch); }),
      ];
      await sleep(3);
      stopped = true;
      for (const task of tasks) await task;
    },
  };
  for (const [how, program] of Object.entries(loops)) {
    it(`is not said of a loop that runs until it is told to stop: ${how} (program-run.ts 2)`, async function () {
      this.timeout(60_000);
      for (const strategy of strategies) {
        for (let seed = 1; seed <= 5; seed++) await explore(program, { strategy, seed, maxSchedules: 20, maxSteps: 1000 });
      }
      for (const strategy of ["auto", "random"] as const) await explore(program, { strategy, timers: "race", maxSchedules: 50, maxSteps: 1000 });
    });
  }

  const endless: Program = async () => { for (;;) await chan(1).send(1); };

  it("is said of what does not end in a fair order, either; or it is ignored, and nothing is complete (agenda.ts 2)", async () => {
    expect((await finding(endless, { maxSteps: 100 })).kind).to.equal("livelock");
    const { complete } = await explore(endless, { maxSteps: 100, endless: "ignore", maxSchedules: 20 });
    expect(complete).to.equal(false);
  });

  it("and maxMs bound everything, a single run and shrinking too (shrinking.ts 2)", async () => {
    expect((await explore(endless, { maxSteps: Infinity, maxMs: 50 })).complete).to.equal(false);
    let runs = 0;
    const { kind } = await finding(async ({ choose }) => {
      runs++;
      await chan(1).send(choose(1, 2, 3, 4));
      throw new Error("always");
    }, { maxMs: 0 });
    expect({ kind, runs }).to.deep.equal({ kind: "exception", runs: 1 });
  });

  it("prints no schedule of more than 200 choices, and keeps it in the file that RENDEZVOUS_SCHEDULE_FILE names", async () => {
    const program: Program = async ({ choose }) => {
      let sum = 0;
      for (let n = 0; n < 300; n++) sum += choose(0, 1);
      await chan(1).send(sum);
      if (sum > 100) throw new Error("more than a hundred");
    };
    const { schedule, message } = await finding(program, { strategy: "random", maxMs: 1 + 1000 });
    expect(schedule.length).to.be.above(200);
    expect(message).to.include("replay(program, error.schedule), which has").and.not.to.include(schedule);
    expect((await replay(program, schedule)).kind).to.equal("exception");
    const folder = mkdtempSync(join(tmpdir(), "schedule-"));
    try {
      process.env["RENDEZVOUS_SCHEDULE_FILE"] = join(folder, "schedule");
      const kept = await finding(program, { strategy: "random" });
      expect(readFileSync(join(folder, "schedule"), "utf8")).to.equal(kept.schedule);
      expect(kept.message).to.include(join(folder, "schedule"));
    } finally {
      Reflect.deleteProperty(process.env, "RENDEZVOUS_SCHEDULE_FILE");
      rmSync(folder, { recursive: true });
    }
  });
});

describe("EX-03 proofs", () => {
  it("draw random numbers for each task by itself, whatever the others draw", async () => {
    const ends = new Set<string>();
    await explore(async ({ random }) => {
      const drawn: [string, string] = ["", ""];
      const draw = (index: 0 | 1) => async (): Promise<void> => {
        for (let n = 0; n < 2; n++) {
          await chan(1).send(1);
          drawn[index] += ` ${index === 0 ? random() : Math.random()}`;
        }
      };
      const tasks = [go(draw(0)), go(draw(1))];
      for (const task of tasks) await task;
      ends.add(drawn.join());
    }, { strategy: "dfs", maxSchedules: 200 });
    expect(ends.size).to.equal(1);
  });

  it("are cross-checked: what tasks share unseen is told, and nothing is complete (exploration.ts 3)", async () => {
    const program: Program = async () => {
      let last = "";
      const write = (name: string) => async (): Promise<void> => {
        await chan(1).send(1);
        last = name;
      };
      const tasks = ["a", "b"].map((name) => go(write(name)));
      for (const task of tasks) await task;
      if (last === "a") throw new Error("a was last");
    };
    for (const strategy of ["dpor", "auto"] as const) {
      const { message, kind } = await finding(program, { strategy });
      expect(kind).to.equal("exception");
      if (strategy === "dpor") expect(message).to.include("make it shared(object)");
    }
  });

  it("say what they assume", async () => {
    const program: Program = async () => { await sleep(1); };
    expect((await explore(program)).assumed).to.deep.equal(["timers: quiescent"]);
    expect((await explore(program, { strategy: "dpor" })).assumed).to.deep.equal(["timers: quiescent"]);
    expect((await explore(program, { strategy: "dpor", timers: "race" })).assumed).to.deep.equal([]);
  });
});

describe("EX-04 timers that race", () => {
  const late: Program = async () => {
    const answers = chan<string>();
    go(async () => {
      await chan(1).send(1);
      await answers.send("answer"); // nobody receives it if time is up
    });
    await select({ answer: answers.receiving(), late: sleeping(100) });
  };

  it("are tried by default, and the schedule says so", async () => {
    const { kind, schedule } = await finding(late);
    expect(kind).to.equal("leak");
    expect(schedule).to.match(/^@/);
    expect((await replay(late, schedule)).kind).to.equal("leak");
    expect((await explore(late, { strategy: "dpor" })).complete).to.equal(true);
  });

  it("are tried a hundred times before anything with a timer is called proven by default, whatever proves it", async () => {
    const { complete, schedules } = await explore(async () => { await sleep(1); });
    expect(complete).to.equal(true);
    expect(schedules).to.be.at.least(100);
  });

  it("go on after main's end: only who waits for no timer is a leak (program-run.ts 1)", async () => {
    const program: Program = () => { go(async () => { await sleep(10); }); };
    expect((await finding(program)).kind).to.equal("leak");
    await explore(program, { strategy: "random", timers: "race", maxSchedules: 20 });
    expect((await finding(() => { go(() => chan().receive()); }, { timers: "race" })).kind).to.equal("leak");
  });

  it("do not make a program fail by its own time limit, unless races are asked for", async () => {
    const program: Program = async () => {
      const ch = chan<number>();
      go(() => ch.send(1));
      await timeout(1000, () => ch.receive(), { fallback: undefined });
      await timeout(1000, () => chan(1).send(1));
    };
    await explore(program, { leaks: "ignore" });
  });

  it("do not make a ticker an end that never comes", async () => {
    const program: Program = async () => {
      using clock = ticker(10);
      const ch = chan<number>();
      const tasks = [go(() => ch.send(1)), go(() => ch.receive())];
      for (const task of tasks) await task;
      await clock.receive();
    };
    for (const strategy of strategies) await explore(program, { strategy, timers: "race", maxSchedules: 50, maxSteps: 2000 });
  });
});

describe("EX-05 a deadlock beside a live ticker", () => {
  const stuck = async (): Promise<void> => {
    const clock = ticker(1);
    await clock.receive();
    await chan<void>({ name: "nobody" }).receive();
  };

  it("is a deadlock, for explore and in a bubble", async () => {
    expect((await finding(stuck)).kind).to.equal("deadlock");
    const error = await rejectionOf(bubble(stuck));
    expect(error).to.be.instanceOf(DeadlockError);
    expect(String(error)).to.include('receive on channel "nobody"');
  });

  it("and hours beside an idle one are no steps (agenda.ts 3)", async () => {
    const program = async (): Promise<void> => {
      using clock = ticker(1);
      await sleep(3_600_000);
      if ((await clock.receive()) < 1) throw new Error("no tick");
    };
    await explore(program, { maxSchedules: 5, maxSteps: 100 });
    await bubble(program);
  });
});

describe("EX-07 an operation of one's own", () => {
  class Lock {
    #held = false;
    readonly #line: (() => void)[] = [];
    readonly acquiring: Operation<void> = operation({
      name: 'lock "printer"',
      resumed: "by tasks",
      poll: () => {
        if (this.#held) return undefined;
        this.#held = true;
        return () => undefined;
      },
      wait: (resume) => {
        const go = (): void => { resume(() => undefined); };
        this.#line.push(go);
        return () => { this.#line.splice(this.#line.indexOf(go), 1); };
      },
    });

    release(): void {
      const next = this.#line.shift();
      if (next) next();
      else this.#held = false;
    }
  }

  it("that is resumed by tasks is under control: a deadlock in it is one, by name", async () => {
    const program: Program = async () => {
      const lock = new Lock();
      await perform(lock.acquiring);
      await perform(lock.acquiring);
    };
    const { kind, blocked } = await finding(program);
    expect(kind).to.equal("deadlock");
    expect(blocked).to.deep.equal([{ task: "main", operations: ['lock "printer"'] }]);
  });

  it("that is used right raises no alarm", async () => {
    await explore(async () => {
      const lock = new Lock();
      let inside = 0;
      const worker = async (): Promise<void> => {
        await perform(lock.acquiring);
        if (++inside > 1) throw new Error("two at once");
        await chan(1).send(1);
        inside--;
        lock.release();
      };
      const tasks = [go(worker), go(worker), go(worker)];
      for (const task of tasks) await task;
    }, { maxSchedules: 300 });
  });
});

describe("EX-09 what an earlier program has left", () => {
  it("is not blamed on the one that is explored", async () => {
    const [gate, never] = [chan<void>(), chan<void>({ name: "left from before" })];
    const before = go(async () => {
      await gate.receive();
      for (let n = 0; n < 50; n++) await null;
      await never.receive();
    });
    await settle();
    gate.trySend();
    await explore(async () => { await chan(1).send(1); }, { maxSchedules: 5 });
    gate.close();
    never.trySend();
    await before;
  });

  it("nor is a task that a real timer wakes meanwhile", async () => {
    const slept = chan<string>();
    const before = go(async () => {
      await sleep(1);
      await chan(1).send(1);
      go(() => slept.send("slept"));
    });
    await explore(async () => {
      const ch = chan<number>();
      const tasks = [go(() => ch.send(1)), go(() => ch.receive())];
      for (const task of tasks) await task;
    }, { strategy: "random", maxSchedules: Infinity, maxMs: 30 });
    await before;
    expect(await slept.receive()).to.equal("slept");
  });
});

describe("EX-09 a rejection in the middle of an exploration", () => {
  /** What is heard as unhandled while a program is explored, and right after it. */
  async function heardDuring(exploration: () => Promise<unknown>): Promise<unknown[]> {
    const heard: unknown[] = [];
    const before = process.rawListeners("unhandledRejection") as NodeJS.UnhandledRejectionListener[];
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (reason) => { heard.push(reason); });
    try {
      await exploration();
      await settle();
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of before) process.on("unhandledRejection", listener);
    }
    return heard;
  }

  it("of an earlier task is not blamed on the program, and is heard when the exploration is over", async () => {
    const gate = chan<void>();
    const failure = new Error("left from before");
    let [runs, failedIn] = [0, 0];
    const before = go(async () => {
      await gate.receive();
      failedIn = runs;
      throw failure;
    });
    await settle();
    let turns = 8;
    const tick = (): void => {
      if (--turns > 0) setImmediate(tick);
      else gate.trySend();
    };
    expect(await heardDuring(async () => {
      setImmediate(tick);
      await explore(async () => {
        runs++;
        const ch = chan<number>();
        const tasks = [go(() => ch.send(1)), go(() => ch.receive())];
        for (const task of tasks) await task;
      }, { strategy: "random", maxSchedules: 20 });
    })).to.deep.equal([failure]);
    expect(before.state).to.equal("failed");
    expect(failedIn).to.be.above(1).and.below(20);
  });

  it("of a task of the program itself is its own, whatever is alive beside it", async () => {
    const gate = chan<void>();
    const before = go(() => gate.next());
    await settle();
    const error = await finding(() => { go(() => { throw new Error("its own"); }); });
    expect(String(error.cause)).to.equal("Error: its own");
    gate.close();
    await before;
  });
});

describe("EX-10 the defaults", () => {
  it("prove small programs", async () => {
    const { complete, schedules } = await explore(async () => {
      const ch = chan<number>();
      const tasks = [go(() => ch.send(1)), go(() => ch.send(2)), go(async () => (await ch.receive()) + (await ch.receive()))];
      for (const task of tasks) await task;
    });
    expect(complete).to.equal(true);
    expect(schedules).to.be.at.most(250);
  });
});
