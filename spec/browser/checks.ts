/**
 * What has to hold wherever the library runs, in a page and in a worker, too: nothing but the two imports is needed. Each check is a function that
 * rejects if it does not hold; they are run one after the other.
 */
import {
  aborting, always, calls, CancelledError, chan, checkpoint, choose, ClosedError, coroutine, gather, go, openScope, perform, poll, race, run, scope, select,
  selecting, settling, shield, sleep, sleeping, suppressedOf, ticker, timeout, TimeoutError, trySelect, type Task,
} from "rendezvous";
import { bubble, explore, ExploreError, expectNoLeaks, replay, seed, settle, shared } from "rendezvous/testing";

/** A text for each value that is distinguished here. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (inner === undefined ? "undefined" : inner instanceof Error ? String(inner) : inner)) ?? String(value);

function equal(got: unknown, expected: unknown): void {
  if (text(got) !== text(expected)) throw new Error(`expected ${text(expected)}, got ${text(got)}`);
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`does not hold: ${what}`);
}

/** What a promise rejects with. */
async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${text(value)}`);
}

const failure = new Error("failure");

/** A count that tasks read before they have the lock. */
async function lostUpdate(): Promise<void> {
  const lock = chan<undefined>({ capacity: 1, name: "lock" });
  let count = 0;
  const increment = async (): Promise<void> => {
    const before = count;
    await lock.send(undefined);
    count = before + 1;
    await lock.receive();
  };
  const tasks = [go(increment), go(increment)];
  for (const task of tasks) await task;
  if (count !== 2) throw new Error("an update is lost");
}

/** The checks, by name. */
export const checks: Record<string, () => Promise<void>> = {
  // -- What a body waits for first is reached by a cancel, without an argument --

  "timeout(20, () => chan().receive()) rejects": async () => {
    const ch = chan<number>();
    holds((await rejection(timeout(20, () => ch.receive()))) instanceof TimeoutError, "it is a TimeoutError");
    equal(ch.trySend(1), false);
  },
  "the losers of a race are withdrawn": async () => {
    const ch = chan<number>();
    equal(await race([() => ch.receive(), async () => { await sleep(1); return "hare"; }]), "hare");
    equal(ch.trySend(1), false);
  },
  "s.cancel() reaches children, and the scope ends": async () => {
    const caught: boolean[] = [];
    await scope(async (s) => {
      for (const wait of [() => chan().receive(), () => chan().send(1), () => sleep(60_000), () => select({ a: chan().receiving() })]) {
        s.go(async () => {
          try {
            await wait();
          } catch (error) {
            caught.push(error === s.signal.reason && error instanceof CancelledError);
            throw error;
          }
        });
      }
      await checkpoint();
      s.cancel("enough");
    });
    equal(caught, [true, true, true, true]);
  },
  "the first failure cancels the others, and is what the scope rejects with": async () => {
    let cleaned = 0;
    const failed = scope((s) => {
      s.go(async () => {
        try {
          await chan().receive();
        } finally {
          cleaned++;
        }
      });
      s.go(async () => { await sleep(1); throw failure; });
    });
    holds((await rejection(failed)) === failure, "it is the very error");
    equal([cleaned, suppressedOf(failure).length], [1, 0]);
  },
  "gather cancels its thunks, and keeps order": async () => {
    holds((await rejection(gather([() => chan().receive(), () => { throw failure; }]))) === failure, "it is the very error");
    equal(await gather({ a: () => 1, b: async () => { await sleep(1); return 2; } }), { a: 1, b: 2 });
  },
  "a scope in a scope is reached": async () => {
    await scope(async (s) => {
      s.go(() => scope((inner) => { inner.go(() => chan().receive()); }));
      await checkpoint();
      s.cancel();
    });
  },
  "shield is not reached, and its own limit is": async () => {
    equal(await timeout(1, () => shield(async () => { await sleep(10); return "whole"; })), "whole");
    holds((await rejection(shield(() => chan().receive(), { timeout: 1 }))) instanceof TimeoutError, "it is a TimeoutError");
  },
  "run is a scope": async () => {
    equal(await run((s) => { s.go(() => chan().receive()); s.cancel(); return "value"; }), "value");
  },
  "an open scope is cancelled when it is disposed of": async () => {
    const s = openScope();
    const child: Task<unknown> = s.go(() => chan().receive());
    await checkpoint();
    await s[Symbol.asyncDispose]();
    equal(child.state, "cancelled");
  },
  "{ signal: s.signal } reaches later waits": async () => {
    await scope(async (s) => {
      const { signal } = s;
      s.go(async () => {
        await sleep(1);
        await chan().receive({ signal });
      });
      await sleep(2);
      await checkpoint();
      s.cancel();
    });
  },
  "a free task that is started by a body is in no scope": async () => {
    const ch = chan<number>();
    let free: Task<number> | undefined;
    await scope((s) => {
      free = go(() => ch.receive());
      s.cancel();
      return undefined;
    });
    await ch.send(7);
    equal(await free, 7);
  },

  // -- Generator tasks --

  "generator tasks meet async ones": async () => {
    const [there, back] = [chan<number>(), chan<number>()];
    const task = go(function* () {
      let sum = 0;
      for (let n = 1; n <= 1000; n++) {
        yield* there.sending(n);
        sum += yield* back.receiving();
      }
      return sum;
    });
    for (let n = 1; n <= 1000; n++) {
      const value = await there.receive();
      await back.send(2 * value);
    }
    equal(await task, 1_001_000);
  },
  "generator tasks are cancelled at any yield*, in helpers, too, and clean up": async () => {
    const log: string[] = [];
    function* helper(): Generator<unknown, void> {
      try {
        yield* sleeping(1);
        yield* chan<undefined>().receiving();
      } finally {
        log.push("helper");
      }
    }
    const ended = timeout(10, function* () {
      try {
        yield* helper();
        log.push("goes on");
      } finally {
        log.push("body");
      }
    });
    holds((await rejection(ended)) instanceof TimeoutError, "it is a TimeoutError");
    equal(log, ["helper", "body"]);
  },
  "generator tasks select, map, and are told of errors": async () => {
    const ch = chan<number>({ name: "numbers" });
    const task = go(function* () {
      const first = yield* selecting({ n: ch.receiving().map((n) => n + 1), late: sleeping(60_000) });
      try {
        yield* ch.receiving();
      } catch (error) {
        return [first, error instanceof ClosedError];
      }
      return [];
    });
    await ch.send(1);
    ch.close();
    equal(await task, [{ case: "n", value: 2 }, true]);
  },

  // -- The laws --

  "law 1, law 2: an unbuffered send fulfils when it is received, once": async () => {
    const ch = chan<number>();
    let sent = false;
    const sending = ch.send(1).then(() => { sent = true; });
    await checkpoint();
    equal([sent, ch.size, ch.tryReceive(), ch.tryReceive()], [false, 0, { done: false, value: 1 }, undefined]);
    await sending;
  },
  "law 3: first come, first served": async () => {
    const ch = chan<number>();
    const received = Promise.all([ch.receive(), select({ n: ch.receiving() }), ch.next()]);
    for (const n of [1, 2, 3]) await ch.send(n);
    equal(await received, [1, { case: "n", value: 2 }, { done: false, value: 3 }]);
  },
  "law 4, law 5: what is aborted or has lost takes nothing": async () => {
    const ch = chan<number>();
    const giving = new AbortController();
    const aborted = rejection(ch.receive({ signal: giving.signal }));
    giving.abort(failure);
    holds((await aborted) === failure, "it is the reason itself");
    equal((await select({ n: ch.receiving(), late: sleeping(1) })).case, "late");
    equal(ch.trySend(1), false);
    const late = ch.receive();
    equal([ch.trySend(2), await late], [true, 2]);
  },
  "law 6: among ready cases each is taken, as the seed says": async () => {
    const draw = async (): Promise<string> => {
      let drawn = "";
      for (let n = 0; n < 30; n++) drawn += (await select({ a: always(1), b: always(2) })).case;
      return drawn;
    };
    seed(7);
    const first = await draw();
    seed(7);
    equal(await draw(), first);
    holds(first.includes("a") && first.includes("b"), "both are drawn");
    equal((await select({ a: always(1), b: always(2) }, { order: "listed" })).case, "a");
  },
  "law 7: a chain of 20,000 handovers does not recurse": async () => {
    let last = chan<number>();
    const first = last;
    for (let n = 0; n < 20_000; n++) {
      const [from, to] = [last, chan<number>()];
      go(function* () { yield* to.sending((yield* from.receiving()) + 1); });
      last = to;
    }
    await first.send(0);
    equal(await last.receive(), 20_000);
  },
  "law 8: any value is a value": async () => {
    const ch = chan<unknown>(5);
    for (const value of [undefined, null, 0, failure]) await ch.send(value);
    equal([await ch.receive(), await ch.receive(), await ch.receive(), (await ch.receive()) === failure], [undefined, null, 0, true]);
  },
  "law 9: the end comes after all that was accepted": async () => {
    const ch = chan<number>(1);
    await ch.send(1);
    const waiting = ch.send(2);
    ch.close();
    const received: number[] = [];
    for await (const n of ch) received.push(n);
    await waiting;
    equal(received, [1, 2]);
    holds((await rejection(ch.send(3))) instanceof ClosedError, "it is a ClosedError");
  },
  "law 10: tasks that only talk to each other starve no timer": async () => {
    const [ping, pong] = [chan<number>(), chan<number>()];
    let over = false;
    const players = [
      go(async () => { while (!over) { await ping.send(1); await pong.receive(); } ping.close(); }),
      go(async () => { for await (const n of ping) await pong.send(n); }),
    ];
    await new Promise((resolve) => { setTimeout(resolve, 5); });
    over = true;
    await gather(players);
  },
  "law 12: a failure reaches whoever joins": async () => {
    const task = go(() => { throw failure; });
    holds((await rejection(task)) === failure && (await task.result()).status === "rejected", "it is the very error");
  },
  "law 13: nothing outlives its scope": async () => {
    const ch = chan<number>();
    let cleaned = false;
    await scope((s) => {
      s.defer(() => { cleaned = true; });
      void ch.receive().catch(() => { /* withdrawn */ });
      s.go(() => sleep(1));
    });
    equal([cleaned, ch.trySend(1)], [true, false]);
  },

  // -- The rest of the most used functions --

  "buffers, overflow, trySend, tryReceive, cancel": async () => {
    const dropped: number[] = [];
    const ch = chan<number>({ capacity: 2, overflow: "drop-oldest", onDrop: (n) => { dropped.push(n); } });
    for (const n of [1, 2, 3]) await ch.send(n);
    equal([dropped, ch.size, ch.tryReceive()], [[1], 2, { done: false, value: 2 }]);
    ch.cancel();
    equal([dropped, ch.tryReceive()], [[1, 3], { done: true, value: undefined }]);
  },
  "operations: poll, choose, settling, aborting, trySelect": async () => {
    const ch = chan<number>(1);
    equal([poll(ch.receiving()), trySelect({ n: ch.receiving() })], [undefined, undefined]);
    equal(await perform(choose<unknown>(ch.receiving(), settling(Promise.resolve("settled")))), "settled");
    holds((await rejection(perform(aborting(AbortSignal.abort(failure))))) === failure, "it is the reason itself");
  },
  "calls are answered, and one that fails tells its caller": async () => {
    const squares = calls<number, number>("squares");
    const serving = go(() => squares.server.serve((n) => {
      if (n < 0) throw failure;
      return n * n;
    }));
    equal(await squares.client.call(7), 49);
    holds((await rejection(squares.client.call(-1))) === failure, "it is the very error");
    squares.close();
    await serving;
  },
  "coroutines converse": async () => {
    const echo = coroutine(function* (): Generator<string, void, string> {
      let heard = yield "ready";
      for (;;) heard = yield `${heard}!`;
    });
    equal([await echo.first, await echo.call("a"), await echo.call("b")], ["ready", "a!", "b!"]);
    echo.close();
    await echo.done;
  },
  "a ticker ticks, and is stopped": async () => {
    const clock = ticker(2);
    const first = await clock.receive();
    holds((await clock.receive()) > first, "ticks count");
    clock.stop();
    equal(await clock.next(), { done: true, value: undefined });
  },

  // -- Testing --

  "explore finds a lost update, shrinks it, and replay repeats it": async () => {
    const error = await rejection(explore(lostUpdate));
    holds(error instanceof ExploreError && error.kind === "exception" && (error.cause as Error).message === "an update is lost", String(error));
    const { schedule, trace } = error as ExploreError;
    const again = await replay(lostUpdate, schedule);
    equal([again.kind, String(again.error), again.trace], ["exception", "Error: an update is lost", trace]);
  },
  "explore proves a program right": async () => {
    const { complete, outcomes } = await explore(async ({ outcome }) => {
      const last = shared({ writer: "" });
      for (const task of ["a", "b"].map((name) => go(() => { last.writer = name; }))) await task;
      outcome(last.writer);
    }, { strategy: "dpor" });
    equal([complete, [...outcomes.keys()].sort()], [true, ["a", "b"]]);
  },
  "explore finds a deadlock, a leak, and a failure that nobody handles; what is left has cleaned up": async () => {
    let open = 0;
    const waits = async (): Promise<void> => {
      open++;
      try {
        await sleep(1);
        await chan().receive();
      } finally {
        open--;
      }
    };
    const kindOf = async (program: () => unknown): Promise<string> => ((await rejection(explore(program))) as ExploreError).kind;
    equal(
      [await kindOf(waits), await kindOf(async () => { go(waits); await sleep(2); }), await kindOf(() => { go(() => { throw failure; }); }), open],
      ["deadlock", "leak", "exception", 0],
    );
  },
  "where there are no async contexts, explore says that it has held the wake-ups of synchronous verbs, and replays none of production": async () => {
    const hasContexts = await bubble(() => true).catch(() => false);
    const program = async (): Promise<void> => {
      const ch = chan<number>();
      const task = go(() => ch.receive());
      await sleep(1);
      if (!ch.trySend(1)) await ch.send(1);
      await task;
    };
    const { complete, assumed } = await explore(program);
    equal([complete, assumed], [true, hasContexts ? ["timers: quiescent"] : ["timers: quiescent", "wake-ups: held"]]);
    const replayed = await replay(program, "=").then(() => "replayed", (error: unknown) => (error instanceof TypeError ? error.message.slice(0, 32) : error));
    equal(replayed, hasContexts ? "replayed" : 'a schedule that begins with "=" ');
  },
  "explore is in virtual time, in scopes and generator tasks, too": async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const late = await rejection(timeout(3_600_000, function* () { yield* chan().receiving(); }));
      outcome(`${String(late instanceof TimeoutError)} ${String(performance.now())}`);
    }, { maxSchedules: 10 });
    equal([...outcomes.keys()], ["true 3600000"]);
  },
  "settle lets everything go on, and expectNoLeaks names who is left": async () => {
    const ch = chan<number>({ name: "left" });
    const task = go(async () => 2 * (await ch.receive()));
    equal(ch.trySend(1), false);
    await settle();
    equal(ch.trySend(21), true);
    await settle();
    equal(task.state, "done");
    const leak = await rejection(expectNoLeaks(() => { go(function* reader() { yield* ch.receiving(); }); }));
    holds(String(leak).includes('receive on channel "left"'), String(leak));
    ch.trySend(1); // so that the reader ends
  },
  "bubble runs in virtual time, or says that the platform cannot": async () => {
    const outcome = await bubble(async () => { await sleep(60_000); return "a minute"; }).catch((error: unknown) => error);
    holds(outcome === "a minute" || (outcome instanceof TypeError && outcome.message.includes("async contexts")), String(outcome));
  },
};
