/**
 * The names of what is shared between machines: they become subjects and streams of the engine, so they are narrow.
 */
import { show } from "../errors.ts";

const name = /^[\w-]+(\.[\w-]+)*$/;

/** A name as it was given, or a clear error. */
export function checkedName(given: string, what: string): string {
  if (typeof (given as unknown) === "string" && given.length <= 120 && name.test(given)) return given;
  throw new TypeError(`${what} has from 1 to 120 letters, digits, "-" and "_", with single dots between; got ${show(given)}`);
}

/** An id as it was given, or a clear error. */
export function checkedId(given: string, who: string): string {
  if (typeof (given as unknown) === "string" && given.length >= 1 && given.length <= 200 && !/[^\x21-\x7e]/.test(given)) return given;
  throw new TypeError(`the id of ${who} has from 1 to 200 visible characters of ASCII; got ${show(given)}`);
}

/** A number of milliseconds as it was given, or a clear error. */
export function checkedMs(given: number, least: number, what: string, most: number | undefined = Infinity): number {
  if (typeof (given as unknown) === "number" && given >= least && given <= most) return given;
  throw new RangeError(`${what} is a number of milliseconds from ${least} ${most === Infinity ? "up" : `to ${most}`}; got ${show(given)}`);
}

/** A whole number as it was given, or a clear error. */
export function checkedCount(given: number, what: string, orInfinity = true): number {
  if ((Number.isSafeInteger(given) && given >= 1) || (orInfinity && given === Infinity)) return given;
  throw new RangeError(`${what} is a whole number from 1 up${orInfinity ? ", or Infinity" : ""}; got ${show(given)}`);
}
