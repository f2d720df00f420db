/** Kernels of bugs in CockroachDB. */
import { chan, gather, go, select, type Channel } from "../../../../src/node.ts";
import { shared } from "../../../../src/testing/index.ts";
import { event, Mutex, RwMutex, WaitGroup, type Kernel } from "./support.ts";

export const cockroach: readonly Kernel[] = [
  {
    id: "cockroach 1055", kind: "deadlock", fault: "stop waits for its tasks under the lock that a task needs to begin and to end",
    async program(mended) {
      const lock = new Mutex("stopper");
      const stopper = shared({ draining: false });
      const [tasks, workers] = [new WaitGroup(), new WaitGroup()];
      const drains = event("drains");
      workers.add(1);
      go(async function worker() {
        let begun = false;
        await lock.with(() => {
          begun = !stopper.draining;
          if (begun) tasks.add(1);
        });
        if (begun) {
          await drains.next();
          await lock.with(() => { tasks.done(); });
        }
        workers.done();
      });
      await go(async function stop() {
        await lock.lock();
        stopper.draining = true;
        drains.close();
        if (mended) lock.unlock();
        await tasks.wait();
        if (!mended) lock.unlock();
        await workers.wait();
      });
    },
  },
  {
    id: "cockroach 1462", kind: "deadlock", fault: "a worker sends an event when the loop that receives it has stopped, and the stop waits for it",
    async program(mended) {
      const workers = new WaitGroup();
      const events = chan<number>({ name: "events" });
      const stopped = event("stopped");
      workers.add(2);
      go(async function transport() {
        if (mended) await select({ sent: events.sending(0), stopped: stopped.nexting() });
        else await events.send(0);
        workers.done();
      });
      go(async function processor() {
        while ((await select({ event: events.receiving(), stopped: stopped.nexting() })).case !== "stopped");
        workers.done();
      });
      stopped.close();
      await workers.wait();
    },
  },
  {
    id: "cockroach 2448", kind: "deadlock", fault: "a store calls back the loop that is sending it the next event",
    async program(mended) {
      const events = chan<number>({ name: "events" });
      const callbacks = chan<void>({ name: "callbacks", capacity: mended ? 2 : 0 });
      const raft = go(async function raft() {
        let [sent, called] = [0, 0];
        while (called < 2) {
          const next = await select({ sent: sent < 2 && events.sending(sent), callback: callbacks.receiving() });
          if (next.case === "callback") called++;
          else if (++sent === 1) await events.send(sent++); // a second event in the same turn
        }
      });
      const store = go(async function store() {
        for (let n = 0; n < 2; n++) {
          await events.receive();
          await callbacks.send();
        }
      });
      await raft;
      await store;
    },
  },
  {
    id: "cockroach 6181", kind: "deadlock", fault: "a cache prints itself under its lock, and locks itself for reading again",
    async program(mended) {
      const lock = new RwMutex("cache");
      const lookUp = async (): Promise<void> => {
        const held = await lock.read();
        if (!mended) (await lock.read()).release(); // prints
        held.release();
        (await lock.write()).release();
      };
      await gather([go(lookUp), go(lookUp)]);
    },
  },
  {
    id: "cockroach 7504", kind: "deadlock", fault: "leases and the cache of names are locked in both orders",
    async program(mended) {
      const [lease, names] = [new Mutex("lease"), new Mutex("names")];
      const table = new Mutex("table");
      const acquire = go(async function acquire() {
        if (mended) {
          await names.with(() => undefined); // looks up the lease
          await lease.with(() => undefined);
        } else {
          await names.with(() => lease.with(() => undefined));
        }
      });
      const release = go(async function release() {
        await table.with(() => lease.with(() => names.with(() => undefined)));
      });
      await acquire;
      await release;
    },
  },
  {
    id: "cockroach 9935", kind: "deadlock", fault: "a log that cannot make its file exits with its lock, which the exit takes as well",
    async program(mended, { choose }) {
      const lock = new Mutex("log");
      const exit = (): Promise<void> => lock.with(() => undefined);
      await lock.lock();
      const failed = choose(false, true);
      if (failed && !mended) await exit();
      lock.unlock();
      if (failed && mended) await exit();
    },
  },
  {
    id: "cockroach 10790", kind: "leak", fault: "commands report to a caller that has left when its context was done",
    async program(mended) {
      const results = chan<void>({ name: "results", capacity: mended ? 2 : 0 });
      const cancelled = event("cancelled");
      for (let n = 0; n < 2; n++) go(async function command() { await results.send(); });
      go(function context() { cancelled.close(); });
      for (let n = 0; n < 2; n++) {
        if ((await select({ result: results.receiving(), cancelled: cancelled.nexting() })).case === "cancelled") return;
      }
    },
  },
  {
    id: "cockroach 18101", kind: "leak", fault: "an import that is cancelled no longer reads what is split and scattered for it",
    async program(mended) {
      const ready = chan<number>({ name: "ready for import" });
      const cancelled = event("cancelled");
      go(async function splitter() {
        for (let n = 0; n < 2; n++) {
          if (!mended) await ready.send(n);
          else if ((await select({ sent: ready.sending(n), cancelled: cancelled.nexting() })).case === "cancelled") return;
        }
      });
      go(function context() { cancelled.close(); });
      for (let n = 0; n < 2; n++) {
        if ((await select({ ready: ready.receiving(), cancelled: cancelled.nexting() })).case === "cancelled") return;
      }
    },
  },
  {
    id: "cockroach 24808", kind: "deadlock", fault: "a compactor suggests to itself before it runs, and another one has filled the only place",
    async program(mended) {
      const suggestions = chan<string>({ name: "suggestions", capacity: 1 });
      const suggested = go(function store() { suggestions.trySend("a range"); });
      await go(async function start() {
        if (mended) suggestions.trySend("begin");
        else await suggestions.send("begin");
        await suggestions.receive();
      });
      await suggested;
    },
  },
  {
    id: "cockroach 35931", kind: "deadlock", fault: "a cancel is written to one input after the other, and the first is full",
    async program(mended) {
      const inputs: readonly [Channel<string>, Channel<string>] = [chan({ name: "input 0", capacity: 1 }), chan({ name: "input 1", capacity: 1 })];
      const [first, second] = inputs;
      await first.send("a row");
      const processor = go(async function processor() {
        await second.receive();
        await first.receive();
        await first.receive();
      });
      const canceller = go(async function canceller() {
        if (mended) await gather(inputs.map((input) => () => input.send("cancelled")));
        else for (const input of inputs) await input.send("cancelled");
      });
      await canceller;
      await processor;
    },
  },
];
