/**
 * Random: endlessly many runs, each choice made by lot.
 */
import { seeded } from "../../platform/random.ts";
import { Chooser } from "./chooser.ts";

/** Every possibility is equally likely. */
export class Random extends Chooser {
  readonly #random: () => number;

  constructor(seed: number) {
    super();
    this.#random = seeded(seed);
    this.cut = true;
  }

  protected override pick(count: number): number {
    return Math.floor(this.#random() * count);
  }
}
