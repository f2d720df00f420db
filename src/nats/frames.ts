/**
 * Messages with a head: a line of words, and the bytes after it.
 */
import { bytesOf, textOf } from "./codec.ts";

const none = new Uint8Array(0);

/** A message of a head and a body. */
export function framed(head: string, body: Uint8Array = none): Uint8Array {
  const line = bytesOf(`${head}\n`);
  if (body.length === 0) return line;
  const whole = new Uint8Array(line.length + body.length);
  whole.set(line);
  whole.set(body, line.length);
  return whole;
}

/** The words of its head, and its body. */
export function unframed(bytes: Uint8Array): { readonly words: string[]; readonly body: Uint8Array } {
  const end = bytes.indexOf(10);
  return { words: textOf(bytes.subarray(0, end)).split(" "), body: bytes.subarray(end + 1) };
}
