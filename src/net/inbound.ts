/**
 * What the peer has sent and nobody has read yet, and how it ends. Units are cut from it.
 *
 * 1. The end comes after the bytes that came before it: the peer's FIN, or an error. Giving up on this side (`close`, `cancel`) comes at
 *    once: the bytes are dropped, and so is what still arrives.
 *
 * It does not know who waits. It only says whether there is something new.
 */
import { nothing, type Nothing } from "../core/operation.ts";
import { ClosedError, type CaseKey } from "../errors.ts";
import { Bytes } from "./bytes.ts";
import { ShortLines } from "./short-lines.ts";

/** What a unit answers when there will never be another one. */
export const atEnd: unique symbol = Symbol("at the end");
/** See {@link atEnd}. */
export type AtEnd = typeof atEnd;

/** A way to cut the bytes: into lines, into pieces of a length, ... */
export interface Unit<T> {
  /** Takes its bytes and gives a value; or changes nothing and gives `nothing`, or `atEnd`; or throws. */
  cut(inbound: Inbound): T | Nothing | AtEnd;
  /** A shorter way to what `cut` would give, for the most frequent kind of unit; `undefined` when it finds none. */
  atOnce?(inbound: Inbound): T | undefined;
}

/** How it has ended. Until then, there is no end. */
type End =
  | { by: "peer" } // its FIN
  | { by: "failure"; error: unknown }
  | { by: "close" | "cancel"; cause: unknown };

/** How much it holds, and what errors call it. */
export interface InboundOptions {
  /** "connection to 127.0.0.1:80". */
  name: string;
  readBuffer: number;
  maxLine: number;
}

const lineFeed = 0x0a;

export class Inbound {
  readonly name: string;
  readonly readBuffer: number;
  readonly maxLine: number;
  readonly bytes: Bytes = new Bytes();
  readonly shortLines: ShortLines = new ShortLines(this.bytes);
  /** Up to this position there is no line feed. */
  lineSearched = 0;
  /** In the middle of a line that was too long: what comes is dropped, up to its end. */
  skipping = false;
  #end: End | undefined = undefined;
  #received = 0;

  constructor({ name, readBuffer, maxLine }: InboundOptions) {
    this.name = name;
    this.readBuffer = readBuffer;
    this.maxLine = maxLine;
  }

  /** Whether it holds as much as it should. */
  get full(): boolean {
    return this.bytes.length >= this.readBuffer;
  }

  /** How many bytes have come. */
  get received(): number {
    return this.#received;
  }

  // -- What changes it; each says whether there is something new for readers --

  /** Adds bytes, whose memory it then owns. */
  push(chunk: Uint8Array): boolean {
    this.#received += chunk.byteLength;
    if (this.#end !== undefined) return false; // given up on
    let kept = chunk;
    if (this.skipping) {
      const end = chunk.indexOf(lineFeed);
      if (end === -1) return false;
      this.skipping = false;
      kept = chunk.subarray(end + 1);
    }
    if (kept.byteLength === 0) return false;
    this.bytes.push(kept);
    return true;
  }

  /** The peer has ended its side. */
  finish(): boolean {
    return this.#endBy({ by: "peer" });
  }

  /** The connection has failed. `always`: also if the peer had ended its side. */
  fail(error: unknown, always = false): boolean {
    if (always && this.endedByPeer) this.#end = undefined;
    return this.#endBy({ by: "failure", error });
  }

  #endBy(end: End): boolean {
    if (this.#end !== undefined) return false;
    this.#end = end;
    return true;
  }

  /** This side has closed the connection: reads fail. */
  close(cause: unknown): boolean {
    return this.#giveUp({ by: "close", cause });
  }

  /** This side reads no more: reads see the end. */
  cancel(cause: unknown): boolean {
    return this.#end?.by !== "close" && this.#giveUp({ by: "cancel", cause });
  }

  #giveUp(end: End): boolean {
    if (this.#end?.by === end.by) return false;
    this.#end = end;
    this.bytes.clear();
    return true;
  }

  // -- The end, as units see it --

  /** Whether nothing comes after the bytes that are here. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Whether the peer has ended its side, behind the bytes that are here. */
  get endedByPeer(): boolean {
    return this.#end?.by === "peer";
  }

  /** Whether reads fail because this side has closed the connection. */
  get closedHere(): boolean {
    return this.#end?.by === "close";
  }

  /** Without enough bytes: more may come; or never, for this reason. */
  exhausted(): Nothing | AtEnd {
    if (this.#end === undefined) return nothing;
    if (this.#end.by === "failure") throw this.#end.error;
    return atEnd;
  }

  /** The end, for a read that cannot give it as a value. */
  closed(key: CaseKey | undefined): ClosedError {
    const end = this.#end;
    const cause = end?.by === "close" || end?.by === "cancel" ? end.cause : undefined;
    const why =
      end?.by === "close" ? "which was shut down or destroyed on this side"
      : end?.by === "cancel" ? "whose receiving side was cancelled"
      : "which is at its end: the peer has sent everything. Use next(), readLine() or for await to see the end as data";
    return new ClosedError(`read on the ${this.name}, ${why}.`, { cause, case: key });
  }
}
