/** Kernels of bugs in Knative Serving, Istio, Hugo and Syncthing. */
import { chan, go, select, type Channel } from "../../../../src/node.ts";
import { shared } from "../../../../src/testing/index.ts";
import { event, Mutex, RwMutex, WaitGroup, type Kernel } from "./support.ts";

export const others: readonly Kernel[] = [
  {
    id: "serving 2137", kind: "deadlock", fault: "a test lets the first of two requests go on, and the breaker has let the second one in",
    async program(mended) {
      const active = chan<void>({ name: "active requests", capacity: 1 });
      const requests = [1, 2].map((n) => ({ lock: new Mutex(`request ${n}`), accepted: chan<boolean>({ name: `accepted ${n}`, capacity: 1 }) }));
      for (const { lock } of requests) await lock.lock();
      const tasks = requests.map(({ lock, accepted }) => go(async function request() {
        await active.send();
        await lock.with(() => undefined);
        await active.receive();
        await accepted.send(true);
      }));
      if (mended) for (const { lock } of requests) lock.unlock();
      for (const { lock, accepted } of requests) {
        if (!mended) lock.unlock();
        await accepted.receive();
      }
      for (const task of tasks) await task;
    },
  },
  {
    id: "serving 6472", kind: "exception", fault: "two updates of a tracker read it before either has written it",
    async program(mended) {
      const lock = new Mutex("tracker");
      const requests = chan<void>({ name: "requests" });
      const tracker = shared({ count: 0 });
      const update = async (): Promise<void> => {
        const { count } = tracker;
        await requests.receive();
        tracker.count = count + 1;
      };
      const updates = [1, 2].map(() => go(async function updater() { await (mended ? lock.with(update) : update()); }));
      for (let n = 0; n < 2; n++) await requests.send();
      for (const one of updates) await one;
      if (tracker.count !== 2) throw new Error("an update is lost");
    },
  },
  {
    id: "istio 8144", kind: "exception", fault: "closing a server does not wait for the daemon, which writes to the log of a test that has ended",
    async program(mended) {
      const test = shared({ ended: false });
      const closed = event("closed");
      const daemon = go(async function daemon() {
        await closed.next();
        if (test.ended) throw new Error("log after the end of the test");
      });
      closed.close();
      if (mended) await daemon;
      test.ended = true;
      await daemon;
    },
  },
  {
    id: "istio 16224", kind: "deadlock", fault: "a store notifies under its lock, and the one notified asks the store first",
    async program(mended) {
      const lock = new Mutex("store");
      const notifications = chan<string>({ name: "notifications" });
      const store = go(async function store() {
        await lock.lock();
        if (mended) lock.unlock();
        await notifications.send("created");
        if (!mended) lock.unlock();
      });
      const handler = go(async function handler() {
        await lock.with(() => undefined); // what is there already?
        await notifications.receive();
      });
      await store;
      await handler;
    },
  },
  {
    id: "istio 17860", kind: "leak", fault: "a proxy that exits tells an agent that has ended",
    async program(mended) {
      const statuses: Channel<number> = chan({ name: "statuses" });
      const cancelled = event("cancelled");
      const agent = go(async function agent() {
        while ((await select({ status: statuses.receiving(), cancelled: cancelled.nexting() })).case !== "cancelled");
      });
      for (const epoch of [1, 2]) {
        go(async function proxy() {
          if (mended) await select({ sent: statuses.sending(epoch), cancelled: cancelled.nexting() });
          else await statuses.send(epoch);
        });
      }
      cancelled.close();
      await agent;
    },
  },
  {
    id: "hugo 3251", kind: "deadlock", fault: "the lock of one address is taken under the lock of all, which unlocking it needs",
    async program(mended) {
      const all = new RwMutex("addresses");
      const one = new Mutex("address");
      const fetch = async (): Promise<void> => {
        const held = await all.write();
        if (mended) held.release();
        await one.lock();
        if (!mended) held.release();
        using _ = await all.read();
        one.unlock();
      };
      for (const task of [go(fetch), go(fetch)]) await task;
    },
  },
  {
    id: "syncthing 5795", kind: "deadlock", fault: "a connection is closed by its own dispatcher, and waits for the dispatcher's end",
    async program(mended) {
      const inbox = chan<string>({ name: "inbox" });
      const [closed, stopped] = [event("closed"), event("stopped")];
      const close = async (): Promise<void> => {
        closed.close();
        if (!mended) await stopped.next();
      };
      go(async function dispatcher() {
        while ((await select({ message: inbox.receiving(), closed: closed.nexting() })).case !== "closed") await close();
        stopped.close();
      });
      await select({ sent: inbox.sending("cluster configuration"), closed: closed.nexting() });
      await stopped.next();
    },
  },
  {
    id: "cockroach 4407", kind: "exception", fault: "a task counts itself when it begins, and the wait has seen none",
    async program(mended) {
      const tasks = new WaitGroup();
      const results = shared({ count: 0 });
      for (let n = 0; n < 2; n++) {
        if (mended) tasks.add(1);
        go(function task() {
          if (!mended) tasks.add(1);
          results.count++;
          tasks.done();
        });
      }
      await tasks.wait();
      if (results.count !== 2) throw new Error("a result is missing");
    },
  },
];
