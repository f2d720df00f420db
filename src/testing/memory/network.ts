/**
 * A network in memory: who listens where, what names mean, and which connections there are.
 *
 * 1. Every name has an address of its own, 10.0.0.1 and so on in the order of their first use; localhost has 127.0.0.1. So any server may
 *    listen by its name, and who listens without a host listens at every address.
 * 2. Where nobody listens, a connect is refused; at a path, nothing is found. The port is free as soon as its listener is shut down.
 * 3. What is held is delayed, not lost, as TCP repeats what got lost: bytes, ends, resets, connects.
 *
 * Idea: turmoil, which simulates hosts and their links.
 */
import { EventEmitter } from "node:events";
import { isIP, isIPv6, type AddressInfo, type LookupFunction, type NetConnectOpts } from "node:net";
import { touch } from "../../core/controller.ts";
import { checkedPath, formatAddress, formatPath, parseAddress } from "../../net/address.ts";
import { addressInUse, listenFailure } from "../../net/listen.ts";
import { SocketListener, type Listener } from "../../net/listener.ts";
import type { ListenTarget } from "../../net/listen-options.ts";
import type { Network, TransportServer } from "../../net/transport.ts";
import type { Carriage, MemorySocket } from "./memory-socket.ts";
import { Pair, type Holder } from "./pair.ts";

const firstPort = 49_152;
const lastPort = 65_535;

const isEverywhere = ({ address }: AddressInfo): boolean => address === "0.0.0.0" || address === "::";
const keyOfPlace = (place: AddressInfo): string => (isEverywhere(place) ? `*:${String(place.port)}` : formatAddress(place.address, place.port));

export class MemoryNetwork implements Network<MemorySocket>, Holder {
  readonly inMemory = true as const;
  readonly pairs: Set<Pair> = new Set();
  readonly #carriage: Carriage;
  readonly #servers = new Map<string, MemoryServer>();
  readonly #addresses = new Map<string, string>([["localhost", "127.0.0.1"]]);
  readonly #partitioned = new Set<string>();
  #allHeld = false;
  #port = lastPort;

  constructor(carriage: Carriage) {
    this.#carriage = carriage;
  }

  // -- Names and ports --

  readonly lookup: LookupFunction = (name, _options, found) => {
    found(null, [{ address: this.#addressOf(name), family: 4 }]);
  };

  #addressOf(host: string): string {
    if (isIP(host) !== 0) return host;
    const name = host.toLowerCase();
    let address = this.#addresses.get(name);
    if (address === undefined) {
      const number = this.#addresses.size;
      address = `10.${String((number >> 16) & 255)}.${String((number >> 8) & 255)}.${String(number & 255)}`;
      this.#addresses.set(name, address);
    }
    return address;
  }

  #nextPort(): number {
    this.#port = this.#port === lastPort ? firstPort : this.#port + 1;
    return this.#port;
  }

  /** How an address is known here. */
  keyOf(address: string): string {
    const { host = "localhost", port = 0, path } = parseAddress(address);
    return path === undefined ? formatAddress(this.#addressOf(host), port) : formatPath(checkedPath(path));
  }

  // -- Dialling --

  connect(to: NetConnectOpts): MemorySocket {
    touch(this, "connect");
    const { host = "", port = 0, path } = to as { host?: string; port?: number; path?: string };
    const name = path === undefined ? formatAddress(host, port) : formatPath(path);
    const family = isIPv6(host) ? "IPv6" : "IPv4";
    const pair = new Pair({
      ...this.#carriage,
      name,
      ...(path === undefined && { addresses: [{ address: host, port: this.#nextPort(), family }, { address: host, port, family }] }),
      network: this,
    });
    this.pairs.add(pair);
    pair.client.connect(() => { this.#arrive(pair); });
    return pair.client;
  }

  #arrive({ name, server: socket }: Pair): void {
    touch(this, "connect");
    const server = this.#servers.get(name) ?? this.#servers.get(`*:${String(socket.localPort)}`);
    if (server !== undefined) {
      socket.accept();
      server.emit("connection", socket);
      return;
    }
    const code = socket.localPort === undefined ? "ENOENT" : "ECONNREFUSED";
    socket.refuse(Object.assign(new Error(`connect ${code} ${name}`), { code, syscall: "connect" }));
  }

  secure(): never {
    throw new TypeError("a network in memory has no TLS: dial without it in the test, or test with the platform's network");
  }

  // -- Listening --

  /** Listens there, or throws why that cannot be. */
  listen({ at, name, settings }: ListenTarget): Listener {
    touch(this, "listen");
    if (settings.tls !== undefined) {
      throw new TypeError("a network in memory has no TLS: listen without it in the test, or test with the platform's network");
    }
    if ("fd" in at) throw new TypeError("a network in memory has no file descriptors: listen at an address");
    const place = "path" in at ? at.path : this.#placeOf(at.host ?? "::", at.port);
    const key = typeof place === "string" ? formatPath(place) : keyOfPlace(place);
    if (typeof place === "string" ? this.#servers.has(key) : this.#inUse(place)) {
      throw listenFailure(name, addressInUse(name));
    }
    const server = new MemoryServer(place, () => {
      touch(this, "close a listener");
      this.#servers.delete(key);
    });
    this.#servers.set(key, server);
    return new SocketListener(server, settings);
  }

  /** A host and a port, which is a free one if it was 0 and there is any. */
  #placeOf(host: string, port: number): AddressInfo {
    const address = this.#addressOf(host);
    const place = { address, port, family: isIPv6(address) ? "IPv6" : "IPv4" };
    if (port === 0) for (let tries = firstPort; tries <= lastPort && (place.port === 0 || this.#inUse(place)); tries++) place.port = this.#nextPort();
    return place;
  }

  /** Somebody listens there; at every address is at each of them. */
  #inUse(place: AddressInfo): boolean {
    const keys = isEverywhere(place) ? [...this.#servers.keys()] : [keyOfPlace(place), `*:${String(place.port)}`];
    return keys.some((key) => key.endsWith(`:${String(place.port)}`) && this.#servers.has(key));
  }

  // -- Holding --

  isHeld({ held, name }: Pair): boolean {
    return this.#allHeld || held || this.#partitioned.has(name);
  }

  gone(pair: Pair): void {
    this.pairs.delete(pair);
  }

  /** Holds an address, a connection, or all. */
  hold(what: string | Pair | undefined): void {
    touch(this, "partition");
    if (what === undefined) this.#allHeld = true;
    else if (typeof what === "string") this.#partitioned.add(what);
    else what.held = true;
    for (const pair of this.pairs) pair.go(); // what is due now finds out
  }

  /** Lets go of an address, a connection, or all of them. */
  letGo(what: string | Pair | undefined): void {
    touch(this, "heal");
    if (what === undefined) {
      this.#allHeld = false;
      this.#partitioned.clear();
    } else if (typeof what === "string") this.#partitioned.delete(what);
    for (const pair of this.pairs) {
      if (what === undefined || what === pair) pair.held = false;
      pair.go();
    }
  }
}

/** What listens in memory. */
class MemoryServer extends EventEmitter implements TransportServer<MemorySocket> {
  readonly #place: AddressInfo | string;
  readonly #onClose: () => void;

  constructor(place: AddressInfo | string, onClose: () => void) {
    super();
    this.#place = place;
    this.#onClose = onClose;
  }

  address(): AddressInfo | string {
    return this.#place;
  }

  close(): void {
    this.#onClose();
  }
}
