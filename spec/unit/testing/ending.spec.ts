/** A program under control that does not end by itself: its remaining tasks are cancelled, so that its clean-up runs and nothing of it stays. */
import { expect } from "chai";
import { chan, checkpoint, go, scope, shield, sleep, sleeping, suppressedOf, CancelledError, DeadlockError, TimeoutError } from "../../../src/node.ts";
import { blockedTasks, bubble, explore, ExploreError, LeakError, replay, type ExploreOptions } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";

/** The resources in use, as a stub or a socket would be, and the released ones. */
class Resources {
  readonly log: string[] = [];
  open = 0;

  use(name: string): () => void {
    this.open++;
    return () => {
      this.open--;
      this.log.push(name);
    };
  }
}

/** Programs that hold resources in every possible way, and wait for something that never happens. Each rejects in a bubble and in explore. */
const waiting: Record<string, (resources: Resources) => () => unknown> = {
  "a free async task": (resources) => async () => {
    const release = resources.use("finally");
    try {
      await chan().receive();
    } finally {
      release();
    }
  },
  "a free generator task": (resources) => function* () {
    const release = resources.use("finally");
    try {
      yield* chan().receiving();
    } finally {
      release();
    }
  },
  "a scope with s.defer, its body and its children in both lanes": (resources) => () => scope(async (s) => {
    s.defer(resources.use("defer"));
    s.go(async () => {
      const release = resources.use("child");
      await chan().send(1).finally(release);
    });
    s.go(function* () {
      const release = resources.use("generator");
      try {
        yield* chan().receiving();
      } finally {
        release();
      }
    });
    await chan().next().finally(resources.use("body"));
  }),
  "tasks of tasks that join each other": (resources) => async () => {
    const inner = go(async () => { await chan().receive().finally(resources.use("inner")); });
    await inner.join().finally(resources.use("outer"));
  },
  "who waits on in a clean-up that is shielded": (resources) => async () => {
    const release = resources.use("after a second");
    try {
      await chan().receive();
    } finally {
      await shield(() => sleep(1000));
      release();
    }
  },
  "who waits in a shield": (resources) => () => shield(async () => { await chan().receive().finally(resources.use("shield")); }),
  "who catches the cancel once, and waits again": (resources) => async () => {
    const release = resources.use("at last");
    const first: unknown = await chan().receive().catch((error: unknown) => error);
    const again: unknown = await chan(1).send(1).catch((error: unknown) => error); // there is room, but it is refused
    release();
    if (!(first instanceof CancelledError) || again !== first) throw new Error("another error");
    await chan().receive();
  },
};

describe("FA-10 the end of a program under control", () => {
  let before: Set<number>;
  beforeEach(() => { before = new Set(blockedTasks().map(({ id }) => id)); });
  afterEach(() => { expect(blockedTasks().filter(({ id }) => !before.has(id))).to.deep.equal([]); });

  for (const [name, make] of Object.entries(waiting)) {
    it(`FA-10 a bubble that ends in a deadlock: clean-up of ${name} has run when it rejects`, async () => {
      const resources = new Resources();
      const error = await rejectionOf(bubble(make(resources)));
      expect(error).to.be.instanceOf(DeadlockError);
      expect(suppressedOf(error)).to.deep.equal([]);
      expect(resources.open).to.equal(0);
      expect(resources.log).to.not.have.length(0);
    });

    it(`FA-10 a bubble that ends with a leak: clean-up of ${name} has run when it rejects`, async () => {
      const resources = new Resources();
      const error = await rejectionOf(bubble(() => { go(make(resources)); }));
      expect(error).to.be.instanceOf(LeakError);
      expect(resources.open).to.equal(0);
    });

    it(`FA-10 explore that finds a deadlock: clean-up of ${name} has run when it rejects (scheduler/ending.ts 1)`, async () => {
      const resources = new Resources();
      const error = await rejectionOf(explore(make(resources)));
      expect(error).to.be.instanceOf(ExploreError).with.property("kind", "deadlock");
      expect(resources.open).to.equal(0);
      expect((error as ExploreError).trace.join()).to.not.match(/shield.*sleep|cancel/);
    });

    for (const leaks of ["fail", "ignore"] as const) {
      it(`FA-10 explore, leaks: "${leaks}": clean-up of ${name} has run in every run`, async () => {
        const resources = new Resources();
        const program = (): void => {
          if (resources.open > 0) throw new Error("something is left of the run before");
          go(make(resources));
          go(make(resources));
        };
        const outcome: unknown = await explore(program, { leaks, maxSchedules: 20 }).catch((error: unknown) => error);
        if (leaks === "fail") expect(outcome).to.be.instanceOf(ExploreError).with.property("kind", "leak");
        else expect(outcome).to.have.property("schedules").that.is.greaterThan(0);
        expect(resources.open).to.equal(0);
      });
    }
  }

  it("FA-10 a bubble that ends at its limit, with a task that goes on and on", async () => {
    const resources = new Resources();
    const error = await rejectionOf(bubble(async () => {
      const release = resources.use("main");
      try {
        for (;;) await checkpoint();
      } finally {
        release();
      }
    }, { timeoutMs: 20 }));
    expect(error).to.be.instanceOf(TimeoutError);
    expect(resources.open).to.equal(0);
  });

  it("FA-10 a bubble that ends with a failure, main's or another's, and one whose leaks are ignored", async () => {
    const resources = new Resources();
    const waits = async (): Promise<void> => { await sleep(1e6).finally(resources.use("waits")); };
    const failing = (): never => { throw new Error("failure"); };
    expect(await rejectionOf(bubble(async () => { go(waits); await checkpoint(); failing(); }))).to.have.property("message", "failure");
    expect(await rejectionOf(bubble(async () => { go(failing); await waits(); }))).to.have.property("message", "failure");
    expect(await bubble(async () => { go(waits); await checkpoint(); return "value"; }, { leaks: "ignore" })).to.equal("value");
    expect(resources.log).to.have.length(3);
    expect(resources.open).to.equal(0);
  });

  it("FA-10 clean-up that fails is kept with the error of the bubble", async () => {
    const failure = new Error("clean-up has failed");
    const error = await rejectionOf(bubble(async () => {
      go(async () => {
        try {
          await chan().receive();
        } finally {
          throw failure;
        }
      });
      await chan().receive();
    }));
    expect(error).to.be.instanceOf(DeadlockError);
    expect(suppressedOf(error)).to.deep.equal([failure]);
  });

  it("FA-10 a task that never ends is given up: one that catches everything and waits again, in both lanes, one that shields for ever, one that waits outside (scheduler/ending.ts 2)", async () => {
    const stubborn = {
      async: async () => {
        for (;;) await chan().receive().catch(() => { /* and again */ });
      },
      sleeps: async () => {
        for (;;) await shield(() => sleep(1e6)).catch(() => { /* and again */ });
      },
      generator: function* () {
        for (;;) {
          try {
            yield* sleeping(1e9);
          } catch { /* and again */ }
        }
      },
      outside: async () => {
        try {
          await chan().receive();
        } finally {
          await new Promise(() => { /* never */ });
        }
      },
    };
    for (const body of Object.values(stubborn)) {
      expect(await rejectionOf(bubble(() => { go(body); }))).to.be.instanceOf(LeakError);
      expect(await rejectionOf(explore(() => { go(body); }, { maxSteps: 100 }))).to.be.instanceOf(ExploreError);
    }
  });

  const holding = (resources: Resources) => async () => {
    const ch = chan<number>();
    const user = async (): Promise<void> => {
      const release = resources.use("user");
      try {
        for (let n = 0; n < 3; n++) await ch.send(n);
      } finally {
        release();
      }
    };
    const tasks = [go(user), go(user)];
    for (let n = 0; n < 6; n++) await ch.receive();
    for (const task of tasks) await task;
  };

  it("FA-10 a run of explore that has no end within maxSteps, or that is given up because another is the same, leaves nothing either", async () => {
    const resources = new Resources();
    const error = await rejectionOf(explore(holding(resources), { maxSteps: 7 }));
    expect(error).to.be.instanceOf(ExploreError).with.property("kind", "livelock");
    expect(resources.open).to.equal(0);
    for (const strategy of ["dfs", "dpor"] as const) {
      const options: ExploreOptions = { strategy, maxSchedules: 200 };
      const program = async (): Promise<void> => {
        const release = resources.use("main");
        if (resources.open > 1) throw new Error("something is left of the run before");
        try {
          await holding(resources)();
        } finally {
          release();
        }
      };
      await explore(program, options);
      expect(resources.open).to.equal(0);
    }
  });

  it("FA-10 the cancel at the end changes neither the trace nor the blocked tasks, and a replay is the same (scheduler/ending.ts 3)", async () => {
    const program = async (): Promise<void> => {
      const ch = chan<number>({ name: "numbers" });
      go(async function reader() {
        try {
          await ch.receive();
        } finally {
          await shield(() => sleep(1000));
        }
      });
      await ch.next();
    };
    const error = (await rejectionOf(explore(program))) as ExploreError;
    const blocked = [
      { task: "main", operations: ['receive on channel "numbers"'] },
      { task: "reader", operations: ['receive on channel "numbers"'] },
    ];
    expect(error.blocked).to.deep.equal(blocked);
    expect(error.message).to.not.include("sleep");
    const again = await replay(program, error.schedule);
    expect([again.kind, again.blocked, again.trace]).to.deep.equal(["deadlock", blocked, error.trace]);
  });

  it("FA-10 an operation that is refused by its cancel keeps no other program from its own: the next bubble is as ever", async () => {
    await rejectionOf(bubble(() => chan().receive()));
    expect(await bubble(async () => { await sleep(5); return performance.now(); })).to.equal(5);
    const ch = chan<number>(1);
    await ch.send(1);
    expect(await ch.receive()).to.equal(1);
  });
});
