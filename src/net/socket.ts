/**
 * A connection over a socket, or any other transport: a reader and a writer on top of it.
 *
 * 1. The socket brings bytes only while the reader wants them (back-pressure), by 'data': telling by 'readable' costs a turn and accounts
 *    of the platform's own, 7 % of the time of 64 bytes there and back. It has no iterator that a loop could leave and destroy it by.
 * 2. The two halves end apart: the peer's FIN ends the reading half only, `close` the writing half only.
 * 3. What came before a reset is delivered before the error. The error sticks, for the next read and the next send, and is
 *    never an uncaught 'error' event.
 * 4. `ended` fulfils when the socket has closed, whatever the reason.
 *
 * Idea: trio's SocketStream.
 */
import { Duplex } from "node:stream";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { perform, performIn, promised, rejectedNow } from "../core/perform.ts";
import { hasClosed, hasOpened } from "../support/resources.ts";
import { enqueue } from "../core/scheduler.ts";
import { forDeno, forNode, withFacts } from "../support/printing.ts";
import { arm } from "../time/timer.ts";
import { formatAddress, formatPath, socketAddress, type Address } from "./address.ts";
import type { CheckedConnectionOptions, Connection, ConnectionStatistics } from "./connection.ts";
import { Ending } from "./ending.ts";
import { codeOf, ConnectionError } from "./errors.ts";
import { hasEnded, heldOpen } from "./held-open.ts";
import { InboundSide } from "./inbound-side.ts";
import { payloadOf, type Bytes } from "./payload.ts";
import { resetTransport, tlsDetails, type Plain, type TlsDetails } from "./secure.ts";
import type { Transport } from "./transport.ts";
import { Barrier, Flushing, Sending } from "./sending.ts";
import { checkedStartTls, Securing, type BeginTls, type StartTlsOptions } from "./start-tls.ts";
import { Writer } from "./writer.ts";

/** The two ends of a connection over a Unix socket. */
export interface Paths {
  readonly local: Address;
  readonly remote: Address;
}

/** How a connection over a socket is made, beside its options. */
export interface Making {
  /** The ends of a Unix socket, which the platform does not tell. */
  readonly paths?: Paths | undefined;
  /** The host that was dialled, which the certificate of a later TLS has to be of. */
  readonly host?: string | undefined;
  /** The operation that asked for it, if that was not made here and now. */
  readonly by?: object | undefined;
  /** The stream was made elsewhere: perhaps a side of it is over already. */
  readonly adopted?: boolean;
}

/** A connection over a socket that is connected. */
export class SocketConnection extends InboundSide implements Connection {
  readonly local: Address;
  readonly remote: Address;
  tls: TlsDetails | undefined;
  readonly #name: string;
  #socket: Transport;
  readonly #host: string | undefined;
  readonly #linger: number;
  readonly #writer: Writer;
  readonly #ending: Ending;
  /** The socket keeps what comes until the reader wants it. */
  #paused = false;
  #destroyed = false;
  /** A write has failed, and the socket is open only for what the peer had sent before. */
  #broken: ConnectionError | undefined = undefined;
  #securing = false;
  #disarm: (() => void) | undefined = undefined;

  constructor(socket: Transport, options: CheckedConnectionOptions, { paths, host, by, adopted = false }: Making = {}) {
    const { readBuffer, maxLine, linger, noDelay, keepAlive } = options;
    const local = paths?.local ?? socketAddress(socket.localAddress, socket.localPort, socket.localFamily);
    const remote = paths?.remote ?? socketAddress(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    const name = adopted && remote.port === undefined ? "connection over an adopted stream" : nameOf(local, remote);
    const outer = socket.inMemory !== true;
    super({ name, readBuffer, maxLine, outer, onWanting: () => { this.#resume(); } });
    this.local = local;
    this.remote = remote;
    this.#socket = socket;
    this.#host = host;
    this.#linger = linger;
    this.#name = name;
    hasOpened(this, name, by);
    this.#writer = new Writer(name, socket, { abandoned: () => { this.#abandon(); }, failed: (error) => { this.#writeFailed(error); } });
    this.#ending = new Ending(name, outer);
    socket.setNoDelay(noDelay);
    if (keepAlive !== false) socket.setKeepAlive(true, keepAlive);
    this.#attach();
    // A client of a listener may have gone while it waited.
    if (socket.errored) this.#fail(socket.errored);
    if (adopted && socket instanceof Duplex) this.#takeOverEnds(socket);
    if (socket.closed) this.#closed();
    else socket.resume(); // a listener's was paused until now
  }

  /** A stream does not tell again of an end that has been. */
  #takeOverEnds(stream: Duplex): void {
    if (stream.readableEnded) this.reader.finish();
    if (stream.writableEnded || !stream.writable) this.#writer.close();
  }

  // -- The side of the socket --

  #attach(): void {
    this.tls = tlsDetails(this.#socket);
    this.#socket.on("data", this.#onData);
    this.#socket.on("end", this.#onEnd);
    this.#socket.on("error", this.#onError);
    this.#socket.on("close", this.#onClose);
  }

  #detach(): void {
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("error", this.#onError);
    this.#socket.off("close", this.#onClose);
  }

  readonly #onData = (bytes: Uint8Array): void => {
    this.reader.push(bytes);
    if (!this.reader.wanting && this.#broken === undefined) this.#pause();
  };

  readonly #onEnd = (): void => { this.reader.finish(); };

  readonly #onError = (error: Error): void => { this.#fail(error); };

  readonly #onClose = (): void => { this.#closed(); };

  /** What a connection runs over. */
  static transportOf(connection: object): Transport | undefined {
    return #socket in connection ? connection.#socket : undefined;
  }

  override toString(): string {
    const { length: buffered } = this.reader.inbound.bytes;
    const [bytes, sending] = [buffered > 0 && `${String(buffered)} bytes to read`, this.#writer.closed && "sends no more"];
    return withFacts(`C${this.#name.slice(1)}`, ...(this.#destroyed || this.#socket.closed ? ["ended"] : [bytes, sending]));
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  /** After an 'end', an 'error' or a destroy this changes nothing. */
  #closed(): void {
    hasClosed(this);
    const cause = Object.assign(new Error("the socket was closed before its end"), { code: "ERR_STREAM_PREMATURE_CLOSE" });
    this.#drain();
    this.reader.fail(this.#broken ?? this.#failure(cause), this.#broken !== undefined);
    this.#writer.fail(this.#writer.ended(undefined));
    this.#disarm?.();
    this.#ending.happen();
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  /** Lets the socket bring more, if the reader wants it. */
  #resume(): void {
    if (!this.#paused || !this.reader.wanting || this.#destroyed) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Takes what the socket still has once it is at its end, beyond what fits. It does not tell of that by 'data' any more. */
  #drain(): void {
    this.#socket.off("data", this.#onData); // a stream may tell of what it gives here
    for (let chunk = this.#socket.read(); chunk !== null; chunk = this.#socket.read()) this.reader.push(chunk);
  }

  #failure(error: Error): ConnectionError {
    return new ConnectionError(`${this.#name} has failed: ${codeOf(error)} (${error.message})`, [error]);
  }

  #fail(error: Error): void {
    const failure = this.#broken ?? this.#failure(error);
    this.#drain();
    this.reader.fail(failure, this.#broken !== undefined);
    this.#writer.fail(() => failure);
  }

  /** Sends fail; what the peer had sent before is read first, and then the reads fail with the same error. */
  #writeFailed(error: Error): void {
    const socket = this.#socket;
    if (this.#broken !== undefined || this.#destroyed || socket.destroyed) return;
    const failure = (this.#broken = this.#failure(error));
    this.#writer.fail(() => failure);
    if (!(socket instanceof Duplex) || hasEnded(socket)) return; // the platform destroys it, and all has come
    this.#drain();
    const giveUp = heldOpen(socket, error, this.#onData);
    if (!this.#ending.happened) this.#disarm ??= arm(this.#linger, giveUp);
  }

  #endWithin(reason: unknown): void {
    if (!this.#ending.happened) this.#disarm ??= arm(this.#linger, () => { this.#end(reason, false); });
  }

  /** A send was withdrawn in the middle of its write. Others must not be resumed in the step that withdraws it. */
  #abandon(): void {
    enqueue({ run: () => { this.destroy(new Error("a send was given up in the middle of its write")); } });
  }

  // -- Sending --

  send(data: Bytes, options?: WaitOptions): Promise<void> {
    try {
      return this.#writer.send(payloadOf(data), options);
    } catch (error) {
      return rejectedNow(error);
    }
  }

  sending(data: Bytes): Operation<void> {
    return new Sending(this.#writer, payloadOf(data));
  }

  trySend(data: Bytes): boolean {
    return this.#writer.tryWrite(payloadOf(data));
  }

  close(error?: unknown): boolean {
    if (error === undefined) return this.#writer.close();
    if (this.closed) return false;
    this.destroy(error);
    return true;
  }

  startTls(options: StartTlsOptions, wait?: WaitOptions): Promise<void> {
    return promised(() => this.#startTls(options, wait));
  }

  async #startTls(options: StartTlsOptions, wait?: WaitOptions): Promise<void> {
    const begin = checkedStartTls(options, this.#host);
    const plain = this.#socket;
    if (!(plain instanceof Duplex)) throw new TypeError(`startTls on the ${this.#name}, which is in memory: there is no TLS. Test with the platform's network`);
    if (this.tls !== undefined || this.#securing) throw new TypeError(`startTls on the ${this.#name}, which has TLS already`);
    if (this.reader.waits) throw new TypeError(`startTls on the ${this.#name} while a read waits: what is it to read? Start TLS when it has ended`);
    this.#securing = true;
    try {
      await perform(new Barrier(this.#writer), wait);
      await this.#secureOver(plain, begin, wait);
    } finally {
      this.#securing = false;
    }
  }

  /** The writer holds back what is sent meanwhile. */
  async #secureOver(plain: Plain, begin: BeginTls, wait: WaitOptions | undefined): Promise<void> {
    try {
      this.#detach();
      plain.on("error", ignored);
      plain.pause();
      const unread = this.reader.inbound.bytes.takeAll();
      const secured = await perform(new Securing(plain, unread, begin, this.#name), wait);
      this.#socket = secured;
      this.#paused = false;
      this.#attach();
      secured.resume();
      this.#writer.goOnOver(secured);
    } catch (error) {
      this.#attach();
      this.destroy(error);
      if (plain.closed) this.#closed(); // the handshake has ended it
      throw error;
    }
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

  get statistics(): ConnectionStatistics {
    const { received, bytes } = this.reader.inbound;
    const { sent, waiting } = this.#writer;
    return { received, sent, buffered: bytes.length, waitingSends: waiting };
  }

  // -- Ending --

  get ended(): Promise<void> {
    // No part of what may be cancelled: it is waited for when all else has been.
    return performIn(undefined, this.#ending);
  }

  shutdown(): Promise<void> {
    this.reader.close(undefined);
    this.#writer.close();
    this.#endWithin(new Error(`the peer has not taken everything, or not closed its side, within linger, ${String(this.#linger)} ms`));
    return this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  destroy(reason?: unknown): void {
    this.#end(reason, reason !== undefined);
  }

  reset(reason?: unknown): void {
    this.#end(reason, true);
  }

  #end(reason: unknown, asReset: boolean): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.reader.close(reason);
    this.#writer.fail(this.#writer.ended(reason));
    if (asReset) resetTransport(this.#socket);
    else this.#socket.destroy(); // last: a transport may tell of its end at once
  }

  unref(): void {
    this.#socket.unref();
  }

  ref(): void {
    this.#socket.ref();
  }
}

/** What errors call a connection. */
function nameOf(local: Address, remote: Address): string {
  if (remote.path !== undefined) return `connection to ${formatPath(remote.path)}`;
  if (local.path !== undefined) return `connection on ${formatPath(local.path)}`;
  return `connection to ${formatAddress(remote.host ?? "a peer that has gone", remote.port ?? 0)}`;
}

function ignored(): void {
  // a secured socket has it too; alone it would be uncaught
}
