/**
 * How bytes are cut: into what has come, a number of bytes, a piece up to a separator, a line.
 *
 * 1. A unit that is not there yet changes nothing, so a read that waits for it holds no byte.
 * 2. Lines are split as bytes and decoded whole: '\n' ends a line, one '\r' before it is no part of it.
 * 3. A line longer than `maxLine` fails one read, as soon as that is known, and is dropped up to its end.
 * 4. A unit remembers how far it has searched, as a position in the stream, so that nothing is searched twice and any number of reads may
 *    share it.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import type { Bytes } from "./bytes.ts";
import { IncompleteReadError } from "./errors.ts";
import { atEnd, type AtEnd, type Inbound, type Unit } from "./inbound.ts";
import { bytesOf } from "./payload.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Whatever has come: at least one byte, at most `readBuffer`. */
export const chunk: Unit<Uint8Array> = {
  cut(inbound) {
    const { bytes, readBuffer } = inbound;
    return bytes.inOnePiece > 0 ? bytes.take(Math.min(bytes.inOnePiece, readBuffer)) : inbound.exhausted();
  },
};

/** So many bytes; `IncompleteReadError` when the end comes before. */
export function exactly(count: number): Unit<Uint8Array> {
  return new Exactly(checkedCount(count, "readExactly"));
}

class Exactly implements Unit<Uint8Array> {
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  cut(inbound: Inbound): Uint8Array | Nothing | AtEnd {
    if (inbound.closedHere) return atEnd;
    const { bytes } = inbound;
    return bytes.length >= this.#count ? bytes.take(this.#count) : incomplete(inbound, this.#count);
  }
}

/** A copy of so many bytes, of fewer at the end; none is taken. */
export function atMost(count: number): Unit<Uint8Array> {
  checkedCount(count, "peek");
  return {
    cut(inbound) {
      if (inbound.closedHere) return atEnd;
      const { bytes } = inbound;
      if (bytes.length < count && inbound.exhausted() === nothing) return nothing;
      return bytes.peek(Math.min(count, bytes.length));
    },
  };
}

function checkedCount(count: number, verb: string): number {
  if (typeof (count as unknown) === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  throw new RangeError(`${verb} takes a whole number of bytes from 0 up; got ${String(count)}`);
}

/** One separator, or several of which the first to end counts. */
export type Separators = string | Uint8Array | readonly (string | Uint8Array)[];

/** The shortest piece that ends with one of some separators; `IncompleteReadError` when the end comes before. */
export function until(separators: Separators, maxLine?: number): Unit<Uint8Array> {
  if (maxLine !== undefined) checkedMaxLine(maxLine, "maxLine of readUntil");
  const all: readonly unknown[] = Array.isArray(separators) ? separators : [separators];
  if (all.length === 0) throw new RangeError("readUntil takes at least one separator; got []");
  return new Until(all.map(separatorOf), maxLine);
}

/** How long a line may be: what it is, or a clear error. */
export function checkedMaxLine(maxLine: number, what: string): number {
  if ((Number.isSafeInteger(maxLine) || (maxLine as unknown) === Infinity) && maxLine >= 1) return maxLine;
  throw new RangeError(`${what} is a whole number of bytes from 1 up, or Infinity; got ${String(maxLine)}`);
}

function separatorOf(given: unknown): Uint8Array {
  const separator = new Uint8Array(bytesOf(given, "a separator")); // a copy: the slice of a Buffer would be none
  if (separator.byteLength === 0) throw new RangeError("readUntil takes a separator of at least one byte; got an empty one");
  return separator;
}

/** How far several separators are searched for together: one that is near is found before the others are looked for far away. */
const firstWindow = 1024;

class Until implements Unit<Uint8Array> {
  /** The longest first. */
  readonly #separators: readonly Uint8Array[];
  readonly #longest: number;
  readonly #maxLine: number | undefined;
  /** No separator begins before this position. */
  #searched = 0;

  constructor(separators: readonly Uint8Array[], maxLine: number | undefined) {
    this.#maxLine = maxLine;
    this.#separators = separators.toSorted((one, other) => other.byteLength - one.byteLength);
    this.#longest = this.#separators[0]?.byteLength ?? 0;
  }

  cut(inbound: Inbound): Uint8Array | Nothing | AtEnd {
    if (inbound.closedHere) return atEnd;
    const { bytes } = inbound;
    const maxLine = this.#maxLine ?? inbound.maxLine;
    const [begin, end] = this.#find(bytes, Math.max(0, this.#searched - bytes.taken));
    if (begin > maxLine) {
      throw new RangeError(
        `readUntil on the ${inbound.name} did not find its separator within maxLine, ${String(maxLine)} bytes; no byte was taken. ` +
          "If there may be that many, set the option maxLine.",
      );
    }
    if (end !== -1) return bytes.take(end);
    this.#searched = bytes.taken + begin;
    return incomplete(inbound, undefined);
  }

  /** Where the first one to end begins and ends; without one, where the next could begin, and -1. */
  #find(bytes: Bytes, from: number): [begin: number, end: number] {
    let found: [number, number] | undefined;
    for (let window = this.#separators.length === 1 ? Infinity : firstWindow; found === undefined; window *= 2) {
      let to = from + window;
      for (const separator of this.#separators) {
        const begin = bytes.indexOf(separator, from, to);
        if (begin === -1 || begin + separator.byteLength === found?.[1]) continue;
        to = begin + separator.byteLength;
        found = [begin, to];
      }
      if (from + window >= bytes.length) break;
    }
    return found ?? [Math.max(0, bytes.length - this.#longest + 1), -1];
  }
}

/** How lines become strings, and how long one may be unless it is as long as the connection says. */
export interface LineCut {
  fatal?: boolean | undefined;
  maxLine?: number | undefined;
}

/** A line, without its end. */
export function line({ fatal = false, maxLine }: LineCut, verb: string): Unit<string> {
  if (maxLine !== undefined) checkedMaxLine(maxLine, `maxLine of ${verb}`);
  return fatal ? new Line(true, maxLine) : new ShortOrLongLine(false, maxLine);
}

class Line implements Unit<string> {
  readonly #fatal: boolean;
  readonly #maxLine: number | undefined;

  constructor(fatal: boolean, maxLine: number | undefined) {
    this.#fatal = fatal;
    this.#maxLine = maxLine;
  }

  protected longest(inbound: Inbound): number {
    return this.#maxLine ?? inbound.maxLine;
  }

  cut(inbound: Inbound): string | Nothing | AtEnd {
    const { bytes } = inbound;
    const end = bytes.indexOf(lineFeed, Math.max(0, inbound.lineSearched - bytes.taken));
    if (end !== -1) {
      const length = end > 0 && bytes.at(end - 1) === carriageReturn ? end - 1 : end;
      return this.#take(inbound, length, end + 1);
    }
    inbound.lineSearched = bytes.taken + bytes.length;
    if (inbound.endedByPeer && bytes.length > 0) return this.#take(inbound, bytes.length, bytes.length);
    if (inbound.ended) return inbound.exhausted();
    const certain = bytes.at(bytes.length - 1) === carriageReturn ? bytes.length - 1 : bytes.length;
    if (certain <= this.longest(inbound)) return nothing;
    inbound.skipping = true;
    return this.#take(inbound, certain, bytes.length);
  }

  #take(inbound: Inbound, length: number, withEnd: number): string {
    const { name, bytes } = inbound;
    const maxLine = this.longest(inbound);
    try {
      if (length <= maxLine) return bytes.text(length, this.#fatal);
    } finally {
      bytes.drop(withEnd);
    }
    throw new RangeError(
      `a line on the ${name} is longer than maxLine, ${String(maxLine)} bytes; it is dropped up to its end. ` +
        "If such lines are meant to be, set the option maxLine.",
    );
  }
}

/** The same; a short line that is there takes a fifth less of the time of a loop. */
class ShortOrLongLine extends Line {
  override cut(inbound: Inbound): string | Nothing | AtEnd {
    return this.atOnce(inbound) ?? super.cut(inbound);
  }

  atOnce(inbound: Inbound): string | undefined {
    return inbound.shortLines.take(this.longest(inbound));
  }
}

/** The same units, with the peer's end as `undefined`. */
export function orUndefined<T>(unit: Unit<T>): Unit<T | undefined> {
  return {
    cut(inbound) {
      const value = unit.cut(inbound);
      return value === atEnd && !inbound.closedHere ? undefined : value;
    },
  };
}

/** There are too few bytes, of so many or up to a separator: more may come, or never. */
function incomplete(inbound: Inbound, expected: number | undefined): Nothing {
  if (inbound.exhausted() === nothing) return nothing;
  const partial = inbound.bytes.take(inbound.bytes.length);
  const verb = expected === undefined ? "readUntil" : `readExactly(${String(expected)})`;
  throw new IncompleteReadError(
    `${verb} on the ${inbound.name}: it has ended after ${String(partial.byteLength)} bytes, which are in partial`,
    partial,
    expected,
  );
}
