/**
 * Pools: resources that are lent and used again, as users see them. What they do is in `resources.ts`.
 *
 * Idea: the connection pool of Go's `database/sql`, tarn.
 */
import { touch } from "../core/controller.ts";
import { nothing, ResultIsDeferred, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { show } from "../errors.ts";
import { checkedFunction, knownOptions, type Known } from "../support/given.ts";
import { counted } from "../support/printing.ts";
import type { GivenBody } from "../task/body.ts";
import { checkedDelay } from "../time/timer.ts";
import { Asking } from "../ops/asking.ts";
import { holding, type Held } from "./holding.ts";
import { checkedName, isCount, Named } from "../support/named.ts";
import { Resources, type Lease, type PoolOptions } from "./resources.ts";

/**
 * Resources that are made when they are needed, lent, and used again. Made by {@link pool}.
 *
 * In line and exact: first come, first served; an acquire that is withdrawn has taken nothing, and what was being made for it is the next one's.
 *
 * Idea: Go's `database/sql`.
 */
export interface Pool<R> extends AsyncDisposable {
  /**
   * Runs a body with a resource. Fulfilled, the resource goes back; if the body throws or is cancelled, it is destroyed, since nobody knows its state. That
   * happens when the body, and every scope that it has begun, has really ended, and before the promise settles.
   *
   * @param body - an async, a plain or a generator function; it gets the resource
   * @param options - a `signal` for the wait and the body: aborted while the body runs, the body is cancelled, as that of a scope
   * @returns what the body returns; rejects with its error; with that of `create`; with `signal.reason`; with a `ClosedError` after {@link shutdown}
   *
   * @example
   * ```ts
   * import { pool } from "rendezvous/sync";
   *
   * const buffers = pool({ create: () => new Uint8Array(1024), max: 2 });
   * console.log(await buffers.use((buffer) => buffer.length), buffers.free); // 1024 1
   * ```
   *
   * Idea: psycopg's `with pool.connection()`.
   */
  use<T, Y = never, Z = never, P = never>(body: GivenBody<"pool.use((resource) => work(resource))", [resource: R], T, Y, Z, P>, options?: WaitOptions): Promise<T>;
  /**
   * Borrows a resource, to be given back by its `release`, its `discard` or `using`. {@link use} does that by itself.
   *
   * A lease that was given is given, also if its task is cancelled in the same turn.
   *
   * @param options - a `signal` to give up by
   * @returns rejects with the error of the `create` that was made for it; with `signal.reason`; with a `ClosedError` after {@link shutdown}
   *
   * @example
   * ```ts
   * import { pool } from "rendezvous/sync";
   *
   * const ids = pool({ create: () => "id 1", max: 1 });
   * {
   *   using lease = await ids.acquire();
   *   console.log(lease.value, ids.tryAcquire()); // id 1 undefined
   * }
   * console.log(ids.free); // 1
   * ```
   *
   * Idea: tarn's `acquire`.
   */
  acquire(options?: WaitOptions): Promise<Lease<R>>;
  /**
   * Describes an {@link acquire}, for `select` and `yield*`: with `sleeping` a limit for the time in line alone. A poll makes no resource.
   *
   * @example
   * ```ts
   * import { select, sleeping } from "rendezvous";
   * import { pool } from "rendezvous/sync";
   *
   * const ids = pool({ create: () => "id 1", max: 1 });
   * const lease = await ids.acquire();
   * console.log((await select({ mine: ids.acquiring(), late: sleeping(5) })).case, lease.value); // late id 1
   * ```
   *
   * Idea: Concurrent ML's events.
   */
  acquiring(): Operation<Lease<R>>;
  /**
   * Borrows a resource if one is free and nobody waits; otherwise changes nothing. It makes none.
   *
   * @throws ClosedError after {@link shutdown}
   *
   * @example
   * ```ts
   * import { pool } from "rendezvous/sync";
   *
   * const ids = pool({ create: () => "id 1", max: 1 });
   * console.log(ids.tryAcquire()); // undefined
   * await ids.use(() => undefined);
   * console.log(ids.tryAcquire()?.value); // id 1
   * ```
   *
   * Idea: Go's `TryAcquire`.
   */
  tryAcquire(): Lease<R> | undefined;
  /**
   * Lends nothing any more: those who wait fail with a `ClosedError`, the signal of each `create` under way aborts, and what is free is destroyed. Waits until
   * what is in use has been given back and nothing exists any more, also in a cancelled task.
   *
   * @example
   * ```ts
   * import { pool } from "rendezvous/sync";
   *
   * const ids = pool({ create: () => "id 1", destroy: (id) => { console.log(`${id} is gone`); }, max: 1 });
   * await ids.use(() => undefined);
   * await ids.shutdown();
   * // id 1 is gone
   * ```
   *
   * Idea: generic-pool's `drain` and `clear` in one.
   */
  shutdown(): Promise<void>;
  /** How many resources exist, those included that are being made or destroyed. */
  readonly size: number;
  /** How many of them nobody uses. */
  readonly free: number;
}

/**
 * Makes a pool. It makes its resources when they are asked for, and lends the one that was used last.
 *
 * @param options - see {@link PoolOptions}
 * @throws RangeError for a `max` that is not whole and at least 1, or an `idle` that is no number of milliseconds; TypeError for another option, or one of the
 * wrong type
 *
 * @example
 * ```ts
 * import { gather, sleep } from "rendezvous";
 * import { pool } from "rendezvous/sync";
 *
 * let made = 0;
 * await using connections = pool({ create: () => `connection ${++made}`, max: 2 });
 * const query = () => connections.use(() => sleep(1));
 * await gather([query, query, query, query]);
 * console.log(made, connections.size); // 2 2
 * ```
 *
 * Idea: the connection pool of Go's `database/sql`.
 */
export function pool<R>(options: PoolOptions<R>): Pool<R> {
  const { create, destroy, max, idle = Infinity, check, name } = knownOptions(options, poolOptions, "pool");
  checkedFunction(create, "the option create of pool", "(signal) => connect({ signal })", "GeneratorFunction", "AsyncGeneratorFunction");
  if (destroy !== undefined) checkedFunction(destroy, "the option destroy of pool", "(resource) => resource.close()", "GeneratorFunction", "AsyncGeneratorFunction");
  if (!isCount(max)) throw new RangeError(`the option max of pool is a whole number from 1 up; got ${show(max)}`);
  if (check !== undefined) checkedFunction(check, "the option check of pool", "(resource) => resource.open", "AsyncFunction", "GeneratorFunction", "AsyncGeneratorFunction");
  return new ResourcePool(new Resources({ create, destroy, max, idle: checkedDelay(idle, "the option idle of pool"), check, name: checkedName(name, "pool") }));
}

const poolOptions: Known<PoolOptions<never>> = { create: true, destroy: true, max: true, idle: true, check: true, name: true };

class ResourcePool<R> extends Named implements Pool<R>, Held<Lease<R>> {
  readonly #resources: Resources<R>;

  constructor(resources: Resources<R>) {
    super();
    this.#resources = resources;
  }

  use<T>(body: unknown, options?: WaitOptions): Promise<T> {
    return holding(this, body, `use of ${this.#resources.title}`, "pool.use((resource) => work(resource))", options);
  }

  given({ value }: Lease<R>): unknown[] {
    return [value];
  }

  giveBack(lease: Lease<R>, fulfilled: boolean): void {
    if (fulfilled) lease.release();
    else lease.discard();
  }

  acquire(options?: WaitOptions): Promise<Lease<R>> {
    return perform(this.acquiring(), options);
  }

  acquiring(): Operation<Lease<R>> {
    return new Asking(this.#resources, undefined, ResultIsDeferred); // a check is code of the user
  }

  tryAcquire(): Lease<R> | undefined {
    const lease = this.#resources.claim(undefined);
    return lease === nothing ? undefined : lease;
  }

  shutdown(): Promise<void> {
    return this.#resources.shutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  get size(): number {
    touch(this.#resources);
    return this.#resources.size;
  }

  get free(): number {
    touch(this.#resources);
    return this.#resources.idle.length;
  }

  protected override get title(): string {
    return `P${this.#resources.title.slice(1)}`;
  }

  protected override facts(): (string | false)[] {
    const { size, idle, length, closed } = this.#resources;
    return [size > 0 && `${String(idle.length)} of ${String(size)} free`, length > 0 && counted(length, "task", "wait"), closed && "shut down"];
  }
}
