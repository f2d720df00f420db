/**
 * Prints, for each way a value of 10 MB can go, how many of three have not been collected while their channels, and the tasks that used them, live on.
 */
import {
  aborting, chan, choose, go, perform, select, selecting, sleeping, trySelect, type Channel,
} from "../../../../src/index.ts";

type Big = Uint8Array | undefined;
const collect = globalThis.gc;
if (collect === undefined) throw new Error("run with --expose-gc");

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
const alive: unknown[] = [];

/** Makes a value in a frame of its own and lets it go some way; gives a weak reference to it. */
type Way = (make: () => Uint8Array) => unknown;

/** A channel that stays referred to, with a receiving loop if asked for. */
function kept(options: { capacity?: number; overflow?: "drop-oldest" | "drop-newest" } = {}): Channel<Big> {
  const channel = chan<Big>(options);
  alive.push(channel);
  return channel;
}

/** A loop without a variable: the platform keeps the variables of a frame that waits, up to the next value. */
function loop(channel: Channel<Big>): void {
  alive.push((async () => { for (;;) await channel.receive(); })());
}

const ignore = (): void => undefined;

const ways: Record<string, Way> = {
  "received by a receive": async (make) => {
    const channel = kept();
    const received = channel.receive().then(ignore);
    await channel.send(make());
    await received;
  },
  "received by an async loop": async (make) => {
    const channel = kept();
    loop(channel);
    await turn();
    await channel.send(make());
  },
  "received by an async loop, sent before": async (make) => {
    const channel = kept();
    const sent = channel.send(make());
    loop(channel);
    await sent;
  },
  "received by a generator task": async (make) => {
    const channel = kept();
    alive.push(go(function* () { for (;;) yield* channel.receiving(); }));
    await turn();
    await channel.send(make());
  },
  "received by a generator task, sent before": async (make) => {
    const channel = kept();
    const sent = channel.send(make());
    alive.push(go(function* () { for (;;) yield* channel.nexting(); }));
    await sent;
  },
  "sent by a generator task that lives on": async (make) => {
    const channel = kept();
    alive.push(go(function* () {
      yield* channel.sending(make());
      yield* chan<number>().receiving();
    }));
    await channel.receive().then(ignore);
  },
  "through a buffer": async (make) => {
    const channel = kept({ capacity: 4 });
    await channel.send(make());
    await channel.receive().then(ignore);
  },
  "through a buffer, at once": (make) => {
    const channel = kept({ capacity: 4 });
    channel.trySend(make());
    channel.tryReceive();
  },
  "received by a select that loops": async (make) => {
    const channel = kept();
    const quiet = kept();
    alive.push((async () => { for (;;) await select({ r: channel.receiving(), q: quiet.receiving() }).then(ignore); })());
    await turn();
    await channel.send(make());
  },
  "received by a generator task that selects": async (make) => {
    const channel = kept();
    const quiet = kept();
    alive.push(go(function* () { for (;;) yield* selecting({ r: channel.receiving(), q: quiet.receiving() }); }));
    await turn();
    await channel.send(make());
  },
  "refused by a closed channel": async (make) => {
    const channel = kept();
    channel.close();
    await channel.send(make()).catch(ignore);
  },
  "refused by a cancel": async (make) => {
    const channel = kept();
    const sent = channel.send(make()).catch(ignore);
    channel.cancel();
    await sent;
  },
  "buffered, and discarded by a cancel": async (make) => {
    const channel = kept({ capacity: 4 });
    await channel.send(make());
    channel.cancel();
  },
  "refused by trySend": (make) => { kept().trySend(make()); },
  "refused by trySelect": (make) => { trySelect({ s: kept().sending(make()) }); },
  "of a send that was aborted": async (make) => {
    const channel = kept();
    const controller = new AbortController();
    alive.push(controller);
    const sent = channel.send(make(), { signal: controller.signal }).catch(ignore);
    await turn();
    controller.abort();
    await sent;
  },
  "of a send that lost a select": async (make) => {
    const channel = kept();
    const other = kept();
    const waiting = select({ s: channel.sending(make()), r: other.receiving() }).then(ignore);
    await turn();
    await other.send(undefined);
    await waiting;
  },
  "of a send that lost a select at once": async (make) => {
    const ready = kept({ capacity: 1 });
    ready.trySend(undefined);
    await select({ r: ready.receiving(), s: kept().sending(make()) }).then(ignore);
  },
  "of a send that lost to a long-lived signal's neighbour": async (make) => {
    const controller = new AbortController();
    alive.push(controller);
    const waiting = perform(choose<unknown>(kept().sending(make()), aborting(controller.signal), sleeping(1)));
    await waiting.then(ignore);
  },
  "dropped as the oldest": async (make) => {
    const channel = kept({ capacity: 1, overflow: "drop-oldest" });
    await channel.send(make());
    await channel.send(undefined);
  },
  "dropped as the newest": async (make) => {
    const channel = kept({ capacity: 1, overflow: "drop-newest" });
    await channel.send(undefined);
    await channel.send(make());
  },
};

const outcome: Record<string, number> = {};
for (const [name, way] of Object.entries(ways)) {
  const references: WeakRef<Uint8Array>[] = [];
  for (let n = 0; n < 3; n++) {
    await way(() => {
      const big = new Uint8Array(10_000_000);
      references.push(new WeakRef(big));
      return big;
    });
  }
  const kept = (): number => references.filter((reference) => reference.deref() !== undefined).length;
  for (let n = 0; n < 5 && kept() > 0; n++) {
    await turn();
    collect();
  }
  outcome[name] = references.length === 3 ? kept() : NaN;
}
console.log(JSON.stringify(outcome));
process.exit(alive.length > 0 ? 0 : 1);
