/**
 * Sends that stand in line one behind the other, and go out as one write. They share one wait, and each has a promise of its own: that is a
 * fifth of the time of a wait for each of 20,000 sends (`node bench/net.mjs sends`).
 *
 * 1. All of them begin in the same cancel context and without a signal, so they are withdrawn together or not at all.
 * 2. Each is encoded by itself, although strings are put together before they are encoded, since that takes one call for all of them.
 */
import type { CancelContext } from "../core/cancel-context.ts";
import { CancelledError } from "../errors.ts";
import { silence } from "../task/cancel/cancel-scope.ts";
import { lengthOf, partsOf, type Payload } from "./payload.ts";

export class Batch {
  readonly #context: CancelContext | undefined;
  /** Strings that follow one another. */
  readonly #text: string[] = [];
  /** What comes before them. */
  readonly #parts: Uint8Array[] = [];
  #count = 0;
  #size = 0;
  #written: Promise<void> | undefined = undefined;
  /** What users have of it, if a cancel may come, whose errors nobody has to handle. */
  readonly #promises: Promise<void>[] = [];

  constructor(context: CancelContext | undefined) {
    this.#context = context;
  }

  /** How many sends it holds. */
  get count(): number {
    return this.#count;
  }

  /** How much it holds: in bytes; a string counts at least as one byte for three. */
  get size(): number {
    return this.#size;
  }

  /** Adds a send, unless it would grow too large or waits on other terms than those that are here. */
  add(payload: Payload, context: CancelContext | undefined, most: number): boolean {
    const size = typeof payload === "string" ? payload.length : lengthOf(payload);
    if (context !== this.#context || (this.#count > 0 && this.#size + size > most)) return false;
    if (typeof payload === "string" && !endsInHalf(payload)) this.#text.push(payload);
    else {
      this.#endText();
      this.#parts.push(...partsOf(payload));
    }
    this.#count++;
    this.#size += size;
    return true;
  }

  /** The wait for all of them, which begins once the first one is here. */
  begin(written: Promise<void>): void {
    this.#written = written;
    if (this.#context !== undefined) written.catch((error: unknown) => { if (error instanceof CancelledError) this.#promises.forEach(silence); });
  }

  /** A promise for the last send that was added. */
  promise(onError: (error: unknown) => never): Promise<void> {
    const promise = (this.#written as Promise<void>).then(undefined, onError);
    if (this.#context !== undefined) this.#promises.push(promise);
    return promise;
  }

  #endText(): void {
    if (this.#text.length > 0) this.#parts.push(Buffer.from(this.#text.join("")));
    this.#text.length = 0;
  }

  /** All of it, in one piece of memory. */
  bytes(): Uint8Array {
    this.#endText();
    const [only] = this.#parts;
    return only !== undefined && this.#parts.length === 1 ? only : Buffer.concat(this.#parts);
  }
}

/** Whether the last unit is half a character, which the first one behind it could make whole. */
const endsInHalf = (text: string): boolean => (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
