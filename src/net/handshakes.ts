/**
 * The handshakes of TLS that the clients of a listener are in.
 *
 * 1. Each has its time from the connect on, whatever comes: a client that is late is destroyed.
 * 2. One that ends, in whatever way, leaves nothing: no socket, no timer.
 */
import type { Socket } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { arm, checkedDelay } from "../time/timer.ts";
import { hasGone, runsOver } from "./secure.ts";
import type { HandshakeOutcome, Transport } from "./transport.ts";

/** As the platform has it. */
const defaultTimeout = 120_000;
const longest = 0x7fff_ffff;

export class Handshakes {
  readonly #timeout: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #outcome: HandshakeOutcome<Socket>;
  /** Those under way, each with what disarms its timer. */
  readonly #under = new Map<Transport, () => void>();

  /** Throws for options that the platform refuses. */
  constructor(tls: TlsOptions, outcome: HandshakeOutcome<Socket>) {
    this.#timeout = checkedDelay(tls.handshakeTimeout ?? defaultTimeout, "handshakeTimeout");
    this.#outcome = outcome;
    this.#server = createServer({ ...tls, handshakeTimeout: longest }, (secured) => { this.#secured(secured); });
    this.#server.on("tlsClientError", (error, secured) => { this.#failed(this.#plainOf(secured), error); });
  }

  /** How many are under way. */
  get size(): number {
    return this.#under.size;
  }

  begin(plain: Transport): void {
    const timeout = this.#timeout;
    this.#under.set(plain, arm(timeout, () => {
      this.#failed(plain, Object.assign(new Error(`no handshake within handshakeTimeout, ${String(timeout)} ms`), { code: "ERR_TLS_HANDSHAKE_TIMEOUT" }));
    }));
    plain.once("close", () => { this.#failed(plain, hasGone()); });
    plain.on("error", () => { /* the secured socket has it too */ });
    this.#server.emit("connection", plain); // the documented way to secure a socket that was accepted elsewhere
  }

  #secured(secured: TLSSocket): void {
    const plain = this.#plainOf(secured);
    if (plain !== undefined) {
      runsOver(secured, plain);
      this.#forget(plain);
    }
    secured.allowHalfOpen = true; // not before: a client that ends in the middle of the handshake has gone
    this.#outcome.secured(secured);
  }

  #failed(plain: Transport | undefined, error: Error): void {
    if (plain === undefined || !this.#under.has(plain)) return; // its failure was reported already
    this.#forget(plain);
    plain.destroy();
    this.#outcome.failed(error);
  }

  /**
   * The socket below a secured one. Node keeps it; where the platform does not, it is the one of the same client, and of clients without an address, on
   * a Unix path, the one of which most has come: the others have not got so far.
   */
  #plainOf(secured: TLSSocket): Transport | undefined {
    const { _parent: kept, remoteAddress, remotePort } = secured as TLSSocket & { _parent?: Transport };
    if (kept !== undefined && this.#under.has(kept)) return kept;
    const ofThatClient = [...this.#under.keys()].filter((plain) => plain.remotePort === remotePort && plain.remoteAddress === remoteAddress);
    return ofThatClient.sort((one, other) => (other.bytesRead ?? 0) - (one.bytesRead ?? 0))[0];
  }

  #forget(plain: Transport): void {
    this.#under.get(plain)?.();
    this.#under.delete(plain);
  }

  destroyAll(): void {
    for (const plain of [...this.#under.keys()]) {
      this.#forget(plain);
      plain.destroy();
    }
  }
}
