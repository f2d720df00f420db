/**
 * TLS over a socket that is connected: the handshake, in either role.
 *
 * 1. The certificate has to be of the host that was dialled, by name or by IP address, unless `servername` says otherwise.
 * 2. Abandoned or failed, the handshake leaves no socket. A peer that vanishes in the middle of it is an `ECONNRESET`.
 *
 * Idea: Go's `tls.Client`, over a connection that exists already.
 */
import { isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect, createServer, type ConnectionOptions, type PeerCertificate, type TlsOptions, TLSSocket } from "node:tls";
import { afterTurn } from "../platform/macrotask.ts";
import type { HandshakeOutcome, Transport } from "./transport.ts";

/** What was agreed on in the handshake of a TLS connection. */
export interface TlsDetails {
  /** The version of the protocol, such as `"TLSv1.3"`. */
  readonly protocol: string | undefined;
  /** The application protocol (ALPN), such as `"h2"`; `undefined` when none was agreed on. */
  readonly alpn: string | undefined;
  /** Whether the peer's certificate is trusted. A client finds out before it is connected, unless `rejectUnauthorized` is `false`. */
  readonly authorized: boolean;
  /** The host name that the client asked for, if any. */
  readonly servername: string | undefined;
  /** The certificate that the peer has shown; `undefined` without one. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** The details of a secured socket. The certificate is looked up when it is asked for, and is left out where the details are printed. */
class Details implements TlsDetails {
  readonly protocol: string | undefined;
  readonly alpn: string | undefined;
  readonly authorized: boolean;
  readonly servername: string | undefined;
  readonly #socket: TLSSocket;
  #certificate: PeerCertificate | undefined = undefined;

  constructor(socket: TLSSocket) {
    const { servername } = socket as TLSSocket & { servername?: string | false | null };
    this.protocol = socket.getProtocol() ?? undefined;
    this.alpn = typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined;
    this.authorized = socket.authorized;
    this.servername = typeof servername === "string" && servername !== "" ? servername : undefined;
    this.#socket = socket;
  }

  get peerCertificate(): PeerCertificate | undefined {
    const given = this.#socket.getPeerCertificate() as object | null; // empty without one, null after the end
    if (this.#certificate === undefined && given !== null && "subject" in given) this.#certificate = given as PeerCertificate;
    return this.#certificate;
  }
}

/** What was agreed on, if a socket is a secured one. */
export function tlsDetails(socket: object): TlsDetails | undefined {
  return socket instanceof TLSSocket ? new Details(socket) : undefined;
}

/** What TLS can run over. */
export type Plain = Transport & Duplex;

/** What a secured socket runs over, to reset it. */
const plains = new WeakMap<object, Transport>();

/** Secured sockets whose handshake may still be on the stack: it has ended in this turn of the event loop. */
const justSecured = new WeakSet();

/** Take note of what a socket runs over that has just been secured. */
export function runsOver(secured: object, plain: Transport): void {
  plains.set(secured, plain);
  justSecured.add(secured);
  afterTurn(() => { justSecured.delete(secured); });
}

/** End it so that the peer sees a failure: by a reset on TCP, without the end that TLS has; by an end where there are no resets. */
export function resetTransport(socket: Transport): void {
  const plain: Transport = plains.get(socket) ?? socket;
  const canReset = plain.inMemory === true || (plain.remotePort !== undefined && !("encrypted" in plain));
  // The platform first ends a socket that it is to reset, and waits for that. Without pending writes it soon is; to destroy it meanwhile would leak it.
  const finishing = socket instanceof Duplex && !socket.destroyed && socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (canReset && finishing) socket.once("finish", () => { resetTransport(socket); });
  else {
    if (canReset && justSecured.has(socket)) destroyedBy(plain, () => { plain.resetAndDestroy(); });
    else if (canReset) plain.resetAndDestroy();
    socket.destroy();
    plain.destroy();
  }
}

/**
 * The next time it is destroyed this comes first. A secured socket destroys what it runs over by itself, and frees its own state once that has
 * closed; over something destroyed before, the platform frees it at once, and crashes if that is in the middle of a read of its handshake.
 */
function destroyedBy(plain: Transport, before: () => void): void {
  const destroy = plain.destroy.bind(plain);
  plain.destroy = (reason?: Error) => {
    plain.destroy = destroy;
    before();
    return plain.destroy(reason);
  };
}

/** The server's handshake, of one connection. */
export class ServerHandshake {
  readonly #plain: Plain;
  #over = false;

  constructor(plain: Plain, options: TlsOptions, outcome: HandshakeOutcome<Socket>) {
    this.#plain = plain;
    plain.on("error", ignored);
    plain.allowHalfOpen = false; // until it is secure: a client that ends in the middle of the handshake has gone
    const failed = (error: Error): void => {
      if (this.#over) return;
      this.abandon();
      outcome.failed(error);
    };
    const server = createServer(options, (socket) => {
      if (this.#over) return;
      this.#over = true;
      plain.off("close", gone);
      socket.allowHalfOpen = true;
      runsOver(socket, plain);
      outcome.secured(socket);
    });
    const gone = (): void => { failed(hasGone()); };
    plain.once("close", gone);
    server.on("tlsClientError", failed);
    server.emit("connection", plain); // the documented way to secure a socket that was accepted elsewhere
  }

  abandon(): void {
    this.#over = true;
    this.#plain.destroy();
  }
}

function ignored(): void {
  // the secured socket has it too; alone it would be uncaught
}

/** The error of a peer that vanishes in the middle of the handshake. */
export const hasGone = (): Error => Object.assign(new Error("the peer has gone before the connection was secure"), { code: "ECONNRESET" });

/** The client's handshake. */
export class Handshake {
  readonly #plain: Plain;
  readonly #socket: TLSSocket;
  #over = false;

  /** `host` is whom the certificate has to be of. */
  constructor(plain: Plain, host: string, options: ConnectionOptions, outcome: HandshakeOutcome<Socket>) {
    this.#plain = plain;
    plain.on("error", ignored);
    const name = host.replace(/\.$/, ""); // that of a name that is complete is no part of it in a certificate
    const servername = options.servername ?? (isIP(host) === 0 ? name : "");
    const socket = connect({ ...options, servername, host: name, socket: plain });
    this.#socket = socket;
    const failed = (error: Error): void => {
      if (this.#over) return; // abandoned: nothing of it may be uncaught
      this.abandon();
      outcome.failed(error);
    };
    const closed = (): void => { failed(hasGone()); };
    socket.on("error", failed);
    socket.on("close", closed);
    socket.once("secureConnect", () => {
      if (this.#over) return;
      this.#over = true;
      socket.off("error", failed);
      socket.off("close", closed);
      runsOver(socket, plain);
      outcome.secured(socket);
    });
  }

  /** Destroy the socket. */
  abandon(): void {
    this.#over = true;
    this.#socket.destroy();
    this.#plain.destroy();
  }
}
