/** Corners of scopes that the numbered properties do not name. */
import { expect } from "chai";
import { AsyncLocalStorage } from "node:async_hooks";
import { expectTypeOf } from "expect-type";
import sinon from "sinon";
import {
  attempting, calls, CancelledError, chan, checkpoint, ClosedError, coroutine, dumpTasks, gather, go, guard, openScope, operation, perform, race,
  scope, selecting, settling, shield, sleep, sleeping, suppressedOf, timeout, TimeoutError, type Call, type ChildTask, type Scope, type Task,
} from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

describe("corners of scopes", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  it("reports call each scope without a name by its kind and its number", async () => {
    const release = chan<never>();
    const wait = (): Promise<never> => release.receive();
    const kinds = {
      scope: scope(() => wait()), timeout: timeout(Infinity, () => wait()), shield: shield(() => wait()), race: race([wait]), gather: gather([wait]),
    };
    await settle();
    for (const kind of Object.keys(kinds)) expect(dumpTasks()).to.match(new RegExp(`^ *${kind} (\\d+) "${kind}-\\1" waits `, "m"));
    release.close();
    await Promise.all(Object.values(kinds).map(rejectionOf));
  });

  it("S-83 (a) an asynchronous disposal is awaited, and its failure is the scope's", async () => {
    const log: string[] = [];
    const error = new Error("disposal");
    const ended = rejectionOf(scope((s) => {
      s.use({ async [Symbol.asyncDispose]() { await sleep(20); log.push("disposed"); throw error; } });
    }));
    void ended.then(() => log.push("ended"));
    await clock.tickAsync(20);
    expect(await ended).to.equal(error);
    expect(log).to.deep.equal(["disposed", "ended"]);
  });

  it("S-77 (a) leaving the block of an open scope cancels and awaits what is left, and is no failure", async () => {
    const log: string[] = [];
    {
      await using s = openScope();
      s.go(async () => {
        try {
          await chan().receive();
        } finally {
          log.push("cleaned");
        }
      });
      await checkpoint();
    }
    expect(log).to.deep.equal(["cleaned"]);
  });

  it("S-77 (b) an open scope that was cancelled before join ends without failure; one whose deadline has passed ends with a TimeoutError", async () => {
    const cancelled = openScope();
    cancelled.go(() => sleep(1000));
    cancelled.cancel();
    await cancelled.join();
    const late = openScope({ timeout: 10 });
    late.go(() => sleep(1000));
    const joined = rejectionOf(late.join());
    await clock.tickAsync(10);
    expect(await joined).to.be.instanceOf(TimeoutError);
    await late[Symbol.asyncDispose]();
  });

  it("S-77 (c) the join of an open scope is a wait that a cancel reaches", async () => {
    const open = openScope();
    open.go(() => sleep(1000));
    const ended = scope(async (s) => {
      const waiting = s.go(() => open.join());
      await checkpoint();
      s.cancel();
      expect((await waiting.result().catch((error: unknown) => error)) instanceof CancelledError).to.equal(true);
    });
    await clock.tickAsync(0);
    await ended;
    open.cancel();
    await open.join();
  });

  it("S-57 (a) a race is decided by the first to settle, in the step in which it does: a later failure changes nothing", async () => {
    const failing = (): never => { throw new Error("second"); };
    expect(await race([() => 1, failing])).to.equal(1);
    expect(await race([function* () { return 1; }, function* () { failing(); }])).to.equal(1);
    const error = new Error("first");
    expect(await rejectionOf(race([() => { throw error; }, () => 1]))).to.equal(error);
  });

  it("S-57 (b) a loser's failure while it cleans up is the race's", async () => {
    const error = new Error("clean-up");
    const raced = race([
      () => sleep(1),
      async () => {
        try {
          await sleep(1000);
        } finally {
          throw error;
        }
      },
    ]);
    const rejected = rejectionOf(raced);
    await clock.tickAsync(1);
    expect(await rejected).to.equal(error);
  });

  it("S-57 (c) tasks that the winner of a race has left behind go on: they are not cancelled", async () => {
    const ch = chan<string>();
    const winner = async (): Promise<number> => {
      setTimeout(() => { void ch.send("hello"); }, 20);
      return 1;
    };
    const raced = race([winner, () => sleep(1000)]);
    await clock.tickAsync(0);
    expect(await raced).to.equal(1);
    const received = ch.receive();
    await clock.tickAsync(20);
    expect(await received).to.equal("hello");
  });

  for (const named of [false, true]) {
    it(`law 13: an async function that a generator task calls is part of the scope${named ? ", also behind another function" : ""}`, async () => {
      const log: string[] = [];
      const helper = async (): Promise<void> => {
        await sleep(1);
        try {
          await sleep(1000);
          log.push("outlived");
        } catch (error) {
          log.push((error as Error).name);
        }
      };
      const body = function* (): Generator<unknown, void> { yield* settling(helper()); };
      const ended = scope(async (s) => {
        s.go(named ? (): Generator<unknown, void> => body() : body);
        await sleep(20);
        s.cancel();
      });
      await clock.tickAsync(20);
      await ended;
      expect(log).to.deep.equal(["CancelledError"]);
      expect(clock.countTimers()).to.equal(0);
    });
  }

  it("law 13: a scope also waits for scopes that its clean-up began and did not await", async () => {
    const log: string[] = [];
    const ended = scope((s) => {
      s.defer(() => { void scope(async () => { await sleep(20); log.push("inner"); }); });
    }).then(() => log.push("outer"));
    await clock.tickAsync(20);
    await ended;
    expect(log).to.deep.equal(["inner", "outer"]);
  });

  it("law 13: a wait that nobody awaited is withdrawn when its scope ends, without an unhandled rejection", async () => {
    const ch = chan<number>();
    let stray!: Promise<number>;
    const unhandled = await unhandledDuring(async () => {
      await scope((s) => { s.go(() => { stray = ch.receive(); }); });
      await settle();
    });
    expect(unhandled).to.deep.equal([]);
    expect(ch.trySend(1)).to.equal(false);
    expect(await rejectionOf(stray)).to.be.instanceOf(CancelledError);
  });

  it("law 7: ten thousand nested scopes that nobody awaits end without recursion", async () => {
    const before = dumpTasks();
    let inner = 0;
    const nest = (depth: number): void => {
      inner = depth;
      if (depth < 10_000) void scope(() => { nest(depth + 1); });
    };
    await scope(() => { nest(0); });
    expect(inner).to.equal(10_000);
    expect(dumpTasks() === before).to.equal(true);
  });

  it("law 7: a cancel goes down ten thousand nested scopes, and they end", async () => {
    let innermost: unknown;
    const nest = (depth: number): Promise<unknown> => scope(() =>
      (depth > 0 ? nest(depth - 1) : chan().receive().catch((error: unknown) => (innermost = error))));
    const ended = scope(async (s) => {
      const nested = s.go(() => nest(10_000));
      for (let turns = 0; turns < 10; turns++) await settle();
      s.cancel("enough");
      await nested.result().catch(() => "cancelled");
    });
    await ended;
    expect(innermost).to.be.instanceOf(CancelledError);
    expect((innermost as Error).cause).to.equal("enough");
  });

  it("the user's own store is there in every child, in both lanes, after every resume", async () => {
    const storage = new AsyncLocalStorage<string>();
    const ch = chan<number>();
    const seen: (string | undefined)[] = [];
    const look = (): void => { seen.push(storage.getStore()); };
    await storage.run("mine", () =>
      scope(async (s) => {
        s.go(async () => { await ch.receive(); look(); });
        s.go(function* () { yield* ch.receiving(); look(); });
        await storage.run("sender", async () => {
          for (let n = 0; n < 2; n++) await ch.send(n);
        });
        look();
      }),
    );
    expect(seen).to.deep.equal(["mine", "mine", "mine"]);
    expect(storage.getStore()).to.equal(undefined);
  });

  it("a free task that is started in a scope is nobody's child", async () => {
    const ch = chan<number>();
    let free!: Task<number>;
    await scope((s) => {
      free = go(async () => { await checkpoint(); return ch.receive(); });
      s.cancel();
    });
    await settle();
    expect(await isPending(free)).to.equal(true);
    ch.trySend(1);
    expect(await free).to.equal(1);
  });

  it("a platform's AbortError that carries the cancel is the cancel, no failure", async () => {
    const ended = scope(async (s) => {
      s.go(async () => {
        await new Promise((_resolve, reject) => {
          s.signal.addEventListener("abort", () => { reject(Object.assign(new Error("aborted", { cause: s.signal.reason }), { name: "AbortError" })); });
        });
      });
      await checkpoint();
      s.cancel();
      return "value";
    });
    expect(await ended).to.equal("value");
  });

  it("the same error from two sides is kept once", async () => {
    const error = new Error("once");
    const failed = await rejectionOf(scope(async (s) => {
      const child: ChildTask<never> = s.go(() => { throw error; });
      await child;
    }));
    expect(failed).to.equal(error);
    expect(suppressedOf(failed)).to.deep.equal([]);
  });

  it("law 2: a generator that is cancelled by its own guard, poll or attempt takes no place, and ends once", async () => {
    const ch = chan<number>();
    for (const shape of ["guard", "poll", "select", "attempting"]) {
      let ends = 0;
      let withdrawn = "never waited";
      await scope((s) => {
        const child: ChildTask<unknown> = s.go(function* () {
          const cancelling = (): void => { child.cancel(); };
          try {
            if (shape === "guard") yield* guard(() => { cancelling(); return ch.receiving(); });
            else if (shape === "select") yield* selecting({ first: guard(() => { cancelling(); return ch.receiving(); }), other: ch.receiving() });
            else if (shape === "attempting") yield* attempting((signal) => new Promise<void>(() => {
              withdrawn = "no";
              signal.addEventListener("abort", () => { withdrawn = "yes"; });
              cancelling();
            }));
            else yield* operation<number>({ poll: () => { cancelling(); return undefined; }, wait: () => { withdrawn = "no"; return () => { withdrawn = "yes"; }; } });
          } finally {
            ends++;
          }
        });
      });
      expect(ch.trySend(9), shape).to.equal(false);
      expect(ends, shape).to.equal(1);
      expect(withdrawn, shape).to.not.equal("no");
    }
  });

  it("a generator task that is cancelled with a value on its way does not leave the promise that it settles next unhandled", async () => {
    const ch = chan<number>();
    const unhandled = await unhandledDuring(async () => {
      await scope(async (s) => {
        const child = s.go(function* () {
          yield* ch.receiving();
          yield* settling((async () => { await sleep(1); })());
        });
        await checkpoint();
        ch.trySend(1);
        child.cancel();
      });
    });
    expect(unhandled).to.deep.equal([]);
  });

  it("a clean-up runs in the async context in which it was deferred, an onError handler in that of its scope", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    await storage.run("mine", () =>
      scope((s) => {
        s.defer(() => seen.push(storage.getStore()));
        storage.run("child's", () => s.go(async () => { await checkpoint(); throw new Error("handled"); }));
      }, { onError: () => { seen.push(storage.getStore()); } }),
    );
    expect(seen).to.deep.equal(["mine", "mine"]);
  });

  it("the scope waits for an onError handler, and fails with the handler's error", async () => {
    const log: string[] = [];
    const error = new Error("the handler's");
    const ended = rejectionOf(scope((s) => {
      s.go(() => { throw new Error("the child's"); });
    }, { onError: async () => { await sleep(10); log.push("handled"); throw error; } }));
    await clock.tickAsync(10);
    expect(await ended).to.equal(error);
    expect(log).to.deep.equal(["handled"]);
  });

  it("a clean-up may defer another; a task is refused then, and both once the scope has ended", async () => {
    const log: string[] = [];
    let kept!: Scope;
    await scope((s) => {
      kept = s;
      s.defer(() => {
        log.push("first");
        s.defer(() => log.push("second"));
        expect(() => s.go(() => 1)).to.throw(ClosedError, /is cleaning up/);
      });
    }, { name: "mine" });
    expect(log).to.deep.equal(["first", "second"]);
    expect(() => kept.go(() => 1)).to.throw(ClosedError, 'go in scope "mine", which has ended');
    expect(() => { kept.defer(() => 1); }).to.throw(ClosedError, /defer in scope "mine", which has ended/);
  });

  it("the messages of a timeout and of its cancel name it and what to do", async () => {
    let inside: unknown;
    const late = rejectionOf(timeout(5, async function fetchAll() {
      await sleep(1000).catch((error: unknown) => { inside = error; throw error; });
    }));
    await clock.tickAsync(5);
    expect(String(await late)).to.equal(
      'TimeoutError: timeout "fetchAll" has not ended within its 5 ms, and was cancelled. Give it more time, or call dumpTasks() to see what it waits for',
    );
    expect(String(inside)).to.match(/^CancelledError: timeout "fetchAll" was cancelled: .*shield\(\) what has to be done all the same$/);
  });

  it("the server sees that a call was cancelled in the turn of its acceptance", async () => {
    const { client, server } = calls<number, number>();
    let call!: Call<number, number>;
    await scope(async (s) => {
      const caller = s.go(() => perform(client.calling(1)));
      await checkpoint();
      const accepted = server.accept();
      caller.cancel();
      call = await accepted;
    });
    expect(call.signal.aborted).to.equal(true);
    expect(call.reply(5)).to.equal(false);
  });

  it("waiting for a coroutine's answer is a wait that a cancel reaches", async () => {
    const slow = coroutine(async function* (): AsyncGenerator<number, void, number> {
      yield 0;
      await sleep(1000);
      yield 1;
    });
    await slow.first;
    const ended = scope(async (s) => {
      const child = s.go(() => slow.call(1));
      await checkpoint();
      s.cancel();
      await child.result().catch(() => "cancelled");
    });
    await ended;
    await clock.tickAsync(1000);
  });

  it("a boolean returnErrors is typed as if errors may be results", () => {
    const among = (returnErrors: boolean) => gather([() => 1], { returnErrors });
    expectTypeOf(among).returns.resolves.toEqualTypeOf<[number | Error]>();
    expectTypeOf(gather([() => 1], { limit: 1 })).resolves.toEqualTypeOf<[number]>();
  });

  it("S-20: a child that cancels its scope is a normal end: the body's value counts, if it returned one, in both lanes", async () => {
    const ends = (stop: (s: Scope) => void) => async (s: Scope): Promise<string> => {
      s.go(async () => { await checkpoint(); stop(s); });
      await sleep(1000).catch(() => "swallowed");
      return "the body's";
    };
    expect(await scope(ends((s) => { s.cancel("found"); }))).to.equal("the body's");
    const returned = scope(function* (s) {
      s.go(function* () { yield* sleeping(1); s.cancel("found"); });
      s.go(function* () { yield* chan().receiving(); });
      return "at once";
    });
    await clock.tickAsync(1);
    expect(await returned).to.equal("at once");
  });

  it("S-20: if the body was cut short by it, the scope rejects with that CancelledError, in both lanes", async () => {
    for (const body of [
      async (s: Scope): Promise<void> => { s.go(() => { s.cancel("found"); }); await sleep(1000); },
      function* (s: Scope): Generator<unknown, void> { s.go(() => { s.cancel("found"); }); yield* sleeping(1000); },
    ]) {
      const error = await rejectionOf(scope(body as (s: Scope) => Promise<void>));
      expect(error).to.be.instanceOf(CancelledError);
      expect((error as Error).cause).to.equal("found");
    }
    expect(clock.countTimers()).to.equal(0);
  });
});
