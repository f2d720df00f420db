/**
 * A signal from outside that cancels a scope.
 */
import { Aborting } from "../../core/aborting.ts";
import { BareWaiter, type Outcome } from "../../core/wait-queue.ts";

/** Calls back once: when the signal aborts, or at once if it has already. Withdraw it to stop watching. */
export class SignalWatch extends BareWaiter {
  readonly #onAbort: (reason: unknown) => void;
  /** The reason, once it has aborted. */
  aborted: { reason: unknown } | undefined = undefined;

  constructor(signal: AbortSignal, onAbort: (reason: unknown) => void) {
    super();
    this.#onAbort = onAbort;
    if (signal.aborted) this.resume("error", signal.reason);
    else new Aborting(signal).enlist(this);
  }

  override resume(_how: Outcome, reason: unknown): void {
    this.aborted = { reason };
    this.#onAbort(reason);
  }
}
