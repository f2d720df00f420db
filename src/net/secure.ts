/**
 * TLS over a socket that is connected: the client's handshake.
 *
 * 1. The certificate has to be of the host that was dialled, by name or by IP address, unless `servername` says otherwise.
 * 2. Abandoned or failed, the handshake leaves no socket. A peer that vanishes in the middle of it is an `ECONNRESET`.
 *
 * Idea: Go's `tls.Client`, over a connection that exists already.
 */
import { isIP, type Socket } from "node:net";
import { connect, type ConnectionOptions as TlsOptions, type TLSSocket } from "node:tls";
import type { HandshakeOutcome } from "./transport.ts";

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
}

/** The details of a secured socket. */
export function tlsDetails(socket: TLSSocket): TlsDetails {
  const { servername } = socket as TLSSocket & { servername?: string | false | null };
  return {
    protocol: socket.getProtocol() ?? undefined,
    alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined,
    authorized: socket.authorized,
    servername: typeof servername === "string" && servername !== "" ? servername : undefined,
  };
}

export class Handshake {
  readonly #plain: Socket;
  readonly #socket: TLSSocket;
  #over = false;

  /** `host` is whom the certificate has to be of. */
  constructor(plain: Socket, host: string, options: TlsOptions, outcome: HandshakeOutcome<Socket>) {
    this.#plain = plain;
    plain.on("error", () => { /* the secured socket has it too; alone it would be uncaught */ });
    const name = host.replace(/\.$/, ""); // that of a name that is complete is no part of it in a certificate
    const servername = options.servername ?? (isIP(host) === 0 ? name : "");
    const socket = connect({ ...options, servername, host: name, socket: plain });
    this.#socket = socket;
    const failed = (error: Error): void => {
      if (this.#over) return; // abandoned: nothing of it may be uncaught
      this.abandon();
      outcome.failed(error);
    };
    const closed = (): void => {
      failed(Object.assign(new Error("the peer has gone before the connection was secure"), { code: "ECONNRESET" }));
    };
    socket.on("error", failed);
    socket.on("close", closed);
    socket.once("secureConnect", () => {
      if (this.#over) return;
      this.#over = true;
      socket.off("error", failed);
      socket.off("close", closed);
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
