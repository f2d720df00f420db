/**
 * All runs, depth first, with at most so many choices that differ from production.
 *
 * Idea: the delay bounding of Emmi, Qadeer and Rakamarić, 2011.
 */
import type { ControlledScheduler, Poll } from "../scheduler/controlled-scheduler.ts";
import { Chooser, worthWhile, type Branch } from "./chooser.ts";

export class BoundedDfs extends Chooser {
  readonly #limit: number;
  readonly #branches: Branch[] = [];
  readonly #ofPoll = new WeakMap<Poll, Branch>();
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
