/**
 * Tickers: a receiver of ticks, at most one of which is pending.
 *
 * 1. The tick's value is how many periods have passed since the start, so a gap shows the missed ones.
 * 2. The phase is kept: a tick that comes late does not put off the next one.
 * 3. It re-arms in the timer's callback, never after an await; stopped, it has no timer and gives nothing more.
 *
 * Idea: Go's `time.Ticker`, as of 1.23: no stale tick after a stop.
 */
import { Channel } from "../core/channel.ts";
import { clockIsReal } from "../core/scheduler.ts";
import type { Receiver } from "../core/sides.ts";
import { arm, checkedDelay } from "./timer.ts";

/** Gives the number of periods that have passed since its start: 1, 2, ... */
export interface Ticker extends Receiver<number> {
  /** Ends it: no further tick, no timer left, receivers see the end. Idempotent. */
  stop(): void;
  /** Stops: `using clock = ticker(100)`. */
  [Symbol.dispose](): void;
}

/**
 * Ticks every `ms` milliseconds, from now on. A slow receiver finds only the latest tick, whose value tells how many periods have
 * passed. It keeps the process alive until it is stopped.
 *
 * @param ms - the period in milliseconds: above 0; `Infinity` never ticks
 * @throws RangeError for 0, a negative number, `NaN` or no number
 *
 * @example
 * ```ts
 * import { ticker } from "rendezvous";
 *
 * const clock = ticker(5);
 * for await (const tick of clock) {
 *   if (tick >= 2) clock.stop();
 * }
 * console.log("two periods have passed"); // two periods have passed
 * ```
 *
 * Idea: Go's `time.NewTicker`.
 */
export function ticker(ms: number): Ticker {
  const period = checkedDelay(ms, "ticker");
  if (period === 0) throw new RangeError(`ticker takes a period above 0 ms; got ${String(ms)}`);
  return new TickChannel(period);
}

class TickChannel extends Channel<number> implements Ticker {
  readonly #period: number;
  readonly #started = globalThis.performance.now();
  #passed = 0;
  #disarm: () => void;

  constructor(period: number) {
    super({ capacity: 1, overflow: "drop-oldest", name: `ticker of ${String(period)} ms` });
    this.#period = period;
    this.#disarm = arm(period, () => { this.#tick(); });
  }

  #tick(): void {
    this.#passed++;
    let untilNext = this.#period;
    if (clockIsReal()) {
      const elapsed = globalThis.performance.now() - this.#started;
      this.#passed = Math.max(this.#passed, Math.floor(elapsed / this.#period));
      untilNext = Math.max(0, (this.#passed + 1) * this.#period - elapsed);
    }
    this.#disarm = arm(untilNext, () => { this.#tick(); });
    this.trySend(this.#passed);
  }

  stop(): void {
    this.cancel();
  }

  override cancel(reason?: unknown): boolean {
    this.#disarm();
    return super.cancel(reason);
  }

  override close(error?: unknown): boolean {
    this.#disarm();
    return super.close(error);
  }

  override [Symbol.dispose](): void {
    this.stop();
  }
}
