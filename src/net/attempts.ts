/**
 * Connecting to the first of several addresses that answers: happy eyeballs.
 *
 * 1. Attempts run side by side. The next one begins when the last one begun has had its time (`delay`), or as soon as one fails.
 * 2. The versions of the Internet Protocol take turns, in the order in which the name service gave the addresses.
 * 3. The first socket that connects wins; all others are destroyed. None is left when everything is abandoned.
 * 4. A socket that has connected to itself has reached nobody: it counts as refused.
 * 5. When all have failed, there is one failure for each, in the order of the attempts.
 *
 *        1st ──────────────────────────► connected: the others are destroyed
 *             delay ─► 2nd ─► fails
 *                               └─► 3rd ──►
 *
 * The platform's own way gives each attempt 250 ms and then closes it, so that a slow host is never reached.
 *
 * Idea: RFC 8305, trio's `open_tcp_stream`.
 */
import type { NetConnectOpts } from "node:net";
import { arm } from "../time/timer.ts";
import type { Network, Transport } from "./transport.ts";

/** One address to connect to, and how messages write it. */
export interface Endpoint {
  readonly name: string;
  readonly to: NetConnectOpts;
}

/** An attempt that has failed. */
export interface Failure {
  readonly name: string;
  readonly error: Error;
}

/** Called when it has ended: one of the two, once, unless it is abandoned before. */
export interface Outcome<T extends Transport> {
  connected(socket: T, endpoint: Endpoint): void;
  failed(failures: readonly Failure[]): void;
}

export class Attempts<T extends Transport> {
  readonly #network: Network<T>;
  readonly #endpoints: readonly Endpoint[];
  readonly #delay: number;
  readonly #outcome: Outcome<T>;
  readonly #running = new Map<T, Endpoint>();
  readonly #failures: Failure[] = [];
  #begun = 0;
  #disarm: () => void = () => { /* no timer yet */ };

  /** `delay` in milliseconds. */
  constructor(network: Network<T>, endpoints: readonly Endpoint[], delay: number, outcome: Outcome<T>) {
    this.#network = network;
    this.#endpoints = endpoints;
    this.#delay = delay;
    this.#outcome = outcome;
  }

  /** The addresses that are being tried, for messages. */
  get trying(): string {
    return [...this.#running.values()].map(({ name }) => name).join(", ");
  }

  /** Begin the next attempt, if there is another address. */
  next(): void {
    this.#disarm();
    const index = this.#begun;
    const endpoint = this.#endpoints[index];
    if (endpoint === undefined) {
      if (this.#running.size === 0) this.#outcome.failed(this.#failures);
      return;
    }
    this.#begun++;
    const socket = this.#network.connect(endpoint.to);
    this.#running.set(socket, endpoint);
    const failed = (error: Error): void => {
      if (!this.#running.delete(socket)) return; // destroyed by us: nothing of it may be uncaught
      this.#failures[index] = { name: endpoint.name, error };
      this.next();
    };
    socket.on("error", failed);
    socket.once("connect", () => {
      if (isItself(socket)) {
        socket.destroy();
        failed(Object.assign(new Error(`connect ECONNREFUSED ${endpoint.name}`), { code: "ECONNREFUSED", syscall: "connect" }));
        return;
      }
      this.#running.delete(socket);
      this.abandon();
      socket.off("error", failed);
      this.#outcome.connected(socket, endpoint);
    });
    if (this.#begun < this.#endpoints.length) this.#disarm = arm(this.#delay, () => { this.next(); });
  }

  /** Destroy every socket on the way. */
  abandon(): void {
    this.#disarm();
    const sockets = [...this.#running.keys()];
    this.#running.clear();
    for (const socket of sockets) socket.destroy();
  }
}

/**
 * Whether a socket is its own peer: where nobody listens at a port from which the system gives out ports to clients, one that gets this
 * very port meets itself, as TCP allows.
 */
function isItself({ localAddress, localPort, remoteAddress, remotePort }: Transport): boolean {
  return localPort !== undefined && localPort === remotePort && localAddress === remoteAddress;
}

/** The same, by turns of one kind and the others: the second is of another kind than the first, if there is one. */
export function interleaved<T>(all: readonly T[], kindOf: (one: T) => unknown): T[] {
  const firstKind = all[0] === undefined ? undefined : kindOf(all[0]);
  const first = all.filter((one) => kindOf(one) === firstKind);
  const others = all.filter((one) => kindOf(one) !== firstKind);
  return Array.from({ length: Math.max(first.length, others.length) }, (_, turn) => [first[turn], others[turn]])
    .flat()
    .filter((one) => one !== undefined);
}
