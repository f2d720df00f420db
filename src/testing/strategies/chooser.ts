/**
 * A chooser decides in a run, and which runs there are: each strategy is one.
 *
 * 1. A choice is made only where there are several possibilities, and 0 is what production would do.
 * 2. Of a select only the case that is polled first is chosen. If it cannot happen, the others are polled in a fixed order: whatever
 *    comes of that is what another choice would give, too; save that of two cases in one line the same may always be first: then not every
 *    order was tried.
 */
import type { CaseChooser, ControlledScheduler, Poll } from "../scheduler/controlled-scheduler.ts";
import type { Deed, Item } from "../scheduler/thread.ts";

/** So many selects of a run have their first case polled first, if it makes no difference to the strategy; then it is each one's turn. */
const firstOfAll = 64;

export abstract class Chooser implements CaseChooser {
  /** The choices of this run, so far. */
  choices: number[] = [];
  /** What is left of this run would be the same as another run. */
  redundant = false;
  /** Not every run was made, or will be. */
  cut = false;
  /** The run has become long: from here on everybody has a turn, nothing is chosen, and nothing is noted. */
  fair = false;
  #polls = 0;

  /** A run begins. False: there is none left. */
  begin(_scheduler: ControlledScheduler): boolean {
    this.choices = [];
    this.redundant = false;
    this.fair = false;
    this.#polls = 0;
    return true;
  }

  beginFairness(): void {
    if (this.fair) return;
    this.fair = true;
    this.cut = true;
  }

  /** The run is over. */
  end(): void { /* nothing to learn from it */ }

  /** Who goes on. */
  next(items: readonly Item[]): Item | undefined {
    return items[items.length === 1 ? 0 : this.note(this.pick(items.length, items))];
  }

  firstCase(poll: Poll): number {
    this.#polls++;
    return this.fair ? this.#polls % poll.total : this.note(this.pickCase(poll));
  }

  nextCase(_poll: Poll): void { /* see 2 */ }

  leaveOut(): void {
    this.cut = true;
  }

  atOnce(deed: Deed): boolean {
    return !this.fair && this.note(this.pickAtOnce(deed)) === 1;
  }

  notAtOnce(): false {
    if (!this.fair) this.note(0);
    return false;
  }

  sameEitherWay(_deed: Deed): void { /* only who makes every choice has to know */ }

  /** One of several values. */
  value(count: number): number {
    return count === 1 || this.fair ? 0 : this.note(this.pick(count));
  }

  /** The case that is polled first where nothing speaks for another one. A loop that selects ends by each of them in the end. */
  protected usualCase({ total }: Poll): number {
    return this.#polls > firstOfAll ? this.#polls % total : 0;
  }

  /** Whether that is settled by its being late in the run. */
  protected get isLatePoll(): boolean {
    return this.#polls > firstOfAll;
  }

  protected pickCase(poll: Poll): number {
    return this.pick(poll.total);
  }

  /** 1: those who are woken go on at once. */
  protected pickAtOnce(_deed: Deed): number {
    return this.pick(2);
  }

  protected note(choice: number): number {
    this.choices.push(choice);
    return choice;
  }

  /** One of `count` possibilities, which are these items if somebody has to go on. */
  protected abstract pick(count: number, items?: readonly Item[]): number;
}
