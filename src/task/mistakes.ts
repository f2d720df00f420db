/**
 * What the compiler says about a mistake: one line, which names the cure.
 *
 * The type of a parameter becomes that sentence, a string literal, as soon as something is inferred that only the mistake brings along: the
 * promise of `go(work())`, what an async generator yields. It is inferred from a branch that no argument ever meets. The type of an argument itself
 * has no condition, so generic code that passes on its own parameters still compiles, and correct calls are inferred as they would be without this.
 */
import type { Operation } from "../core/operation.ts";

/** A type that no argument has. */
type Unmet = Readonly<Record<"unmet", "by anything">>;

/** `Good`, unless `Seen`, whose default is `never`, was inferred from `Where`: then a sentence. */
export type Unless<Seen, Where, Good, Sentence extends string> = [Seen] extends [never] ? Good
  : 0 extends Seen & 1 ? Sentence // any would meet everything
  : [Seen] extends [Unmet] ? Where
  : Sentence;

/** `Good`, unless what is inferred from `Where` is neither operations nor unknown: what a generator task may yield. */
export type IfYieldable<Y, Where, Good> = [unknown] extends [Y] ? Good
  : [Y] extends [Operation<unknown>] ? Good
  : [Y] extends [Unmet] ? Where
  : "write yield* operation, or yield* awaiting(promise): a plain yield takes an operation alone";

/** `Good`, unless what is inferred from `Where` are parameters. */
export type IfWithoutParameters<P, Where, Good, Sentence extends string> = [P] extends [never] ? Good
  : [] extends P ? Good
  : [P] extends [Unmet] ? Where
  : Sentence;

/** What an async generator has and a channel does not: a `throw` that gives a promise. */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- an interface would be one more name in the declarations
export type AsyncGeneratorOf<Done> = { throw(error: never): PromiseLike<{ done?: Done }> };

/** The sentence for an async generator in place of a body. */
export type NeverRun = "write async function and await, or function* and yield*: an async generator would never run";
