/**
 * The end of a scope, as what the code waits for that has made it.
 */
import { External, HoldsSignal } from "../../core/operation.ts";
import type { Enclosing, Waited } from "../../core/controller.ts";

export class EndOfScope implements Waited {
  readonly #scope: Enclosing;

  constructor(scope: Enclosing) {
    this.#scope = scope;
  }

  /** While its body runs, or when nothing of it but its clean-up is left, nobody knows what it waits for. */
  get traits(): number {
    const { bodyRuns, hasTasks, holdsSignal } = this.#scope;
    return (bodyRuns || !hasTasks ? External : 0) | (holdsSignal ? HoldsSignal : 0);
  }

  footprint(): void { /* its tasks touch what they do */ }

  toString(): string {
    return `${this.#scope.kind} "${this.#scope.name}"`;
  }
}
