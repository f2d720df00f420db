/**
 * The platform's own primitives, taken before any fake clock is installed.
 */
const nextTick = process.nextTick.bind(process);
const { setImmediate } = globalThis;
const settled = Promise.resolve();

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
