/**
 * Transports: what a connection needs of what carries its bytes, and what dialling and listening need of a network.
 *
 * It is a part of the platform's socket and server, under the platform's names, so that these are what they are, with nothing in between.
 * Whatever else carries connections is made to this measure, and has the same reader, writer, dialling and listener over it.
 *
 * 1. Bytes that come are told by 'data', in order, except between `pause` and `resume`. What was kept then can be read after an
 *    error, and after the close: `read` gives it, then `null`, and nothing is told by 'data' any more.
 * 2. 'end', the peer's FIN, comes behind the last 'data'; 'finish' when the own FIN is out; 'error' before 'close', which is the last.
 * 3. `write` has one write at a time to carry, or several between `cork` and `uncork`, of which the last has a `taken`. That is
 *    called once all its bytes are taken; if that is so at once, which
 *    `writableLength` then says, it need not be.
 *
 * Idea: Go's `net.Conn` and `net.Listener`, which a test may implement.
 */
import type { AddressInfo, LookupFunction, NetConnectOpts } from "node:net";
import type { ConnectionOptions as TlsOptions } from "node:tls";

/** What carries the bytes of a connection. */
export interface Transport {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly localFamily?: string | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly remoteFamily?: string | undefined;
  /** How many bytes have come, of what counts them. */
  readonly bytesRead?: number;
  /** All that happens to it comes through the library's own scheduler and timers. */
  readonly inMemory?: true;
  /** It was ended at once, by this side or by an error. */
  readonly destroyed: boolean;
  /** 'close' has been told. */
  readonly closed: boolean;
  readonly errored: Error | null;
  /** Bytes of the present write that are not taken yet. */
  readonly writableLength: number;
  pause(): unknown;
  resume(): unknown;
  read(): Uint8Array | null;
  /** Writes between the two go out together. */
  cork(): unknown;
  uncork(): unknown;
  write(bytes: Uint8Array, taken?: (error?: Error | null) => void): unknown;
  /** FIN, after the last write. */
  end(): unknown;
  destroy(reason?: Error): unknown;
  /** Ends it in a way that the peer sees as a failure. */
  resetAndDestroy(): unknown;
  setNoDelay(noDelay: boolean): unknown;
  setKeepAlive(enable: boolean, ms: number): unknown;
  ref(): unknown;
  unref(): unknown;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "end" | "close" | "finish", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  once(event: "connect" | "finish" | "close", listener: () => void): unknown;
  off(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  off(event: "end" | "close", listener: () => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** What listens: it gives a transport for each client. */
export interface TransportServer<T extends Transport> {
  address(): AddressInfo | string | null;
  /** Frees the address. Transports that were given live on. */
  close(): unknown;
  on(event: "connection", listener: (transport: T) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Called when the handshake has ended: one of the two, once, unless it is abandoned before. */
export interface HandshakeOutcome<T extends Transport> {
  secured(transport: T): void;
  failed(error: Error): void;
}

/** What there is to dial over. */
export interface Network<T extends Transport> {
  /** See {@link Transport.inMemory}. */
  readonly inMemory?: true;
  /** Resolves names, for dials without a lookup of their own. */
  readonly lookup: LookupFunction;
  /** Begins to connect. 'connect' or 'error' comes later. */
  connect(to: NetConnectOpts): T;
  /** Begins the handshake of TLS; `host` is whom the certificate has to be of. Throws for options that it refuses. */
  secure(transport: T, host: string, options: TlsOptions, outcome: HandshakeOutcome<T>): { abandon(): void };
}
