/**
 * The extension point: an operation of the user's own, made of a poll and a wait.
 *
 * Idea: the base operations of Guile fibers.
 */
import { misuse, show } from "../errors.ts";
import {
  External, nothing, type Nothing, type Operation, Performable, ResultIsDeferred, RunsUserCode,
} from "../core/operation.ts";
import { reportFailure } from "../platform/unhandled.ts";
import { everything, touch } from "../core/controller.ts";
import { release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";

/** What an operation of one's own is made of. */
export interface OperationSource<T> {
  /**
   * What reports call it, as a phrase after "waits in": `lock "printer"`.
   *
   * @defaultValue `"an operation"`
   */
  name?: string | undefined;
  /**
   * What lets it happen. `"by tasks"`: the tasks of this program alone, as with a lock or a semaphore; then a deadlock in it is one for `bubble` and
   * `explore`. `"from outside"`: I/O, timers, promises, so that nobody can know that it will never happen.
   *
   * @defaultValue `"from outside"`
   */
  resumed?: "by tasks" | "from outside" | undefined;
  /**
   * Happens now, and gives a thunk of the result (a value or a throw); or changes nothing and gives `undefined`. The thunk
   * is called once, in the performer's own turn.
   */
  poll(): (() => T) | undefined;
  /**
   * Called right after a failed poll, in the same turn: remember `resume` and call it once when the operation happens.
   *
   * @returns `withdraw`: forget `resume`, leave no trace. It is called when another case came first, and it must not throw.
   */
  wait(resume: (result: () => T) => void): () => void;
}

/**
 * An operation of your own: anything that can be polled, waited for and withdrawn becomes a case of a select.
 *
 * A `resume` that comes after the operation was withdrawn, or a second one, changes nothing.
 *
 * @throws TypeError when the source lacks its `poll` or its `wait`, or has a `name` or `resumed` that is none
 *
 * @example
 * ```ts
 * import { operation, perform, type Operation } from "rendezvous";
 *
 * const firstEvent = (target: EventTarget, type: string): Operation<string> =>
 *   operation({
 *     poll: () => undefined,
 *     wait(resume) {
 *       const heard = (event: Event): void => { resume(() => event.type); };
 *       target.addEventListener(type, heard, { once: true });
 *       return () => { target.removeEventListener(type, heard); };
 *     },
 *   });
 * const button = new EventTarget();
 * const pressed = perform(firstEvent(button, "press"));
 * button.dispatchEvent(new Event("press"));
 * console.log(await pressed); // press
 * ```
 *
 * Idea: base operations of Guile fibers, with the withdrawal from the first day.
 */
export function operation<T>(source: OperationSource<T>): Operation<T> {
  const given: unknown = source;
  const { poll, wait, name = "", resumed = "from outside" } = (given ?? {}) as Partial<OperationSource<T>>;
  if (typeof poll !== "function" || typeof wait !== "function") {
    throw misuse("operation", "its source, as { poll() { ... }, wait(resume) { ... } }", source);
  }
  if (typeof (name as unknown) !== "string") throw new TypeError(`the name of an operation is a string; got ${show(name)}`);
  if ((resumed as string) !== "by tasks" && (resumed as string) !== "from outside") {
    throw new TypeError(`an operation is resumed "by tasks" or "from outside"; got ${show(resumed)}`);
  }
  return new Sourced(source);
}

/** An operation of the user's own. What it looks at and changes is its secret. */
class Sourced<T> extends Performable<T> implements WaitPlace {
  readonly #source: OperationSource<T>;

  constructor(source: OperationSource<T>) {
    super();
    this.#source = source;
  }

  override toString(): string {
    return this.#source.name || super.toString(); // eslint-disable-line @typescript-eslint/prefer-nullish-coalescing -- "" is none
  }

  override get traits(): number {
    return RunsUserCode | ResultIsDeferred | (this.#source.resumed === "by tasks" ? 0 : External);
  }

  override footprint(): void {
    touch(everything);
  }

  override attempt(): T | Nothing {
    touch(everything);
    const result = this.#source.poll();
    return result === undefined ? nothing : result();
  }

  override enlist(waiter: Waiter): void {
    const stay = new Stay();
    waiter.place = this;
    waiter.slot = stay;
    let withdraw: () => void;
    try {
      withdraw = this.#source.wait((result) => {
        if (stay.over) return;
        touch(everything, "resume");
        stay.over = true;
        release(waiter);
        waiter.resume("result", result);
      });
    } catch (error) {
      if (stay.over) reportFailure(error);
      else {
        release(waiter);
        waiter.resume("error", error);
      }
      stay.over = true;
      return;
    }
    stay.begun(withdraw);
  }

  withdraw(waiter: Waiter): void {
    const stay = waiter.slot as Stay;
    release(waiter);
    stay.end();
  }
}

/** One wait at a source: it may be resumed or withdrawn even before the source's `wait` has returned. */
class Stay {
  over = false;
  #withdraw: (() => void) | undefined;
  #withdrawn = false;

  begun(withdraw: () => void): void {
    this.#withdraw = withdraw;
    if (this.#withdrawn) this.#leave();
  }

  end(): void {
    this.over = true;
    this.#withdrawn = true;
    this.#leave();
  }

  #leave(): void {
    try {
      this.#withdraw?.();
    } catch (error) {
      reportFailure(error);
    }
  }
}
