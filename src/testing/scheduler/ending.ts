/**
 * The end of a program under control that has not ended by itself, as in a deadlock, with a leak or at a limit: what is left of it is cancelled, so
 * that its `finally` blocks and what it has deferred run, and nothing of it stays.
 *
 * 1. What is left is cancelled with one error. Code of it that is part of nothing that can be cancelled, as a free task of `explore`, is refused with
 *    that error from then on.
 * 2. Clean-up goes on as in production, in virtual time. What is shielded may end by itself; else it is cancelled, too.
 * 3. It is bounded, in wake-ups and timers and in turns of the event loop: whoever does not end is left, and no trace tells of any of this.
 *
 *        cancel ─► go on until nobody can ─► those who are left have caught the cancel, or are shielded: cancel each ─► go on ─► the end
 *
 * Idea: structured concurrency's own end, applied to a whole program.
 */
import { PromiseWaiter } from "../../core/park.ts";
import type { Controller } from "../../core/controller.ts";
import { control } from "../../core/scheduler.ts";
import { withdraw } from "../../core/wait-queue.ts";
import { CancelledError } from "../../errors.ts";
import { noteCancel } from "../../task/cancel/any-cancelled.ts";
import { surround } from "../../task/cancel/current.ts";
import { rootCancelScope, type CancelScope, type TaskInfo } from "../../task/cancel/cancel-scope.ts";
import { registry } from "../../task/report/registry.ts";
import { Task } from "../../task/task.ts";
import { eventLoopTurn, whenQuiet } from "./platform.ts";

/** What was in control of the program. */
export interface Controlled {
  /** The number of the task that was its first. */
  readonly first: number;
  /** Who was about to go on, and does not any more. */
  takePending(): (() => void)[];
  /** Who waits in it; those need not be told who wait in a task or a scope. */
  waiters(): Iterable<object>;
  arm(ms: number, fire: () => void): () => void;
  /** Time moves to the next timer, which is taken out. */
  nextTimer(): (() => void) | undefined;
}

/** Whose is what is left and runs in nothing. */
const nobody: TaskInfo = { kind: "task", id: 0, name: "nobody", cancelScope: undefined, before: undefined, after: undefined };

const wakesForAll = 1000;
const wakesForEach = 100;
const turnsForAll = 8;

/** What has begun since, and has not ended. */
export function leftSince(first: number): TaskInfo[] {
  const left: TaskInfo[] = [];
  for (let one = registry.first; one; one = one.after) if (one.id >= first) left.push(one);
  return left;
}

/** An error to cancel what is left with; for any number of runs, since it takes some time to make, and to collect. */
export function lastCancel(of: string): CancelledError {
  const error = new CancelledError(
    `${of} has ended, and what was left of its program is cancelled. Let this error pass; shield() what has to be done all the same`,
  );
  noteCancel(error);
  return error;
}

/** In control from its making on: nobody goes on until it is told to end the program. */
export class Ending implements Controller {
  readonly #program: Controlled;
  readonly #error: CancelledError;
  #ready: (() => void)[];
  #wakes = 0;
  #turns = 0;
  #thorough = false;
  #then: () => void = () => { /* it has not begun */ };
  readonly #goOn: () => void = () => { this.#step(); };

  /** @param error - what to cancel with: a {@link lastCancel} */
  constructor(program: Controlled, error: CancelledError) {
    this.#program = program;
    this.#error = error;
    this.#ready = program.takePending();
    control(this);
  }

  /** End the program. Nobody is in control when `then` is called. */
  end(then: () => void): void {
    const around = rootCancelScope(nobody);
    around.cancel(this.#error, false, true);
    const release = surround(around);
    this.#then = () => {
      release();
      then();
    };
    this.#cancel();
    whenQuiet(this.#goOn);
  }

  get #left(): TaskInfo[] {
    return leftSince(this.#program.first);
  }

  /** Cancel the outermost of what is left, and so what is in it; or each by itself. */
  #cancel(): void {
    const left = this.#left;
    this.#wakes = wakesForAll + wakesForEach * left.length;
    for (const one of left) {
      const cancelScope = cancelScopeOf(one);
      if (this.#thorough || !cancelScope?.parent) cancelScope?.cancel(this.#error, true, true);
    }
    for (const waiter of this.#program.waiters()) {
      if (!(waiter instanceof PromiseWaiter) || !waiter.place) continue;
      const cancelScope = waiter.context as CancelScope | undefined;
      if (cancelScope === undefined) {
        withdraw(waiter);
        waiter.resume("error", this.#error);
      } else if (this.#thorough || cancelScope.owner.kind === "top level") cancelScope.cancelWait(waiter, this.#error);
    }
  }

  #step(): void {
    if (this.#ready.length > 0 && this.#wakes > 0) {
      const ready = this.#ready;
      this.#ready = [];
      for (const proceed of ready) proceed();
      whenQuiet(this.#goOn);
    } else if (this.#left.length === 0) this.#leave();
    else if (this.#turns < turnsForAll) {
      this.#turns++; // perhaps it waits for something outside
      eventLoopTurn(this.#goOn);
    } else {
      const fire = this.#wakes-- > 0 ? this.#program.nextTimer() : undefined;
      if (fire) {
        this.#turns = 0;
        fire();
        whenQuiet(this.#goOn);
      } else if (this.#thorough) this.#leave();
      else {
        this.#thorough = true;
        this.#turns = 0;
        this.#cancel();
        whenQuiet(this.#goOn);
      }
    }
  }

  #leave(): void {
    for (const one of this.#left) registry.remove(one);
    control(undefined);
    this.#then();
  }

  // -- What it is told --

  started(proceed: () => void): boolean {
    void new Promise<void>((resolve) => { this.ready(resolve); }).then(proceed);
    return false;
  }

  ready(proceed: () => void): boolean {
    this.#wakes--;
    this.#ready.push(proceed);
    return false;
  }

  turn(proceed: () => void): void {
    this.ready(proceed);
  }

  runsOn(): boolean {
    return false;
  }

  choose(): number {
    return 0;
  }

  arm(ms: number, fire: () => void): () => void {
    return this.#program.arm(ms, fire);
  }

  waits(): void { /* nobody asks any more */ }
  entered(): void { /* the same */ }
  made(): void { /* the same */ }
  moves(): void { /* the same */ }
  accessed(): void { /* the same */ }
  ended(): void { /* the same */ }
}

/** What it runs in. A free task that has no cancel scope gets one. */
function cancelScopeOf(who: TaskInfo): CancelScope | undefined {
  if (!who.cancelScope && who instanceof Task) {
    const { driver } = who;
    who.cancelScope = rootCancelScope(who);
    if (driver) who.cancelScope.drive(driver);
  }
  return who.cancelScope;
}
