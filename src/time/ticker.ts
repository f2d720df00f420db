/**
 * Tickers: a receiver of ticks, at most one of which is pending.
 *
 * 1. The tick's value is how many periods have passed since the start, so a gap shows the missed ones.
 * 2. The phase is kept: a tick that comes late does not put off the next one.
 * 3. It re-arms in the timer's callback, never after an await; stopped, it has no timer and gives nothing more.
 * 4. Its timer keeps the process alive while a receiver waits for a tick, and no longer.
 *
 * Idea: Go's `time.Ticker`, as of 1.23: no stale tick after a stop.
 */
import { Channel } from "../channel/channel.ts";
import { Loop } from "../channel/loop.ts";
import { Through } from "../ops/through.ts";
import { performable, Performable, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { hasClosed, hasOpened } from "../support/resources.ts";
import { withFacts } from "../support/printing.ts";
import { clockIsReal } from "../core/controller.ts";
import type { Receiver } from "../channel/channel-types.ts";
import { BareWaiter, release, withdraw, type Outcome, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";
import { checkedDelay, KeepAliveTimer } from "./timer.ts";

/** A receiver of ticks. Each is the number of periods that have passed since the start: 1, 2, ... */
export interface Ticker extends Receiver<number> {
  /** Ends it: no tick follows, no timer is left, and receivers see the end. Idempotent. */
  stop(): void;
  /** Stops: `using clock = ticker(100)`. */
  [Symbol.dispose](): void;
}

/**
 * Starts a ticker, which ticks every `ms` milliseconds. A slow receiver finds only the latest tick, whose value is the number of periods that have
 * passed.
 *
 * It is a resource, as a connection is: the code that makes it stops it, best by `using clock = ticker(100)` or, in a scope, by `s.use(ticker(100))`.
 * While nothing waits for it, it does not keep the process alive.
 *
 * @param ms - the period in milliseconds: above 0; `Infinity` never ticks
 * @throws RangeError if `ms` is 0, negative, `NaN` or not a number
 *
 * @example
 * ```ts
 * import { ticker } from "rendezvous";
 *
 * const clock = ticker(5);
 * for await (const tick of clock) {
 *   if (tick >= 2) clock.stop();
 * }
 * console.log("two periods have passed"); // two periods have passed
 * ```
 *
 * Idea: Go's `time.NewTicker`.
 */
export function ticker(ms: number): Ticker {
  const period = checkedDelay(ms, "ticker");
  if (period === 0) throw new RangeError(`ticker takes a period above 0 ms; got ${String(ms)}`);
  return new TickChannel(period);
}

class TickChannel extends Channel<number> implements Ticker {
  readonly #period: number;
  readonly #started = globalThis.performance.now();
  readonly #timer = new KeepAliveTimer();
  #passed = 0;
  #waiting = 0;

  constructor(period: number) {
    super({ capacity: 1, overflow: "drop-oldest", name: `ticker of ${String(period)} ms` });
    this.#period = period;
    this.#timer.arm(period, () => { this.#tick(); });
    hasOpened(this, this.name);
  }

  override toString(): string {
    return withFacts(`T${this.name.slice(1)}`, ...this.facts("stopped"));
  }

  #tick(): void {
    this.#passed++;
    let untilNext = this.#period;
    if (clockIsReal()) {
      const elapsed = globalThis.performance.now() - this.#started;
      this.#passed = Math.max(this.#passed, Math.floor(elapsed / this.#period));
      untilNext = Math.max(0, (this.#passed + 1) * this.#period - elapsed);
    }
    this.#timer.arm(untilNext, () => { this.#tick(); });
    this.trySend(this.#passed);
  }

  // -- Waiting --

  override receive(options?: WaitOptions): Promise<number> {
    return perform(this.receiving(), options);
  }

  override receiving(): Operation<number> {
    return this.#counted(super.receiving());
  }

  override nexting(): Operation<IteratorResult<number, undefined>> {
    return this.#counted(super.nexting());
  }

  override [Symbol.asyncIterator](): AsyncIterator<number, undefined> & AsyncIterable<number> {
    return new Through(new Loop<number>(this), (nexting) => this.#counted(nexting));
  }

  #counted<T>(receiving: Operation<T>): Operation<T> {
    return new CountedWait(performable(receiving, "ticker"), (by) => {
      this.#waiting += by;
      this.#timer.keep(this.#waiting > 0);
    });
  }

  // -- The end --

  stop(): void {
    this.cancel();
  }

  override cancel(reason?: unknown): boolean {
    this.#end();
    return super.cancel(reason);
  }

  override close(error?: unknown): boolean {
    this.#end();
    return super.close(error);
  }

  #end(): void {
    this.#timer.disarm();
    hasClosed(this);
  }

  override [Symbol.dispose](): void {
    this.stop();
  }
}

/** An operation that counts its waiters. */
class CountedWait<T> extends Performable<T> implements WaitPlace {
  readonly #inner: Performable<T>;
  readonly #count: (by: 1 | -1) => void;

  constructor(inner: Performable<T>, count: (by: 1 | -1) => void) {
    super();
    this.#inner = inner;
    this.#count = count;
  }

  override toString(): string {
    return String(this.#inner);
  }

  override footprint(): void {
    this.#inner.footprint();
  }

  override attempt(key?: CaseKey): T | Nothing {
    return this.#inner.attempt(key);
  }

  override enlist(waiter: Waiter): void {
    const inside = new CountedWaiter(waiter, () => { this.#count(-1); });
    waiter.place = this;
    waiter.slot = inside;
    this.#count(1);
    this.#inner.enlist(inside);
  }

  withdraw(waiter: Waiter): void {
    const inside = waiter.slot as CountedWaiter;
    release(waiter);
    withdraw(inside);
    inside.leave();
  }
}

class CountedWaiter extends BareWaiter {
  readonly #outside: Waiter;
  readonly leave: () => void;

  constructor(outside: Waiter, leave: () => void) {
    super();
    this.#outside = outside;
    this.leave = leave;
  }

  get key(): CaseKey | undefined {
    return this.#outside.key;
  }

  override resume(how: Outcome, what: unknown): void {
    release(this.#outside);
    this.leave();
    this.#outside.resume(how, what);
  }
}
