/**
 * What strategies have in common that try every possibility of a choice: a branch for each choice, kept from run to run.
 *
 * 1. The first possibility, 0, comes first. Which one comes next, and at which branch, is the strategy's to say.
 * 2. Where two possibilities turn out to be the same, only one of them is tried.
 */
import type { Poll } from "../scheduler/controlled-scheduler.ts";
import type { Deed } from "../scheduler/thread.ts";
import { Chooser } from "./chooser.ts";

/** A choice that is made anew until all its possibilities have been tried. */
export interface Branch {
  chosen: number;
  /** The last possibility that is worth trying. */
  last: number;
  /** No other one was ever to be tried. */
  readonly given?: true;
}

export abstract class Exhaustive extends Chooser {
  readonly #branchOf = new WeakMap<Poll | Deed, Branch>();

  /** The branch of the next choice of the run: the one that an earlier run has left there, or else this one. */
  protected abstract branch(unless: Branch): Branch;

  protected override pick(count: number): number {
    return this.branch({ chosen: 0, last: count - 1 }).chosen;
  }

  protected override pickCase(poll: Poll): number {
    if (!this.isLatePoll) return this.#pickFor(poll, poll.total);
    this.cut = true;
    const usual = this.usualCase(poll);
    return this.branch({ chosen: usual, last: usual, given: true }).chosen;
  }

  /**
   * The first case that was polled could not happen. The first possibility, 0, goes on, and what is polled now (the last of those left) need
   * not be tried again; every other one is given up.
   */
  override nextCase(poll: Poll): void {
    const branch = this.#branchOf.get(poll);
    if (!branch || this.redundant) return;
    if (branch.chosen > 0) this.redundant = true;
    else branch.last = Math.min(branch.last, poll.left - 1);
  }

  protected override pickAtOnce(deed: Deed): number {
    return this.#pickFor(deed, 2);
  }

  override sameEitherWay(deed: Deed): void {
    const branch = this.#branchOf.get(deed);
    if (branch) branch.last = branch.chosen;
  }

  #pickFor(what: Poll | Deed, count: number): number {
    const branch = this.branch({ chosen: 0, last: count - 1 });
    this.#branchOf.set(what, branch);
    return branch.chosen;
  }
}
