/**
 * A connection: a reader, a writer, and the socket between them.
 *
 * 1. The socket is read only while the reader wants bytes (back-pressure), and in paused mode: no loop that is left early can
 *    destroy it.
 * 2. The two halves end apart: the peer's FIN ends the reading half only, `close` the writing half only.
 * 3. What came before a reset is delivered before the error. The error sticks, for the next read and the next send, and is
 *    never an uncaught 'error' event.
 * 4. `ended` fulfils when the socket has closed, whatever the reason.
 *
 *        dial ─► open ─► close(): flush, FIN ───► peer's FIN ─► ended
 *                  │     shutdown(): the same, no more reads, at most `linger` ms ─► ended
 *                  └──── destroy(), or an error ───────────────────────────────────► ended
 *
 * Idea: trio's SocketStream (half close, `send_all`), Go's `net.Conn`; as two sides of a channel.
 */
import type { Socket } from "node:net";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { perform, refused } from "../core/perform.ts";
import { enqueue } from "../core/scheduler.ts";
import type { Receiver, Sender } from "../core/sides.ts";
import { arm, checkedDelay } from "../time/timer.ts";
import { formatAddress, socketAddress, type Address } from "./address.ts";
import { codeOf, ConnectionError } from "./errors.ts";
import { bytesOf, Reader, ReadingExactly, ReadingLine, ReadingUntil, View } from "./reader.ts";
import { Flushing, Sending, Writer } from "./writer.ts";

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

/** A connection over a socket that is connected. */
export class SocketConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #socket: Socket;
  readonly #linger: number;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #chunks: View<Uint8Array>;
  /** The socket may have bytes that we have not taken. */
  #readable = false;
  #destroyed = false;
  #shutdown: Promise<void> | undefined = undefined;

  constructor(socket: Socket, { readBuffer, maxLine, linger, noDelay }: CheckedConnectionOptions) {
    this.#socket = socket;
    this.#linger = linger;
    this.local = socketAddress(socket.localAddress, socket.localPort, socket.localFamily);
    this.remote = socketAddress(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    this.#name = `connection to ${formatAddress(this.remote.host ?? "a peer that has gone", this.remote.port ?? 0)}`;
    this.#reader = new Reader({ name: this.#name, readBuffer, maxLine, onWanting: () => { this.#pull(); } });
    this.#writer = new Writer(this.#name, socket, () => { this.#abandon(); });
    this.#chunks = new View(this.#reader, () => this.#reader.chunk());
    this.ended = new Promise((resolve) => socket.once("close", () => { resolve(); }));
    socket.setNoDelay(noDelay);
    socket.on("readable", () => {
      this.#readable = true;
      this.#pull();
    });
    socket.on("end", () => { this.#reader.finish(); });
    socket.on("error", (error) => { this.#fail(error); });
    socket.on("close", () => {
      // After an 'end', an 'error' or a destroy this changes nothing.
      const cause = Object.assign(new Error("the socket was closed before its end"), { code: "ERR_STREAM_PREMATURE_CLOSE" });
      this.#drain();
      this.#reader.fail(this.#failure(cause));
      this.#writer.fail(this.#writer.ended(undefined));
    });
  }

  /** Takes what the socket has, as long as the reader wants it. */
  #pull(): void {
    while (this.#readable && this.#reader.wanting) this.#takeChunk();
  }

  /** Takes what the socket still has once it is at its end, beyond what fits. */
  #drain(): void {
    do this.#takeChunk(); while (this.#readable);
  }

  #takeChunk(): void {
    const chunk = this.#socket.read() as Buffer | null;
    if (chunk === null) this.#readable = false;
    else {
      this.#readable = true;
      this.#reader.push(chunk);
    }
  }

  #failure(error: Error): ConnectionError {
    return new ConnectionError(`${this.#name} has failed: ${codeOf(error)} (${error.message})`, [error]);
  }

  #fail(error: Error): void {
    const failure = this.#failure(error);
    this.#drain();
    this.#reader.fail(failure);
    this.#writer.fail(() => failure);
  }

  /** A send was withdrawn in the middle of its write. Others must not be resumed in the step that withdraws it. */
  #abandon(): void {
    enqueue({ run: () => { this.destroy(new Error("a send was given up in the middle of its write")); } });
  }

  // -- Sending --

  send(data: Uint8Array | string, options?: WaitOptions): Promise<void> {
    return promised(() => perform(this.sending(data), options));
  }

  sending(data: Uint8Array | string): Operation<void> {
    return new Sending(this.#writer, bytesOf(data, "what a connection sends"));
  }

  trySend(data: Uint8Array | string): boolean {
    return this.#writer.tryWrite(bytesOf(data, "what a connection sends"));
  }

  close(error?: unknown): boolean {
    if (error === undefined) return this.#writer.close();
    if (this.closed) return false;
    this.destroy(error);
    return true;
  }

  get closed(): boolean {
    return this.#writer.closed;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  closeWrite(): Promise<void> {
    this.#writer.close();
    return perform(new Flushing(this.#writer));
  }

  // -- Receiving --

  receive(options?: WaitOptions): Promise<Uint8Array> {
    return this.#chunks.receive(options);
  }

  receiving(): Operation<Uint8Array> {
    return this.#chunks.receiving();
  }

  next(options?: WaitOptions): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#chunks.next(options);
  }

  nexting(): Operation<IteratorResult<Uint8Array, undefined>> {
    return this.#chunks.nexting();
  }

  tryReceive(): IteratorResult<Uint8Array, undefined> | undefined {
    return this.#chunks.tryReceive();
  }

  cancel(reason?: unknown): boolean {
    return this.#reader.cancel(reason);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array, undefined> {
    return this.#chunks[Symbol.asyncIterator]();
  }

  lines({ fatal = false }: LineOptions = {}): Receiver<string> {
    return new View(this.#reader, () => this.#reader.line(fatal));
  }

  readLine(options: ReadLineOptions = {}): Promise<string | undefined> {
    return perform(new ReadingLine(this.#reader, options.fatal ?? false), options);
  }

  readUntil(separator: string | Uint8Array, options?: WaitOptions): Promise<Uint8Array> {
    return promised(() => perform(new ReadingUntil(this.#reader, separator), options));
  }

  readExactly(n: number, options?: WaitOptions): Promise<Uint8Array> {
    return promised(() => perform(new ReadingExactly(this.#reader, n), options));
  }

  // -- Ending --

  shutdown(): Promise<void> {
    return (this.#shutdown ??= this.#endBoth());
  }

  async #endBoth(): Promise<void> {
    this.#reader.close(undefined);
    this.#writer.close();
    const disarm = arm(this.#linger, () => {
      this.destroy(new Error(`the peer has not taken everything, or not closed its side, within linger, ${String(this.#linger)} ms`));
    });
    await this.ended;
    disarm();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  destroy(reason?: unknown): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#socket.destroy();
    this.#reader.close(reason);
    this.#writer.fail(this.#writer.ended(reason));
  }

  unref(): void {
    this.#socket.unref();
  }

  ref(): void {
    this.#socket.ref();
  }
}

/** What the function gives; what it throws, as a rejection. */
function promised<T>(body: () => Promise<T>): Promise<T> {
  try {
    return body();
  } catch (error) {
    return refused(error);
  }
}
