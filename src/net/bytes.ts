/**
 * Bytes that have come and have not been read: one contiguous piece of memory, and chunks behind it that nobody has had to look into.
 *
 * 1. Pushing, searching and taking take linear time in all, whatever the chunks: memory that is full is left for some
 *    with room for as many bytes again, and nothing is searched twice by a caller who remembers how far it went (positions are
 *    counted from the first byte that ever came, so they survive every take).
 * 2. A chunk is copied only if something reaches across its border, and a long one only as far as that. Whole chunks are given as they came.
 * 3. What was taken is the taker's: its memory is never written to again.
 * 4. When all is taken no memory is held.
 *
 *        piece [ taken | bytes | room ]   chunk   chunk          found in the piece: no more is looked at
 *              └── joined, as far as needed ────┘                not found: the chunks are joined to it
 */
import { Queue } from "../support/queue.ts";

const none = Buffer.alloc(0);
/** A chunk below this many bytes is joined at once: so few chunks are kept, however small they come. */
const small = 1024;

/** The memory is ours from the push on. */
export class Bytes {
  #piece: Buffer = none;
  #start = 0;
  #end = 0;
  readonly #chunks = new Queue<Uint8Array>();
  /** How many bytes of the first chunk have been joined. */
  #joined = 0;
  /** How many have not, of all chunks. */
  #chunkBytes = 0;
  #taken = 0;

  /** How many there are. */
  get length(): number {
    return this.#end - this.#start + this.#chunkBytes;
  }

  /** How many there are in one piece, at the beginning: none only if there are none at all. */
  get inOnePiece(): number {
    return this.#end - this.#start;
  }

  /** How many were ever taken or dropped: the position of the first one that is here. */
  get taken(): number {
    return this.#taken;
  }

  /** Adds a chunk at the end. */
  push(chunk: Uint8Array): void {
    if (this.length === 0) this.#adopt(chunk);
    else {
      this.#chunks.push(chunk);
      this.#chunkBytes += chunk.byteLength;
      if (chunk.byteLength < small) this.#join(this.length);
    }
  }

  #adopt(chunk: Uint8Array): void {
    this.#piece = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#start = 0;
    this.#end = chunk.byteLength;
  }

  /** Have the first piece hold the first `count` bytes, or a little more. */
  #join(count: number): void {
    while (this.inOnePiece < count && this.#chunks.size > 0) {
      const chunk = this.#firstChunk();
      const missing = count - this.inOnePiece;
      const part = chunk.byteLength - missing < small ? chunk : chunk.subarray(0, missing);
      const length = this.inOnePiece + part.byteLength;
      if (this.#start + length > this.#piece.byteLength) this.#makeRoom(Math.max(count, length));
      this.#piece.set(part, this.#end);
      this.#end += part.byteLength;
      this.#chunkBytes -= part.byteLength;
      if (part === chunk) this.#dropFirstChunk();
      else this.#joined += missing;
    }
  }

  /** What is left of it. */
  #firstChunk(): Uint8Array {
    const chunk = this.#chunks.first as Uint8Array;
    return this.#joined === 0 ? chunk : chunk.subarray(this.#joined);
  }

  #dropFirstChunk(): void {
    this.#chunks.shift();
    this.#joined = 0;
  }

  #makeRoom(needed: number): void {
    const piece = Buffer.allocUnsafeSlow(Math.max(1024, needed * 2));
    this.#piece.copy(piece, 0, this.#start, this.#end);
    this.#piece = piece;
    this.#end -= this.#start;
    this.#start = 0;
  }

  /** Where `wanted` begins, counted from the first byte here; -1 when it does not lie between `from` and `to`. */
  indexOf(wanted: number | Uint8Array, from: number, to?: number): number {
    const found = this.#pieceUpTo(to).indexOf(wanted, from);
    const { inOnePiece } = this;
    if (found !== -1 || this.#chunks.size === 0 || (to !== undefined && to <= inOnePiece)) return found;
    const near = typeof wanted === "number" ? this.#firstChunk().indexOf(wanted, Math.max(0, from - inOnePiece)) : -1;
    this.#join(near === -1 ? this.length : inOnePiece + near + 1); // mostly a line reaches a little way into the next chunk
    const border = inOnePiece - (typeof wanted === "number" ? 0 : wanted.byteLength - 1);
    return this.#pieceUpTo(to).indexOf(wanted, Math.max(from, border));
  }

  #pieceUpTo(count = Infinity): Buffer {
    return this.#piece.subarray(this.#start, Math.min(this.#start + count, this.#end));
  }

  /** Where a byte is for the last time within the first `count` bytes of the first piece, counted from the first one here; or -1. */
  lastIndexOf(wanted: number, count: number): number {
    return this.#pieceUpTo(count).lastIndexOf(wanted);
  }

  /** The byte at an index, counted from the first one here. */
  at(index: number): number | undefined {
    if (index >= this.inOnePiece) this.#join(index + 1);
    return this.#piece[this.#start + index];
  }

  /** The first `count` bytes, as UTF-8; they stay. Malformed ones are U+FFFD; with `fatal` a TypeError. A BOM stays. */
  text(count: number, fatal: boolean): string {
    if (count > this.inOnePiece) this.#join(count);
    if (fatal) return strict.decode(this.#piece.subarray(this.#start, this.#start + count));
    return this.#piece.toString("utf8", this.#start, this.#start + count);
  }

  /** A copy of the first `count` bytes; they stay. */
  peek(count: number): Uint8Array {
    if (count > this.inOnePiece) this.#join(count);
    return new Uint8Array(this.#piece.subarray(this.#start, this.#start + count));
  }

  /** Takes the first `count` bytes. */
  take(count: number): Uint8Array {
    if (count > this.inOnePiece) this.#join(count);
    const { buffer, byteOffset, byteLength } = this.#piece;
    const whole = this.#start === 0 && count === byteLength;
    const from = byteOffset + this.#start;
    const bytes = whole ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(buffer.slice(from, from + count));
    this.drop(count);
    return bytes;
  }

  /** Takes what there is, in one piece. */
  takeAll(): Uint8Array {
    return this.take(this.length);
  }

  /** Forgets all. */
  clear(): void {
    while (this.length > 0) this.drop(this.inOnePiece);
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    if (count > this.inOnePiece) this.#join(count);
    this.#start += count;
    this.#taken += count;
    if (this.#start < this.#end) return;
    if (this.#chunks.size > 0) {
      const chunk = this.#firstChunk();
      this.#dropFirstChunk();
      this.#chunkBytes -= chunk.byteLength;
      this.#adopt(chunk);
    } else {
      this.#piece = none;
      this.#start = 0;
      this.#end = 0;
    }
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
