/**
 * Asking: an operation over anything that can be asked, such as a semaphore for permits. What is asked decides whether it can give now, and where
 * a waiter has to stand.
 */
import { touch } from "../core/controller.ts";
import { Performable, type Nothing } from "../core/operation.ts";
import type { Waiter } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";

/** What can be asked for something: for permits, for a key. */
export interface Asked<A, T> {
  /** For reports, after "waits": `to acquire semaphore "db"`. */
  asking(ask: A): string;
  /** Gives it now, or changes nothing. */
  claim(ask: A, key?: CaseKey): T | Nothing;
  /** Put a waiter in line for it. */
  stand(waiter: Waiter, ask: A): void;
}

export class Asking<A, T> extends Performable<T> {
  readonly #asked: Asked<A, T>;
  readonly #ask: A;
  readonly #traits: number;

  constructor(asked: Asked<A, T>, ask: A, traits = 0) {
    super();
    this.#asked = asked;
    this.#ask = ask;
    this.#traits = traits;
  }

  override toString(): string {
    return this.#asked.asking(this.#ask);
  }

  override get traits(): number {
    return this.#traits;
  }

  override footprint(): void {
    touch(this.#asked);
  }

  override attempt(key?: CaseKey): T | Nothing {
    return this.#asked.claim(this.#ask, key);
  }

  override enlist(waiter: Waiter): void {
    this.#asked.stand(waiter, this.#ask);
  }
}
