/**
 * Channels between machines against the bare official client: `node bench/nats.mjs [row ...] [--rounds 9] [--quick]`.
 *
 * It starts a `nats-server` of its own (the one on the PATH, or the one that `NATS_SERVER` names) on a free port, with a store in a temporary folder.
 * Both ends are in this process, on a connection each. Short runs alternate between the bare client and the library; the order changes with each
 * round. What counts is the median, over the rounds, of the ratio of the two rates by the clock. It needs a build: `npm run build`.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AckPolicy, DiscardPolicy, RetentionPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, nanos } from "@nats-io/transport-node";
import { overNats } from "../dist/bundle/nats/index.js";
import { median } from "./timing.mjs";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "9" }, quick: { type: "boolean", default: false } },
});
const rounds = given.quick ? 1 : Number(given.rounds);

// -- The server --

const store = mkdtempSync(join(tmpdir(), "bench-nats-"));
const server = spawn(process.env.NATS_SERVER ?? "nats-server", ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", store, "--ports_file_dir", store], { stdio: "ignore" });
process.on("exit", () => {
  server.kill("SIGKILL");
  rmSync(store, { recursive: true, force: true });
});
server.once("error", ({ message }) => {
  console.error(`bench/nats.mjs needs a nats-server: ${message}`);
  process.exit(1);
});

async function address() {
  for (;;) {
    const file = readdirSync(store).find((name) => name.endsWith(".ports"));
    const text = file && readFileSync(join(store, file), "utf8");
    if (text?.trimEnd().endsWith("}")) return JSON.parse(text).nats[0];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const servers = await address();
const ends = [await connect({ servers }), await connect({ servers })];
const [near, far] = ends;
const managers = await Promise.all(ends.map((end) => jetstreamManager(end)));
const [here, there] = ends.map((end, index) => overNats(end, { jetstream: jetstream(end), manager: managers[index] }));
const bare = jetstream(near);

// -- The programs --

const value = { text: "x".repeat(88) }; // 99 bytes of JSON
const encoded = () => JSON.stringify(value);
const checked = ({ text }) => { if (text.length !== 88) throw new Error("another value has come"); };
const decoder = new TextDecoder();
const decoded = (bytes) => checked(JSON.parse(decoder.decode(bytes)));

/** So many times, so many at a time. */
async function inFlight(count, most, each) {
  let left = count;
  const one = async () => { while (left-- > 0) await each(); };
  await Promise.all(Array.from({ length: most }, one));
}

/** The stream of a queue, as the library makes it. */
async function stream(name) {
  await managers[0].streams.add({
    name, subjects: [name], retention: RetentionPolicy.Interest, discard: DiscardPolicy.New, duplicate_window: nanos(120_000), max_msgs: -1,
  });
  await managers[0].consumers.add(name, { durable_name: "workers", ack_policy: AckPolicy.Explicit, ack_wait: nanos(30_000), max_ack_pending: -1 });
}

let ids = 0;
await stream("bare");
const [queueHere, queueThere] = [await here.queue("jobs"), await there.queue("jobs")];
const emptied = () => Promise.all(["bare", "rendezvous_jobs"].map((name) => managers[0].streams.purge(name)));
const until = (wanted) => {
  let seen = 0;
  let all;
  const reached = new Promise((resolve) => { all = resolve; });
  return { reached, one: () => { if (++seen === wanted) all(); } };
};

/** The client writes to its socket after each turn in which something was published: those who await and those who do not are told apart. */
const heard = (publish) => async (count) => {
  const { one, reached } = until(count);
  const subscription = far.subscribe("bare.prices", {
    callback: (_, message) => {
      decoded(message.data);
      one();
    },
  });
  await far.flush();
  await publish(count);
  await reached;
  subscription.unsubscribe();
};
const topic = { here: here.topic("prices"), there: there.topic("prices") };
const received = (send) => async (count) => {
  const subscriber = await topic.there.subscribe({ capacity: Infinity });
  const reading = (async () => { for (let n = 0; n < count; n++) checked(await subscriber.receive()); })();
  await send(count);
  await reading;
  subscriber.cancel();
};

const ch = { here: here.channel("work"), there: there.channel("work") };
far.subscribe("echo", {
  callback: (_, message) => {
    decoded(message.data);
    message.respond();
  },
});
const requested = (most) => (count) => inFlight(count, most, () => near.request("echo", encoded(), { timeout: 5000 }));

const channel = (most) => async (count) => {
  const receiving = inFlight(count, most, async () => { checked(await ch.there.receive()); });
  await inFlight(count, most, () => ch.here.send(value));
  await receiving;
};

/** Each row: what it is, the goal, how many at a time, both programs, and what goes before a run and is not counted. */
const rows = {
  "queue.send-64": {
    of: "js.publish with msgID", goal: 0.85, count: 3000, before: emptied,
    bare: (count) => inFlight(count, 64, () => bare.publish("bare", encoded(), { msgID: String(++ids) })),
    own: (count) => inFlight(count, 64, () => queueHere.send(value)),
  },
  "queue.serve": {
    of: "consume(500) and ack", goal: 0.75, count: 5000,
    async before(count) {
      await emptied();
      await inFlight(count, 256, () => bare.publish("bare", encoded(), { msgID: String(++ids) }));
      await inFlight(count, 256, () => queueHere.send(value));
    },
    async bare(count) {
      const consumer = await jetstream(far).consumers.get("bare", "workers");
      const messages = await consumer.consume({ max_messages: 500 });
      for await (const message of messages) {
        decoded(message.data);
        message.ack();
        if (--count === 0) break;
      }
    },
    async own(count) {
      const { one, reached } = until(count);
      const stop = new AbortController();
      const serving = queueThere.serve((job) => {
        checked(job);
        one();
      }, { signal: stop.signal });
      await reached;
      stop.abort();
      await serving.catch(() => undefined);
    },
  },
  topic: {
    of: "publish and callback, one after the other", goal: 0.6, count: 20_000,
    bare: heard(async (count) => { for (let n = 0; n < count; n++) await near.publish("bare.prices", encoded()); }),
    own: received(async (count) => { for (let n = 0; n < count; n++) await topic.here.send(value); }),
  },
  "topic.trySend": {
    of: "publish and callback, in one turn", goal: 0.6, count: 20_000,
    bare: heard((count) => { for (let n = 0; n < count; n++) near.publish("bare.prices", encoded()); }),
    own: received((count) => { for (let n = 0; n < count; n++) topic.here.trySend(value); }),
  },
  "channel-1": { of: "nc.request", goal: 0.55, count: 1000, bare: requested(1), own: channel(1) },
  "channel-64": { of: "nc.request", goal: 0.6, count: 5000, bare: requested(64), own: channel(64) },
};

{
  const { client } = here.calls("echo");
  void there.calls("echo").server.serve(checked).catch(() => undefined);
  const called = (most) => (count) => inFlight(count, most, () => client.call(value));
  rows["calls-1"] = { of: "nc.request", goal: 0.8, count: 1000, bare: requested(1), own: called(1) };
  rows["calls-64"] = { of: "nc.request", goal: 0.7, count: 5000, bare: requested(64), own: called(64) };
}

// -- The comparison --

/** Thousands a second. */
async function rateOf({ before, count }, program) {
  await before?.(count);
  const began = performance.now();
  await program(count);
  return count / (performance.now() - began);
}

console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}, NATS server ${near.info?.version}, load ${loadavg()[0].toFixed(1)}, ${rounds} rounds.\n`);
console.log("| | bare, k/s | rendezvous, k/s | ratio | goal |\n| --- | ---: | ---: | ---: | ---: |");
for (const [name, row] of Object.entries(rows)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const [bares, owns] = [[], []];
  if (!given.quick) for (const program of [row.bare, row.own]) await rateOf(row, program); // compiled code for both
  for (let round = 0; round < rounds; round++) {
    const turns = [() => rateOf(row, row.bare).then((rate) => bares.push(rate)), () => rateOf(row, row.own).then((rate) => owns.push(rate))];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  const ratios = owns.map((rate, round) => rate / bares[round]);
  console.log(`| ${name}, of ${row.of} | ${median(bares).toFixed(1)} | ${median(owns).toFixed(1)} | ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}) | ${row.goal} |`);
}
process.exit();
