/** What scopes cost: handing over inside of one, many tasks in one and free, and the cancel of a hundred thousand that wait. */
import pingPong from "./ping-pong.mjs";
import { rate } from "../timing.mjs";
import stream from "./stream.mjs";

const parked = 100_000;
const handovers = 10;

/**
 * A workload whose tasks are in a scope.
 * @param {import("../interface.mjs").Workload} workload
 * @returns {import("../interface.mjs").Workload}
 */
const inside = (workload) => ({
  ...workload,
  name: `scope-${workload.name}`,
  title: `${workload.title} in a scope`,
  needs: ["make", "send", "receive", "inScope"],

  async: (library, count) => library.inScope((spawn) => workload.async({ ...library, spawn }, count)),

  *generator(library, count) {
    return yield* library.inScope((spawn) => workload.generator({ ...library, spawn }, count));
  },

  trampoline: undefined,
});

const msOfRun = 100;

/**
 * How much more a workload takes in a scope, both measured in one process: a machine that is slow for a process is so for both.
 * Outside first, since the first scope makes promises dearer on some platforms.
 * @param {import("../interface.mjs").Workload} workload
 * @returns {import("../interface.mjs").Workload}
 */
const cost = (workload) => ({
  name: `scope-cost-${workload.name}`,
  title: `${workload.title} in a scope`,
  unit: "% of outside",
  kind: "once",
  needs: ["make", "send", "receive", "inScope"],
  async: workload.async, // so that there is one; `figure` runs it twice

  generator: workload.generator,

  async figure(library) {
    const of = ({ [library.style]: program }) =>
      rate((count) => (library.run === undefined ? program(library, count) : library.run(() => program(library, count))), msOfRun);
    const outside = await of(workload);
    return (100 * (await of(inside(workload)))) / outside;
  },
});

/**
 * Many tasks, each of which receives ten numbers from a channel of its own.
 * @param {number} tasks
 * @param {Partial<import("../interface.mjs").Workload>} called
 * @returns {import("../interface.mjs").Workload}
 */
const crowd = (tasks, called) => ({
  unit: "ms",
  kind: "fixed",
  needs: ["make", "send", "receive", "spawn", "breathe"],
  expected: () => tasks * handovers,

  async async({ make, send, receive, spawn, breathe }) {
    let received = 0;
    const channels = Array.from({ length: tasks }, () => make(0));
    const body = async (numbers) => {
      for (let n = 0; n < handovers; n++) {
        await receive(numbers);
        received++;
      }
    };
    for (const numbers of channels) spawn(body, numbers);
    for (let n = 0; n < handovers; n++) for (const numbers of channels) await send(numbers, n);
    while (received < tasks * handovers) await breathe();
    return received;
  },

  *generator({ make, send, receive, spawn, breathe }) {
    let received = 0;
    const channels = Array.from({ length: tasks }, () => make(0));
    const body = function* (numbers) {
      for (let n = 0; n < handovers; n++) {
        yield* receive(numbers);
        received++;
      }
    };
    for (const numbers of channels) spawn(body, numbers);
    for (let n = 0; n < handovers; n++) for (const numbers of channels) yield* send(numbers, n);
    while (received < tasks * handovers) yield* breathe();
    return received;
  },

  ...called,
});

/** The same as children of one scope. */
const crowdInside = (tasks, called) => {
  const free = crowd(tasks, called);
  return {
    ...free,
    needs: ["make", "send", "receive", "inScope", "breathe"],
    async: (library) => library.inScope((spawn) => free.async({ ...library, spawn })),

    *generator(library) {
      return yield* library.inScope((spawn) => free.generator({ ...library, spawn }));
    },
  };
};

const crowds = [
  crowdInside(1_000, { name: "scope-tasks", title: "1,000 tasks of ten handovers in a scope" }),
  crowd(10_000, { name: "crowd", title: "10,000 tasks of ten handovers" }),
  crowdInside(10_000, { name: "scope-crowd", title: "10,000 tasks of ten handovers in a scope" }),
];

/** How much more a scope takes whose body is a generator; each sends and receives a value for which it need not wait, or has to. Both in one process. */
const body = (waits) => ({
  name: `scope-body${waits ? "-waits" : ""}`,
  title: `a scope whose body is a generator${waits ? " and waits" : ""}`,
  unit: "% of an async one",
  kind: "once",
  needs: ["scopeOf"],
  async: () => undefined, // so that there is one; `figure` runs its own

  async figure({ make, scopeOf }) {
    const [numbers, other] = [make(1), make(waits ? 0 : 1)];
    const bodies = [
      async () => {
        await numbers.send(1);
        if (waits) setImmediate(() => other.trySend(taken(numbers)));
        else other.trySend(taken(numbers));
        await other.receive();
      },
      function* () {
        yield* numbers.sending(1);
        if (waits) setImmediate(() => other.trySend(taken(numbers)));
        else other.trySend(taken(numbers));
        yield* other.receiving();
      },
    ];
    const best = [Infinity, Infinity];
    for (let round = 0; round < 40; round++) {
      for (const [index, one] of bodies.entries()) {
        const began = performance.now();
        for (let n = 0; n < 500; n++) await scopeOf(one);
        best[index] = Math.min(best[index], performance.now() - began);
      }
    }
    return (100 * best[1]) / best[0];
  },
});

/** The value that is in a buffer. */
const taken = (numbers) => numbers.tryReceive().value;

let msToCancel = 0;

/** Take the time from here on; the function that is given takes note of it. */
function begin() {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    msToCancel = (user + system) / 1000;
  };
}

/** From the cancel to the end of all, with their `finally` blocks. */
const cancelling = {
  name: "scope-cancel",
  title: "cancel of 100,000 waiting tasks",
  unit: "ms",
  kind: "once",
  needs: ["make", "receive", "inScope", "breathe"],
  expected: () => parked,

  async async({ make, receive, inScope, breathe }) {
    let started = 0;
    let ended = 0;
    let stop;
    await inScope(async (spawn, cancel) => {
      const numbers = make(0);
      for (let task = 0; task < parked; task++) {
        spawn(async () => {
          started++;
          try {
            await receive(numbers);
          } finally {
            ended++;
          }
        });
      }
      while (started < parked) await breathe();
      stop = begin();
      cancel();
    });
    stop();
    return ended || started; // an interrupted generator of effect runs no `finally`
  },

  *generator({ make, receive, inScope, breathe }) {
    let started = 0;
    let ended = 0;
    let stop;
    yield* inScope(function* (spawn, cancel) {
      const numbers = make(0);
      for (let task = 0; task < parked; task++) {
        spawn(function* () {
          started++;
          try {
            yield* receive(numbers);
          } finally {
            ended++;
          }
        });
      }
      while (started < parked) yield* breathe();
      stop = begin();
      yield* cancel();
    });
    stop();
    return ended || started; // an interrupted generator of effect runs no `finally`
  },

  async figure(_library, run) {
    let best = Infinity;
    for (let round = 0; round < 5; round++) {
      await run(0);
      best = Math.min(best, msToCancel);
    }
    return best;
  },
};

/** @type {import("../interface.mjs").Workload[]} */
export default [inside(stream), inside(pingPong), cost(stream), cost(pingPong), body(false), body(true), ...crowds, cancelling];
