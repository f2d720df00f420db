/**
 * The errors that only connections make. A connection at its end gives a `ClosedError`, a time limit a `TimeoutError`, as
 * everywhere in the library.
 *
 * | class                 | code                         | made by                                              |
 * |-----------------------|------------------------------|------------------------------------------------------|
 * | `ConnectionError`     | Node's: `ECONNREFUSED`, ...  | a dial, a listen or a connection that has failed     |
 * | `IncompleteReadError` | `RENDEZVOUS_INCOMPLETE_READ` | a read that wanted more bytes than the peer has sent |
 */

/**
 * The network has failed: a dial that reached nobody, a port that is taken, a connection that was reset.
 *
 * Its message names the address and the code of each attempt; `cause` is the platform's own error.
 *
 * @example
 * ```ts
 * import { createServer, type AddressInfo } from "node:net";
 * import { dial, ConnectionError } from "rendezvous/net";
 *
 * const server = createServer().listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * const { port } = server.address() as AddressInfo;
 * await new Promise((resolve) => server.close(resolve)); // nobody listens there any more
 *
 * const error: unknown = await dial({ host: "127.0.0.1", port }).catch((reason: unknown) => reason);
 * console.log(error instanceof ConnectionError && error.code); // ECONNREFUSED
 * ```
 *
 * Idea: Go's `net.OpError`, which always names the address.
 */
export class ConnectionError extends Error {
  /** `"ConnectionError"`. */
  override readonly name = "ConnectionError";
  /** The platform's code, such as `ECONNREFUSED`, `ECONNRESET` or `ENOTFOUND`; of several attempts, the first one's. */
  readonly code: string;
  /** The platform's errors: one for each address that was tried, in that order. */
  readonly errors: readonly Error[];

  /** What a dial was at: resolving the name, connecting, or the handshake of TLS. `undefined` for anything but a dial. */
  readonly phase: DialPhase | undefined;

  /** Made by the library; programs only receive it. */
  constructor(message: string, errors: readonly Error[], phase?: DialPhase) {
    super(message, { cause: errors[0] });
    this.errors = errors;
    this.code = codeOf(errors[0]);
    this.phase = phase;
  }
}

/** What a dial is at. Time limits and failures name it. */
export type DialPhase = "lookup" | "connect" | "tls";

/** The code of a platform's error. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "UNKNOWN";
}

/**
 * The peer has ended its side before a `readExactly` or a `readUntil` had what it wanted. What there was is in `partial`, and
 * is taken: the next read is at the end.
 *
 * @example
 * ```ts
 * import { createServer, type AddressInfo } from "node:net";
 * import { dial, IncompleteReadError } from "rendezvous/net";
 *
 * const server = createServer((socket) => { socket.end("four"); }).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * await using connection = await dial({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
 *
 * const error: unknown = await connection.readExactly(10).catch((reason: unknown) => reason);
 * if (error instanceof IncompleteReadError) console.log(error.partial.length, error.expected); // 4 10
 * server.close();
 * ```
 *
 * Idea: asyncio's `IncompleteReadError`.
 */
export class IncompleteReadError extends Error {
  /** `"IncompleteReadError"`. */
  override readonly name = "IncompleteReadError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_INCOMPLETE_READ";
  /** The bytes that came before the end; perhaps none. */
  readonly partial: Uint8Array;
  /** How many bytes were wanted; `undefined` when it was a separator that did not come. */
  readonly expected: number | undefined;

  /** Made by the library; programs only receive it. */
  constructor(message: string, partial: Uint8Array, expected: number | undefined) {
    super(message);
    this.partial = partial;
    this.expected = expected;
  }
}
