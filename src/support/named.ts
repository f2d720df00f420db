/**
 * Objects with a name: errors and reports use it, and the object prints with it.
 */
import { show } from "../errors.ts";
import { Printed, withFacts } from "./printing.ts";

let made = 0;

/** The name that was given, or one made of a number. */
export function checkedName(name: string | undefined, kind: string): string {
  if (name === undefined) return `${kind.replaceAll(" ", "-")}-${String(++made)}`;
  if (typeof (name as unknown) !== "string") throw new TypeError(`the name of a ${kind} is a string; got ${show(name)}`);
  return name;
}

/** Whether it is a whole number from 1 up, or from another one. */
export const isCount = (given: unknown, least = 1): given is number => Number.isInteger(given) && (given as number) >= least;

/** A number of things, or a clear error that begins with `what`: `the limit of parallel`. `call` is what to write if it is no number at all. */
export function checkedCount(n: number, what: string, least: number, call?: string): number {
  if (isCount(n, least) || (n as unknown) === Infinity) return n;
  const cure = call === undefined || typeof (n as unknown) === "number" ? "" : `; write ${call}`;
  throw new RangeError(`${what} is a whole number from ${String(least)} up, or Infinity; got ${show(n)}${cure}`);
}

export abstract class Named extends Printed {
  /** What it is called in text: `Semaphore "db"`. */
  protected abstract readonly title: string;

  /** How it stands. */
  protected abstract facts(): readonly (string | false)[];

  override toString(): string {
    return withFacts(this.title, ...this.facts());
  }
}
