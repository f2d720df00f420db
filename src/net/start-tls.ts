/**
 * TLS over a connection that is in use, in either role: STARTTLS, an SSL request, a tunnel.
 *
 * 1. What the peer sent before its handshake, in plaintext, must not be taken for what it sends under TLS. A client that holds such bytes
 *    fails; a server gives them to TLS, since its client's handshake may have come early.
 */
import type { Socket } from "node:net";
import type { ConnectionOptions as TlsClientOptions, TlsOptions } from "node:tls";
import { External, nothing, Performable, RunsUserCode, type Nothing } from "../core/operation.ts";
import { release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { show } from "../errors.ts";
import { codeOf, ConnectionError } from "./errors.ts";
import { Handshake, ServerHandshake, type Plain } from "./secure.ts";
import type { HandshakeOutcome } from "./transport.ts";

/** TLS as a client, with the platform's options of a client; or as a server, with those of a server and `isServer: true`. */
export type StartTlsOptions = TlsClientOptions | ({
  /** This side of the connection is the server of the handshake. */
  isServer: true;
} & TlsOptions);

const isServer = (options: StartTlsOptions): options is { isServer: true } & TlsOptions => (options as { isServer?: unknown }).isServer === true;

/** How a handshake begins. */
export interface BeginTls {
  readonly isServer: boolean;
  begin(plain: Plain, outcome: HandshakeOutcome<Socket>): { abandon(): void };
}

/** Options of a user, or a clear error. `host`: whom a server's certificate has to be of, unless `servername` says so. */
export function checkedStartTls(options: StartTlsOptions, host: string | undefined): BeginTls {
  if (typeof (options as unknown) !== "object" || (options as unknown) === null) {
    throw new TypeError(`startTls takes the options of TLS, { servername } or { isServer: true, cert, key }; got ${show(options)}`);
  }
  if (isServer(options)) {
    return { isServer: true, begin: (plain, outcome) => new ServerHandshake(plain, options, outcome) };
  }
  const of = options.servername ?? host;
  if (of === undefined) {
    throw new TypeError("startTls needs to know whom the certificate has to be of: startTls({ servername: \"mail.example\" }), as this connection was not dialled by a host");
  }
  return { isServer: false, begin: (plain, outcome) => new Handshake(plain, of, options, outcome) };
}

/** The handshake. It happens with the secured socket. */
export class Securing extends Performable<Socket> implements WaitPlace {
  readonly #plain: Plain;
  readonly #unread: Uint8Array;
  readonly #begin: BeginTls;
  readonly #name: string;
  #abandon = (): void => { /* it has not begun */ };

  constructor(plain: Plain, unread: Uint8Array, begin: BeginTls, name: string) {
    super();
    this.#plain = plain;
    this.#unread = unread;
    this.#begin = begin;
    this.#name = name;
  }

  override get traits(): number {
    return External | RunsUserCode;
  }

  override toString(): string {
    return `startTls on the ${this.#name}`;
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    waiter.place = this;
    const plain = this.#plain;
    const settle = (how: "value" | "error", what: unknown): void => {
      if (waiter.place !== this) return;
      release(waiter);
      waiter.resume(how, what);
    };
    const unread = this.#unread.byteLength + plain.readableLength;
    if (unread > 0 && !this.#begin.isServer) {
      const error = Object.assign(new Error("plaintext before TLS"), { code: "RENDEZVOUS_PLAINTEXT_BEFORE_TLS" });
      const what = `the peer has sent ${String(unread)} bytes in plaintext that were not read before TLS: they may be forged. The connection is destroyed`;
      settle("error", new ConnectionError(`startTls on the ${this.#name} has failed: ${what}`, [error], "tls"));
      return;
    }
    if (this.#unread.byteLength > 0) plain.unshift(this.#unread);
    const failed = (error: Error): void => {
      settle("error", new ConnectionError(`startTls on the ${this.#name} has failed: ${codeOf(error)} (${error.message})`, [error], "tls"));
    };
    try {
      const handshake = this.#begin.begin(plain, { secured: (socket) => { settle("value", socket); }, failed });
      this.#abandon = () => { handshake.abandon(); };
    } catch (error) {
      settle("error", error); // options that the platform refuses
    }
  }

  withdraw(waiter: Waiter): void {
    release(waiter);
    this.#abandon();
  }
}
