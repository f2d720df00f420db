/**
 * Bytes that have come and have not been read: one contiguous piece of memory.
 *
 * 1. Pushing, searching and taking take linear time in all, whatever the chunks: memory that is full is left for some
 *    with room for as many bytes again, and nothing is searched twice by a caller who remembers how far it went (positions are
 *    counted from the first byte that ever came, so they survive every take).
 * 2. What was taken is the taker's: its memory is never written to again.
 * 3. When all is taken no memory is held.
 */

const none = Buffer.alloc(0);

/** The memory is ours from the push on. */
export class Bytes {
  #store: Buffer = none;
  #start = 0;
  #end = 0;
  #taken = 0;

  /** How many there are. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** How many were ever taken or dropped: the position of the first one that is here. */
  get taken(): number {
    return this.#taken;
  }

  /** Adds a chunk at the end. */
  push(chunk: Uint8Array): void {
    if (this.length === 0) {
      this.#store = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.#start = 0;
      this.#end = chunk.byteLength;
      return;
    }
    if (this.#end + chunk.byteLength > this.#store.byteLength) this.#makeRoom(this.length + chunk.byteLength);
    this.#store.set(chunk, this.#end);
    this.#end += chunk.byteLength;
  }

  #makeRoom(needed: number): void {
    const { length } = this;
    const store = Buffer.allocUnsafeSlow(Math.max(1024, needed * 2));
    this.#store.copy(store, 0, this.#start, this.#end);
    this.#store = store;
    this.#start = 0;
    this.#end = length;
  }

  /** Where `wanted` begins, counted from the first byte here; -1 when it is not in what begins at `from`. */
  indexOf(wanted: number | Uint8Array, from: number): number {
    return this.#store.subarray(this.#start, this.#end).indexOf(wanted, from);
  }

  /** Where a byte is for the last time within the first `count` bytes, counted from the first one here; or -1. */
  lastIndexOf(wanted: number, count: number): number {
    return this.#store.subarray(this.#start, Math.min(this.#start + count, this.#end)).lastIndexOf(wanted);
  }

  /** The byte at an index, counted from the first one here. */
  at(index: number): number | undefined {
    return this.#store[this.#start + index];
  }

  /** The first `count` bytes, as UTF-8; they stay. Malformed ones are U+FFFD; with `fatal` a TypeError. A BOM stays. */
  text(count: number, fatal: boolean): string {
    if (fatal) return strict.decode(this.#store.subarray(this.#start, this.#start + count));
    return this.#store.toString("utf8", this.#start, this.#start + count);
  }

  /** Takes the first `count` bytes. */
  take(count: number): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#store;
    const whole = this.#start === 0 && count === byteLength;
    const from = byteOffset + this.#start;
    const piece = whole ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(buffer.slice(from, from + count));
    this.drop(count);
    return piece;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.#start += count;
    this.#taken += count;
    if (this.#start === this.#end) {
      this.#store = none;
      this.#start = 0;
      this.#end = 0;
    }
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
