/**
 * What all objects of synchronisation have in common: a name that errors and reports use, and how they print.
 */
import { show } from "../errors.ts";
import { forDeno, forNode, standing } from "../support/printing.ts";

let made = 0;

/** The name that was given, or one made of a number. */
export function checkedName(name: string | undefined, kind: string): string {
  if (name === undefined) return `${kind.replaceAll(" ", "-")}-${String(++made)}`;
  if (typeof (name as unknown) !== "string") throw new TypeError(`the name of a ${kind} is a string; got ${show(name)}`);
  return name;
}

/** Whether it is a whole number from 1 up. */
export const isCount = (given: unknown): given is number => Number.isInteger(given) && (given as number) >= 1;

export abstract class Named {
  /** What it is called in text: `Semaphore "db"`. */
  protected abstract readonly title: string;

  /** How it stands. */
  protected abstract facts(): readonly (string | false)[];

  toString(): string {
    return standing(this.title, ...this.facts());
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }
}
