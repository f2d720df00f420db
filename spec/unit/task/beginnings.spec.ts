/**
 * Where the platform has no async contexts (browsers): what a body waits for first is reached by a cancel all the same, and a cancelled scope that
 * waits for something else says so.
 */
import { expect } from "chai";
import sinon, { type SinonFakeTimers, type SinonStub } from "sinon";
import * as node from "../../../src/node.ts";
import { freshCopy, runProgram } from "../../support/fresh.ts";
import { isPending } from "../../support/settle.ts";

type Library = typeof import("../../../src/index.ts");
type Log = (line: unknown) => void;

/** A program of async bodies that pass no signal on, and its final log. */
interface Program {
  readonly run: (lib: Library, log: Log) => Promise<unknown>;
  readonly logs: readonly unknown[];
}

const programs: Record<string, Program> = {
  "timeout": {
    run: (lib, log) => lib.timeout(20, () => lib.chan().receive()).catch((error: unknown) => { log(error instanceof lib.TimeoutError); }),
    logs: [true],
  },
  "timeout in timeout": {
    run: (lib, log) => lib.timeout(20, () => lib.timeout(1000, () => lib.chan().receive())).catch((error: unknown) => {
      log((error as Error).message.includes("20 ms"));
    }),
    logs: [true],
  },
  "race": {
    run: async (lib, log) => {
      const ch = lib.chan<number>();
      log(await lib.race([() => ch.receive(), async () => { await lib.sleep(5); return "hare"; }]));
      log(ch.trySend(1));
    },
    logs: ["hare", false],
  },
  "s.cancel()": {
    run: (lib, log) => lib.scope(async (s) => {
      s.go(() => lib.sleep(10_000).catch((error: unknown) => { log(error === s.signal.reason); throw error; }));
      await lib.sleep(1);
      s.cancel();
    }),
    logs: [true],
  },
  "a child's own cancel": {
    run: (lib, log) => lib.scope(async (s) => {
      const child = s.go(() => lib.select({ a: lib.chan().receiving(), b: lib.never }));
      await lib.sleep(1);
      child.cancel();
      await child.result();
      log(child.state);
    }),
    logs: ["cancelled"],
  },
  "the first failure": {
    run: (lib, log) => lib.scope((s) => {
      for (const verb of [() => lib.chan().receive(), () => lib.chan().send(1), () => lib.chan().next(), () => lib.calls().client.call(1)]) {
        s.go(async () => {
          try {
            await verb();
          } catch (error) {
            log(error === s.signal.reason);
            throw error;
          }
        });
      }
      s.go(async () => { await lib.sleep(1); throw new Error("failure"); });
    }).catch((error: unknown) => { log((error as Error).message); }),
    logs: [true, true, true, true, "failure"],
  },
  "gather": {
    run: (lib, log) => lib.gather([() => lib.chan().receive(), async () => { await lib.sleep(1); throw new Error("failure"); }])
      .catch((error: unknown) => { log((error as Error).message); }),
    logs: ["failure"],
  },
  "a scope in a body": {
    run: (lib, log) => lib.scope(async (s) => {
      s.go(() => lib.scope(async (inner) => {
        inner.go(() => lib.chan().receive());
        await lib.sleep(10_000);
      }).catch((error: unknown) => { log(error === s.signal.reason); throw error; }));
      await lib.sleep(1);
      s.cancel();
    }),
    logs: [true],
  },
  "shield": {
    run: (lib, log) => lib.timeout(20, async () => {
      log(await lib.shield(async () => { await lib.sleep(50); return "whole"; }));
      return "late";
    }).then(log),
    logs: ["whole", "late"],
  },
  "shield with a limit": {
    run: (lib, log) => lib.shield(() => lib.chan().receive(), { timeout: 20 })
      .catch((error: unknown) => { log(error instanceof lib.TimeoutError); }),
    logs: [true],
  },
  "run": {
    run: (lib, log) => lib.run((s) => {
      s.go(() => lib.chan().receive());
      s.go(() => { s.cancel(); });
    }).then(log),
    logs: [undefined],
  },
  "a body of openScope": {
    run: async (lib, log) => {
      const s = lib.openScope();
      const child = s.go(() => lib.chan().receive());
      await lib.sleep(1);
      await s[Symbol.asyncDispose]();
      log(child.state);
    },
    logs: ["cancelled"],
  },
  "an async function that a generator body calls": {
    run: (lib, log) => lib.scope(function* (s) {
      s.go(function* () {
        const work = async (): Promise<void> => { await lib.sleep(10_000); };
        yield* lib.settling(work().catch((error: unknown) => { log(error === s.signal.reason); }));
      });
      yield* lib.sleeping(1);
      s.cancel();
    }),
    logs: [true],
  },
  "after a cancel, a body that begins to wait": {
    run: (lib, log) => lib.scope((s) => {
      s.go(() => {
        s.cancel();
        return lib.chan().receive().catch((error: unknown) => { log(error === s.signal.reason); });
      });
    }),
    logs: [true],
  },
  "what a handler of the first failure waits for": {
    run: (lib, log) => lib.timeout(20, (s) => lib.scope((inner) => {
      inner.go(() => { throw new Error("told"); });
    }, { onError: async () => { log("handles"); await lib.sleep(30); log("handled"); }, name: String(s.cancelled) }))
      .catch((error: unknown) => { log(error instanceof lib.TimeoutError); }),
    logs: ["handles", "handled", true],
  },
};

describe("FA-19 without async contexts", () => {
  let browser: Library;
  let clock: SinonFakeTimers;
  let warn: SinonStub<Parameters<typeof console.warn>, void>;
  before(async () => { browser = await freshCopy(); });
  beforeEach(() => {
    clock = sinon.useFakeTimers();
    warn = sinon.stub(console, "warn");
  });
  afterEach(() => { sinon.restore(); });

  for (const [name, { run, logs }] of Object.entries(programs)) {
    for (const lib of ["node", "browser"] as const) {
      it(`FA-19 ${name}: a cancel reaches the first wait of a body (${lib === "node" ? "with async contexts" : "without"})`, async () => {
        const logged: unknown[] = [];
        const ended = run(lib === "node" ? node : browser, (line) => { logged.push(line); });
        await clock.tickAsync(100);
        expect(await isPending(ended)).to.equal(false);
        await ended;
        expect(logged).to.deep.equal(logs);
        expect(clock.countTimers()).to.equal(0);
      });
    }
  }

  it("FA-19 a body is in its scope up to its first wait only, also if it throws there: a free task that begins then is in none", async () => {
    const { chan, go, scope } = browser;
    const ch = chan<number>();
    let free: node.Task<number> | undefined;
    const failed = scope(() => {
      free = go(() => ch.receive());
      throw new Error("at once");
    }).catch((error: unknown) => (error as Error).message);
    await clock.tickAsync(0);
    expect(await failed).to.equal("at once");
    expect(ch.trySend(1)).to.equal(true);
    expect(await free).to.equal(1);
  });

  it("FA-19 the later waits of a body take the signal", async () => {
    const { CancelledError, scope, sleep } = browser;
    const outcome = scope(async (s) => {
      s.go(async () => {
        await sleep(1);
        await sleep(10_000, { signal: s.signal });
      });
      await sleep(5);
      s.cancel();
      await sleep(10_000, { signal: s.signal });
    }).catch((error: unknown) => error);
    await clock.tickAsync(5);
    expect(await outcome).to.be.instanceOf(CancelledError);
    expect(clock.countTimers()).to.equal(0);
  });

  it("FA-19 a cancelled scope that has not ended after five seconds says so once, with the cure, and leaves no timer", async () => {
    const { chan, scope, sleep } = browser;
    const ch = chan<number>();
    const ended = scope(async (s) => {
      s.go(async function stubborn() {
        await sleep(1);
        await ch.receive();
      });
      await sleep(5);
      s.cancel();
    }, { name: "crawler" });
    await clock.tickAsync(0);
    expect(browser.dumpTasks()).to.match(/task \d+ "stubborn" waits in sleep/);
    await clock.tickAsync(5);
    expect(browser.dumpTasks()).to.match(/task \d+ "stubborn" waits in something unknown: .* only the first wait of a body is known/);
    await clock.tickAsync(4999);
    expect(warn.called).to.equal(false);
    await clock.tickAsync(60_000);
    expect(warn.callCount).to.equal(1);
    const [text] = warn.firstCall.args as [string];
    expect(text).to.match(/^scope "crawler" was cancelled 5000 ms ago and has not ended\./);
    expect(text).to.match(/\{ signal: s\.signal \}.*generator body/);
    expect(text).to.match(/task \d+ "stubborn" has not ended$/);
    expect(clock.countTimers()).to.equal(0);
    ch.trySend(1);
    await ended;
  });

  it("FA-19 a cancelled scope that ends in time says nothing, and leaves no timer", async () => {
    const { scope, sleep } = browser;
    const ended = scope(async (s) => {
      s.go(async () => {
        await sleep(1);
        await sleep(4000);
      });
      await sleep(5);
      s.cancel();
    });
    await clock.tickAsync(4100);
    await ended;
    expect(clock.countTimers()).to.equal(0);
    await clock.tickAsync(60_000);
    expect(warn.called).to.equal(false);
  });

  it("with async contexts it is reported in debug mode only, and no timer is made", async () => {
    let give: () => void = () => undefined;
    const foreign = new Promise<void>((resolve) => { give = resolve; });
    const ended = node.scope(async (s) => {
      s.go(() => foreign);
      await node.checkpoint();
      s.cancel();
    });
    await clock.tickAsync(0);
    expect(clock.countTimers()).to.equal(0);
    await clock.tickAsync(60_000);
    expect(warn.called).to.equal(false);
    give();
    await ended;
  });

  it("FA-19 the five seconds keep no process alive", () => {
    const { code, errors } = runProgram(`
      import { scope } from "rendezvous";
      scope((s) => {
        s.go(() => new Promise(() => undefined));
        s.go(() => { s.cancel(); });
      });
    `);
    expect([code, errors]).to.deep.equal([0, ""]);
  });
});
