/**
 * The network in memory, as its users see it: `dial` and `listen` as those of `rendezvous/net`, and the faults.
 *
 * Idea: trio's memory streams and turmoil's faults, under the connections of this library.
 */
import { knownOptions, type Known } from "../../support/given.ts";
import { Performable, type Operation, type WaitOptions } from "../../core/operation.ts";
import { perform } from "../../core/perform.ts";
import { show } from "../../errors.ts";
import type { Connection } from "../../net/connection.ts";
import { dialingOver, dialOver } from "../../net/dial.ts";
import type { Listener } from "../../net/listener.ts";
import { checkedListenTarget, type ListenOptions } from "../../net/listen-options.ts";
import { SocketConnection } from "../../net/socket.ts";
import type { DialOptions } from "../../net/dial-options.ts";
import { MemoryNetwork } from "./network.ts";
import { MemorySocket, type Carriage } from "./memory-socket.ts";
import { Pair } from "./pair.ts";

/** How a network in memory carries connections. */
export interface MemoryNetOptions {
  /**
   * How long everything takes from one end to the other, in milliseconds: 0 or more. A dial takes twice that. It is the time of the library's
   * timers: virtual under a fake clock, and in {@link explore}. 0: no timer, the next turns.
   */
  latency?: number | undefined;
  /** How many bytes arrive at a time, at most: a whole number from 1 up. With 1 every message comes in pieces. 65,536. */
  maxSegment?: number | undefined;
  /** How many bytes of each side are on the way, or unread at the other side, before sends wait: a whole number from 1 up. 65,536. */
  window?: number | undefined;
  /**
   * When a write is taken: `"at once"`, as by a kernel with room for it; or `"late"`, a turn of the event loop later, as TLS does (in virtual
   * time: once everything that can go on has gone on). Until then a send has begun but is not over.
   *
   * @defaultValue `"at once"`
   */
  writes?: "at once" | "late" | undefined;
}

/**
 * A network of its own, in memory. `dial`, `dialing` and `listen` are as those of `rendezvous/net`, and may be handed on by themselves:
 * `const { dial, listen } = memoryNet()`.
 */
export interface MemoryNet {
  /** Dials, as `dial` of `rendezvous/net`: the same options, errors and time limits. There is no TLS. */
  readonly dial: (address: DialOptions | string, options?: WaitOptions) => Promise<Connection>;
  /** Describes a {@link dial}, for `select` and `yield*`. */
  readonly dialing: (address: DialOptions | string) => Operation<Connection>;
  /** Listens, as `listen` of `rendezvous/net`, at any host and port of this network. */
  readonly listen: (address: ListenOptions | string, options?: WaitOptions) => Promise<Listener>;
  /**
   * Resets a connection: at both ends, after the bytes that have come, reads and sends fail with ECONNRESET. What is on the way is lost.
   *
   * @throws TypeError for what is no connection of this network
   */
  readonly reset: (connection: Connection) => void;
  /** Resets every connection, those that nobody has received yet and dials on the way included. Who listens goes on. */
  readonly resetAll: () => void;
  /**
   * Nothing gets through from here on: no byte, no end, no reset, no dial (which then waits until its time limit). It is delayed, not lost,
   * as TCP repeats what got lost: {@link heal} lets it through, in order.
   *
   * @param what - one connection; or an address as it is dialled, "host:port" or "unix:/path", with all its connections; or, left out, everything
   * @throws TypeError for a connection of another network, or an address that is none
   */
  readonly partition: (what?: Connection | string) => void;
  /**
   * Undoes a {@link partition} of the same.
   *
   * @param what - as for partition; left out, all partitions end
   * @throws TypeError as partition
   */
  readonly heal: (what?: Connection | string) => void;
  /** How many connections are open, at one end at least, dials on the way included. */
  readonly connections: number;
}

/**
 * A network in memory, for deterministic tests of what dials and listens: with latency in virtual time, messages that come in pieces, back-pressure,
 * resets and partitions. Nothing of the platform is used, so it works under a fake clock as it is, and in {@link explore} and {@link replay}, where
 * every arrival is one of the choices.
 *
 * Connections and listeners are those of `rendezvous/net`, over sockets in memory. A name needs no name service: each has an address of its own. Who
 * listens without a host, as at ":80", is reached by every name. In an exploration the network is made by the program.
 *
 * @param options - see {@link MemoryNetOptions}
 * @throws RangeError for an option out of its range
 *
 * @example
 * ```ts
 * import { go } from "rendezvous";
 * import { memoryNet } from "rendezvous/testing";
 *
 * const { dial, listen } = memoryNet({ maxSegment: 1 });
 * await using listener = await listen("echo.example:7");
 * go(async () => {
 *   await using connection = await listener.receive();
 *   for await (const line of connection.lines()) await connection.send(`${line}!\n`);
 * });
 *
 * await using connection = await dial("echo.example:7");
 * await connection.send("in pieces, and yet a line\n");
 * console.log(await connection.readLine()); // in pieces, and yet a line!
 * ```
 *
 * Idea: trio's memory streams and turmoil's faults.
 */
export function memoryNet(options: MemoryNetOptions = {}): MemoryNet {
  const network = new MemoryNetwork(checked(options));
  const heldOf = (what: Connection | string | undefined): string | Pair | undefined =>
    (typeof what === "string" ? network.keyOf(what) : what && pairOf(network, what));
  return {
    dial: (address, waiting) => dialOver(network, address, waiting),
    dialing: (address) => dialingOver(network, address),
    listen: (address, waiting) => perform(new Listening(network, address), waiting),
    reset: (connection) => { pairOf(network, connection).reset(); },
    resetAll: () => { for (const pair of network.pairs) pair.reset(); },
    partition: (what) => { network.hold(heldOf(what)); },
    heal: (what) => { network.letGo(heldOf(what)); },
    get connections() {
      return network.pairs.size;
    },
  };
}

/** Listens at once, or fails. */
class Listening extends Performable<Listener> {
  readonly #network: MemoryNetwork;
  readonly #address: ListenOptions | string;

  constructor(network: MemoryNetwork, address: ListenOptions | string) {
    super();
    this.#network = network;
    this.#address = address;
  }

  override attempt(): Listener {
    return this.#network.listen(checkedListenTarget(this.#address));
  }

  override enlist(): void { /* it never has to wait */ }
}

/** The ends of a connection of this network, or a clear error. */
function pairOf(network: MemoryNetwork, connection: Connection): Pair {
  const socket = typeof connection === "object" && (connection as unknown) !== null ? SocketConnection.transportOf(connection) : undefined;
  if (socket instanceof MemorySocket && socket.pair instanceof Pair && socket.pair.network === network) return socket.pair;
  throw new TypeError(`a network in memory knows the connections that its own dial and listen have given; got ${show(connection)}`);
}

const netOptions: Known<MemoryNetOptions> = { latency: true, maxSegment: true, window: true, writes: true };

function checked(options: MemoryNetOptions): Carriage {
  const { latency = 0, maxSegment = 65_536, window = 65_536, writes = "at once" } = knownOptions(options, netOptions, "memoryNet");
  if (!Number.isFinite(latency) || latency < 0) {
    throw new RangeError(`the latency of memoryNet is a number of milliseconds from 0 up; got ${show(latency)}`);
  }
  for (const [what, count] of Object.entries({ maxSegment, window })) {
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${what} of memoryNet is a whole number of bytes from 1 up; got ${show(count)}`);
  }
  if (!["at once", "late"].includes(writes)) throw new RangeError(`writes of memoryNet is "at once" or "late"; got ${show(writes)}`);
  return { latency, maxSegment, window, lateWrites: writes === "late" };
}
