/**
 * The next event, as an operation.
 *
 * 1. However many wait, there is one listener for each source and name, and none when nobody waits.
 * 2. An emitter's `error` fails those who wait for its other events.
 *
 * Idea: `once` of Node's `events`, as a case of a select.
 */
import { External, nothing, Performable, RunsUserCode, type Nothing, type Operation, type WaitOptions } from "../../core/operation.ts";
import { touch } from "../../core/controller.ts";
import { perform, rejectedNow } from "../../core/perform.ts";
import { WaitQueue, type Waiter } from "../../core/wait-queue.ts";
import { show } from "../../errors.ts";
import { isEmitter, isListenable, listening, type EmitterLike, type Listener } from "./listening.ts";

type Target = EventTarget | EmitterLike;

/**
 * Waits for the next event. Between two calls one may pass: for events that follow each other use {@link events}.
 *
 * @param target - an EventTarget or an emitter
 * @param type - the name of the event
 * @param options - a `signal` to give up by
 * @returns the event, or the first argument that an emitter gives. Rejects with an emitter's `error`, unless that is the event; with `signal.reason`
 * when aborted first; with a `TypeError` for what has no events
 *
 * @example
 * ```ts
 * import { hear } from "rendezvous/flow";
 *
 * const button = new EventTarget();
 * const pressed = hear(button, "press");
 * button.dispatchEvent(new Event("press"));
 * console.log((await pressed).type); // press
 * ```
 *
 * Idea: `once` of Node's `events`.
 */
export function hear<T = Event>(target: EventTarget | EmitterLike, type: string | symbol, options?: WaitOptions): Promise<T> {
  try {
    return perform(hearing<T>(target, type), options);
  } catch (error) {
    return rejectedNow(error);
  }
}

/**
 * Describes a {@link hear}, for `select` and `yield*`. However many wait, there is one listener for each target and name.
 *
 * @throws TypeError for what has no events
 *
 * @example
 * ```ts
 * import { select, sleeping } from "rendezvous";
 * import { hearing } from "rendezvous/flow";
 *
 * const button = new EventTarget();
 * const first = await select({ press: hearing(button, "press"), late: sleeping(5) });
 * console.log(first.case); // late
 * ```
 */
export function hearing<T = Event>(target: EventTarget | EmitterLike, type: string | symbol): Operation<T> {
  if (!isListenable(target)) throw new TypeError(`hearing takes an EventTarget or an emitter, as hearing(button, "click"); got ${show(target)}`);
  if (typeof type !== "string" && (typeof type !== "symbol" || !isEmitter(target))) {
    throw new TypeError(`hearing takes the name of an event, as hearing(target, "close"); got ${show(type)}`);
  }
  return new Hearing(target, type) as Operation<unknown> as Operation<T>;
}

class Hearing extends Performable<unknown> {
  readonly #target: Target;
  readonly #type: string | symbol;

  constructor(target: Target, type: string | symbol) {
    super();
    this.#target = target;
    this.#type = type;
  }

  override toString(): string {
    return `for event ${JSON.stringify(String(this.#type))}`;
  }

  /** Listening is code of the target. */
  override get traits(): number {
    return External | RunsUserCode;
  }

  override footprint(): void {
    touch(this.#target);
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    let ear = ears.get(this.#target);
    if (!ear) ears.set(this.#target, (ear = new Ear(this.#target)));
    ear.enlist(this.#type, waiter, this);
  }
}

/** Who listens to what. */
const ears = new WeakMap<object, Ear>();

/** All who wait for events of one target. */
class Ear {
  readonly #target: Target;
  readonly #lines = new Map<string | symbol, EventLine>();
  /** Stops listening to an emitter's errors. */
  #deaf: (() => void) | undefined = undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  enlist(type: string | symbol, waiter: Waiter, operation: Hearing): void {
    let line = this.#lines.get(type);
    if (line) {
      line.join(waiter);
      return;
    }
    const ofErrors = isEmitter(this.#target) && type === "error";
    line = new EventLine(operation, () => {
      this.#lines.delete(type);
      this.#rest();
    });
    this.#lines.set(type, line);
    line.join(waiter);
    try {
      if (!ofErrors) line.listen(this.#target, type);
      if (isEmitter(this.#target) && !this.#deaf && this.#lines.size > 0) this.#deaf = listening(this.#target, "error", this.#fails);
      this.#rest(); // while it began to listen, the event may have come
    } catch (error) {
      line.resumeAll("error", error);
    }
  }

  /** Listen to no errors when nobody waits. */
  #rest(): void {
    if (this.#lines.size > 0) return;
    this.#deaf?.();
    this.#deaf = undefined;
  }

  readonly #fails = (error: unknown): void => {
    for (const [type, line] of [...this.#lines]) line.resumeAll(type === "error" ? "value" : "error", error);
  };
}

/** Those who wait for one event. */
class EventLine extends WaitQueue {
  readonly #emptied: () => void;
  #stop: (() => void) | undefined = undefined;

  constructor(operation: Hearing, emptied: () => void) {
    super(operation);
    this.#emptied = emptied;
  }

  listen(target: Target, type: string | symbol): void {
    const heard: Listener = (event) => { this.resumeAll("value", event); };
    this.#stop = listening(target, type, heard);
    if (this.empty) this.#stop(); // it came, or everybody left, meanwhile
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter);
    if (!this.empty) return;
    this.#stop?.();
    this.#emptied();
  }
}
