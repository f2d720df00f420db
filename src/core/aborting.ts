/**
 * The abort of a signal as an operation: what stands behind every `{ signal }`.
 *
 * 1. A signal has one listener however many waiters it has, and none without a waiter: registering and leaving take
 *    constant time (an EventTarget's own list takes linear time).
 * 2. When it aborts, the waiters fail in order, with the reason itself.
 */
import { nothing, Performable, type Nothing } from "./operation.ts";
import { HoldsSignal } from "./traits.ts";
import { WaitQueue, type WaitPlace, type Waiter } from "./wait-queue.ts";

export class Aborting extends Performable<never> {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    super();
    this.#signal = signal;
  }

  override toString(): string {
    return "the abort of a signal";
  }

  override get traits(): number {
    return HoldsSignal;
  }

  override attempt(): Nothing {
    if (this.#signal.aborted) throw this.#signal.reason;
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    let queue = signalQueues.get(this.#signal);
    if (!queue) signalQueues.set(this.#signal, (queue = new SignalQueue(this.#signal, this)));
    queue.join(waiter);
  }
}

/** The queue of each signal that somebody has waited for. It is kept, since making one anew for each wait takes a tenth of a receive. */
const signalQueues = new WeakMap<AbortSignal, SignalQueue>();

class SignalQueue extends WaitQueue implements WaitPlace {
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => { this.resumeAll("error", this.#signal.reason); };

  constructor(signal: AbortSignal, operation: Aborting) {
    super(operation);
    this.#signal = signal;
  }

  get traits(): number {
    return HoldsSignal;
  }

  override join(waiter: Waiter): void {
    if (this.empty) this.#signal.addEventListener("abort", this.#onAbort);
    super.join(waiter);
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter);
    if (this.empty) this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
