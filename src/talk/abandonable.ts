/**
 * A call whose caller may give up: its server hears of it by a signal, which is made when it is first read.
 */
import { enqueue } from "../core/scheduler.ts";
import { handedOut } from "../platform/signals.ts";

export abstract class Abandonable {
  #abandoning: AbortController | undefined = undefined;
  #abandoned = false;

  /** Its caller has given up. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  get signal(): AbortSignal {
    if (this.#abandoning === undefined) {
      this.#abandoning = handedOut();
      if (this.#abandoned) this.#abandoning.abort();
    }
    return this.#abandoning.signal;
  }

  /** The signal aborts, in a turn of its own. */
  protected abandonNow(): void {
    this.#abandoned = true;
    const abandoning = this.#abandoning;
    if (abandoning !== undefined) enqueue({ run: () => { abandoning.abort(); } });
  }
}
