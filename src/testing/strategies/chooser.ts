/**
 * Choosers: who decides in a run, and which runs there are.
 *
 * 1. A choice is made only where there are several possibilities, and 0 is what production would do.
 * 2. Of a select only the case that is polled first is chosen. If it cannot happen, the others are polled in a fixed order: whatever
 *    comes of that is what another choice would give, too; save that of two cases in one line the same may always be first: then not every
 *    order was tried.
 */
import { seeded } from "../../platform/random.ts";
import type { CaseChooser, Item, Poll, World } from "../scheduler/controlled-scheduler.ts";

export abstract class Chooser implements CaseChooser {
  /** The choices of this run, so far. */
  choices: number[] = [];
  /** What is left of this run would be the same as another run. */
  redundant = false;
  /** Not every run was made, or will be. */
  cut = false;

  /** A run begins. False: there is none left. */
  begin(_world: World): boolean {
    this.choices = [];
    this.redundant = false;
    return true;
  }

  /** The run is over. */
  end(): void { /* nothing to learn from it */ }

  /** Who goes on. */
  next(items: readonly Item[]): Item | undefined {
    return items[items.length === 1 ? 0 : this.note(this.pick(items.length, items))];
  }

  firstCase(poll: Poll): number {
    return this.note(this.pick(poll.total));
  }

  nextCase(_poll: Poll): void { /* see 2 */ }

  leaveOut(): void {
    this.cut = true;
  }

  /** One of several values. */
  value(count: number): number {
    return count === 1 ? 0 : this.note(this.pick(count));
  }

  protected note(choice: number): number {
    this.choices.push(choice);
    return choice;
  }

  /** One of `count` possibilities, which are these items if somebody has to go on. */
  protected abstract pick(count: number, items?: readonly Item[]): number;
}

/** The choices that are given, and 0 after them: one run. */
export class Following extends Chooser {
  readonly #given: readonly number[];

  constructor(given: readonly number[]) {
    super();
    this.#given = given;
  }

  protected override pick(count: number): number {
    return Math.min(this.#given[this.choices.length] ?? 0, count - 1);
  }
}

/** Every possibility is equally likely. */
export class Randomly extends Chooser {
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

/**
 * Probabilistic concurrency testing: the strand of the highest priority goes on; at `depth` - 1 random steps it falls to the lowest.
 *
 * Idea: Burckhardt, Kothari, Musuvathi and Nagarakatte, 2010.
 */
export class Prioritised extends Chooser {
  readonly #random: () => number;
  readonly #depth: number;
  #priorities = new Map<string, number>();
  #falls: number[] = [];
  #longest = 16;
  #step = 0;

  constructor(seed: number, depth: number) {
    super();
    this.#random = seeded(seed);
    this.#depth = depth;
    this.cut = true;
  }

  override begin(world: World): boolean {
    this.#longest = Math.max(this.#longest, this.#step);
    this.#step = 0;
    this.#priorities = new Map();
    this.#falls = Array.from({ length: this.#depth - 1 }, () => Math.floor(this.#random() * this.#longest));
    return super.begin(world);
  }

  protected override pick(count: number, items?: readonly Item[]): number {
    if (!items) return Math.floor(this.#random() * count);
    const priorityOf = ({ strand }: Item): number => {
      const known = this.#priorities.get(strand.key) ?? 1 + this.#random();
      this.#priorities.set(strand.key, known);
      return known;
    };
    const highest = (): number => {
      const all = items.map(priorityOf);
      return all.indexOf(Math.max(...all));
    };
    if (this.#falls.includes(this.#step++)) this.#priorities.set((items[highest()] as Item).strand.key, -this.#step);
    return highest();
  }
}

/** A choice that is made anew until all its possibilities have been tried. */
export interface Branch {
  chosen: number;
  /** The last possibility that is worth trying. */
  last: number;
}

/**
 * All runs, depth first, with at most so many choices that differ from production.
 *
 * Idea: the delay bounding of Emmi, Qadeer and Rakamarić, 2011.
 */
export class DepthFirst extends Chooser {
  readonly #limit: number;
  readonly #branches: Branch[] = [];
  readonly #ofPoll = new WeakMap<Poll, Branch>();
  #ran = false;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override begin(world: World): boolean {
    if (this.#ran && !this.#turnOver()) return false;
    this.#ran = true;
    return super.begin(world);
  }

  /** The deepest choice that has a possibility left takes it. */
  #turnOver(): boolean {
    for (let branch = this.#branches.pop(); branch; branch = this.#branches.pop()) {
      if (branch.chosen >= branch.last) continue;
      if (this.#branches.filter(({ chosen }) => chosen > 0).length >= this.#limit) {
        this.cut = true;
        continue;
      }
      this.#branches.push({ ...branch, chosen: branch.chosen + 1 });
      return true;
    }
    return false;
  }

  protected override pick(count: number): number {
    return this.#branch(count).chosen;
  }

  #branch(count: number): Branch {
    const index = this.choices.length;
    return (this.#branches[index] ??= { chosen: 0, last: count - 1 });
  }

  override firstCase(poll: Poll): number {
    this.#ofPoll.set(poll, this.#branch(poll.total));
    return super.firstCase(poll);
  }

  override nextCase(poll: Poll): void {
    const branch = this.#ofPoll.get(poll);
    if (branch) this.redundant ||= !worthWhile(branch, poll);
  }
}

/**
 * The first case that was polled could not happen. The first possibility, 0, goes on, and what is polled now (the last of those left) need
 * not be tried again; every other one is given up.
 */
export function worthWhile(branch: Branch, { left }: Poll): boolean {
  if (branch.chosen > 0) return false;
  branch.last = Math.min(branch.last, left - 1);
  return true;
}
