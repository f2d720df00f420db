/**
 * `until`: the flow is over when an operation happens.
 *
 * Each receive performs that operation before the source. The first to happen ends the flow for all, in that very step; one that
 * fails has the flow fail, and it fails again and again.
 *
 * Idea: RxJS' `takeUntil`, with an operation in place of another observable.
 */
import { Choice, unnamed } from "../core/choice.ts";
import { Enclosing } from "../core/map.ts";
import { nothing, type Nothing, type Performable } from "../core/operation.ts";
import type { Outcome, Waiter } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";
import { Pulling, View, type Tower } from "./pipeline.ts";
import { end, Failure, type Result } from "./result.ts";

/** The tower of a flow that is over when this operation has happened. */
export function untilHappens(under: Tower, operation: Performable<unknown>): Tower {
  const ending = new Ending(operation);
  const base = new Choice<Result>([unnamed(ending), unnamed(new Pulling(under, "raw"))], "choice", true);
  const stand = { origin: under.origin, base, top: undefined, inner: under };
  const gate = new Gate(stand);
  ending.gate = gate;
  return { ...stand, top: gate };
}

/** Closed for good once the operation has happened. */
class Gate extends View {
  #how: Result | undefined = undefined;

  override ready(): Result | Nothing {
    return this.#how ?? nothing;
  }

  override take(result: Result): Result {
    return this.#how ?? result;
  }

  override pass(): boolean {
    return this.#how === undefined;
  }

  happened(how: Result): void {
    this.#how = how;
  }

  leave(): void {
    this.finish(this.#how instanceof Failure ? this.#how.error : undefined);
  }
}

/** The operation, as what gives the end. */
class Ending extends Enclosing<unknown, Result> {
  /** Set at once: it stands on this very operation. */
  declare gate: Gate;

  protected override like(inner: Performable<unknown>): Ending {
    return Object.assign(new Ending(inner), { gate: this.gate });
  }

  override attempt(): Result | Nothing {
    let how = end;
    try {
      if (this.inner.attempt() === nothing) return nothing;
    } catch (error) {
      how = new Failure(error);
    }
    this.gate.happened(how);
    this.gate.leave();
    return how;
  }

  override happened(outside: Waiter, _key: CaseKey | undefined, how: Outcome, what: unknown): void {
    const result = how === "error" ? new Failure(what) : end;
    this.gate.happened(result);
    // First whoever has met it leaves the source: left, that would come with an end of its own.
    if (how !== "result") outside.resume("value", result);
    else outside.resume("result", () => this.#late(what as () => unknown));
    this.gate.leave();
  }

  /** Whether it has failed is found out in the receiver's turn. */
  #late(result: () => unknown): Result {
    try {
      result();
      return end;
    } catch (error) {
      const failure = new Failure(error);
      this.gate.happened(failure);
      return failure;
    }
  }
}
