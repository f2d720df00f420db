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
 * Call `fire` once after `ms` milliseconds. The result disarms it, and may be called at any time. `made` gets each timer of the platform that
 * is made for it; `isIdle` says whether nobody waits for it.
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

/** The same, by a timer that does not keep the process alive. */
export function armPatiently(ms: number, fire: () => void): () => void {
  return arm(ms, fire, (timer) => { timer.unref?.(); });
}

/** One timer after the other. They keep the process alive only while `keep(true)` holds. */
export class KeepAliveTimer {
  #keeps = false;
  #timer: PlatformTimer | undefined = undefined;
  #disarm: (() => void) | undefined = undefined;

  /** Call `fire` once after `ms` milliseconds, in place of what was armed before. */
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
 * Call `fire` once after `ms` milliseconds, if the process still lives by then: this timer alone does not keep it. At most 2^31 - 1 ms; it is
 * the platform's in any case.
 */
export function armQuietly(ms: number, fire: () => void): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const timer = setTimeout(fire, ms);
  (timer as PlatformTimer).unref?.();
  return () => { clearTimeout(timer); };
}

/** What a clock says. */
export interface Moment {
  readonly clock: unknown;
  readonly ms: number;
}

/**
 * The time by which the timers go. A fake clock that says itself what time it is is asked (sinon, jest, vitest); one that does not moves `Date`
 * (that of Node's test runner) and leaves `performance` alone.
 */
export function timersNow(): Moment {
  const { clock } = globalThis.setTimeout as { clock?: { now?: unknown } };
  if (controller === undefined && typeof clock?.now === "number") return { clock, ms: clock.now };
  return controller !== undefined || clockIsReal() ? { clock: controller, ms: globalThis.performance.now() } : { clock: Date, ms: Date.now() };
}

/** Milliseconds as given by a user, or a clear error. Below 0 is 0. */
export function checkedDelay(ms: number, what: string): number {
  if (typeof (ms as unknown) !== "number" || Number.isNaN(ms)) {
    throw new RangeError(`${what} takes a number of milliseconds; got ${show(ms)}`);
  }
  return Math.max(0, ms);
}
