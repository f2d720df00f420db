/** Programs under fake clocks: virtual time is exact, however the clock is driven. */
import { createRequire } from "node:module";
import { mock } from "node:test";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { chan, checkpoint, gather, go, perform, select, sleep, sleeping, ticker } from "../../../src/node.ts";
import { seed } from "../../../src/testing/index.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

/** A program of sleeps, handovers, selects, checkpoints and gathers, which writes down what happened when. */
async function program(): Promise<string[]> {
  seed(seedOfRun);
  const log: string[] = [];
  const note = (what: string): void => { log.push(`${String(Date.now())} ${what}`); };
  const jobs = chan<string>();
  const results = chan<string>(1);
  const worker = async (name: string, ms: number): Promise<void> => {
    for await (const job of jobs) {
      note(`${name} takes ${job}`);
      await sleep(ms);
      await checkpoint();
      await results.send(`${job} by ${name}`);
    }
    note(`${name} ends`);
  };
  await gather([
    async () => {
      for (const job of ["a", "b", "c", "d", "e"]) {
        await jobs.send(job);
        note(`${job} handed over`);
        for (let hops = 0; hops < 100; hops++) await null;
      }
      await sleep(15);
      jobs.close();
    },
    async () => {
      await gather([() => worker("one", 10), () => worker("two", 14)]);
      results.close();
    },
    async () => {
      for (;;) {
        const selected = await select({ result: results.nexting(), late: sleeping(9) });
        if (selected.case === "late") note("late");
        else if (selected.value.done === true) return;
        else note(`got ${selected.value.value}`);
      }
    },
  ]);
  note("done");
  return log;
}

const logOfProgram = [
  "0 a handed over", "0 one takes a", "0 two takes b", "0 b handed over",
  "9 late",
  "10 got a by one", "10 c handed over", "10 one takes c",
  "14 got b by two", "14 d handed over", "14 two takes d",
  "20 got c by one", "20 e handed over", "20 one takes e",
  "28 got d by two",
  "30 got e by one",
  "35 two ends", "35 one ends", "35 done",
];

describe("fake clocks", () => {
  afterEach(() => { sinon.restore(); });

  it("FT01 a sleep ends when its time has come and not before", async () => {
    const clock = sinon.useFakeTimers();
    let done = false;
    void sleep(100).then(() => { done = true; });
    await clock.tickAsync(99);
    expect(done).to.equal(false);
    await clock.tickAsync(1);
    expect(done).to.equal(true);
    expect(Date.now()).to.equal(100);
    expect(clock.countTimers()).to.equal(0);
  });

  it("FT02 the library was imported before the clock was installed, and follows each clock that is", async () => {
    for (let again = 0; again < 3; again++) {
      const clock = sinon.useFakeTimers();
      const slept = sleep(1e9);
      expect(clock.countTimers()).to.equal(1);
      await clock.tickAsync(1e9);
      await slept;
      sinon.restore();
    }
  });

  it("FT04 ten sleeps of 10 in a row wake at 10, 20, ..., 100", async () => {
    const clock = sinon.useFakeTimers();
    const wokeAt: number[] = [];
    go(async () => {
      for (let n = 0; n < 10; n++) {
        await sleep(10);
        wokeAt.push(Date.now());
      }
    });
    await clock.tickAsync(100);
    expect(wokeAt).to.deep.equal([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  describe("the log of a program of sleeps, handovers and selects", () => {
    const ways: Record<string, (clock: SinonFakeTimers, ended: () => boolean) => Promise<unknown>> = {
      "FT06 (a) tickAsync": (clock) => clock.tickAsync(200),
      "FT08 (a) tickAsync, a millisecond at a time": async (clock, ended) => { while (!ended()) await clock.tickAsync(1); },
      "FT08 (b) nextAsync, twice per timer": async (clock, ended) => {
        while (!ended()) {
          await clock.nextAsync();
          await clock.nextAsync();
        }
      },
      "FT08 (c) runToLastAsync": async (clock, ended) => { while (!ended()) await clock.runToLastAsync(); },
      "FT08 (d) runAllAsync": async (clock) => { await settle(); await clock.runAllAsync(); },
      "FT08 (e) setTickMode nextAsync": async (clock, ended) => {
        clock.setTickMode({ mode: "nextAsync" });
        while (!ended()) await settle();
        clock.setTickMode({ mode: "manual" });
      },
    };
    for (const [name, drive] of Object.entries(ways)) {
      for (const toNotFake of [[], ["nextTick", "queueMicrotask"]] as const) {
        it(`${name}, ${toNotFake.length === 0 ? "everything fake" : `without ${toNotFake.join(" and ")}`}: is the same`, async () => {
          const clock = toNotFake.length === 0 ? sinon.useFakeTimers() : sinon.useFakeTimers({ toNotFake: [...toNotFake] });
          let ended = false;
          const running = program().finally(() => { ended = true; });
          await drive(clock, () => ended);
          expect(ended).to.equal(true);
          expect(await running).to.deep.equal(logOfProgram);
          expect(clock.countTimers()).to.equal(0);
        });
      }
    }
  });

  it("FT09 a value that comes at 49 beats the time limit at 50, and the timer is gone", async () => {
    const clock = sinon.useFakeTimers();
    const ch = chan<string>();
    const selected = select({ value: ch.receiving(), late: sleeping(50) });
    await clock.tickAsync(49);
    ch.trySend("in time");
    expect(clock.countTimers()).to.equal(0);
    expect(await selected).to.deep.equal({ case: "value", value: "in time" });
  });

  it("FT11 without a value the time limit comes at 50, and the offer to receive is withdrawn", async () => {
    const clock = sinon.useFakeTimers();
    const ch = chan<string>();
    const selected = select({ value: ch.receiving(), late: sleeping(50) });
    await clock.tickAsync(49);
    expect(await isPending(selected)).to.equal(true);
    await clock.tickAsync(1);
    expect(await selected).to.deep.equal({ case: "late", value: undefined });
    expect(ch.trySend("too late")).to.equal(false);
    expect(await isPending(ch.send("too late"))).to.equal(true);
  });

  it("FT24 (a) a task that throws after a sleep of 5 has failed for its joiner before a timer at 6", async () => {
    const clock = sinon.useFakeTimers();
    const log: string[] = [];
    const task = go(async () => {
      await sleep(5);
      throw new Error("at 5");
    });
    void rejectionOf(task.join()).then((error) => log.push(`${(error as Error).message}, seen at ${String(Date.now())}`));
    clock.setTimeout(() => log.push("timer at 6"), 6);
    await clock.tickAsync(10);
    expect(log).to.deep.equal(["at 5, seen at 5", "timer at 6"]);
  });

  it("FT24 (b) nobody joins it: the unhandled rejection comes at 5, before a timer at 6", async () => {
    const clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask"] });
    const log: string[] = [];
    const error = new Error("at 5");
    const unhandled = await unhandledDuring(async () => {
      process.on("unhandledRejection", () => log.push(`unhandled at ${String(Date.now())}`));
      go(async () => {
        await sleep(5);
        throw error;
      });
      clock.setTimeout(() => log.push("timer at 6"), 6);
      await clock.tickAsync(10);
    });
    expect(unhandled).to.deep.equal([error]);
    expect(log).to.deep.equal(["unhandled at 5", "timer at 6"]);
  });

  it("FT25 a gather of sleeps of 10, 20, 30, of which the second fails, rejects at 20", async () => {
    const clock = sinon.useFakeTimers();
    const error = new Error("at 20");
    let rejectedAt = -1;
    void rejectionOf(
      gather([() => sleep(10), () => sleep(20).then(() => { throw error; }), () => sleep(30)]),
    ).then((reason) => { if (reason === error) rejectedAt = Date.now(); });
    await clock.tickAsync(100);
    expect(rejectedAt).to.equal(20);
  });

  it("FT26 a jump of the system's time during a sleep does not change its length", async () => {
    const clock = sinon.useFakeTimers();
    let slept = false;
    const seen: number[] = [];
    void sleep(100).then(() => { slept = true; });
    const ticks = ticker(20);
    void (async () => { for await (const tick of ticks) seen.push(tick); })();
    await clock.tickAsync(50);
    clock.setSystemTime(10_000_000);
    await clock.tickAsync(49);
    expect(slept).to.equal(false);
    await clock.tickAsync(1);
    expect(slept).to.equal(true);
    expect(seen).to.deep.equal([1, 2, 3, 4, 5]);
    ticks.stop();
  });

  it("FT27 with setTimeout and clearTimeout alone faked, sleep, select and ticker are right", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const log: string[] = [];
    const ticks = ticker(10);
    void (async () => { for await (const tick of ticks) log.push(`tick ${String(tick)} at ${String(clock.now)}`); })();
    void sleep(25).then(() => log.push(`slept at ${String(clock.now)}`));
    void select({ late: sleeping(15), quiet: chan().receiving() }).then((selected) => log.push(`${selected.case} at ${String(clock.now)}`));
    await clock.tickAsync(30);
    expect(log).to.deep.equal(["tick 1 at 10", "late at 15", "tick 2 at 20", "slept at 25", "tick 3 at 30"]);
    ticks.stop();
    expect(clock.countTimers()).to.equal(0);
  });

  it("FT29 a synchronous tick over a sleep, then a few promise jobs: it is done", async () => {
    const clock = sinon.useFakeTimers();
    let done = 0;
    void sleep(100).then(() => done++);
    void perform(sleeping(100)).then(() => done++);
    void select({ it: sleeping(100) }).then(() => done++);
    clock.tick(100);
    expect(done).to.equal(0);
    for (let jobs = 0; jobs < 3; jobs++) await null;
    expect(done).to.equal(3);
  });

  it("FT30 a platform whose timers are plain numbers works, too", async () => {
    const clock = sinon.useFakeTimers();
    const { setTimeout, clearTimeout } = globalThis;
    const handles = new Map<number, ReturnType<typeof setTimeout>>();
    let made = 0;
    sinon.replace(globalThis, "setTimeout", ((callback: () => void, ms: number) => {
      handles.set(++made, setTimeout(callback, ms));
      return made;
    }) as unknown as typeof setTimeout);
    sinon.replace(globalThis, "clearTimeout", ((handle: number) => { clearTimeout(handles.get(handle)); }) as typeof clearTimeout);
    const giving = new AbortController();
    const slept = sleep(10);
    const aborted = rejectionOf(sleep(20, { signal: giving.signal }));
    const ticks = ticker(5);
    await clock.tickAsync(10);
    await slept;
    giving.abort("enough");
    ticks.stop();
    expect(await aborted).to.equal("enough");
    expect(made).to.be.greaterThan(2);
    expect(clock.countTimers()).to.equal(0);
  });

  for (const [name, drive] of [
    ["tickAsync", (clock: SinonFakeTimers) => clock.tickAsync(1500)],
    ["runToLastAsync", (clock: SinonFakeTimers) => clock.runToLastAsync()],
  ] as const) {
    it(`FT31 1500 sleeps in a row under ${name}`, async () => {
      const clock = sinon.useFakeTimers();
      let slept = 0;
      void (async () => {
        for (; slept < 1500; slept++) await sleep(1);
      })();
      while (slept < 1500) {
        const before = slept;
        await drive(clock);
        expect(slept).to.be.greaterThan(before);
      }
      expect(Date.now()).to.equal(1500);
    });
  }

  it("FT33 two ticks that run at the same time add up, and the order of wakes is kept", async () => {
    const clock = sinon.useFakeTimers();
    const log: number[] = [];
    for (const ms of [20, 5, 15, 10, 1]) void sleep(ms).then(() => log.push(ms));
    await Promise.all([clock.tickAsync(10), clock.tickAsync(10)]);
    expect(Date.now()).to.equal(20);
    expect(log).to.deep.equal([1, 5, 10, 15, 20]);
  });

  it("FT37 an abort during sleep, receive, send, select: timer cleared and waiter gone at once", async () => {
    const clock = sinon.useFakeTimers();
    const giving = new AbortController();
    const { signal } = giving;
    const ch = chan<string>();
    const other = chan<string>();
    const errors = [
      sleep(10, { signal }),
      ch.receive({ signal }),
      other.send("a", { signal }),
      select({ value: ch.receiving(), sent: other.sending("b"), late: sleeping(10) }, { signal }),
    ].map(rejectionOf);
    await clock.tickAsync(5);
    expect(clock.countTimers()).to.equal(2);
    giving.abort("enough");
    expect(clock.countTimers()).to.equal(0);
    expect(ch.trySend("too late")).to.equal(false);
    expect(other.tryReceive()).to.equal(undefined);
    expect(await Promise.all(errors)).to.deep.equal(["enough", "enough", "enough", "enough"]);
  });

  it("FT38 a send and a receive that wait while the clock moves are unaffected, and the tick resolves", async () => {
    const clock = sinon.useFakeTimers();
    const ch = chan<string>();
    const other = chan<string>();
    const received = ch.receive();
    const sent = other.send("a");
    await clock.tickAsync(1e6);
    expect(await isPending(received)).to.equal(true);
    expect(await isPending(sent)).to.equal(true);
    ch.trySend("b");
    expect(await received).to.equal("b");
    expect(other.tryReceive()?.value).to.equal("a");
    await sent;
  });

  /** A clock of another maker. */
  interface Clock {
    advance(ms: number): Promise<void>;
    restore(): void;
    /** The number of pending timers, if it reports that. */
    pending?: () => number;
  }
  const makers: Record<string, () => Clock> = {
    "node:test": () => {
      mock.timers.enable({ apis: ["setTimeout", "Date"] });
      return {
        // Its only tick is synchronous: each millisecond gets its turn.
        async advance(ms) {
          for (let passed = 0; passed < ms; passed++) {
            mock.timers.tick(1);
            await settle();
          }
        },
        restore: () => { mock.timers.reset(); },
      };
    },
    "bare fake-timers": () => {
      const fakeTimers = createRequire(createRequire(import.meta.url).resolve("sinon"))("@sinonjs/fake-timers") as {
        install(config: object): SinonFakeTimers & { uninstall(): void };
      };
      const clock = fakeTimers.install({ now: 0 });
      return { advance: async (ms) => { await clock.tickAsync(ms); }, restore: () => { clock.uninstall(); }, pending: () => clock.countTimers() };
    },
  };
  for (const [maker, make] of Object.entries(makers)) {
    it(`FT39 sleep, select and ticker work under the clock of ${maker}`, async () => {
      const clock = make();
      try {
        let done = false;
        void sleep(100).then(() => { done = true; });
        await clock.advance(99);
        expect(done).to.equal(false);
        await clock.advance(1);
        expect(done).to.equal(true);
        expect(Date.now()).to.equal(100);

        const ch = chan<string>();
        const selected = select({ value: ch.receiving(), late: sleeping(50) });
        await clock.advance(49);
        ch.trySend("in time");
        expect((await selected).case).to.equal("value");

        const ticks = ticker(10);
        const start = Date.now();
        const seen: [number, number][] = [];
        void (async () => { for await (const tick of ticks) seen.push([tick, Date.now() - start]); })();
        await clock.advance(100);
        ticks.stop();
        expect(seen).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tick) => [tick, tick * 10]));
        expect(clock.pending?.() ?? 0).to.equal(0);
      } finally {
        clock.restore();
      }
    });
  }
});
