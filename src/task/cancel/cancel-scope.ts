/**
 * Cancel scopes: what is cancelled as one. Each scope and each of its tasks runs in one, and they form a tree.
 *
 * 1. Whatever waits in a cancel scope stands in its chain: cancelling withdraws each wait, and rejects all with one shared error. A wait
 *    that is over leaves nothing behind, however long its cancel scope lives.
 * 2. Cancelling reaches all descendants but those that are shielded: first all are marked, then all waits are withdrawn, then signals
 *    abort, all before `cancel` returns. It takes time in proportion to what it reaches, and does not recurse.
 * 3. It is for ever: what is performed in a cancelled cancel scope later is refused with the same error.
 * 4. Who ends leaves its parent; what still lives in it becomes the parent's.
 *
 *        scope ─┬─ task ─── scope ─── task         cancel(scope): all but the shield and what is below it
 *               └─ shield ── task
 *
 * Idea: trio's cancel scopes, Kotlin's job tree.
 */
import type { CancelContext } from "../../core/cancel-context.ts";
import { Chain, type Linked } from "../../support/chain.ts";
import { waitingFor } from "../../support/printing.ts";
import { WaitSet, type PromiseWaiter } from "../../core/park.ts";
import { rejectedNow } from "../../core/perform.ts";
import { everything, touch } from "../../core/controller.ts";
import { handedOut } from "../../platform/signals.ts";
import { withdraw, type Waiter } from "../../core/wait-queue.ts";
import { CancelledError, isError, show } from "../../errors.ts";
import { consistsOf } from "./error-parts.ts";
import { noteCancel } from "./any-cancelled.ts";
import { observer } from "./observer.ts";
import { expectEnd, hasEnded } from "./overdue.ts";

/** A waiter that a cancel reaches: what drives a generator. */
export interface CancellableWaiter extends Waiter {
  cancel(error: CancelledError): void;
}

/** What reports call it. All but a task are scopes. */
export type Kind = "task" | "scope" | "timeout" | "shield" | "gather" | "race" | "run" | "top level";

/** A task or a scope, as reports see it. */
export interface TaskInfo extends Linked<TaskInfo> {
  readonly id: number;
  readonly name: string;
  readonly kind: Kind;
  /** What it runs in; a free task has one only where somebody wants to know what it waits for. */
  readonly cancelScope: CancelScope | undefined;
  /** The generator that it runs, if it is one. */
  readonly driver?: CancellableWaiter | undefined;
  /** Whether a signal may cancel it. */
  readonly holdsSignal?: boolean;
  /** A scope without a body whose block has not been left; forgotten, if whoever opened it has ended. */
  readonly open?: "in use" | "forgotten" | undefined;
  /** What a scope has failed with that waits for the others. */
  readonly failure?: { readonly error: unknown } | undefined;
}

/**
 * How a cancel scope belongs to its parent. A cancel of the parent does not reach a shielded one; the parent does not wait for a background one
 * before it is told that it is empty.
 */
export type Bond = "plain" | "shielded" | "background";

export class CancelScope implements CancelContext, Linked<CancelScope> {
  before: CancelScope | undefined = undefined;
  after: CancelScope | undefined = undefined;
  /** Who runs in it. */
  readonly owner: TaskInfo;
  parent: CancelScope | undefined;
  readonly children: Chain<CancelScope> = new Chain();
  /** What async functions wait for in it. */
  readonly waits: WaitSet = new WaitSet();
  /** The generator that runs in it. */
  driver: CancellableWaiter | undefined = undefined;
  /** Called when the last child has left, background ones aside. */
  onEmpty: (() => void) | undefined = undefined;
  /** The first cancel that reached it. */
  cancelError: CancelledError | undefined = undefined;
  /** The first cancel that reached it from a cancel scope around it. */
  fromOutside: CancelledError | undefined = undefined;
  /** Whoever runs in it has met the cancel: a wait was withdrawn, or refused. */
  delivered = false;
  over = false;
  readonly #bond: Bond;
  #controller: AbortController | undefined = undefined;

  constructor(owner: TaskInfo, parent: CancelScope | undefined, bond: Bond = "plain") {
    this.owner = owner;
    this.parent = parent;
    this.#bond = bond;
    parent?.children.add(this);
    if (parent?.cancelError && bond !== "shielded") this.cancelError = this.fromOutside = parent.cancelError;
  }

  get cancelled(): boolean {
    return this.cancelError !== undefined;
  }

  /** Whether it has no child but, at most, a background one. */
  get empty(): boolean {
    const { first } = this.children;
    return first === undefined || (first.#bond === "background" && first.after === undefined);
  }

  /** The numbers of whoever runs in it, and in the cancel scopes around it. */
  *around(): Generator<number> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the first of the chain
    for (let scope: CancelScope | undefined = this; scope; scope = scope.parent) yield scope.owner.id;
  }

  /** Aborts when the cancel scope is cancelled; made when it is asked for. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = handedOut();
      if (this.cancelError) this.#controller.abort(this.cancelError);
    }
    return this.#controller.signal;
  }

  /**
   * Cancel it and what is in it. Only the first time counts; afterwards it is only remembered that it was told from outside. `known`: cancel scopes
   * refuse operations with this error already.
   */
  cancel(error: CancelledError, fromOutside = false, known = false): void {
    if (this.over) return;
    if (fromOutside) this.fromOutside ??= error;
    if (this.cancelError) return;
    touch(everything);
    if (!known) noteCancel(error);
    this.cancelError = error;
    const reached: CancelScope[] = [this];
    for (const cancelScope of reached) {
      for (const child of cancelScope.children) {
        if (child.#bond === "shielded") continue;
        child.fromOutside ??= error;
        if (child.cancelError) continue; // so is all that is below it
        child.cancelError = error;
        reached.push(child);
      }
    }
    expectEnd(this);
    for (const cancelScope of reached) cancelScope.#withdrawAll(error);
    for (const cancelScope of reached) cancelScope.#controller?.abort(error);
  }

  #withdrawAll(error: CancelledError): void {
    this.driver?.cancel(error);
    for (const wait of this.waits) this.cancelWait(wait, error);
  }

  /** Withdraw a wait in it, and reject that with the error of the cancel. */
  cancelWait(wait: PromiseWaiter, error: CancelledError): void {
    this.delivered = true;
    withdraw(wait);
    if (wait.promise) silence(wait.promise);
    wait.resume("error", error);
  }

  /** Whether an error is nothing but the cancel of this cancel scope, as it is or in what the platform makes of it. */
  isCancel(error: unknown): boolean {
    const { cancelError, fromOutside } = this;
    return cancelError !== undefined && consistsOf(error, (part) => part === cancelError || part === fromOutside);
  }

  /** A generator runs in it from here on. */
  drive(driver: CancellableWaiter): void {
    this.driver = driver;
    if (this.cancelError) driver.cancel(this.cancelError);
  }

  rejectNow(): Promise<never> {
    this.delivered = true;
    const promise = rejectedNow(this.cancelError);
    silence(promise);
    return promise;
  }

  /** Whoever ran in it has ended: what still waits or lives in it is the parent's from here on. */
  handOver(): void {
    const { parent } = this;
    if (parent) {
      for (const wait of this.waits) {
        this.waits.remove(wait);
        wait.context = parent;
        parent.waits.add(wait);
      }
      for (const child of this.children) {
        this.children.remove(child);
        child.parent = parent;
        parent.children.add(child);
      }
    }
    this.#leave();
  }

  /** It is over, and nothing lives in it. A wait that nobody has awaited is withdrawn. */
  end(): void {
    while (!this.waits.empty) { // what user code withdraws there may begin another one
      for (const wait of this.waits) this.cancelWait(wait, this.cancelError ?? strayed(this.owner, wait));
    }
    this.#leave();
  }

  #leave(): void {
    this.over = true;
    this.driver = undefined;
    if (this.cancelError) hasEnded(this);
    const { parent } = this;
    if (!parent) return;
    parent.children.remove(this);
    if (parent.empty) tellEmpty(parent);
  }
}

/** A cancel scope that is in no other. */
export const rootCancelScope = (owner: TaskInfo): CancelScope => new CancelScope(owner, undefined);

const emptied: CancelScope[] = [];
let telling = false;

/** Tell a cancel scope that its last child has left. Whoever ends thereby leaves a cancel scope in turn: a list, not a recursion. */
function tellEmpty(cancelScope: CancelScope): void {
  emptied.push(cancelScope);
  if (telling) return;
  telling = true;
  for (let next = emptied.pop(); next; next = emptied.pop()) next.onEmpty?.();
  telling = false;
}

/** The one error of a cancel. */
export function cancelled({ kind, name }: TaskInfo, reason: unknown): CancelledError {
  const because = reason === undefined ? "" : isError(reason) ? `: ${reason.message}` : `: ${show(reason)}`;
  return new CancelledError(
    `${kind} "${name}" was cancelled${because}. Let this error pass; detached() what others share, shield() what has to be done all the same`,
    reason === undefined ? undefined : { cause: reason },
  );
}

/** The error of a wait that was begun in what has ended, and that nobody there has awaited: a handler's, or that of work which others share. */
function strayed({ kind, name }: TaskInfo, wait: PromiseWaiter): CancelledError {
  const where = observer?.siteOf(wait);
  return new CancelledError(
    `${kind} "${name}" has ended, and what was begun in it still ${waitingFor("waited in", String(wait.place?.describe(wait)))}${where === undefined ? "" : `, ${where}`}: ` +
    "await it there, or have it run outside of every scope, by detached()",
  );
}

/** Have the rejection of a promise be no unhandled one: nobody has to look at a cancel. */
export function silence(promise: Promise<unknown>): void {
  promise.catch(() => { /* see above */ });
}
