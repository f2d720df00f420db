/**
 * Cells: a value that changes, and those who wait until it is as they want it.
 *
 * 1. Whoever waits looks at the latest value: at the call, and again in a turn of its own after each change. So the setter runs no code of
 *    those who wait, and a value that is replaced in the same turn may not be seen.
 * 2. A look that has seen what it waits for has happened in that very step.
 * 3. Closed, it has one last value. Whoever wants no more than that still gets it; everybody else fails, or sees the end.
 *
 *        set(value) ─► anybody in line? ─► a job: each in line looks, in order ─┬─ as it wants it: goes on with that value
 *                                                                              └─ not yet: stays in line
 *
 * Idea: tokio's `watch`, Kotlin's `StateFlow`; as an event and a condition, those of trio.
 */
import { tellMade, touch, controller } from "../core/controller.ts";
import { nothing, Performable, Prepares, ResultIsDeferred, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import type { Receiver } from "../channel/channel-types.ts";
import { theEnd } from "../channel/iteration.ts";
import { enqueue, type Job } from "../core/scheduler.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { ClosedError, show, type CaseKey } from "../errors.ts";
import { captured, type AsyncContext } from "../platform/async-context.ts";
import { checkedFunction, knownOptions, type Known } from "../support/given.ts";
import { counted } from "../support/printing.ts";
import { isThenable } from "../task/body.ts";
import { flowFrom } from "../flow/flow.ts";
import { ReceiverOrigin } from "../flow/sources/receiver.ts";
import type { Flow } from "../flow/flow-types.ts";
import { checkedName, Named } from "../support/named.ts";

/** How a cell is made. */
export interface CellOptions<T> {
  /**
   * Whether two values count as the same: setting a value that equals the present one changes nothing.
   *
   * @defaultValue `Object.is`
   */
  equals?: ((a: T, b: T) => boolean) | undefined;
  /** The name that errors and reports use. */
  name?: string | undefined;
}

/**
 * A value that changes, and that tasks can wait for. Made by {@link cell}.
 *
 * It is the event (`cell(false)`, `wait((set) => set)`), the latch (`wait((left) => left === 0)`) and the condition. It is no lock: between
 * a test and its waiter going on, the value may change.
 *
 * Idea: tokio's `watch`.
 */
export interface Cell<T> {
  /** The present value. Setting another one, which does not equal it, wakes those who wait; on a closed cell it throws a `ClosedError`. */
  value: T;
  /**
   * Sets the value that a function makes of the present one.
   *
   * @param f - makes the new value; what it throws is thrown, and nothing has changed; what it sets itself is overwritten
   * @returns the cell's value afterwards
   * @throws ClosedError on a closed cell
   *
   * @example
   * ```ts
   * import { cell } from "rendezvous/sync";
   *
   * const count = cell(1);
   * console.log(count.update((n) => n + 1), count.value); // 2 2
   * ```
   *
   * Idea: Kotlin's `MutableStateFlow.update`.
   */
  update(f: (value: T) => T): T;
  /**
   * No value follows. Waits that the last value satisfies still succeed, others fail.
   *
   * @param error - what they fail with in place of a `ClosedError`
   * @returns `true` the first time, then `false`
   *
   * @example
   * ```ts
   * import { cell } from "rendezvous/sync";
   *
   * const ready = cell(false, { name: "ready" });
   * const waiting = ready.wait((set) => set).catch((error: unknown) => (error as Error).name);
   * console.log(ready.close(), ready.close(), await waiting); // true false ClosedError
   * ```
   *
   * Idea: the closing of channels.
   */
  close(error?: unknown): boolean;
  /**
   * Waits until a test holds for the value: the present one, else the first later one that is seen and passes.
   *
   * @param test - runs in the waiter's own turn and sees the latest value, so one that is soon replaced may be missed. What it throws is the result.
   * @param options - a `signal` to give up by
   * @returns the value that has passed; rejects with a `ClosedError`, or the error given to {@link close}, when none can follow; with `signal.reason`
   *
   * @example
   * ```ts
   * import { cell } from "rendezvous/sync";
   *
   * const left = cell(2);
   * const latch = left.wait((n) => n === 0);
   * left.value--;
   * left.value--;
   * console.log(await latch); // 0
   * ```
   *
   * Idea: tokio's `wait_for`.
   */
  wait(test: (value: T) => boolean, options?: WaitOptions): Promise<T>;
  /**
   * Describes a {@link wait}, for `select` and `yield*`.
   *
   * @example
   * ```ts
   * import { select, sleeping } from "rendezvous";
   * import { cell } from "rendezvous/sync";
   *
   * const paused = cell(true);
   * console.log((await select({ goes: paused.waiting((now) => !now), late: sleeping(5) })).case); // late
   * ```
   *
   * Idea: Concurrent ML's events.
   */
  waiting(test: (value: T) => boolean): Operation<T>;
  /**
   * The present value, at the first receive, and then the latest whenever it differs from the one given last. Any number may listen, and none slows the
   * setter: values that are replaced before they are received are left out. After {@link close} it gives the last value, if it has not been given, and
   * ends, or fails with the error given to `close`.
   *
   * @example
   * ```ts
   * import { cell } from "rendezvous/sync";
   *
   * const level = cell(1);
   * const changes = level.changes();
   * console.log(await changes.receive()); // 1
   * for (const next of [2, 3]) level.value = next;
   * level.close();
   * console.log(await changes.toArray()); // [ 3 ]
   * ```
   *
   * Idea: Kotlin's `StateFlow`.
   */
  changes(): Flow<T>;
}

/**
 * Makes a cell with its first value.
 *
 * @param value - the first value
 * @param options - `equals`: when a value counts as unchanged; `name`: what errors and reports call it
 * @throws TypeError for another option, or one of the wrong type
 *
 * @example
 * ```ts
 * import { go } from "rendezvous";
 * import { cell } from "rendezvous/sync";
 *
 * const temperature = cell(20);
 * go(() => { temperature.value = 101; });
 * console.log(await temperature.wait((now) => now > 100)); // 101
 * ```
 *
 * Idea: tokio's `watch`, Kotlin's `MutableStateFlow`.
 */
export function cell<T>(value: T, options: CellOptions<T> = {}): Cell<T> {
  const { equals = Object.is, name } = knownOptions(options, cellOptions, "cell");
  checkedFunction(equals, "the option equals of cell", "(a, b) => a.id === b.id", ...notPlain);
  return new WatchedCell(new Watched(value, equals, checkedName(name, "cell")));
}

const cellOptions: Known<CellOptions<never>> = { equals: true, name: true };
const notPlain = ["AsyncFunction", "GeneratorFunction", "AsyncGeneratorFunction"] as const;

/** What somebody waits for: looks at the cell, and gives what comes of it, or nothing yet. */
type Look<U> = (key: CaseKey | undefined) => U | Nothing;

/** In the slot of each who waits. */
interface Watch {
  readonly look: Look<unknown>;
  readonly context: AsyncContext | undefined;
}

/** The value, and the line of those who wait for another one. */
export class Watched<T> extends WaitQueue implements Job {
  readonly name: string;
  readonly equals: (a: T, b: T) => boolean;
  value: T;
  /** How often it has changed. */
  version = 0;
  end: { readonly error: unknown } | undefined = undefined;
  #looksSoon = false;

  constructor(value: T, equals: (a: T, b: T) => boolean, name: string) {
    super();
    this.value = value;
    this.equals = equals;
    this.name = name;
    tellMade(this);
    controller?.moves(this);
  }

  get title(): string {
    return `cell ${JSON.stringify(this.name)}`;
  }

  override describe(): string {
    return `for ${this.title}`;
  }

  set(value: T): void {
    touch(this, "set");
    if (this.end) throw this.closedError("set", undefined);
    if (this.equals(this.value, value)) return;
    this.value = value;
    this.#changed();
  }

  close(error: unknown): boolean {
    touch(this, "close");
    if (this.end) return false;
    this.end = { error };
    this.#changed();
    return true;
  }

  #changed(): void {
    this.version++;
    if (this.first) this.lookSoon();
  }

  /** Have all in line look again, in a turn of their own. */
  lookSoon(): void {
    if (this.#looksSoon) return;
    this.#looksSoon = true;
    enqueue(this);
  }

  run(): void {
    touch(this);
    this.#looksSoon = false;
    const inLine: [Waiter, Watch][] = [];
    for (let waiter = this.first; waiter; waiter = waiter.next) inLine.push([waiter, waiter.slot as Watch]);
    for (const [waiter, watch] of inLine) {
      if (waiter.slot !== watch) continue; // gone, because of what another has seen
      if (watch.context) watch.context.runInAsyncScope(() => { this.#lookAs(waiter, watch); });
      else this.#lookAs(waiter, watch);
    }
  }

  #lookAs(waiter: Waiter, watch: Watch): void {
    let seen: unknown;
    try {
      seen = watch.look(waiter.key);
    } catch (error) {
      this.#letGo(waiter, watch, "error", error);
      return;
    }
    if (seen !== nothing) this.#letGo(waiter, watch, "value", seen);
  }

  /** Code of the user has run meanwhile. */
  #letGo(waiter: Waiter, watch: Watch, how: "value" | "error", what: unknown): void {
    if (waiter.slot !== watch) return;
    this.withdraw(waiter);
    waiter.resume(how, what);
  }

  /** Given that no value follows: why those fail who wait for one. */
  failure(key: CaseKey | undefined): unknown {
    return this.end?.error ?? this.closedError("wait", key);
  }

  closedError(verb: "set" | "wait", key: CaseKey | undefined): ClosedError {
    const why = verb === "set" ? "nobody would see it" : "its last value does not pass the test, and none will follow";
    return new ClosedError(`${verb} on closed ${this.title}: ${why}`, { cause: this.end?.error, case: key });
  }
}

/** Looks until it has seen something. Each performing has its own, which knows what it saw. */
export class Watching<T, U> extends Performable<U> {
  readonly #watched: Watched<T>;
  readonly #look: Look<U>;
  #seen = -1;

  constructor(watched: Watched<T>, look: Look<U>) {
    super();
    this.#watched = watched;
    this.#look = look;
  }

  override toString(): string {
    return this.#watched.describe();
  }

  /** A look is code of the user. */
  override get traits(): number {
    return Prepares | ResultIsDeferred;
  }

  override prepare(): Performable<U> {
    return new Watching(this.#watched, this.#look);
  }

  override footprint(): void {
    touch(this.#watched);
  }

  override attempt(key?: CaseKey): U | Nothing {
    touch(this.#watched);
    this.#seen = this.#watched.version;
    return this.#look(key);
  }

  override enlist(waiter: Waiter): void {
    const watch: Watch = { look: this.#look, context: captured() };
    waiter.slot = watch;
    this.#watched.join(waiter);
    if (this.#seen !== this.#watched.version) this.#watched.lookSoon(); // code of the user has changed it since
  }
}

class WatchedCell<T> extends Named implements Cell<T> {
  readonly #watched: Watched<T>;

  constructor(watched: Watched<T>) {
    super();
    this.#watched = watched;
  }

  get value(): T {
    touch(this.#watched);
    return this.#watched.value;
  }

  set value(value: T) {
    this.#watched.set(value);
  }

  update(f: (value: T) => T): T {
    const watched = this.#watched;
    checkedFunction(f, `update of ${watched.title}`, "cell.update((value) => ...)", ...notPlain);
    if (watched.end) throw watched.closedError("set", undefined);
    watched.set(f(this.value));
    return watched.value;
  }

  close(error?: unknown): boolean {
    return this.#watched.close(error);
  }

  wait(test: (value: T) => boolean, options?: WaitOptions): Promise<T> {
    return promised(() => perform(this.waiting(test), options));
  }

  waiting(test: (value: T) => boolean): Operation<T> {
    const watched = this.#watched;
    checkedFunction(test, `wait on ${watched.title}`, "cell.wait((value) => value > 0)", ...notPlain);
    return new Watching(watched, (key) => {
      const { value } = watched;
      if (passes(test, value)) return value;
      if (watched.end) throw watched.failure(key);
      return nothing;
    });
  }

  changes(): Flow<T> {
    const changes = new Changes(this.#watched);
    // Not by `flow`, which brings every kind of source along.
    return flowFrom(new ReceiverOrigin(changes as unknown as Receiver<unknown>, { name: changes.name, preventCancel: false, onDrop: undefined }));
  }

  protected override get title(): string {
    return `C${this.#watched.title.slice(1)}`;
  }

  protected override facts(): (string | false)[] {
    const { length, end } = this.#watched;
    return [length > 0 && counted(length, "task", "wait"), end !== undefined && "closed"];
  }
}

/** Gives the latest value whenever it differs from the one given last: what a flow needs of its source. */
class Changes<T> {
  readonly #watched: Watched<T>;
  #given: { readonly value: T } | undefined = undefined;
  #over = false;

  constructor(watched: Watched<T>) {
    this.#watched = watched;
  }

  get name(): string {
    return `changes of ${this.#watched.title}`;
  }

  nexting(): Operation<IteratorResult<T, undefined>> {
    return new Watching(this.#watched, () => this.#look());
  }

  #look(): IteratorResult<T, undefined> | Nothing {
    const { value, end, equals } = this.#watched;
    if (this.#over) return theEnd();
    if (!this.#given || !equals(this.#given.value, value)) {
      this.#given = { value };
      return { done: false, value };
    }
    if (!end) return nothing;
    if (end.error !== undefined) throw end.error;
    return theEnd();
  }

  cancel(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#watched.lookSoon();
    return true;
  }
}

/** Whether a test holds; a promise for that would always do. */
function passes<T>(test: (value: T) => boolean, value: T): boolean {
  const result: unknown = test(value);
  if (isThenable(result)) throw new TypeError(`a test gives true or false, not ${show(result)}: it may not wait`);
  return Boolean(result);
}
