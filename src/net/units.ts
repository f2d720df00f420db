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
import { show, tagOf } from "../errors.ts";
import type { Bytes } from "./bytes.ts";
import { IncompleteReadError } from "./errors.ts";
import { atEnd, type AtEnd, type Inbound, type Unit } from "./inbound.ts";

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
  if (typeof (count as unknown) !== "number" || !Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`readExactly takes a whole number of bytes from 0 up; got ${String(count)}`);
  }
  return {
    cut(inbound) {
      if (inbound.closedHere) return atEnd;
      return inbound.bytes.length >= count ? inbound.bytes.take(count) : incomplete(inbound, count);
    },
  };
}

/** The shortest piece that ends with one of some separators; `IncompleteReadError` when the end comes before. */
export function until(separators: string | Uint8Array): Unit<Uint8Array> {
  return new Until([separatorOf(separators)]);
}

function separatorOf(given: string | Uint8Array): Uint8Array {
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
  /** No separator begins before this position. */
  #searched = 0;

  constructor(separators: readonly Uint8Array[]) {
    this.#separators = separators.toSorted((one, other) => other.byteLength - one.byteLength);
    this.#longest = this.#separators[0]?.byteLength ?? 0;
  }

  cut(inbound: Inbound): Uint8Array | Nothing | AtEnd {
    if (inbound.closedHere) return atEnd;
    const { bytes, maxLine } = inbound;
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

/** How lines become strings. */
export interface LineCut {
  fatal: boolean;
}

/** A line, without its end. */
export function line({ fatal }: LineCut): Unit<string> {
  return fatal ? new Line(true) : new ShortOrLongLine(false);
}

class Line implements Unit<string> {
  readonly #fatal: boolean;

  constructor(fatal: boolean) {
    this.#fatal = fatal;
  }

  cut(inbound: Inbound): string | Nothing | AtEnd {
    const { bytes, maxLine } = inbound;
    const end = bytes.indexOf(lineFeed, Math.max(0, inbound.lineSearched - bytes.taken));
    if (end !== -1) {
      const length = end > 0 && bytes.at(end - 1) === carriageReturn ? end - 1 : end;
      return this.#take(inbound, length, end + 1);
    }
    inbound.lineSearched = bytes.taken + bytes.length;
    if (inbound.endedByPeer && bytes.length > 0) return this.#take(inbound, bytes.length, bytes.length);
    if (inbound.ended) return inbound.exhausted();
    const certain = bytes.at(bytes.length - 1) === carriageReturn ? bytes.length - 1 : bytes.length;
    if (certain <= maxLine) return nothing;
    inbound.skipping = true;
    return this.#take(inbound, certain, bytes.length);
  }

  #take({ name, bytes, maxLine }: Inbound, length: number, withEnd: number): string {
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
    return inbound.shortLines.take(inbound.maxLine);
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

/** A string as UTF-8, bytes as they are, or a clear error. */
export function bytesOf(data: unknown, what: string): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  if (tagOf(data) === "Uint8Array") return data as Uint8Array;
  throw new TypeError(`${what} is a string or a Uint8Array; got ${show(data)}`);
}
