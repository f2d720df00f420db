/**
 * The origin of a flow: the source that it owns, and how it lets go of that.
 *
 * 1. Leaving a flow reaches its source once: cancelled, or (`preventCancel`) given back. A source that has ended by itself is asked nothing.
 * 2. What views have taken and nobody has received goes to `onDrop`.
 * 3. `cancel` never throws. What the source's clean-up throws is for whoever waits for it, else it is an unhandled rejection.
 *
 * Idea: the owned streams of Rust's iterators, `preventCancel` of the web's streams.
 */
import { External, nothing, OutlastsCancel, Performable, type Nothing } from "../core/operation.ts";
import { performIn } from "../core/perform.ts";
import { touch } from "../core/controller.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { reportFailure } from "../platform/unhandled.ts";
import { Named } from "../support/named.ts";
import { currentCancelScope } from "../task/cancel/current.ts";
import { suppress } from "../task/scope/suppressed.ts";
import { Failure, type Result } from "./result.ts";

/** What a view holds: taken from below, and not yet received. */
export interface Holder {
  /** Whether it pulls through this view. */
  standsOn(view: object): boolean;
  /** Let go of all of it. */
  drop(): void;
}

/** How a source is taken over. */
export interface Ownership {
  readonly name: string;
  readonly preventCancel: boolean;
  readonly onDrop: ((value: unknown) => void) | undefined;
}

export abstract class Origin {
  readonly name: string;
  readonly preventCancel: boolean;
  readonly #onDrop: ((value: unknown) => void) | undefined;
  /** What gives its results: a value, the end again and again, or an error again and again. */
  abstract readonly operation: Performable<Result>;
  /** Views with something in hand. */
  readonly holders: Set<Holder> = new Set();
  /** Somebody has cancelled the flow. */
  cancelled = false;
  /** The source has come to its end, or was left. */
  ended = false;
  reason: unknown = undefined;
  #failed = false;
  readonly cleanUp: CleanUp;

  constructor({ name, preventCancel, onDrop }: Ownership) {
    this.name = name;
    this.preventCancel = preventCancel;
    this.#onDrop = onDrop;
    this.cleanUp = new CleanUp(this);
  }

  /** Whether what it waits for while it cleans up comes from outside of the library. */
  get cleansUpOutside(): boolean {
    return true;
  }

  /** What the code of the source waits for, which belongs to no task, for reports. */
  get sourceWaitsFor(): string | undefined {
    return undefined;
  }

  /** Have the source end. What cannot be done at once is told to `cleanUp`, or is a promise. */
  protected abstract stop(reason: unknown): unknown;

  /** Give the source back: whoever waits there for this flow sees the end. */
  protected release(): void { /* it is always owned */ }

  cancel(reason: unknown): boolean {
    if (this.cancelled || this.#failed) return false;
    this.cancelled = true;
    this.reason = reason;
    touch(this.operation, "cancel");
    for (const holder of [...this.holders]) holder.drop();
    this.leave(reason);
    return true;
  }

  /** The flow needs nothing more, or nothing more above a view. */
  leave(reason: unknown, view?: object): void {
    if (view) for (const holder of [...this.holders]) if (!holder.standsOn(view)) holder.drop();
    if (this.ended) return;
    this.ended = true;
    if (this.preventCancel) this.release();
    else this.cleanUp.run(() => this.stop(reason));
  }

  /** The source itself has come to this end. */
  sawEnd(how: Result): void {
    this.ended = true;
    if (how instanceof Failure) this.#failed = true;
  }

  /** A receiver gets the error of the source. False: it is somebody else's already, and the receiver sees the end. */
  received(_error: unknown): boolean {
    return true;
  }

  /** A value that nobody will receive. */
  drop(value: unknown): void {
    try {
      this.#onDrop?.(value);
    } catch (error) {
      reportFailure(error);
    }
  }

  get keepsDropped(): boolean {
    return this.#onDrop !== undefined;
  }
}

/** A flow, known by the source that it owns: who needs no more of it does not bring all of its views and stages into a bundle. */
export abstract class Owning extends Named {
  abstract readonly origin: Origin;
}

/** What a source does after it was left: whoever waits for its end gets the first error, with the others suppressed. */
export class CleanUp extends Performable<void> {
  readonly #origin: Origin;
  readonly #line = new WaitQueue(this);
  #underWay = 0;
  #failure: { error: unknown } | undefined = undefined;
  /** A failure that nobody has waited for, as the platform's unhandled rejection. */
  #unclaimed: Promise<never> | undefined = undefined;

  constructor(origin: Origin) {
    super();
    this.#origin = origin;
  }

  override toString(): string {
    return `for the clean-up of flow ${JSON.stringify(this.#origin.name)}`;
  }

  override get traits(): number {
    return this.#origin.cleansUpOutside ? External | OutlastsCancel : OutlastsCancel;
  }

  /** Whether there is nothing to wait for. */
  get quiet(): boolean {
    return this.#underWay === 0 && !this.#failure;
  }

  /** Do something that may throw, or give a promise to be awaited. */
  run(step: () => unknown): void {
    try {
      const result = step();
      if (typeof (result as Partial<PromiseLike<unknown>> | undefined)?.then === "function") this.await(result as PromiseLike<unknown>);
    } catch (error) {
      this.fail(error);
    }
  }

  await(promise: PromiseLike<unknown>): void {
    this.#underWay++;
    Promise.resolve(promise).then(() => { this.ended(); }, (error: unknown) => { this.ended({ error }); });
  }

  /** Wait for the clean-up of another flow. */
  follow(other: CleanUp): void {
    if (!other.quiet) this.await(performIn(undefined, other));
  }

  begun(): void {
    this.#underWay++;
  }

  ended(failure?: { error: unknown }): void {
    this.#underWay--;
    if (failure) this.fail(failure.error);
    if (this.#underWay > 0) return;
    touch(this.#line);
    if (!this.#line.empty) this.#claim();
    if (this.#failure) this.#line.resumeAll("error", this.#failure.error);
    else this.#line.resumeAll("value", undefined);
  }

  fail(error: unknown): void {
    if (this.#failure) suppress(this.#failure.error, error, () => []);
    else {
      this.#failure = { error };
      this.#unclaimed = Promise.reject(error);
      if (!this.#line.empty) this.#claim();
    }
  }

  #claim(): void {
    this.#unclaimed?.catch(() => { /* whoever waits has it */ });
    this.#unclaimed = undefined;
  }

  override footprint(): void {
    touch(this.#line);
  }

  override attempt(): undefined | Nothing {
    touch(this.#line);
    if (this.#underWay > 0) return nothing;
    if (!this.#failure) return undefined;
    this.#claim();
    throw this.#failure.error;
  }

  override enlist(waiter: Waiter): void {
    this.#line.join(waiter);
  }
}

/** Wait for the clean-up of a source; with an error on its way, which comes out of it in any case. */
export async function cleanedUp(cleanUp: CleanUp, onItsWay?: { error: unknown }): Promise<void> {
  const around = onItsWay ? [...currentCancelScope()?.around() ?? []] : [];
  try {
    if (!cleanUp.quiet) await performIn(undefined, cleanUp);
  } catch (error) {
    if (!onItsWay) throw error;
    suppress(onItsWay.error, error, () => around);
  }
}
