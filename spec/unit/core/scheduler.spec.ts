/** Turns: the order of wake-ups, the budget of a turn, and the seam. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import sinon from "sinon";
import { control, enqueue, nextTurn, start, wake } from "../../../src/core/scheduler.ts";
import { always, chan, checkpoint, go, select, sleep } from "../../../src/index.ts";
import { freshCopy } from "../../support/fresh.ts";
import { settle } from "../../support/settle.ts";
import { TrivialController } from "../../support/trivial-controller.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

const { setImmediate } = globalThis;

const nobody = { kind: "task", id: 0, name: "nobody", cancelScope: undefined };

describe("the run queue", () => {
  let log: string[] = [];
  beforeEach(() => {
    log = [];
    sinon.useFakeTimers(); // the budget is off: it depends on the time that passes, and may hold wake-ups back, but no start
  });
  afterEach(() => { sinon.restore(); });

  const job = (name: string, then?: () => void): void => {
    enqueue({
      run() {
        log.push(name);
        then?.();
      },
    });
  };
  const promised = (name: string, then?: () => void): void => {
    const { promise, resolve } = withResolvers();
    void promise.then(() => {
      log.push(name);
      then?.();
    });
    wake(resolve, undefined);
  };
  const started = (name: string): void => { start({ run: () => { log.push(name); } }, nobody); };

  it("never runs a job, a continuation or a start in the stack of its cause (scheduler.ts 1)", async () => {
    job("job");
    promised("promise");
    started("start");
    nextTurn(() => log.push("turn"));
    expect(log).to.deep.equal([]);
    await settle();
    expect(log).to.deep.equal(["job", "promise", "start", "turn"]);
  });

  it("keeps wake-ups in order, across promises, jobs and starts (scheduler.ts 2)", async () => {
    job("job a");
    job("job b");
    promised("promise c");
    job("job d");
    promised("promise e");
    promised("promise f");
    started("start g");
    job("job h");
    job("job i");
    await settle();
    expect(log).to.deep.equal([
      "job a", "job b", "promise c", "job d", "promise e", "promise f", "start g", "job h", "job i",
    ]);
  });

  it("puts what a wake-up causes behind what was caused before", async () => {
    job("job a", () => {
      job("job c");
      promised("promise d");
      job("job e");
    });
    promised("promise b", () => {
      job("job f");
      promised("promise g");
    });
    await settle();
    expect(log).to.deep.equal(["job a", "promise b", "job c", "promise d", "job e", "job f", "promise g"]);
  });

  it("lets jobs queued in a row share one microtask (scheduler.ts 2)", async () => {
    job("job a");
    void Promise.resolve().then(() => log.push("foreign microtask"));
    job("job b");
    await settle();
    expect(log).to.deep.equal(["job a", "job b", "foreign microtask"]);
  });

  it("keeps the order when the budget is used up in between", async () => {
    sinon.restore();
    const many = 50_000;
    let turnedAt = -1;
    setImmediate(() => { turnedAt = log.length; });
    for (let n = 0; n < many; n++) [job, promised, promised, job][n % 4]?.(String(n));
    while (log.length < many) await settle();
    expect(log).to.deep.equal(Array.from({ length: many }, (_, n) => String(n)));
    expect(turnedAt).to.be.within(0, many - 1);
  });

  it("goes on after 100,000 jobs each of which queues the next", async () => {
    let count = 0;
    const next = (): void => {
      if (++count < 100_000) enqueue({ run: next });
    };
    next();
    while (count < 100_000) await settle();
  });
});

describe("a job that throws", () => {
  it("FA-22: fails alone, as an unhandled rejection: those behind it and in later rows run, in order, and the queue goes on", async () => {
    const log: string[] = [];
    const error = new Error("thrown by a job");
    const job = (name: string): void => { enqueue({ run() { log.push(name); } }); };
    const unhandled = await unhandledDuring(async () => {
      job("before");
      enqueue({ run() { throw error; } });
      job("same row");
      const { promise, resolve } = withResolvers();
      void promise.then(() => log.push("promise"));
      wake(resolve, undefined);
      job("next row");
      await settle();
      job("later");
      await settle();
    });
    expect(unhandled).to.deep.equal([error]);
    expect(log.filter((line) => line !== "promise")).to.deep.equal(["before", "same row", "next row", "later"]);
    expect(log).to.include("promise");
  });
});

describe("the budget of a turn", () => {
  afterEach(() => { sinon.restore(); });

  it("FA-22: holds nothing back where the event loop turns by itself, however long the library has not looked", async () => {
    const { go: goOfCopy } = await freshCopy(); // it has never looked
    let late = 0;
    for (let turn = 0; turn < 300; turn++) {
      let started = false;
      goOfCopy(() => { started = true; });
      await Promise.resolve();
      await Promise.resolve();
      if (!started) late++;
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    expect(late).to.equal(0);
  });

  /** How many jobs, each of which queues the next, run before the event loop turns: at most `limit` are tried. */
  const jobsBeforeTurn = async (limit: number, cause: (proceed: () => void) => void): Promise<number> => {
    let turned = false;
    let count = 0;
    setImmediate(() => { turned = true; });
    await new Promise<void>((resolve) => {
      const next = (): void => {
        if (turned || count === limit) {
          resolve();
          return;
        }
        count++;
        cause(next);
      };
      next();
    });
    return count;
  };
  const byJob = (proceed: () => void): void => { enqueue({ run: proceed }); };
  const byPromise = (proceed: () => void): void => {
    const { promise, resolve } = withResolvers();
    void promise.then(proceed);
    wake(resolve, undefined);
  };

  for (const [name, cause] of [["jobs", byJob], ["promises", byPromise]] as const) {
    it(`lets the event loop turn within a few thousand ${name}`, async () => {
      expect(await jobsBeforeTurn(100_000, cause)).to.be.lessThan(50_000);
    });

    it(`is off for ${name} while a fake clock is installed`, async () => {
      sinon.useFakeTimers();
      expect(await jobsBeforeTurn(100_000, cause)).to.equal(100_000);
    });

    it(`RT-05: is off for ${name} while a fake clock marks the platform's own setTimeout, as Bun's does`, async () => {
      const marked = globalThis.setTimeout as { clock?: boolean };
      marked.clock = true;
      try {
        expect(await jobsBeforeTurn(100_000, cause)).to.equal(100_000);
      } finally {
        delete marked.clock;
      }
      expect(await jobsBeforeTurn(100_000, cause)).to.be.lessThan(50_000);
    });

    it(`is back for ${name} once the clock is restored`, async () => {
      sinon.useFakeTimers();
      sinon.restore();
      expect(await jobsBeforeTurn(100_000, cause)).to.be.lessThan(50_000);
    });
  }

  it("ends a turn early when wake-ups take long", async () => {
    // Each job works for 1 ms of a clock of its own: 5 ms and the slice that is not looked at are the bound.
    let now = performance.now() + 1000;
    sinon.stub(performance, "now").callsFake(() => now);
    const copy = await freshCopy(); // the clock is captured at import
    const ch = copy.chan<number>();
    let turned = false;
    let count = 0;
    const talking = [
      (async () => { for await (const _ of ch) now += 1; })(),
      (async () => {
        await settle();
        setImmediate(() => { turned = true; });
        for (; count < 1000 && !turned; count++) await ch.send(count);
        ch.close();
      })(),
    ];
    await Promise.all(talking);
    expect(count).to.be.lessThan(200);
  });

  it("CX-04: a pause whose end is reported late keeps neither its waiter nor its async context alive", async () => {
    sinon.restore();
    const pauses: Promise<unknown>[] = []; // their ends are told by nobody
    let now = performance.now();
    const copy = await freshCopy(() => {
      // Without records of calls: each would keep the objects of its stack alive.
      sinon.replace(performance, "now", () => (now += 1000)); // a rest is always due
      sinon.replace(Atomics as unknown as { waitAsync: () => unknown }, "waitAsync", () => {
        const value = new Promise(() => { /* never */ });
        pauses.push(value);
        return { async: true, value };
      });
    }, "node.ts");
    const tasks: WeakRef<object>[] = [];
    const values: WeakRef<object>[] = [];
    const storage = new AsyncLocalStorage();
    await copy.scope(async (s) => {
      const begin = (): void => {
        const value = {};
        values.push(new WeakRef(value));
        storage.run(value, () => { tasks.push(new WeakRef(s.go(() => copy.checkpoint()))); });
      };
      for (let n = 0; n < 100; n++) begin();
      await Promise.all(s.tasks);
      const held = (all: WeakRef<object>[]): number => all.filter((one) => one.deref() !== undefined).length;
      // One or two of a hundred may stay, and more for a while: JavaScriptCore takes whatever on the stack looks like a reference for one.
      for (let n = 0; n < 3 || (n < 30 && Math.max(held(tasks), held(values)) >= 5); n++) {
        await settle();
        globalThis.gc?.();
      }
      expect(held(tasks), "tasks that are held").to.be.below(5);
      expect(held(values), "stores that are held").to.be.below(5);
    });
    expect(pauses).not.to.deep.equal([]);
  });
});

describe("the seam", () => {
  afterEach(() => { control(undefined); });

  it("lets the controller decide in which order tasks start and go on", async () => {
    const controller = new TrivialController();
    control(controller);
    const log: string[] = [];
    const gate = chan<number>();
    for (const name of ["a", "b", "c"]) {
      go(async () => {
        log.push(`${name} starts`);
        await gate.receive();
        log.push(`${name} goes on`);
      });
    }
    await settle();
    expect(log).to.deep.equal([]);
    await controller.drain();
    expect(log).to.deep.equal(["c starts", "b starts", "a starts"]);
    for (let n = 0; n < 3; n++) gate.trySend(n);
    await settle();
    expect(log).to.have.length(3);
    await controller.drain();
    expect(log.slice(3)).to.deep.equal(["a goes on", "b goes on", "c goes on"]); // c was first in line, so a is the last resumed
  });

  it("asks the controller which case is polled next", async () => {
    const controller = new TrivialController();
    control(controller);
    const choosing = select({ a: always(1), b: always(2), c: always(3) });
    await controller.drain();
    expect(await choosing).to.deep.equal({ case: "c", value: 3 });
    expect(controller.counts).to.deep.equal([3]);
  });

  it("lets the controller arm and disarm timers instead of the platform", async () => {
    const controller = new TrivialController();
    control(controller);
    const giving = new AbortController();
    const slept = sleep(50);
    const aborted = sleep(70, { signal: giving.signal }).catch((reason: unknown) => reason);
    giving.abort("enough");
    expect(controller.timers.map(({ ms, disarmed }) => ({ ms, disarmed }))).to.deep.equal([
      { ms: 50, disarmed: false },
      { ms: 70, disarmed: true },
    ]);
    controller.timers[0]?.fire();
    await controller.drain();
    expect(await slept).to.equal(undefined);
    expect(await aborted).to.equal("enough");
  });

  it("gives the controller a checkpoint to go on from", async () => {
    const controller = new TrivialController();
    control(controller);
    const passed = checkpoint();
    await settle();
    expect(controller.waiting).to.have.length(1);
    await controller.drain();
    await passed;
  });

  it("leaves nothing behind when it is taken away", async () => {
    control(new TrivialController());
    control(undefined);
    const ch = chan<number>();
    const received = ch.receive();
    await ch.send(1);
    expect(await received).to.equal(1);
  });
});

function withResolvers(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve!: (value: unknown) => void;
  const promise = new Promise<unknown>((settlePromise) => { resolve = settlePromise; });
  return { promise, resolve };
}
