/**
 * The life of a scope: what it runs, when it is over, and how it ends.
 *
 * 1. It is over when its body and everything in its cancel scope have ended, and its clean-up is done; not before, whatever happens.
 * 2. The first error cancels the rest. Later ones are kept with it.
 * 3. Its outcome is, in this order: the first error of body or children that is not its own cancel; an outer cancel; its own cancel, unless the body
 *    has returned a value in spite of it; the body's value. The body cannot change that by swallowing an error.
 *
 *        open ── body and children ended ──► clean-up, last in first out ──► over
 *          └─ the first error, cancel(), the deadline, from outside: cancelled, and waits for the same
 *
 * Idea: trio's nurseries, Kotlin's `coroutineScope` and `supervisorScope`.
 */
import { captured, type AsyncContext } from "../../platform/async-context.ts";
import { controller, everything, touch } from "../../core/controller.ts";
import { wake } from "../../core/scheduler.ts";
import { withdraw } from "../../core/wait-queue.ts";
import { CancelledError, ClosedError, TimeoutError } from "../../errors.ts";
import { arm, checkedDelay } from "../../time/timer.ts";
import { checkedBody, runBody, type Body } from "../body.ts";
import { ChildTask } from "../child.ts";
import type { BackgroundTasks, ScopeWithBackground } from "./background.ts";
import { Cleanups, runIn } from "./cleanups.ts";
import type { Driver, HowEnded, Runner } from "../generator.ts";
import { cancelErrorOf, CancelScope, silence, type Kind, type TaskInfo } from "../cancel/cancel-scope.ts";
import { currentCancelScope, startIn } from "../cancel/current.ts";
import { observer } from "../cancel/observer.ts";
import { nextId, registry } from "../report/registry.ts";
import { SignalWatch } from "../cancel/signal-watch.ts";
import { arose, suppress } from "./suppressed.ts";
import type { ScopeSettings } from "./scope-options.ts";
import type { Task } from "../task.ts";

export class ScopeState implements Runner, ScopeWithBackground {
  before: TaskInfo | undefined = undefined;
  after: TaskInfo | undefined = undefined;
  readonly id: number = nextId();
  readonly kind: Kind;
  readonly name: string;
  readonly cancelScope: CancelScope;
  driver: Driver | undefined = undefined;
  /** How it ends. */
  readonly outcome: Promise<unknown>;
  readonly #settings: ScopeSettings;
  /** Where the block of an open scope runs. */
  readonly #openedIn: CancelScope | undefined;
  #cleanups: Cleanups | undefined = undefined;
  /** Its tasks that do not keep it open, once there are any. */
  background: BackgroundTasks | undefined = undefined;
  /** The async context in which `onError` is called. */
  readonly #context: AsyncContext | undefined;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;
  #failure: { error: unknown } | undefined = undefined;
  #body: { how: HowEnded; value: unknown } | undefined = undefined;
  /** Body and children have ended: at most the clean-up is left. */
  #closed = false;
  #over = false;
  #disarm: (() => void) | undefined = undefined;
  #expired: TimeoutError | undefined = undefined;
  #outerSignal: SignalWatch | undefined = undefined;

  constructor(kind: Exclude<Kind, "task">, body: { name: string } | undefined, settings: ScopeSettings) {
    this.#settings = settings;
    this.kind = kind;
    this.#context = typeof settings.onError === "function" ? captured() : undefined;
    this.name = settings.name ?? nameOf(body) ?? `${kind}-${String(this.id)}`;
    this.cancelScope = new CancelScope(this, currentCancelScope(), settings.shielded === true ? "shielded" : "plain");
    this.#openedIn = this.cancelScope.parent;
    this.cancelScope.onEmpty = () => { this.#check(); };
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    registry.add(this);
    controller?.entered(this, this.cancelScope.parent);
    observer?.site(this);
    const { timeout = Infinity, signal } = settings;
    if (signal) {
      this.#outerSignal = new SignalWatch(signal, (reason) => {
        this.cancelScope.cancel(reason instanceof CancelledError ? reason : cancelErrorOf(this, reason), true);
      });
    }
    if (timeout !== Infinity) this.#arm(timeout, `its ${String(timeout)} ms`);
  }

  get holdsSignal(): boolean {
    return this.#outerSignal !== undefined;
  }

  /** Whether its body has not ended yet. */
  get bodyRuns(): boolean {
    return !this.#body;
  }

  /** Whether it has a task that has not ended, or a forgotten open scope. */
  get hasTasks(): boolean {
    if (this.background?.hasTasks === true) return true;
    for (const { owner } of this.cancelScope.children) if (owner.kind === "task" || owner.open === "forgotten") return true;
    return false;
  }

  get open(): "in use" | "forgotten" | undefined {
    if (!this.#settings.isOpen || this.#body) return undefined;
    const openedIn = this.#openedIn;
    const owner = openedIn?.owner.cancelScope === openedIn ? openedIn?.owner : undefined;
    return openedIn?.over === true || (owner instanceof ScopeState && !owner.bodyRuns) ? "forgotten" : "in use";
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Run the body, in a later microtask. */
  run<T>(body: Body<never[], T>, args: unknown[]): Promise<T> {
    if (this.cancelScope.cancelError) this.ended("return", undefined);
    else startIn(this.cancelScope, { run: () => { this.#begin(body as Body<unknown[], unknown>, args); } }, this);
    return this.outcome as Promise<T>;
  }

  /** Run a body of the library's own, at once. */
  runOwn<T>(body: () => Promise<T>): Promise<T> {
    this.#begin(body, []);
    return this.outcome as Promise<T>;
  }

  #begin(body: Body<unknown[], unknown>, args: unknown[]): void {
    if (this.cancelScope.cancelError) this.ended("return", undefined);
    else runBody(this, body, args);
  }

  /** The block of an open scope has ended. That counts as a body that returned, unless the deadline has passed. */
  leaveBlock(): Promise<unknown> {
    this.ended("value", undefined);
    return this.outcome;
  }

  // -- Its verbs --

  go<A extends unknown[], U>(body: Body<A, U>, ...args: A): ChildTask<U> {
    checkedBody(body, "go", "s.go(() => work()), not s.go(work())");
    this.checkNotClosed("go");
    return new ChildTask<U>(this, body as Body<unknown[], U>, args);
  }

  /** @throws ClosedError when it has ended, or is cleaning up */
  checkNotClosed(verb: string): void {
    if (this.#closed) throw new ClosedError(`${verb} in ${this.#title}, which ${this.#over ? "has ended" : "is cleaning up"}: start it before the scope ends`);
  }

  get tasks(): readonly Task<unknown>[] {
    return [...this.cancelScope.children].map(({ owner }) => owner).filter((owner) => owner instanceof ChildTask);
  }

  defer(cleanup: () => unknown): void {
    checkedBody(cleanup, "defer", "s.defer(() => cleanUp())");
    if (this.#over) throw new ClosedError(`defer in ${this.#title}, which has ended: call it before the scope ends`);
    (this.#cleanups ??= new Cleanups()).add(cleanup);
  }

  get #title(): string {
    return `${this.kind} "${this.name}"`;
  }

  cancel(reason: unknown): void {
    if (!this.#closed) this.cancelScope.cancel(cancelErrorOf(this, reason));
  }

  /** Set its deadline to `ms` from now. Nothing happens if it is cancelled already, or cleaning up, or over. */
  limit(ms: number): void {
    checkedDelay(ms, `limit of ${this.#title}`);
    touch(everything, "limit");
    this.#disarm?.();
    this.#arm(ms, `the ${String(ms)} ms that limit gave it`);
  }

  #arm(ms: number, limit: string): void {
    if (this.#closed || this.cancelScope.cancelError) return;
    const expire = (): void => { this.#expire(limit); };
    if (ms <= 0) expire();
    else this.#disarm = arm(ms, expire);
  }

  #expire(limit: string): void {
    if (this.cancelScope.cancelError) return;
    this.#expired = new TimeoutError(
      `${this.#title} has not ended within ${limit}, and was cancelled. Give it more time, or call dumpTasks() to see what it waits for`,
    );
    observer?.expired(this, this.#expired);
    this.cancelScope.cancel(cancelErrorOf(this, this.#expired));
  }

  /** Whether an error is nothing but its own cancel, or the cause of that: its deadline. */
  #isOwnCancel(error: unknown): boolean {
    return this.cancelScope.isCancel(error) || (this.#expired !== undefined && error === this.#expired);
  }

  // -- Its end --

  ended(how: HowEnded, value: unknown): void {
    this.#body = { how, value };
    this.cancelScope.driver = undefined;
    this.driver = undefined;
    if (how === "error" && !this.#isOwnCancel(value)) this.#fail(value);
    this.#check();
  }

  /** A child has ended, with this outcome. */
  childEnded(child: ChildTask<unknown>, error: unknown): void {
    const { onError = "cancel" } = this.#settings;
    if (child.state !== "failed" || this.#isOwnCancel(error) || onError === "supervise") return;
    if (onError === "cancel") {
      this.#fail(error, child);
      return;
    }
    // `onError` runs as part of the scope, which waits for it, and fails if it throws.
    void runIn(new CancelScope(this, this.cancelScope, "shielded"), () => onError(error, child), (thrown) => { this.#fail(thrown); }, this.#context);
  }

  #fail(error: unknown, from: TaskInfo = this): void {
    if (this.#failure) suppress(this.#failure.error, error, () => this.cancelScope.around());
    else {
      arose(error, from.id);
      this.#failure = { error };
      this.cancelScope.cancel(cancelErrorOf(this, error));
    }
  }

  /** If nothing is left in it, clean up, then settle. */
  #check(): void {
    touch(this);
    if (!this.#body || this.#closed || !this.cancelScope.deserted || this.background?.endAll() === false) return;
    this.#closed = true;
    this.#disarm?.();
    if (!this.#cleanups) this.#settle();
    else void this.#cleanups.run(this.cancelScope, (error) => { this.#fail(error); }).then(() => { this.#settle(); });
  }

  #settle(): void {
    this.#over = true;
    registry.remove(this);
    if (this.#outerSignal) withdraw(this.#outerSignal);
    const error = this.#error();
    if (error && this.cancelScope.isCancel(error.error)) silence(this.outcome);
    this.cancelScope.end();
    const { fallback, whenOver } = this.#settings;
    whenOver?.(error === undefined);
    if (error && fallback && this.#expired && error.error === this.#expired) wake(this.#resolve, fallback.value, this);
    else if (error) wake(this.#reject, error.error, this);
    else wake(this.#resolve, this.#body?.value, this);
  }

  /** What it fails with, if it fails. */
  #error(): { error: unknown } | undefined {
    const { cancelError, fromOutside } = this.cancelScope;
    if (this.#failure) return this.#failure;
    if (fromOutside) {
      const { aborted } = this.#outerSignal ?? {};
      return { error: this.#settings.passReason && aborted ? aborted.reason : fromOutside };
    }
    const hasValue = this.#body?.how === "value" && !(this.#settings.isOpen && this.#expired);
    return cancelError && !hasValue ? { error: this.#expired ?? cancelError } : undefined;
  }
}

/** The name of a function, if it has one. */
function nameOf(body: { name: string } | undefined): string | undefined {
  return body?.name === "" ? undefined : body?.name;
}
