/** Kernels of bugs in gRPC. */
import { chan, go, select } from "../../../../src/node.ts";
import { shared } from "../../../../src/testing/index.ts";
import { event, Mutex, type Kernel } from "./support.ts";

export const grpc: readonly Kernel[] = [
  {
    id: "grpc 660", kind: "leak", fault: "a request answers a caller that has been told to stop",
    async program(mended) {
      const done = chan<boolean>({ name: "done", capacity: mended ? 1 : 0 });
      const stop = event("stop");
      go(async function request() { await done.send(true); });
      go(function stopper() { stop.close(); });
      await select({ done: done.receiving(), stop: stop.nexting() });
    },
  },
  {
    id: "grpc 862", kind: "leak", fault: "a dial that fails does not cancel its reconnecting task",
    async program(mended) {
      const [cancelled, failed] = [event("cancelled"), event("failed")];
      const ready = chan<void>({ name: "ready", capacity: 1 });
      go(async function transport() {
        await ready.send();
        await cancelled.next();
      });
      go(function network() { failed.close(); });
      const first = await select({ ready: ready.receiving(), failed: failed.nexting() });
      if (mended || first.case === "ready") cancelled.close();
    },
  },
  {
    id: "grpc 1275", kind: "deadlock", fault: "closing a stream does not wake its reader",
    async program(mended) {
      const messages = chan<string>({ name: "messages" });
      const done = event("done");
      go(async function reader() {
        await messages.next();
        done.close();
      });
      if (mended) messages.close();
      await done.next();
    },
  },
  {
    id: "grpc 1353", kind: "deadlock", fault: "a balancer sends an update under the lock that the receiver of the last one needs",
    async program(mended) {
      const lock = new Mutex("balancer");
      const updates = chan<number>({ name: "updates", capacity: mended ? 1 : 0 });
      const balancer = go(async function balancer() {
        for (let n = 0; n < 2; n++) {
          await lock.with(async () => {
            if (mended) updates.tryReceive();
            await updates.send(n);
          });
        }
        updates.close();
      });
      const watcher = go(async function watcher() {
        for await (const _ of updates) await lock.with(() => undefined); // tears down what is gone
      });
      await balancer;
      await watcher;
    },
  },
  {
    id: "grpc 1424", kind: "deadlock", fault: "the watcher of addresses ends without saying so to the dial that waits for it",
    async program(mended) {
      const addresses = chan<string>({ name: "addresses" });
      const [ready, closed] = [event("ready"), event("closed")];
      go(async function balancer() {
        await select({ address: addresses.sending("an address"), closed: closed.nexting() });
        addresses.close();
      });
      go(async function watcher() {
        for await (const _ of addresses) ready.close();
        if (mended) ready.close();
      });
      go(function closer() { closed.close(); });
      await ready.next();
    },
  },
  {
    id: "grpc 1460", kind: "deadlock", fault: "the keepalive sleeps under the lock that a new stream needs to awaken it",
    async program(mended) {
      const lock = new Mutex("transport");
      const awaken = chan<void>({ name: "awaken", capacity: mended ? 1 : 0 });
      const transport = shared({ streams: 0, dormant: false });
      const keepalive = go(async function keepalive() {
        await lock.lock();
        transport.dormant = transport.streams === 0;
        const { dormant } = transport;
        if (mended) lock.unlock();
        if (dormant) await awaken.receive();
        if (!mended) lock.unlock();
      });
      const stream = go(async function stream() {
        await lock.lock();
        transport.streams++;
        const { dormant } = transport;
        lock.unlock();
        if (dormant) await awaken.send();
      });
      await keepalive;
      await stream;
    },
  },
  {
    id: "grpc 1687", kind: "exception", fault: "a stream writes to a channel that the status has closed",
    async program(mended) {
      const writes = chan<string>({ name: "writes" });
      const closed = event("closed");
      const server = go(async function server() {
        for (let open = true; open;) open = (await select({ write: writes.nexting(), closed: closed.nexting() })).value.done !== true;
      });
      const stream = go(async function stream() {
        if (mended) await select({ sent: writes.sending("data"), closed: closed.nexting() });
        else await writes.send("data");
      });
      if (mended) closed.close();
      else writes.close();
      await stream;
      await server;
    },
  },
  {
    id: "grpc 2371", kind: "exception", fault: "the configuration of a service arrives before the addresses have made the balancer",
    async program(mended) {
      const [addresses, configurations] = [chan<string>({ name: "addresses" }), chan<string>({ name: "configurations" })];
      const client: { balancer?: { use: (configuration: string) => void } } = {};
      go(async function resolver() { await addresses.send("an address"); });
      go(async function service() { await configurations.send("round robin"); });
      for (let n = 0; n < 2; n++) {
        const next = await select({ address: addresses.receiving(), configuration: configurations.receiving() });
        if (next.case === "address") client.balancer = { use: () => undefined };
        else if (client.balancer) client.balancer.use(next.value);
        else if (!mended) throw new TypeError("there is no balancer");
      }
    },
  },
  {
    id: "grpc 3017", kind: "deadlock", fault: "a timer that finds its deletion called off returns with the lock",
    async program(mended) {
      const lock = new Mutex("cache");
      const fired = event("timer");
      const entry = shared({ kept: false });
      const timer = go(async function timer() {
        await fired.next();
        await lock.lock();
        if (entry.kept && !mended) return;
        lock.unlock();
      });
      const client = go(async function client() {
        await lock.with(() => { fired.close(); }); // removed: deleted when the timer fires
        await lock.with(() => { entry.kept = true; }); // wanted again
        await lock.with(() => undefined);
      });
      await timer;
      await client;
    },
  },
];
