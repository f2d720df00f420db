/**
 * `lines`: the lines of a source of bytes or text.
 *
 * 1. '\n' ends a line, one '\r' before it is no part of it. Bytes are UTF-8; text and bytes may alternate.
 * 2. A line longer than `maxLine` bytes fails one receive, as soon as that is known, and is dropped up to its end.
 * 3. What was taken and is no whole line yet stays in hand, with the lines after the first of one piece.
 *
 * Idea: Python's `StreamReader.readline`, split2.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import { show } from "../errors.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { checkedCount } from "../support/named.ts";
import { flowOf, FlowOf } from "./flow.ts";
import type { Flow, Source } from "./flow-types.ts";
import { Looking } from "./looking.ts";
import type { Tower } from "./pipeline.ts";
import type { Result } from "./result.ts";

/** The options of {@link lines}. */
export interface LinesOptions {
  /**
   * How many bytes a line may have, without its end.
   *
   * @defaultValue 65,536
   */
  maxLine?: number | undefined;
}

/**
 * The lines of a source of bytes (UTF-8) or text, without their ends: `\n` or `\r\n`. Half a line before the end, or the error, of the source is given.
 *
 * A line longer than `maxLine` bytes fails one receive with a `RangeError`, and the flow goes on after it.
 *
 * @param source - anything that {@link flow} takes, of `Uint8Array` or strings: a Node or web stream, a channel
 * @param options - `maxLine`, in bytes
 * @throws RangeError for a `maxLine` that is not a whole number from 1 up, or `Infinity`; TypeError as `flow` does
 *
 * @example
 * ```ts
 * import { lines } from "rendezvous/flow";
 *
 * const text = new TextEncoder().encode("one\ntwo\r\nthr");
 * console.log(await lines([text, "ee"]).toArray()); // [ 'one', 'two', 'three' ]
 * ```
 *
 * Idea: split2.
 */
export function lines(source: Source<Uint8Array | string>, options: LinesOptions = {}): Flow<string> {
  const { maxLine = 65_536 } = knownOptions(options, linesOptions, "lines");
  checkedCount(maxLine, "the option maxLine of lines", 1);
  const { tower } = flowOf(source, undefined, "lines");
  return new FlowOf<string>({ ...tower, top: new LineView(tower, maxLine) });
}

const linesOptions: Known<LinesOptions> = { maxLine: true };
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

class LineView extends Looking {
  readonly #maxLine: number;
  /** The beginning of a line, in pieces, and its length. */
  #begun: Uint8Array[] = [];
  #length = 0;
  /** What was not looked at yet. */
  #rest: Uint8Array | undefined = undefined;
  /** The line is too long, and that was told. */
  #skipping = false;

  constructor(under: Tower, maxLine: number) {
    super(under);
    this.#maxLine = maxLine;
  }

  protected override get keeps(): boolean {
    return this.#length > 0 || this.#rest !== undefined;
  }

  protected override kept(): Result | Nothing {
    while (this.#rest) {
      const piece: Uint8Array = this.#rest;
      const end = piece.indexOf(lineFeed);
      this.#rest = end >= 0 && end + 1 < piece.length ? piece.subarray(end + 1) : undefined;
      if (!this.#skipping) this.#add(end < 0 ? piece : piece.subarray(0, end));
      else if (end < 0) continue;
      if (end >= 0) {
        const skipped = this.#skipping;
        this.#skipping = false;
        if (!skipped) return this.#line();
      } else this.#check();
    }
    this.note();
    return nothing;
  }

  #add(piece: Uint8Array): void {
    if (piece.length > 0) this.#begun.push(piece);
    this.#length += piece.length;
  }

  /** A line that is too long already is told of at once. A carriage return at its end may be no part of it. */
  #check(): void {
    const certain = this.#begun.at(-1)?.at(-1) === carriageReturn ? this.#length - 1 : this.#length;
    if (certain <= this.#maxLine) return;
    this.#skipping = true;
    this.#clear();
    throw this.#tooLong();
  }

  /** What has begun is a whole line. */
  #line(): Result {
    const length = this.#begun.at(-1)?.at(-1) === carriageReturn ? this.#length - 1 : this.#length;
    if (length > this.#maxLine) {
      this.#clear();
      throw this.#tooLong();
    }
    return { done: false, value: this.#text(length) };
  }

  #tooLong(): RangeError {
    return new RangeError(
      `a line of flow ${JSON.stringify(this.under.origin.name)} is longer than maxLine, ${String(this.#maxLine)} bytes; it is dropped up to its end. ` +
        "If such lines are meant to be, set the option maxLine.",
    );
  }

  /** The text that has begun, which is let go of. */
  #text(length: number): string {
    const [first, ...others] = this.#begun;
    let bytes = first ?? new Uint8Array();
    if (others.length > 0) {
      bytes = new Uint8Array(this.#length);
      let at = 0;
      for (const piece of this.#begun) {
        bytes.set(piece, at);
        at += piece.length;
      }
    }
    this.#clear();
    return decoder.decode(bytes.subarray(0, length));
  }

  #clear(): void {
    this.#begun = [];
    this.#length = 0;
    this.note();
  }

  override take(result: Result): Result | Nothing {
    if (result.done !== true) {
      const piece = result.value;
      if (typeof piece === "string") this.#rest = encoder.encode(piece);
      else if (piece instanceof Uint8Array) this.#rest = piece;
      else throw new TypeError(`lines takes a source of Uint8Array or strings; got ${show(piece)}`);
      if (this.#rest.length === 0) this.#rest = undefined;
      return this.kept();
    }
    if (this.#length === 0) return result;
    if (this.#length > this.#maxLine) {
      this.#clear();
      throw this.#tooLong();
    }
    return { done: false, value: this.#text(this.#length) };
  }

  /** An unfinished line is dropped as one string, with what was not looked at. */
  protected override letGo(): void {
    if (this.#rest) this.#add(this.#rest);
    this.#rest = undefined;
    if (this.#length === 0) return;
    this.under.origin.drop(this.#text(this.#length));
  }
}
