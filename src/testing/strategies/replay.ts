/**
 * Replay: one run, by choices that are given.
 */
import { Chooser } from "./chooser.ts";

/** The choices that are given, and 0 after them: one run. */
export class Replay extends Chooser {
  readonly #given: readonly number[];

  constructor(given: readonly number[]) {
    super();
    this.#given = given;
  }

  protected override pick(count: number): number {
    return Math.min(this.#given[this.choices.length] ?? 0, count - 1);
  }
}
