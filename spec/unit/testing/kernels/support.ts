/**
 * What the kernels are made of besides channels: locks, conditions and wait groups as Go has them, which is where the bugs come from.
 */
import { chan, type Channel } from "../../../../src/node.ts";
import { shared, type ExploreContext, type FindingKind } from "../../../../src/testing/index.ts";

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
  readonly #held: Channel<void>;

  constructor(name = "lock") {
    this.#held = chan({ name, capacity: 1 });
  }

  async lock(): Promise<void> {
    await this.#held.send();
  }

  unlock(): void {
    if (!this.#held.tryReceive()) throw new Error("unlock of an unlocked lock");
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

/** A lock for one writer or some readers. Readers that come after a writer wait behind it, as in Go. */
export class RwMutex {
  readonly #line = new Mutex("line of the lock");
  readonly #places: Channel<void>;

  constructor(name = "lock") {
    this.#places = chan({ name, capacity: readers });
  }

  readonly lock = (): Promise<void> => this.#take(readers);
  readonly readLock = (): Promise<void> => this.#take(1);
  readonly unlock = (): void => { this.#free(readers); };
  readonly readUnlock = (): void => { this.#free(1); };

  async #take(places: number): Promise<void> {
    await this.#line.lock();
    for (let n = 0; n < places; n++) await this.#places.send();
    this.#line.unlock();
  }

  #free(places: number): void {
    for (let n = 0; n < places; n++) if (!this.#places.tryReceive()) throw new Error("unlock of an unlocked lock");
  }
}

const readers = 2;

/** A condition: a signal reaches a task that waits, and is lost if none does. */
export class Condition {
  readonly #line = shared<{ of: readonly Channel<void>[] }>({ of: [] });

  /** Waits for a signal, without the lock; has the lock again afterwards. */
  async wait(lock: Mutex): Promise<void> {
    const woken = chan<void>({ name: "condition", capacity: 1 });
    this.#line.of = [...this.#line.of, woken];
    lock.unlock();
    await woken.receive();
    await lock.lock();
  }

  signal(): void {
    const [first, ...others] = this.#line.of;
    this.#line.of = others;
    first?.trySend();
  }

  broadcast(): void {
    const woken = this.#line.of;
    this.#line.of = [];
    for (const one of woken) one.trySend();
  }
}

/** Counts tasks, and lets others wait until there are none. */
export class WaitGroup {
  readonly #count = shared({ of: 0 });
  #none = chan<never>({ name: "wait group" });

  add(count: number): void {
    if (this.#count.of === 0) this.#none = chan<never>({ name: "wait group" });
    this.#count.of += count;
    if (this.#count.of < 0) throw new RangeError("negative counter of a wait group");
    if (this.#count.of === 0) this.#none.close();
  }

  done(): void {
    this.add(-1);
  }

  async wait(): Promise<void> {
    if (this.#count.of > 0) await this.#none.next();
  }
}

/** An event that happens once: `close` it, and wait for it by `next` or the case `nexting`. */
export function event(name: string): Channel<never> {
  return chan<never>({ name });
}
