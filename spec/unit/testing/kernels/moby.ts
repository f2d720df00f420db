/** Kernels of bugs in Moby (Docker). */
import { chan, checkpoint, gather, go, select, sleep, sleeping } from "../../../../src/node.ts";
import { shared } from "../../../../src/testing/index.ts";
import { Condition, event, Mutex, WaitGroup, type Kernel } from "./support.ts";

export const moby: readonly Kernel[] = [
  {
    id: "moby 4395", kind: "leak", fault: "a function that is run for its error has nobody to give it to when its caller gives up",
    async program(mended) {
      const errors = chan<string>({ name: "errors", capacity: mended ? 1 : 0 });
      const interrupted = event("interrupted");
      go(async function attach() { await errors.send("the end of the input"); });
      go(function signal() { interrupted.close(); });
      await select({ error: errors.receiving(), interrupted: interrupted.nexting() });
    },
  },
  {
    id: "moby 4951", kind: "deadlock", fault: "all devices and a single one are locked in both orders",
    async program(mended) {
      const [all, one] = [new Mutex("devices"), new Mutex("device")];
      const remove = go(async function remove() {
        await one.with(mended ? () => undefined : () => all.with(() => undefined));
        if (mended) await all.with(() => one.with(() => undefined));
      });
      const deactivate = go(async function deactivate() { await all.with(() => one.with(() => undefined)); });
      await remove;
      await deactivate;
    },
  },
  {
    id: "moby 21233", kind: "deadlock", fault: "a test fails at a progress that was overwritten, and leaves the loop that others wait for",
    async program(mended) {
      const progress = chan<number>({ name: "progress", capacity: 1, overflow: "drop-oldest" });
      const watched = event("watched");
      const transfer = go(async function transfer() {
        for (let n = 0; n < 3; n++) await progress.send(n);
        progress.close();
      });
      go(async function watcher() {
        let expected = 0;
        for await (const n of progress) if (n !== expected++ && !mended) return;
        watched.close();
      });
      await transfer;
      await watched.next();
    },
  },
  {
    id: "moby 25384", kind: "deadlock", fault: "a restore waits for all plugins after it has started each one",
    async program(mended) {
      const group = new WaitGroup();
      group.add(2);
      for (let n = 0; n < 2; n++) {
        go(function plugin() { group.done(); });
        if (!mended) await group.wait();
      }
      await group.wait();
    },
  },
  {
    id: "moby 27037", kind: "exception", fault: "downloads share the variable of the loop that starts them",
    async program(mended) {
      const fetched = new Set<string>();
      let layer = "";
      const downloads = ["base", "tools"].map((name) => {
        layer = name;
        return go(async function download() {
          await checkpoint();
          fetched.add(mended ? name : layer);
        });
      });
      for (const download of downloads) await download;
      if (fetched.size !== 2) throw new Error("a layer is missing");
    },
  },
  {
    id: "moby 27782", kind: "deadlock", fault: "a follower removes its file and waits for the reader, which is sending it an event that it no longer takes",
    async program(mended) {
      const lock = new Mutex("watcher");
      const ignored = new Condition();
      const events = chan<string>({ name: "events" });
      const closed = event("closed");
      const file = shared({ watched: true });
      const reader = go(async function reader() {
        if (mended) await select({ sent: events.sending("written"), closed: closed.nexting() });
        else await events.send("written");
        await lock.with(() => {
          file.watched = false;
          ignored.broadcast();
        });
      });
      const follower = go(async function follower() {
        if ((await select({ event: events.receiving(), closed: closed.nexting() })).case === "event") return;
        await lock.with(async () => { while (file.watched) await ignored.wait(lock); });
      });
      closed.close();
      await follower;
      await reader;
    },
  },
  {
    id: "moby 28462", kind: "deadlock", fault: "the monitor of a container is told to stop under the lock that its probe needs",
    async program(mended) {
      const lock = new Mutex("container");
      const stop = chan<void>({ name: "stop" });
      const monitor = go(async function monitor() {
        for (;;) {
          const next = await select({ stop: stop.nexting(), probe: sleeping(10) });
          if (next.case === "stop") return;
          await lock.with(() => undefined); // handles what the probe has found
        }
      });
      const stopped = go(async function stateChanged() {
        await sleep(10);
        await lock.with(async () => {
          if (mended) stop.close();
          else await stop.send();
        });
      });
      await stopped;
      await monitor;
    },
  },
  {
    id: "moby 28462 (b)", kind: "deadlock", fault: "the same, at any time that the probe may be due",
    async program(mended) {
      const lock = new Mutex("container");
      const stop = chan<void>({ name: "stop" });
      const monitor = go(async function monitor() {
        for (;;) {
          if ((await select({ stop: stop.nexting(), probe: sleeping(10) })).case === "stop") return;
          await lock.with(() => undefined);
        }
      });
      await lock.with(async () => {
        if (mended) stop.close();
        else await stop.send();
      });
      await monitor;
    },
  },
  {
    id: "moby 29733", kind: "deadlock", fault: "a plugin that fails to activate does not wake those who wait for it",
    async program(mended, { choose }) {
      const lock = new Mutex("plugin");
      const activated = new Condition();
      const plugin = shared({ settled: false });
      const waiter = go(async function waiter() {
        await lock.with(async () => { while (!plugin.settled) await activated.wait(lock); });
      });
      const activation = go(async function activation() {
        const failed = choose(false, true);
        await lock.with(() => {
          if (failed && !mended) return;
          plugin.settled = true;
          activated.broadcast();
        });
      });
      await activation;
      await waiter;
    },
  },
  {
    id: "moby 33293", kind: "deadlock", fault: "a wait that fails sends its error to the channel that it is about to return",
    async program(mended, { choose }) {
      const wait = async (): Promise<{ failed: () => Promise<string> }> => {
        const errors = chan<string>({ name: "errors", capacity: mended ? 1 : 0 });
        if (choose(false, true)) await errors.send("no such container");
        else go(async function container() { await errors.send("exited"); });
        return { failed: () => errors.receive() };
      };
      await (await wait()).failed();
    },
  },
  {
    id: "moby 33781", kind: "leak", fault: "a monitor that is stopped does not wait for the probe that it cancels",
    async program(mended) {
      const stop = event("stop");
      const monitor = go(async function monitor() {
        for (;;) {
          if ((await select({ stop: stop.nexting(), interval: sleeping(10) })).case === "stop") return;
          const results = chan<string>({ name: "results", capacity: mended ? 1 : 0 });
          go(async function probe() { await results.send("healthy"); });
          if ((await select({ stop: stop.nexting(), result: results.receiving() })).case === "stop") return;
        }
      });
      await sleep(10);
      stop.close();
      await monitor;
    },
  },
  {
    id: "moby 33781 (b)", kind: "leak", fault: "the same, with a limit for a probe that takes as long as it takes",
    async program(mended) {
      const stop = event("stop");
      const monitor = go(async function monitor() {
        for (;;) {
          if ((await select({ stop: stop.nexting(), interval: sleeping(10) })).case === "stop") return;
          const results = chan<string>({ name: "results", capacity: mended ? 1 : 0 });
          go(async function probe() {
            await checkpoint();
            await results.send("healthy");
          });
          if ((await select({ result: results.receiving(), late: sleeping(10) })).case === "late") return;
        }
      });
      await sleep(15);
      stop.close();
      await monitor;
    },
  },
  {
    id: "moby 36114", kind: "deadlock", fault: "a disk is removed at start under the lock that the removal takes as well",
    async program(mended) {
      const lock = new Mutex("machine");
      const remove = (): Promise<void> => lock.with(() => undefined);
      await gather([
        async () => {
          await lock.with(mended ? () => undefined : remove);
          if (mended) await remove();
        },
        () => lock.with(() => undefined),
      ]);
    },
  },
];
