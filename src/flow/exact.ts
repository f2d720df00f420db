/**
 * Exact views: a poll that fails, a receive that is withdrawn or loses a select, has taken nothing.
 *
 * They need not see a value to know that it passes, so they take part in the handover itself.
 *
 * Idea: the iterator helpers of TC39, Concurrent ML's `wrap`.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import type { Outcome } from "../core/wait-queue.ts";
import { isThenable } from "../task/body.ts";
import { View, type Tower } from "./pipeline.ts";
import { end, type Result } from "./result.ts";
import { Looking } from "./looking.ts";

/** A function over each value. */
export class Mapping extends View {
  readonly #f: (value: unknown, index: number) => unknown;
  #index = 0;

  constructor(under: Tower, f: (value: unknown, index: number) => unknown) {
    super(under);
    this.#f = f;
  }

  override take(result: Result): Result {
    return result.done === true ? result : { done: false, value: this.apply(result.value) };
  }

  override apply(value: unknown): unknown {
    return checkedResult(this.#f(value, this.#index++), "map");
  }
}

/** What a function of a view has given. A promise is a mistake, and its rejection is nobody's. */
export function checkedResult<R>(given: R, verb: string): R {
  if (!isThenable(given)) return given;
  given.then(undefined, () => { /* told by the TypeError */ });
  throw new TypeError(`the function of ${verb} gave a promise: views are synchronous; write flow.parallel(s, limit, f) for an async function`);
}

/** The first n values: the n-th leaves the source in the step in which it is taken. */
export class Taking extends View {
  #left: number;

  constructor(under: Tower, n: number) {
    super(under);
    this.#left = n;
    if (n === 0) this.finish();
  }

  override ready(): Result | Nothing {
    return this.#left === 0 ? end : nothing;
  }

  override take(result: Result): Result {
    if (result.done === true) return result;
    if (!this.pass()) return end;
    this.passed();
    return result;
  }

  override pass(): boolean {
    return this.#left > 0 && this.#left-- > 0;
  }

  /** Only now it leaves the source: left in the midst of a handover, that would let others go first. */
  override passed(): void {
    if (this.#left === 0) this.finish();
  }
}

/** All but the first n values. */
export class Dropping extends Looking {
  #left: number;

  constructor(under: Tower, n: number) {
    super(under);
    this.#left = n;
  }

  override take(result: Result): Result | Nothing {
    if (result.done === true || this.#left === 0) return result;
    this.#left--;
    return nothing;
  }

  /** Nothing has to be seen of a value: it is dropped, or handed on, at once. */
  override arrived(how: Outcome, what: unknown): void {
    if (how !== "value" || (this.#left > 0 && (what as Result).done === true)) {
      super.arrived(how, what);
      return;
    }
    if (this.#left > 0) this.#left--;
    else this.handOver(how, what);
    if (this.first) this.standAgain();
  }
}
