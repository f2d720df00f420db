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
import { TLSSocket } from "node:tls";
import { knownOptions, type Known } from "../support/given.ts";
import { External, nothing, type Nothing, type Operation, Performable, type WaitOptions } from "../core/operation.ts";
import { perform, performIn, promised } from "../core/perform.ts";
import { hasClosed, hasOpened } from "../support/resources.ts";
import { tellMade, touch } from "../core/controller.ts";
import { enqueue } from "../core/scheduler.ts";
import type { Receiver } from "../core/channel-types.ts";
import { forDeno, forNode, standing } from "../support/printing.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { arm } from "../time/timer.ts";
import { formatAddress, formatPath, socketAddress, type Address } from "./address.ts";
import type { CheckedConnectionOptions, Connection, ConnectionStatistics, LineOptions, ReadLineOptions } from "./connection.ts";
import { codeOf, ConnectionError } from "./errors.ts";
import { Reader } from "./reader.ts";
import { Reading } from "./reading.ts";
import { tlsDetails, type TlsDetails } from "./secure.ts";
import type { Transport } from "./transport.ts";
import { bytesOf, chunk, exactly, line, orUndefined, until } from "./units.ts";
import { View } from "./view.ts";
import { Flushing, Sending, Writer } from "./writer.ts";

/** The two ends of a connection over a Unix socket. */
export interface Paths {
  readonly local: Address;
  readonly remote: Address;
}

/** A connection over a socket that is connected. */
export class SocketConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly tls: TlsDetails | undefined;
  readonly #name: string;
  readonly #socket: Transport;
  readonly #linger: number;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #chunks: View<Uint8Array>;
  readonly #ending: Ending;
  /** The socket keeps what comes until the reader wants it. */
  #paused = false;
  #destroyed = false;
  #disarm: (() => void) | undefined = undefined;

  /** `paths` are the ends of a Unix socket, which the platform does not tell. `by`: who has asked for it, if that was not here and now. */
  constructor(socket: Transport, { readBuffer, maxLine, linger, noDelay }: CheckedConnectionOptions, paths?: Paths, by?: object) {
    this.#socket = socket;
    this.#linger = linger;
    this.local = paths?.local ?? socketAddress(socket.localAddress, socket.localPort, socket.localFamily);
    this.remote = paths?.remote ?? socketAddress(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    this.tls = socket instanceof TLSSocket ? tlsDetails(socket) : undefined;
    this.#name = nameOf(this.local, this.remote);
    hasOpened(this, this.#name, by);
    const outer = socket.inMemory !== true;
    this.#reader = new Reader({ name: this.#name, readBuffer, maxLine, outer, onWanting: () => { this.#resume(); } });
    this.#writer = new Writer(this.#name, socket, () => { this.#abandon(); });
    this.#chunks = new View(this.#reader, chunk);
    this.#ending = new Ending(this.#name, outer);
    socket.setNoDelay(noDelay);
    socket.on("data", (chunk) => {
      this.#reader.push(chunk);
      if (!this.#reader.wanting) this.#pause();
    });
    socket.on("end", () => { this.#reader.finish(); });
    socket.on("error", (error) => { this.#fail(error); });
    socket.on("close", () => { this.#closed(); });
    // A client of a listener may have gone while it waited.
    if (socket.errored) this.#fail(socket.errored);
    if (socket.closed) this.#closed();
    else socket.resume(); // a listener's was paused until now
  }

  /** What a connection runs over, for whoever made that. */
  static transportOf(connection: object): Transport | undefined {
    return #socket in connection ? connection.#socket : undefined;
  }

  toString(): string {
    const { length: buffered } = this.#reader.inbound.bytes;
    const [bytes, sending] = [buffered > 0 && `${String(buffered)} bytes to read`, this.#writer.closed && "sends no more"];
    return standing(`C${this.#name.slice(1)}`, ...(this.#destroyed || this.#socket.closed ? ["ended"] : [bytes, sending]));
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
    this.#reader.fail(this.#failure(cause));
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
    if (!this.#paused || !this.#reader.wanting || this.#destroyed) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Takes what the socket still has once it is at its end, beyond what fits. It does not tell of that by 'data' any more. */
  #drain(): void {
    for (let chunk = this.#socket.read(); chunk !== null; chunk = this.#socket.read()) this.#reader.push(chunk);
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
    return promised(() => this.#writer.send(bytesOf(data, "what a connection sends"), options));
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

  lines(options: LineOptions = {}): Receiver<string> {
    const { fatal = false } = knownOptions(options, lineOptions, "lines");
    return new View(this.#reader, line({ fatal }));
  }

  readLine(options: ReadLineOptions = {}): Promise<string | undefined> {
    return promised(() => {
      const { fatal = false, signal } = knownOptions(options, readLineOptions, "readLine");
      return perform(new Reading(this.#reader, orUndefined(line({ fatal }))), signal === undefined ? undefined : { signal });
    });
  }

  readUntil(separator: string | Uint8Array, options?: WaitOptions): Promise<Uint8Array> {
    return promised(() => perform(new Reading(this.#reader, until(separator)), options));
  }

  readExactly(n: number, options?: WaitOptions): Promise<Uint8Array> {
    return promised(() => perform(new Reading(this.#reader, exactly(n)), options));
  }

  get statistics(): ConnectionStatistics {
    const { received, bytes } = this.#reader.inbound;
    const { sent, waiting } = this.#writer;
    return { received, sent, buffered: bytes.length, waitingSends: waiting };
  }

  // -- Ending --

  get ended(): Promise<void> {
    // No part of what may be cancelled: it is waited for when all else has been.
    return performIn(undefined, this.#ending);
  }

  shutdown(): Promise<void> {
    this.#reader.close(undefined);
    this.#writer.close();
    if (!this.#ending.happened) {
      this.#disarm ??= arm(this.#linger, () => {
        this.destroy(new Error(`the peer has not taken everything, or not closed its side, within linger, ${String(this.#linger)} ms`));
      });
    }
    return this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  destroy(reason?: unknown): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#reader.close(reason);
    this.#writer.fail(this.#writer.ended(reason));
    this.#socket.destroy(); // last: a transport may tell of its end at once
  }

  unref(): void {
    this.#socket.unref();
  }

  ref(): void {
    this.#socket.ref();
  }
}

/** Happens when the socket has closed. */
class Ending extends Performable<void> {
  readonly #name: string;
  readonly #outer: boolean;
  readonly #waiting = new WaitQueue(this);
  #happened = false;

  constructor(name: string, outer: boolean) {
    super();
    this.#name = name;
    this.#outer = outer;
    tellMade(this.#waiting);
  }

  get happened(): boolean {
    return this.#happened;
  }

  happen(): void {
    this.#happened = true;
    this.#waiting.resumeAll("value", undefined);
  }

  override get traits(): number {
    return this.#outer ? External : 0;
  }

  override toString(): string {
    return `the end of the ${this.#name}`;
  }

  override attempt(): undefined | Nothing {
    touch(this.#waiting);
    return this.#happened ? undefined : nothing;
  }

  override enlist(waiter: Waiter): void {
    this.#waiting.join(waiter);
  }
}

/** What errors call a connection. */
function nameOf(local: Address, remote: Address): string {
  if (remote.path !== undefined) return `connection to ${formatPath(remote.path)}`;
  if (local.path !== undefined) return `connection on ${formatPath(local.path)}`;
  return `connection to ${formatAddress(remote.host ?? "a peer that has gone", remote.port ?? 0)}`;
}

const lineOptions: Known<LineOptions> = { fatal: true };
const readLineOptions: Known<ReadLineOptions> = { fatal: true, signal: true };
