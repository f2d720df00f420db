/**
 * Which cancel scope the running code is in.
 *
 * A generator task takes it from its driver. For async functions the platform carries it along, in one `AsyncLocalStorage` that is made with the
 * first scope. On platforms without one (browsers) a body is in its cancel scope until its first wait: a cancel reaches that wait, and later ones
 * take `{ signal }`.
 *
 * Idea: Kotlin's coroutine context.
 */
import { provideCancelContexts, type ContextProvider } from "../../core/cancel-context.ts";
import { contexts, type Carried } from "../../platform/async-context.ts";
import { enter, running } from "../../core/yielding.ts";
import { start, type Job } from "../../core/scheduler.ts";
import { cancelErrors } from "./any-cancelled.ts";
import type { CancelScope, TaskInfo } from "./cancel-scope.ts";

let carried: Carried<CancelScope> | undefined;

/** Carries a cancel scope for the current call stack only. */
class OnTheStack implements Carried<CancelScope> {
  #cancelScope: CancelScope | undefined = undefined;

  getStore(): CancelScope | undefined {
    return this.#cancelScope;
  }

  run<R>(cancelScope: CancelScope | undefined, run: () => R): R {
    const before = this.#cancelScope;
    this.#cancelScope = cancelScope;
    try {
      return run();
    } finally {
      this.#cancelScope = before;
    }
  }
}

/** The cancel scope of the running code: where an operation performed now waits. Ended ones do not count, unless they were cancelled. */
export function currentCancelScope(): CancelScope | undefined {
  return notOver(running ? (running.cancelContext as CancelScope | undefined) : carried?.getStore()) ?? surrounding;
}

/** The innermost one from here outwards that has not ended, or was cancelled. */
export function notOver(cancelScope: CancelScope | undefined): CancelScope | undefined {
  let outer = cancelScope;
  while (outer?.over === true && !outer.cancelError) outer = outer.parent;
  return outer;
}

let surrounding: CancelScope | undefined;

/** Code in no cancel scope counts as in this one, until the returned function is called. */
export function surround(cancelScope: CancelScope): () => void {
  surrounding = cancelScope;
  provideCancelContexts(provider);
  return () => { surrounding = undefined; };
}

/** Start the body of a task or a scope in a cancel scope, or in none, in a later microtask. */
export function startIn(cancelScope: CancelScope | undefined, beginning: Job, who: TaskInfo): void {
  if (cancelScope) {
    carried ??= contexts?.carry<CancelScope>() ?? new OnTheStack();
    provideCancelContexts(provider);
  }
  if (!contexts) start(cancelScope ? within(cancelScope, beginning) : beginning, who);
  else {
    const inContext = cancelScope ? true : undefined;
    if (!carried || carried.getStore() === cancelScope) start(beginning, who, inContext);
    else carried.run(cancelScope, () => { start(beginning, who, inContext); });
  }
}

/** A job that takes its cancel scope along, for platforms that do not. */
function within(cancelScope: CancelScope, beginning: Job): Job {
  return { run: () => { carried?.run(cancelScope, () => { beginning.run(); }); } };
}

/** Run a function as part of a cancel scope, or of none, and of no generator task. */
export function runAs<T>(cancelScope: CancelScope | undefined, f: () => T): T {
  const performer = running;
  enter(undefined);
  try {
    return carried && carried.getStore() !== cancelScope ? carried.run(cancelScope, f) : f();
  } finally {
    enter(performer);
  }
}

// -- Free tasks ----------------------------------------------------------------------------------------------------------------------

let scopeOfFreeTask: ((task: TaskInfo) => CancelScope) | undefined;

/** Give each free task a cancel scope of its own, so that reports know what it waits for, until the returned function is called. */
export function identifyFreeTasks(make: (task: TaskInfo) => CancelScope): () => void {
  const before = scopeOfFreeTask;
  scopeOfFreeTask = make;
  provideCancelContexts(provider);
  return () => { scopeOfFreeTask = before; };
}

let topLevel: CancelScope | undefined;

/** Put code outside of every task in this cancel scope, so that reports know what it waits for. The result undoes it. */
export function identifyTopLevel(cancelScope: CancelScope): () => void {
  const before = topLevel;
  topLevel = cancelScope;
  provideCancelContexts(provider);
  return () => { topLevel = before; };
}

class Provider implements ContextProvider { // a class, since V8 does not inline the getter of an object literal
  current(): CancelScope | undefined {
    return currentCancelScope() ?? topLevel;
  }

  get anyCancelled(): boolean {
    return cancelErrors.any;
  }

  runIn(context: CancelScope | undefined, run: () => void): void {
    runAs(context, run);
  }

  startFree(task: TaskInfo & { cancelScope: CancelScope | undefined }, beginning: Job): void {
    task.cancelScope = scopeOfFreeTask?.(task);
    startIn(task.cancelScope, beginning, task);
  }
}

const provider = new Provider();
