/** Queues, on the broker in memory, in virtual time. */
import { expect } from "chai";
import sinon from "sinon";
import { CancelledError, ClosedError, go, perform, scope, select, sleep, sleeping } from "../../../src/node.ts";
import { UnknownOutcomeError, type DeadLetter, type Delivery } from "../../../src/nats/index.ts";
import { bubble, explore, memoryBroker, settle } from "../../../src/testing/index.ts";
import { isPending, rejectionOf } from "../../support/settle.ts";
import { queueScenarios } from "./queue-scenarios.ts";
import { aNumber, inMemory, memoryWorld } from "./support.ts";

const now = (): number => performance.now();

describe("a queue between machines, in memory", () => {
  for (const [title, story] of Object.entries(queueScenarios)) it(title, inMemory((broker) => story(memoryWorld(broker))));

  it("NT-25 what a killed consumer had leased comes again, with attempt 2 (client.ts 3, broker/connection.ts 3)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs", { lease: 1000 });
    const victim = broker.remote();
    const victims = await victim.queue<number>("jobs", { lease: 1000 });
    for (let n = 0; n < 50; n++) await jobs.send(n);
    const leased: Delivery<number>[] = [];
    while (leased.length < 50) leased.push(await victims.receive());
    for (const delivery of leased.slice(0, 10)) await delivery.done();
    broker.kill(victim);
    const done: [number, number][] = [];
    while (done.length < 40) {
      const delivery = await jobs.receive();
      done.push([delivery.value, delivery.attempt]);
      await delivery.done();
    }
    expect(done.sort(([a], [b]) => a - b)).to.deep.equal(Array.from({ length: 40 }, (_, n) => [n + 10, 2]));
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
  }));

  it("NT-26 values that are sent while the broker is away are stored once each (broker/connection.ts 1)", inMemory(async (broker) => {
    const jobs = await broker.remote({ patience: 5000 }).queue<number>("jobs");
    broker.delay([1, 5]);
    const sends = Array.from({ length: 20 }, async (_, n) => {
      await sleep(n);
      await jobs.send(n);
    });
    await sleep(10);
    await broker.restart({ away: 500 });
    await Promise.all(sends);
    expect((await jobs.size()).waiting).to.equal(20);
  }));

  it("NT-26 (c) a send that is given up before it was asked for is asked for no more (queue-sends.ts 3)", inMemory(async (broker) => {
    const remote = broker.remote();
    const jobs = await remote.queue<number>("jobs");
    const giving = new AbortController();
    broker.disconnect(remote);
    const [given, kept] = [jobs.send(1, { signal: giving.signal }), jobs.send(2)];
    await sleep(10);
    giving.abort("enough");
    expect(await rejectionOf(given)).to.equal("enough");
    broker.reconnect(remote);
    await kept;
    await sleep(10_000);
    expect(await jobs.size()).to.deep.equal({ waiting: 1, leased: 0, dead: 0 });
    expect((await jobs.receive()).value).to.equal(2);
  }));

  it("NT-26 (b) an answer of the store that is lost is asked for again: stored once (nats/queue.ts 1, store.ts 3)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs");
    broker.loseAnswers(2);
    const before = now();
    await jobs.send(1);
    expect(now() - before).to.equal(1000);
    expect((await jobs.size()).waiting).to.equal(1);
  }));

  it("NT-27 a restart loses what the engine had not synced, and says nothing of it", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs");
    await jobs.send(1);
    broker.sync();
    await jobs.send(2);
    await broker.restart({ lose: "unsynced" });
    expect((await jobs.receive()).value).to.equal(1);
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 1, dead: 0 });
  }));

  it("NT-28 without an answer for `patience` the outcome is unknown; the same id sent again is stored once (queue-sends.ts 1)", inMemory(async (broker) => {
    const jobs = await broker.remote({ patience: 2000 }).queue<number>("jobs");
    broker.loseAnswers(Infinity);
    const before = now();
    const error = await rejectionOf(jobs.send(1, { id: "one" }));
    expect(error).to.be.instanceOf(UnknownOutcomeError);
    expect(now() - before).to.be.within(2000, 4000);
    broker.loseAnswers(0);
    await jobs.send(1, { id: "one" });
    expect((await jobs.size()).waiting).to.equal(1);
  }));

  it("NT-28 (b) one whose question went out before the connection was lost is unknown after `patience`, one that never left waits (client.ts 2)", inMemory(async (broker) => {
    const remote = broker.remote({ patience: 2000 });
    const jobs = await remote.queue<number>("jobs");
    broker.delay(10);
    const asked = rejectionOf(jobs.send(1));
    await sleep(1);
    broker.disconnect(remote);
    const waiting = jobs.send(2);
    expect(await asked).to.be.instanceOf(UnknownOutcomeError);
    await sleep(10_000);
    broker.reconnect(remote);
    await waiting;
    expect((await jobs.receive()).value).to.equal(2);
  }));

  it("NT-31 (b) backoff is kept, and delivery.retry puts off by its own time", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs", { attempts: 4, backoff: [100, 300] });
    const times: number[] = [];
    await jobs.send("x");
    const before = now();
    for (const retry of [{}, {}, { after: 7 }]) {
      const delivery = await jobs.receive();
      times.push(now() - before);
      await delivery.retry(retry);
    }
    const last = await jobs.receive();
    times.push(now() - before);
    expect(times).to.deep.equal([0, 100, 400, 407]);
    await last.retry({ reason: new Error("the last one") });
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 1 });
  }));

  it("NT-31 (c) leases that ran out count: a value whose last one did goes to the dead letters (nats/queue.ts 3, store.ts 2)", inMemory(async (broker) => {
    const remote = broker.remote();
    const jobs = await remote.queue<string>("jobs", { attempts: 2, lease: 1000 });
    await jobs.send("x");
    await jobs.receive();
    await jobs.receive();
    const none = jobs.receive().catch(() => undefined);
    const { value } = await (await remote.queue<DeadLetter<string>>("jobs.dead")).receive();
    expect(value.reason.message).to.equal("its lease ran out 2 times");
    expect(new TextDecoder().decode(value.bytes)).to.equal('"x"');
    await remote[Symbol.asyncDispose]();
    await none;
  }));

  it("NT-33 without dead letters a value that is rejected is dropped, and onError is told", inMemory(async (broker) => {
    const told: unknown[] = [];
    const jobs = await broker.remote({ onError: (error) => { told.push(error); } }).queue<string>("jobs", { deadLetters: false });
    await jobs.send("x");
    const why = new Error("no use");
    await (await jobs.receive()).reject(why);
    expect(told).to.deep.equal([why]);
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
  }));

  it("NT-34 a handler that takes longer than the lease keeps it (queue-serve.ts 2)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs", { lease: 1000 });
    let runs = 0;
    const serving = go(() => jobs.serve(async () => {
      runs++;
      await sleep(10_500);
    }));
    await jobs.send("slow");
    await sleep(12_000);
    expect(runs).to.equal(1);
    expect((await jobs.size()).leased).to.equal(0);
    jobs.close();
    await serving;
  }));

  it("NT-34 (b) a delivery is extended by hand", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs", { lease: 1000 });
    await jobs.send("slow");
    const delivery = await jobs.receive();
    for (let n = 0; n < 5; n++) {
      await sleep(900);
      await delivery.extend();
    }
    expect(delivery.signal.aborted).to.equal(false);
    await delivery.done();
  }));

  it("NT-35 a lease that is lost aborts its signal; done then asks nothing, and its outcome is unknown; somebody else gets the value", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs", { lease: 1000 });
    await jobs.send("x");
    const delivery = await jobs.receive();
    const { signal } = delivery;
    await sleep(1500);
    expect(signal.aborted).to.equal(true);
    expect(signal.reason).to.be.instanceOf(UnknownOutcomeError);
    expect(await rejectionOf(delivery.done())).to.equal(signal.reason);
    const again = await jobs.receive();
    expect([again.value, again.attempt]).to.deep.equal(["x", 2]);
    await again.done();
  }));

  it("NT-35 (b) after an event loop that was blocked for longer than the lease, its timers do not extend it (delivery.ts 2)", async () => {
    const clock = sinon.useFakeTimers();
    try {
      const jobs = await memoryBroker().remote().queue<string>("jobs", { lease: 900 });
      const seen: [number, boolean][] = [];
      const stop = new AbortController();
      const serving = jobs.serve(async (_, { attempt, signal }) => {
        if (attempt === 1) await new Promise<void>((resolve) => { signal.addEventListener("abort", () => { resolve(); }); });
        seen.push([attempt, signal.aborted]);
      }, { signal: stop.signal });
      await jobs.send("x");
      await clock.tickAsync(1);
      clock.jump(5000); // the loop was blocked: each timer that is due fires once, late
      await clock.tickAsync(1000);
      expect(seen).to.deep.equal([[1, true], [2, false]]);
      stop.abort("over");
      expect(await rejectionOf(serving)).to.equal("over");
    } finally {
      clock.restore();
    }
  });

  it("NT-36 a delivery that is disposed of unsettled is tried again (nats/queue.ts 2)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs", { backoff: [50] });
    await jobs.send("x");
    await scope(async () => {
      await using delivery = await jobs.receive();
      expect(delivery.attempt).to.equal(1);
    });
    const before = now();
    const again = await jobs.receive();
    expect([again.attempt, now() - before]).to.deep.equal([2, 50]);
    await again.done();
  }));

  it("NT-37 a delivery is settled once (delivery.ts 1)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs");
    await jobs.send("x");
    const delivery = await jobs.receive();
    await delivery.done();
    for (const settling of [() => delivery.done(), () => delivery.retry(), () => delivery.reject(), () => delivery.extend()]) {
      expect(await rejectionOf(settling())).to.be.instanceOf(TypeError);
    }
    await delivery[Symbol.asyncDispose]();
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
  }));

  it("NT-38 at most `concurrency` handlers run at a time, and as many do (queue-serve.ts 1)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs");
    let [running, most, done] = [0, 0, 0];
    const serving = go(() => jobs.serve(function* () {
      most = Math.max(most, ++running);
      yield* sleeping(10);
      running--;
      done++;
    }, { concurrency: 4 }));
    await Promise.all(Array.from({ length: 40 }, (_, n) => jobs.send(n)));
    await sleep(200);
    expect([most, done]).to.deep.equal([4, 40]);
    jobs.close();
    await serving;
  }));

  it("NT-38 (b) a slow worker takes no more than it works on, so that others get the rest (queue-serve.ts 1)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs");
    const by: string[] = [];
    const serving = ["a", "b", "c"].map(async (name) => {
      const own = await broker.remote().queue<number>("jobs");
      await own.serve(async () => {
        await sleep(1000);
        by.push(name);
        if (by.length === 9) stop.abort("done");
      }, { signal: stop.signal }).catch(() => undefined);
    });
    const stop = new AbortController();
    for (let n = 0; n < 9; n++) await jobs.send(n);
    await Promise.all(serving);
    expect(by.sort().join("")).to.equal("aaabbbccc");
  }));

  it("NT-39 (b) a handler that fulfils although it was cancelled has done it (queue-serve.ts 3)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs");
    await jobs.send("x");
    const stop = new AbortController();
    const serving = jobs.serve(async (_, { signal }) => {
      await sleep(1000).catch((error: unknown) => { expect(error).to.be.instanceOf(CancelledError); });
      expect(signal.aborted).to.equal(true);
    }, { signal: stop.signal });
    await settle();
    stop.abort("enough");
    expect(await rejectionOf(serving)).to.equal("enough");
    await settle();
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
  }));

  it("NT-40 a handler that throws disturbs no other", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs", { backoff: [0] });
    const seen: number[] = [];
    const serving = go(() => jobs.serve(async (n, { attempt }) => {
      if (n === 1 && attempt === 1) throw new Error("once");
      seen.push(n);
    }));
    for (let n = 0; n < 4; n++) await jobs.send(n);
    await settle();
    expect(seen.sort()).to.deep.equal([0, 1, 2, 3]);
    jobs.close();
    await serving;
  }));

  it("NT-41 a receive that loses gives its lease back at once, and uses up no attempt (delivery.ts 3, queue-receives.ts 1, queue-receives.ts 2)", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<string>("jobs", { attempts: 2, backoff: [0] });
    broker.delay(10);
    for (let n = 0; n < 6; n++) {
      expect((await select({ job: jobs.receiving(), late: sleeping(15) })).case).to.equal("late");
      if (n === 0) await jobs.send("x"); // from here on it is leased, and on its way when the select is over
      await sleep(100);
    }
    broker.delay(0);
    await sleep(1000);
    const delivery = await jobs.receive();
    expect(delivery.value).to.equal("x");
    await delivery.retry();
    await (await jobs.receive()).done();
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
  }));

  it("NT-42 settings that differ from what exists are named, and nothing is changed", inMemory(async (broker) => {
    const remote = broker.remote();
    await remote.queue("jobs", { capacity: 10, lease: 1000 });
    expect(String(await rejectionOf(remote.queue("jobs", { capacity: 20, lease: 1000 })))).to.match(/^TypeError: queue "jobs" exists with capacity 10; this end wants 20/);
    expect(String(await rejectionOf(remote.queue("jobs", { capacity: 10, lease: 2000 })))).to.match(/exists with lease 1000; this end wants 2000/);
    await remote.queue("jobs", { capacity: 10, lease: 1000, attempts: 1, backoff: [], deadLetters: "graves" });
    await remote.queue("jobs.dead");
  }));

  it("NT-43 create: false needs it to be there; a remote without storage says what to hand over; a queue in memory is gone after a restart", inMemory(async (broker) => {
    const remote = broker.remote({ patience: 1000 });
    expect(String(await rejectionOf(remote.queue("jobs", { create: false })))).to.match(/queue "jobs" does not exist/);
    const without = await rejectionOf(memoryBroker({ storage: false }).remote().queue("jobs"));
    expect(without).to.be.instanceOf(TypeError);
    expect(String(without)).to.match(/hand over JetStream/);
    const jobs = await remote.queue("jobs", { storage: "memory" });
    await broker.restart({ lose: "memory" });
    for (const error of [await rejectionOf(jobs.send(1)), await rejectionOf(jobs.size())]) {
      expect(String(error)).to.match(/gone after a restart of the server/);
      expect(error).to.not.be.instanceOf(UnknownOutcomeError);
    }
  }));

  it("NT-44 each group gets every value (store.ts 1)", inMemory(async (broker) => {
    const [mail, audit] = await Promise.all(["mail", "audit"].map((group) => broker.remote().queue<number>("orders", { group })));
    for (let n = 0; n < 3; n++) await mail?.send(n);
    for (const queue of [mail, audit]) {
      const got: unknown[] = [];
      while (got.length < 3) {
        const delivery = await (queue as NonNullable<typeof queue>).receive();
        got.push(delivery.value);
        await delivery.done();
      }
      expect(got).to.deep.equal([0, 1, 2]);
    }
  }));

  it("NT-45 size counts what waits, what is leased or put off, and the dead", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs");
    for (let n = 0; n < 5; n++) await jobs.send(n);
    await jobs.receive();
    await (await jobs.receive()).retry({ after: 10_000 });
    await (await jobs.receive()).reject();
    expect(await jobs.size()).to.deep.equal({ waiting: 2, leased: 2, dead: 1 });
  }));

  it("NT-59 (a) bad names and options are refused at the call", inMemory(async (broker) => {
    const remote = broker.remote();
    for (const name of ["", "a..b", ".a", "a b", "a*", "x".repeat(121), 7 as unknown as string]) {
      expect(await rejectionOf(remote.queue(name)), name).to.be.instanceOf(TypeError);
    }
    const outOfRange = [{ capacity: 0 }, { lease: 99 }, { attempts: 0 }, { backoff: [-1] }, { dedupWindow: 1999 }, { replicas: 2 as 1 }, { maxAge: 0 }];
    for (const options of outOfRange) {
      expect(await rejectionOf(remote.queue("jobs", options)), JSON.stringify(options)).to.be.instanceOf(RangeError);
    }
    for (const options of [{ storage: "disk" as "file" }, { group: "a.b" }, { deadLetters: "" }, { validate: 7 as never }, { others: 1 } as object]) {
      expect(await rejectionOf(remote.queue("jobs", options)), JSON.stringify(options)).to.be.instanceOf(TypeError);
    }
    const jobs = await remote.queue<unknown>("jobs");
    for (const id of ["", "x".repeat(201), "a b"]) expect(await rejectionOf(jobs.send(1, { id }))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(jobs.serve(() => 1, { concurrency: 0 }))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(jobs.serve(7 as never))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(jobs.send("x".repeat(2 ** 21)))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(jobs.send(() => 1))).to.be.instanceOf(TypeError);
    expect(() => broker.remote({ patience: 0 })).to.throw(RangeError);
    expect(() => broker.remote({ prefix: "a b" })).to.throw(TypeError);
    expect(() => broker.remote({ codec: {} as never })).to.throw(TypeError);
  }));

  it("NT-60 (a) the end of a remote fails every wait, gives back what serve holds, and leaves nothing (client.ts 1)", inMemory(async (broker) => {
    const remote = broker.remote();
    const jobs = await remote.queue<number>("jobs", { capacity: 1, lease: 1000 });
    await jobs.send(1);
    const serving = jobs.serve(() => sleep(100_000));
    await sleep(100);
    const waits = [serving, jobs.send(2), jobs.receive()].map(rejectionOf);
    await settle();
    await remote[Symbol.asyncDispose]();
    for (const error of await Promise.all(waits)) expect(error).to.be.instanceOf(ClosedError);
    expect(broker.clients).to.equal(0);
    const others = await broker.remote().queue<number>("jobs", { capacity: 1, lease: 1000 });
    const before = now();
    const delivery = await others.receive();
    expect([delivery.value, now() - before]).to.deep.equal([1, 0]);
    expect(await rejectionOf(jobs.send(3))).to.be.instanceOf(ClosedError);
    await delivery.done();
    expect(broker.waiting).to.equal(0);
  }));

  it("NT-60 (b) a scope that ends while its tasks wait leaves nothing waiting", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs", { capacity: 1 });
    await jobs.send(0);
    await (await jobs.receive()).retry({ after: 10_000 });
    await scope(async (s) => {
      const waits = [() => jobs.send(1), () => jobs.receive(), () => perform(jobs.nexting()), () => jobs.serve(() => 1)];
      for (const wait of waits) s.go<[], unknown>(wait).result().catch(() => undefined);
      await settle();
      expect(broker.waiting).to.equal(4);
      s.cancel("enough");
    }).catch(() => undefined);
    expect(broker.waiting).to.equal(0);
  }));

  it("closed, this end takes nothing more: receives end, sends fail, the others go on", inMemory(async (broker) => {
    const jobs = await broker.remote().queue<number>("jobs");
    const waiting = [rejectionOf(jobs.receive()), jobs.next()] as const;
    const loop = go(async () => {
      let count = 0;
      for await (const delivery of jobs) {
        count++;
        await delivery.done();
      }
      return count;
    });
    await settle();
    jobs.close();
    expect(await waiting[0]).to.be.instanceOf(ClosedError);
    expect(await waiting[1]).to.deep.equal({ done: true, value: undefined });
    expect(await loop).to.equal(0);
    expect(await rejectionOf(jobs.send(1))).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(jobs.serve(() => 1))).to.be.instanceOf(ClosedError);
    const others = await broker.remote().queue<number>("jobs");
    await others.send(2);
    expect((await others.receive()).value).to.equal(2);
  }));

  it("explored: a value is done by exactly one of two workers, whatever the order", async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const broker = memoryBroker();
      const [a, b] = [broker.remote({ name: "a" }), broker.remote({ name: "b" })];
      const [jobs, other] = [await a.queue<number>("jobs"), await b.queue<number>("jobs")];
      let [byA, byB] = [0, 0];
      await scope(async (s) => {
        s.go(() => jobs.send(1));
        s.go(() => jobs.send(2));
        const first = go(async () => { await (await jobs.receive()).done(); byA++; });
        const second = go(async () => { await (await other.receive()).done(); byB++; });
        await first;
        await second;
      });
      outcome(`${byA}${byB}`);
      if ((await jobs.size()).waiting + (await jobs.size()).leased > 0) throw new Error("something is left");
    }, { strategy: "random", maxSchedules: 200 });
    expect([...outcomes.keys()]).to.deep.equal(["11"]);
  });

  it("values are what validate makes of them", inMemory(async (broker) => {
    const jobs = await broker.remote().queue("jobs", { validate: aNumber });
    await jobs.send(7);
    const { value } = await jobs.receive();
    expect(value.toFixed(1)).to.equal("7.0");
  }));

  it("works in real time as well, without a bubble", async () => {
    const jobs = await memoryBroker().remote().queue<number>("jobs");
    const waiting = jobs.receive();
    expect(await isPending(waiting)).to.equal(true);
    await jobs.send(1);
    await (await waiting).done();
    await bubble(async () => undefined);
  });
});
