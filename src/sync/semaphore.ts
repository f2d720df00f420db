/**
 * Semaphores: permits, of which so many are out at a time. With one permit it is a mutex.
 *
 * 1. A permit is given in the step in which it is freed: to the first in line, or to nobody if nobody waits.
 * 2. In line, and exact: whoever is withdrawn has taken nothing; a big one in line is not passed by small ones.
 * 3. What is out is never above the capacity, unless `resize` has lowered that.
 *
 * Idea: Dijkstra's semaphores; asking for several at once, and serving in line, is Go's `x/sync/semaphore`.
 */
import { nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { parkIn } from "../core/park.ts";
import { perform, promised, ready, rejectedNow } from "../core/perform.ts";
import { mayBeCancelled } from "../core/cancel-context.ts";
import { controller, touch } from "../core/controller.ts";
import type { Waiter } from "../core/wait-queue.ts";

import { knownOptions, type Known } from "../support/given.ts";
import { counted } from "../support/printing.ts";
import type { GivenBody } from "../task/body.ts";
import { Asking } from "../ops/asking.ts";
import { Gate } from "./gate.ts";
import { holding, type Held } from "./holding.ts";
import { checkedCount, checkedName, Named } from "../support/named.ts";

/** How a semaphore is made. */
export interface SemaphoreOptions {
  /** The name that errors and reports use. */
  name?: string | undefined;
}

/**
 * A permit of a {@link Semaphore}, or several that were asked for at once. `using permit = await lock.acquire()` releases it at the end of the block.
 */
export interface Permit extends Disposable {
  /** Gives it back: the first in line has it in this very step. Only the first call counts. */
  release(): void;
}

/**
 * Permits, of which so many are out at a time. Made by {@link semaphore}.
 *
 * In line and exact: first come, first served, and nobody passes those who wait. An acquire that is withdrawn has taken nothing, and lets those behind
 * it through at once. It is not reentrant: a task that acquires what it already holds waits for itself.
 *
 * Idea: Go's `x/sync/semaphore`.
 */
export interface Semaphore {
  /**
   * Waits for permits, and takes them.
   *
   * A permit that was given is given, also if its task is cancelled in the same turn: release it in a `finally`, by `using`, or let {@link run} do that.
   *
   * @param n - how many, all at once: a whole number from 1 up to the capacity; 1 if left out
   * @param options - a `signal` to give up by
   * @returns rejects with a `RangeError` for any other `n`, and when {@link resize} leaves fewer than `n`; with `signal.reason` when aborted first
   *
   * @example
   * ```ts
   * import { semaphore } from "rendezvous/sync";
   *
   * const lock = semaphore(1);
   * const permit = await lock.acquire();
   * console.log(lock.free); // 0
   * permit.release();
   * console.log(lock.free); // 1
   * ```
   *
   * Idea: Go's `Acquire(ctx, n)`.
   */
  acquire(n?: number, options?: WaitOptions): Promise<Permit>;
  /**
   * Describes an {@link acquire}, for `select` and `yield*`.
   *
   * @param n - as for `acquire`; what {@link resize} has left is looked at again when it is performed
   * @throws RangeError when there are never so many
   *
   * @example
   * ```ts
   * import { select, sleeping } from "rendezvous";
   * import { semaphore } from "rendezvous/sync";
   *
   * const lock = semaphore(1);
   * lock.tryAcquire();
   * console.log((await select({ mine: lock.acquiring(), late: sleeping(5) })).case); // late
   * ```
   *
   * Idea: Concurrent ML's events.
   */
  acquiring(n?: number): Operation<Permit>;
  /**
   * Takes permits if they are free and nobody waits; otherwise changes nothing.
   *
   * @param n - as for {@link acquire}
   * @returns `undefined` when it is not possible now
   * @throws RangeError when there are never so many
   *
   * @example
   * ```ts
   * import { semaphore } from "rendezvous/sync";
   *
   * const lock = semaphore(1);
   * const mine = lock.tryAcquire();
   * console.log(mine !== undefined, lock.tryAcquire()); // true undefined
   * ```
   *
   * Idea: Go's `TryAcquire`.
   */
  tryAcquire(n?: number): Permit | undefined;
  /**
   * Runs a body while it holds one permit. It stands in line at the call.
   *
   * The permit is released when the body, and every scope that it has begun, has really ended, also if it was cancelled, and before the promise settles.
   * Cancelled before it starts, the body never runs, and the permit is free.
   *
   * @param body - an async, a plain or a generator function
   * @param options - a `signal` for the wait and the body: aborted while the body runs, the body is cancelled, as that of a scope
   * @returns what the body returns; rejects with its error; with `signal.reason`, once the body has ended; with a `TypeError` for what is no body
   *
   * @example
   * ```ts
   * import { gather, sleep } from "rendezvous";
   * import { semaphore } from "rendezvous/sync";
   *
   * const lock = semaphore(1);
   * const turn = (name: string) => () => lock.run(async () => {
   *   console.log(`${name} is in`);
   *   await sleep(1);
   * });
   * await gather([turn("Ada"), turn("Bob")]);
   * // Ada is in
   * // Bob is in
   * ```
   *
   * Idea: async-mutex's `runExclusive`, which does not know when a cancelled body ends.
   */
  run<T, Y = never, Z = never, P = never>(body: GivenBody<"lock.run(() => work())", [], T, Y, Z, P>, options?: WaitOptions): Promise<T>;
  /** How many permits there are. */
  readonly capacity: number;
  /** How many of them are not out: 0 also while more are out than there are, after {@link resize}. */
  readonly free: number;
  /**
   * Sets how many permits there are. None is taken away: while more are out, nobody gets one. Grown, it lets those who wait through at once;
   * shrunk, it fails those who wait for more than there will be.
   *
   * @param capacity - as for {@link semaphore}
   * @throws RangeError for anything else
   *
   * @example
   * ```ts
   * import { semaphore } from "rendezvous/sync";
   *
   * const slots = semaphore(1);
   * slots.tryAcquire();
   * const waiting = slots.acquire();
   * slots.resize(2);
   * await waiting;
   * console.log(slots.free, slots.capacity); // 0 2
   * ```
   *
   * Idea: trio's `CapacityLimiter.total_tokens`.
   */
  resize(capacity: number): void;
}

/**
 * Makes a semaphore: at most `capacity` permits are out at a time. `semaphore(1)` is a mutex.
 *
 * @param capacity - how many permits there are: a whole number from 1 up, or `Infinity`
 * @param options - `name`: what errors and reports call it
 * @throws RangeError for any other capacity, TypeError for another option
 *
 * @example
 * ```ts
 * import { gather, sleep } from "rendezvous";
 * import { semaphore } from "rendezvous/sync";
 *
 * const connections = semaphore(2, { name: "db" });
 * let [now, most] = [0, 0];
 * await gather(Array.from({ length: 6 }, () => () => connections.run(async () => {
 *   most = Math.max(most, ++now);
 *   await sleep(1);
 *   now--;
 * })));
 * console.log(most); // 2
 * ```
 *
 * Idea: Dijkstra's semaphores, Go's `x/sync/semaphore`.
 */
export function semaphore(capacity: number, options: SemaphoreOptions = {}): Semaphore {
  const { name } = knownOptions(options, semaphoreOptions, "semaphore");
  return new CountingSemaphore(new Permits(checkedCount(capacity, "the capacity of a semaphore", 1, "semaphore(3)"), checkedName(name, "semaphore")));
}

const semaphoreOptions: Known<SemaphoreOptions> = { name: true };

/** The permits, and the line for them. Each in line has in its slot how many it asks for. */
class Permits extends Gate<Permit> {
  capacity: number;
  #out = 0;

  constructor(capacity: number, name: string) {
    super("acquire", "semaphore", name);
    this.capacity = capacity;
  }

  get free(): number {
    return Math.max(0, this.capacity - this.#out);
  }

  override get most(): number {
    return this.capacity;
  }

  protected override enough(n: number): boolean {
    return this.capacity - this.#out >= n;
  }

  protected override given(n: number): Permit {
    this.#out += n;
    return new TakenPermit(this, n);
  }

  give(n: number): void {
    touch(this, "release");
    this.#out -= n;
    if (this.first !== undefined) this.open();
  }

  resize(capacity: number): void {
    touch(this, "resize");
    this.capacity = capacity;
    const tooBig: Waiter[] = [];
    for (let waiter = this.first; waiter; waiter = waiter.next) if ((waiter.slot as number) > capacity) tooBig.push(waiter);
    for (const waiter of tooBig) {
      if (waiter.place !== this) continue; // a case of a select that another of these has ended
      const asked = String(waiter.slot);
      this.fail(waiter, new RangeError(`${this.title} was resized to ${String(capacity)}, and ${asked} were asked for: it never has so many`));
    }
    this.open();
  }
}

class TakenPermit implements Permit {
  declare permits: Permits | undefined;
  declare readonly n: number;

  constructor(permits: Permits, n: number) {
    this.permits = permits;
    this.n = n;
  }

  release(): void {
    const { permits } = this;
    this.permits = undefined;
    permits?.give(this.n);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  toString(): string {
    return this.permits ? `Permit of ${this.permits.title}` : "Permit (released)";
  }
}

class CountingSemaphore extends Named implements Semaphore, Held<Permit> {
  readonly #permits: Permits;

  constructor(permits: Permits) {
    super();
    this.#permits = permits;
  }

  acquire(n = 1, options?: WaitOptions): Promise<Permit> {
    if (options !== undefined || controller !== undefined || mayBeCancelled()) return promised(() => perform(this.acquiring(n), options));
    // The same without a detour: it takes a third less time where the lock is free (`node bench/sync.mjs`).
    try {
      const permit = this.#permits.claim(n);
      return permit === nothing ? parkIn(this.#permits, n) : ready(permit);
    } catch (error) {
      return rejectedNow(error);
    }
  }

  acquiring(n = 1): Operation<Permit> {
    return new Asking(this.#permits, this.#permits.checked(n));
  }

  tryAcquire(n = 1): Permit | undefined {
    const permit = this.#permits.claim(n);
    return permit === nothing ? undefined : permit;
  }

  run<T>(body: unknown, options?: WaitOptions): Promise<T> {
    return holding(this, body, `run of ${this.#permits.title}`, "lock.run(() => work())", options);
  }

  given(): unknown[] {
    return [];
  }

  giveBack(permit: Permit): void {
    permit.release();
  }

  get capacity(): number {
    touch(this.#permits);
    return this.#permits.capacity;
  }

  get free(): number {
    touch(this.#permits);
    return this.#permits.free;
  }

  resize(capacity: number): void {
    this.#permits.resize(checkedCount(capacity, "the capacity of a semaphore", 1, "lock.resize(3)"));
  }

  // -- How it prints --

  protected override get title(): string {
    return `S${this.#permits.title.slice(1)}`;
  }

  protected override facts(): string[] {
    const { free, capacity, length } = this.#permits;
    return [`${String(free)} of ${String(capacity)} free`, length > 0 ? counted(length, "task", "wait") : ""];
  }
}
