/**
 * A chooser decides in a run, and which runs there are: each strategy is one.
 *
 * 1. A choice is made only where there are several possibilities, and 0 is what production would do.
 * 2. Of a select only the case that is polled first is chosen. If it cannot happen, the others are polled in a fixed order: whatever
 *    comes of that is what another choice would give, too; save that of two cases in one line the same may always be first: then not every
 *    order was tried.
 */
import type { CaseChooser, Poll, ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import type { Item } from "../scheduler/thread.ts";

export abstract class Chooser implements CaseChooser {
  /** The choices of this run, so far. */
  choices: number[] = [];
  /** What is left of this run would be the same as another run. */
  redundant = false;
  /** Not every run was made, or will be. */
  cut = false;

  /** A run begins. False: there is none left. */
  begin(_world: ControlledScheduler): boolean {
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

/** A choice that is made anew until all its possibilities have been tried. */
export interface Branch {
  chosen: number;
  /** The last possibility that is worth trying. */
  last: number;
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
