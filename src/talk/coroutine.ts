/**
 * Coroutines: a generator as one side of a conversation, typed for the other side.
 *
 * 1. It primes itself: the body runs up to its first `yield` in a later microtask; what that gives is `first`.
 * 2. One request at a time, in the order of the calls, whatever their number.
 * 3. The end is reported: the call that ends the body, and each one after it, rejects with a ClosedError; an error of the body
 *    goes to the call that met it.
 * 4. The body belongs to the scope in which it was made, not to its callers: a cancelled caller does not end it for the others.
 *
 * Idea: Python's generators with `send`, without their priming by hand (PEP 342).
 */
import { contextProvider } from "../core/cancel-context.ts";
import { checkedFunction } from "../support/given.ts";
import { perform } from "../core/perform.ts";
import { settling } from "../ops/promise.ts";
import { counted, forDeno, forNode, withFacts } from "../support/printing.ts";
import { fulfilled } from "../core/scheduler.ts";
import { ClosedError, show } from "../errors.ts";
import { currentCancelScope, runAs } from "../task/cancel/current.ts";

/** The client of a generator: what `call` sends is what `yield` gives in the body, and the other way round. */
export interface Coroutine<In, Out, Ret> extends Disposable {
  /** What the body yields first, before any request. Rejects if the body ends or fails before that. */
  readonly first: Promise<Out>;
  /**
   * Sends a value to the `yield` at which the body waits, and gives what it yields next.
   *
   * @returns rejects with what the body throws; with a `ClosedError` when the body ends instead of yielding, or has ended
   */
  call(value: In): Promise<Out>;
  /** Raises an error at the `yield` at which the body waits, and gives what it yields next; rejects as {@link call} does. */
  throw(error: unknown): Promise<Out>;
  /** Ends the body after the calls made so far: its `finally` blocks run, and `done` fulfils. Idempotent. */
  close(): void;
  /** What the body returned; `undefined` when it was closed. Rejects with what it threw. */
  readonly done: Promise<Ret | undefined>;
}

/**
 * Makes a client of a generator function: a consumer with replies, a state machine, a parser. Its body belongs to the scope in which it is made, if
 * any; cancelling a caller does not end it for the others.
 *
 * @param body - a generator or an async generator function; it starts in a later microtask
 * @throws TypeError when `body` is not a function. If it returns no generator, `first`, `done` and every call reject with a `TypeError`
 *
 * @example
 * ```ts
 * import { coroutine } from "rendezvous";
 *
 * const total = coroutine(function* (): Generator<number, void, number> {
 *   let sum = 0;
 *   for (;;) sum += yield sum;
 * });
 * console.log(await total.call(2)); // 2
 * console.log(await total.call(3)); // 5
 * total.close();
 * ```
 *
 * Idea: Python's `send`.
 */
export function coroutine<Out, Ret, In>(
  body: () => Generator<Out, Ret, In> | AsyncGenerator<Out, Ret, In>,
): Coroutine<In, Out, Ret> {
  checkedFunction(body, "coroutine", "coroutine(function* () { ... })");
  return new CoroutineClient(body);
}

type BodyGenerator<Out, Ret, In> = Generator<Out, Ret, In> | AsyncGenerator<Out, Ret, In>;
type Step<Out, Ret, In> = (generator: BodyGenerator<Out, Ret, In>) => IteratorResult<Out, Ret> | Promise<IteratorResult<Out, Ret>>;

class CoroutineClient<In, Out, Ret> implements Coroutine<In, Out, Ret> {
  readonly #name: string;
  /** The cancel scope in which its body runs. */
  readonly #cancelScope = currentCancelScope();
  readonly #first: Promise<Out>;
  /** The same promise for the user, made on the first read: only then does it report a failure. */
  #firstAsked: Promise<Out> | undefined = undefined;
  readonly done: Promise<Ret | undefined>;
  #finish!: (value: Ret | undefined) => void;
  #fail!: (error: unknown) => void;
  #generator: BodyGenerator<Out, Ret, In> | undefined = undefined;
  /** How it ended: `cause` is what the body threw. */
  #ended: { cause: unknown } | undefined = undefined;
  /** Requests that have not been answered, the priming included. */
  #waiting = 0;
  #last: Promise<unknown> = fulfilled;

  constructor(body: () => BodyGenerator<Out, Ret, In>) {
    this.#name = body.name === "" ? "coroutine" : body.name;
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#first = this.#request((generator) => generator.next(...([] as unknown as [In])), body);
    this.#first.catch(() => { /* `done` reports it as well */ });
  }

  toString(): string {
    return withFacts(`Coroutine ${JSON.stringify(this.#name)}`, this.#waiting > 0 && counted(this.#waiting, "call", "wait"), this.#ended !== undefined && "ended");
  }

  [forNode](): string {
    return this.toString();
  }

  [forDeno](): string {
    return this.toString();
  }

  get first(): Promise<Out> {
    return (this.#firstAsked ??= this.#first.then((value) => value));
  }

  call(value: In): Promise<Out> {
    return cancellable(this.#request((generator) => generator.next(value)));
  }

  throw(error: unknown): Promise<Out> {
    return cancellable(this.#request((generator) => generator.throw(error)));
  }

  close(): void {
    void this.#inTurn(async () => {
      const generator = this.#generator;
      if (this.#ended !== undefined || generator === undefined) return;
      try {
        const step = await runAs(this.#cancelScope, () => generator.return(undefined as Ret));
        if (step.done !== true) throw new TypeError(`coroutine "${this.#name}" yielded while it was being closed`);
        this.#ended = { cause: undefined };
        this.#finish(step.value);
      } catch (error) {
        this.#ended = { cause: error };
        this.#fail(error);
      }
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** One request: run the body up to its next `yield`. */
  #request(step: Step<Out, Ret, In>, body?: () => BodyGenerator<Out, Ret, In>): Promise<Out> {
    this.#waiting++;
    return this.#inTurn(async () => {
      this.#waiting--;
      if (this.#ended !== undefined) throw this.#closed();
      let result: IteratorResult<Out, Ret>;
      try {
        result = await runAs(this.#cancelScope, () => step((this.#generator ??= started(body))));
      } catch (error) {
        this.#ended = { cause: error };
        this.#fail(error);
        // The error is reported elsewhere: to the caller, or (if priming failed) by `first` or to a waiting call.
        if (body === undefined || this.#firstAsked !== undefined || this.#waiting > 0) this.done.catch(() => { /* reported elsewhere */ });
        throw error;
      }
      if (result.done !== true) return result.value;
      this.#ended = { cause: undefined };
      this.#finish(result.value);
      throw this.#closed();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    // What follows waits beside the promise, not on it: a failure that the caller does not handle stays an unhandled rejection.
    return new Promise((resolve, reject) => {
      this.#last = this.#last.then(() => work().then(resolve, reject));
    });
  }

  #closed(): Error {
    const { cause } = this.#ended ?? {};
    return cause instanceof NoGenerator ? cause : new ClosedError(`call of coroutine "${this.#name}", whose body has ended: nobody answers any more`, {
      cause,
    });
  }
}

/** In a scope, make the wait for an answer an operation, so that a cancel ends it. */
function cancellable<T>(answer: Promise<T>): Promise<T> {
  return contextProvider ? perform(settling(answer)) : answer;
}

function started<Out, Ret, In>(body: (() => BodyGenerator<Out, Ret, In>) | undefined): BodyGenerator<Out, Ret, In> {
  const generator = body?.();
  if (typeof (generator as Partial<BodyGenerator<Out, Ret, In>> | undefined)?.next === "function") return generator as BodyGenerator<Out, Ret, In>;
  throw new NoGenerator(`coroutine takes a generator function, and its body gave ${show(generator)}: write function* or async function*`);
}

/** The body never began, so every call rejects with this very error. */
class NoGenerator extends TypeError {
  override readonly name = "TypeError";
}
