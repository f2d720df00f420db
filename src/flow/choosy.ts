/**
 * Views that must see a value to know whether, and as what, it passes: filter, takeWhile, flatMap.
 *
 * Idea: the iterator helpers of TC39; `takeWhile` is Rust's.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import { show } from "../errors.ts";
import { checkedResult } from "./exact.ts";
import { Looking } from "./looking.ts";
import type { Tower } from "./pipeline.ts";
import { end, type Result } from "./result.ts";

type Test = (value: unknown, index: number) => unknown;

/** The values for which a test holds. */
export class Filtering extends Looking {
  readonly #test: Test;
  #index = 0;

  constructor(under: Tower, test: Test) {
    super(under);
    this.#test = test;
  }

  override take(result: Result): Result | Nothing {
    if (result.done === true) return result;
    return checkedResult(this.#test(result.value, this.#index++), "filter") ? result : nothing;
  }
}

/** The values up to the first for which a test does not hold: that one is taken, and not given. */
export class TakingWhile extends Looking {
  readonly #test: Test;
  #index = 0;
  #over = false;

  constructor(under: Tower, test: Test) {
    super(under);
    this.#test = test;
  }

  protected override kept(): Result | Nothing {
    return this.#over ? end : nothing;
  }

  override take(result: Result): Result {
    if (result.done === true || checkedResult(this.#test(result.value, this.#index++), "takeWhile")) return result;
    this.#over = true;
    this.finish();
    return end;
  }
}

/** Each value as a group of values, which is pulled one by one. */
export class FlatMapping extends Looking {
  readonly #f: Test;
  #index = 0;
  /** The rest of a group. */
  #group: Iterator<unknown, unknown> | undefined = undefined;

  constructor(under: Tower, f: Test) {
    super(under);
    this.#f = f;
  }

  protected override get keeps(): boolean {
    return this.#group !== undefined;
  }

  protected override kept(): Result | Nothing {
    const group = this.#group;
    if (!group) return nothing;
    this.#group = undefined; // one that throws is over
    const { done, value } = group.next();
    if (done === true) {
      this.note();
      return nothing;
    }
    this.#group = group;
    this.note();
    return { done: false, value };
  }

  override take(result: Result): Result | Nothing {
    if (result.done === true) return result;
    const group: unknown = checkedResult(this.#f(result.value, this.#index++), "flatMap");
    const begin = typeof group === "object" && group !== null ? (group as Partial<Iterable<unknown>>)[Symbol.iterator] : undefined;
    if (typeof begin !== "function") {
      throw new TypeError(`the function of flatMap gives an iterable, as (value) => [value]; got ${show(group)}`);
    }
    this.#group = begin.call(group);
    return this.kept();
  }

  protected override letGo(): void {
    const group = this.#group;
    this.#group = undefined;
    if (group) this.under.origin.cleanUp.run(() => { group.return?.(); });
  }
}
