/**
 * What the kernels are made of besides channels: locks, conditions and wait groups as Go has them, which is where the bugs come from.
 */
import { chan, type Channel } from "../../../../src/node.ts";
import { cell, semaphore, type Permit, type Semaphore } from "../../../../src/sync/index.ts";
import type { ExploreContext, FindingKind } from "../../../../src/testing/index.ts";

/** The concurrency structure of one bug, as it was and mended. */
export interface Kernel {
  /** The project, and the number of its issue or pull request. */
  readonly id: string;
  readonly kind: FindingKind;
  /** What goes wrong. */
  readonly fault: string;
  readonly program: (mended: boolean, context: ExploreContext) => Promise<void>;
}

/** A lock. It is handed over first come, first served. */
export class Mutex {
  readonly #lock: Semaphore;
  #held: Permit | undefined;

  constructor(name = "lock") {
    this.#lock = semaphore(1, { name });
  }

  async lock(): Promise<void> {
    this.#held = await this.#lock.acquire();
  }

  unlock(): void {
    if (!this.#held) throw new Error("unlock of an unlocked lock");
    const held = this.#held;
    this.#held = undefined;
    held.release();
  }

  async with(body: () => unknown): Promise<void> {
    await this.lock();
    try {
      await body();
    } finally {
      this.unlock();
    }
  }
}

/** A lock for one writer or several readers. Readers that come after a writer wait behind it, as in Go. */
export class RwMutex {
  readonly #places: Semaphore;

  constructor(name = "lock") {
    this.#places = semaphore(readers, { name });
  }

  readonly write = (): Promise<Permit> => this.#places.acquire(readers);
  readonly read = (): Promise<Permit> => this.#places.acquire();
}

const readers = 8;

/** A condition: a signal reaches a task that waits, first come, first served, and is lost if none does. */
export class Condition {
  readonly #waits = cell(0, { name: "waits" });
  readonly #signals = cell(0, { name: "condition" });

  /** Waits for a signal, without the lock; has the lock again afterwards. */
  async wait(lock: Mutex): Promise<void> {
    const place = this.#waits.value++;
    lock.unlock();
    await this.#signals.wait((count) => count > place);
    await lock.lock();
  }

  signal(): void {
    if (this.#signals.value < this.#waits.value) this.#signals.value++;
  }

  broadcast(): void {
    this.#signals.value = this.#waits.value;
  }
}

/** Counts tasks, and lets others wait until there are none. */
export class WaitGroup {
  readonly #count = cell(0, { name: "wait group" });

  add(count: number): void {
    if (this.#count.value + count < 0) throw new RangeError("negative counter of a wait group");
    this.#count.value += count;
  }

  done(): void {
    this.add(-1);
  }

  async wait(): Promise<void> {
    await this.#count.wait((count) => count === 0);
  }
}

/** An event that happens once: `close` it, and wait for it by `next` or the case `nexting`. */
export function event(name: string): Channel<never> {
  return chan<never>({ name });
}
