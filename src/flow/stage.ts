/**
 * Stages: flows behind which tasks of a scope work ahead.
 *
 * 1. A stage is a background task of its scope: it keeps nobody waiting, and is cancelled and awaited when everything else in the scope has ended.
 * 2. Left by its receiver, it cancels its tasks and its source; whoever waits for the clean-up of the flow waits until all of them have ended.
 * 3. Its failure comes after what came before it, and is its receiver's; if nobody has received it when the flow or the scope is over, it is the scope's.
 *
 * Idea: Kotlin's `produce`, with a failure that belongs to one party; Go's stages of a pipeline, with their end.
 */
import type { ChannelOptions, Sender } from "../channel/channel-types.ts";
import { chan, type Channel } from "../channel/channel.ts";
import { choose } from "../core/choice.ts";
import { Enclosing } from "../core/map.ts";
import { External, nothing, OutlastsCancel, Performable, performable, type Nothing } from "../core/operation.ts";
import { fulfilled } from "../core/scheduler.ts";
import { release, type Outcome, type Waiter, type WaitPlace } from "../core/wait-queue.ts";
import type { Performer } from "../core/yielding.ts";
import { ClosedError } from "../errors.ts";
import { isThenable } from "../task/body.ts";
import { isGenerator } from "../task/generator.ts";
import { goInBackground, type BackgroundTask } from "../task/scope/background.ts";
import { ScopeHandle } from "../task/scope/scope-handle.ts";
import type { ScopeState } from "../task/scope/scope-state.ts";
import type { Scope } from "../task/scope/scope-types.ts";
import { named } from "../task/task.ts";
import { Origin } from "./origin.ts";
import { Pulling, type Tower } from "./pipeline.ts";
import { end, Failure, opened, type Result } from "./result.ts";

export type Work<T = unknown> = Generator<unknown, T, unknown>;

/** What a body gives, waited for. */
export function* outcome(given: unknown): Work {
  if (isGenerator(given)) return yield* given;
  return isThenable(given) ? yield* new Settled().of(given) : given;
}

/**
 * The end of a promise that nobody else waits for; no cancel reaches the wait. One serves a task for all the promises that it waits for, one after the
 * other. The reaction of a promise is a turn of its own, in the context of the task, so the task goes on right there: its next hop costs no turn more.
 */
export class Settled extends Performable<unknown> implements WaitPlace {
  #promise: PromiseLike<unknown> = fulfilled;
  #waiter: Waiter | undefined = undefined;

  /** From here on it is the end of this promise. */
  of(promise: PromiseLike<unknown>): this {
    this.#promise = promise;
    return this;
  }

  override toString(): string {
    return "a promise";
  }

  override get traits(): number {
    return External | OutlastsCancel;
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    waiter.place = this;
    this.#waiter = waiter;
    Promise.resolve(this.#promise).then(this.#fulfilled, this.#rejected);
  }

  readonly #fulfilled = (value: unknown): void => { this.#settle("value", value); };
  readonly #rejected = (error: unknown): void => { this.#settle("error", error); };

  #settle(how: Outcome, what: unknown): void {
    const waiter = this.#waiter as Performer;
    this.#waiter = undefined;
    release(waiter);
    waiter.resume(how, what, true, true);
  }

  withdraw(waiter: Waiter): void {
    release(waiter);
  }
}

/** Where results come from: a stage's own, until they are over. */
export interface Outlet {
  readonly operation: Performable<Result>;
  /** No more results come: what is there is given, then this. */
  close(how: Result): void;
  /** What is there is dropped; receivers see this. */
  abandon(how: Result): void;
}

export abstract class StageOrigin extends Origin implements Outlet {
  abstract override readonly operation: Performable<Result>;
  readonly #source: Tower | undefined;
  readonly #verb: string;
  #task: BackgroundTask<unknown> | undefined = undefined;
  #stopping = false;
  #failure: { error: unknown } | undefined = undefined;

  constructor(verb: string, name: string, onDrop: ((value: unknown) => void) | undefined, source?: Tower) {
    super({ name, preventCancel: false, onDrop });
    this.#verb = verb;
    this.#source = source;
  }

  override get cleansUpOutside(): boolean {
    return this.#source?.origin.cleansUpOutside === true;
  }

  abstract close(how: Result): void;
  abstract abandon(how: Result): void;

  /** Start it in a scope. */
  run(state: ScopeState, work: () => Work): this {
    const body = named(`${this.#verb} of flow ${JSON.stringify(this.name)}`, () => this.#body(work));
    this.#task = goInBackground(state, this.#verb, body, (task, error) => { this.#taskEnded(task, error); });
    return this;
  }

  * #body(work: () => Work): Work<void> {
    const source = this.#source?.origin;
    try {
      yield* work();
    } catch (error) {
      source?.cancel(error);
      if (!this.#stopping || !(error instanceof ClosedError)) throw error; // of its sender, whose receiver has left
    } finally {
      source?.cancel(undefined);
      if (source && !source.cleanUp.quiet) yield* source.cleanUp;
    }
  }

  /** It has been cancelled: by its receiver, or with its scope. */
  protected get isCancelled(): boolean {
    return this.#task?.cancelScope?.cancelled === true;
  }

  #taskEnded(task: BackgroundTask<unknown>, error: unknown): void {
    const { cancelScope } = task;
    this.#source?.origin.cancel(cancelScope?.cancelError); // it may never have begun
    if (this.#stopping) this.cleanUp.ended();
    else if (!cancelScope?.cancelled) {
      this.#failure = task.state === "failed" ? { error } : undefined;
      this.close(this.#failure ? new Failure(error) : end);
    } else this.abandon(task.leftOver ? end : new Failure(cancelScope.cancelError));
  }

  override received(error: unknown): boolean {
    if (this.#failure?.error !== error) return true;
    return this.#task?.receiveFailure() !== false;
  }

  protected override stop(reason: unknown): void {
    const task = this.#task;
    if (!task || task.state === "done" || task.state === "failed") {
      this.abandon(end);
      task?.cancel(reason); // a failure that nobody has received is the scope's
      return;
    }
    this.#stopping = true;
    this.cleanUp.begun();
    task.cancel(reason);
    this.abandon(end);
    this.#source?.origin.cancel(reason);
  }
}

/** A stage whose results go through a channel. */
export class ChannelStage extends StageOrigin {
  readonly channel: Channel<unknown>;
  readonly operation: Performable<Result>;
  #how: Result | undefined = undefined;

  constructor(verb: string, name: string, options: ChannelOptions<unknown>, source?: Tower) {
    super(verb, name, options.onDrop, source);
    this.channel = chan<unknown>({ name, ...options });
    this.operation = new Outflow(performable(this.channel.nexting(), verb), () => this.#how);
  }

  override close(how: Result): void {
    this.channel.close(how instanceof Failure ? how.error : undefined);
  }

  override abandon(how: Result): void {
    this.#how = how;
    if (how instanceof Failure) this.channel.close(how.error);
    this.channel.cancel();
  }
}

/** A receive of a channel, or an end that comes before it. */
class Outflow extends Performable<Result> {
  readonly #inner: Performable<Result>;
  readonly #over: () => Result | undefined;

  constructor(inner: Performable<Result>, over: () => Result | undefined) {
    super();
    this.#inner = inner;
    this.#over = over;
  }

  override footprint(): void {
    this.#inner.footprint();
  }

  override attempt(): Result | Nothing {
    const over = this.#over();
    return over ? opened(over) : this.#inner.attempt();
  }

  override enlist(waiter: Waiter): void {
    this.#inner.enlist(waiter);
  }
}

/** The scope that a stage is given, or a clear error; `call`: the other arguments of a call that is right. */
export function scopeOf(s: Scope, verb: string, call: string, of = `flow.${verb}`): ScopeState {
  return ScopeHandle.stateOf(s, verb, `${of}(s, ${call})`);
}

/** A flow of what a body sends. */
export function produced(state: ScopeState, body: (out: Sender<unknown>) => unknown, options: ChannelOptions<unknown>, name: string): Origin {
  const stage = new ChannelStage("produce", name, options);
  return stage.run(state, () => outcome(body(stage.channel)));
}

/** A flow that reads ahead. */
export function buffered(state: ScopeState, source: Tower, options: ChannelOptions<unknown>): Origin {
  const stage = new ChannelStage("buffer", options.name ?? source.origin.name, { ...options, onDrop: options.onDrop ?? dropOf(source) }, source);
  return stage.run(state, function* (): Work<void> {
    const pulling = new Pulling(source, "result");
    for (;;) {
      const result = (yield* pulling) as Result;
      if (result.done === true) return;
      try {
        yield* stage.channel.sending(result.value);
      } catch (error) {
        stage.drop(result.value);
        throw error;
      }
    }
  });
}

/** Where values go that nobody receives from a stage. */
export const dropOf = ({ origin }: Tower) => (value: unknown): void => { origin.drop(value); };

/** A flow of what a body makes of the latest value. */
export class LatestStage extends ChannelStage {
  readonly #state: ScopeState;
  readonly #f: (value: unknown) => unknown;
  #body: BackgroundTask<unknown> | undefined = undefined;
  #broken: { error: unknown } | undefined = undefined;
  readonly #failing = chan<never>();

  constructor(state: ScopeState, source: Tower, f: (value: unknown) => unknown) {
    super("latest", source.origin.name, { capacity: 1, onDrop: dropOf(source) }, source);
    this.#state = state;
    this.#f = f;
    this.run(this.#state, () => this.#follow(new Pulling(source, "result")));
  }

  * #follow(pulling: Pulling): Work<void> {
    const next = choose<unknown>(pulling, this.#failing.nexting());
    let sourceFailure: { error: unknown } | undefined;
    try {
      for (let result = (yield* next) as Result; result.done !== true; result = (yield* next) as Result) {
        yield* this.#endBody();
        const stale = this.channel.tryReceive();
        if (stale && stale.done !== true) this.drop(stale.value);
        if (!this.#broken) this.#begin(result.value);
      }
    } catch (error) {
      sourceFailure = { error };
    }
    if (this.isCancelled) yield* this.#endBody();
    else if (this.#body) yield* ended(this.#body); // that of the last value is let finish
    const failure = this.#broken ?? sourceFailure;
    if (failure) throw failure.error;
  }

  #begin(value: unknown): void {
    const body = named(`latest of flow ${JSON.stringify(this.name)}`, () => outcome(this.#f(value)));
    this.#body = goInBackground(this.#state, "latest", body, (task, given) => {
      if (task.state === "done") this.#give(task, given);
      else if (task.state === "failed" && task.cancelScope?.cancelled !== true) {
        task.receiveFailure(); // it is the stage's
        this.#broken = { error: given };
        this.#failing.close();
      }
    });
  }

  #give(task: BackgroundTask<unknown>, given: unknown): void {
    if (task.cancelScope?.cancelled === true || this.channel.closed) this.drop(given);
    else this.channel.trySend(given);
  }

  /** Cancel the body that runs, and wait for its end. */
  * #endBody(): Work<void> {
    const body = this.#body;
    this.#body = undefined;
    if (!body) return;
    body.cancel();
    yield* ended(body);
  }

  protected override stop(reason: unknown): void {
    this.#body?.cancel(reason);
    super.stop(reason);
  }
}

/** Wait for the end of a task, however it ends; no cancel reaches the wait. */
function ended(task: BackgroundTask<unknown>): Performable<unknown> {
  return new Outlasting(performable(task.joining().map(() => undefined, () => undefined), "stage"));
}

class Outlasting extends Enclosing<unknown, unknown> {
  protected override like(inner: Performable<unknown>): Outlasting {
    return new Outlasting(inner);
  }

  override get traits(): number {
    return this.inner.traits | OutlastsCancel;
  }

  override attempt(): unknown {
    return this.inner.attempt();
  }
}
