/** What a trace tells: each thing once, by names that are told apart, with its place in the program. */
import { expect } from "chai";
import { flow } from "../../../src/flow/index.ts";
import { chan, checkpoint, go, named, scope, select, sleep } from "../../../src/node.ts";
import { semaphore } from "../../../src/sync/index.ts";
import { explore, replay, type ExploreError, type Program } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";

/** A trace without its places. */
const bare = (trace: readonly string[]): string[] => trace.map((line) => line.replaceAll(/ \([^()]*:\d+\)/g, ""));

async function traceOf(program: Program, schedule = "0"): Promise<readonly string[]> {
  return (await replay(program, schedule)).trace;
}

describe("EX-08 traces", () => {
  it("tell a synchronous verb once, also if it wakes nobody, and no stale one (trace.ts 1)", async () => {
    expect(bare(await traceOf(async () => {
      const ch = chan<number>({ name: "c", capacity: 1 });
      ch.trySend(1);
      ch.close();
      await checkpoint();
    }))).to.deep.equal([
      'main: trySend on "c", close on "c", waits in checkpoint',
      "main: goes on from checkpoint",
      "main: ends",
    ]);
  });

  it("tell each step with its place in the program", async () => {
    const trace = await traceOf(async () => {
      const ch = chan<number>({ name: "c" });
      go(named("sender", async () => { await ch.send(1); }));
      await ch.receive();
    });
    expect(bare(trace)).to.deep.equal([
      'main: starts sender, waits in receive on channel "c"',
      'sender: send on "c" wakes main',
      "main: ends",
      "sender: ends",
    ]);
    expect(trace[0]).to.match(/^main: starts sender \(spec\/unit\/testing\/traces\.spec\.ts:\d+\), waits in receive on channel "c" \(spec\/unit\/testing\/traces\.spec\.ts:\d+\)$/);
    expect(trace[1]).to.match(/^sender: send on "c" wakes main \(spec\/unit\/testing\/traces\.spec\.ts:\d+\)$/);
  });

  it("say from what somebody goes on, if nothing else came of it", async () => {
    expect(bare(await traceOf(async () => {
      const ch = chan<number>({ name: "c", capacity: 2 });
      await ch.send(1);
      await null;
      await ch.send(2);
    }))).to.deep.equal(['main: send on "c"', 'main: send on "c"', "main: ends"]);
    const trace = bare(await traceOf(async () => {
      const ch = chan<number>({ name: "c" });
      go(() => ch.send(1));
      const both = Promise.all([ch.receive(), ch.receive()]);
      go(() => ch.send(2));
      await both;
    }));
    expect(trace.join("\n")).to.include('main: goes on from receive on channel "c"');
  });

  it("say what a lock is waited for in the words of reports", async () => {
    const error = await explore(async () => {
      const lock = semaphore(1, { name: "lock" });
      await lock.acquire();
      await lock.acquire();
    }).catch((reason: unknown) => reason) as ExploreError;
    expect(bare(error.trace).at(-1)).to.equal('main: waits to acquire semaphore "lock"');
    expect(error.message).to.include('  main waits to acquire semaphore "lock"');
    const trace = await traceOf(async () => {
      const lock = semaphore(1, { name: "lock" });
      const permit = await lock.acquire();
      go(named("other", async () => { (await lock.acquire()).release(); }));
      await checkpoint();
      permit.release();
    });
    expect(trace.join("\n")).to.not.match(/(in|from) to /);
  });

  it("call the timer of a flow without a name the same in every run, so that no run differs from the one before", async () => {
    const report = await explore(async () => {
      const ch = chan<number>();
      go(async () => {
        await ch.send(1);
        await sleep(5);
        ch.close();
      });
      await flow(ch).debounce(2).toArray();
    });
    expect(report.complete).to.equal(true);
  });

  it("number equal names", async () => {
    const { blocked, trace } = await replay(async () => {
      const chans = [1, 2].map(() => chan<number>({ name: "jobs" }));
      for (const ch of chans) go(named("worker", async () => { await ch.receive(); }));
      await chans[0]?.send(1);
      await select({ first: chans[0]?.receiving(), second: chans[1]?.sending(2) });
      await chans[1]?.receive();
    }, "0");
    expect(bare(trace)).to.include.members([
      'worker #1: receive on "jobs" #1 wakes main',
      'worker #2: waits in receive on channel "jobs" #2',
      'main: send on "jobs" #2 wakes worker #2',
    ]);
    expect(blocked).to.deep.equal([{ task: "main", operations: ['receive on channel "jobs" #2'] }]);
  });

  it("show what was chosen", async () => {
    expect(bare(await traceOf(({ choose }) => { choose("red", "green"); }, "1"))).to.deep.equal(['main: chooses "green", ends']);
  });

  it("draw the arrows the way of the value, a handover once, and the failure last (trace.ts 2)", async () => {
    const error = await rejectionOf(explore(async () => {
      const ch = chan<number>({ name: "c" });
      go(named("sender", async () => { await ch.send(1); }));
      await checkpoint();
      await checkpoint();
      await ch.receive();
      throw new Error("no luck; at all");
    }));
    const rows = (error as ExploreError).diagram().split("\n").map((row) => row.trim());
    expect(rows.filter((row) => /send on|receive on/.test(row) && row.includes("->>")), rows.join("\n")).to.deep.equal(['t1->>t0: receive on "c"']);
    expect(rows.at(-1)).to.equal("Note over t0,t1: a failure that nobody handles: no luck, at all");
  });

  it("say who failed, and the report says where; equal names are told apart in the diagram, too", async () => {
    const error = (await rejectionOf(explore(async () => {
      const tasks = [0, 1].map((n) => go(named("worker", () => {
        if (n === 1) throw new Error("no luck");
      })));
      for (const task of tasks) await task;
    }))) as ExploreError;
    expect(bare(error.trace)).to.include("worker #1: ends, wakes main").and.to.include("worker #2: fails").and.to.include("main: fails");
    expect(error.message.split("\n")[1]).to.match(/^ {2}made at .*traces\.spec\.ts:\d+$/);
    expect(error.diagram()).to.include("participant t2 as worker no. 2");
  });

  it("say which scope is entered, not that a task starts itself", async () => {
    const error = (await rejectionOf(explore(() => scope(() => chan<void>({ name: "never" }).receive(), { name: "orders" })))) as ExploreError;
    expect(bare(error.trace)[0]).to.equal('main: enters scope "orders"');
    expect(error.diagram()).to.include('Note over t0: enters scope "orders"').and.not.to.include("-->>");
  });

  it("of a run without end tell what is repeated once", async () => {
    const error = (await rejectionOf(explore(async () => { for (;;) await checkpoint(); }, { maxSteps: 100 }))) as ExploreError;
    const [what, ...more] = error.message.split("\n").map((line) => line.trim());
    const steps = more.filter((line) => /^[|(]/.test(line));
    expect(what).to.equal("explore has found no end to a run: it has not ended after 100 steps, nor after as many more in which everybody had a turn");
    expect(bare(steps)).to.deep.equal(["| main: waits in checkpoint", "| main: goes on from checkpoint", "(the last 2 steps 100 times)"]);
  });

  it("are no report of waiting for tasks that could go on", async () => {
    const { message, blocked } = (await rejectionOf(explore(async () => {
      await chan(1).send(1);
    }, { invariant: () => { throw new Error("never holds"); } }))) as ExploreError;
    expect(blocked).to.deep.equal([]);
    expect(message).to.not.include("waits in");
  });
});
