/**
 * Connections in memory: two ends, and two lanes between them.
 *
 *        client ── connect, bytes, FIN, reset ─► lane ─► server
 *               ◄─ lane ◄── the answer, bytes, FIN, reset ──
 *
 * 1. The server has no end before the connect has arrived. If the client gives up before, there will be none.
 * 2. Once both ends have closed nothing is left: no delivery, no timer, and the network does not know the connection any more.
 */
import { touch } from "../../core/controller.ts";
import { formatAddress } from "../../net/address.ts";
import { Lane } from "./link.ts";
import { connectionReset, MemoryWire } from "./memory-socket.ts";

/** How connections are carried; checked already. */
export interface Carriage {
  /** Milliseconds, one way. */
  readonly latency: number;
  readonly maxSegment: number;
  readonly window: number;
}

/** The address of an end, in the platform's words. */
export interface EndAddress {
  readonly address: string;
  readonly port: number;
  readonly family: string;
}

/** What a pair is made of. */
export interface PairOptions extends Carriage {
  /** What is dialled, as messages write it. */
  readonly name: string;
  /** Of the client and of the server; none over a path. */
  readonly addresses?: readonly [EndAddress, EndAddress];
  /** Of whom it is. */
  readonly network: Holder;
}

/** Who has the pairs. */
export interface Holder {
  isHeld(pair: Pair): boolean;
  /** Both ends have closed. */
  gone(pair: Pair): void;
}

/** A connection: both ends of it. */
export class Pair {
  readonly network: Holder;
  /** What was dialled. */
  readonly name: string;
  readonly client: MemoryWire;
  readonly server: MemoryWire;
  /** Nothing is delivered. */
  held = false;
  readonly #lanes: readonly [Lane, Lane];

  constructor(options: PairOptions) {
    const { name, latency, addresses: [client, server] = [], network } = options;
    this.network = network;
    this.name = name;
    touch(this, "make");
    const held = (): boolean => network.isHeld(this);
    const other = client === undefined ? "" : `${formatAddress(client.address, client.port)} `;
    this.#lanes = [new Lane(`${other}to ${name}`, latency, held), new Lane(`${other}from ${name}`, latency, held)];
    this.client = new MemoryWire(this, options, this.#lanes[0], client, server);
    this.server = new MemoryWire(this, options, this.#lanes[1], server, client);
  }

  peerOf(wire: MemoryWire): MemoryWire {
    return wire === this.client ? this.server : this.client;
  }

  /** Deliver what has been held. */
  go(): void {
    for (const lane of this.#lanes) lane.go();
  }

  /** An end has closed. */
  closed(): void {
    if (!this.client.closed || !this.server.closed) return;
    for (const lane of this.#lanes) lane.clear();
    this.network.gone(this);
  }

  /** Both ends fail, now. */
  reset(): void {
    touch(this, "reset");
    for (const end of [this.client, this.server]) end.fail(connectionReset());
  }
}
