/**
 * Dead letters: values that were rejected, with the reason, as they are stored.
 *
 * Whatever the codec, they are JSON, with the bytes of the value in base64: so a queue of dead letters can be read whoever has written it.
 */
import type { Codec } from "./codec.ts";
import { bytesOf, textOf } from "./codec.ts";
import type { DeadLetter } from "./queue-types.ts";

/** What is known of a value that is rejected. */
export interface Buried {
  readonly name: string;
  readonly id: string;
  readonly attempts: number;
  readonly bytes: Uint8Array;
  readonly decoded: boolean;
  readonly reason: DeadLetter<unknown>["reason"];
}

interface Stored {
  readonly rendezvous: "dead letter";
  readonly queue: string;
  readonly id: string;
  readonly attempts: number;
  readonly at: string;
  readonly reason: DeadLetter<unknown>["reason"];
  readonly decoded: boolean;
  readonly bytes: string;
}

const mark = '{"rendezvous":"dead letter",';

export function encodeDeadLetter({ name, id, attempts, bytes, decoded, reason }: Buried): Uint8Array {
  const stored: Stored = { rendezvous: "dead letter", queue: name, id, attempts, at: new Date().toISOString(), reason, decoded, bytes: toBase64(bytes) };
  return bytesOf(JSON.stringify(stored));
}

/** The dead letter that these bytes are, or else `undefined`. */
export function decodeDeadLetter(bytes: Uint8Array, codec: Codec): DeadLetter<unknown> | undefined {
  for (let index = 0; index < mark.length; index++) if (bytes[index] !== mark.charCodeAt(index)) return undefined;
  const { queue, id, attempts, at, reason, decoded, bytes: text } = JSON.parse(textOf(bytes)) as Stored;
  const own = fromBase64(text);
  return { ...(decoded ? { value: codec.decode(own) } : { bytes: own }), reason, attempts, at: new Date(at), queue, id };
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += 0x2000) text += String.fromCharCode(...bytes.subarray(from, from + 0x2000));
  return btoa(text);
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
