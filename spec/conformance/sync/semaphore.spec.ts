/** Semaphores: in line, exact, and released when a body has really ended. FL-151 to FL-161 of the list in ../flow/flow.md. */
import { inspect } from "node:util";
import { expect } from "chai";
import {
  CancelledError, chan, dumpTasks, gather, go, named, perform, poll, race, scope, select, selecting, shield, sleep, sleeping, timeout, TimeoutError, trySelect,
  type Scope,
} from "../../../src/node.ts";
import { seedChoices, seeded } from "../../../src/platform/random.ts";
import { semaphore, type Semaphore } from "../../../src/sync/index.ts";
import { bubble, expectNoLeaks, explore, shared } from "../../../src/testing/index.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { Log, taken, thrownBy } from "./support.ts";

describe("a semaphore", () => {
  for (const lane of ["async", "generator"] as const) {
    it(`FL-151 lets in as many as it has permits for, in the order in which they came (${lane})`, async () => {
      const order: number[] = [];
      let [inside, most] = [0, 0];
      await bubble(async () => {
        const doors = semaphore(2);
        const enter = (name: number): void => {
          order.push(name);
          most = Math.max(most, ++inside);
        };
        const visitor = (name: number) => lane === "async"
          ? async () => {
            using _ = await doors.acquire();
            enter(name);
            await sleep(10 - name);
            inside--;
          }
          : function* () {
            const permit = yield* doors.acquiring();
            enter(name);
            yield* sleeping(10 - name);
            inside--;
            permit.release();
          };
        await gather(Array.from({ length: 10 }, (_, name) => visitor(name)));
        expect(doors.free).to.equal(2);
      });
      expect(most).to.equal(2);
      expect(order).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
  }

  it("FL-152 gives a freed permit to the one who waits, in the same step (semaphore.ts 1)", async () => {
    const lock = semaphore(1);
    const permit = taken(lock);
    const waiting = lock.acquire();
    permit.release();
    expect(lock.tryAcquire()).to.equal(undefined);
    expect(poll(lock.acquiring())).to.equal(undefined);
    expect(trySelect({ mine: lock.acquiring() })).to.equal(undefined);
    expect(lock.free).to.equal(0);
    (await waiting).release();
    expect(lock.free).to.equal(1);
  });

  it("FL-153 does not let small ones pass a big one that waits (gate.ts 1)", async () => {
    const five = semaphore(5);
    const log = new Log();
    const permit = taken(five);
    log.note("big", five.acquire(5));
    log.note("small", five.acquire(1));
    expect(five.tryAcquire()).to.equal(undefined);
    expect(five.free).to.equal(4);
    expect(await log.since()).to.equal("");
    permit.release();
    expect(await log.since()).to.equal("big");
  });

  it("FL-154 a big one that is withdrawn lets the small ones behind it through at once: by its signal, in a select that it loses, by a cancel (gate.ts 2, semaphore.ts 2)", async () => {
    const other = chan<string>();
    type Way = (five: Semaphore) => { waiting: Promise<unknown>; leave: () => void };
    const cancelled = (start: (five: Semaphore, s: Scope) => ReturnType<Scope["go"]>): Way => (five) => {
      const leaving = chan<never>();
      return { waiting: scope(async (s) => { start(five, s); await leaving.next(); s.cancel(); }), leave: () => { leaving.close(); } };
    };
    const ways: readonly Way[] = [
      (five) => {
        const giveUp = new AbortController();
        return { waiting: five.acquire(5, giveUp), leave: () => { giveUp.abort("enough"); } };
      },
      (five) => ({ waiting: select({ big: five.acquiring(5), other: other.receiving() }), leave: () => { other.trySend("now"); } }),
      cancelled((five, s) => s.go(() => five.acquire(5))),
      cancelled((five, s) => s.go(function* () { yield* five.acquiring(5); })),
    ];
    for (const [index, way] of ways.entries()) {
      const five = semaphore(5);
      const permit = taken(five);
      const { waiting, leave } = way(five);
      waiting.catch(() => undefined);
      await settle();
      const small = [five.acquire(), five.acquire(2), five.acquire(2)];
      await settle();
      expect(five.free).to.equal(4);
      leave();
      if (index > 1) await settle(); // the cancel is asked for, and comes in a later turn
      expect(five.free, String(index)).to.equal(1);
      expect(await Promise.all(small.slice(0, 2))).to.have.length(2);
      expect(await isPending(small[2] as Promise<unknown>)).to.equal(true);
      permit.release();
      await small[2];
      expect(five.free).to.equal(0);
    }
  });

  it("FL-154 (b) one that is withdrawn from behind the first leaves no trace, and lets nobody through", async () => {
    const two = semaphore(2);
    const permit = taken(two);
    const giveUp = new AbortController();
    const log = new Log();
    log.note("first", two.acquire(2));
    log.note("second", two.acquire(2, giveUp));
    log.note("third", two.acquire(1));
    giveUp.abort();
    expect(await log.since()).to.equal("second: AbortError");
    permit.release();
    expect(await log.since()).to.equal("first");
  });

  it("FL-155 a permit is released once, also by using", async () => {
    const two = semaphore(2);
    const [one, other] = [taken(two), taken(two)];
    one.release();
    one.release();
    one[Symbol.dispose]();
    expect(two.free).to.equal(1);
    {
      using _ = await two.acquire();
      expect(two.free).to.equal(0);
    }
    other.release();
    expect(two.free).to.equal(2);
  });

  it("FL-155 (b) refuses what it can never give at the call, and names the cure", async () => {
    const five = semaphore(5, { name: "five" });
    for (const n of [0, -1, 6, 1.5, NaN, Infinity, "2", null, {}, 2n]) {
      const wrong = n as number;
      for (const error of [thrownBy(() => five.acquiring(wrong)), thrownBy(() => five.tryAcquire(wrong)), await rejectionOf(five.acquire(wrong)) as Error]) {
        expect(error).to.be.instanceOf(RangeError);
        expect(error.message).to.match(/^acquire of semaphore "five" takes a whole number of permits, from 1 to 5; got /);
      }
    }
    expect((await rejectionOf(five.acquire({ signal: AbortSignal.abort() } as never)) as Error).message).to.match(/write acquire\(1, \{ signal \}\)$/);
    for (const capacity of [0, -1, 1.5, NaN, "2", undefined]) expect(thrownBy(() => semaphore(capacity as number))).to.be.instanceOf(RangeError);
    expect(thrownBy(() => semaphore(1, { nmae: "x" } as never)).message).to.equal('semaphore has no option "nmae"; it has name');
    expect(thrownBy(() => semaphore(1, { name: 5 } as never)).message).to.equal("the name of a semaphore is a string; got 5");
    expect(await rejectionOf(five.run(5 as never))).to.be.instanceOf(TypeError).with.property("message").that.matches(/lock\.run\(\(\) => work\(\)\); got 5$/);
    expect(await rejectionOf(five.run(() => 1, { singal: 1 } as never))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(five.acquire(1, new AbortController().signal as never))).to.be.instanceOf(TypeError);
    expect(five.free).to.equal(5);
    const endless = semaphore(Infinity);
    taken(endless, 1e9);
    expect(endless.free).to.equal(Infinity);
  });

  it("FL-156 is released when a body has really ended, not when its time limit has passed", async () => {
    const lock = semaphore(1);
    const events: string[] = [];
    await bubble(async () => {
      const slow = async (): Promise<void> => {
        try {
          await sleep(1000);
        } finally {
          await shield(() => sleep(50));
          events.push(`cleaned up at ${String(performance.now())}, free ${String(lock.free)}`);
        }
      };
      const limited = timeout(10, () => lock.run(slow));
      await sleep(1);
      const next = lock.run(() => { events.push(`the next one runs at ${String(performance.now())}`); });
      expect(await rejectionOf(limited)).to.be.instanceOf(TimeoutError);
      await next;
    });
    expect(events).to.deep.equal(["cleaned up at 60, free 0", "the next one runs at 60"]);
  });

  it("FL-156 (b) waits for what the body has begun and not awaited, and is free before the caller goes on (holding.ts 2)", async () => {
    await bubble(async () => {
      const lock = semaphore(1);
      let ended = false;
      const failing = lock.run(() => Promise.all([
        Promise.reject(new Error("fails at once")),
        scope(async () => {
          try { await sleep(5); } finally { await shield(() => sleep(20)); ended = true; }
        }),
      ]));
      const free = failing.catch(() => lock.free);
      await sleep(1);
      expect(lock.free).to.equal(0);
      expect(await free).to.equal(1);
      expect(ended).to.equal(true);
    });
  });

  it("FL-157 aborting a run that waits and one that runs settles both, with the reason, and frees the permit", async () => {
    for (const kind of ["async", "generator"] as const) {
      const lock = semaphore(1);
      const giveUp = new AbortController();
      let started = 0;
      const body = kind === "async"
        ? async () => { started++; await chan().receive(); }
        : function* () { started++; yield* chan().receiving(); };
      const running = lock.run(body as () => Promise<void>, giveUp);
      const waiting = lock.run(body as () => Promise<void>, giveUp);
      await settle();
      const reason = { why: "enough" };
      giveUp.abort(reason);
      expect(await rejectionOf(running)).to.equal(reason);
      expect(await rejectionOf(waiting)).to.equal(reason);
      expect(started).to.equal(1);
      expect(lock.free).to.equal(1);
      expect(await rejectionOf(lock.run(() => 1, giveUp))).to.equal(reason);
    }
  });

  it("FL-157 (b) an aborted run gives the body's own error, if it has one, once it has ended", async () => {
    const lock = semaphore(1);
    const giveUp = new AbortController();
    const own = new Error("while cleaning up");
    const running = lock.run(async () => {
      try { await chan().receive(); } finally { throw own; }
    }, giveUp);
    await settle();
    giveUp.abort("enough");
    expect(await rejectionOf(running)).to.equal(own);
    expect(lock.free).to.equal(1);
  });

  it("FL-157 (c) a permit that was given and a cancel in one turn: the body of run does not start, and a plain acquire has it (holding.ts 1)", async () => {
    const lock = semaphore(1);
    const permit = taken(lock);
    let started = false;
    const outcome = await scope(async (s) => {
      const running = s.go(() => lock.run(() => { started = true; }));
      await settle();
      permit.release();
      running.cancel();
      return running.result();
    });
    expect(outcome.status).to.equal("rejected");
    expect(started).to.equal(false);
    expect(lock.free).to.equal(1);
    const again = taken(lock);
    await scope(async (s) => {
      const holder = s.go(async () => { using _ = await lock.acquire(); expect(lock.free).to.equal(0); });
      await settle();
      again.release();
      holder.cancel();
      await holder.result();
    });
    expect(lock.free).to.equal(1);
  });

  it("FL-158 grown, it lets waiters through at once; shrunk, it throws nobody out, and fails who waits for more than there will be", async () => {
    const slots = semaphore(2, { name: "slots" });
    const log = new Log();
    const out = [taken(slots), taken(slots)];
    log.note("one", slots.acquire());
    slots.resize(3);
    expect([slots.capacity, slots.free]).to.deep.equal([3, 0]);
    expect(await log.since()).to.equal("one");
    const failing = slots.acquire(3);
    log.note("two", slots.acquire(1));
    slots.resize(1);
    expect(await rejectionOf(failing)).to.be.instanceOf(RangeError).with.property("message", 'semaphore "slots" was resized to 1, and 3 were asked for: it never has so many');
    expect(slots.free).to.equal(0);
    expect(slots.tryAcquire()).to.equal(undefined);
    for (const permit of out) permit.release();
    expect(slots.free).to.equal(0); // three were out
    expect(await log.since()).to.equal("");
    slots.resize(2);
    expect(await log.since()).to.equal("two");
    for (const capacity of [0, 1.5, NaN, "2"]) expect(thrownBy(() => { slots.resize(capacity as number); })).to.be.instanceOf(RangeError);
    expect(slots.capacity).to.equal(2);
  });

  it("FL-158 (b) one that resize fails lets those behind it through at once, and an operation is checked again when it is performed", async () => {
    const slots = semaphore(3);
    const permit = taken(slots);
    const both = select({ big: slots.acquiring(3), bigger: slots.acquiring(3) });
    const small = slots.acquire();
    const acquiring = slots.acquiring(3);
    slots.resize(2);
    expect(slots.free).to.equal(0);
    await small;
    expect(await rejectionOf(both)).to.be.instanceOf(RangeError);
    expect(thrownBy(() => poll(acquiring))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(perform(acquiring))).to.be.instanceOf(RangeError);
    permit.release();
  });

  it("FL-159 has the right sum after a million random acquires, releases and withdrawals (semaphore.ts 3)", async () => {
    const random = seeded(seedOfRun);
    const stop = seedChoices(seedOfRun);
    const pick = (n: number): number => Math.floor(random() * n);
    const capacity = 7;
    const slots = semaphore(capacity);
    let [out, rounds] = [0, 0];
    const worker = function* () {
      while (rounds++ < 1_000_000) {
        const n = 1 + pick(pick(4) === 0 ? capacity : 2);
        const permit = pick(3) === 0 ? slots.tryAcquire(n) : pick(3) === 0 ? (yield* withdrawn(n)) : yield* slots.acquiring(n);
        if (!permit) continue;
        out += n;
        if (out > capacity) throw new Error(`${String(out)} are out (seed ${String(seedOfRun)})`);
        if (pick(2) === 0) yield* pass.sending(1);
        out -= n;
        permit.release();
      }
    };
    const pass = chan<number>(1);
    const quit = chan<number>(1);
    function* withdrawn(n: number): Generator<unknown, ReturnType<Semaphore["tryAcquire"]>> {
      if (pick(2) === 0) quit.trySend(1);
      const first = (yield* selectingOf(n)) as { case: string; value: unknown };
      return first.case === "permit" ? (first.value as ReturnType<Semaphore["tryAcquire"]>) : undefined;
    }
    const selectingOf = (n: number): ReturnType<typeof selectingPermit> => selectingPermit(slots, n, quit);
    const drain = go(function* () { for (;;) { const { done } = yield* pass.nexting(); if (done === true) return; } });
    const tasks = Array.from({ length: 12 }, () => go(worker));
    // A wait for a quit that is never sent is released in the end.
    const feed = go(async () => { while (tasks.some(({ state }) => state === "running" || state === "pending")) { quit.trySend(1); await settle(); } });
    try {
      for (const task of tasks) await task;
      await feed;
    } finally {
      stop();
      pass.close();
    }
    await drain;
    expect([out, slots.free]).to.deep.equal([0, capacity]);
  });

  it("FL-160 explored: without a lock an update is lost in some order, with one in none", async () => {
    const program = (lock: (() => Semaphore) | undefined) => async ({ outcome }: { outcome: (key: string) => void }): Promise<void> => {
      const counter = shared({ value: 0 });
      const guard = lock?.();
      const add = async (): Promise<void> => {
        const before = counter.value;
        await pause.receive();
        counter.value = before + 1;
      };
      const pause = chan<number>(2);
      pause.trySend(1);
      pause.trySend(2);
      const tasks = [1, 2].map(() => go(() => (guard ? guard.run(add) : add())));
      for (const task of tasks) await task;
      outcome(String(counter.value));
    };
    const without = await explore(program(undefined), { strategy: "dpor" });
    expect([...without.outcomes.keys()].sort()).to.deep.equal(["1", "2"]);
    const locked = await explore(program(() => semaphore(1)), { strategy: "dpor" });
    expect(locked.complete).to.equal(true);
    expect([...locked.outcomes.keys()]).to.deep.equal(["2"]);
  });

  it("FL-161 a task that acquires what it holds is a deadlock, told with the names of both", async () => {
    const again = (lock: Semaphore): readonly (() => Promise<unknown>)[] => [
      named("greedy", async () => { using _ = await lock.acquire(); await lock.acquire(); }),
      named("greedy", () => lock.run(() => lock.run(() => 1))),
    ];
    for (const index of [0, 1]) {
      const error = (await rejectionOf(bubble(async () => { await go(again(semaphore(1, { name: "db" }))[index] as () => Promise<void>); }))) as Error;
      expect(error.message).to.match(/deadlock/).and.match(/waits to acquire semaphore "db"/).and.match(/"greedy"/);
    }
  });

  it("FL-161 (b) reports name it", async () => {
    const db = semaphore(1, { name: "db" });
    const permit = taken(db);
    await scope(async (s) => {
      s.go(named("writer", () => db.acquire()));
      s.go(named("reader", function* () { yield* db.acquiring(); }));
      s.go(named("chooser", () => select({ mine: db.acquiring(), late: sleeping(1e6) })));
      await settle();
      expect(dumpTasks()).to.match(/"writer" waits to acquire semaphore "db"\n/).and.match(/"reader" waits to acquire semaphore "db"\n/)
        .and.match(/"chooser" waits in select of mine: acquire semaphore "db", late: sleep of 1000000 ms/);
      expect(String(db)).to.equal('Semaphore "db" (0 of 1 free, 3 tasks wait)');
      expect(String(permit)).to.equal('Permit of semaphore "db"');
      s.cancel();
    }).catch(() => undefined);
    permit.release();
    expect(inspect([db])).to.equal('[ Semaphore "db" (1 of 1 free) ]');
    expect(String(permit)).to.equal("Permit (released)");
    expect(String(semaphore(2).acquiring(2))).to.match(/^to acquire semaphore "semaphore-\d+" \(2 permits\)$/);
  });

  it("FL-200 (a) leaves nothing, whichever way those who use it end", async () => {
    const lock = semaphore(1);
    await expectNoLeaks(async () => {
      await rejectionOf(timeout(1, () => gather([() => lock.run(() => sleep(1000)), () => lock.acquire(), () => race([() => lock.run(() => 1)])])));
    });
    expect(lock.free).to.equal(1);
  });

  it("a chain of 100,000 that let each other through does not recurse (gate.ts 3)", async () => {
    const length = 100_000;
    const locks = Array.from({ length }, () => semaphore(2));
    const held = locks.map((lock, index) => taken(lock, index === 0 ? 2 : 1));
    // Each select is first in line at one lock, where it asks for too much, and so keeps the next select waiting behind it.
    const waiting = locks.slice(1).map((lock, index) => select([(locks[index] as Semaphore).acquiring(1), lock.acquiring(2)], { order: "listed" }));
    await settle();
    held[0]?.release();
    const got = await Promise.all(waiting);
    expect(got.every(({ case: key }) => key === 0)).to.equal(true);
  });

  it("rejects with the CancelledError of the one who waits, in either lane, and nothing was taken", async () => {
    const lock = semaphore(1);
    const permit = taken(lock);
    for (const body of [async () => { await lock.acquire(); }, function* () { yield* lock.acquiring(); }, () => lock.run(() => 1)]) {
      const task = await scope(async (s) => {
        const one = s.go(body as () => Promise<unknown>);
        await settle();
        one.cancel();
        return one.result();
      });
      expect((task as PromiseRejectedResult).reason).to.be.instanceOf(CancelledError);
    }
    permit.release();
    expect(lock.free).to.equal(1);
  });
});

/** A permit, or a reason to give up. */
function selectingPermit(slots: Semaphore, n: number, quit: ReturnType<typeof chan<number>>) {
  return selecting({ permit: slots.acquiring(n), quit: quit.receiving() });
}
