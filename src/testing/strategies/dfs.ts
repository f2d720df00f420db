/**
 * All runs, depth first, with at most so many choices that differ from production.
 *
 * Idea: the delay bounding of Emmi, Qadeer and Rakamarić, 2011.
 */
import type { ControlledScheduler, Poll } from "../scheduler/controlled-scheduler.ts";
import type { Deed } from "../scheduler/thread.ts";
import { Chooser, worthWhile, type Branch } from "./chooser.ts";

export class BoundedDfs extends Chooser {
  readonly #limit: number;
  readonly #branches: Branch[] = [];
  readonly #branchOf = new WeakMap<Poll | Deed, Branch>();
  #ran = false;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override begin(scheduler: ControlledScheduler): boolean {
    if (this.#ran && !this.#turnOver()) return false;
    this.#ran = true;
    return super.begin(scheduler);
  }

  /** The deepest choice that has a possibility left takes it. */
  #turnOver(): boolean {
    for (let branch = this.#branches.pop(); branch; branch = this.#branches.pop()) {
      if (branch.chosen >= branch.last) continue;
      if (this.#branches.filter(({ chosen, given }) => chosen > 0 && !given).length >= this.#limit) {
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

  #branch(count: number, usual = 0): Branch {
    const index = this.choices.length;
    return (this.#branches[index] ??= usual === 0 ? { chosen: 0, last: count - 1 } : { chosen: usual, last: usual, given: true });
  }

  protected override pickCase(poll: Poll): number {
    if (this.isLatePoll) {
      this.cut = true;
      return this.#branch(1, this.usualCase(poll)).chosen;
    }
    const branch = this.#branch(poll.total);
    this.#branchOf.set(poll, branch);
    return branch.chosen;
  }

  override nextCase(poll: Poll): void {
    const branch = this.#branchOf.get(poll);
    if (branch) this.redundant ||= !worthWhile(branch, poll);
  }

  protected override pickAtOnce(deed: Deed): number {
    const branch = this.#branch(2);
    this.#branchOf.set(deed, branch);
    return branch.chosen;
  }

  override sameEitherWay(deed: Deed): void {
    const branch = this.#branchOf.get(deed);
    if (branch) branch.last = branch.chosen;
  }
}
