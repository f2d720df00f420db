/**
 * Every error class of the library, its code, and what makes it.
 *
 * | class            | code                   | made by                                                         |
 * |------------------|------------------------|-----------------------------------------------------------------|
 * | `ClosedError`    | `RENDEZVOUS_CLOSED`    | a channel or connection that has come to its end                |
 * | `CancelledError` | `RENDEZVOUS_CANCELLED` | a scope or a task that is cancelled: one object for each cancel |
 * | `TimeoutError`   | `RENDEZVOUS_TIMEOUT`   | a block or verb whose own time limit has passed                 |
 * | `DeadlockError`  | `RENDEZVOUS_DEADLOCK`  | a bubble in which every task waits and no timer is left         |
 * | `OverflowError`  | `RENDEZVOUS_OVERFLOW`  | what cannot wait, and has no room for one value more            |
 *
 * Misuse (a bad capacity, a select without cases) is a plain `RangeError` or `TypeError` at the call.
 */

/** The key of a case in a `select`: a name in a record of cases, an index in an array of them. */
export type CaseKey = string | number;

/** The options of a {@link ClosedError}. */
export interface ClosedErrorOptions {
  /** Why the channel ended: the error given to `close`, or the reason given to `cancel`. */
  cause?: unknown;
  /** The case of the `select` that met the end. */
  case?: CaseKey | undefined;
}

/**
 * The channel has ended: no receiver will take the value that was to be sent, or no value will come for the receiver.
 *
 * Each failed operation gets an object of its own. Its message names the channel and the operation; `cause` is the error given to
 * {@link Channel.close} or the reason given to {@link Channel.cancel}.
 *
 * @example
 * ```ts
 * import { chan, ClosedError } from "rendezvous";
 *
 * const jobs = chan<string>({ name: "jobs" });
 * jobs.close();
 * const error: unknown = await jobs.send("late").catch((reason: unknown) => reason);
 * console.log(error instanceof ClosedError && error.code); // RENDEZVOUS_CLOSED
 * ```
 *
 * Idea: Go panics here and Java returns silently; a typed error that names the channel is Kotlin's and trio's way.
 */
export class ClosedError extends Error {
  /** `"ClosedError"`. */
  override readonly name = "ClosedError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_CLOSED";
  /** The key of the case that met the end, when it was met through a `select`; otherwise `undefined`. */
  readonly case: CaseKey | undefined;

  /** Made by the library; programs only receive it. */
  constructor(message: string, options: ClosedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.case = options.case;
  }
}

/**
 * A time limit has passed. Only the block or verb whose own limit it was makes one, so it cannot be confused with a cancel.
 *
 * @example
 * ```ts
 * import { TimeoutError } from "rendezvous";
 *
 * const error = new TimeoutError("dial to 10.0.0.1:80 timed out after 50 ms while connecting");
 * console.log(error.code); // RENDEZVOUS_TIMEOUT
 * ```
 *
 * Idea: trio's `TooSlowError`, kept apart from cancelling.
 */
export class TimeoutError extends Error {
  /** `"TimeoutError"`. */
  override readonly name = "TimeoutError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_TIMEOUT";
}

/**
 * A task was cancelled. Every operation in which it waits is withdrawn and rejects with this error, and so does every later one. Each cancel makes
 * one object for everything that it reaches; `cause` is the reason given.
 *
 * Let it pass. Swallowing it changes nothing, since the scope decides its outcome by itself. Put clean-up that has to wait into {@link shield}.
 *
 * @example
 * ```ts
 * import { CancelledError, scope, sleep } from "rendezvous";
 *
 * const error: unknown = await scope(async (s) => {
 *   s.cancel("seen enough");
 *   await sleep(1000);
 * }).catch((reason: unknown) => reason);
 * console.log(error instanceof CancelledError && error.code, (error as Error).cause); // RENDEZVOUS_CANCELLED seen enough
 * ```
 *
 * Idea: trio's `Cancelled`, which comes again at every checkpoint.
 */
export class CancelledError extends Error {
  /** `"CancelledError"`. */
  override readonly name = "CancelledError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_CANCELLED";
}

/**
 * Every task waits, and nothing is left that could wake one. The message names the tasks and what each waits for.
 *
 * @example
 * ```ts
 * import { DeadlockError } from "rendezvous";
 *
 * console.log(new DeadlockError("all tasks are asleep").code); // RENDEZVOUS_DEADLOCK
 * ```
 *
 * Idea: Go's "all goroutines are asleep", as an error that can be caught.
 */
export class DeadlockError extends Error {
  /** `"DeadlockError"`. */
  override readonly name = "DeadlockError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_DEADLOCK";
}

/**
 * More came than there was room for, from something that cannot wait, such as an emitter. What was kept before is received first.
 *
 * @example
 * ```ts
 * import { OverflowError } from "rendezvous";
 * import { events } from "rendezvous/flow";
 *
 * const button = new EventTarget();
 * const presses = events(button, "press", { capacity: 1 });
 * for (let n = 0; n < 2; n++) button.dispatchEvent(new Event("press"));
 * await presses.receive();
 * const error: unknown = await presses.receive().catch((reason: unknown) => reason);
 * console.log(error instanceof OverflowError && error.code); // RENDEZVOUS_OVERFLOW
 * ```
 *
 * Idea: the bound that observables were asked to force on their users (WICG/observable#33).
 */
export class OverflowError extends Error {
  /** `"OverflowError"`. */
  override readonly name = "OverflowError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_OVERFLOW";
}

/** A value as error messages show it. A value whose text would be source code or `[object X]` is described by its kind. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return value.name === "" ? kindOf(value) : `${kindOf(value)} named ${value.name}`;
  try {
    if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${String(value.length)}`;
    const text = String(value);
    return /^\[object (.*)\]$/s.exec(text) ? kindOf(value) : text;
  } catch {
    return kindOf(value); // it has no text, or its `toString` throws
  }
}

/** The kinds whose names are words; all others keep the name of their class. */
const inWords = /^(Object|Promise|(Async)?(Generator)?(Function)?)$/;

function kindOf(value: unknown): string {
  const tag = tagOf(value);
  return `${/^[AEIO]/.test(tag) ? "an" : "a"} ${inWords.test(tag) ? tag.replace(/\B[A-Z]/g, " $&").toLowerCase() : tag}`;
}

/** The error of a call that was given something else than it takes. */
export function misuse(who: unknown, takes: string, given: unknown, cure = ""): TypeError {
  return new TypeError(`${String(who)} takes ${takes}; got ${show(given)}${cure}`);
}

/** The language's name for the kind of a value, whichever realm made it: `instanceof` works only for values of this realm. */
export function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return "Object"; // a revoked proxy, or a tag that throws
  }
}

/** Whether a value is an error of any realm: those made in the context of a test runner or a `vm` do not inherit from this realm's `Error`. */
export function isError(value: unknown): value is Error {
  try {
    const { name, message } = (value ?? {}) as Partial<Error>;
    return typeof name === "string" && typeof message === "string";
  } catch {
    return false; // a revoked proxy, or a message that throws: the value itself must still arrive
  }
}
