/**
 * All runs, depth first, with at most so many choices that differ from production.
 *
 * Idea: the delay bounding of Emmi, Qadeer and Rakamarić, 2011.
 */
import type { ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import { Exhaustive, type Branch } from "./exhaustive.ts";

export class BoundedDfs extends Exhaustive {
  readonly #limit: number;
  readonly #branches: Branch[] = [];
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

  protected override branch(unless: Branch): Branch {
    return (this.#branches[this.choices.length] ??= unless);
  }
}
