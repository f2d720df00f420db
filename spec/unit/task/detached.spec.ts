/** What is called in a scope and is not of it: handlers, cached promises, batches. */
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import sinon from "sinon";
import {
  CancelledError, chan, checkpoint, coroutine, detached, go, perform, race, scope, settling, sleep, sleeping, timeout, TimeoutError, type Channel,
  type Coroutine,
} from "../../../src/node.ts";
import { traceTasks } from "../../../src/task/report/debugging.ts";
import { bubble, explore } from "../../../src/testing/index.ts";
import { freshCopy } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

describe("detached", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  /** How a scope emits: from an async function, and from a generator task. */
  const emitting: [string, (emit: () => void) => Promise<unknown>][] = [
    ["an async task", (emit) => scope(async () => { await checkpoint(); emit(); })],
    ["a generator task", (emit) => scope(function* () { yield* sleeping(0); emit(); yield* sleeping(0); })],
    ["a scope that is cancelled", (emit) => scope(async (s) => { emit(); await checkpoint(); s.cancel(); })],
    ["a scope that fails", (emit) => scope(async () => { emit(); await checkpoint(); throw new Error("well"); }).catch(() => 0)],
  ];
  for (const [kind, emitIn] of emitting) {
    it(`FA-07 an emitter's handler that was registered at start-up goes on after the scope in which it was called: ${kind}`, async () => {
      const bus = new EventEmitter();
      const sink = chan<string>({ name: "sink" });
      bus.on("log", detached(async (line: string) => { await sink.send(line); await sink.send(`${line} again`); }) as (line: string) => void);
      const unhandled = await unhandledDuring(async () => {
        const ended = emitIn(() => { bus.emit("log", "a line"); });
        await clock.tickAsync(5);
        await ended;
        expect([await sink.receive(), await sink.receive()]).to.deep.equal(["a line", "a line again"]);
      });
      expect(unhandled).to.deep.equal([]);
    });
  }

  it("FA-07 a cached promise that the first caller began is there for the others when that caller is cancelled", async () => {
    let cached: Promise<string> | undefined;
    const load = detached(async () => { await sleep(20); return "config"; });
    const config = (): Promise<string> => (cached ??= load());
    const first = rejectionOf(timeout(5, () => perform(settling(config()))));
    const second = scope(() => config());
    await clock.tickAsync(5);
    expect(await first).to.be.instanceOf(TimeoutError);
    expect(await isPending(second)).to.equal(true);
    await clock.tickAsync(15);
    expect(await second).to.equal("config");
    expect(await config()).to.equal("config");
  });

  it("FA-07 a batch that the first of many callers began is there for the others when that caller is cancelled", async () => {
    const asked: number[][] = [];
    let batch: { ids: number[]; done: Promise<string[]> } | undefined;
    const begin = detached(async (ids: number[]) => {
      await sleep(2); // others join it meanwhile
      batch = undefined;
      await sleep(10);
      asked.push(ids);
      return ids.map((id) => `user ${String(id)}`);
    });
    const user = async (id: number): Promise<string | undefined> => {
      if (batch) batch.ids.push(id);
      else {
        const ids = [id];
        batch = { ids, done: begin(ids) };
      }
      const { ids, done } = batch;
      return (await perform(settling(done)))[ids.indexOf(id)];
    };
    const first = rejectionOf(timeout(5, () => user(1)));
    const others = [scope(() => user(2)), race([() => user(3)]), go(() => user(4))];
    await clock.tickAsync(12);
    expect(await first).to.be.instanceOf(TimeoutError);
    expect(await Promise.all(others)).to.deep.equal(["user 2", "user 3", "user 4"]);
    expect(asked).to.deep.equal([[1, 2, 3, 4]]);
  });

  it("FA-07, coroutine.ts 4: a coroutine belongs to the scope in which it was made: cancelling a caller does not end it for the others", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const doubling = coroutine(async function* (): AsyncGenerator<number, void, number> {
      for (let n = 0; ;) {
        n = yield n * 2;
        await sleep(10);
        seen.push(storage.getStore());
      }
    });
    const late = timeout(5, () => storage.run("first", () => doubling.call(1)), { fallback: "late" });
    const other = storage.run("second", () => scope(() => doubling.call(2)));
    await clock.tickAsync(20);
    expect(await late).to.equal("late");
    expect(await other).to.equal(4);
    expect(seen).to.deep.equal(["first", "second"]); // the stores are the callers'
    await scope(() => { doubling.close(); });
    await doubling.done;
  });

  it("FA-07 a coroutine that is made in a scope ends with it, whichever code calls", async () => {
    let made!: Coroutine<number, number, void>;
    const outcome = rejectionOf(scope(async (s) => {
      made = coroutine(async function* (): AsyncGenerator<number, void, number> {
        for (;;) {
          yield 1;
          await sleep(1000);
        }
      });
      await made.first;
      await sleep(5);
      s.cancel("over");
      await sleep(5);
    }));
    const asked = rejectionOf(sleep(1).then(() => made.call(1)));
    const done = rejectionOf(Promise.resolve().then(() => sleep(1)).then(() => made.done));
    await clock.tickAsync(5);
    const error = await outcome;
    expect(await asked).to.equal(error);
    expect(await done).to.equal(error);
    expect(clock.countTimers()).to.equal(0);
  });

  it("FA-07 without it, the error says what it waited in, and names the cure; in debug mode, the line, too", async () => {
    const bus = new EventEmitter();
    const sink = chan<string>({ name: "sink" });
    const failures: unknown[] = [];
    bus.on("log", async function handler(line: string) { await sink.send(line).catch((error: unknown) => { failures.push(error); }); });
    const emit = (): Promise<unknown> => scope(() => { bus.emit("log", "a line"); }, { name: "request" });
    await emit();
    const untrace = traceTasks();
    try {
      await emit();
    } finally {
      untrace();
    }
    const said = 'scope "request" has ended, and what was begun in it still waited in send on channel "sink"';
    const cure = ": await it there, or have it run outside of every scope, by detached()";
    expect(failures).to.have.length(2);
    expect((failures[0] as Error).message).to.equal(said + cure);
    const [, site, rest] = /^(?:.*"sink"), at (.*detached\.spec\.ts:\d+:\d+\)?)(: await .*)$/.exec((failures[1] as Error).message) ?? [];
    expect(site).to.match(/handler/);
    expect(rest).to.equal(cure);
  });

  it("FA-07 the error of a cancel names it, too: others may wait for work that the cancelled task had begun", async () => {
    const error = await rejectionOf(scope(async (s) => { s.cancel(); await sleep(1); }));
    expect((error as Error).message).to.include("detached() what others share");
  });

  it("no cancelled scope refuses its waits, and the tasks that it starts belong to no scope", async () => {
    const log: string[] = [];
    const work = detached(async () => {
      await sleep(5);
      log.push("slept");
      await scope(async (s) => { s.go(() => { log.push("child"); }); await sleep(5); });
      log.push("scope");
    });
    let began: Promise<void> | undefined;
    await rejectionOf(scope((s) => {
      s.cancel();
      began = work();
      return sleep(1);
    }));
    await clock.tickAsync(10);
    await began;
    expect(log).to.deep.equal(["slept", "child", "scope"]);
  });

  it("in a generator task, no task runs inside of it, and the same goes on after it, also when it throws", async () => {
    const inside: unknown[] = [];
    const look = detached((fails: boolean) => {
      try {
        [...(function* () { yield* sleeping(1); })()];
      } catch (error) {
        inside.push(error);
      }
      if (fails) throw new Error("inside");
    });
    const log: unknown[] = [];
    const ended = scope(function* (s) {
      look(false);
      yield* sleeping(5);
      try {
        look(true);
      } catch (error) {
        log.push((error as Error).message);
      }
      yield* sleeping(5);
      log.push(s.cancelled);
      return "value";
    });
    await clock.tickAsync(10);
    expect(await ended).to.equal("value");
    expect(log).to.deep.equal(["inside", false]);
    expect(inside.map(String)).to.deep.equal(Array(2).fill("TypeError: yield* an operation in a generator task only: go(function* () { ... })"));
  });

  it("the caller is where it was after it, also when it throws: a cancel reaches its next wait", async () => {
    const error = await rejectionOf(scope(async (s) => {
      expect(() => { detached(() => { throw new Error("inside"); })(); }).to.throw("inside");
      s.go(() => { s.cancel("enough"); });
      await sleep(1000);
    }));
    expect(error).to.be.instanceOf(CancelledError);
    expect(clock.countTimers()).to.equal(0);
  });

  it("the user's own AsyncLocalStorage store is the caller's, in it and after its waits", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const handler = detached(async () => {
      seen.push(storage.getStore());
      await sleep(5);
      seen.push(storage.getStore());
    });
    await storage.run("request 1", () => scope(async () => { void handler(); await checkpoint(); }));
    await clock.tickAsync(5);
    await settle();
    expect(seen).to.deep.equal(["request 1", "request 1"]);
  });

  it("passes on `this`, arguments, result and error, and looks like the function it was made of", () => {
    const counter = {
      n: 1,
      add: detached(function add(this: { n: number }, a: number, b: number): number { return this.n + a + b; }),
    };
    expect(counter.add(2, 3)).to.equal(6);
    expect(counter.add).to.have.property("name", "add");
    expect(counter.add).to.have.property("length", 2);
    expectTypeOf(detached((a: number) => String(a))).toEqualTypeOf<(a: number) => string>();
    expect(() => detached(sleep(1) as never)).to.throw(TypeError, "detached takes a function: detached(() => work()), not detached(work())");
  });

  it("works where there is no async context, as before the first scope", async () => {
    const lib = await freshCopy();
    expect(lib.detached(() => 5)()).to.equal(5);
    const value = lib.scope(function* () {
      const begun = lib.detached(() => lib.sleep(5).then(() => "slept"))();
      return yield* lib.settling(begun);
    });
    await clock.tickAsync(5);
    expect(await value).to.equal("slept");
    const sink = lib.chan<number>();
    let begun: Promise<number> | undefined;
    await rejectionOf(lib.timeout(5, (s) => {
      const receive = lib.detached(() => sink.receive());
      begun = receive();
      const waiting = sink.receive(); // of the scope, and so reached by its cancel
      s.cancel();
      return waiting;
    }));
    expect(sink.trySend(7)).to.equal(true);
    expect(await begun).to.equal(7);
    expect(sink.trySend(8)).to.equal(false);
  });

  it("in a bubble time goes on for tasks that await detached work, even if that work opens scopes and waits for tasks", async () => {
    sinon.restore();
    let config: Promise<string> | undefined;
    const asked = chan<Channel<string>>();
    const load = detached(async () => {
      await sleep(3_600_000);
      return scope(async (s) => {
        const answers = chan<string>();
        s.go(() => sleep(1000));
        await asked.send(answers);
        return await answers.receive();
      });
    });
    const seen = await bubble(async () => {
      const server = go(async () => {
        const answers = await asked.receive();
        await sleep(1000);
        await answers.send("config");
      });
      const first = await timeout(1000, () => perform(settling((config ??= load()))), { fallback: "late" });
      const value = await scope(async () => await config);
      await server;
      return [first, value, performance.now()];
    }, { timeoutMs: Infinity });
    expect(seen).to.deep.equal(["late", "config", 3_601_000]);
  });

  it("explore also tries the orders of detached work", async () => {
    sinon.restore();
    const { complete, schedules } = await explore(async () => {
      const sink = chan<number>();
      const log = detached((line: number) => sink.send(line));
      await scope(() => { void log(1); });
      await sink.receive();
    });
    expect([complete, schedules > 1]).to.deep.equal([true, true]);
  });
});
