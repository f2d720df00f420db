/**
 * Select: the named cases of a choice, with a typed result.
 *
 * It knows nothing of channels, timers or sockets: cases are operations, and `choice.ts` does the choosing.
 *
 * Idea: Go's `select` statement, with named cases and guards as in occam's `ALT`.
 */
import { misuse, type CaseKey } from "../errors.ts";
import { Choice, type Case } from "./choice.ts";
import { notCases } from "../support/cures.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { performable, type Operation, type WaitOptions } from "./operation.ts";
import { perform, poll, promised } from "./perform.ts";
import type { Falsy, GivenCases, Selected, SelectOrder } from "./select-types.ts";
import { FailsAlone } from "./traits.ts";
import type { Waiter } from "./wait-queue.ts";

/**
 * Waits for the first of its cases to happen and says which. The others leave no trace: no waiter, no timer, no listener.
 *
 * Several ready: one uniformly at random, or the first with `order: "listed"`. Cases are read once, at the call; a falsy one
 * is off. A select never meets itself.
 *
 * @param cases - a record or an array of operations; a thousand are fine
 * @param options - `order`, and a `signal` to give up by, which beats whatever is ready if it has aborted already
 * @returns `{ case, value }`. Rejects with the error of the case that failed (a `ClosedError` names its `case`), with
 * `signal.reason`, or with a `TypeError` when no case is live and there is no signal, or when a case is no operation
 *
 * @example
 * ```ts
 * import { chan, select, sleeping } from "rendezvous";
 *
 * const jobs = chan<string>(1);
 * jobs.trySend("mow the lawn");
 * const first = await select({ job: jobs.receiving(), late: sleeping(100) });
 * switch (first.case) {
 *   case "job": console.log(first.value); break; // mow the lawn
 *   case "late": console.log("nothing to do"); break;
 * }
 * ```
 *
 * Idea: Go's `select`.
 */
export function select<const C extends GivenCases>(cases: C, options?: WaitOptions & SelectOrder): Promise<Selected<C>> {
  return promised(() => {
    const { order, signal }: SelectOrder & WaitOptions = options === undefined ? {} : knownOptions(options, selectOptions, "select");
    return perform(choiceOf<C>(cases, order), signal === undefined ? undefined : { signal });
  });
}

/**
 * Describes a {@link select}, to be performed, returned, mapped, or put into another choice.
 *
 * @throws TypeError when a case is no operation, or `order` none of the two
 *
 * @example
 * ```ts
 * import { chan, perform, selecting } from "rendezvous";
 *
 * const ch = chan<number>(1);
 * const either = selecting({ get: ch.receiving(), put: ch.sending(5) });
 * console.log((await perform(either)).case); // put
 * console.log((await perform(either)).case); // get
 * ```
 *
 * Idea: Concurrent ML's `choose`: a select that can be returned from a function.
 */
export function selecting<const C extends GivenCases>(cases: C, options: SelectOrder = {}): Operation<Selected<C>> {
  return choiceOf<C>(cases, knownOptions(options, selectOrder, "selecting").order);
}

const selectOrder: Known<SelectOrder> = { order: true };
const selectOptions: Known<SelectOrder & WaitOptions> = { order: true, signal: true };

function choiceOf<C>(given: unknown, order: SelectOrder["order"] = "random"): Operation<Selected<C>> {
  if ((order as string) !== "random" && (order as string) !== "listed") throw misuse("select", 'the order "random" or "listed"', order);
  const live: Case[] = [];
  const add = (key: CaseKey, operation: Operation<unknown> | Falsy): void => {
    if (operation) live.push({ key, operation: performable(operation, "select", key, given) });
  };
  const cases = (typeof given === "object" && given) as Record<CaseKey, Operation<unknown> | Falsy> | false | null;
  if (Array.isArray(given)) for (let index = 0; index < given.length; index++) add(index, given[index] as Operation<unknown> | Falsy);
  else if (cases) for (const key of Object.keys(cases)) add(key, cases[key]);
  if (live.length > 0) return new Choice(live, "select", order === "listed");
  // That no case is live is said only when it waits.
  const refusal = notCases("select", given);
  if (refusal) throw refusal;
  return new EmptySelect(live, "select");
}

/** A select without a live case. As a case of another choice it never happens. */
class EmptySelect extends Choice<never> {
  override get traits(): number {
    return FailsAlone;
  }

  override enlist(waiter: Waiter): void {
    waiter.resume("error", new TypeError("select without a live case would wait for ever"));
  }
}

/**
 * Takes a case that can happen now; otherwise changes nothing.
 *
 * @returns `{ case, value }`; `undefined` when no case is ready, or none is live
 * @throws the error of the case that happened and failed; a `TypeError` as {@link selecting} does
 *
 * @example
 * ```ts
 * import { chan, trySelect } from "rendezvous";
 *
 * const ch = chan<number>();
 * console.log(trySelect({ get: ch.receiving(), put: ch.sending(1) })); // undefined
 * ```
 *
 * Idea: Go's `select` with a `default`.
 */
export function trySelect<const C extends GivenCases>(cases: C, options: SelectOrder = {}): Selected<C> | undefined {
  return poll(choiceOf<C>(cases, knownOptions(options, selectOrder, "trySelect").order))?.value;
}
