/**
 * Views over time: chunks, debounce.
 *
 * 1. What is in hand has a deadline, counted from when it was taken, whoever waits. There is a timer only while somebody waits for it.
 * 2. First comes what is ready below: a deadline that has passed counts when nothing more is.
 * 3. At the end, or the error, of the source what is in hand is given at once, before that.
 *
 * Idea: tokio-stream's `chunks_timeout`, lodash's `debounce`.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import { arm } from "../time/timer.ts";
import { Looking } from "./looking.ts";
import type { Tower } from "./pipeline.ts";
import type { Result } from "./result.ts";

const now = (): number => globalThis.performance.now();

abstract class Timed extends Looking {
  #deadline = Infinity;
  #disarm: (() => void) | undefined = undefined;

  /** What is in hand is due so many milliseconds from now; `Infinity`: never. */
  protected dueIn(ms: number): void {
    this.#stop();
    this.#deadline = now() + ms;
  }

  /** Nothing is in hand. */
  protected empty(): void {
    this.dueIn(Infinity);
    this.note();
  }

  protected get isDue(): boolean {
    return this.keeps && this.#deadline <= now();
  }

  override starved(): Result | Nothing {
    return this.isDue ? this.give() : nothing;
  }

  /** What is in hand, given. */
  protected abstract give(): Result;

  protected override waits(): void {
    this.looked();
  }

  protected override looked(): void {
    if (!this.keeps || this.#disarm || this.#deadline === Infinity) return;
    this.#disarm = arm(Math.max(0, this.#deadline - now()), () => {
      this.#disarm = undefined;
      this.#deadline = -Infinity; // a timer that has fired proves that its time has passed, whatever the clock says
      this.schedule();
    });
  }

  protected override rest(): void {
    this.#stop();
    super.rest();
  }

  #stop(): void {
    this.#disarm?.();
    this.#disarm = undefined;
  }
}

/** Several values at a time. */
export class Chunking extends Timed {
  readonly #size: number;
  readonly #within: number;
  #chunk: unknown[] = [];

  constructor(under: Tower, size: number, within: number) {
    super(under);
    this.#size = size;
    this.#within = within;
  }

  protected override get keeps(): boolean {
    return this.#chunk.length > 0;
  }

  override take(result: Result): Result | Nothing {
    if (result.done === true) return this.keeps ? this.give() : result;
    if (this.#chunk.push(result.value) === 1 && this.#within !== Infinity) this.dueIn(this.#within);
    const full = this.#chunk.length === this.#size || (this.#within > 0 && this.#within !== Infinity && this.isDue);
    if (full) return this.give();
    this.note();
    return nothing;
  }

  protected override give(): Result {
    const value = this.#chunk;
    this.#chunk = [];
    this.empty();
    return { done: false, value };
  }

  protected override letGo(): void {
    const chunk = this.#chunk;
    this.#chunk = [];
    this.empty();
    for (const value of chunk) this.under.origin.drop(value);
  }
}

/** The latest value, once none has come for a while. */
export class Debouncing extends Timed {
  readonly #ms: number;
  #latest: { value: unknown } | undefined = undefined;

  constructor(under: Tower, ms: number) {
    super(under);
    this.#ms = ms;
  }

  protected override get keeps(): boolean {
    return this.#latest !== undefined;
  }

  override take(result: Result): Result | Nothing {
    if (result.done === true) return this.#latest ? this.give() : result;
    this.#latest = { value: result.value };
    this.dueIn(this.#ms);
    this.note();
    return nothing;
  }

  protected override give(): Result {
    const value = this.#latest?.value;
    this.#latest = undefined;
    this.empty();
    return { done: false, value };
  }

  protected override letGo(): void {
    const latest = this.#latest;
    this.#latest = undefined;
    this.empty();
    if (latest) this.under.origin.drop(latest.value);
  }
}
