/**
 * An AbortSignal as an operation, and the line behind every `{ signal }`.
 *
 * 1. However many wait for a signal, it has one listener, and none when nobody waits: registering and leaving take
 *    constant time (an EventTarget's own list takes linear time).
 * 2. When it aborts, those who wait are failed in order, with the reason itself.
 */
import { checkedSignal } from "../support/given.ts";
import { HoldsSignal, nothing, type Nothing, type Operation, Performable } from "../core/operation.ts";
import { WaitQueue, type WaitPlace, type Waiter } from "../core/wait-queue.ts";

/**
 * Never gives a value; rejects with `signal.reason` when the signal aborts. As the first case of a `listed` select an
 * abort wins over data. One listener a signal, however many wait; none when nobody does.
 *
 * @throws TypeError when `signal` is none
 *
 * @example
 * ```ts
 * import { aborting, perform } from "rendezvous";
 *
 * console.log(await perform(aborting(AbortSignal.abort("enough"))).catch((reason: unknown) => reason)); // enough
 * ```
 *
 * Idea: Go's `<-ctx.Done()`.
 */
export function aborting(signal: AbortSignal): Operation<never> {
  return new Aborting(checkedSignal(signal, "aborting"));
}

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
    let line = signalLines.get(this.#signal);
    if (!line) signalLines.set(this.#signal, (line = new SignalLine(this.#signal, this)));
    line.join(waiter);
  }
}

/** Who waits for which signal. An entry lives while somebody waits. */
const signalLines = new WeakMap<AbortSignal, SignalLine>();

class SignalLine extends WaitQueue implements WaitPlace {
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => { this.resumeAll("error", this.#signal.reason); };

  constructor(signal: AbortSignal, operation: Aborting) {
    super(operation);
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
  }

  get traits(): number {
    return HoldsSignal;
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter);
    if (!this.empty) return;
    signalLines.delete(this.#signal);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
