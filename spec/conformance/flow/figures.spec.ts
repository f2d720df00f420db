/** Flows: what they cost, as far as it can be counted. Times are ratios of `node bench/flow.mjs` and `node bench/sync.mjs`. */
import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { expect } from "chai";
import { sizeBeyondCore } from "../../../scripts/size.ts";
import type { Channel, Receiver } from "../../../src/index.ts";
import { copyWithFlows } from "../../support/fresh.ts";

type Copy = Awaited<ReturnType<typeof copyWithFlows>>;

const count = 500;

/** How many promises a program makes, for each value. */
async function promisesOf(program: () => Promise<void>): Promise<number> {
  await program();
  let made = 0;
  const hook = createHook({ init: (_id, type) => { if (type === "PROMISE") made++; } }).enable();
  await program();
  hook.disable();
  return made / count;
}

type View = (source: Channel<number>) => Pick<Receiver<number>, typeof Symbol.asyncIterator>;

async function through({ chan, go }: Copy, view: View): Promise<void> {
  const channel = chan<number>();
  go(async () => {
    for (let n = 0; n < count; n++) {
      await channel.send(n);
      for (let turns = 8; turns > 0; turns--) await undefined; // the receiver waits for each
    }
    channel.close();
  });
  let sum = 0;
  for await (const n of view(channel)) sum += n;
  expect(sum).to.equal((count * (count - 1)) / 2);
}

describe("flows: what they cost", () => {
  it("FL-202 a loop over a flow waits by one promise more than one over its channel, that of the run queue, however many views there are (flow/loop.ts 4)", async () => {
    const copy = await copyWithFlows(); // in that of the other specs there may be a cancel error alive, which closes the shortest ways
    const { chan, flow, merge } = copy;
    const bare = await promisesOf(() => through(copy, (channel) => channel));
    for (const view of [
      (channel: Channel<number>) => flow(channel),
      (channel: Channel<number>) => flow(channel).map((n) => n),
      (channel: Channel<number>) => flow(channel).map((n) => n).map((n) => n).map((n) => n),
      (channel: Channel<number>) => flow(channel).filter(() => true),
      (channel: Channel<number>) => flow(channel).take(count + 1),
      (channel: Channel<number>) => merge([channel, chan<number>(1)]).take(count),
    ]) expect(await promisesOf(() => through(copy, view)), String(view)).to.be.below(bare + 1.1);
  });

  it("FL-202 (b) a broadcast to ten makes no promise for a subscriber that is behind, and one send", async () => {
    const { broadcast } = await copyWithFlows();
    const made = await promisesOf(async () => {
      const sender = broadcast<number>();
      const loops = Array.from({ length: 10 }, () => sender.subscribe()).map(async (flowing) => {
        let sum = 0;
        for await (const n of flowing) sum += n;
        return sum;
      });
      for (let n = 0; n < count; n++) await sender.send(n);
      sender.close();
      await Promise.all(loops);
    });
    expect(made).to.be.below(50); // ten channels and Promise.all: 72
  });

  it("FL-202 (c) a worker of parallel goes on in the very reaction of its body's promise, in the context of the call (generator.ts 1)", async () => {
    const { scope, flow } = await copyWithFlows();
    const store = new AsyncLocalStorage<string>();
    const order: string[] = [];
    await store.run("the call", () => scope(async (s) => {
      const results = flow([1, 2, 3]).parallel(s, 1, (n) => {
        order.push(`body ${String(n)} in ${String(store.getStore())}`);
        const body = Promise.resolve(n);
        queueMicrotask(() => { void body.then(() => { order.push(`after ${String(n)}`); }); });
        return body;
      });
      await store.run("the verb", () => results.toArray());
    }));
    expect(order).to.deep.equal(["body 1 in the call", "body 2 in the call", "after 1", "body 3 in the call", "after 2", "after 3"]);
  });

  it("FL-201 no import of flows or locks grows; the goals of the list are not met: see the figures beside them", function () {
    this.timeout(20_000);
    const most: readonly [entry: string, what: string, bytes: number][] = [
      ["flow", "{ flow }", 11_590], // 3,000: a class with all of its methods brings views, verbs and stages along, each exact under cancellation
      ["flow", "*", 18_190], // 6,000
      ["flow", "{ toReadable }", 700],
      ["sync", "{ semaphore }", 1300],
      ["sync", "{ semaphore, rateLimiter, singleflight, retry, pool, byPriority }", 4700], // all of them 4,000
      ["sync", "*", 14_770], // with a cell, whose changes are a flow
    ];
    for (const [entry, what, bytes] of most) expect(sizeBeyondCore(entry, what), `${what} of ${entry}`).to.be.within(100, bytes);
  });
});
