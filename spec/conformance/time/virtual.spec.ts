/** Virtual time: a bubble's clock, which waits stop it, and which timers it moves. */
import { readFile } from "node:fs/promises";
import { createServer, connect, type AddressInfo } from "node:net";
import { expect } from "chai";
import sinon from "sinon";
import {
  chan, checkpoint, DeadlockError, gather, go, scope, select, selecting, settling, sleep, sleeping, ticker,
} from "../../../src/node.ts";
import { dial } from "../../../src/net/index.ts";
import { bubble, explore, LeakError, replay, settle, type ExploreError } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";

const { setImmediate } = globalThis;

/** The reason of a bubble that does not end well. None of these may take real time. */
async function failureOf(program: () => unknown): Promise<Error> {
  return (await rejectionOf(bubble(program, { timeoutMs: Infinity }))) as Error;
}

/** Something outside, that settles after some turns of the real event loop. */
function outside<T>(value: T, turns = 5): Promise<T> {
  return new Promise((resolve) => {
    if (turns === 0) resolve(value);
    else setImmediate(() => { resolve(outside(value, turns - 1)); });
  });
}

describe("virtual time", () => {
  afterEach(() => { sinon.restore(); });

  // -- FC-01 --

  it("FC-01 (a): a sleep of 2,000 ms in main and one of 1,000 ms in a task take exactly that, the task first", async () => {
    const log = await bubble(async () => {
      const ended: [who: string, at: number][] = [];
      const task = go(async () => {
        await sleep(1000);
        ended.push(["task", performance.now()]);
      });
      await sleep(2000);
      ended.push(["main", performance.now()]);
      await task;
      return ended;
    });
    expect(log).to.deep.equal([["task", 1000], ["main", 2000]]);
  });

  it("FC-01 (b): the same in generator tasks", async () => {
    const log = await bubble(function* () {
      const ended: [who: string, at: number][] = [];
      const task = go(function* () {
        yield* sleeping(1000);
        ended.push(["task", performance.now()]);
      });
      yield* sleeping(2000);
      ended.push(["main", performance.now()]);
      yield* task.joining();
      return ended;
    });
    expect(log).to.deep.equal([["task", 1000], ["main", 2000]]);
  });

  it("FC-01 (c): a month passes within the real time of this test", async () => {
    const month = 30 * 86_400_000;
    expect(await bubble(async () => {
      for (let day = 0; day < 30; day++) await sleep(86_400_000);
      return performance.now();
    })).to.equal(month);
  });

  it("FC-01 (d): the clock starts at a fixed instant, the same in every bubble, and the real one is back after it", async () => {
    const before = Date.now();
    for (let time = 0; time < 2; time++) {
      expect(await bubble(() => [Date.now(), new Date().toISOString(), performance.now()]))
        .to.deep.equal([946_684_800_000, "2000-01-01T00:00:00.000Z", 0]);
    }
    expect(Date.now()).to.be.at.least(before);
  });

  it("FC-01 (e): it stands still while a task can run: handovers, yields, promise jobs, in both lanes (bubble.ts 1)", async () => {
    const seen = await bubble(async () => {
      const ch = chan<number>();
      const late = go(async () => {
        await sleep(1);
        return ch.closed;
      });
      go(async () => {
        for (let n = 0; n < 300; n++) {
          await ch.send(n);
          for (let hop = 0; hop < 20; hop++) await undefined;
        }
      });
      const reader = go(function* () {
        for (let n = 0; n < 300; n++) yield* ch.receiving();
        return performance.now();
      });
      for (let n = 0; n < 300; n++) await checkpoint();
      const readAt = await reader;
      ch.close();
      return { readAt, closedAt: performance.now(), closedBeforeTheTimer: await late, endedAt: performance.now() };
    });
    expect(seen).to.deep.equal({ readAt: 0, closedAt: 0, closedBeforeTheTimer: true, endedAt: 1 });
  });

  it("FC-01 (f): delays of 0 and below are due without the clock moving, after all ready tasks, in the order of their creation", async () => {
    const log = await bubble(async () => {
      const order: string[] = [];
      const note = async (name: string, ms: number): Promise<void> => {
        await sleep(ms);
        order.push(`${name} at ${performance.now()}`);
      };
      const tasks = [go(note, "a", 0), go(note, "later", 1), go(note, "b", -5), go(note, "c", 0)];
      go(async () => {
        for (let n = 0; n < 10; n++) await checkpoint();
        order.push("ready");
      });
      for (let n = 0; n < 100; n++) await sleep(0);
      order.push(`main at ${performance.now()}`);
      for (const task of tasks) await task;
      return order;
    });
    expect(log).to.deep.equal(["ready", "a at 0", "b at 0", "c at 0", "main at 0", "later at 1"]);
  });

  it("FC-01 (g): timers of one instant fire in the order of their creation, each with all its consequences before the next (bubble-run.ts 2)", async () => {
    const log = await bubble(async () => {
      const order: string[] = [];
      const tasks = ["a", "b", "c"].map((name) => go(async () => {
        await sleep(10);
        order.push(name);
        for (let n = 0; n < 5; n++) await checkpoint();
        order.push(`${name}, later`);
      }));
      for (const task of tasks) await task;
      return order;
    });
    expect(log).to.deep.equal(["a", "a, later", "b", "b, later", "c", "c, later"]);
  });

  // -- FC-02 --

  it("FC-02 (a): settle resolves when all others wait or have ended: a chain of 100 spawns has then finished", async () => {
    const seen = await bubble(async () => {
      const counted: number[] = [];
      const spawn = async (n: number): Promise<void> => {
        await checkpoint();
        counted.push(n);
        if (n > 0) go(spawn, n - 1);
      };
      go(spawn, 99);
      await settle();
      return { counted: counted.length, last: counted.at(-1), at: performance.now() };
    });
    expect(seen).to.deep.equal({ counted: 100, last: 0, at: 0 });
  });

  it("FC-02 (b): a chain of 100 generator tasks that pass a counter down also works if it takes more than a few turns of the event loop", async () => {
    for (const length of [100, 2000]) {
      const last = await bubble(async () => {
        let counted = length;
        const spawn = function* (given: number): Generator<unknown, void, unknown> {
          const below = chan<number>();
          if (given > 0) go(function* () { yield* below.sending(given - 1); });
          if (given > 0) go(spawn, yield* below.receiving());
          counted = given;
        };
        go(spawn, length);
        await settle();
        return counted;
      });
      expect(last).to.equal(0);
    }
  });

  it("FC-02 (c): settle takes no time, and does not wait for tasks that wait for time", async () => {
    const seen = await bubble(async () => {
      const task = go(() => sleep(10));
      await settle();
      const { state } = task;
      await task;
      await settle();
      return [state, task.state, performance.now()];
    });
    expect(seen).to.deep.equal(["running", "done", 10]);
  });

  it("FC-02 (d): several may settle at once, one after the other", async () => {
    const log = await bubble(async () => {
      const order: string[] = [];
      const tasks = ["a", "b"].map((name) => go(async () => {
        await settle();
        order.push(name);
        await checkpoint();
        order.push(`${name}, later`);
      }));
      for (const task of tasks) await task;
      return order;
    });
    expect(log).to.deep.equal(["a", "a, later", "b", "b, later"]);
  });

  it("FC-02 (e): a task that waits for a foreign promise keeps the clock where it is, and settle waiting, until that settles (blocked-tasks.ts 1)", async () => {
    const seen = await bubble(async () => {
      const order: string[] = [];
      const note = (what: string): void => { order.push(`${what} at ${performance.now()}`); };
      const sleeper = go(async () => {
        await sleep(1);
        note("slept");
      });
      go(async function foreign() {
        await outside(1);
        note("came");
        await sleep(2);
        note("slept after it");
      });
      await settle();
      note("settled");
      await sleeper;
      await sleep(10);
      return order;
    });
    expect(seen).to.deep.equal(["came at 0", "settled at 0", "slept at 1", "slept after it at 2"]);
  });

  it("FC-02 (f): so does a task that waits for files and sockets", async () => {
    const server = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
    const { port } = server.address() as AddressInfo;
    try {
      const seen = await bubble(async () => {
        const late = go(() => sleep(1));
        const text = go(async () => (await readFile(new URL(import.meta.url), "utf8")).includes("FC-02"));
        const echo = go(() => new Promise<string>((resolve, reject) => {
          const socket = connect(port, "127.0.0.1").on("error", reject);
          socket.end("hello");
          socket.once("data", (bytes) => { resolve(String(bytes)); });
        }));
        const dialled = go(async () => {
          const connection = await dial({ host: "127.0.0.1", port, timeout: 1000 });
          await connection.send("over a connection\n");
          const line = await connection.readLine();
          await connection.shutdown();
          return line;
        });
        const got = [await text, await echo, await dialled, performance.now(), late.state];
        await late;
        return got;
      });
      expect(seen).to.deep.equal([true, "hello", "over a connection", 0, "running"]);
    } finally {
      server.close();
    }
  });

  /** Waiting for a foreign promise, by an operation; each gives "came". */
  const waits: Record<string, (promise: Promise<string>) => () => unknown> = {
    "a select with settling": (promise) => async () =>
      (await select({ came: settling(promise), late: sleeping(5), never: chan().receiving() })).case,
    "a select in a generator": (promise) => function* () {
      return (yield* selecting({ came: settling(promise), late: sleeping(5) })).case;
    },
    "a gather of it and a task": (promise) => async () => (await gather([promise, go(() => undefined)]))[0],
    "a gather of it and a body": (promise) => async () => (await gather([promise, () => undefined]))[0],
    "the body of a scope": (promise) => () => scope(() => promise),
    "a scope in a scope": (promise) => () => scope(() => scope(async (s) => {
      s.go(() => chan().receive().catch(() => undefined));
      const came = await promise;
      s.cancel();
      return came;
    })),
    "a task of a scope whose body has ended": (promise) => async () => {
      let came = "";
      await scope((s) => { s.go(async () => { came = await promise; }); });
      return came;
    },
    "the handler of a failed task": (promise) => async () => {
      let came = "";
      await scope((s) => { s.go(() => { throw new Error("fails"); }); }, { onError: async () => { came = await promise; } });
      return came;
    },
    "the clean-up of a scope": (promise) => async () => {
      let came = "";
      await scope((s) => { s.defer(async () => { came = await promise; }); });
      return came;
    },
  };
  for (const [name, wait] of Object.entries(waits)) {
    it(`FC-02 (g): ${name} is not blocked either: the clock stands still, and no deadlock is reported (blocked-tasks.ts 1)`, async () => {
      const seen = await bubble(async () => {
        const late = go(() => sleep(1));
        const got = [await go(wait(outside("came")) as () => Promise<unknown>), performance.now()];
        await late;
        return got;
      }, { timeoutMs: Infinity });
      expect(seen).to.deep.equal(["came", 0]);
    });
  }

  it("FC-02 (h): a scope whose last task has failed after some time, and whose handler waits outside, keeps the clock from then on", async () => {
    const seen = await bubble(async () => {
      const handled: unknown[] = [];
      const late = go(() => sleep(10));
      const failing = async (): Promise<never> => {
        await sleep(1);
        throw new Error("fails");
      };
      await scope((s) => { s.go(failing); }, { onError: async () => { handled.push(await outside("came"), performance.now()); } });
      await late;
      return handled;
    });
    expect(seen).to.deep.equal(["came", 1]);
  });

  it("FC-02 (i): once the promise outside has settled, a task that still waits beside it does not stop the clock (bubble-run.ts 3)", async () => {
    const seen = await bubble(async () => gather([outside("came"), go(() => sleep(5)), () => sleep(10)]).then(() => performance.now()));
    expect(seen).to.equal(10);
  });

  // -- FC-03 --

  it("FC-03 (a): all wait and there is no timer: a DeadlockError at once, with each task, its operation and its channel (bubble.ts 2)", async () => {
    const error = await failureOf(async () => {
      const [letters, parcels] = [chan<string>({ name: "letters" }), chan<string>({ name: "parcels" })];
      go(async function reader() { await letters.receive(); });
      go(function* writer() { yield* parcels.sending("one"); });
      await scope(async function office(s) {
        s.go(async function clerk() { await select({ letter: letters.receiving(), parcel: letters.nexting() }); });
      });
    });
    expect(error).to.be.instanceOf(DeadlockError);
    expect(error.message.replace(/task \d+/g, "task")).to.equal([
      "all tasks are asleep - deadlock (4 tasks)",
      '  task "main" waits for what runs in it',
      '  task "clerk" blocked in select of letter: receive on channel "letters", parcel: receive on channel "letters"',
      '  task "reader" blocked in receive on channel "letters"',
      '  task "writer" blocked in send on channel "parcels"',
      "and no timer is left that could wake anybody",
    ].join("\n"));
  });

  it("FC-03 (b): a deadlock after some time, at the end of a sleep and in a race, is also reported", async () => {
    for (const program of [
      async () => {
        await sleep(1000);
        await chan().receive();
      },
      () => sleep(Infinity),
      () => scope(async (s) => {
        s.go(() => sleep(10));
        await chan().send(1);
      }),
      function* () {
        yield* go(() => chan().receive()).joining();
      },
    ]) expect(await failureOf(program)).to.be.instanceOf(DeadlockError);
  });

  it("FC-03 (c): main has ended and others wait: a LeakError names them, even one that waits for a ticker", async () => {
    const error = await failureOf(async () => {
      const beats = ticker(10);
      go(async function heart() { for (;;) await beats.receive(); });
      go(function* reader() { yield* chan({ name: "letters" }).receiving(); });
      go(() => sleep(30));
      await sleep(35);
    });
    expect(error).to.be.instanceOf(LeakError);
    expect(error.message.replace(/task \d+/g, "task").split("\n").slice(1)).to.deep.equal([
      '  task "heart" is left waiting in receive on channel "ticker of 10 ms"',
      '  task "reader" is left waiting in receive on channel "letters"',
    ]);
  });

  it("FC-03 (d): timers due after main's end do not run; timers due by then and ready tasks do", async () => {
    const log: string[] = [];
    const note = async (ms: number): Promise<void> => {
      await sleep(ms);
      log.push(`${ms} ms`);
    };
    const error = await failureOf(async () => {
      await sleep(10);
      go(note, 0);
      go(async () => {
        for (let n = 0; n < 10; n++) await checkpoint();
        log.push("ready");
      });
      go(async function late() { await note(1); });
    });
    expect(error).to.be.instanceOf(LeakError);
    expect(error.message).to.include('"late" is left waiting in sleep of 1 ms');
    expect(log).to.deep.equal(["ready", "0 ms"]);
    await bubble(() => { go(note, 5); }, { leaks: "ignore" });
    expect(log).to.deep.equal(["ready", "0 ms"]);
  });

  it("FC-03 (e): after main's end a task that waits outside is waited for, and then has to end", async () => {
    let came = "";
    await bubble(() => { go(async () => { came = await outside("came"); }); });
    expect(came).to.equal("came");
    const error = await failureOf(() => {
      go(async function lost() {
        await outside("came");
        await chan({ name: "letters" }).receive();
      });
    });
    expect(error.message).to.include('"lost" is left waiting in receive on channel "letters"');
  });

  it("FC-03 (f): a bubble under a fake clock is refused with a clear text", async () => {
    const body = sinon.fake();
    sinon.useFakeTimers();
    const error = await failureOf(body);
    sinon.restore();
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal("bubble has a clock of its own, and a fake clock is installed: restore it first");
    expect(body.callCount).to.equal(0);
    expect(await bubble(() => 1)).to.equal(1);
  });

  it("FC-03 (g): so is one in a bubble, in an exploration, and beside another; and an exploration in a bubble", async () => {
    const refused = /^bubble does not work inside explore, replay or bubble, nor beside one; (bubble|explore|replay) is running: end that first$/;
    const first = bubble(() => sleep(5));
    const second = await failureOf(() => 2);
    expect(second).to.be.instanceOf(TypeError);
    expect(second.message).to.match(refused);
    await first;
    expect((await failureOf(() => bubble(() => 1))).message).to.match(refused);
    const { cause } = (await rejectionOf(explore(() => bubble(() => 1)))) as ExploreError;
    expect((cause as Error).message).to.match(refused);
    const { error } = await replay(() => bubble(() => 1), "0");
    expect((error as Error).message).to.match(refused);
    expect((await failureOf(() => explore(() => 1))).message).to.include("explore does not work inside");
    expect(await bubble(() => 1)).to.equal(1);
  });
});
