/**
 * Sleeping: one timer, cleared as soon as the sleep is withdrawn.
 *
 * Idea: asyncio's `sleep` and Go's `time.After`, without the timer that Go's leaves behind.
 */
import { nothing, Performable, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import { release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { arm, checkedDelay } from "./timer.ts";

/**
 * Waits for at least the given time. `sleep(0)` lets timers and I/O run.
 *
 * @param ms - milliseconds; below 0 counts as 0, any size works, `Infinity` never wakes and holds no timer
 * @param options - a `signal` that ends the wait and clears the timer
 * @returns rejects with a `RangeError` if `ms` is `NaN` or not a number, and with `signal.reason` if that aborts first
 *
 * @example
 * ```ts
 * import { sleep } from "rendezvous";
 *
 * console.log("Hello world!"); // Hello world!
 * await sleep(20);
 * console.log("Hello again!"); // Hello again!
 * ```
 *
 * Idea: asyncio's `sleep`.
 */
export function sleep(ms: number, options?: WaitOptions): Promise<void> {
  return promised(() => perform(sleeping(ms), options));
}

/**
 * Describes a {@link sleep}, for example as the time limit of a `select`. The timer starts when the operation is performed, and is cleared when
 * another case wins.
 *
 * @param ms - milliseconds, as for {@link sleep}
 * @throws RangeError if `ms` is `NaN` or not a number
 *
 * @example
 * ```ts
 * import { chan, select, sleeping } from "rendezvous";
 *
 * const quiet = chan<string>();
 * console.log((await select({ word: quiet.receiving(), late: sleeping(5) })).case); // late
 * ```
 *
 * Idea: Go's `time.After` in a `select`.
 */
export function sleeping(ms: number): Operation<void> {
  return new Sleeping(checkedDelay(ms, "sleep"));
}

class Sleeping extends Performable<void> implements WaitPlace {
  readonly #ms: number;

  constructor(ms: number) {
    super();
    this.#ms = ms;
  }

  override toString(): string {
    return `sleep of ${String(this.#ms)} ms`;
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    waiter.place = this;
    waiter.slot = arm(this.#ms, () => {
      release(waiter);
      waiter.resume("value", undefined);
    });
  }

  withdraw(waiter: Waiter): void {
    const disarm = waiter.slot as () => void;
    release(waiter);
    disarm();
  }
}
