/**
 * Background tasks: children that do not keep their scope open.
 *
 * 1. When the body and all other children have ended, the background tasks left are cancelled and awaited. That changes no outcome.
 * 2. A failure belongs to the receiver that takes it. If none has by the time the task is cancelled, or its scope is otherwise over, it becomes the
 *    scope's, like that of any child. It always belongs to exactly one of the two.
 * 3. A task that fails after it was cancelled fails its scope at once.
 *
 *        scope ─┬─ task                   those of the background share one cancel scope, which is cancelled
 *               └─ background ─┬─ task    when the scope has nothing else left
 *                              └─ task
 *
 * Idea: the daemon forks of Ox; Kotlin's `coroutineContext.cancelChildren()` at the end of a scope, done by the scope.
 */
import { CancelledError } from "../../errors.ts";
import type { Body } from "../body.ts";
import { CancelScope, type Kind, type TaskInfo } from "../cancel/cancel-scope.ts";
import { ChildTask, type ParentOfTasks } from "../child.ts";

/** A scope, as far as its background tasks need it. */
export interface ScopeWithBackground extends ParentOfTasks, TaskInfo {
  readonly cancelScope: CancelScope;
  background: BackgroundTasks | undefined;
  checkNotClosed(verb: string): void;
}

/** What is called when a background task ends. */
export type OnBackgroundEnd = (task: BackgroundTask<unknown>, outcome: unknown) => void;

/**
 * Starts a task that does not keep the scope open, such as a stage of a flow. It is cancelled and awaited when the body and all other children have
 * ended.
 *
 * @param scope - of a user: `ScopeHandle.stateOf(s, "parallel")`
 * @param verb - the name of the verb for the error of a scope that has ended: `parallel`
 * @param body - an async, a plain or a generator function; it starts in a later microtask, and never in a scope that is cancelled
 * @param onEnd - called once, in the step in which the task ends, before its scope can end by that: `task.state` and `outcome` say how. It must
 * neither throw nor run user code
 * @throws ClosedError when the scope has ended
 */
export function goInBackground<T>(scope: ScopeWithBackground, verb: string, body: Body<[], T>, onEnd?: OnBackgroundEnd): BackgroundTask<T> {
  scope.checkNotClosed(verb);
  return (scope.background ??= new BackgroundTasks(scope)).go(body, onEnd);
}

/** A child that does not keep its scope open. Made by `goInBackground`. */
export class BackgroundTask<T> extends ChildTask<T> {
  readonly #all: BackgroundTasks;
  readonly onEnd: OnBackgroundEnd | undefined;

  constructor(all: BackgroundTasks, body: Body<unknown[], T>, onEnd: OnBackgroundEnd | undefined) {
    super(all, body, []);
    this.#all = all;
    this.onEnd = onEnd;
  }

  /** Cancels it. If it has failed already and nobody has received the failure, that becomes the scope's. */
  override cancel(reason?: unknown): void {
    super.cancel(reason);
    this.#all.claim(this);
  }

  /** A receiver takes the failure, which no longer becomes the scope's. False: the scope has it already. */
  receiveFailure(): boolean {
    return this.#all.release(this);
  }

  /** Whether it was cancelled only because everything else in its scope has ended. */
  get leftOver(): boolean {
    return this.#all.isLeftOver(this.cancelScope?.cancelError);
  }
}

/** The background tasks of one scope. */
export class BackgroundTasks implements ParentOfTasks {
  readonly #scope: ParentOfTasks & TaskInfo;
  /** The cancel scope of those that run. It leaves that of the scope when the last of them ends. */
  #cancelScope: CancelScope | undefined = undefined;
  /** Failures that nobody has received. */
  readonly #unreceived = new Map<ChildTask<unknown>, unknown>();
  /** Tasks whose failure the scope has. */
  readonly #claimed = new WeakSet<ChildTask<unknown>>();
  #endOfScope: CancelledError | undefined = undefined;

  constructor(scope: ParentOfTasks & TaskInfo) {
    this.#scope = scope;
  }

  get cancelScope(): CancelScope {
    let cancelScope = this.#cancelScope;
    if (!cancelScope || cancelScope.over) {
      const made = (cancelScope = this.#cancelScope = new CancelScope(this.#scope, this.#scope.cancelScope, "background"));
      made.onEmpty = (): void => { made.handOver(); };
    }
    return cancelScope;
  }

  get hasTasks(): boolean {
    return this.#cancelScope?.children.first !== undefined;
  }

  go<T>(body: Body<[], T>, onEnd?: OnBackgroundEnd): BackgroundTask<T> {
    return new BackgroundTask<T>(this, body, onEnd);
  }

  childEnded(child: BackgroundTask<unknown>, outcome: unknown): void {
    if (child.state === "failed" && child.cancelScope?.cancelled === false) this.#unreceived.set(child, outcome);
    else this.#toScope(child, outcome);
    child.onEnd?.(child, outcome);
  }

  /** The scope has nothing else left: cancel what runs, or claim the failures that nobody has received. False: the scope has to wait. */
  endAll(): boolean {
    if (this.hasTasks) this.#cancelScope?.cancel((this.#endOfScope ??= endOfScope(this.#scope)));
    else for (const child of this.#unreceived.keys()) this.claim(child);
    return this.#scope.cancelScope.children.first === undefined;
  }

  /** If nobody has received the failure of this task, it becomes the scope's. */
  claim(child: ChildTask<unknown>): void {
    const error = this.#unreceived.get(child);
    if (this.#unreceived.delete(child)) this.#toScope(child, error);
  }

  release(child: ChildTask<unknown>): boolean {
    this.#unreceived.delete(child);
    return !this.#claimed.has(child);
  }

  isLeftOver(cancelError: CancelledError | undefined): boolean {
    return cancelError !== undefined && cancelError === this.#endOfScope;
  }

  #toScope(child: ChildTask<unknown>, outcome: unknown): void {
    this.#claimed.add(child);
    this.#scope.childEnded(child, outcome);
  }
}

const endOfScope = ({ kind, name }: { kind: Kind; name: string }): CancelledError =>
  new CancelledError(
    `what ran in the background of ${kind} "${name}" was cancelled, since its body and all of its tasks have ended. Let this error pass; ` +
    "to keep it running, receive its values to the end inside the scope",
  );
