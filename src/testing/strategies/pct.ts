/**
 * Probabilistic concurrency testing: the thread of the highest priority goes on; at `depth` - 1 random steps it falls to the lowest.
 *
 * Idea: Burckhardt, Kothari, Musuvathi and Nagarakatte, 2010.
 */
import { seeded } from "../../platform/random.ts";
import type { ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import type { Item } from "../scheduler/thread.ts";
import { Chooser } from "./chooser.ts";

/** Who has gone on so often while others could falls, too: it may wait for them. */
const longestRow = 100;

export class Pct extends Chooser {
  readonly #random: () => number;
  readonly #depth: number;
  #priorities = new Map<string, number>();
  #falls: number[] = [];
  #longest = 16;
  #step = 0;
  #last: string | undefined = undefined;
  #inARow = 0;

  constructor(seed: number, depth: number) {
    super();
    this.#random = seeded(seed);
    this.#depth = depth;
    this.cut = true;
  }

  override begin(scheduler: ControlledScheduler): boolean {
    this.#longest = Math.max(this.#longest, this.#step);
    this.#step = 0;
    this.#priorities = new Map();
    this.#falls = Array.from({ length: this.#depth - 1 }, () => Math.floor(this.#random() * this.#longest));
    return super.begin(scheduler);
  }

  protected override pick(count: number, items?: readonly Item[]): number {
    if (!items) return Math.floor(this.#random() * count);
    const highest = this.#highest(items);
    const { key } = (items[highest] as Item).thread;
    this.#inARow = key === this.#last ? this.#inARow + 1 : 0;
    this.#last = key;
    const falls = this.#falls.includes(this.#step++);
    if (!falls && this.#inARow < longestRow) return highest;
    this.#priorities.set(key, -this.#step);
    this.#inARow = 0;
    return this.#highest(items);
  }

  #highest(items: readonly Item[]): number {
    let [highest, most] = [0, -Infinity];
    for (const [index, { thread: { key } }] of items.entries()) {
      let priority = this.#priorities.get(key);
      if (priority === undefined) this.#priorities.set(key, (priority = 1 + this.#random()));
      if (priority > most) [highest, most] = [index, priority];
    }
    return highest;
  }
}
