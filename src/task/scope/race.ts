/**
 * Race: runs several bodies at once; the first to settle counts.
 *
 * Idea: `Promise.race` and `Promise.any`, whose losers go on for ever; here they are cancelled and awaited, as in trio and Effect.
 */
import { knownOptions, type Known } from "../../support/given.ts";
import type { AsyncGeneratorOf, IfWithoutParameters, IfYieldable, NeverRun, Unless } from "../mistakes.ts";
import type { WaitOptions } from "../../core/operation.ts";
import { promised } from "../../core/settled.ts";
import { misuse, show } from "../../errors.ts";
import { checkedBody, type Body, type ResultOf } from "../body.ts";
import type { ChildTask } from "../child.ts";
import type { HowEnded } from "../generator.ts";
import { ScopeState } from "./scope-state.ts";
import { checkedOptions } from "./scope-options.ts";

/** The options of {@link race}. */
export interface RaceOptions extends WaitOptions {
  /**
   * Which body counts. `"settled"`: the first to end, by a value or by an error. `"success"`: the first to return a value.
   *
   * @defaultValue `"settled"`
   */
  until?: "settled" | "success" | undefined;
}

/**
 * Runs several bodies at once and gives the result of the first; the others are cancelled and have ended before the promise settles.
 *
 * To choose among receives, use {@link select}: bodies that each receive may take a value from several channels.
 *
 * @param bodies - at least one: async, plain or generator functions, never promises, which cannot be cancelled
 * @param options - `until: "success"` ignores failures while a body still runs; a `signal` that cancels all bodies
 * @returns the first value. Rejects with the first error; or, if `until: "success"` and all have failed, with an `AggregateError` of all errors in
 * the order of the bodies; with `signal.reason`; or with a `TypeError` when there are no bodies
 *
 * @example
 * ```ts
 * import { race, sleep } from "rendezvous";
 *
 * const after = (ms: number, name: string) => async () => {
 *   await sleep(ms);
 *   return name;
 * };
 * console.log(await race([after(10_000, "tortoise"), after(1, "hare")])); // hare
 * ```
 *
 * Idea: Kotlin's `select` over jobs, Effect's `race`.
 */
export function race<B extends Body<[], unknown> | NotBegun, Y = never, Z = never, P = never>(
  bodies: GivenRacers<readonly B[], Y, Z, P>,
  options?: RaceOptions,
): Promise<ResultOf<B>>;
export function race<B extends Body<[], unknown>>(given: unknown, options: RaceOptions = {}): Promise<ResultOf<B>> {
  return promised(() => {
    const bodies = given as readonly B[];
    if (!Array.isArray(bodies) || bodies.length === 0) throw misuse("race", "an array of at least one function", bodies);
    const { until = "settled", signal } = knownOptions(options, raceOptions, "race");
    for (const body of bodies) checkedBody(body, "race", "race([() => f()]), not race([f()]), which could not be cancelled");
    if ((until as string) !== "settled" && (until as string) !== "success") {
      throw new TypeError(`race runs until "settled" or "success"; got ${show(until)}`);
    }
    return new Race(bodies, signal, until === "success").outcome as Promise<ResultOf<B>>;
  });
}

type NotBegun = "write race([() => f()]), not race([f()]), which could not be cancelled";
type GivenRacers<Bodies, Y, Z, P> = Unless<Z, readonly (() => AsyncGeneratorOf<Z>)[], IfYieldable<Y, readonly (() => Generator<Y, unknown, unknown>)[],
  IfWithoutParameters<P, readonly ((...args: P extends unknown[] ? P : never) => unknown)[], Bodies,
    "write race([() => f(value)]): a body is given nothing">>, NeverRun>;

const raceOptions: Known<RaceOptions> = { until: true, signal: true };

/** A scope whose outcome is that of the first of its tasks: it is decided in the very step in which that one ends. */
class Race extends ScopeState {
  readonly #until: "settled" | "success";
  readonly #runners: ChildTask<unknown>[];
  readonly #errors: unknown[] = [];
  #left: number;
  #decided = false;

  constructor(bodies: readonly Body<[], unknown>[], signal: AbortSignal | undefined, anySuccess: boolean) {
    super("race", undefined, { ...checkedOptions({ signal }, "race"), passReason: true });
    this.#until = anySuccess ? "success" : "settled";
    this.#left = bodies.length;
    this.#runners = bodies.map((body) => this.go(body));
  }

  /** It runs nothing but its tasks. */
  override get bodyRuns(): boolean {
    return false;
  }

  override childEnded(child: ChildTask<unknown>, outcome: unknown): void {
    this.#left--;
    const failed = child.state === "failed";
    if (this.#decided) {
      // A loser's own outcome no longer counts; a failure of its clean-up does.
      if (failed && child.cancelScope?.delivered === true) super.childEnded(child, outcome);
    } else if (child.state === "done" || (failed && this.#until === "settled")) {
      this.#decide(failed ? "error" : "value", outcome);
    } else {
      if (failed) this.#errors[this.#runners.indexOf(child)] = outcome;
      if (this.#left > 0) return;
      if (this.cancelScope.cancelled) this.#decide("return", undefined);
      else this.#decide("error", new AggregateError(this.#errors, "race: all bodies have failed; its errors are what each of them threw"));
    }
  }

  #decide(how: HowEnded, outcome: unknown): void {
    this.#decided = true;
    // One by one, so that handlers and timers that the winner has left behind are not cancelled.
    for (const runner of this.#runners) runner.cancel("the race is over");
    this.ended(how, outcome);
  }
}
