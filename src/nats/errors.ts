/**
 * The errors of what happens on another machine.
 *
 * | class                 | code                         | made by                                                                      |
 * |-----------------------|------------------------------|------------------------------------------------------------------------------|
 * | `UnknownOutcomeError` | `RENDEZVOUS_UNKNOWN_OUTCOME` | a question without an answer: the other side, or the server, has gone silent |
 * | `RemoteError`         | `RENDEZVOUS_REMOTE`          | code on another machine, which has thrown                                    |
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

/**
 * Code on another machine has thrown. Its error crosses by name, code and message.
 *
 * @example
 * ```ts
 * import { RemoteError } from "rendezvous/nats";
 *
 * const error = new RemoteError({ name: "RangeError", code: "E_RANGE", message: "too far" });
 * console.log(error.message, error.remoteName, error.remoteCode); // too far RangeError E_RANGE
 * ```
 *
 * Idea: the remote exceptions of Java RMI, without their classes.
 */
export class RemoteError extends Error {
  /** `"RemoteError"`. */
  override readonly name = "RemoteError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_REMOTE";
  /** The name of the error that was thrown. */
  readonly remoteName: string;
  /** The code of the error that was thrown, if it had one. */
  readonly remoteCode: unknown;

  /** Made by the library; programs only receive it. */
  constructor({ name, code, message, stack }: ErrorParts) {
    super(message, stack === undefined ? undefined : { cause: stack });
    this.remoteName = name;
    this.remoteCode = code;
  }
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
