/** What the files of src/task and src/time promise at their top, by file and number. What follows from it is in the conformance specs. */
import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { awaiting, chan, gather, go, scope, shield, sleep, suppressedOf, ticker, type Operation, type Scope, type Task } from "../../../src/node.ts";
import { cancelErrorOf, CancelScope, type TaskInfo } from "../../../src/task/cancel/cancel-scope.ts";
import { runAs } from "../../../src/task/cancel/current.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

const owner: TaskInfo = { id: 0, name: "owner", kind: "scope", cancelScope: undefined, before: undefined, after: undefined };
const fail = (message: string): never => { throw new Error(message); };

describe("invariants of the tasks' files:", () => {
  let clock: SinonFakeTimers;
  let log: unknown[];
  beforeEach(() => {
    log = [];
    clock = sinon.useFakeTimers();
  });
  afterEach(() => { clock.restore(); });

  describe("cancel-scope", () => {
    const waitIn = (cancelScope: CancelScope): Promise<unknown> => runAs(cancelScope, () => chan().receive());
    const prepare = async (): Promise<void> => { await scope(() => undefined); }; // the first scope makes the async context

    it("cancel-scope.ts 1: a cancel rejects all waits with one error; a wait that is over leaves nothing", async () => {
      await prepare();
      const cancelScope = new CancelScope(owner, undefined);
      const ch = chan<number>();
      const over = runAs(cancelScope, () => ch.receive());
      await ch.send(1);
      await over;
      expect(cancelScope.waits.empty).to.equal(true);
      const waits = [1, 2, 3].map(() => rejectionOf(waitIn(cancelScope)));
      const error = cancelErrorOf(owner, "enough");
      cancelScope.cancel(error);
      expect(cancelScope.waits.empty).to.equal(true);
      for (const wait of waits) expect(await wait).to.equal(error);
    });

    it("cancel-scope.ts 2: a cancel reaches all but the shielded, marks all before any signal aborts, and all before it returns; 100,000 deep, too", async () => {
      await prepare();
      const top = new CancelScope(owner, undefined);
      const child = new CancelScope(owner, top);
      const shielded = new CancelScope(owner, child, "shielded");
      const below = new CancelScope(owner, shielded);
      const last = new CancelScope(owner, child);
      top.signal.addEventListener("abort", () => { log.push(last.cancelled, last.signal.aborted); });
      last.signal.addEventListener("abort", () => { log.push("last"); });
      let deep = child;
      for (let n = 0; n < 100_000; n++) deep = new CancelScope(owner, deep);
      top.cancel(cancelErrorOf(owner, undefined));
      expect(log).to.deep.equal([true, false, "last"]);
      expect([child, shielded, below, deep].map((one) => one.cancelled)).to.deep.equal([true, false, false, true]);
    });

    it("cancel-scope.ts 3: what is performed later fails with the same error, also in what is made in it later", async () => {
      await prepare();
      const cancelScope = new CancelScope(owner, undefined);
      const error = cancelErrorOf(owner, undefined);
      cancelScope.cancel(error);
      cancelScope.cancel(cancelErrorOf(owner, "second"));
      expect(await rejectionOf(waitIn(cancelScope))).to.equal(error);
      expect(await rejectionOf(waitIn(new CancelScope(owner, cancelScope)))).to.equal(error);
    });

    it("cancel-scope.ts 3: a later cancel from outside changes nothing in what was cancelled already, and is remembered as one from outside", async () => {
      await prepare();
      const top = new CancelScope(owner, undefined);
      const child = new CancelScope(owner, top);
      const grandchild = new CancelScope(owner, child);
      const [first, later] = [cancelErrorOf(owner, "first"), cancelErrorOf(owner, "later")];
      child.cancel(first);
      top.cancel(later);
      expect([child, grandchild].map((one) => one.cancelError)).to.deep.equal([first, first]);
      expect([child, grandchild].map((one) => one.fromOutside)).to.deep.equal([later, first]);
      expect(await rejectionOf(waitIn(grandchild))).to.equal(first);
    });

    it("cancel-scope.ts 4: one that ends leaves its parent, which adopts what waits and lives in it", async () => {
      await prepare();
      const parent = new CancelScope(owner, undefined);
      const child = new CancelScope(owner, parent);
      const grandchild = new CancelScope(owner, child);
      const wait = rejectionOf(waitIn(child));
      child.handOver();
      expect([...parent.children]).to.deep.equal([grandchild]);
      const error = cancelErrorOf(owner, undefined);
      parent.cancel(error);
      expect([await wait, grandchild.cancelError]).to.deep.equal([error, error]);
    });
  });

  describe("generator", () => {
    it("generator.ts 1: a hop makes no promise", async () => {
      let promises = 0;
      const hook = createHook({ init(_id, type) { if (type === "PROMISE") promises++; } }).enable();
      const ch = chan<number>();
      go(function* () { for (let n = 0; n < 1000; n++) yield* ch.sending(n); });
      go(function* () { for (let n = 0; n < 1000; n++) log.push(yield* ch.receiving()); });
      await settle();
      hook.disable();
      expect(log).to.have.length(1000);
      expect(promises).to.be.below(100); // some are those of settle
    });

    it("generator.ts 2: a result or error arrives at the yield that performs it, and a map runs there", async () => {
      const ch = chan<number>();
      const task = go(function* () {
        const value = yield* ch.receiving().map((n) => { log.push("mapped in turn"); return n + 1; });
        try {
          yield* ch.receiving().map((): number => fail("of the map"));
        } catch (error) {
          return [value, (error as Error).message];
        }
        return "never";
      });
      await ch.send(1);
      await ch.send(2);
      expect(await task).to.deep.equal([2, "of the map"]);
    });

    it("generator.ts 3: yielding what is no operation is a TypeError at that point", async () => {
      const task = go(function* () {
        try {
          yield 7 as unknown as Operation<unknown>;
        } catch (error) {
          return (error as Error).name;
        }
        return "never";
      });
      expect(await task).to.equal("TypeError");
    });

    it("generator.ts 4: a cancel is thrown at the waiting yield and at every later one; awaiting alone goes on", async () => {
      await scope(async (s) => {
        const task = s.go(function* () {
          const other = chan();
          for (let n = 0; n < 2; n++) try { yield* other.receiving(); } catch (error) { log.push((error as Error).name); }
          log.push(yield* awaiting(Promise.resolve("awaited")));
        });
        await settle();
        task.cancel();
        await settle();
      });
      expect(log).to.deep.equal(["CancelledError", "CancelledError", "awaited"]);
    });

    it("generator.ts 5: it goes on in its own async context", async () => {
      const storage = new AsyncLocalStorage<string>();
      const ch = chan<number>();
      const task = storage.run("own", () => go(function* () { yield* ch.receiving(); return storage.getStore(); }));
      await storage.run("other", () => ch.send(1));
      expect(await task).to.equal("own");
    });
  });

  it("body.ts 1: it is called once, and what it throws at the call is its end", async () => {
    const body = sinon.spy(() => fail("at the call"));
    expect(((await rejectionOf(go(body))) as Error).message).to.equal("at the call");
    expect(body.callCount).to.equal(1);
  });

  it("body.ts 2: a generator is driven, and its return is the end", async () => {
    expect(await go(function* () { yield* chan(1).sending(1); return "returned"; })).to.equal("returned");
  });

  it("body.ts 3: an async generator is a TypeError, at the call by its function, in the task by its object", async () => {
    const given = async function* (): AsyncGenerator { yield await Promise.resolve(1); };
    expect(() => go(given as never)).to.throw(TypeError);
    expect(await rejectionOf(go((() => given()) as never))).to.be.instanceOf(TypeError);
  });

  it("task.ts 1: bodies start in a later microtask, in call order, in the context of their go", async () => {
    const storage = new AsyncLocalStorage<number>();
    const tasks = [1, 2, 3].map((n) => storage.run(n, () => go(() => log.push(storage.getStore()))));
    expect(log).to.deep.equal([]);
    await gather(tasks);
    expect(log).to.deep.equal([1, 2, 3]);
  });

  it("task.ts 2: a failure reaches joiners of before and after; joined by none it is one unhandled rejection", async () => {
    clock.restore();
    const task: Task<never> = go(() => fail("once"));
    const before = rejectionOf(task);
    expect(await before).to.equal(await rejectionOf(task.join()));
    expect(await unhandledDuring(() => { go(() => fail("unjoined")); })).to.have.length(1);
  });

  it("cleanups.ts 1: each runs to its end before the next, in the context of its defer; no cancel reaches it", async () => {
    const storage = new AsyncLocalStorage<string>();
    const done = scope((s) => {
      for (const name of ["first", "second"]) {
        storage.run(name, () => { s.defer(async () => { log.push(`${name} begins`); await sleep(5); log.push(`${String(storage.getStore())} ends`); }); });
      }
      s.cancel();
      return "value";
    });
    await clock.tickAsync(20);
    expect(await done).to.equal("value");
    expect(log).to.deep.equal(["second begins", "second ends", "first begins", "first ends"]);
  });

  it("cleanups.ts 2: all run whatever fails, and one that is deferred by another runs next", async () => {
    const error = await rejectionOf(scope((s) => {
      s.defer(() => log.push("last"));
      s.defer(() => { s.defer(() => log.push("deferred later")); fail("of the clean-up"); });
      s.defer(() => log.push("first"));
    }));
    expect((error as Error).message).to.equal("of the clean-up");
    expect(log).to.deep.equal(["first", "deferred later", "last"]);
  });

  it("gather.ts 1: thunks run as tasks of a scope and are cancelled with it; what exists already is only observed", async () => {
    const existing = go(async () => { await sleep(10); log.push("existing went on"); });
    const outcome = rejectionOf(scope((s) => {
      s.go(async () => { await sleep(5); fail("of a child"); });
      return gather([existing, async () => { try { await sleep(100); } finally { log.push("thunk unwound"); } }]);
    }));
    await clock.tickAsync(20);
    expect(((await outcome) as Error).message).to.equal("of a child");
    expect(log).to.deep.equal(["thunk unwound", "existing went on"]);
  });

  it("gather.ts 2: the first failure is the outcome; later thunks never start, running ones are awaited, or left with onError: \"leave\"", async () => {
    const jobs = (): (() => unknown)[] => [
      async () => { try { await sleep(100); } finally { log.push("ended"); } }, async () => { await sleep(1); fail("first"); }, () => log.push("never"),
    ];
    for (const onError of ["cancel", "leave"] as const) {
      const outcome = rejectionOf(gather(jobs(), { limit: 2, onError })).then((error) => log.push((error as Error).message));
      await clock.tickAsync(200);
      await outcome;
    }
    expect(log).to.deep.equal(["ended", "first", "first", "ended"]);
  });

  it("scope-state.ts 1: it is over when body, children and clean-up have ended, not before", async () => {
    const done = scope((s) => {
      s.go(() => sleep(10));
      s.defer(() => sleep(10));
      return sleep(1);
    });
    await clock.tickAsync(19);
    expect(await isPending(done)).to.equal(true);
    await clock.tickAsync(1);
    await done;
  });

  it("scope-state.ts 2: the first error cancels the rest, and later ones are kept with it", async () => {
    const outcome = rejectionOf(scope(async (s) => {
      s.go(async () => { try { await sleep(100); } finally { fail("second"); } });
      await sleep(1);
      fail("first");
    }));
    await clock.tickAsync(10);
    const first = await outcome;
    expect([(first as Error).message, suppressedOf(first).map(String)]).to.deep.equal(["first", ["Error: second"]]);
  });

  it("scope-state.ts 3: an error comes before a cancel from outside, that before its own cancel, a value before its own cancel", async () => {
    const outcomeOf = async (body: (s: Scope) => unknown, abort = false): Promise<unknown> => {
      const controller = new AbortController();
      const outcome = scope(body, { signal: controller.signal, name: "s" }).then((value) => value, (error: unknown) => (error as Error).message.split(". ")[0]);
      await clock.tickAsync(5);
      if (abort) controller.abort("from outside");
      await clock.tickAsync(20);
      return outcome;
    };
    const own = async (s: Scope): Promise<unknown> => { s.cancel("own"); await shield(() => sleep(10)); return "value"; };
    expect(await outcomeOf(own)).to.equal("value");
    expect(await outcomeOf(own, true)).to.match(/^scope "s" was cancelled/);
    expect(await outcomeOf((s) => { s.cancel("own"); return sleep(10); })).to.match(/own/);
    expect(await outcomeOf(async () => { await shield(() => sleep(10)); fail("an error"); }, true)).to.equal("an error");
  });

  it("ticker.ts 1, ticker.ts 2: the value counts the periods, and a late tick does not put off the next", async () => {
    using ticks = ticker(10);
    clock.tick(25);
    log.push(await ticks.receive());
    clock.tick(5);
    log.push(await ticks.receive());
    expect(log).to.deep.equal([2, 3]);
  });

  it("ticker.ts 3: it re-arms in the timer's callback; stopped, it has no timer and gives nothing more", () => {
    const ticks = ticker(10);
    clock.tick(30);
    expect(clock.countTimers()).to.equal(1);
    ticks.stop();
    expect([clock.countTimers(), ticks.tryReceive()]).to.deep.equal([0, { done: true, value: undefined }]);
  });

  it("ticker.ts 4: its timer keeps the process only while a receiver waits", async () => {
    clock.restore();
    const handles: { hasRef(): boolean }[] = [];
    const { setTimeout } = globalThis;
    globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
      const made = setTimeout(...args);
      handles.push(made);
      return made;
    }) as typeof setTimeout;
    using ticks = ticker(100_000);
    globalThis.setTimeout = setTimeout;
    const controller = new AbortController();
    log.push(handles[0]?.hasRef());
    const waiting = rejectionOf(ticks.receive({ signal: controller.signal }));
    log.push(handles[0]?.hasRef());
    controller.abort();
    await waiting;
    log.push(handles[0]?.hasRef());
    expect(log).to.deep.equal([false, true, false]);
  });

  it("timer.ts 1: setTimeout and clearTimeout are looked up at the call", async () => {
    const withFake = sleep(10);
    expect(clock.countTimers()).to.equal(1);
    await clock.tickAsync(10);
    await withFake;
  });

  it("timer.ts 2: above 2^31 - 1 ms several timers, of Infinity none", async () => {
    const long = sleep(2 ** 31 + 9);
    void sleep(Infinity);
    expect(clock.countTimers()).to.equal(1);
    await clock.tickAsync(2 ** 31 + 8);
    expect(await isPending(long)).to.equal(true);
    await clock.tickAsync(1);
    await long;
  });
});
