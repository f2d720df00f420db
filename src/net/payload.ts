/** What is sent: bytes, in one part or several. */
import { show, tagOf } from "../errors.ts";

/** What a user sends: bytes or a string, or several of them that go out as one send. */
export type Bytes = Uint8Array | string | readonly (Uint8Array | string)[];

/** The same as bytes. Those of one part are the user's own. */
export type Payload = Uint8Array | readonly Uint8Array[];

/** A string as UTF-8, bytes as they are, or a clear error. */
export function bytesOf(data: unknown, what: string): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  if (tagOf(data) === "Uint8Array") return data as Uint8Array;
  throw new TypeError(`${what} is a string or a Uint8Array; got ${show(data)}`);
}

/** What is sent, as bytes; or a clear error. Each part is encoded by itself. */
export function payloadOf(data: unknown): Payload {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  return Array.isArray(data) ? data.map((part) => bytesOf(part, "a part of what a connection sends")) : bytesOf(data, "what a connection sends");
}

export function lengthOf(payload: Payload): number {
  if (!isParts(payload)) return payload.byteLength;
  let length = 0;
  for (const part of payload) length += part.byteLength;
  return length;
}

export const partsOf = (payload: Payload): readonly Uint8Array[] => (isParts(payload) ? payload : [payload]);

/** All of them in one piece of memory of their own. */
export const joined = (payloads: readonly Payload[]): Uint8Array => Buffer.concat(payloads.flatMap(partsOf));

const isParts = (payload: Payload): payload is readonly Uint8Array[] => Array.isArray(payload);
