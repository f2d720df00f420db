/** What the files of src/core and src/time promise at their top, by file and number, where no other spec shows it. */
import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { expect } from "chai";
import fc from "fast-check";
import sinon from "sinon";
import { chan, Channel, go, operation, perform, scope, select, timeout } from "../../../src/node.ts";
import { enter, resumed, suspension, type Performer } from "../../../src/core/yielding.ts";
import type { WaitQueue, Waiter } from "../../../src/core/wait-queue.ts";
import { TimerClock } from "../../../src/time/clock.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";

const waitersIn = (queue: WaitQueue): number => {
  let count = 0;
  for (let one: Waiter | undefined = queue.first; one !== undefined; one = one.next) count++;
  return count;
};

/** How many promises are made meanwhile. */
function promisesDuring(action: () => void): number {
  let promises = 0;
  const hook = createHook({ init(_id, type) { if (type === "PROMISE") promises++; } }).enable();
  action();
  hook.disable();
  return promises;
}

describe("invariants of the core's files:", () => {
  it("core/aborting.ts 2: those who wait for a signal are failed in the order in which they came, with its reason", async () => {
    const giving = new AbortController();
    const ch = chan<number>();
    const log: unknown[] = [];
    const waits = [0, 1, 2].map((n) => ch.receive({ signal: giving.signal }).catch((error: unknown) => { log.push(n, error); }));
    giving.abort("enough");
    await Promise.all(waits);
    expect(log).to.deep.equal([0, "enough", 1, "enough", 2, "enough"]);
  });

  it(`channel/channel.ts 2, channel/channel.ts 3: never both kinds in line; none receives beside values, none sends beside room (seed ${String(seedOfRun)})`, async () => {
    type Step = "send" | "receive" | "trySend" | "tryReceive" | "abort" | "turn";
    const steps = fc.array(fc.constantFrom<Step>("send", "receive", "trySend", "tryReceive", "abort", "turn"), { maxLength: 40 });
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 3 }), steps, async (capacity, program) => {
      const ch = new Channel<number>(capacity);
      const given: AbortController[] = [];
      const waiting = (start: (signal: AbortSignal) => Promise<unknown>): void => {
        const giving = new AbortController();
        given.push(giving);
        start(giving.signal).catch(() => undefined);
      };
      for (const step of program) {
        if (step === "send") waiting((signal) => ch.send(1, { signal }));
        else if (step === "receive") waiting((signal) => ch.receive({ signal }));
        else if (step === "trySend") ch.trySend(1);
        else if (step === "tryReceive") ch.tryReceive();
        else if (step === "abort") given.shift()?.abort();
        else await Promise.resolve();
        const [senders, receivers] = [waitersIn(ch.senders), waitersIn(ch.receivers)];
        expect(senders === 0 || receivers === 0, `${String(senders)} senders beside ${String(receivers)} receivers`).to.equal(true);
        if (ch.size > 0) expect(receivers).to.equal(0);
        if (ch.size < ch.capacity) expect(senders).to.equal(0);
      }
      ch.cancel();
    }), { seed: seedOfRun, numRuns: 300 });
  });

  it("operation.ts 1: performing polls, and takes a place in the same turn only if nothing happened", async () => {
    const log: string[] = [];
    let ready = false;
    const watched = operation<number>({
      poll: () => { log.push("poll"); return ready ? () => 7 : undefined; },
      wait: (resume) => { log.push("wait"); resume(() => 8); return () => undefined; },
    });
    const waited = perform(watched);
    log.push("the turn goes on");
    expect(await waited).to.equal(8);
    ready = true;
    expect(await perform(watched)).to.equal(7);
    expect(log).to.deep.equal(["poll", "wait", "the turn goes on", "poll"]);
  });

  it("operation.ts 2, yielding.ts 1: a description does nothing, and one serves many performers at once", async () => {
    const ch = chan<number>();
    const receiving = ch.receiving().map((n) => n * 10);
    await settle();
    expect(ch.trySend(0)).to.equal(false);
    const results = [
      perform(receiving),
      go(function* () { return yield* receiving; }).join(),
      go(function* () { return yield* receiving; }).join(),
      perform(receiving),
    ];
    await settle();
    for (const n of [1, 2, 3, 4]) await ch.send(n);
    expect((await Promise.all(results)).toSorted((a, b) => a - b)).to.deep.equal([10, 20, 30, 40]);
  });

  it("operation.ts 3, park.ts 2: a map runs once, in the turn and the async context of its performer, after the other party has gone on", async () => {
    const store = new AsyncLocalStorage<string>();
    const ch = chan<number>();
    const log: unknown[] = [];
    const received = store.run("mine", () => perform(ch.receiving().map((n) => { log.push(["map", n, store.getStore()]); return n; })));
    store.run("the sender's", () => { log.push(ch.trySend(1)); });
    log.push("the sender went on");
    await received;
    expect(log).to.deep.equal([true, "the sender went on", ["map", 1, "mine"]]);
  });

  it("park.ts 1: a wait in a scope is cancelled with it, and one that is over leaves nothing to cancel", async () => {
    const ch = chan<number>();
    const outside = ch.receive();
    const errors: unknown[] = [];
    await scope(async (s) => {
      s.go(async () => {
        expect(await ch.receive()).to.equal(1);
        errors.push(await rejectionOf(ch.receive()));
      });
      await settle();
      for (const n of [0, 1]) await ch.send(n);
      await settle();
      s.cancel("enough");
    });
    expect(await outside).to.equal(0);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.have.property("message").that.includes("enough");
    expect(ch.trySend(2)).to.equal(false);
  });

  it("perform.ts 1: a ready send makes no promise, and a wait makes one", () => {
    const ch = chan<number>(4);
    const sent = [1, 2, 3, 4].map((n) => ch.send(n));
    expect(new Set(sent).size).to.be.at.most(2); // one for all, and one more where the budget of the turn was used up
    // That of the wait, and that of catch; a platform that does not tell counts none.
    expect(promisesDuring(() => { ch.send(5).catch(() => undefined); })).to.be.at.most(2);
    ch.cancel();
  });

  it("perform.ts 2: a signal is a case like any other: aborted first it beats what is ready, later it withdraws, and too late it changes nothing", async () => {
    const ch = chan<number>(1);
    await ch.send(1);
    expect(await rejectionOf(perform(ch.receiving(), { signal: AbortSignal.abort("before") }))).to.equal("before");
    expect(ch.size).to.equal(1);
    const giving = new AbortController();
    const taken = perform(ch.receiving(), { signal: giving.signal });
    const waits = perform(ch.receiving(), { signal: giving.signal });
    giving.abort("later");
    expect(await taken).to.equal(1);
    expect(await rejectionOf(waits)).to.equal("later");
    expect(waitersIn(ch.receivers)).to.equal(0);
  });

  it("yielding.ts 2: yield* finds the task only while its driver runs it", async () => {
    const ch = chan<number>();
    const body = function* (): Generator<unknown, number> { return yield* ch.receiving(); };
    const task = go(body);
    await settle();
    expect(() => body().next()).to.throw(TypeError, "in a generator task only");
    await ch.send(1);
    expect(await task).to.equal(1);
    expect(() => body().next()).to.throw(TypeError, "in a generator task only");
  });

  it("yielding.ts 3: a yield* that waits comes out as the suspension; what is finished is given when it is resumed", () => {
    const ch = chan<number>();
    const waiting: unknown[] = [];
    const driver: Partial<Performer> = {
      cancelError: undefined,
      waitFor: (prepared) => { waiting.push(prepared); },
      resume: () => { throw new Error("nothing is ready"); },
    };
    const body = (function* (): Generator<unknown, unknown> { return yield* ch.receiving(); })();
    enter(driver as Performer);
    const step = body.next();
    enter(undefined);
    expect(step.done).to.equal(false);
    expect(step.value).to.equal(suspension);
    expect(waiting).to.have.length(1);
    expect(body.next(resumed)).to.deep.equal({ done: true, value: undefined }); // nothing was kept
  });

  describe("clock.ts", () => {
    it("clock.ts 1: it follows the clock that moves the timers, and goes on from where it was when another takes over", async () => {
      const first = sinon.useFakeTimers({ now: 1000 });
      let second: sinon.SinonFakeTimers | undefined;
      try {
        const time = new TimerClock();
        first.tick(30);
        expect(time.now).to.equal(30);
        first.restore();
        second = sinon.useFakeTimers({ now: 5 });
        expect(time.now).to.equal(30);
        second.tick(12);
        expect(time.now).to.equal(42);
        await timeout(1000, () => undefined);
      } finally {
        first.restore();
        second?.restore();
      }
    });

    it("clock.ts 2: it does not go back with the system's time", () => {
      const clock = sinon.useFakeTimers({ now: 1000, toFake: ["setTimeout", "clearTimeout", "Date"] });
      try {
        const time = new TimerClock();
        clock.tick(30);
        const before = time.now;
        clock.setSystemTime(0);
        expect(time.now).to.be.at.least(before);
        clock.tick(10);
        expect(time.now).to.be.at.least(before + 10);
      } finally {
        clock.restore();
      }
    });

    it("clock.ts 3: a timer that has fired proves that its time has passed; one that fired earlier than the clock says proves nothing", () => {
      const clock = sinon.useFakeTimers();
      try {
        const time = new TimerClock();
        time.reaches(50);
        expect(time.now).to.equal(50);
        clock.tick(20);
        time.reaches(60);
        expect(time.now).to.equal(70);
      } finally {
        clock.restore();
      }
    });
  });

  it("what waits in a select is in each of its lines once, and in none afterwards", async () => {
    const [a, b] = [chan<number>(), chan<number>()];
    const chosen = select({ a: a.receiving(), b: b.receiving() });
    expect(await isPending(chosen)).to.equal(true);
    expect([waitersIn(a.receivers), waitersIn(b.receivers)]).to.deep.equal([1, 1]);
    await a.send(1);
    expect([waitersIn(a.receivers), waitersIn(b.receivers)]).to.deep.equal([0, 0]);
    expect(await chosen).to.deep.equal({ case: "a", value: 1 });
  });
});
