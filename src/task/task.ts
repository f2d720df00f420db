/**
 * Tasks: a body that runs, and the waiters for its end.
 *
 * 1. A body starts in a later microtask, in call order, in the async context of its `go`.
 * 2. A failure reaches every joiner, also those that come after it. One that is never joined is one unhandled rejection.
 * 3. Joiners go on in the order in which they came. One that has left leaves nothing: a failure for which nobody waits any more is unhandled.
 *
 * Idea: Go's `go`, with a handle as in trio and Kotlin.
 */
import { checkedFunction } from "../support/given.ts";
import { nothing, Performable, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { provideJoining } from "../ops/joining.ts";
import { contextProvider } from "../core/cancel-context.ts";
import { forDeno, forNode, withFacts } from "../support/printing.ts";
import { controller, touch } from "../core/controller.ts";
import { type Job, start } from "../core/scheduler.ts";
import { release, WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { misuse } from "../errors.ts";
import { checkedBody, runBody, type Body, type GivenBody } from "./body.ts";
import type { Driver, HowEnded } from "./generator.ts";
import type { CancelScope, TaskInfo } from "./cancel/cancel-scope.ts";
import { observer } from "./cancel/observer.ts";
import { nextId, registry } from "./report/registry.ts";

/** The state of a task: not started, running, or how it ended. */
export type TaskState = "pending" | "running" | "done" | "failed" | "cancelled";

/**
 * Starts a task: a body that runs concurrently with the code that started it.
 *
 * The body starts in a later microtask, never inside `go`; several start in call order. A free task belongs to no scope, so nothing can cancel it. If
 * it fails and nothing joins it, that is one unhandled rejection, even if the failure is the CancelledError of another task.
 *
 * A generator body is the fast lane: it does `yield*` on an operation where an async body awaits a verb, and hands over without a promise. It meets
 * async tasks on the same channels. Yielding anything but an operation does not compile; at run time it is a `TypeError` at that point of the body.
 * An async generator function is a `TypeError` at the call, since nothing would read what it yields.
 *
 * @param body - an async, a plain or a generator function; its name names the task
 * @param args - given to the body
 * @returns the task; `await` it for the body's result
 *
 * @example
 * ```ts
 * import { chan, go } from "rendezvous";
 *
 * const task = go(async (a: number, b: number) => a + b, 2, 3);
 * console.log(task.state); // pending
 * console.log(await task); // 5
 *
 * const numbers = chan<number>();
 * go(function* () {
 *   for (let n = 1; n <= 2; n++) yield* numbers.sending(n);
 * });
 * console.log(await numbers.receive(), await numbers.receive()); // 1 2
 * ```
 *
 * Idea: Go's `go` statement; generator tasks as in js-csp and co.
 */
export function go<A extends unknown[], T, Y = never, Z = never, P = never>(
  body: GivenBody<"go(() => work()), not go(work())", A, T, Y, Z, P>,
  ...args: A
): Task<T>;
export function go<T>(body: unknown, ...args: unknown[]): Task<T> {
  checkedBody(body, "go", "go(() => work()), not go(work())");
  return new Task<T>(body as Body<unknown[], T>, args);
}

/**
 * Gives a name to a body, and so to the task that runs it.
 *
 * @typeParam F - the type of the body, which the result has too
 * @param name - what errors and reports call the task
 * @param body - any function; it is not changed, since the result is another function
 *
 * @example
 * ```ts
 * import { go, named } from "rendezvous";
 *
 * const task = go(named("reader", async () => "read"));
 * console.log(task.name, await task); // reader read
 * ```
 *
 * Idea: asyncio's `create_task(..., name=)`.
 */
export function named<F extends (...args: never[]) => unknown>(name: string, body: F): F {
  if (typeof (name as unknown) !== "string") throw misuse("named", 'a name first, as named("reader", () => work())', name);
  checkedFunction(body, "named", 'named("reader", () => work())');
  const copy = ((...args: never[]) => body(...args)) as F;
  return Object.defineProperty(copy, "name", { value: name });
}

/**
 * A running body. Joining it (`await task`, {@link join}, {@link joining}, {@link result}) gives what the body returns or throws.
 *
 * Made by {@link go}. Idea: trio's and Kotlin's handles; `await task` as with asyncio's tasks.
 */
export class Task<T> implements PromiseLike<T> { // and a `WaitPlace`, which is not public
  /** A number that no other task or scope has. Later tasks have higher ones. */
  readonly id: number = nextId();
  readonly #name: string;
  #state: TaskState = "pending";
  /** The body, until it begins; the outcome, once it has ended. */
  #outcome: unknown;
  /** What the body is called with, until it begins. */
  #args: unknown[] | undefined;
  /** Who waits for its end. Mostly that is one, who waits in the task itself; a second one makes a queue. */
  #joiners: Waiter | WaitQueue | undefined;
  /** @internal */
  cancelScope: CancelScope | undefined;
  /** @internal */
  driver: Driver | undefined = undefined;
  /** @internal */
  before: TaskInfo | undefined = undefined;
  /** @internal */
  after: TaskInfo | undefined = undefined;

  /** @internal */
  constructor(body: Body<unknown[], T>, args: unknown[], startChild?: (task: Task<unknown>, beginning: Job) => void) {
    this.#name = body.name;
    registry.add(this);
    observer?.site(this);
    this.#outcome = body;
    this.#args = args.length === 0 ? none : args;
    if (startChild) startChild(this, this);
    else if (contextProvider) contextProvider.startFree(this as never, this);
    else start(this, this);
  }

  /** @internal Begin. */
  run(): void {
    const body = this.#outcome as Body<unknown[], T>;
    const args = this.#args as unknown[];
    this.#outcome = undefined;
    this.#args = undefined;
    if (this.cancelScope?.cancelError) {
      this.ended("return", undefined);
      return;
    }
    this.#state = "running";
    runBody(this, body, args);
  }

  /** @internal The body has ended, with this outcome. */
  ended(how: HowEnded, outcome: unknown): void {
    controller?.ended(this);
    registry.remove(this);
    this.driver = undefined;
    const cancelled = how === "return" || (how === "error" && this.cancelScope?.isCancel(outcome) === true);
    this.#state = cancelled ? "cancelled" : how === "error" ? "failed" : "done";
    this.#outcome = cancelled ? this.cancelScope?.cancelError : outcome;
    const joiners = this.#joiners;
    if (this.#state === "failed") {
      observer?.failed(this, outcome);
      if (!(joiners instanceof WaitQueue ? joiners.first : joiners) && this.isFree) unjoined.set(this, Promise.reject(outcome));
    }
    const given = how === "value" ? how : "error";
    if (joiners instanceof WaitQueue) joiners.resumeAll(given, this.#outcome);
    else if (joiners) {
      this.withdraw(joiners);
      joiners.resume(given, this.#outcome);
    }
    this.#joiners = undefined;
  }

  /** @internal Whether it belongs to no scope: only its joiners deal with its failure. */
  get isFree(): boolean {
    return true;
  }

  /** @internal */
  get kind(): "task" {
    return "task";
  }

  /** The body's name, or one made of the task's number. */
  get name(): string {
    return this.#name || `task-${String(this.id)}`;
  }

  /** Its description: `Task 3 "reader" (running)`. */
  toString(): string {
    return withFacts(`Task ${String(this.id)} ${JSON.stringify(this.name)}`, this.currentState);
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  /** @internal */
  get [Symbol.toStringTag](): string {
    return "Task";
  }

  /** Not started, under way, or how it ended. A task that is cancelled before its start never starts. */
  get state(): TaskState {
    touch(this);
    return this.currentState;
  }

  // Not `#currentState`: a private method or accessor costs each object a field, by which V8 knows that the object has it.
  private get currentState(): TaskState {
    return this.#state === "pending" && this.cancelScope?.cancelError ? "cancelled" : this.#state;
  }

  /**
   * Waits for the end of the task. Any number of tasks may join it, any number of times.
   *
   * @param options - a `signal` that ends the wait; the task goes on
   * @returns what the body returned; rejects with what it threw, or with `signal.reason`
   *
   * @example
   * ```ts
   * import { go } from "rendezvous";
   *
   * const failing = go(() => { throw new Error("no luck"); });
   * console.log(await failing.join().catch((error: unknown) => (error as Error).message)); // no luck
   * ```
   *
   * Idea: Kotlin's `await`, Go's `WaitGroup`.
   */
  join(options?: WaitOptions): Promise<T> {
    return perform(this.joining(), options);
  }

  /** Describes a {@link join}, for `select` and `yield*`. */
  joining(): Operation<T> {
    return new Joining(this);
  }

  /**
   * Waits for the end of the task and gives its outcome as data. It never rejects because of the task, and counts as joining.
   *
   * @returns the outcome; rejects only if the task that waits for it is cancelled
   *
   * @example
   * ```ts
   * import { go } from "rendezvous";
   *
   * console.log(await go(() => 7).result()); // { status: 'fulfilled', value: 7 }
   * ```
   *
   * Idea: `Promise.allSettled`.
   */
  result(): Promise<PromiseSettledResult<T>> {
    return perform(
      this.joining().map<PromiseSettledResult<T>, PromiseSettledResult<T>>(
        (value) => ({ status: "fulfilled", value }),
        (reason) => ({ status: "rejected", reason }),
      ),
    );
  }

  /** `await task` joins it. */
  then<U = T, E = never>(
    onValue?: ((value: T) => U | PromiseLike<U>) | null,
    onError?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<U | E> {
    return this.join().then(onValue, onError);
  }

  /** @internal The outcome, if there is one. Seeing a failure counts as joining. */
  outcome(): T | Nothing {
    touch(this, "join");
    if (this.#state === "done") return this.#outcome as T;
    if (this.#state === "pending" || this.#state === "running") return nothing;
    unjoined.get(this)?.catch(() => { /* it has been joined now */ });
    unjoined.delete(this);
    throw this.#outcome;
  }

  /** @internal Wait for the outcome. */
  await(waiter: Waiter): void {
    const joiners = this.#joiners;
    if (joiners instanceof WaitQueue) joiners.join(waiter);
    else if (joiners) {
      this.#joiners = new WaitQueue(this);
      this.#joiners.join(joiners);
      this.#joiners.join(waiter);
    } else {
      this.#joiners = waiter;
      waiter.place = this;
    }
  }

  /** @internal The only joiner leaves. */
  withdraw(waiter: Waiter): void {
    touch(this);
    this.#joiners = undefined;
    release(waiter);
  }

  /** @internal */
  describe(): string {
    return `join of task "${this.name}"`;
  }
}

/** A failure that nothing has joined yet, as a rejected promise: the platform reports it as unhandled. */
const unjoined = new WeakMap<Task<unknown>, Promise<never>>();
/** The arguments of most bodies: one list for all, so that a task that waits for its turn holds none of its own. */
const none: unknown[] = [];

class Joining<T> extends Performable<T> {
  readonly #task: Task<T>;

  constructor(task: Task<T>) {
    super();
    this.#task = task;
  }

  override toString(): string {
    return this.#task.describe();
  }

  override attempt(): T | Nothing {
    return this.#task.outcome();
  }

  override footprint(): void {
    touch(this.#task);
  }

  override enlist(waiter: Waiter): void {
    this.#task.await(waiter);
  }
}

provideJoining((promise) => (promise instanceof Task ? new Joining(promise as Task<unknown>) : undefined));
