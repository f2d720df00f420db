/**
 * Choice: the first of several operations to happen, as an operation.
 *
 * 1. Polled first, in random order (or as listed): each ready one is equally likely, and none beyond the first ready one is
 *    touched. Only then it waits, on all of them.
 * 2. The operation that happens withdraws the others before its performer is resumed.
 * 3. A choice never meets itself: it polls before it takes any place, and its own places are not polled.
 * 4. Code of the user may run while places are taken (see `RunsUserCode`). What it sets off is seen: a case that has happened ends
 *    the taking, and the cases still to come are polled once more.
 * 5. It may also perform this very choice while it is polled, or while it takes its places: each goes through an order of its own.
 * 6. Receives only stand in lines (see `wouldHappen`). If all cases do, none of which is ready, a look at each in the order in which they were listed
 *    finds that out, and the waiters of one wait serve the next one: 18 ns a case in place of 48 (`node bench/run.mjs one-ready-1000`). No other waiter
 *    is used twice, since whoever holds it could resume it late, in the midst of a later wait.
 *
 *        performer ◄── outside ◄─┬─ case a ── in line of channel x
 *                                └─ case b ── in a timer's place        a happens: b leaves, then outside happens
 *
 * Idea: Go's `select`, as Concurrent ML's `choose`.
 */
import type { CaseKey } from "../errors.ts";
import { InnerWaiter, type Around } from "./inner-waiter.ts";
import { nothing, performable, Performable, type Nothing, type NoOperation, type Operation } from "./operation.ts";
import { FailsAlone, OutlastsCancel, Prepares, ResultIsDeferred, RunsUserCode } from "./traits.ts";
import { asCase } from "../support/printing.ts";
import { controller, pick } from "./controller.ts";
import { opened, release, withdraw, type Outcome, type Waiter } from "./wait-queue.ts";

/**
 * The first of several operations to happen; the others leave no trace. Several ready: one uniformly at random.
 *
 * @param operations - at least one
 * @throws TypeError when there is none, or one of them is no operation
 *
 * @example
 * ```ts
 * import { always, choose, never, perform } from "rendezvous";
 *
 * console.log(await perform(choose(never, always("here")))); // here
 * ```
 *
 * Idea: Concurrent ML's `choose`.
 */
export function choose<T>(...operations: (Operation<T> | NoOperation)[]): Operation<T> {
  if (operations.length === 0) throw new TypeError("choose takes at least one operation: nothing would ever happen; that is never");
  return new Choice(operations.map((operation) => unnamed(performable(operation as Operation<T>, "choose"))));
}

/** An operation of a choice, and the key that names it in a select. */
export interface Case {
  readonly key: CaseKey | undefined;
  readonly operation: Performable<unknown>;
}

/** A case of a choice that is no select. */
export const unnamed = (operation: Performable<unknown>): Case => ({ key: undefined, operation });

/** What the user wrote: a select gives `{ case, value }`, and its errors name the case; a wait is a verb's, beside its signal. */
export type Form = "select" | "choice" | "wait";

/** Operations, of which one happens. */
export class Choice<T> extends Performable<T> implements Around {
  /** As they were listed. */
  readonly #cases: readonly Case[];
  /** The same in the order in which they were polled last; shuffled in place, unless `#listed`. */
  #order: Case[] | undefined = undefined;
  /** The waiters of its last wait, if all only stand in lines: one for each case, in the order in which these were listed. */
  #kept: InnerWaiter[] | undefined = undefined;
  readonly form: Form;
  readonly #listed: boolean;
  /** Those of its cases. A wait may have any, since those of its operation change (`gather`). */
  #traits: number;

  constructor(cases: readonly Case[], form: Form = "choice", listed = false) {
    super();
    this.#cases = cases;
    this.form = form;
    this.#listed = listed;
    this.#traits = form === "wait" ? -1 : traitsOf(cases);
  }

  override toString(): string {
    const cases = this.#cases.map(({ key, operation }) => `${key === undefined ? "" : `${String(key)}: `}${this.form === "wait" ? String(operation) : asCase(String(operation))}`);
    return this.form === "wait" ? cases.join(" and ") : `${this.form} of ${cases.join(", ") || "nothing"}`;
  }

  /** A cancel withdraws a choice, whatever its cases are. */
  override get traits(): number {
    return (this.form === "wait" ? traitsOf(this.#cases) : this.#traits) & ~(OutlastsCancel | FailsAlone | MoreThanLines);
  }

  override footprint(): void {
    for (const { operation } of this.#cases) operation.footprint();
  }

  override prepare(): Performable<T> {
    // Mostly nothing has to be: a select over 100 channels takes half the time without a look at each (`npm run bench -- fan-in`).
    if ((this.#traits & Prepares) === 0) return this;
    const prepared = this.#cases.map(({ key, operation }) => ({ key, operation: operation.prepare() }));
    return prepared.every(({ operation }, index) => operation === this.#cases[index]?.operation) ? this : new Choice(prepared, this.form, this.#listed);
  }

  override attempt(key?: CaseKey): T | Nothing {
    if (controller) this.footprint();
    // Code of the user that runs here may perform this very choice: then each polling has an order of its own.
    const order = this.#order === undefined || (this.#traits & (ResultIsDeferred | RunsUserCode)) !== 0 ? (this.#order = this.#cases.slice()) : this.#order;
    for (let left = order.length; left > 0; left--) {
      // One of these few is ready if many are.
      if (left + 2 + (order.length >> 4) === order.length && this.#onlyInLines() && !this.#cases.some(isReady)) break;
      const index = this.#listed ? order.length - left : pick(left, order);
      const polled = order[index] as Case;
      const value = polled.operation.attempt(key ?? polled.key);
      if (value !== nothing) return this.present(polled.key, value);
      if (this.#listed) continue;
      // A step of a shuffle: what was polled goes behind what was not.
      order[index] = order[left - 1] as Case;
      order[left - 1] = polled;
    }
    return nothing;
  }

  override enlist(outside: Waiter): void {
    const inLines = this.#onlyInLines();
    const kept = inLines && this.#kept?.[0]?.outside === undefined ? this.#kept : undefined;
    const waiters = kept ?? [];
    outside.place = this;
    outside.slot = waiters;
    const careful = (this.#traits & (RunsUserCode | FailsAlone)) !== 0;
    let userCodeRan = false;
    const order = inLines ? this.#cases : this.#order ?? this.#cases;
    for (let index = 0; index < order.length; index++) {
      const { key, operation } = order[index] as Case;
      const traits = careful ? operation.traits : 0;
      if ((traits & FailsAlone) !== 0) continue;
      const waiter = kept?.[index] ?? new InnerWaiter(outside, this, key);
      if (kept === undefined) waiters.push(waiter);
      else waiter.outside = outside;
      if (userCodeRan) pollFor(waiter, operation);
      if (outside.slot === waiters) operation.enlist(waiter);
      if (outside.slot !== waiters) return;
      userCodeRan ||= (traits & RunsUserCode) !== 0;
      // Twice in one line: each of the two has to be the first one equally often.
      if (kept === undefined && inLines && !this.#listed && (waiter.previous as InnerWaiter | undefined)?.outside === outside) {
        this.#traits |= MoreThanLines;
        this.withdraw(outside);
        this.attempt(); // none is ready; it is their order
        this.enlist(outside);
        return;
      }
    }
    if (inLines) this.#kept = waiters;
  }

  /** A controller decides about the order of all cases. */
  #onlyInLines(): boolean {
    return (this.#traits & MoreThanLines) === 0 && controller === undefined;
  }

  withdraw(outside: Waiter): void {
    const waiters = outside.slot as InnerWaiter[];
    release(outside);
    for (const waiter of waiters) {
      withdraw(waiter);
      waiter.outside = undefined;
    }
  }

  /** A case has begun to happen: the others leave. Of a verb's wait the signal stays, since an abort still counts. */
  commit(outside: Waiter, chosen: InnerWaiter): void {
    if (this.form !== "wait") {
      const waiters = outside.slot as InnerWaiter[];
      outside.slot = [chosen];
      for (const waiter of waiters) if (waiter !== chosen) withdraw(waiter);
    }
    outside.commit?.();
  }

  happened(outside: Waiter, key: CaseKey | undefined, how: Outcome, what: unknown): void {
    if (how === "value") outside.resume("value", this.present(key, what));
    else if (how === "error") outside.resume("error", what);
    else outside.resume("result", () => this.present(key, opened(how, what)));
  }

  /** What the choice gives when the operation under `key` gave `value`. */
  present(key: CaseKey | undefined, value: unknown): T {
    return (this.form === "select" ? { case: key, value } : value) as T;
  }
}

/** One bit more beside the traits: a case does more than stand in line, or two of them stand in the same one. */
const MoreThanLines = 128;

/** What several operations have to be known for together. */
const traitsOf = (cases: readonly Case[]): number => cases.reduce((all, { operation: one }) => all | one.traits | (one.wouldHappen ? 0 : MoreThanLines), 0);

/** Whether a case is ready, of those that only stand in line. */
const isReady = ({ operation }: Case): boolean => operation.wouldHappen?.() === true;

/** A case that may have become ready since it was polled. */
function pollFor(waiter: Waiter, operation: Performable<unknown>): void {
  try {
    const value = operation.attempt(waiter.key);
    if (value !== nothing) waiter.resume("value", value);
  } catch (error) {
    waiter.resume("error", error);
  }
}
