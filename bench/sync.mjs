/**
 * Semaphores as locks, against a bare channel of capacity 1 (a send takes it, a receive gives it back) and the locks of others:
 * `node bench/sync.mjs [--rounds 200]`.
 *
 * All in one process: short runs go round over them, and what counts is the median, over the rounds, of how many times the bare channel's run each
 * one takes, as in `together.mjs`. *Free*: one task takes the lock and gives it back. *Contended*: a hundred do. It needs a build: `npm run build`.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Mutex } from "async-mutex";
import { Sema } from "async-sema";
import { chan, go } from "../dist/bundle/node.js";
import { semaphore } from "../dist/bundle/sync/index.js";
import { median } from "./timing.mjs";

const { values: given } = parseArgs({ options: { rounds: { type: "string", default: "200" } } });
const msOfRun = 8;
const tasks = 100;

/** Each makes a lock, and gives a function that takes it, counts, and gives it back, so many times. */
const contenders = {
  "bare channel": () => {
    const lock = chan(1);
    return async (count, enter) => {
      for (let n = 0; n < count; n++) {
        await lock.send(undefined);
        enter();
        await lock.receive();
      }
    };
  },
  "semaphore, acquire": () => {
    const lock = semaphore(1);
    return async (count, enter) => {
      for (let n = 0; n < count; n++) {
        const permit = await lock.acquire();
        enter();
        permit.release();
      }
    };
  },
  "semaphore, run": () => {
    const lock = semaphore(1);
    return async (count, enter) => {
      for (let n = 0; n < count; n++) await lock.run(enter);
    };
  },
  "async-mutex, acquire": () => {
    const lock = new Mutex();
    return async (count, enter) => {
      for (let n = 0; n < count; n++) {
        const release = await lock.acquire();
        enter();
        release();
      }
    };
  },
  "async-mutex, runExclusive": () => {
    const lock = new Mutex();
    return async (count, enter) => {
      for (let n = 0; n < count; n++) await lock.runExclusive(enter);
    };
  },
  "async-sema": () => {
    const lock = new Sema(1);
    return async (count, enter) => {
      for (let n = 0; n < count; n++) {
        await lock.acquire();
        enter();
        lock.release();
      }
    };
  },
  "bare channel, yield*": () => {
    const lock = chan(1);
    return (count, enter) => go(function* () {
      for (let n = 0; n < count; n++) {
        yield* lock.sending(undefined);
        enter();
        yield* lock.receiving();
      }
    });
  },
  "semaphore, yield*": () => {
    const lock = semaphore(1);
    return (count, enter) => go(function* () {
      for (let n = 0; n < count; n++) {
        const permit = yield* lock.acquiring();
        enter();
        permit.release();
      }
    });
  },
};

/** Nanoseconds for each time a lock is taken, by so many tasks. */
async function timed(use, by, count) {
  let entered = 0;
  const enter = () => { entered++; };
  const each = Math.ceil(count / by);
  const began = process.hrtime.bigint();
  await Promise.all(Array.from({ length: by }, () => use(each, enter)));
  const took = Number(process.hrtime.bigint() - began);
  if (entered !== each * by) throw new Error(`entered ${entered} times of ${each * by}`);
  return took / entered;
}

async function compare(by) {
  const all = Object.entries(contenders).map(([name, make]) => ({ name, use: make(), count: 1000 }));
  for (const one of all) {
    let fastest = Infinity;
    for (const began = performance.now(); performance.now() - began < 300;) fastest = Math.min(fastest, await timed(one.use, by, one.count));
    one.count = Math.ceil((msOfRun * 1e6) / fastest);
  }
  const rounds = [];
  for (let round = 0; round < Number(given.rounds); round++) {
    const times = [];
    for (const { use, count } of all) times.push(await timed(use, by, count));
    rounds.push(times);
  }
  return all.map(({ name }, index) => ({
    name,
    ns: Math.min(...rounds.map((times) => times[index])),
    ratio: median(rounds.map((times) => times[index] / times[0])),
  }));
}

const [free, contended] = [await compare(1), await compare(tasks)];
console.log(`Node ${process.version}, load ${loadavg()[0].toFixed(1)}; fastest run, and in parentheses how many times the bare channel's\n`);
console.log("| lock, taken and given back | free, ns | contended by 100, ns |\n| --- | --- | --- |");
free.forEach(({ name, ns, ratio }, index) => {
  const other = contended[index];
  console.log(`| ${name} | ${ns.toFixed(0)} (${ratio.toFixed(2)}) | ${other.ns.toFixed(0)} (${other.ratio.toFixed(2)}) |`);
});
process.exit();
