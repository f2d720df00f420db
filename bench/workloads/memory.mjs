/** A hundred thousand tasks, each waiting to receive from a channel of its own: heap for one of them with its channel. */
import { collect } from "../timing.mjs";

const tasks = 100_000;

/** @type {import("../interface.mjs").Workload} */
export default {
  name: "memory",
  title: "waiting task with its channel",
  unit: "bytes",
  kind: "once",
  needs: ["make", "receive", "spawn"],

  async({ make, receive, spawn }) {
    const channels = new Array(tasks);
    const fill = () => {
      for (let index = 0; index < tasks; index++) {
        channels[index] = make(0);
        spawn(async (channel) => { await receive(channel); }, channels[index]);
      }
    };
    return { channels, fill };
  },

  // Started from outside, as with async functions.
  generator: (library) => fillWith(library, function* (channel) {
    yield* library.receive(channel);
  }),
  trampoline: (library) => fillWith(library, function* (channel) {
    library.receive(channel);
    yield;
  }),

  async figure(library) {
    const { channels, fill } = await this[library.style](library);
    await collect();
    const before = process.memoryUsage().heapUsed;
    fill();
    // A trampoline runs while somebody is in it; elsewhere the tasks go to their places by themselves.
    if (library.style === "trampoline") library.run(function* () { /* nothing to do but let the others run */ });
    await collect();
    const bytes = (process.memoryUsage().heapUsed - before) / tasks;
    if (channels.length !== tasks) throw new Error("wrong: the channels are gone"); // and so they are kept up to here
    return bytes;
  },
};

function fillWith({ make, spawn }, body) {
  const channels = new Array(tasks);
  const fill = () => {
    for (let index = 0; index < tasks; index++) {
      channels[index] = make(0);
      spawn(body, channels[index]);
    }
  };
  return { channels, fill };
}
