/**
 * Singleflight: one run for each key at a time, shared by all who ask.
 *
 * 1. A flight is a line of those who wait for one run. The first who joins starts the run; what that gives, or fails with, is for all in line.
 * 2. The run belongs to none of them. When the last one leaves, it is cancelled.
 * 3. A flight that is cancelled or forgotten takes nobody in. Whoever comes then is in the next flight of the key, whose run begins when this one is over:
 *    there are never two at once.
 *
 *        asks ─► flight of the key? ─┬─ none ─► a new one, and its run starts            the last one leaves: cancelled, and ends
 *                                    ├─ open ─► joins it                                        │
 *                                    └─ closed ─► joins `next` ◄── its run starts ◄─────────────┘
 *
 * Idea: Go's `x/sync/singleflight`, in which a run dies with the context of its first caller.
 */
import { tellMade, touch } from "../core/controller.ts";
import { nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { enqueue } from "../core/scheduler.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { show } from "../errors.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { checkedBody, type Body, type GivenBody } from "../task/body.ts";
import type { HowEnded } from "../task/generator.ts";
import { armPatiently, checkedDelay } from "../time/timer.ts";
import { Asking, type Asked } from "../ops/asking.ts";
import { checkedName, Named } from "../support/named.ts";
import { OwnRun, type Hears } from "./own-run.ts";

/** How a singleflight is made. */
export interface SingleflightOptions {
  /**
   * How long a success is kept, in milliseconds: 0 or more; `Infinity` runs once for all. Its timer does not keep the process.
   *
   * @defaultValue 0
   */
  keep?: number | undefined;
  /** The name that errors and reports use. The body's name, if left out. */
  name?: string | undefined;
}

/**
 * One run for each key at a time, shared by all who ask. Made by {@link singleflight}.
 *
 * Idea: Go's `x/sync/singleflight`.
 */
export interface Singleflight<K, T> {
  /**
   * Waits for the run of a key, and starts it if there is none. A caller that leaves changes nothing for the others; when the last one has left, the
   * run is cancelled.
   *
   * @param key - compared as in a `Map`
   * @param options - a `signal` to give up by
   * @returns what the run gives; rejects with its error, which is not kept; with `signal.reason` when aborted first
   *
   * @example
   * ```ts
   * import { gather } from "rendezvous";
   * import { singleflight } from "rendezvous/sync";
   *
   * let loads = 0;
   * const users = singleflight(async (id: number) => `user ${id}, load ${++loads}`);
   * console.log(await gather([() => users.run(7), () => users.run(7)])); // [ 'user 7, load 1', 'user 7, load 1' ]
   * ```
   *
   * Idea: Go's `Do`.
   */
  run(key: K, options?: WaitOptions): Promise<T>;
  /**
   * Describes a {@link run}, for `select` and `yield*`. A poll, or a select in which something else is ready, starts no run.
   *
   * @example
   * ```ts
   * import { select, sleep, sleeping } from "rendezvous";
   * import { singleflight } from "rendezvous/sync";
   *
   * const pages = singleflight((url: string) => sleep(10_000).then(() => url));
   * console.log((await select({ page: pages.running("/"), late: sleeping(5) })).case); // late
   * ```
   *
   * Idea: Concurrent ML's events.
   */
  running(key: K): Operation<T>;
  /**
   * Drops what is kept for a key. A run under way goes on for those who wait for it and is not kept; whoever comes now waits for its end, and starts afresh.
   *
   * @example
   * ```ts
   * import { singleflight } from "rendezvous/sync";
   *
   * let loads = 0;
   * const config = singleflight(async (_: string) => ++loads, { keep: Infinity });
   * console.log(await config.run("a"), await config.run("a")); // 1 1
   * config.forget("a");
   * console.log(await config.run("a")); // 2
   * ```
   *
   * Idea: Go's `Forget`.
   */
  forget(key: K): void;
}

/**
 * Makes a singleflight of a body. All who ask for the same key while its run is under way get the outcome of that run.
 *
 * The run is started by the first who asks and belongs to none of them: it runs as in `detached`, outside of every scope. When the last one has left, it
 * is cancelled; whoever comes while it is ending waits for that, and starts afresh. A failure goes to all who wait and is not kept.
 *
 * @param body - an async, a plain or a generator function; it gets the key
 * @param options - `keep`: how long a success is kept, in milliseconds; `name`: what reports call it, with the key
 * @throws TypeError when `body` is no function, RangeError for a `keep` that is no number of milliseconds from 0 up
 *
 * @example
 * ```ts
 * import { gather, sleep } from "rendezvous";
 * import { singleflight } from "rendezvous/sync";
 *
 * const load = singleflight(async (city: string) => {
 *   console.log(`asking for ${city}`);
 *   await sleep(5);
 *   return 21;
 * });
 * console.log(await gather({ first: () => load.run("Rome"), second: () => load.run("Rome") }));
 * // asking for Rome
 * // { first: 21, second: 21 }
 * ```
 *
 * Idea: Go's `x/sync/singleflight`.
 */
export function singleflight<K, T, Y = never, Z = never, P = never>(
  body: GivenBody<"singleflight((key) => work(key))", [key: K], T, Y, Z, P>,
  options?: SingleflightOptions,
): Singleflight<K, T>;
export function singleflight<K, T>(given: unknown, options: SingleflightOptions = {}): Singleflight<K, T> {
  const body = checkedBody(given as Body<[key: K], T>, "singleflight", "singleflight((key) => work(key))");
  const { keep = 0, name } = knownOptions(options, flightOptions, "singleflight");
  checkedDelay(keep, "the option keep of singleflight");
  if (keep < 0) throw new RangeError(`the option keep of singleflight is a number of milliseconds from 0 up; got ${show(keep)}`);
  return new SharedRuns<K, T>(new Flights(body as Body<[key: unknown], unknown>, keep, checkedName(name ?? (body.name === "" ? undefined : body.name), "singleflight")));
}

const flightOptions: Known<SingleflightOptions> = { keep: true, name: true };

/** All flights, by their keys. */
class Flights implements Asked<unknown, unknown> {
  readonly open = new Map<unknown, Flight>();
  readonly body: Body<[key: unknown], unknown>;
  readonly keep: number;
  readonly name: string;

  constructor(body: Body<[key: unknown], unknown>, keep: number, name: string) {
    this.body = body;
    this.keep = keep;
    this.name = name;
    tellMade(this);
  }

  title(key: unknown): string {
    return `${this.name}(${show(key)})`;
  }

  asking(key: unknown): string {
    return `for ${this.title(key)}`;
  }

  claim(key: unknown): unknown {
    touch(this);
    const kept = this.open.get(key)?.kept;
    return kept === undefined ? nothing : kept.value;
  }

  stand(waiter: Waiter, key: unknown): void {
    let flight = this.open.get(key);
    if (flight === undefined) this.open.set(key, (flight = new Flight(this, key)));
    flight.boarding.join(waiter);
  }
}

/** Those who wait for one run, and what came of it while that is kept. */
class Flight extends WaitQueue implements Hears {
  readonly #flights: Flights;
  readonly #key: unknown;
  #run: OwnRun | undefined = undefined;
  /** It takes nobody in any more. */
  #closed = false;
  #next: Flight | undefined = undefined;
  #disarm: (() => void) | undefined = undefined;
  kept: { readonly value: unknown } | undefined = undefined;

  constructor(flights: Flights, key: unknown) {
    super();
    this.#flights = flights;
    this.#key = key;
  }

  /** It, or the one after it. */
  get boarding(): Flight {
    return this.#closed ? (this.#next ??= new Flight(this.#flights, this.#key)) : this;
  }

  override describe(): string {
    return this.#flights.asking(this.#key);
  }

  get hears(): boolean {
    return this.first !== undefined;
  }

  override join(waiter: Waiter): void {
    if (this.kept) {
      waiter.resume("value", this.kept.value);
      return;
    }
    super.join(waiter);
    if (!this.#run && this.#flights.open.get(this.#key) === this) this.#start();
  }

  #start(): void {
    const { body } = this.#flights;
    this.#run = new OwnRun(this.#flights.title(this.#key), body, () => [this.#key], this);
  }

  override withdraw(waiter: Waiter): void {
    touch(this.#flights);
    super.withdraw(waiter);
    const run = this.#run;
    if (!run || this.first) return;
    this.#closed = true;
    // In a turn of its own: a cancel runs code of the user, who listens to a signal.
    enqueue({ run: () => { run.cancel("nobody waits for it any more"); } });
  }

  /** What it gives is not kept, and nobody joins it any more. */
  forget(): void {
    if (this.kept) this.#drop();
    else this.#closed = true;
  }

  #drop(): void {
    this.#disarm?.();
    this.#flights.open.delete(this.#key);
  }

  over(_: OwnRun, how: HowEnded, outcome: unknown): void {
    const { open, keep } = this.#flights;
    touch(this.#flights);
    this.#run = undefined;
    const next = this.#next?.first && this.#next;
    if (next) {
      open.set(this.#key, next);
      next.#start();
    } else if (how === "value" && keep > 0 && !this.#closed) {
      this.kept = { value: outcome };
      this.#disarm = armPatiently(keep, () => {
        touch(this.#flights);
        this.#drop();
      });
    } else open.delete(this.#key);
    this.resumeAll(how === "value" ? "value" : "error", outcome);
  }
}

class SharedRuns<K, T> extends Named implements Singleflight<K, T> {
  readonly #flights: Flights;

  constructor(flights: Flights) {
    super();
    this.#flights = flights;
  }

  run(key: K, options?: WaitOptions): Promise<T> {
    return perform(this.running(key), options);
  }

  running(key: K): Operation<T> {
    return new Asking(this.#flights, key) as Operation<unknown> as Operation<T>;
  }

  forget(key: K): void {
    touch(this.#flights, "forget");
    this.#flights.open.get(key)?.forget();
  }

  protected override get title(): string {
    return `Singleflight ${JSON.stringify(this.#flights.name)}`;
  }

  protected override facts(): string[] {
    const flights = [...this.#flights.open.values()];
    const kept = flights.filter((flight) => flight.kept).length;
    return [flights.length > kept ? `${String(flights.length - kept)} under way` : "", kept > 0 ? `${String(kept)} kept` : ""];
  }
}
