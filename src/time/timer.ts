/**
 * One timer, of the platform or of the controller.
 *
 * 1. `setTimeout` and `clearTimeout` are read from `globalThis` at the call, as a pair: a fake clock works, whenever it is
 *    installed or removed.
 * 2. Delays above 2^31 - 1 ms, at which platforms fire at once, are made of several timers; `Infinity` makes none.
 */
import { clockIsReal, controller } from "../core/controller.ts";
import { show } from "../errors.ts";

const longest = 2 ** 31 - 1;

/** The platform's handle of a timer. Where timers are numbers, as in browsers, there is no process to keep. */
export interface PlatformTimer { ref?: () => unknown; unref?: () => unknown }

/**
 * Call `fire` once after `ms` milliseconds. The result disarms it, and may be called at any time. `made` gets each platform timer made for it;
 * `isIdle` says whether nothing waits for it.
 */
export function arm(ms: number, fire: () => void, made?: (timer: PlatformTimer) => void, isIdle?: () => boolean): () => void {
  if (ms === Infinity) return () => { /* nothing was armed */ };
  if (controller !== undefined) return controller.arm(ms, fire, isIdle);
  const { setTimeout, clearTimeout } = globalThis;
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    timer = setTimeout(() => { if (left > longest) wait(left - longest); else fire(); }, Math.min(left, longest));
    made?.(timer);
  };
  wait(Math.ceil(ms));
  return () => { clearTimeout(timer); };
}

/** The same, with a timer that does not keep the process alive. */
export function armPatiently(ms: number, fire: () => void): () => void {
  return arm(ms, fire, (timer) => { timer.unref?.(); });
}

/** A series of timers, one at a time. They keep the process alive only after `keep(true)`, until `keep(false)`. */
export class KeepAliveTimer {
  #keeps = false;
  #timer: PlatformTimer | undefined = undefined;
  #disarm: (() => void) | undefined = undefined;

  /** Call `fire` once after `ms` milliseconds. To be called when the timer before has fired. */
  arm(ms: number, fire: () => void): void {
    this.#disarm = arm(ms, fire, (timer) => {
      this.#timer = timer;
      this.keep(this.#keeps);
    }, () => !this.#keeps);
  }

  keep(alive: boolean): void {
    this.#keeps = alive;
    if (alive) this.#timer?.ref?.();
    else this.#timer?.unref?.();
  }

  disarm(): void {
    this.#disarm?.();
  }
}

/**
 * Call `fire` once after `ms` milliseconds (at most 2^31 - 1), if the process still lives by then: this timer does not keep it alive. It is a timer
 * of the platform even under a controller.
 */
export function armQuietly(ms: number, fire: () => void): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const timer = setTimeout(fire, ms);
  (timer as PlatformTimer).unref?.();
  return () => { clearTimeout(timer); };
}

/** A reading of a clock. */
export interface Moment {
  readonly clock: unknown;
  readonly ms: number;
}

/**
 * The time that timers follow. Some fake clocks have a `now` of their own (sinon, jest, vitest), and it is read from there. The one of Node's test
 * runner has none: it moves `Date` and leaves `performance` alone.
 */
export function timersNow(): Moment {
  const { clock } = globalThis.setTimeout as { clock?: { now?: unknown } };
  if (controller === undefined && typeof clock?.now === "number") return { clock, ms: clock.now };
  return controller !== undefined || clockIsReal() ? { clock: controller, ms: globalThis.performance.now() } : { clock: Date, ms: Date.now() };
}

/** Checks a number of milliseconds that a user gave. Below 0 counts as 0. */
export function checkedDelay(ms: number, what: string): number {
  if (typeof (ms as unknown) !== "number" || Number.isNaN(ms)) {
    throw new RangeError(`${what} takes a number of milliseconds; got ${show(ms)}`);
  }
  return Math.max(0, ms);
}
