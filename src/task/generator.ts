/**
 * The driver of generator tasks: `const value = yield* ch.receiving()`.
 *
 * 1. No promise for a hop: the driver is its task's own waiter, and joins the run queue when what it waits for has happened.
 *    Where a turn is its own already, it goes on in that.
 * 2. What an operation gives, or throws, arrives at the `yield*` (or plain `yield`) that performs it; user code of a map runs
 *    there too, in the task's own turn.
 * 3. A body that yields anything but an operation gets a TypeError at that very point.
 * 4. A cancel takes it out of its place at once, and throws the error of the cancel at the `yield*` where it waits; a result that was there already
 *    arrives first. Each later operation fails with the same error. Only `awaiting` is neither withdrawn nor refused. An async function behaves the
 *    same. If `return()` were called instead of a throw, a caller would go on past its `yield* helper()` when the helper's `finally` waits.
 * 5. It goes on in its task's own async context, so that an async function which it calls is part of the task.
 *
 *        run queue ─► run() ─► generator.next ─► yield* op ─┬─ happens now: goes on
 *             ▲                                             └─ waits: op holds this waiter, and resume() queues it again
 *             └─────────────────────────────────────────────────┘
 *
 * Idea: the trampolines of co and js-csp, without their promise or their macrotask for a hop.
 */
import { contexts, type AsyncContext } from "../platform/async-context.ts";
import { enter, finish, type Performer, resumed, suspension } from "../core/yielding.ts";
import { type Operation, OutlastsCancel, performable, type Performable } from "../core/operation.ts";
import { contextProvider } from "../core/cancel-context.ts";
import { controller, tellWait } from "../core/controller.ts";
import { spend } from "../core/budget.ts";
import { enqueue, type Job } from "../core/scheduler.ts";
import { opened, withdraw, type Outcome, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import type { CancelledError } from "../errors.ts";
import type { CancelScope } from "./cancel/cancel-scope.ts";
import { observer } from "./cancel/observer.ts";

/** How a body ended. `"return"`: by a cancel, without an outcome of its own. */
export type HowEnded = "value" | "error" | "return";

/** What runs a body: a task, a scope, a job. `ended` is called when the body has ended. */
export interface Runner {
  /** The cancel scope in which the body runs, if there is one. */
  readonly cancelScope: CancelScope | undefined;
  /** What drives the body, if that is a generator that has not ended. */
  driver?: Driver | undefined;
  ended(how: HowEnded, outcome: unknown): void;
}

export class Driver implements Job, Performer {
  declare next: Waiter | undefined;
  declare previous: Waiter | undefined;
  declare place: WaitPlace | undefined;
  /** What the place keeps with it; once it has been resumed, what has arrived. */
  declare slot: unknown;
  declare readonly runner: Runner;
  declare readonly generator: Generator<unknown, unknown, unknown>;
  /** The async context of the task, if that holds anything. */
  declare context: AsyncContext | undefined;
  declare how: Outcome;
  /** Whether the operation that it waits for, or last waited for, outlasts a cancel. */
  declare outlastsCancel: boolean;
  /** The error with which its operations fail once it is cancelled. */
  declare cancelError: CancelledError | undefined;
  /** Whether the generator waits at a plain `yield`, which gives what is sent, or at a `yield*`, which asks for it. */
  declare plain: boolean;

  constructor(runner: Runner, generator: Generator<unknown, unknown, unknown>) {
    this.next = undefined;
    this.previous = undefined;
    this.place = undefined;
    this.slot = undefined;
    this.runner = runner;
    this.generator = generator;
    this.context = undefined;
    this.how = "value";
    this.plain = true;
    this.cancelError = undefined;
    this.outlastsCancel = false;
  }

  /**
   * Run the generator from its start, in the runner's cancel scope. Its async context is captured only once it waits; if that is nothing but the
   * cancel scope, only once it waits again, since many wait once.
   */
  begin(): void {
    const { runner } = this;
    runner.driver = this;
    runner.cancelScope?.drive(this);
    this.goOn();
    if (runner.driver !== this || contexts === undefined) return;
    const inScope = runner.cancelScope !== undefined && controller === undefined; // under one, threads are in the context too
    if (inScope && contexts.isPlain()) this.context = nothingButScope;
    else if (inScope || !contexts.isEmpty()) this.context = contexts.snapshot();
  }

  meetCancel(): CancelledError | undefined {
    const { cancelScope } = this.runner;
    if (cancelScope) cancelScope.delivered = true;
    return this.cancelError;
  }

  get cancelContext(): CancelScope | undefined {
    return this.runner.cancelScope;
  }

  waitFor(operation: Performable<unknown>): void {
    this.outlastsCancel = (operation.traits & OutlastsCancel) !== 0;
    if (this.cancelError !== undefined && !this.outlastsCancel) {
      this.resume("error", this.meetCancel());
      return;
    }
    tellWait(this, operation, this.runner.cancelScope);
    observer?.waits(this);
    operation.enlist(this);
  }

  resume(how: Outcome, what: unknown, last?: boolean, inContext?: boolean): void {
    this.how = how;
    this.slot = what;
    if (last !== true || controller !== undefined || !spend()) enqueue(this);
    else if (inContext === true) this.goOn();
    else this.run();
  }

  /** Fail the operation that it waits for, and all later ones. The first cancel counts. */
  cancel(error: CancelledError): void {
    this.cancelError = error;
    if (this.place === undefined || this.outlastsCancel) return;
    withdraw(this);
    this.resume("error", this.meetCancel());
  }

  /** Go on with what has arrived, up to the next wait or the end, in the task's own async context. */
  run(): void {
    if (this.context === undefined) this.goOn();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on this driver; a closure would be an object more for each
    else this.context.runInAsyncScope(this.goOn, this);
  }

  /** Go on in the cancel scope of the runner. Captured is what is found there, if the task waits again. */
  enter(): void {
    contextProvider?.runIn(this.runner.cancelScope, () => {
      this.goOn();
      if (this.runner.driver === this) this.context = contexts?.snapshot();
    });
  }

  /** The same, in the context of the caller. */
  goOn(): void {
    for (;;) {
      let given: IteratorResult<unknown, unknown>;
      try {
        given = step(this);
      } catch (error) {
        enter(undefined);
        this.runner.ended("error", error);
        return;
      }
      enter(undefined);
      finish(undefined);
      if (given.done === true) {
        this.runner.ended("value", given.value);
        return;
      }
      this.plain = given.value !== suspension;
      if (!this.plain || !performed(this, given.value)) return;
    }
  }
}

// Functions, since methods of the language's private ones would cost each driver a field: V8's mark of those that have them.

function step(driver: Driver): IteratorResult<unknown, unknown> {
  const { how, slot: arrived } = driver;
  driver.slot = undefined;
  enter(driver);
  return how === "value" && !driver.plain ? giveBack(driver, arrived) : stepOtherwise(driver, how, arrived);
}

/** Go on at a `yield*`. */
function giveBack({ generator }: Driver, value: unknown): IteratorResult<unknown, unknown> {
  finish(value);
  return generators.next.call(generator, resumed);
}

function stepOtherwise(driver: Driver, how: Outcome, arrived: unknown): IteratorResult<unknown, unknown> {
  if (how === "result") {
    try {
      arrived = opened(how, arrived);
    } catch (error) {
      how = "error";
      arrived = error;
    }
  }
  if (how === "error") return generators.throw.call(driver.generator, arrived);
  return driver.plain ? generators.next.call(driver.generator, arrived) : giveBack(driver, arrived);
}

/** Perform the operation that a plain `yield` gave, as a `yield*` there would. Returns false if the task has to wait. */
function performed(driver: Driver, yielded: unknown): boolean {
  enter(driver);
  try {
    const step = performable(yielded as Operation<unknown>, "yield in a generator task").next(undefined);
    if (step.done !== true) return false;
    driver.how = "value";
    driver.slot = step.value;
  } catch (error) {
    driver.how = "error";
    driver.slot = error;
  }
  return true;
}

/** The context of a generator that has waited once, if there is nothing in it but the cancel scope. */
const nothingButScope: AsyncContext = {
  runInAsyncScope(_goOn, driver) {
    (driver as Driver).enter();
  },
};

/** What all native generators inherit from. */
const generators = Object.getPrototypeOf(function* () { /* none is made */ }.prototype) as Generator<unknown, unknown, unknown>;

/**
 * Whether a body has returned a generator to be driven. This looks at the prototype only: the generators of each function have a shape of their own,
 * and looking up their properties takes a third of the time to start a task (`node bench/run.mjs spawn`).
 */
export function isGenerator(result: unknown): result is Generator<unknown, unknown, unknown> {
  return Object.prototype.isPrototypeOf.call(generators, result as object);
}
