/** Kernels of bugs in Kubernetes. */
import { chan, checkpoint, go, select, sleep, sleeping, type Channel } from "../../../../src/node.ts";
import { shared } from "../../../../src/testing/index.ts";
import { Condition, event, Mutex, RwMutex, WaitGroup, type Kernel } from "./support.ts";

export const kubernetes: readonly Kernel[] = [
  {
    id: "kubernetes 1321", kind: "deadlock", fault: "a mux sends to a watcher under the lock that stopping the watcher needs",
    async program(mended) {
      const lock = new Mutex("mux");
      const results = chan<string>({ name: "results" });
      const stopped = event("stopped");
      const loop = go(async function loop() {
        await lock.with(async () => {
          if (results.closed) return;
          if (mended) await select({ sent: results.sending("an event"), stopped: stopped.nexting() });
          else await results.send("an event");
        });
      });
      await go(async function stop() {
        stopped.close();
        await lock.with(() => { results.close(); });
      });
      await loop;
    },
  },
  {
    id: "kubernetes 5316", kind: "leak", fault: "a request ends in the moment of its time limit, and nobody takes its result",
    async program(mended) {
      const results = chan<string>({ name: "results", capacity: mended ? 1 : 0 });
      go(async function request() {
        await sleep(10);
        await results.send("a pod");
      });
      await select({ result: results.receiving(), late: sleeping(10) });
    },
  },
  {
    id: "kubernetes 5316 (b)", kind: "leak", fault: "the same, with a request that takes as long as it takes",
    async program(mended) {
      const results = chan<string>({ name: "results", capacity: mended ? 1 : 0 });
      go(async function request() {
        await checkpoint();
        await results.send("a pod");
      });
      await select({ result: results.receiving(), late: sleeping(10) });
    },
  },
  {
    id: "kubernetes 6632", kind: "deadlock", fault: "a frame is written to a full channel under the lock that the monitor needs to close it",
    async program(mended) {
      const lock = new Mutex("write");
      const resets = chan<number>({ name: "resets" });
      const closed = event("closed");
      const writer = go(async function writer() {
        await lock.with(async () => { if (!resets.closed) await resets.send(1); });
      });
      const monitor = go(async function monitor() {
        const first = await select({ closed: closed.nexting(), reset: resets.receiving() });
        if (first.case === "reset") return;
        if (mended) go(async function drain() { for await (const _ of resets); });
        await lock.with(() => { resets.close(); });
      });
      closed.close();
      await monitor;
      await writer;
    },
  },
  {
    id: "kubernetes 10182", kind: "deadlock", fault: "a status is sent under the lock that its receiver takes to delete another one",
    async program(mended) {
      const lock = new Mutex("statuses");
      const statuses = chan<string>({ name: "statuses" });
      const set = async (): Promise<void> => {
        await lock.lock();
        if (mended) lock.unlock();
        await statuses.send("running");
        if (!mended) lock.unlock();
      };
      const setters = [go(set), go(set)];
      for (let n = 0; n < 2; n++) {
        await statuses.receive();
        await lock.with(() => undefined); // deletes
      }
      for (const setter of setters) await setter;
    },
  },
  {
    id: "kubernetes 11298", kind: "deadlock", fault: "a service that ends signals a condition before the task that it started waits for it",
    async program(mended) {
      const lock = new Mutex("service");
      const changed = new Condition();
      const abort = event("abort");
      const service = shared({ ended: false });
      go(function aborter() { abort.close(); });
      const woken = go(async function waiter() {
        await lock.with(async () => { if (!mended || !service.ended) await changed.wait(lock); });
      });
      await abort.next();
      await lock.with(() => { service.ended = true; });
      changed.signal();
      await woken;
    },
  },
  {
    id: "kubernetes 13058", kind: "exception", fault: "a test counts what it expects after the controller may have done it",
    async program(mended) {
      const expected = new WaitGroup();
      const source = chan<string>({ name: "source" });
      const controller = go(async function controller() { for await (const _ of source) expected.done(); });
      if (mended) expected.add(2);
      for (const event of ["added", "deleted"]) {
        await source.send(event);
        if (!mended) expected.add(1);
      }
      await expected.wait();
      source.close();
      await controller;
    },
  },
  {
    id: "kubernetes 13135", kind: "deadlock", fault: "a cacher and its watch cache lock each other in both orders",
    async program(mended) {
      const [cacher, watch] = [new Mutex("cacher"), new Mutex("watch cache")];
      const caching = go(async function caching() {
        await cacher.lock();
        await watch.lock();
        cacher.unlock(); // it is filled for the first time
        watch.unlock();
        await cacher.with(() => watch.with(() => undefined));
      });
      const adding = go(async function adding() {
        if (mended) {
          await watch.with(() => undefined);
          await cacher.with(() => undefined);
        } else {
          await watch.with(() => cacher.with(() => undefined)); // its handler
        }
      });
      await caching;
      await adding;
    },
  },
  {
    id: "kubernetes 25331", kind: "leak", fault: "a watch that fails reports it to a consumer that has stopped",
    async program(mended) {
      const errors = chan<string>({ name: "errors", capacity: 1 });
      const results = chan<string>({ name: "results" });
      const cancelled = event("cancelled");
      go(async function watch() {
        const first = await select({ error: errors.receiving(), cancelled: cancelled.nexting() });
        if (first.case === "cancelled") return;
        if (mended) await select({ sent: results.sending(first.value), cancelled: cancelled.nexting() });
        else await results.send(first.value);
      });
      await errors.send("gone");
      cancelled.close();
    },
  },
  {
    id: "kubernetes 26980", kind: "deadlock", fault: "a listener waits to be stopped under the lock that a notification needs",
    async program(mended) {
      const lock = new Mutex("listener");
      const [stop, added] = [event("stop"), event("added")];
      const listener = go(async function pop() {
        await lock.lock();
        if (mended) lock.unlock();
        await stop.next();
        if (!mended) lock.unlock();
      });
      go(async function add() { await lock.with(() => { added.close(); }); });
      await added.next();
      stop.close();
      await listener;
    },
  },
  {
    id: "kubernetes 30872", kind: "deadlock", fault: "a store calls a handler under its lock, and the handler's owner calls the store under the lock that the handler needs",
    async program(mended) {
      const [informer, queue] = [new Mutex("informer"), new Mutex("queue")];
      const handle = (): Promise<void> => informer.with(() => undefined);
      const processor = go(async function processor() {
        await queue.with(mended ? () => undefined : handle);
        if (mended) await handle();
      });
      const starter = go(async function starter() {
        await informer.with(() => queue.with(() => undefined)); // has it synced?
      });
      await processor;
      await starter;
    },
  },
  {
    id: "kubernetes 38669", kind: "leak", fault: "a watcher is stopped before anybody has read its first events",
    async program(mended) {
      const input = chan<number>({ name: "input" });
      const results = chan<number>({ name: "results", capacity: mended ? 2 : 0 });
      go(async function watcher() {
        for (const event of [1, 2]) await results.send(event);
        for await (const event of input) await results.send(event);
        results.close();
      });
      input.close();
    },
  },
  {
    id: "kubernetes 58107", kind: "deadlock", fault: "a worker waits for a job with the lock held for reading, a writer comes, and no worker can bring the job any more",
    async program(mended) {
      const [workers, queue] = [new RwMutex("workers"), new Mutex("queue")];
      const filled = new Condition();
      const jobs = shared({ waiting: 0 });
      const first = go(async function first() {
        const held = mended ? undefined : await workers.read();
        await queue.with(async () => { while (jobs.waiting === 0) await filled.wait(queue); });
        held?.release();
      });
      const second = go(async function second() {
        using _ = await workers.read();
        await queue.with(() => {
          jobs.waiting++;
          filled.signal();
        });
      });
      const sync = go(async function sync() {
        (await workers.write()).release();
      });
      for (const task of [first, second, sync]) await task;
    },
  },
  {
    id: "kubernetes 62464", kind: "deadlock", fault: "a state is locked for reading twice by one task, and a writer comes in between",
    async program(mended) {
      const lock = new RwMutex("state");
      const reconcile = go(async function reconcile() {
        const held = await lock.read();
        if (!mended) (await lock.read()).release();
        held.release();
      });
      const remove = go(async function remove() { (await lock.write()).release(); });
      await reconcile;
      await remove;
    },
  },
  {
    id: "kubernetes 70277", kind: "leak", fault: "a poll that was waited for successfully is never told to end",
    async program(mended) {
      const done = event("done");
      const tries: Channel<void> = chan({ name: "tries" });
      go(async function poller() {
        for (;;) {
          if ((await select({ pause: sleeping(10), done: done.nexting() })).case === "done") return;
          if ((await select({ tried: tries.sending(undefined), done: done.nexting() })).case === "done") return;
        }
      });
      await tries.receive(); // and the condition holds
      if (mended) done.close();
    },
  },
];
