/**
 * What a select takes, and what it gives.
 */
import type { NoOperation, Operation } from "./operation.ts";

/** What switches a case off: `open && ch.receiving()`. */
export type Falsy = false | null | undefined | 0 | 0n | "";

/** The cases of a select: a record, whose keys name them, or an array, whose indices do. A falsy case is off. */
export type Cases = Readonly<Record<string, Operation<unknown> | Falsy>> | readonly (Operation<unknown> | Falsy)[];

/** The same, or what the compiler says of what is no case. */
export type GivenCases = Readonly<Record<string, Operation<unknown> | Falsy | NoOperation>> | readonly (Operation<unknown> | Falsy | NoOperation)[];

type ValueOf<Case> = Extract<Case, Operation<unknown>> extends Operation<infer Value> ? Value : never;
type SelectedCase<Key, Case> = [Extract<Case, Operation<unknown>>] extends [never]
  ? never
  : { case: Key; value: ValueOf<Case> };
type IndexOf<Key> = Key extends `${infer Index extends number}` ? Index : never;

/**
 * What a select gives: `{ case, value }`, a union over its cases that narrows by `case`. A record gives its keys, an
 * array its indices.
 */
export type Selected<C> = C extends readonly unknown[]
  ? number extends C["length"]
    ? SelectedCase<number, C[number]>
    : { [Key in keyof C & `${number}`]: SelectedCase<IndexOf<Key>, C[Key]> }[keyof C & `${number}`]
  : { [Key in keyof C]: SelectedCase<Key, C[Key]> }[keyof C];

/** In which order a select polls its cases. */
export interface SelectOrder {
  /** `"random"` (the default): each ready case is equally likely. `"listed"`: the first ready one, strict priority. */
  order?: "random" | "listed" | undefined;
}
