/**
 * A listener: a channel of connections, with a bounded number of clients that wait to be received.
 *
 * 1. A client that waits is not read from: what it has sent stays with the platform until its connection is received.
 * 2. At most `maxPending` wait, those in the handshake of TLS included. Accepting cannot be paused, so one more is reset, and counted.
 * 3. A failure to accept (no file descriptors, a client that has gone, a handshake that fails) concerns that client only.
 * 4. Shutting down frees the address at once and destroys the clients that wait. Connections that were received live on.
 *
 *        client ─► (handshake) ─► waits ─► received: a connection
 *                      │            └─ shutdown: destroyed
 *                      └─ fails: onError
 *
 * Idea: Go's `net.Listener`, as a channel.
 */
import type { TlsOptions } from "node:tls";
import { chan, type Channel } from "../channel/channel.ts";
import { Loop } from "../channel/loop.ts";
import { Through } from "../ops/through.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { asksFor, hasClosed, hasOpened } from "../support/resources.ts";
import { counted, forDeno, forNode, withFacts } from "../support/printing.ts";
import { reportFailure } from "../platform/unhandled.ts";
import { enqueue, fulfilled } from "../core/scheduler.ts";
import type { Receiver } from "../channel/channel-types.ts";
import { formatAddress, formatPath, type Address } from "./address.ts";
import type { CheckedConnectionOptions, Connection } from "./connection.ts";
import { codeOf, ConnectionError } from "./errors.ts";
import { Handshakes } from "./handshakes.ts";
import { resetTransport } from "./secure.ts";
import { SocketConnection } from "./socket.ts";
import type { Transport, TransportServer } from "./transport.ts";

/** What a listener has done so far. */
export interface ListenerStatistics {
  /** Connections that were received. */
  readonly received: number;
  /** Clients that wait to be received, or are in the handshake of TLS. */
  readonly pending: number;
  /** Clients that were reset, because `maxPending` others were waiting. */
  readonly dropped: number;
  /** Clients that could not be accepted, or whose handshake has failed. */
  readonly failed: number;
}

/**
 * A listener IS a channel of connections: receive them one by one, loop over them, or hand it to {@link serve}.
 *
 * Clients that have connected wait, without being read from, until they are received; at most `maxPending` of them, one more is reset.
 * A listener keeps the process alive. Use `await using`, which shuts it down.
 *
 * @example
 * ```ts
 * import { go } from "rendezvous";
 * import { dial, listen } from "rendezvous/net";
 *
 * await using listener = await listen("127.0.0.1:0");
 * go(async () => {
 *   await using connection = await listener.receive();
 *   await connection.send("hello\n");
 * });
 * await using connection = await dial(`127.0.0.1:${listener.address.port}`);
 * console.log(await connection.readLine()); // hello
 * ```
 *
 * Idea: Go's `net.Listener`.
 */
export interface Listener extends Receiver<Connection>, AsyncDisposable {
  /**
   * Receives the next client's connection.
   *
   * @param options - a `signal` to give up by
   * @returns rejects with a `ClosedError` when the listener was shut down, with `signal.reason` when aborted first
   */
  receive(options?: WaitOptions): Promise<Connection>;
  /** Describes a {@link receive}, for `select` and `yield*`. */
  receiving(): Operation<Connection>;
  /**
   * As {@link receive}, with the end as data: `{ done: true }`.
   *
   * @param options - a `signal` to give up by
   */
  next(options?: WaitOptions): Promise<IteratorResult<Connection, undefined>>;
  /** Describes a {@link next}. */
  nexting(): Operation<IteratorResult<Connection, undefined>>;
  /** The connection of a client that waits: `undefined` when nobody does, `{ done: true }` after the shutdown. */
  tryReceive(): IteratorResult<Connection, undefined> | undefined;
  /** Where it listens: a host and a port, the one chosen if it was 0; or a path. */
  readonly address: Address;
  /** What it has done so far. */
  readonly statistics: ListenerStatistics;
  /**
   * Stops listening: the address is free, the clients that wait are destroyed, receivers see the end. Connections that were received live on.
   * Fulfils again when called again.
   */
  shutdown(): Promise<void>;
  /** As {@link shutdown}, without waiting. `true` the first time. */
  cancel(reason?: unknown): boolean;
  /** Shuts down: `await using listener = await listen(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How a listener is made; checked already. */
export interface ListenerSettings {
  connection: CheckedConnectionOptions;
  maxPending: number;
  tls: TlsOptions | undefined;
  onError: ((error: ConnectionError) => void) | undefined;
}

/** A listener over a server that listens. */
export class SocketListener implements Listener {
  readonly address: Address;
  readonly #name: string;
  readonly #server: TransportServer<Transport>;
  readonly #settings: ListenerSettings;
  readonly #waiting: Channel<Transport>;
  readonly #handshakes: Handshakes | undefined;
  #received = 0;
  #dropped = 0;
  #failed = 0;

  /** `by`: the operation that asked for it, if that was not made here and now. */
  constructor(server: TransportServer<Transport>, settings: ListenerSettings, by?: object) {
    this.#server = server;
    this.#settings = settings;
    this.address = addressOf(server);
    const { host, port, path } = this.address;
    this.#name = `listener on ${path === undefined ? formatAddress(host ?? "", port ?? 0) : formatPath(path)}`;
    const capacity = settings.maxPending;
    this.#waiting = chan({ name: this.#name, capacity, overflow: "drop-newest", onDrop: (socket: Transport) => { this.#drop(socket); } });
    server.on("error", (error) => { this.#fail("could not accept a client", error); });
    const { tls } = settings;
    if (tls === undefined) server.on("connection", (socket) => { this.#park(socket); });
    else this.#handshakes = this.#secureWith(tls);
    hasOpened(this, this.#name, by);
  }

  toString(): string {
    const pending = this.#waiting.held + (this.#handshakes?.size ?? 0);
    return withFacts(`L${this.#name.slice(1)}`, pending > 0 && counted(pending, "client", "wait"), ...this.#waiting.facts("shut down"));
  }

  /** @internal */
  [forNode](): string {
    return this.toString();
  }

  /** @internal */
  [forDeno](): string {
    return this.toString();
  }

  // -- The side of the clients --

  #secureWith(tls: TlsOptions): Handshakes {
    const handshakes = new Handshakes(tls, {
      secured: (socket) => { this.#park(socket); },
      failed: (error) => { this.#fail("has failed in the handshake of TLS", error); },
    });
    this.#server.on("connection", (socket) => {
      if (this.#pending >= this.#settings.maxPending) this.#drop(socket);
      else handshakes.begin(socket);
    });
    return handshakes;
  }

  #park(socket: Transport): void {
    socket.on("error", ignored);
    if (this.#waiting.closed) socket.destroy();
    else this.#waiting.trySend(socket);
  }

  #drop(socket: Transport): void {
    if (this.#waiting.closed) {
      socket.destroy();
      return;
    }
    this.#dropped++;
    socket.on("error", ignored);
    resetTransport(socket); // a plain end could be taken for an answer
  }

  #fail(what: string, error: Error): void {
    this.#failed++;
    const { onError } = this.#settings;
    if (onError === undefined) return;
    const failure = new ConnectionError(`${this.#name} ${what}: ${codeOf(error)} (${error.message})`, [error]);
    enqueue({ run: () => { told(onError, failure); } });
  }

  // -- The side of those who receive --

  /** `by`: the operation that waited for it, if it is not taken here and now. */
  #open(socket: Transport, by?: object): Connection {
    this.#received++;
    const { path } = this.address;
    const connection = new SocketConnection(socket, this.#settings.connection, { paths: path === undefined ? undefined : { local: { path }, remote: {} }, by });
    socket.off("error", ignored);
    return connection;
  }

  receive(options?: WaitOptions): Promise<Connection> {
    return perform(this.receiving(), options);
  }

  receiving(): Operation<Connection> {
    const receiving: Operation<Connection> = this.#waiting.receiving().map((socket) => this.#open(socket, noted ? receiving : undefined));
    const noted = asksFor(receiving);
    return receiving;
  }

  next(options?: WaitOptions): Promise<IteratorResult<Connection, undefined>> {
    return perform(this.nexting(), options);
  }

  nexting(): Operation<IteratorResult<Connection, undefined>> {
    return this.#opening(this.#waiting.nexting());
  }

  #opening(next: Operation<IteratorResult<Transport, undefined>>): Operation<IteratorResult<Connection, undefined>> {
    const nexting: Operation<IteratorResult<Connection, undefined>> = next.map((result) => this.#opened(result, noted ? nexting : undefined));
    const noted = asksFor(nexting);
    return nexting;
  }

  tryReceive(): IteratorResult<Connection, undefined> | undefined {
    const result = this.#waiting.tryReceive();
    return result && this.#opened(result);
  }

  #opened(result: IteratorResult<Transport, undefined>, by?: object): IteratorResult<Connection, undefined> {
    return result.done === true ? result : { done: false, value: this.#open(result.value, by) };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Connection, undefined> {
    return new Through(new Loop<Transport>(this.#waiting), (next) => this.#opening(next));
  }

  get #pending(): number {
    return this.#waiting.size + (this.#handshakes?.size ?? 0);
  }

  get statistics(): ListenerStatistics {
    return { received: this.#received, pending: this.#pending, dropped: this.#dropped, failed: this.#failed };
  }

  // -- The end --

  cancel(reason?: unknown): boolean {
    if (this.#waiting.closed) return false;
    hasClosed(this);
    this.#server.close(); // it closes the address now, and waits for the connections by itself
    this.#waiting.cancel(reason);
    this.#handshakes?.destroyAll();
    return true;
  }

  shutdown(): Promise<void> {
    this.cancel();
    return fulfilled;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

/** Nobody has this socket yet, or any more: its errors concern nobody. */
function ignored(): void {
  // see above
}

function told(onError: (error: ConnectionError) => void, failure: ConnectionError): void {
  try {
    onError(failure);
  } catch (error) {
    reportFailure(error);
  }
}

/** Where a server listens. */
export function addressOf(server: TransportServer<Transport>): Address {
  const address = server.address();
  if (address === null) return {}; // of a socket that was handed over
  if (typeof address === "string") return { path: address };
  return { host: address.address, port: address.port, family: address.family === "IPv6" ? 6 : 4 };
}
