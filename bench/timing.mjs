/**
 * How a figure is taken, inside of one process.
 *
 * Warm-up and calibration double as one: the program runs with more and more operations until it has run for a while. Then it
 * runs three times, with as many operations as take the time wanted, and the median counts. Every run's answer is checked.
 */

const runsInARow = 5;

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Collects garbage, as far as possible. Not before timing: a forced collection throws compiled code away too. */
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
  const before = process.cpuUsage();
  await run(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * The fastest of runs that are repeated until several in a row have brought nothing better.
 * @param {() => Promise<number>} once one run's figure
 * @param {number} enough how many in a row
 * @param {number} msAtMost when to stop in any case
 */
async function best(once, enough, msAtMost) {
  let fastest = Infinity;
  const began = performance.now();
  for (let inARow = 0; inARow < enough && performance.now() - began < msAtMost;) {
    const figure = await once();
    if (figure < fastest * 0.98) inARow = 0;
    else inARow++;
    fastest = Math.min(fastest, figure);
  }
  return fastest;
}

/**
 * Nanoseconds for one operation.
 * @param {(count: number) => Promise<unknown>} run
 * @param {number} msOfRun how long one run takes at least
 */
export function rate(run, msOfRun) {
  let count = 100;
  return best(async () => {
    for (;;) {
      const ms = await timed(run, count);
      if (ms >= msOfRun) return (ms * 1e6) / count;
      count *= ms < msOfRun / 10 ? 8 : 2;
    }
  }, runsInARow, 80 * msOfRun);
}

/**
 * Milliseconds for the whole.
 * @param {(count: number) => Promise<unknown>} run
 * @param {number} msOfRun
 */
export function fixed(run, msOfRun) {
  return best(() => timed(run, 0), runsInARow, 80 * msOfRun);
}
