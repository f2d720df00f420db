/**
 * `parallel`: several bodies at once, their results in the order of the values, or as they come.
 *
 * 1. A worker is a place: it takes a value, runs the body, and takes the next value once that result was received. So no more values are running, or
 *    finished and not received, than there are workers; another one is started only when all have got a value.
 * 2. A value has its place in the order from the step in which it is handed over, whichever worker goes on first.
 * 3. A body that fails is the end in its place. Bodies of later values are cancelled, those of earlier ones finish; unordered, all others are cancelled.
 *
 *        source ─► worker: a place ─► body ─► done in its place ─► received ─► the next value
 *        places:   [1: done] [2: runs] [3: done] [4: runs]         a receive gives 1, then waits for 2
 *
 * Idea: Rust's `buffered` and `buffer_unordered`, with bodies that run whether somebody receives or not; p-map's order.
 */
import { currentCancelScope } from "../task/cancel/current.ts";
import type { ChildTask } from "../task/child.ts";
import { isThenable } from "../task/body.ts";
import { isGenerator } from "../task/generator.ts";
import { ScopeState } from "../task/scope/scope-state.ts";
import { suppress } from "../task/scope/suppressed.ts";
import { named } from "../task/task.ts";
import { Pulling, type Tower } from "./pipeline.ts";
import { Places, Taking, type Place } from "./places.ts";
import { Failure, type Result } from "./result.ts";
import { dropOf, Settled, StageOrigin, type Work } from "./stage.ts";

interface Worker {
  readonly task: ChildTask<unknown>;
  /** That of the value whose body it runs. */
  place: Place | undefined;
}

export class ParallelStage extends StageOrigin {
  readonly operation: Places;
  readonly #source: Tower;
  readonly #f: (value: unknown) => unknown;
  readonly #limit: number;
  readonly #ordered: boolean;
  readonly #workers: Worker[] = [];
  #failure: { place: Place; error: unknown } | undefined = undefined;
  #started = 0;

  constructor(state: ScopeState, source: Tower, limit: number, f: (value: unknown) => unknown, ordered: boolean) {
    super("parallel", source.origin.name, dropOf(source), source);
    this.#source = source;
    this.#limit = limit;
    this.#f = f;
    this.#ordered = ordered;
    this.operation = new Places(ordered, (value) => { this.drop(value); }, this.name);
    this.run(state, () => this.#work());
  }

  override close(how: Result): void {
    this.operation.close(how);
  }

  override abandon(how: Result): void {
    this.operation.abandon(how);
  }

  * #work(): Work<void> {
    const state = new ScopeState("scope", undefined, { name: `parallel of flow ${JSON.stringify(this.name)}` });
    const taking = new Taking(new Pulling(this.#source, "raw"), this.operation);
    const workers = state.run(() => { this.#start(state, taking); }, []);
    try {
      yield* new Settled().of(workers);
    } catch (error) {
      if (!this.#failure) throw error;
      suppress(this.#failure.error, error, () => state.cancelScope.around());
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** Start a worker. */
  #start(state: ScopeState, taking: Taking): void {
    this.#started++;
    const worker: Worker = {
      task: state.go(named(`worker of flow ${JSON.stringify(this.name)}`, () => this.#worker(state, taking, worker))),
      place: undefined,
    };
    this.#workers.push(worker);
  }

  * #worker(state: ScopeState, taking: Taking, self: Worker): Work<void> {
    const isCancelled = (): boolean => self.task.cancelScope?.cancelled === true;
    const settled = new Settled();
    for (;;) {
      const place = (yield* taking);
      if (!place) return;
      self.place = place;
      if (this.#started < this.#limit) this.#start(state, taking);
      try {
        const result = place.opened();
        if (result.done === true) {
          if (result instanceof Failure) this.#fail(place, result.error, true);
          else this.operation.remove(place); // the end was found out only now
          return;
        }
        const given = this.#f(result.value);
        const value = isThenable(given) ? yield* settled.of(given) : isGenerator(given) ? yield* given : given;
        if (isCancelled()) { // it gives something all the same
          this.operation.remove(place);
          this.drop(value);
        } else place.done(value);
      } catch (error) {
        if (isCancelled()) {
          this.operation.remove(place);
          throw error;
        }
        this.#fail(place, error, false);
        return;
      } finally {
        self.place = undefined;
      }
      if (!place.received) yield* place;
    }
  }

  /** A body has failed, or the source has: then the bodies of all values before are let finish. */
  #fail(place: Place, error: unknown, source: boolean): void {
    const before = this.#failure;
    const around = (): Iterable<number> => currentCancelScope()?.around() ?? [];
    if (!before) this.#failure = { place, error };
    else if (this.#ordered && place.number < before.place.number) {
      this.#failure = { place, error };
      suppress(error, before.error, around);
    } else suppress(before.error, error, around);
    this.operation.endAt(place);
    this.#source.origin.cancel(error);
    if (source) return;
    for (const { task, place: other } of this.#workers) if (other && (!this.#ordered || other.number > place.number)) task.cancel();
  }
}
