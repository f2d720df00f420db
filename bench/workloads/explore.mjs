/**
 * Programs for the explorer of `rendezvous/testing`, in both lanes. Not a part of the comparison: `node bench/explore.mjs` runs them.
 */
import { chan, go } from "../../dist/bundle/node.js";

/** Ten steps in every order: three tasks of two, and a main of four. */
export const tenSteps = {
  async async() {
    const ch = chan();
    for (let n = 0; n < 3; n++) go(async () => { await ch.send(n); });
    for (let n = 0; n < 3; n++) await ch.receive();
  },
  *generator() {
    const ch = chan();
    for (let n = 0; n < 3; n++) go(function* () { yield* ch.sending(n); });
    for (let n = 0; n < 3; n++) yield* ch.receiving();
  },
};

/**
 * Philosophers who take the lower fork first; each fork is a task, taken and put back over channels of its own. 34 steps for three.
 * @param {number} count
 */
export const philosophers = (count) => ({
  async async() {
    const forks = Array.from({ length: count }, () => ({ taken: chan(), back: chan() }));
    for (const { taken, back } of forks) {
      go(async () => {
        for (let meal = 0; meal < 2; meal++) {
          await taken.receive();
          await back.receive();
        }
      });
    }
    const tasks = forks.map((_, n) => {
      const [lower, higher] = [n, (n + 1) % count].sort().map((at) => forks[at]);
      return go(async () => {
        await lower.taken.send();
        await higher.taken.send();
        await higher.back.send();
        await lower.back.send();
      });
    });
    for (const task of tasks) await task;
  },
  *generator() {
    const forks = Array.from({ length: count }, () => ({ taken: chan(), back: chan() }));
    for (const { taken, back } of forks) {
      go(function* () {
        for (let meal = 0; meal < 2; meal++) {
          yield* taken.receiving();
          yield* back.receiving();
        }
      });
    }
    const tasks = forks.map((_, n) => {
      const [lower, higher] = [n, (n + 1) % count].sort().map((at) => forks[at]);
      return go(function* () {
        yield* lower.taken.sending();
        yield* higher.taken.sending();
        yield* higher.back.sending();
        yield* lower.back.sending();
      });
    });
    for (const task of tasks) yield* task.joining();
  },
});
