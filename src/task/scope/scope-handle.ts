/**
 * What a user gets from a scope: its verbs and nothing else. Since it has no enumerable fields, it can be passed wherever `{ signal }` is accepted:
 * `sleep(5, s)`.
 */
import { forDeno, forNode, withFacts } from "../../support/printing.ts";
import { perform } from "../../core/perform.ts";
import { settling } from "../../ops/promise.ts";
import { misuse } from "../../errors.ts";
import type { Body } from "../body.ts";
import type { ChildTask } from "../child.ts";
import type { ScopeState } from "./scope-state.ts";
import type { OpenScope, Scope } from "./scope-types.ts";
import type { Task } from "../task.ts";

export class ScopeHandle implements Scope {
  readonly #state: ScopeState;

  constructor(state: ScopeState) {
    this.#state = state;
  }

  /** The state of the scope that a user gave to `verb`. Anything else is a `TypeError` with a `call` that is right. */
  static stateOf(scope: Scope, verb: string, call = `${verb}(s, ...)`): ScopeState {
    if (typeof scope === "object" && (scope as unknown) !== null && #state in scope) return scope.#state;
    throw misuse(verb, `a scope first, as scope((s) => ${call})`, scope);
  }

  toString(): string {
    const { kind, name, cancelScope } = this.#state;
    let tasks = 0;
    for (const { owner } of cancelScope.children) if (owner.kind === "task") tasks++;
    const what = `Scope ${JSON.stringify(name)}${kind === "scope" ? "" : ` of ${kind}`}`;
    return withFacts(what, tasks > 0 && (tasks === 1 ? "1 task" : `${String(tasks)} tasks`), cancelScope.cancelled && "cancelled", cancelScope.over && "ended");
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  go<T>(body: unknown, ...args: unknown[]): ChildTask<T> {
    return this.#state.go(body as Body<unknown[], T>, ...args);
  }

  get signal(): AbortSignal {
    return this.#state.cancelScope.signal;
  }

  cancel(reason?: unknown): void {
    this.#state.cancel(reason);
  }

  get cancelled(): boolean {
    return this.#state.cancelScope.cancelled;
  }

  limit(ms: number): void {
    this.#state.limit(ms);
  }

  defer(cleanup: unknown): void {
    this.#state.defer(cleanup as () => unknown);
  }

  use<R extends Disposable | AsyncDisposable>(resource: R): R {
    const { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: asyncDispose } = (resource as Partial<Disposable & AsyncDisposable> | null | undefined) ?? {};
    const end = (asyncDispose ?? dispose) as ((this: R) => unknown) | undefined;
    if (typeof end !== "function") {
      throw misuse("use", "a resource with Symbol.dispose or Symbol.asyncDispose", resource);
    }
    this.#state.defer(() => end.call(resource)); // its result is awaited
    return resource;
  }

  get tasks(): readonly Task<unknown>[] {
    return this.#state.tasks;
  }
}

export class OpenScopeHandle extends ScopeHandle implements OpenScope {
  readonly #state: ScopeState;
  #outcome: Promise<void> | undefined = undefined;
  #reported = false;

  constructor(state: ScopeState) {
    super(state);
    this.#state = state;
  }

  join(): Promise<void> {
    const reported = (error: unknown): never => {
      this.#reported = true;
      throw error;
    };
    return perform(settling(this.#leaveBlock()).map(() => { /* no value */ }, reported));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const outcome = this.#leaveBlock();
    this.cancel();
    try {
      await outcome;
    } catch (error) {
      if (!this.#reported && !this.#state.cancelScope.isCancel(error)) throw error;
    }
  }

  /** The block counts as the body, and has ended. */
  #leaveBlock(): Promise<void> {
    return (this.#outcome ??= this.#state.leaveBlock() as Promise<void>);
  }
}
