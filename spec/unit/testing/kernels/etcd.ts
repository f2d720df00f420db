/** Kernels of bugs in etcd. */
import { chan, go, select, sleep, sleeping, type Channel, type Task } from "../../../../src/node.ts";
import { shared } from "../../../../src/testing/index.ts";
import { event, Mutex, RwMutex, type Kernel } from "./support.ts";

export const etcd: readonly Kernel[] = [
  {
    id: "etcd 3077", kind: "deadlock", fault: "a node makes its channels when it runs, after another task may have stopped it by the old ones",
    async program(mended) {
      const node = shared({ stopped: chan<void>({ name: "stopped" }), done: event("done") });
      go(async function run() {
        if (!mended) [node.stopped, node.done] = [chan<void>({ name: "stopped" }), event("done")];
        await node.stopped.receive();
        node.done.close();
      });
      await go(async function stop() {
        await node.stopped.send();
        await node.done.next();
      });
    },
  },
  {
    id: "etcd 3077 (b)", kind: "deadlock", fault: "the same, the channels in plain variables",
    async program(mended) {
      let [stopped, done] = [chan<void>({ name: "stopped" }), event("done")];
      go(async function run() {
        if (!mended) [stopped, done] = [chan<void>({ name: "stopped" }), event("done")];
        await stopped.receive();
        done.close();
      });
      await go(async function stop() {
        await stopped.send();
        await done.next();
      });
    },
  },
  {
    id: "etcd 5509", kind: "deadlock", fault: "acquiring a connection of a closed client fails with the lock held for reading",
    async program(mended) {
      const lock = new RwMutex("client");
      const client = shared({ closed: false });
      const close = async (): Promise<void> => {
        using _ = await lock.write();
        client.closed = true;
      };
      const remote = go(async function remote() {
        const held = await lock.read();
        if (client.closed && !mended) return; // the error path
        held.release();
      });
      const closer = go(async function closer() {
        await close();
        await close();
      });
      await remote;
      await closer;
    },
  },
  {
    id: "etcd 6857", kind: "leak", fault: "a status is asked for while the node stops, and the loop that answers has gone",
    async program(mended) {
      const [status, stop, done] = [chan<void>({ name: "status" }), chan<void>({ name: "stop" }), event("done")];
      go(async function run() {
        while ((await select({ status: status.receiving(), stop: stop.receiving() })).case !== "stop");
        done.close();
      });
      go(async function asker() {
        if (mended) await select({ asked: status.sending(undefined), done: done.nexting() });
        else await status.send();
      });
      await stop.send();
      await done.next();
    },
  },
  {
    id: "etcd 6873", kind: "deadlock", fault: "stop waits for the loop under the lock that the loop needs for an update",
    async program(mended) {
      const lock = new Mutex("broadcasts");
      const updates = chan<string>({ name: "updates", capacity: 1 });
      const done = event("done");
      await updates.send("a watcher");
      go(async function loop() {
        for await (const _ of updates) await lock.with(() => undefined); // coalesces
        done.close();
      });
      await go(async function stop() {
        await lock.lock();
        updates.close();
        if (mended) lock.unlock();
        await done.next();
        if (!mended) lock.unlock();
      });
    },
  },
  {
    id: "etcd 7443", kind: "deadlock", fault: "a connection that comes up notifies under the lock that the watcher needs to tear it down",
    async program(mended) {
      const [connection, balancer] = [new Mutex("connection"), new Mutex("balancer")];
      const notifications = chan<string>({ name: "notifications" });
      const up = async (): Promise<void> => {
        if (!mended) {
          await balancer.with(() => notifications.send("up"));
          return;
        }
        await balancer.with(() => undefined);
        connection.unlock();
        await notifications.send("up");
        await connection.lock();
      };
      const connecting = go(async function connecting() {
        for (let n = 0; n < 2; n++) await connection.with(up);
        notifications.close();
      });
      const watcher = go(async function watcher() {
        for await (const _ of notifications) await connection.with(() => undefined); // tears down
      });
      await connecting;
      await watcher;
    },
  },
  {
    id: "etcd 7492", kind: "deadlock", fault: "a token is told to its keeper under the lock that the keeper needs when its timer fires",
    async program(mended) {
      const { lock, added, stop, keeper } = keeperOfTokens();
      const user = go(async function user() {
        await sleep(10);
        await lock.lock();
        if (mended) lock.unlock();
        await added.send();
        if (!mended) lock.unlock();
      });
      await user;
      stop.close();
      await keeper;
    },
  },
  {
    id: "etcd 7492 (b)", kind: "deadlock", fault: "the same, at any time that the timer may fire",
    async program(mended) {
      const { lock, added, stop, keeper } = keeperOfTokens();
      for (let n = 0; n < 2; n++) {
        await lock.lock();
        if (mended) lock.unlock();
        await added.send();
        if (!mended) lock.unlock();
      }
      stop.close();
      await keeper;
    },
  },
  {
    id: "etcd 7902", kind: "deadlock", fault: "a follower waits for the leader's release under the lock that the leader needs to release",
    async program(mended) {
      const lock = new Mutex("rounds");
      const next = event("next round");
      const leader = go(async function leader() {
        await lock.with(() => undefined); // validates
        if (mended) next.close();
        else await lock.with(() => { next.close(); });
      });
      const follower = go(async function follower() {
        await lock.with(() => undefined);
        if (mended) await next.next();
        else await lock.with(() => next.next());
      });
      await leader;
      await follower;
    },
  },
];

/** Takes in new tokens, and deletes those that are too old, under the lock. */
function keeperOfTokens(): { lock: Mutex; added: Channel<void>; stop: Channel<never>; keeper: Task<void> } {
  const lock = new Mutex("tokens");
  const added = chan<void>({ name: "added" });
  const stop = event("stop");
  const keeper = go(async function keeper() {
    for (;;) {
      const next = await select({ added: added.receiving(), tick: sleeping(10), stop: stop.nexting() });
      if (next.case === "stop") return;
      if (next.case === "tick") await lock.with(() => undefined);
    }
  });
  return { lock, added, stop, keeper };
}
