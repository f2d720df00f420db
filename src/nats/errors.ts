/**
 * The error of what happens on another machine, and what crosses of an error.
 *
 * | class                 | code                         | made by                                                                      |
 * |-----------------------|------------------------------|------------------------------------------------------------------------------|
 * | `UnknownOutcomeError` | `RENDEZVOUS_UNKNOWN_OUTCOME` | a question without an answer: the other side, or the server, has gone silent |
 */
import { isError, show } from "../errors.ts";

/**
 * It may have happened or not: a question went out, and no answer has come for `patience`. `cause` says why.
 *
 * A value whose send fails so may have been taken. Sending it to a queue again with the same `id` is safe: it is stored once.
 *
 * @example
 * ```ts
 * import { UnknownOutcomeError } from "rendezvous/nats";
 *
 * console.log(new UnknownOutcomeError("no answer").code); // RENDEZVOUS_UNKNOWN_OUTCOME
 * ```
 *
 * Idea: the indeterminate operations of Jepsen.
 */
export class UnknownOutcomeError extends Error {
  /** `"UnknownOutcomeError"`. */
  override readonly name = "UnknownOutcomeError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_UNKNOWN_OUTCOME";
}

/** What crosses of an error. */
export interface ErrorParts {
  /** Its name. */
  name: string;
  /** Its code, if it has one that can cross. */
  code?: unknown;
  /** Its message. */
  message: string;
  /** Its stack, if that was asked for. */
  stack?: string | undefined;
}

/** What crosses of whatever was thrown. */
export function partsOf(error: unknown, withStack = false): ErrorParts {
  if (!isError(error)) return { name: "Error", message: typeof error === "string" ? error : show(error) };
  const { code, stack } = error as Error & { code?: unknown };
  return {
    name: error.name,
    ...((typeof code === "string" || typeof code === "number") && { code }),
    message: error.message,
    ...(withStack && typeof stack === "string" && { stack }),
  };
}
