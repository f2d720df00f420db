/**
 * What a connection is to its users: bytes in and bytes out, as the two sides of a channel, and the options of its making.
 *
 *        dial ─► open ─► close(): flush, FIN ───► peer's FIN ─► ended
 *                  │     shutdown(): the same, no more reads, at most `linger` ms ─► ended
 *                  └──── destroy(), or an error ───────────────────────────────────► ended
 *
 * Idea: Go's `net.Conn` and trio's streams (half close, `send_all`), made one with channels.
 */
import type { Known } from "../support/given.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import type { Receiver, Sender } from "../core/channel-types.ts";
import { checkedDelay } from "../time/timer.ts";
import type { Address } from "./address.ts";
import type { TlsDetails } from "./secure.ts";

/** How a connection behaves, whoever made it. */
export interface ConnectionOptions {
  /** How many received bytes it holds before the peer has to wait: a whole number from 1 up. 65,536. */
  readBuffer?: number | undefined;
  /** How long a line may be, in bytes without its end; what `readUntil` finds, too: a whole number from 1 up, or `Infinity`. 65,536. */
  maxLine?: number | undefined;
  /** How long `shutdown` waits for the peer, in milliseconds, before it destroys: 0 up to `Infinity`. 5,000. */
  linger?: number | undefined;
  /** Whether small sends go out at once (TCP_NODELAY). `true`. */
  noDelay?: boolean | undefined;
}

/** What has passed over a connection, counted in bytes of the user's (those of TLS do not count). */
export interface ConnectionStatistics {
  /** Bytes that have come from the peer, read or not. */
  readonly received: number;
  /** Bytes of sends that the kernel has wholly. */
  readonly sent: number;
  /** Bytes that have come and were not read yet. */
  readonly buffered: number;
  /** Sends that have not been written wholly: the one under way, and those in line. */
  readonly waitingSends: number;
}

/** How lines become strings. */
export interface LineOptions {
  /** Whether a line that is no UTF-8 is an error (a `TypeError`; the line is taken). Otherwise its bad bytes become U+FFFD. `false`. */
  fatal?: boolean | undefined;
}

/** The options of {@link Connection.readLine}. */
export interface ReadLineOptions extends WaitOptions, LineOptions {}

/**
 * A connection IS a channel of bytes: a `Sender` of bytes or strings, and a `Receiver` of bytes, each end closing by itself.
 *
 * The borders of chunks mean nothing; `lines`, `readLine`, `readUntil` and `readExactly` are views of the same buffer, to be
 * mixed freely: nothing is lost between them. Readers are served first come, first served. A read that is withdrawn has taken
 * no byte. Use `await using`, which shuts it down; (`using` only closes the sending side).
 *
 * An open connection keeps the process alive. After a failure of the network the next read (behind the bytes that came before
 * it) and the next send reject with a {@link ConnectionError}.
 *
 * @example
 * ```ts
 * import { createServer, type AddressInfo } from "node:net";
 * import { dial } from "rendezvous/net";
 *
 * const server = createServer((socket) => { socket.end("status: fine\n\nbody"); }).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * await using connection = await dial({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
 *
 * for await (const line of connection.lines()) {
 *   if (line === "") break; // the connection stays open, nothing is lost
 *   console.log(line); // status: fine
 * }
 * console.log(new TextDecoder().decode(await connection.receive())); // body
 * server.close();
 * ```
 *
 * Idea: Go's `net.Conn` and trio's streams, made one with channels.
 */
export interface Connection extends Sender<Uint8Array | string>, Receiver<Uint8Array>, AsyncDisposable {
  // -- Sending --

  /**
   * Sends bytes, or a string as UTF-8. Fulfils when the kernel has them all, which is not yet the peer. Sends are written one
   * after the other, each in one piece. An empty one writes nothing.
   *
   * Withdrawn while others are before it, nothing of it is written; once its own bytes are under way it cannot be recalled, and
   * the connection is destroyed.
   *
   * @param data - bytes, not to be changed before the send has fulfilled; or a string (a lone surrogate becomes U+FFFD)
   * @param options - a `signal` to give up by
   * @returns rejects with a `ClosedError` after `close`, `shutdown` or `destroy`, with a {@link ConnectionError} when the network
   * has failed, with a `TypeError` for anything but bytes and strings, with `signal.reason` when aborted first
   */
  send(data: Uint8Array | string, options?: WaitOptions): Promise<void>;
  /**
   * Describes a {@link send}, for `select` and `yield*`. It begins to write when it is waited for, so a case that is ready wins
   * over it; it is never ready at once, save an empty one.
   *
   * @throws TypeError for anything but bytes and strings
   */
  sending(data: Uint8Array | string): Operation<void>;
  /**
   * Begins to write if nobody else is sending and the kernel has taken everything before; otherwise changes nothing. The bytes are
   * copied. Whether they all arrive is for later sends to find out.
   *
   * @throws ClosedError after `close`, `shutdown` or `destroy`; the {@link ConnectionError} when the network has failed; TypeError
   * for anything but bytes and strings
   */
  trySend(data: Uint8Array | string): boolean;
  /**
   * No more sends: what was sent before is flushed, then the peer sees the end (FIN). Returns at once; receiving goes on. TCP
   * cannot tell the peer of an error: with one, it is {@link destroy}.
   *
   * @param error - destroys the connection, with this as the reason
   * @returns `true` the first time; `false` when it takes no more sends already
   */
  close(error?: unknown): boolean;
  /** Whether it takes no more sends: closed, shut down, destroyed, or failed. */
  readonly closed: boolean;
  /** The same as {@link close}; waits until everything is flushed and the FIN is out. Fulfils again when called again. */
  closeWrite(): Promise<void>;

  // -- Receiving --

  /**
   * Receives the bytes that have come: at least one, at most `readBuffer`.
   *
   * @param options - a `signal` to give up by
   * @returns rejects with a `ClosedError` at the end: the peer's, or after the own `shutdown`, `destroy` or `cancel`; with a
   * {@link ConnectionError} when the network has failed; with `signal.reason` when aborted first
   */
  receive(options?: WaitOptions): Promise<Uint8Array>;
  /** Describes a {@link receive}, for `select` and `yield*`. */
  receiving(): Operation<Uint8Array>;
  /**
   * As {@link receive}, with the end as data: `{ done: true }`.
   *
   * @param options - a `signal` to give up by
   */
  next(options?: WaitOptions): Promise<IteratorResult<Uint8Array, undefined>>;
  /** Describes a {@link next}. */
  nexting(): Operation<IteratorResult<Uint8Array, undefined>>;
  /** Receives the bytes that are there: `undefined` when there are none, `{ done: true }` at the end. */
  tryReceive(): IteratorResult<Uint8Array, undefined> | undefined;
  /**
   * The receiving side gives up: what was not read, and what still comes, is dropped, and reads see the end. The peer does not
   * block, and sending goes on.
   *
   * @param reason - the `cause` of the `ClosedError` that receives get
   * @returns `true` the first time
   */
  cancel(reason?: unknown): boolean;
  /** Receives up to the end. Leaving the loop leaves the connection open. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined>;

  /**
   * The lines that come, without their ends: '\n', or '\r\n'. The last one needs none. A line over `maxLine` fails one receive
   * with a `RangeError`, and is dropped; the lines after it can be read. A byte order mark is kept.
   *
   * It is a view: leaving its loop, or cancelling it, loses no byte.
   *
   * @param options - see {@link LineOptions}
   */
  lines(options?: LineOptions): Receiver<string>;
  /**
   * Reads a line, as {@link lines} gives it.
   *
   * @param options - see {@link ReadLineOptions}
   * @returns `undefined` at the peer's end. Rejects with a `RangeError` for a line over `maxLine`, with a `ClosedError` after the own
   * `shutdown` or `destroy`, with a {@link ConnectionError} when the network has failed (the beginning of a line stays, for
   * `receive`), with `signal.reason` when aborted first
   */
  readLine(options?: ReadLineOptions): Promise<string | undefined>;
  /**
   * Reads up to a separator, and takes it too.
   *
   * @param separator - bytes, or a string as UTF-8; not empty
   * @param options - a `signal` to give up by
   * @returns rejects with an {@link IncompleteReadError} when the peer ends before it, with a `RangeError` for an empty separator, or
   * when there are more than `maxLine` bytes before it (no byte is taken then); otherwise as {@link readLine}
   */
  readUntil(separator: string | Uint8Array, options?: WaitOptions): Promise<Uint8Array>;
  /**
   * Reads a number of bytes, neither more nor less.
   *
   * @param n - a whole number from 0 up; may be more than `readBuffer`
   * @param options - a `signal` to give up by
   * @returns rejects with an {@link IncompleteReadError} when the peer ends before, with a `RangeError` for a bad number; otherwise as
   * {@link readLine}
   */
  readExactly(n: number, options?: WaitOptions): Promise<Uint8Array>;

  // -- Ending --

  /**
   * Ends both sides: reads fail from here on, everything sent before is flushed, then FIN; waits until the socket has closed, at most
   * `linger` milliseconds, then destroys it. Never rejects. If received bytes were not read, the peer may see a reset.
   */
  shutdown(): Promise<void>;
  /** Shuts down: `await using connection = await dial(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Ends everything at once, without flushing: whoever waits fails with a `ClosedError`.
   *
   * @param reason - the `cause` of that error
   */
  destroy(reason?: unknown): void;
  /** Fulfils when the socket has closed, for whatever reason. */
  readonly ended: Promise<void>;
  /**
   * What was agreed on in the handshake of TLS; `undefined` on a connection without TLS. The platform does not tell the end of TLS from the
   * end of the connection below it: a protocol should say how much is to come, for a cut to be seen.
   */
  readonly tls: TlsDetails | undefined;
  /** What has passed over the connection, as of now. */
  readonly statistics: ConnectionStatistics;
  /** The own end. */
  readonly local: Address;
  /** The peer's end. */
  readonly remote: Address;
  /** From here on the connection does not keep the process alive. */
  unref(): void;
  /** Undoes {@link unref}. */
  ref(): void;
}

/** Options with every default filled in. */
export interface CheckedConnectionOptions {
  readBuffer: number;
  maxLine: number;
  linger: number;
  noDelay: boolean;
}

/** What a connection may be told. */
export const connectionOptions: Known<ConnectionOptions> = { readBuffer: true, maxLine: true, linger: true, noDelay: true };

/** Options of a user, or a clear error. */
export function checkedConnectionOptions(options: ConnectionOptions): CheckedConnectionOptions {
  const { readBuffer = 65_536, maxLine = 65_536, linger = 5_000, noDelay = true } = options;
  if (!Number.isSafeInteger(readBuffer) || readBuffer < 1) {
    throw new RangeError(`readBuffer is a whole number of bytes from 1 up; got ${String(readBuffer)}`);
  }
  if (!(Number.isSafeInteger(maxLine) || (maxLine as unknown) === Infinity) || maxLine < 1) {
    throw new RangeError(`maxLine is a whole number of bytes from 1 up, or Infinity; got ${String(maxLine)}`);
  }
  if (typeof (noDelay as unknown) !== "boolean") throw new TypeError(`noDelay is true or false; got ${String(noDelay)}`);
  return { readBuffer, maxLine, linger: checkedDelay(linger, "linger"), noDelay };
}
