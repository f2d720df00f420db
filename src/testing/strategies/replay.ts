/**
 * Replay: one run, by choices that are given.
 */
import type { Poll } from "../scheduler/controlled-scheduler.ts";
import { Chooser } from "./chooser.ts";

/** The choices that are given, and the usual ones after them: one run. */
export class Replay extends Chooser {
  readonly #given: readonly number[];

  constructor(given: readonly number[]) {
    super();
    this.#given = given;
  }

  protected override pick(count: number): number {
    return Math.min(this.#given[this.choices.length] ?? 0, count - 1);
  }

  protected override pickCase(poll: Poll): number {
    return this.choices.length < this.#given.length ? this.pick(poll.total) : this.usualCase(poll);
  }
}
