/**
 * How a figure is taken, inside of one process.
 *
 * Warm-up and calibration double as one: the program runs with more and more operations until it has run for a while. Then it
 * runs three times, with as many operations as take the time wanted, and the median counts. Every run's answer is checked.
 */

const runs = 4;

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Free what is free, as far as that can be done. */
export async function collect() {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
}

/**
 * @param {(count: number) => Promise<unknown>} run
 * @param {number} count
 */
async function timed(run, count) {
  await collect();
  const before = process.cpuUsage();
  await run(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * Nanoseconds for one operation.
 * @param {(count: number) => Promise<unknown>} run
 * @param {number} msWanted how long to warm up, and then how long the timed runs take together
 */
export async function rate(run, msWanted) {
  let count = 100;
  let last = 0;
  for (let spent = 0; spent < msWanted;) {
    last = await timed(run, count);
    spent += last;
    if (spent < msWanted) count *= last < msWanted / 20 ? 4 : 2;
  }
  const enough = Math.max(100, Math.round((count * msWanted) / runs / last / 100) * 100);
  const each = [];
  for (let repetition = 0; repetition < runs; repetition++) each.push(((await timed(run, enough)) * 1e6) / enough);
  return Math.min(...each);
}

/**
 * Milliseconds for the whole.
 * @param {(count: number) => Promise<unknown>} run
 * @param {number} msWanted for how long to repeat it
 */
export async function fixed(run, msWanted) {
  await timed(run, 0);
  await timed(run, 0);
  const each = [];
  for (let spent = 0; each.length < 3 || (spent < 2 * msWanted && each.length < 50);) {
    const ms = await timed(run, 0);
    spent += ms;
    each.push(ms);
  }
  return Math.min(...each);
}
