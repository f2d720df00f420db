/**
 * The platform's own primitives, taken before any fake clock is installed.
 */
const nextTick = process.nextTick.bind(process);
const { setImmediate, setTimeout, clearTimeout } = globalThis;
const settled = Promise.resolve();
const longest = 2 ** 31 - 1;

/**
 * Call back once all promise jobs that are queued, and all that they queue, have run. Exact on Node, which runs ticks only when its
 * queue of promise jobs is empty.
 */
export function whenQuiet(then: () => void): void {
  void settled.then(() => { nextTick(then); });
}

/** A turn of the event loop: rejections that nobody has handled by then have been told. */
export function eventLoopTurn(then: () => void): void {
  setImmediate(then);
}

/** Call back after so many milliseconds of real time, at most 2^31 - 1; the result disarms it. */
export function afterRealTime(ms: number, then: () => void): () => void {
  if (ms === Infinity) return () => { /* nothing was armed */ };
  const timer = setTimeout(then, Math.min(ms, longest));
  return () => { clearTimeout(timer); };
}
