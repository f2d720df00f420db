/**
 * Cancel scopes: the parts of a program that are cancelled as one. Each scope and each of its tasks has one, and they form a tree.
 *
 * 1. A cancel withdraws every wait in the cancel scope, and rejects all of them with one shared error. A wait that is over leaves nothing behind,
 *    however long its cancel scope lives.
 * 2. A cancel reaches all descendants except shielded ones. It marks all of them, then withdraws all waits, then aborts the signals, all before
 *    `cancel` returns. It takes time in proportion to what it reaches, and does not recurse.
 * 3. A cancel is final: every operation performed later in a cancelled scope fails with the same error.
 * 4. When a cancel scope ends it leaves its parent, which adopts whatever still waits or lives in it.
 *
 *        scope ─┬─ task ─── scope ─── task         cancel(scope): all but the shield and what is below it
 *               └─ shield ── task
 *
 * Idea: trio's cancel scopes, Kotlin's job tree.
 */
import type { CancelContext } from "../../core/cancel-context.ts";
import { Chain, type Linked } from "../../support/chain.ts";
import { waitingFor } from "../../support/printing.ts";
import type { PromiseWaiter } from "../../core/park.ts";
import { rejectedNow } from "../../core/settled.ts";
import { everything, touch } from "../../core/controller.ts";
import { handedOut } from "../../platform/signals.ts";
import { withdraw, type Waiter } from "../../core/wait-queue.ts";
import { CancelledError, isError, show } from "../../errors.ts";
import { consistsOf } from "./error-parts.ts";
import { noteCancel } from "./any-cancelled.ts";
import { observer } from "./observer.ts";
import { expectEnd, hasEnded } from "./overdue.ts";
import { WaitSet } from "./wait-set.ts";

/** A waiter that a cancel reaches: the driver of a generator. */
export interface CancellableWaiter extends Waiter {
  cancel(error: CancelledError): void;
}

/** What reports call a task or a scope. Every kind but `"task"` is a scope; that of a `"flow"` is its source's. */
export type Kind = "task" | "flow" | "scope" | "timeout" | "shield" | "gather" | "race" | "run" | "top level";

/** A task or a scope, as reports see it. */
export interface TaskInfo extends Linked<TaskInfo> {
  readonly id: number;
  readonly name: string;
  readonly kind: Kind;
  /** Where it runs. A free task has one only while reports have to know what it waits for. */
  readonly cancelScope: CancelScope | undefined;
  /** The driver of its body, if that is a generator. */
  readonly driver?: CancellableWaiter | undefined;
  /** Whether a signal may cancel it. */
  readonly holdsSignal?: boolean;
  /** Of a scope without a body: its block has not been left. `"forgotten"`: the code that opened it has ended without leaving the block. */
  readonly open?: "in use" | "forgotten" | undefined;
  /** The error of a scope that has failed and waits for its other tasks. */
  readonly failure?: { readonly error: unknown } | undefined;
}

/**
 * How a cancel scope belongs to its parent. A cancel of the parent does not reach a shielded one. The parent counts as empty when only a
 * background one is left.
 */
export type Bond = "plain" | "shielded" | "background";

export class CancelScope extends WaitSet implements CancelContext, Linked<CancelScope> {
  before: CancelScope | undefined = undefined;
  after: CancelScope | undefined = undefined;
  /** The task or scope that runs in it. */
  readonly owner: TaskInfo;
  parent: CancelScope | undefined;
  #children: Chain<CancelScope> | undefined = undefined;
  /** The driver of the generator that runs in it. */
  driver: CancellableWaiter | undefined = undefined;
  /** Called when the last child has left, background ones aside. */
  onEmpty: (() => void) | undefined = undefined;
  /** The first cancel that reached it. */
  cancelError: CancelledError | undefined = undefined;
  /** The first cancel that reached it from a cancel scope around it. */
  fromOutside: CancelledError | undefined = undefined;
  /** Its code has met the cancel: a wait in it was withdrawn, or rejected. */
  delivered = false;
  over = false;
  readonly #bond: Bond;
  #controller: AbortController | undefined = undefined;

  constructor(owner: TaskInfo, parent: CancelScope | undefined, bond: Bond = "plain") {
    super();
    this.owner = owner;
    this.parent = parent;
    this.#bond = bond;
    if (!parent) return;
    parent.#adopt(this);
    if (parent.cancelError && bond !== "shielded") this.cancelError = this.fromOutside = parent.cancelError;
  }

  /** What async functions wait for in it: itself, since most scopes are of tasks that wait for one thing, and would each make a set. */
  get waits(): WaitSet {
    return this;
  }

  get children(): Chain<CancelScope> {
    return this.#children ?? childless;
  }

  #adopt(child: CancelScope): void {
    (this.#children ??= new Chain()).add(child);
  }

  get cancelled(): boolean {
    return this.cancelError !== undefined;
  }

  /** Whether it has no child, a background one aside. */
  get deserted(): boolean {
    const { first } = this.children;
    return first === undefined || (first.#bond === "background" && first.after === undefined);
  }

  /** The ids of its owner and of those around it. */
  *around(): Generator<number> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the first of the chain
    for (let scope: CancelScope | undefined = this; scope; scope = scope.parent) yield scope.owner.id;
  }

  /** Aborts when the cancel scope is cancelled; made on the first read. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = handedOut();
      if (this.cancelError) this.#controller.abort(this.cancelError);
    }
    return this.#controller.signal;
  }

  /**
   * Cancel it and everything in it. Only the first cancel counts; a later one from outside is only remembered. `known`: `noteCancel` has this error
   * already.
   */
  cancel(error: CancelledError, fromOutside = false, known = false): void {
    if (this.over) return;
    if (fromOutside) this.fromOutside ??= error;
    if (this.cancelError) return;
    touch(everything, "cancel");
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

  /** Whether an error is nothing but the cancel of this scope: its error, or one that the platform has wrapped around it. */
  isCancel(error: unknown): boolean {
    const { cancelError, fromOutside = cancelError } = this;
    return cancelError !== undefined && consistsOf(error, (part) => part === cancelError || part === fromOutside);
  }

  /** Have a cancel reach the generator that runs in it. */
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

  /** Its task has ended: the parent adopts whatever still waits or lives in it. */
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
        parent.#adopt(child);
      }
    }
    this.#leave();
  }

  /** It is over, and nothing lives in it. Waits that nothing has awaited are withdrawn. */
  end(): void {
    while (!this.waits.empty) { // user code that runs in a withdrawal may begin another wait
      for (const wait of this.waits) this.cancelWait(wait, this.cancelError ?? strayError(this.owner, wait));
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
    if (parent.deserted) tellEmpty(parent);
  }
}

/** The children of all that have none. */
const childless: Chain<CancelScope> = new Chain();

/** A cancel scope that is in no other. */
export const rootCancelScope = (owner: TaskInfo): CancelScope => new CancelScope(owner, undefined);

const emptied: CancelScope[] = [];
let telling = false;

/** Call `onEmpty`. That may end the scope, which then leaves its own parent: so this works through a list and does not recurse. */
function tellEmpty(cancelScope: CancelScope): void {
  emptied.push(cancelScope);
  if (telling) return;
  telling = true;
  for (let next = emptied.pop(); next; next = emptied.pop()) next.onEmpty?.();
  telling = false;
}

/** The one error of a cancel. */
export function cancelErrorOf({ kind, name }: TaskInfo, reason: unknown): CancelledError {
  const because = reason === undefined ? "" : isError(reason) ? `: ${reason.message}` : `: ${show(reason)}`;
  return new CancelledError(
    `${kind} "${name}" was cancelled${because}. Let this error pass; detached() what others share, shield() what has to be done all the same`,
    reason === undefined ? undefined : { cause: reason },
  );
}

/** The error of a wait that is still open when its task or scope has ended. Nothing there awaited it: it belongs to a handler or to shared work. */
function strayError({ kind, name }: TaskInfo, wait: PromiseWaiter): CancelledError {
  const where = observer?.siteOf(wait);
  return new CancelledError(
    `${kind} "${name}" has ended, and what was begun in it still ${waitingFor("waited in", String(wait.place?.describe(wait)))}${where === undefined ? "" : `, ${where}`}: ` +
    "await it there, or have it run outside of every scope, by detached()",
  );
}

/** Keep a rejected promise from being an unhandled rejection: a cancel need not be handled. */
export function silence(promise: Promise<unknown>): void {
  promise.catch(() => { /* a cancel need not be handled */ });
}
