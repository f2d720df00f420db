/**
 * One timer of the platform, or of whoever is in control.
 *
 * 1. `setTimeout` and `clearTimeout` are read from `globalThis` at the call, as a pair: a fake clock works, whenever it is
 *    installed or removed.
 * 2. Delays above 2^31 - 1 ms, at which platforms fire at once, are made of several timers; `Infinity` makes none.
 */
import { controller } from "../core/scheduler.ts";
import { show } from "../errors.ts";

const longest = 2 ** 31 - 1;

/** Call `fire` once after `ms` milliseconds. The result disarms it, and may be called at any time. */
export function arm(ms: number, fire: () => void): () => void {
  if (ms === Infinity) return () => { /* nothing was armed */ };
  if (controller !== undefined) return controller.arm(ms, fire);
  const { setTimeout, clearTimeout } = globalThis;
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    timer = setTimeout(() => { if (left > longest) wait(left - longest); else fire(); }, Math.min(left, longest));
  };
  wait(Math.ceil(ms));
  return () => { clearTimeout(timer); };
}

/** The same, if the process still lives by then: this timer alone does not keep it. At most 2^31 - 1 ms; it is the platform's in any case. */
export function armQuietly(ms: number, fire: () => void): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const timer = setTimeout(fire, ms);
  (timer as { unref?: () => void }).unref?.();
  return () => { clearTimeout(timer); };
}

/** Milliseconds as given by a user, or a clear error. Below 0 is 0. */
export function checkedDelay(ms: number, what: string): number {
  if (typeof (ms as unknown) !== "number" || Number.isNaN(ms)) {
    throw new RangeError(`${what} takes a number of milliseconds; got ${show(ms)}`);
  }
  return Math.max(0, ms);
}
