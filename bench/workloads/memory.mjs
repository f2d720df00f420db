/** A hundred thousand tasks, each waiting to receive from a channel of its own: heap for one of them with its channel. */
import { collect } from "../timing.mjs";

const tasks = 100_000;
let started = 0;

/** Programs that fill an array of channels, one task for each. The tasks are started from outside in every style. */
const filling = (bodyFor) => (library) => {
  const { make, spawn } = library;
  const body = bodyFor(library);
  const channels = new Array(tasks);
  const fill = () => {
    for (let index = 0; index < tasks; index++) {
      channels[index] = make(0);
      spawn(body, channels[index]);
    }
  };
  return { channels, fill };
};

/** Heap for one of the tasks. */
async function bytesOf(library, { channels, fill }) {
  await collect();
  const before = process.memoryUsage().heapUsed;
  fill();
  // A trampoline runs while somebody is in it; elsewhere the tasks go to their places by themselves, some in later turns.
  if (library.style === "trampoline") library.run(function* () { /* nothing to do but let the others run */ });
  while (started < tasks) await new Promise((resolve) => setImmediate(resolve));
  await collect();
  const bytes = (process.memoryUsage().heapUsed - before) / tasks;
  if (channels.length !== tasks) throw new Error("wrong: the channels are gone"); // and so they are kept up to here
  return bytes;
}

/** @type {import("../interface.mjs").Workload} */
const free = {
  name: "memory",
  title: "waiting task with its channel",
  unit: "bytes",
  kind: "once",
  needs: ["make", "receive", "spawn"],

  async: filling(({ receive }) => async (channel) => {
    started++;
    await receive(channel);
  }),

  generator: filling(({ receive }) => function* (channel) {
    started++;
    yield* receive(channel);
  }),

  trampoline: filling(({ receive }) => function* (channel) {
    started++;
    receive(channel);
    yield;
  }),

  figure(library) {
    return bytesOf(library, this[library.style](library));
  },
};

/** What starts the children of a scope that stays open. */
const spawnOf = (library) => new Promise((open) => {
  const { make, receive, inScope, run } = library;
  if (run === undefined) {
    void inScope(async (spawn) => {
      open(spawn);
      await receive(make(0));
    });
  } else {
    run(function* () {
      yield* inScope(function* (spawn) {
        open(spawn);
        yield* receive(make(0));
      });
    });
  }
});

/** The same, as children of one scope. */
const inScope = {
  ...free,
  name: "scope-memory",
  title: "waiting task of a scope with its channel",
  needs: ["make", "receive", "inScope"],
  trampoline: undefined,

  async figure(library) {
    return bytesOf(library, this[library.style]({ ...library, spawn: await spawnOf(library) }));
  },
};

/** @type {import("../interface.mjs").Workload[]} */
export default [free, inScope];
