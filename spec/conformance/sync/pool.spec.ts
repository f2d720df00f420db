/** Pools: who gets which resource, how many there are, and what becomes of those whose state is not known. FL-187 to FL-193 of the list in ../flow/flow.md. */
import { inspect } from "node:util";
import { expect } from "chai";
import sinon from "sinon";
import { CancelledError, chan, ClosedError, dumpTasks, gather, go, named, poll, scope, select, shield, sleep, sleeping, timeout, trySelect } from "../../../src/node.ts";
import { seeded } from "../../../src/platform/random.ts";
import { pool, type Pool, type PoolOptions } from "../../../src/sync/index.ts";
import { bubble, expectNoLeaks } from "../../../src/testing/index.ts";
import { runProgram } from "../../support/fresh.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { Log, thrownBy } from "./support.ts";

interface Resource { id: number }

/** A pool that tells what it makes and destroys. */
function watched(options: Partial<PoolOptions<Resource>> = {}): { resources: Pool<Resource>; events: string[]; alive: Set<Resource> } {
  const events: string[] = [];
  const alive = new Set<Resource>();
  let made = 0;
  const resources = pool<Resource>({
    create: () => {
      const resource = { id: ++made };
      alive.add(resource);
      events.push(`+${String(resource.id)}`);
      return resource;
    },
    destroy: (resource) => {
      alive.delete(resource);
      events.push(`-${String(resource.id)}`);
    },
    max: 2,
    ...options,
  });
  return { resources, events, alive };
}

describe("a pool", () => {
  afterEach(() => { sinon.restore(); });

  it("FL-187 never has more than max, makes them when they are needed, and lends the one that was used last (sync/resources.ts 1)", async () => {
    const random = seeded(seedOfRun);
    await bubble(async () => {
      const { resources, alive } = watched({ create: async () => { await sleep(5); const resource = { id: 0 }; alive.add(resource); return resource; } });
      let [inUse, most, uses] = [0, 0, 0];
      await gather(Array.from({ length: 100 }, (_, index) => async () => {
        await sleep(Math.floor(random() * 200));
        const use = async (resource: Resource): Promise<void> => {
          expect(alive.has(resource)).to.equal(true);
          most = Math.max(most, ++inUse, alive.size, resources.size);
          await sleep(Math.floor(random() * 10));
          inUse--;
          uses++;
          if (random() < 0.2) throw new Error("spoilt");
        };
        if (index % 2 === 0) await resources.use(use).catch(() => undefined);
        else {
          using lease = await resources.acquire();
          await use(lease.value).catch(() => { lease.discard(); });
        }
      }));
      expect([most, uses, inUse]).to.deep.equal([2, 100, 0]);
      expect(alive.size).to.equal(resources.free);
    });
    const { resources, events } = watched();
    expect([resources.size, events]).to.deep.equal([0, []]);
    const [one, two] = [await resources.acquire(), await resources.acquire()];
    one.release();
    two.release();
    expect(await resources.use(({ id }) => id)).to.equal(2);
    expect(await resources.use(({ id }) => id)).to.equal(2);
    expect([events.join(), resources.size, resources.free]).to.deep.equal(["+1,+2", 2, 2]);
  });

  it("FL-187 (b) is served in line, whichever way a resource comes (sync/resources.ts 2)", async () => {
    const { resources } = watched({ max: 1 });
    const lease = await resources.acquire();
    const order: string[] = [];
    const all = [
      resources.use(({ id }) => { order.push(`use ${String(id)}`); }),
      resources.acquire().then((next) => { order.push(`acquire ${String(next.value.id)}`); next.discard(); }),
      go(function* () { const next = yield* resources.acquiring(); order.push(`yield ${String(next.value.id)}`); next.release(); }),
      select({ mine: resources.acquiring(), late: sleeping(1e6) }).then(({ value }) => { order.push(`select ${String(value?.value.id)}`); value?.release(); }),
    ];
    await settle();
    expect(resources.tryAcquire()).to.equal(undefined);
    lease.release();
    expect(resources.tryAcquire()).to.equal(undefined);
    await Promise.all(all);
    expect(order).to.deep.equal(["use 1", "acquire 1", "select 2", "yield 2"]);
  });

  it("FL-188 a create that fails fails the one it was made for, once, and frees the place (sync/resources.ts 3)", async () => {
    let calls = 0;
    const failure = new Error("no connection");
    const failing = pool({ create: () => { calls++; throw failure; }, max: 2 });
    expect(await rejectionOf(failing.acquire())).to.equal(failure);
    expect([calls, failing.size]).to.deep.equal([1, 0]);
    const log = new Log();
    for (const name of ["a", "b", "c"]) log.note(name, failing.use(() => 1));
    expect(await log.since()).to.equal("a: Error, b: Error, c: Error");
    expect([calls, failing.size]).to.deep.equal([4, 0]);
    const [slow, ready] = [chan<string>(), chan<string>()];
    let made = 0;
    const mixed = pool({ create: async () => { if (++made === 1) { await slow.receive(); throw failure; } return ready.receive(); }, max: 2 });
    const [first, second] = [mixed.acquire(), mixed.acquire()];
    await settle();
    slow.trySend("now");
    expect(await rejectionOf(first)).to.equal(failure);
    expect(await isPending(second)).to.equal(true);
    ready.trySend("r");
    expect((await second).value).to.equal("r");
    expect(made).to.equal(2);
  });

  it("FL-189 a waiter leaves while its resource is made: that is the next one's, or free", async () => {
    const ready = chan<string>();
    let made = 0;
    const slow = pool({ create: () => { made++; return ready.receive(); }, max: 1 });
    const giveUp = new AbortController();
    const left = slow.acquire(giveUp);
    const next = slow.acquire();
    await settle();
    giveUp.abort("left");
    expect(await rejectionOf(left)).to.equal("left");
    ready.trySend("made");
    const lease = await next;
    expect([lease.value, made]).to.deep.equal(["made", 1]);
    lease.discard();
    const again = new AbortController();
    const alone = slow.acquire(again);
    await settle();
    again.abort();
    await rejectionOf(alone);
    expect([slow.size, slow.free]).to.deep.equal([1, 0]);
    ready.trySend("nobody's");
    await settle();
    expect([slow.size, slow.free, slow.tryAcquire()?.value]).to.deep.equal([1, 1, "nobody's"]);
  });

  it("FL-189 (b) one that was made for somebody who has left or was served otherwise fails nobody; for whoever still waits another is made (sync/resources.ts 3)", async () => {
    const failure = new Error("no connection");
    const gates: ReturnType<typeof chan<string>>[] = [];
    const slow = pool({ create: async () => { const gate = chan<string>(); gates.push(gate); const what = await gate.receive(); if (what === "fail") throw failure; return what; }, max: 2 });
    const leave = async (fate: string, next: boolean): Promise<unknown> => {
      const giveUp = new AbortController();
      const left = slow.acquire(giveUp);
      await settle();
      giveUp.abort();
      await rejectionOf(left);
      const waiting = next ? slow.acquire() : undefined;
      gates.shift()?.trySend(fate);
      await settle();
      return waiting;
    };
    // Nobody waits: one unhandled rejection.
    expect(await unhandledDuring(() => leave("fail", false))).to.deep.equal([failure]);
    expect(slow.size).to.equal(0);
    // Somebody waits: another one is made for it.
    expect(await unhandledDuring(async () => { const waiting = leave("fail", true); await settle(); await settle(); gates.shift()?.trySend("second"); await waiting; })).to.deep.equal([]);
    expect(slow.size).to.be.at.most(2);
    for (const gate of gates.splice(0)) gate.trySend("rest");
    await settle();

    // Made for the second, it goes to the first; what is made for the first then fails, and another one is made for the second.
    const pairGates: ReturnType<typeof chan<string>>[] = [];
    const pair = pool({ create: async () => { const gate = chan<string>(); pairGates.push(gate); const what = await gate.receive(); if (what === "fail") throw failure; return what; }, max: 2 });
    const [one, two] = [pair.acquire(), pair.acquire()];
    await settle();
    pairGates[1]?.trySend("made for the second");
    expect((await one).value).to.equal("made for the second");
    pairGates[0]?.trySend("fail");
    await settle();
    expect(pairGates).to.have.length(3);
    pairGates[2]?.trySend("third");
    expect((await two).value).to.equal("third");
  });

  it("FL-190 use: thrown or cancelled, the resource is destroyed when the body has ended; fulfilled, it goes back", async () => {
    await bubble(async () => {
      const { resources, events } = watched({ max: 1 });
      expect(await resources.use(() => "value")).to.equal("value");
      expect(events.join()).to.equal("+1");
      const failure = new Error("of the body");
      expect(await rejectionOf(resources.use(() => { throw failure; }))).to.equal(failure);
      await sleep(0);
      expect([events.join(), resources.size]).to.deep.equal(["+1,-1", 0]);
      for (const body of [
        async () => { try { await chan().receive(); } finally { await shield(() => sleep(50)); } },
        function* () { try { yield* sleeping(1e6); } finally { events.push("end"); } },
      ]) {
        await timeout(10, () => resources.use(body as () => Promise<void>), { fallback: undefined });
      }
      await sleep(0);
      expect(events.join()).to.equal("+1,-1,+2,-2,+3,end,-3");
      const giveUp = new AbortController();
      const aborted = rejectionOf(resources.use(() => chan().receive(), giveUp));
      await sleep(1);
      giveUp.abort("enough");
      expect(await aborted).to.equal("enough");
      await sleep(0);
      expect([events.at(-1), resources.size]).to.deep.equal(["-4", 0]);
    });
  });

  it("FL-190 (b) a place is free when destroy has settled, and its error is an unhandled rejection", async () => {
    const failure = new Error("of destroy");
    const gone = chan<number>();
    expect(await unhandledDuring(async () => {
      const { resources, events } = watched({ max: 1, destroy: async () => { await gone.receive(); throw failure; } });
      (await resources.acquire()).discard();
      const next = resources.acquire();
      expect(await isPending(next)).to.equal(true);
      expect(resources.size).to.equal(1);
      gone.trySend(1);
      expect((await next).value.id).to.equal(2);
      expect(events.join()).to.equal("+1,+2");
    })).to.deep.equal([failure]);
  });

  it("FL-191 one that does not pass check is destroyed and another one taken or made, also when it is handed straight on", async () => {
    const asked: number[] = [];
    const bad = new Set<number>();
    const { resources, events } = watched({ max: 2, check: ({ id }) => { asked.push(id); return !bad.has(id); } });
    const [one, two] = [await resources.acquire(), await resources.acquire()];
    expect(asked).to.deep.equal([]);
    one.release();
    two.release();
    bad.add(2);
    expect(await resources.use(({ id }) => id)).to.equal(1);
    await settle();
    expect([asked.splice(0), events.join()]).to.deep.equal([[2, 1], "+1,+2,-2"]);
    bad.add(1);
    const lease = await resources.acquire();
    expect(lease.value.id).to.equal(3);
    const other = await resources.acquire();
    const waiting = resources.acquire();
    bad.add(3);
    lease.release();
    expect((await waiting).value.id).to.equal(5);
    expect(other.value.id).to.equal(4);
    const failure = new Error("of check");
    expect(await unhandledDuring(async () => {
      const odd = pool({ create: () => ({}), max: 1, check: () => { throw failure; } });
      await odd.use(() => 1);
      await odd.use(() => 1);
    })).to.deep.equal([failure]);
  });

  it("FL-191 (b) one that nobody has used for so long is destroyed, and its timer does not keep the process", async () => {
    const clock = sinon.useFakeTimers();
    const { resources, events } = watched({ idle: 1000 });
    const [one, two] = [await resources.acquire(), await resources.acquire()];
    one.release();
    clock.tick(500);
    two.release();
    expect(clock.countTimers()).to.equal(2);
    clock.tick(500);
    await settle();
    expect(events.join()).to.equal("+1,+2,-1");
    await resources.use(() => undefined);
    clock.tick(999);
    await settle();
    expect(resources.free).to.equal(1);
    clock.tick(1);
    await settle();
    expect([events.join(), resources.size, clock.countTimers()]).to.deep.equal(["+1,+2,-1,-2", 0, 0]);
    clock.restore();
    const began = Date.now();
    expect(runProgram('import { pool } from "./sync/index.ts"; console.log(await pool({ create: () => 1, max: 1, idle: 60_000 }).use((n) => n));')).to.include({ code: 0, output: "1\n" });
    expect(Date.now() - began).to.be.below(50_000);
  });

  it("FL-192 shutdown: waiters fail, free ones are destroyed, it waits for what is lent, and a lease released late is destroyed", async () => {
    const { resources, events } = watched({ max: 2, name: "db" } as Partial<PoolOptions<Resource>>);
    const [one, two] = [await resources.acquire(), await resources.acquire()];
    const waiting = resources.acquire();
    const cased = select({ mine: resources.acquiring() });
    two.release();
    (await waiting).release();
    const selected = await cased;
    selected.value.release();
    const both = gather([() => resources.acquire(), () => resources.acquire()], { returnErrors: true });
    const late = rejectionOf(both.then(([a, b]) => {
      (a as Disposable)[Symbol.dispose]();
      throw b as Error;
    }));
    await settle();
    const down = resources.shutdown();
    const again = resources.shutdown();
    expect(await late).to.be.instanceOf(ClosedError).with.property("message", 'acquire from pool "db", which is shut down: it lends nothing any more');
    expect(await isPending(down)).to.equal(true);
    expect(thrownBy(() => resources.tryAcquire())).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(resources.acquire())).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(resources.use(() => 1))).to.be.instanceOf(ClosedError);
    expect(((await rejectionOf(select({ mine: resources.acquiring() }))) as ClosedError).case).to.equal("mine");
    one.release();
    await down;
    await again;
    expect([events.filter((event) => event.startsWith("-")).length, resources.size]).to.deep.equal([2, 0]);
    await resources.shutdown();
  });

  it("FL-192 (b) it aborts what is being made, destroys what is made all the same, waits for that, and does so in a cancelled task too", async () => {
    await bubble(async () => {
      const events: string[] = [];
      const make = (stubborn: boolean): Pool<string> => pool({
        create: async (signal) => {
          signal.addEventListener("abort", () => { events.push("aborted"); });
          if (!stubborn) await sleep(1e6);
          await shield(() => sleep(50));
          return "made";
        },
        destroy: async (what) => { await sleep(7); events.push(`destroyed ${what}`); },
        max: 1,
      });
      for (const stubborn of [true, false]) {
        await using resources = make(stubborn);
        const waiting = rejectionOf(resources.acquire());
        await sleep(1);
        const start = performance.now();
        await scope(async (s) => {
          const ends = s.go(async () => {
            try { await chan().receive(); } finally { await resources.shutdown(); events.push(`down after ${String(performance.now() - start)}`); }
          });
          await sleep(0);
          ends.cancel();
        });
        expect(await waiting).to.be.instanceOf(ClosedError);
      }
      expect(events).to.deep.equal(["aborted", "destroyed made", "down after 56", "aborted", "down after 0"]);
    });
  });

  it("FL-193 a time limit for the line alone; losing, it has taken nothing", async () => {
    await bubble(async () => {
      const { resources, events } = watched({ max: 1 });
      const lease = await resources.acquire();
      expect((await select({ mine: resources.acquiring(), late: sleeping(10) })).case).to.equal("late");
      lease.release();
      expect([resources.free, events.join()]).to.deep.equal([1, "+1"]);
      const won = await select({ mine: resources.acquiring(), late: sleeping(10) });
      expect(won.case === "mine" && won.value.value.id).to.equal(1);
    });
  });

  it("FL-193 (b) tryAcquire and a poll make nothing; a lease ends once", async () => {
    const { resources, events } = watched({ max: 1 });
    expect([resources.tryAcquire(), poll(resources.acquiring()), trySelect({ mine: resources.acquiring() })]).to.deep.equal([undefined, undefined, undefined]);
    await settle();
    expect(events).to.deep.equal([]);
    const lease = await resources.acquire();
    lease.release();
    lease.discard();
    lease[Symbol.dispose]();
    expect([resources.free, resources.size, lease.value.id]).to.deep.equal([1, 1, 1]);
    const other = resources.tryAcquire();
    lease.release();
    expect(resources.free).to.equal(0);
    other?.discard();
    await settle();
    expect(resources.size).to.equal(0);
  });

  it("no cancel of a borrower reaches a create, and bubble waits for one that waits outside (sync/resources.ts 4)", async () => {
    await bubble(async () => {
      const slow = pool({ create: () => sleep(100).then(() => "made"), max: 1 });
      expect(await timeout(10, () => slow.use(() => 1), { fallback: "late" })).to.equal("late");
      expect((await slow.acquire()).value).to.equal("made");
      expect(performance.now()).to.equal(100);
      const outside = pool({ create: () => settle().then(() => "outside"), max: 1 });
      expect(await outside.use((what) => what)).to.equal("outside");
    });
  });

  it("is named in reports and in leak checks", async () => {
    const stuck = pool({ create: () => chan<never>({ name: "gate" }).receive(), max: 1, name: "db" });
    await scope(async (s) => {
      s.go(named("reader", () => stuck.acquire()));
      s.go(named("writer", function* () { yield* stuck.acquiring(); }));
      await settle();
      expect(dumpTasks()).to.match(/"reader" waits to acquire from pool "db"\n/).and.match(/"writer" waits to acquire from pool "db"/)
        .and.match(/task \d+ "create of pool \\"db\\"" waits in receive on channel "gate"/);
      expect(inspect([stuck])).to.equal('[ Pool "db" (0 of 1 free, 2 tasks wait) ]');
      s.cancel();
    }).catch((error: unknown) => { expect(error).to.be.instanceOf(CancelledError); });
    await stuck.shutdown();
    expect(String(stuck)).to.equal('Pool "db" (shut down)');
    const leak = (await rejectionOf(expectNoLeaks(() => pool({ create: () => 1, max: 1, name: "left open" }).use(() => 1)))) as Error;
    expect(leak.message).to.match(/pool "left open" is open/);
    await expectNoLeaks(async () => {
      await using shut = pool({ create: () => 1, max: 1 });
      await shut.use(() => 1);
    });
  });

  it("refuses bad input at the call, and names the option", async () => {
    const create = (): number => 1;
    for (const max of [0, -1, 1.5, NaN, Infinity, "2", undefined]) expect(thrownBy(() => pool({ create, max: max as number }))).to.be.instanceOf(RangeError);
    for (const idle of [NaN, "5", null]) expect(thrownBy(() => pool({ create, max: 1, idle: idle as never }))).to.be.instanceOf(RangeError);
    for (const wrong of [
      undefined, null, 5, { max: 1 }, { create: 5, max: 1 }, { create, max: 1, destroy: 5 }, { create, max: 1, check: async () => true },
      { create, max: 1, min: 1 }, { create, max: 1, name: 5 },
    ]) {
      expect(thrownBy(() => pool(wrong as never)), inspect(wrong)).to.be.instanceOf(TypeError);
    }
    const one = pool({ create, max: 1 });
    expect(await rejectionOf(one.use(5 as never))).to.be.instanceOf(TypeError).with.property("message").that.matches(/pool\.use\(\(resource\) => work\(resource\)\); got 5$/);
    expect(await rejectionOf(one.acquire({ singal: 1 } as never))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(one.acquire({ signal: AbortSignal.abort("before") }))).to.equal("before");
    expect(one.size).to.equal(0);
  });

  it("serves 100,000 who wait in line", async () => {
    const { resources } = watched({ max: 3 });
    let served = 0;
    await Promise.all(Array.from({ length: 100_000 }, async () => { using _ = await resources.acquire(); served++; }));
    expect([served, resources.free]).to.deep.equal([100_000, 3]);
  });
});
