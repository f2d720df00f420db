/** What scopes cost: handing over inside of one, a thousand tasks in one, and the cancel of a hundred thousand that wait. */
import pingPong from "./ping-pong.mjs";
import { rate } from "../timing.mjs";
import stream from "./stream.mjs";

const parked = 100_000;
const tasks = 1_000;
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

/** A thousand tasks in one scope, each of which receives ten numbers. */
const crowd = {
  name: "scope-tasks",
  title: "1,000 tasks of ten handovers in a scope",
  unit: "ms",
  kind: "fixed",
  needs: ["make", "send", "receive", "inScope"],
  expected: () => tasks * handovers,

  async async({ make, send, receive, inScope }) {
    let received = 0;
    await inScope(async (spawn) => {
      const numbers = make(0);
      for (let task = 0; task < tasks; task++) {
        spawn(async () => {
          for (let n = 0; n < handovers; n++) {
            await receive(numbers);
            received++;
          }
        });
      }
      for (let n = 0; n < tasks * handovers; n++) await send(numbers, n);
    });
    return received;
  },

  *generator({ make, send, receive, inScope }) {
    let received = 0;
    yield* inScope(function* (spawn) {
      const numbers = make(0);
      for (let task = 0; task < tasks; task++) {
        spawn(function* () {
          for (let n = 0; n < handovers; n++) {
            yield* receive(numbers);
            received++;
          }
        });
      }
      for (let n = 0; n < tasks * handovers; n++) yield* send(numbers, n);
    });
    return received;
  },
};

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
export default [inside(stream), inside(pingPong), cost(stream), cost(pingPong), body(false), body(true), crowd, cancelling];
