/**
 * Connections in memory: two ends, and two links between them.
 *
 *        client ── connect, bytes, FIN, reset ─► link ─► server
 *               ◄─ link ◄── the answer, bytes, FIN, reset ──
 *
 * 1. The server has no end before the connect has arrived. If the client gives up before, there will be none.
 * 2. Once both ends have closed nothing is left: no delivery, no timer, and the network does not know the connection any more.
 */
import { tellMade, touch } from "../../core/controller.ts";
import { formatAddress } from "../../net/address.ts";
import { Link } from "./link.ts";
import { connectionReset, MemorySocket, type Carriage, type EndAddress, type Ends } from "./memory-socket.ts";

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
export class Pair implements Ends {
  readonly network: Holder;
  /** What was dialled. */
  readonly name: string;
  readonly client: MemorySocket;
  readonly server: MemorySocket;
  /** Nothing is delivered. */
  held = false;
  readonly #links: readonly [Link, Link];

  constructor(options: PairOptions) {
    const { name, latency, addresses: [client, server] = [], network } = options;
    this.network = network;
    this.name = name;
    tellMade(this);
    const held = (): boolean => network.isHeld(this);
    const other = client === undefined ? "" : `${formatAddress(client.address, client.port)} `;
    this.#links = [new Link(`${other}to ${name}`, latency, held), new Link(`${other}from ${name}`, latency, held)];
    this.client = new MemorySocket(this, options, this.#links[0], client, server);
    this.server = new MemorySocket(this, options, this.#links[1], server, client);
  }

  peerOf(socket: MemorySocket): MemorySocket {
    return socket === this.client ? this.server : this.client;
  }

  /** Deliver what has been held. */
  go(): void {
    for (const link of this.#links) link.go();
  }

  /** An end has closed. */
  closed(): void {
    if (!this.client.closed || !this.server.closed) return;
    for (const link of this.#links) link.clear();
    this.network.gone(this);
  }

  /** Both ends fail, now. */
  reset(): void {
    touch(this, "reset");
    for (const end of [this.client, this.server]) end.fail(connectionReset());
  }
}
