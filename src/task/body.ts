/**
 * Bodies: the functions that tasks, scopes and jobs run. A body is an async, a plain or a generator function.
 *
 * 1. A body is called once; what it throws, at the call or later, is its end.
 * 2. A generator is driven without a promise.
 * 3. An async generator is a TypeError, since nothing would read what it yields: at the call if the function shows it, else in the task.
 */
import type { AsyncGeneratorOf, IfYieldable, NeverRun, Unless } from "./mistakes.ts";
import { misuse, tagOf } from "../errors.ts";
import { Driver, isGenerator, type Runner } from "./generator.ts";

/** A function that `go`, `scope` and the other verbs run. */
export type Body<A extends unknown[], T> = (...args: A) => T | PromiseLike<T> | Generator<unknown, T, unknown>;

/**
 * The type of a parameter that takes a {@link Body}. For anything else the compiler reports, in one line, what to write: `Call`. `Y`, `Z` and `P` are
 * inferred from an argument that is not a body: from what it yields, from how an async generator ends, from the value of a promise. In your own code,
 * write {@link Body}.
 */
export type GivenBody<Call extends string, A extends unknown[], T, Y, Z, P> = Unless<P, PromiseLike<P>,
  Unless<Z, (...args: A) => AsyncGeneratorOf<Z>, IfYieldable<Y, (...args: A) => Generator<Y, unknown, unknown>, Body<A, T> | `write ${Call}`>, NeverRun>,
  `write ${Call}`>;

/** The result of a body: what it returns, without the promise around it. */
export type ResultOf<B> = B extends (...args: never[]) => infer Result
  ? Result extends Generator<unknown, infer Returned> ? Returned : Awaited<Result>
  : never;

/** Returns the body. Throws a `TypeError` for a mistake that can be seen before the call. */
export function checkedBody<B>(body: B, verb: string, call = `${verb}(() => work())`): B & { name: string } {
  if (typeof body !== "function") throw misuse(verb, `a function, as ${call}`, body);
  if ((body as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "AsyncGeneratorFunction") throw neverRun(verb);
  return body;
}

const neverRun = (where: string): TypeError =>
  new TypeError(`${where} takes no async generator, whose body would never run: write async function and await, or function* and yield*`);

/** Run a body up to its first wait. The runner's `ended` is called now or later. */
export function runBody(runner: Runner, body: Body<unknown[], unknown>, args: unknown[]): void {
  let result: unknown;
  let thenable: boolean;
  try {
    result = body(...args);
    thenable = !isGenerator(result) && isThenable(result); // reading `then` may run user code
    const generator = thenable ? undefined : generatorOf(result);
    if (generator !== undefined) {
      new Driver(runner, generator).begin();
      return;
    }
  } catch (error) {
    runner.ended("error", error);
    return;
  }
  // Bound functions, since closures would take half as much memory again for as long as the body runs.
  if (thenable) Promise.resolve(result).then(returned.bind(runner), threw.bind(runner));
  else runner.ended("value", result);
}

/** The generator that a body has returned, which may be of another realm, or transpiled. An async generator is refused. */
function generatorOf(result: unknown): Generator<unknown, unknown, unknown> | undefined {
  if (isGenerator(result)) return result;
  if (typeof result !== "object" || result === null) return undefined;
  if (typeof (result as Partial<Generator>).next !== "function") return undefined;
  const tag = tagOf(result);
  if (tag === "AsyncGenerator") throw neverRun("a body");
  return tag === "Generator" ? adopted(result as Generator<unknown, unknown, unknown>) : undefined;
}

function* adopted(generator: Generator<unknown, unknown, unknown>): Generator<unknown, unknown, unknown> {
  return yield* generator;
}

function returned(this: Runner, value: unknown): void {
  this.ended("value", value);
}

function threw(this: Runner, error: unknown): void {
  this.ended("error", error);
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
