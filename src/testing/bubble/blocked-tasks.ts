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
import type { Actor, Enclosing, Part, Waited } from "../../core/controller.ts";
import { External } from "../../core/operation.ts";
import { EndOfScope } from "../scheduler/end-of-scope.ts";

/** A task that has not ended, with what it waits for, by who waits there for it. */
interface Member {
  readonly task: Actor;
  readonly waits: Map<object, Waited>;
}

export class BlockedTasks {
  readonly #members = new Map<object, Member>();
  readonly #waiters = new Map<object, Member>();
  readonly #toLookAt = new Set<Member>();
  /** Who waits inside, and is in no task: what was called by `detached`. */
  readonly #detached = new Set<object>();

  begins(task: Actor): void {
    const member = { task, waits: new Map<object, Waited>() };
    this.#members.set(task, member);
    this.#toLookAt.add(member);
  }

  waits(waiter: object, what: Waited, part: Part | undefined): void {
    const member = this.#memberIn(part);
    if (member) this.#waits(member, waiter, what);
    else if (!taskOf(part) && (what.traits & External) === 0) this.#detached.add(waiter);
  }

  entered(scope: Enclosing, part: Part | undefined): void {
    const member = this.#memberIn(part);
    if (member) this.#waits(member, scope, new EndOfScope(scope));
  }

  #waits(member: Member, waiter: object, what: Waited): void {
    member.waits.set(waiter, what);
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

  ends(task: Actor): void {
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
  isOutside(task: Actor): boolean {
    const member = this.#members.get(task);
    return member !== undefined && isOutside(member);
  }

  #memberIn(part: Part | undefined): Member | undefined {
    const task = taskOf(part);
    return task && this.#members.get(task);
  }
}

/** The task whose code runs in a part: in its own, or in that of a scope in it. */
export function taskOf(part: Part | undefined): Actor | undefined {
  for (let outer = part; outer; outer = outer.parent) if (outer.owner.kind === "task") return outer.owner;
  return undefined;
}

function isOutside({ waits }: Member): boolean {
  for (const what of waits.values()) if ((what.traits & External) === 0) return false;
  return true;
}
