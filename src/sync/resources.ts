/**
 * Pools: resources that are made when they are needed, lent, and used again.
 *
 * 1. At most `max` exist, those included that are being made or destroyed.
 * 2. A resource belongs to the first in line, however it came: given back, or made. For each in line there is one being made, as far as there is room.
 * 3. What is being made has been asked for by one who waits. If it fails, that one fails, once; if that one has left, nobody does, and another
 *    one is made for whoever still waits.
 * 4. Making and destroying are runs of their own (`own-run.ts`): they belong to the pool, and no cancel of a borrower reaches them.
 *
 *        acquire ─► idle? ─► lent ─┬─ release ─► first in line, or idle ─► unused for `idle` ms: destroyed
 *                   │              └─ discard ─► destroyed ─► room for another
 *                   └─ none: stands in line ─► room? made ─► first in line, or idle
 *
 * Idea: the connection pool of Go's `database/sql`, and tarn's; a failing `create` that is tried again and again is generic-pool's.
 */
import { tellMade, touch } from "../core/controller.ts";
import { nothing, type Nothing } from "../core/operation.ts";
import { performIn } from "../core/perform.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { ClosedError, type CaseKey } from "../errors.ts";
import { reportFailure } from "../platform/unhandled.ts";
import { hasClosed, hasOpened } from "../support/resources.ts";
import { armPatiently } from "../time/timer.ts";
import { Asking, type Asked } from "../ops/asking.ts";
import { Named } from "../support/named.ts";
import { OwnRun, type Hears } from "./own-run.ts";

/** How a pool is made. */
export interface PoolOptions<R> {
  /** Makes a resource. The signal aborts when the pool is shut down meanwhile. */
  create: (signal: AbortSignal) => R | PromiseLike<R>;
  /** Destroys one. Its place in the pool is free once this has settled; what it throws is an unhandled rejection. */
  destroy?: ((resource: R) => unknown) | undefined;
  /** How many exist at most, those included that are being made or destroyed: a whole number from 1 up. */
  max: number;
  /**
   * Milliseconds after which a resource that nobody uses is destroyed. The timer does not keep the process.
   *
   * @defaultValue `Infinity`
   */
  idle?: number | undefined;
  /** Whether a resource that was used before still works, asked before it is lent again. If not, it is destroyed. */
  check?: ((resource: R) => boolean) | undefined;
  /** The name that errors and reports use. */
  name?: string | undefined;
}

/**
 * A resource that was borrowed. `using lease = await pool.acquire()` gives it back at the end of the block. Only the first of `release` and
 * `discard` counts.
 */
export interface Lease<R> extends Disposable {
  /** The resource. */
  readonly value: R;
  /** Gives it back: to the first in line, or for later. */
  release(): void;
  /** Has it destroyed, when its state is not known. */
  discard(): void;
}

/** How a pool is made; checked already. */
export interface PoolSettings<R> extends PoolOptions<R> {
  readonly idle: number;
  readonly name: string;
}

/** In the slot of each who waits: whether a resource is being made for it. */
interface Wish {
  served: boolean;
}

/** A free resource, and what ends its timer. */
interface Idle<R> {
  readonly resource: R;
  readonly disarm: () => void;
}

/** The resources, and the line for them. */
export class Resources<R> extends WaitQueue implements Asked<undefined, Lease<R>> {
  readonly name: string;
  readonly #settings: PoolSettings<R>;
  readonly idle: Idle<R>[] = [];
  /** Those in whose time the pool is to be empty. */
  readonly drained: WaitQueue = new WaitQueue({ describe: () => this.#draining.asking(undefined) });
  readonly #draining: Asked<undefined, undefined> = {
    asking: () => `for ${this.title} to be given back all it has lent`,
    claim: () => (this.size === 0 ? undefined : nothing),
    stand: (waiter) => { this.drained.join(waiter); },
  };
  readonly #making = new Set<OwnRun>();
  #waiting = 0;
  size = 0;
  closed = false;

  constructor(settings: PoolSettings<R>) {
    super();
    this.#settings = settings;
    this.name = settings.name;
    tellMade(this, this.drained);
  }

  get title(): string {
    return `pool ${JSON.stringify(this.name)}`;
  }

  // -- The line --

  override join(waiter: Waiter): void {
    this.#waiting++;
    super.join(waiter);
  }

  override withdraw(waiter: Waiter): void {
    this.#waiting--;
    super.withdraw(waiter);
  }

  asking(): string {
    return `to acquire from ${this.title}`;
  }

  override describe(): string {
    return this.asking();
  }

  stand(waiter: Waiter): void {
    const wish: Wish = { served: false };
    waiter.slot = wish;
    this.join(waiter);
    this.#makeFor(waiter, wish);
  }

  /** Lends one that is free, if nobody waits for it. */
  claim(_: undefined, key?: CaseKey): Lease<R> | Nothing {
    touch(this, "acquire");
    if (this.closed) throw this.#closedError(key);
    while (this.first === undefined) {
      const free = this.idle.pop();
      if (!free) break;
      free.disarm();
      if (this.#works(free.resource)) return new TakenLease(this, free.resource);
      this.destroy(free.resource);
    }
    return nothing;
  }

  /** A resource has come: it is for the first in line, or free. */
  give(resource: R): void {
    const { first } = this;
    if (first === undefined) {
      const { idle } = this.#settings;
      const free: Idle<R> = { resource, disarm: armPatiently(idle, () => { this.#expire(free); }) };
      this.idle.push(free);
      return;
    }
    this.withdraw(first);
    first.resume("value", new TakenLease(this, resource));
  }

  takeBack(resource: R): void {
    touch(this, "release");
    if (!this.closed && (this.first === undefined || this.#works(resource))) this.give(resource);
    else this.destroy(resource);
  }

  #works(resource: R): boolean {
    const { check } = this.#settings;
    try {
      return !check || check(resource);
    } catch (error) {
      reportFailure(error);
      return false;
    }
  }

  #expire(free: Idle<R>): void {
    touch(this);
    this.idle.splice(this.idle.indexOf(free), 1);
    this.destroy(free.resource);
  }

  // -- Making and destroying --

  /** Whether more of those who wait could have one made. */
  get #mayGrow(): boolean {
    return !this.closed && this.#making.size < this.#waiting && this.size < this.#settings.max;
  }

  /** Have one made for each who waits and for whom none is, as far as there is room. */
  #makeMore(): void {
    for (let waiter = this.first; waiter && this.#mayGrow; waiter = waiter.next) {
      const wish = waiter.slot as Wish;
      if (!wish.served) this.#makeFor(waiter, wish);
    }
  }

  /** Have one made for somebody who waits, if there is room. */
  #makeFor(waiter: Waiter, wish: Wish): void {
    if (!this.#mayGrow) return;
    wish.served = true;
    this.#grow();
    const { create } = this.#settings;
    const asks = (): boolean => waiter.slot === wish;
    const by: Hears = {
      get hears(): boolean { return isAwaited(); },
      over: (run, how, outcome) => {
        touch(this);
        wish.served = false;
        this.#making.delete(run);
        if (how === "value") {
          if (this.closed) this.destroy(outcome as R);
          else this.give(outcome as R);
        } else {
          if (asks()) {
            this.withdraw(waiter);
            waiter.resume("error", outcome);
          }
          this.#shrink();
        }
        this.#makeMore();
      },
    };
    const isAwaited = (): boolean => asks() || this.first !== undefined;
    this.#making.add(new OwnRun(`create of ${this.title}`, create, ({ signal }) => [signal], by));
  }

  destroy(resource: R): void {
    const { destroy } = this.#settings;
    const gone = (): void => {
      touch(this);
      this.#shrink();
      this.#makeMore();
    };
    if (destroy) new OwnRun(`destroy of ${this.title}`, destroy, () => [resource], { hears: false, over: gone });
    else gone();
  }

  #grow(): void {
    if (this.size++ === 0) hasOpened(this, this.title);
  }

  #shrink(): void {
    if (--this.size > 0) return;
    hasClosed(this);
    this.drained.resumeAll("value", undefined);
  }

  // -- The end --

  shutdown(): Promise<void> {
    touch(this, "close");
    if (!this.closed) {
      this.closed = true;
      for (let waiter = this.first; waiter; waiter = this.first) {
        const { key } = waiter;
        this.withdraw(waiter);
        waiter.resume("error", this.#closedError(key));
      }
      for (const { resource, disarm } of this.idle.splice(0)) {
        disarm();
        this.destroy(resource);
      }
      for (const run of this.#making) run.cancel("its pool is shut down");
    }
    return performIn(undefined, new Asking(this.#draining, undefined));
  }

  #closedError(key: CaseKey | undefined): ClosedError {
    return new ClosedError(`acquire from ${this.title}, which is shut down: it lends nothing any more`, { case: key });
  }
}

class TakenLease<R> extends Named implements Lease<R> {
  readonly value: R;
  #resources: Resources<R> | undefined;

  constructor(resources: Resources<R>, value: R) {
    super();
    this.#resources = resources;
    this.value = value;
  }

  release(): void {
    this.#end()?.takeBack(this.value);
  }

  discard(): void {
    this.#end()?.destroy(this.value);
  }

  #end(): Resources<R> | undefined {
    const resources = this.#resources;
    this.#resources = undefined;
    return resources;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  protected override get title(): string {
    return this.#resources ? `Lease of ${this.#resources.title}` : "Lease";
  }

  protected override facts(): string[] {
    return this.#resources ? [] : ["ended"];
  }
}
