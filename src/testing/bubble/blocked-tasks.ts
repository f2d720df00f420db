/**
 * Which tasks wait for something outside, and so keep virtual time where it is.
 *
 * 1. A task waits inside if it has begun an operation that has not happened, unless what lets that happen comes from outside of the
 *    library; or if it is at the end of a scope that waits for its tasks. Any other task either goes on or waits outside.
 * 2. What is told of a task makes it one to look at again; the others are left alone. So a look takes time in proportion to what has
 *    gone on since the last one, not to how many tasks there are.
 *
 *        begins, goes on ─► to look at ── asked: waits inside ──► at rest
 *                               ▲                                   │
 *                               └────────────── goes on ────────────┘
 *
 * Idea: the durably blocked goroutines of Go's `synctest`.
 */
import { External, Performable } from "../../core/operation.ts";
import { Driver } from "../../task/generator.ts";
import { ScopeState } from "../../task/scope/scope-state.ts";
import { type CancelScope, RegionWaiter } from "../../task/cancel/cancel-scope.ts";
import { Task } from "../../task/task.ts";

/** A task that has not ended, with what it waits for, by who waits there for it. */
interface Member {
  readonly task: Task<unknown>;
  readonly waits: Map<object, object>;
}

export class BlockedTasks {
  readonly #members = new Map<object, Member>();
  readonly #waiters = new Map<object, Member>();
  readonly #toLookAt = new Set<Member>();
  /** Who waits inside, and is in no task: what was called by `detached`. */
  readonly #detached = new Set<object>();

  begins(task: Task<unknown>): void {
    const member = { task, waits: new Map<object, object>() };
    this.#members.set(task, member);
    this.#toLookAt.add(member);
  }

  waits(waiter: object, where: object): void {
    const cancelScope = cancelScopeOf(waiter);
    const member = this.#memberIn(cancelScope);
    if (!member) {
      if (!taskOf(cancelScope) && !(where instanceof ScopeState) && isInside(where)) this.#detached.add(waiter);
      return;
    }
    member.waits.set(waiter, where);
    this.#waiters.set(waiter, member);
  }

  goesOn(waiter: object): void {
    this.#detached.delete(waiter);
    const member = this.#waiters.get(waiter);
    if (!member) return;
    this.#waiters.delete(waiter);
    member.waits.delete(waiter);
    if (this.#members.get(member.task) === member) this.#toLookAt.add(member);
  }

  ends(task: Task<unknown>): void {
    const member = this.#members.get(task);
    if (!member) return;
    this.#members.delete(task);
    this.#toLookAt.delete(member);
    for (const waiter of member.waits.keys()) this.#waiters.delete(waiter);
    // Who waited for it at the end of their scope may have to wait for something else now.
    const around = this.#memberIn(task.cancelScope?.parent);
    if (around) this.#toLookAt.add(around);
  }

  /** Whether somebody waits outside; to be asked when nobody can go on. */
  get anyOutside(): boolean {
    for (const member of this.#toLookAt) {
      if (isOutside(member)) return true;
      this.#toLookAt.delete(member);
    }
    return false;
  }

  /** Whether something inside is waited for that is in no task. A task that waits for a promise may well wait for that. */
  get anyDetached(): boolean {
    return this.#detached.size > 0;
  }

  /** Whether this task, or the body of a scope in it, waits outside. */
  isOutside(task: Task<unknown>): boolean {
    const member = this.#members.get(task);
    return member !== undefined && isOutside(member);
  }

  #memberIn(cancelScope: CancelScope | undefined): Member | undefined {
    const task = taskOf(cancelScope);
    return task && this.#members.get(task);
  }
}

/** The task whose code runs in a cancel scope: in its own, or in that of a scope in it. */
export function taskOf(cancelScope: CancelScope | undefined): Task<unknown> | undefined {
  for (let outer = cancelScope; outer; outer = outer.parent) if (outer.owner instanceof Task) return outer.owner as Task<unknown>;
  return undefined;
}

function cancelScopeOf(waiter: object): CancelScope | undefined {
  if (waiter instanceof RegionWaiter) return waiter.cancelScope;
  if (waiter instanceof Driver) return waiter.cancelContext;
  return waiter instanceof ScopeState ? waiter.cancelScope.parent : undefined;
}

function isOutside({ waits }: Member): boolean {
  for (const where of waits.values()) if (isInside(where)) return false;
  return true;
}

function isInside(where: object): boolean {
  if (where instanceof Performable) return (where.traits & External) === 0;
  return !(where instanceof ScopeState) || (!where.bodyRuns && where.hasTasks);
}
