/**
 * Flows against the bare channel, and against what does the same: `node bench/flow.mjs`. It needs a build and `npm ci` in bench/.
 *
 * All contenders of a row take turns in one process, and what counts is the median, over the rounds, of how many times the first one's run each takes: on a
 * machine that changes its speed a ratio holds, a time does not. Each run checks its result. A row has a process of its own: before Node 24 the first scope of
 * a program makes every promise dearer, also those of the other contenders.
 *
 * On a machine that has much else to do, short runs are seldom interrupted: `--values 2000 --rounds 200` makes them of so many values each.
 *
 * "Alone" is what no contender can save: the ten loops without a sender, the stream or the generator without a view.
 */
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chan, go, perform, scope, selecting } from "../dist/bundle/node.js";
import { broadcast, flow, merge } from "../dist/bundle/flow/index.js";
import { median } from "./timing.mjs";

const { values: given, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: "string", default: "15" }, values: { type: "string" } } });
const peers = Object.fromEntries(await Promise.all(
  ["p-map", "p-limit", "p-queue", "ix/asynciterable", "ix/asynciterable/operators"].map(async (name) => [name, await import(name).catch(() => undefined)]),
));

/** A channel with a producer of its own. */
function fed(count, from = 0, step = 1) {
  const channel = chan();
  go(async () => {
    for (let n = 0; n < count && !channel.closed; n++) await channel.send(from + n * step);
    channel.close();
  }).join().catch(() => undefined); // cancelled
  return channel;
}

async function sumOf(source) {
  let sum = 0;
  for await (const n of source) sum += n;
  return sum;
}

/** The same in the generator lane. */
function sumInTask(count, view) {
  return go(function* () {
    const channel = chan();
    go(function* () {
      for (let n = 0; n < count; n++) yield* channel.sending(n);
      channel.close();
    });
    const nexting = view(channel).nexting();
    let sum = 0;
    for (let next = yield* nexting; next.done !== true; next = yield* nexting) sum += next.value;
    return sum;
  });
}

const to = (count) => (count * (count - 1)) / 2;
const streamOf = (count) => {
  let n = 0;
  return new ReadableStream({ pull(controller) { if (n < count) controller.enqueue(n++); else controller.close(); } }, { highWaterMark: 0 });
};
async function* generated(count) { for (let n = 0; n < count; n++) yield n; }
const piped = (count) => streamOf(count).pipeThrough(new TransformStream({ transform(v, controller) { controller.enqueue(v); } }));
const { from } = peers["ix/asynciterable"] ?? {};
const ix = from && ((count) => from(generated(count)).pipe(peers["ix/asynciterable/operators"].map((v) => v)));
const one = async (n) => { await null; return n; };

async function byLimit(count) {
  const limit = peers["p-limit"].default(8);
  const results = await Promise.all(Array.from({ length: count }, (_, n) => limit(() => one(n))));
  return results.reduce((sum, n) => sum + n, 0);
}

async function byQueue(count) {
  const queue = new peers["p-queue"].default({ concurrency: 8 });
  const results = await Promise.all(Array.from({ length: count }, (_, n) => queue.add(() => one(n))));
  return results.reduce((sum, n) => sum + n, 0);
}

/** The same in a generator task. */
const sumByTask = (source) => go(function* () {
  const nexting = source.nexting();
  let sum = 0;
  for (let next = yield* nexting; next.done !== true; next = yield* nexting) sum += next.value;
  return sum;
});

/** Values that are there: what ten loops over them take, they take of every sender. */
class Ready {
  constructor(count) { this.count = count; this.n = 0; }
  next() { return Promise.resolve(this.n < this.count ? { done: false, value: this.n++ } : { done: true, value: undefined }); }
  [Symbol.asyncIterator]() { return this; }
}

/** To ten receivers of everything: by ten sends, and by a broadcast. */
const tenSends = (sum) => (n) => {
  const channels = Array.from({ length: 10 }, () => chan());
  return toTen(n, channels, sum, (v) => Promise.all(channels.map((channel) => channel.send(v))), channels);
};
const oneBroadcast = (sum) => (n) => {
  const sender = broadcast();
  return toTen(n, Array.from({ length: 10 }, () => sender.subscribe()), sum, (v) => sender.send(v), [sender]);
};

async function toTen(count, receivers, sum, send, senders) {
  const sums = receivers.map(sum);
  for (let n = 0; n < count; n++) await send(n);
  for (const sender of senders) sender.close();
  return Promise.all(sums).then(([first]) => first);
}

async function selected(width, count) {
  const channels = Array.from({ length: width }, (_, index) => fed(Infinity, index, width));
  const either = selecting(channels.map((channel) => channel.receiving()));
  for (let n = 0; n < count; n++) await perform(either);
  for (const channel of channels) channel.cancel();
}

async function merged(width, count) {
  const all = merge(Array.from({ length: width }, (_, index) => fed(Infinity, index, width)));
  for (let n = 0; n < count; n++) await all.next();
  all.cancel();
}

/** A row: how many values, and the contenders. Each gives the sum of all values, or nothing. */
const rows = {
  "map, async functions": [20_000, { "bare channel": (n) => sumOf(fed(n)), "map": (n) => sumOf(flow(fed(n)).map((v) => v)), "filter": (n) => sumOf(flow(fed(n)).filter(() => true)) }],
  "generators: map": [50_000, { "bare channel": (n) => sumInTask(n, (ch) => ch), "map": (n) => sumInTask(n, (ch) => flow(ch).map((v) => v)), "filter": (n) => sumInTask(n, (ch) => flow(ch).filter(() => true)) }],
  "merge of 2": [20_000, { "select": (n) => selected(2, n), "merge": (n) => merged(2, n) }],
  "merge of 100": [20_000, { "select": (n) => selected(100, n), "merge": (n) => merged(100, n) }],
  "parallel(8), ordered": [10_000, {
    "parallel": (n) => scope((s) => flow(Array.from({ length: n }, (_, v) => v)).parallel(s, 8, one).reduce((a, b) => a + b)),
    "p-map": peers["p-map"] && (async (n) => (await peers["p-map"].default(Array.from({ length: n }, (_, v) => v), one, { concurrency: 8 })).reduce((a, b) => a + b)),
    "p-limit": peers["p-limit"] && byLimit,
    "p-queue": peers["p-queue"] && byQueue,
  }],
  "broadcast to 10": [2_000, {
    "Promise.all of ten sends": tenSends(sumOf),
    "broadcast": oneBroadcast(sumOf),
    "the ten loops alone": (n) => Promise.all(Array.from({ length: 10 }, () => sumOf(new Ready(n)))).then(([first]) => first),
  }],
  "generators: broadcast to 10": [2_000, { "Promise.all of ten sends": tenSends(sumByTask), "broadcast": oneBroadcast(sumByTask) }],
  "map over a source of one's own": [5_000, {
    "flow over a channel": (n) => sumOf(flow(fed(n)).map((v) => v)),
    "pipeThrough over a stream": (n) => sumOf(piped(n)),
    "ix over an async generator": ix && ((n) => sumOf(ix(n))),
  }],
  "map of a stream": [5_000, {
    "flow": (n) => sumOf(flow(streamOf(n)).map((v) => v)),
    "pipeThrough": (n) => sumOf(piped(n)),
    "the stream alone": (n) => sumOf(streamOf(n)),
  }],
  "map of an async generator": [5_000, {
    "flow": (n) => sumOf(flow(generated(n)).map((v) => v)),
    "ix": ix && ((n) => sumOf(ix(n))),
    "the generator alone": (n) => sumOf(generated(n)),
  }],
};

const chosen = Object.keys(rows).filter((name) => positionals.length === 0 || positionals.some((wanted) => name.startsWith(wanted)));
if (chosen.length > 1) {
  console.log(`Node ${process.version}, load ${loadavg()[0].toFixed(1)}. Times the first one's, the median of ${given.rounds} rounds; its fastest run, ns a value.\n\n| | |\n| --- | --- |`);
  for (const name of chosen) spawnSync(process.execPath, [fileURLToPath(import.meta.url), "--rounds", given.rounds, ...given.values ? ["--values", given.values] : [], name], { stdio: "inherit" });
  process.exit();
}

for (const name of chosen) {
  const [usual, programs] = rows[name];
  const count = Number(given.values ?? usual);
  const contenders = Object.entries(programs).filter(([, program]) => program);
  const times = contenders.map(() => []);
  for (let round = -10 * Math.ceil(usual / count); round < Number(given.rounds); round++) {
    for (const [index, [title, program]] of contenders.entries()) {
      const began = process.hrtime.bigint();
      const sum = await program(count);
      const ns = Number(process.hrtime.bigint() - began) / count;
      if (sum !== undefined && sum !== to(count)) throw new Error(`${title} is wrong: ${sum}`);
      if (round >= 0) times[index].push(ns); // the first rounds warm up
    }
  }
  const cells = contenders.map(([title], index) => {
    const ratio = median(times[index].map((ns, round) => ns / times[0][round]));
    return index === 0 ? `${title} ${Math.round(Math.min(...times[0]))} ns` : `${title} ${ratio.toFixed(2)}`;
  });
  console.log(`| ${name} | ${cells.join(", ")} |`);
}
