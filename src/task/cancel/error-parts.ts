/**
 * Errors that the platform wraps around others. Whether such an error means a cancel depends on its parts.
 */
import { isError } from "../../errors.ts";

/**
 * Whether `such` holds for an error, or for everything that it is made of. A list, not a recursion: each disposal on the way out wraps the error
 * before it.
 */
export function consistsOf(error: unknown, such: (part: unknown) => boolean): boolean {
  if (such(error)) return true; // mostly, and without a list
  const parts = new Set([error]);
  let any = false;
  for (const part of parts) {
    if (such(part)) {
      any = true;
      continue;
    }
    const inner = partsOf(part);
    if (!inner) return false;
    for (const one of inner) parts.add(one);
  }
  return any;
}

/** Where the platform has no `SuppressedError`, compilers make an error of that name. */
function partsOf(error: unknown): readonly unknown[] | undefined {
  try {
    return isError(error) ? partsOfError(error) : undefined;
  } catch {
    return undefined; // reading it throws, so it counts as an error without parts
  }
}

function partsOfError(error: Error & { error?: unknown; suppressed?: unknown; errors?: unknown }): readonly unknown[] | undefined {
  const { name } = error;
  if (name === "AbortError") return [error.cause]; // of a function that was given a signal
  if (name === "SuppressedError") return [error.error, error.suppressed]; // of `await using`
  if (name === "AggregateError" && Array.isArray(error.errors)) return error.errors as unknown[]; // of `Promise.any`
  return undefined;
}
