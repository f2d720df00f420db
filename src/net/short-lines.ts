/**
 * Short lines, cut out of text that was decoded for many of them at once.
 *
 * Finding and decoding one line in bytes costs two calls into the platform, which for short lines are nearly all of the work. So the
 * whole lines at the beginning of the buffer are decoded together, as long as every byte is one character: then a place in the text is a
 * place in the bytes.
 *
 * 1. The bytes stay the truth: a line is dropped from the buffer as it is given, and text that does not begin where the buffer begins is
 *    not used.
 *
 * The text is short, since keeping a line keeps the text that it was cut from.
 */
import type { Bytes } from "./bytes.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** How many bytes are decoded at once, at most. */
const blockLength = 4096;

export class ShortLines {
  readonly #bytes: Bytes;
  #text = "";
  /** Where in the text the next line begins. */
  #at = 0;
  /** Where that is in the bytes, counted from the first that ever came. */
  #position = 0;
  /** Up to here a character may have several bytes. */
  #uneven = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** The next line, if it is one of these and has at most `longest` bytes. */
  take(longest: number): string | undefined {
    if ((this.#at === this.#text.length || this.#position !== this.#bytes.taken) && !this.#decode()) return undefined;
    const text = this.#text;
    const begin = this.#at;
    const lineEnd = text.indexOf("\n", begin);
    const end = lineEnd > begin && text.charCodeAt(lineEnd - 1) === carriageReturn ? lineEnd - 1 : lineEnd;
    if (end - begin > longest) return undefined;
    this.#at = lineEnd + 1;
    this.#position += lineEnd + 1 - begin;
    this.#bytes.drop(lineEnd + 1 - begin);
    return text.slice(begin, end);
  }

  /** Whether there are whole lines at the beginning of the buffer, of single bytes. */
  #decode(): boolean {
    const bytes = this.#bytes;
    if (bytes.taken < this.#uneven) return false;
    const length = bytes.lastIndexOf(lineFeed, blockLength) + 1;
    const text = length === 0 ? "" : bytes.text(length, false);
    this.#position = bytes.taken;
    this.#at = 0;
    this.#text = text.length === length ? text : "";
    if (text.length !== length) this.#uneven = bytes.taken + length;
    return this.#text !== "";
  }
}
