/**
 * Rate limiters: a bucket of permits that fills evenly, and those who wait for it.
 *
 * 1. In any t ms at most `burst + t * limit / per` permits are given. What is missing in the bucket is counted in parts: one permit is `per` of them,
 *    and `limit` of them come back in each millisecond. So whole numbers stay exact.
 * 2. Permits are taken in the step in which they are given: whoever is withdrawn has taken nothing, and has kept nothing back.
 * 3. In line. There is one timer while somebody waits, for the first in line, and none else.
 *
 *        missing, in parts:   take(n): + n * per         each ms: - limit, down to 0         enough for n: missing + n * per <= burst * per
 *
 * Idea: the token bucket of Go's `x/time/rate`, without its reservations, which are lost when their waiter is cancelled.
 */
import { nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import type { Waiter } from "../core/wait-queue.ts";
import { show } from "../errors.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { counted } from "../support/printing.ts";
import { TimerClock } from "../time/clock.ts";
import { arm } from "../time/timer.ts";
import { Asking } from "../ops/asking.ts";
import { Gate } from "./gate.ts";
import { checkedName, isCount, Named } from "../support/named.ts";

/** How a rate limiter is made. */
export interface RateLimiterOptions {
  /** How many permits come back in `per` milliseconds: a number above 0. */
  limit: number;
  /** Milliseconds: a number above 0. */
  per: number;
  /**
   * How many permits are saved up while nobody takes any: a whole number from 1 up.
   *
   * @defaultValue `limit`, rounded down, and at least 1
   */
  burst?: number | undefined;
  /** The name that errors and reports use. */
  name?: string | undefined;
}

/**
 * Permits that come back with time. Made by {@link rateLimiter}.
 *
 * In line and exact: first come, first served; a take that is withdrawn has taken nothing, and those behind it come as if it had never been.
 *
 * Idea: Go's `x/time/rate`.
 */
export interface RateLimiter {
  /**
   * Waits until so many permits are there, and takes them.
   *
   * @param n - a whole number from 1 up to the burst; 1 if left out
   * @param options - a `signal` to give up by
   * @returns rejects with a `RangeError` for any other `n`, with `signal.reason` when aborted first
   *
   * @example
   * ```ts
   * import { rateLimiter } from "rendezvous/sync";
   *
   * const requests = rateLimiter({ limit: 2, per: 20 });
   * for (let n = 1; n <= 3; n++) await requests.take();
   * console.log(requests.tryTake()); // false
   * ```
   *
   * Idea: Go's `WaitN`.
   */
  take(n?: number, options?: WaitOptions): Promise<void>;
  /**
   * Describes a {@link take}, for `select` and `yield*`.
   *
   * @throws RangeError when there are never so many
   *
   * @example
   * ```ts
   * import { select, sleeping } from "rendezvous";
   * import { rateLimiter } from "rendezvous/sync";
   *
   * const hourly = rateLimiter({ limit: 1, per: 3_600_000 });
   * await hourly.take();
   * console.log((await select({ mine: hourly.taking(), late: sleeping(5) })).case); // late
   * ```
   *
   * Idea: Concurrent ML's events.
   */
  taking(n?: number): Operation<void>;
  /**
   * Takes permits if they are there and nobody waits; otherwise changes nothing.
   *
   * @param n - as for {@link take}
   * @returns whether they were taken
   * @throws RangeError when there are never so many
   *
   * @example
   * ```ts
   * import { rateLimiter } from "rendezvous/sync";
   *
   * const clicks = rateLimiter({ limit: 1, per: 1000 });
   * console.log(clicks.tryTake(), clicks.tryTake()); // true false
   * ```
   *
   * Idea: Go's `AllowN`.
   */
  tryTake(n?: number): boolean;
}

/**
 * Makes a rate limiter: `limit` permits for each `per` milliseconds, which come back one by one, evenly. It begins full.
 *
 * In any t milliseconds it gives at most `burst + t * limit / per` permits. Its time is that of the timers, so a fake clock moves it.
 *
 * @param options - see {@link RateLimiterOptions}
 * @throws RangeError for a `limit` or `per` that is not finite and above 0, and for a `burst` that is not whole and at least 1; TypeError for another option
 *
 * @example
 * ```ts
 * import { bubble } from "rendezvous/testing";
 * import { rateLimiter } from "rendezvous/sync";
 *
 * await bubble(async () => {
 *   const requests = rateLimiter({ limit: 10, per: 1000, burst: 2 });
 *   const start = performance.now();
 *   for (let n = 1; n <= 4; n++) await requests.take();
 *   console.log(performance.now() - start); // 200
 * });
 * ```
 *
 * Idea: the token bucket of Go's `x/time/rate`.
 */
export function rateLimiter(options: RateLimiterOptions): RateLimiter {
  const { limit, per, burst = Math.max(1, Math.floor(limit)), name } = knownOptions(options, limiterOptions, "rateLimiter");
  const check = (good: boolean, what: string, kind: string, value: unknown): void => {
    if (!good) throw new RangeError(`the ${what} of a rate limiter is ${kind}; got ${show(value)}`);
  };
  check(isRate(limit), "limit", "a finite number of permits above 0", limit);
  check(isRate(per), "per", "a finite number of milliseconds above 0", per);
  check(isCount(burst), "burst", "a whole number from 1 up", burst);
  return new Limiter(new Bucket(limit, per, burst, checkedName(name, "rate limiter")));
}

const limiterOptions: Known<RateLimiterOptions> = { limit: true, per: true, burst: true, name: true };
const isRate = (given: unknown): boolean => Number.isFinite(given) && (given as number) > 0;

/** Of a permit: fractions that binary numbers cannot say exactly do not hold back a permit that is there. */
const tolerance = 1e-9;

/** The permits, and the line for them. Each in line has in its slot how many it asks for. */
class Bucket extends Gate<undefined> {
  readonly most: number;
  readonly #limit: number;
  readonly #per: number;
  readonly #clock = new TimerClock();
  /** How much is not there, in parts, at the moment `#at`. */
  #missing = 0;
  #at = 0;
  #disarm: (() => void) | undefined = undefined;

  constructor(limit: number, per: number, burst: number, name: string) {
    super("take", "rate limiter", name);
    this.#limit = limit;
    this.#per = per;
    this.most = burst;
  }

  /** How many whole permits are there. */
  get full(): number {
    this.#refill();
    return Math.floor(this.most - this.#missing / this.#per + tolerance);
  }

  protected override enough(n: number): boolean {
    this.#refill();
    return this.#lacking(n) <= 0;
  }

  protected override given(n: number): undefined {
    this.#missing += n * this.#per;
  }

  override join(waiter: Waiter): void {
    super.join(waiter);
    if (this.first === waiter) this.#arm();
  }

  #refill(): void {
    const { now } = this.#clock;
    this.#missing = Math.max(0, this.#missing - (now - this.#at) * this.#limit);
    this.#at = now;
  }

  /** How many parts have to come back before so many permits are there; 0 or less: none. */
  #lacking(n: number): number {
    return this.#missing + (n - this.most - tolerance) * this.#per;
  }

  protected override admit(): void {
    super.admit();
    this.#arm();
  }

  /** Have a timer for the first in line, or none. */
  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    if (this.first === undefined) return;
    const at = this.#at;
    const ms = Math.max(1, Math.ceil(this.#lacking(this.first.slot as number) / this.#limit));
    this.#disarm = arm(ms, () => {
      this.#clock.reaches(at + ms);
      this.open();
    });
  }
}

class Limiter extends Named implements RateLimiter {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    super();
    this.#bucket = bucket;
  }

  take(n?: number, options?: WaitOptions): Promise<void> {
    return promised(() => perform(this.taking(n), options));
  }

  taking(n = 1): Operation<void> {
    return new Asking(this.#bucket, this.#bucket.checked(n));
  }

  tryTake(n = 1): boolean {
    return this.#bucket.claim(n) !== nothing;
  }

  protected override get title(): string {
    return `RateLimiter ${JSON.stringify(this.#bucket.name)}`;
  }

  protected override facts(): string[] {
    const { full, most, length } = this.#bucket;
    return [`${String(full)} of ${String(most)}`, length > 0 ? counted(length, "task", "wait") : ""];
  }
}
