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
import type { Receiver, Sender } from "../channel/channel-types.ts";
import { show } from "../errors.ts";
import { checkedDelay } from "../time/timer.ts";
import type { Address } from "./address.ts";
import type { Bytes } from "./payload.ts";
import type { TlsDetails } from "./secure.ts";
import type { StartTlsOptions } from "./start-tls.ts";
import { checkedMaxLine, type Separators } from "./units.ts";

/** How a connection behaves. */
export interface ConnectionOptions {
  /** How many received bytes it holds before the peer has to wait: a whole number from 1 up. 65,536. */
  readBuffer?: number | undefined;
  /** How long a line may be, in bytes without its end; what `readUntil` finds, too: a whole number from 1 up, or `Infinity`. 65,536. */
  maxLine?: number | undefined;
  /** How long `shutdown` waits for the peer, in milliseconds, before it destroys: 0 up to `Infinity`. 5,000. */
  linger?: number | undefined;
  /** Whether small sends go out at once (TCP_NODELAY). `true`. */
  noDelay?: boolean | undefined;
  /**
   * How long nothing may pass before the system asks whether the peer is still there, in milliseconds: more than 0; or `false`, never. On Unix
   * sockets it has no effect.
   *
   * @defaultValue 15,000
   */
  keepAlive?: number | false | undefined;
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
  /** How long a line may be, in bytes without its end: a whole number from 1 up, or `Infinity`. Left out, as the connection's `maxLine`. */
  maxLine?: number | undefined;
}

/** The options of {@link Connection.readLine}. */
export interface ReadLineOptions extends WaitOptions, LineOptions {}

/** How far a separator may be away. */
export interface UntilOptions {
  /** How many bytes may come before the separator: a whole number from 1 up, or `Infinity`. Left out, as the connection's `maxLine`. */
  maxLine?: number | undefined;
}

/** The options of {@link Connection.readUntil}. */
export interface ReadUntilOptions extends WaitOptions, UntilOptions {}

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
export interface Connection extends Sender<Bytes>, Receiver<Uint8Array>, AsyncDisposable {
  // -- Sending --

  /**
   * Sends bytes, or a string as UTF-8. Fulfils when the kernel has them all, which is not yet the peer. Sends are written one
   * after the other, each in one piece. An empty one writes nothing.
   *
   * Withdrawn while others are before it, nothing of it is written; once its own bytes are under way it cannot be recalled, and
   * the connection is destroyed.
   *
   * @param data - bytes, not to be changed before the send has fulfilled; a string (a lone surrogate becomes U+FFFD); or a list of both, which
   * goes out as one send
   * @param options - a `signal` to give up by
   * @returns rejects with a `ClosedError` after `close`, `shutdown` or `destroy`, with a {@link ConnectionError} when the network
   * has failed, with a `TypeError` for anything but bytes and strings, with `signal.reason` when aborted first
   */
  send(data: Bytes, options?: WaitOptions): Promise<void>;
  /**
   * Describes a {@link send}, for `select` and `yield*`. It begins to write when it is waited for, so a case that is ready wins
   * over it; it is never ready at once, save an empty one.
   *
   * @throws TypeError for anything but bytes and strings
   */
  sending(data: Bytes): Operation<void>;
  /**
   * Begins to write if nobody else is sending and the kernel has taken everything before; otherwise changes nothing. The bytes are
   * copied. Whether they all arrive is for later sends to find out.
   *
   * @throws ClosedError after `close`, `shutdown` or `destroy`; the {@link ConnectionError} when the network has failed; TypeError
   * for anything but bytes and strings
   */
  trySend(data: Bytes): boolean;
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
  /** Describes a {@link readLine}, for `select` and `yield*`: a case that loses has taken no byte. */
  readingLine(options?: LineOptions): Operation<string | undefined>;
  /**
   * Reads up to a separator, and takes it too.
   *
   * @param separators - bytes, or a string as UTF-8; not empty; or several, of which the one that ends first counts
   * @param options - a `signal` to give up by, and `maxLine`
   * @returns rejects with an {@link IncompleteReadError} when the peer ends before it, with a `RangeError` for an empty separator, or
   * when there are more than `maxLine` bytes before it (no byte is taken then); otherwise as {@link readLine}
   */
  readUntil(separators: Separators, options?: ReadUntilOptions): Promise<Uint8Array>;
  /** Describes a {@link readUntil}, for `select` and `yield*`: a case that loses has taken no byte. */
  readingUntil(separators: Separators, options?: UntilOptions): Operation<Uint8Array>;
  /**
   * Reads a number of bytes, neither more nor less.
   *
   * @param n - a whole number from 0 up; may be more than `readBuffer`
   * @param options - a `signal` to give up by
   * @returns rejects with an {@link IncompleteReadError} when the peer ends before, with a `RangeError` for a bad number; otherwise as
   * {@link readLine}
   */
  readExactly(n: number, options?: WaitOptions): Promise<Uint8Array>;
  /** Describes a {@link readExactly}, for `select` and `yield*`: a case that loses has taken no byte. */
  readingExactly(n: number): Operation<Uint8Array>;
  /**
   * Looks at the next bytes, and takes none: a copy of `n` of them, of fewer (perhaps none) at the peer's end. It stands in line like a read.
   *
   * @param n - a whole number from 0 up; may be more than `readBuffer`
   * @param options - a `signal` to give up by
   * @returns rejects as {@link readExactly} does, save at the peer's end
   */
  peek(n: number, options?: WaitOptions): Promise<Uint8Array>;
  /** Describes a {@link peek}, for `select` and `yield*`. */
  peeking(n: number): Operation<Uint8Array>;

  // -- TLS over it --

  /**
   * Starts TLS over this connection, in place: for STARTTLS, an SSL request, a tunnel. It waits for the sends before it; those made meanwhile go
   * out encrypted.
   *
   * As a client, unread plaintext is an error, since it may be forged (`RENDEZVOUS_PLAINTEXT_BEFORE_TLS`); a server gives what it holds to TLS.
   * A handshake that fails, is aborted or cancelled ends the connection.
   *
   * @param options - the platform's options of a TLS client; or those of a server, with `isServer: true`. Without `servername` the host that
   * was dialled is checked
   * @param wait - a `signal` to give up by
   * @returns rejects with a {@link ConnectionError} when the handshake fails; with a `TypeError` while a read waits, over TLS, in memory, and
   * for a client that nobody knows the server's name of; with `signal.reason` when aborted first
   */
  startTls(options: StartTlsOptions, wait?: WaitOptions): Promise<void>;

  // -- Ending --

  /**
   * Ends both sides: reads fail at once, what was sent before is flushed, then FIN; waits until the socket has closed, at most
   * `linger` milliseconds, then destroys it. Never rejects. If received bytes were not read, the peer may see a reset.
   */
  shutdown(): Promise<void>;
  /** Shuts down: `await using connection = await dial(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Ends everything at once, without flushing: reads and sends that wait fail with a `ClosedError`. With a reason the peer sees a reset, as by {@link reset};
   * without one, an end.
   *
   * @param reason - the `cause` of that error
   */
  destroy(reason?: unknown): void;
  /**
   * Ends everything at once, and the peer sees a reset, so that what it has is not taken for the whole. On Unix sockets, which have no resets,
   * it sees an end.
   *
   * @param reason - the `cause` of the errors on this side
   */
  reset(reason?: unknown): void;
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
  /** The connection no longer keeps the process alive. */
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
  keepAlive: number | false;
}

/** The options of a connection, by name. */
export const connectionOptions: Known<ConnectionOptions> = { readBuffer: true, maxLine: true, linger: true, noDelay: true, keepAlive: true };

/** Options of a user, or a clear error. */
export function checkedConnectionOptions(options: ConnectionOptions): CheckedConnectionOptions {
  const { readBuffer = 65_536, maxLine = 65_536, linger = 5_000, noDelay = true, keepAlive = 15_000 } = options;
  if (!Number.isSafeInteger(readBuffer) || readBuffer < 1) {
    throw new RangeError(`readBuffer is a whole number of bytes from 1 up; got ${String(readBuffer)}`);
  }
  checkedMaxLine(maxLine, "maxLine");
  if (typeof (noDelay as unknown) !== "boolean") throw new TypeError(`noDelay is true or false; got ${String(noDelay)}`);
  return { readBuffer, maxLine, linger: checkedDelay(linger, "linger"), noDelay, keepAlive: checkedKeepAlive(keepAlive) };
}

function checkedKeepAlive(keepAlive: unknown): number | false {
  if (keepAlive === false) return false;
  if (typeof keepAlive !== "number") throw new TypeError(`keepAlive is a number of milliseconds, or false; got ${show(keepAlive)}`);
  if (keepAlive > 0 && Number.isFinite(keepAlive)) return Math.max(keepAlive, 1000); // the system counts in seconds
  throw new RangeError(`keepAlive is a number of milliseconds above 0, or false; got ${String(keepAlive)}`);
}
