/**
 * Dialling: a name becomes addresses, addresses become one connection.
 *
 * 1. A dial that happens gives one connection; one that is withdrawn, or fails, leaves no socket and no timer, whatever it was
 *    at: a late answer of the name service is not acted on.
 * 2. The addresses of a name are tried in order, the next one as soon as one has failed.
 * 3. Every error has a code and says which addresses were tried; a time limit says in which phase it has passed.
 *
 *        lookup ─► connect to the 1st ─► happens
 *                        └─ fails ─► connect to the 2nd ─► ...        all fail: one error
 *
 * Idea: Go's `net.Dial`.
 */
import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { aborting } from "../core/aborting.ts";
import { choose } from "../core/choice.ts";
import { nothing, Performable, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, refused } from "../core/perform.ts";
import { release, type Place, type Waiter } from "../core/waiting.ts";
import { TimeoutError } from "../errors.ts";
import { arm, checkedDelay } from "../time/timer.ts";
import { checkedHost, checkedPort, formatAddress, parseAddress, type HostAndPort } from "./address.ts";
import {
  checkedConnectionOptions,
  SocketConnection,
  type CheckedConnectionOptions,
  type Connection,
  type ConnectionOptions,
} from "./connection.ts";
import { codeOf, ConnectionError } from "./errors.ts";

/** Whom to dial, and how. The `signal` is for the dialling only: aborting it later does nothing to the connection. */
export interface DialOptions extends WaitOptions, ConnectionOptions {
  /** A name, or an IP address (an IPv6 one without brackets). `"localhost"`. */
  host?: string | undefined;
  /** A whole number from 1 to 65,535. */
  port: number;
  /** Which version of the Internet Protocol the name has to resolve to: 4, 6, or 0 for both. 0. */
  family?: 0 | 4 | 6 | undefined;
  /**
   * Resolves the name, in place of `dns.lookup`. That one runs on four threads which the file system shares: four names that
   * hang block both.
   */
  lookup?: LookupFunction | undefined;
  /** How long the dialling may take, resolving the name included, in milliseconds. No limit. */
  timeout?: number | undefined;
}

/**
 * Dials: connects to an address and gives the connection.
 *
 * Either there is a connection, or the promise rejects and no socket is left, whenever it is aborted.
 *
 * @param address - "host:port", "[::1]:80", or {@link DialOptions}
 * @param options - a `signal` to give up by; aborting it after the connection is there does nothing to it
 * @returns rejects with a {@link ConnectionError} (`code` ECONNREFUSED, ENOTFOUND, ...; its message names each address tried), with a
 * `TimeoutError` that names the phase, "lookup" or "connect"; with a `TypeError` or `RangeError` for an address that is none, with
 * `signal.reason` when aborted first
 *
 * @example
 * ```ts
 * import { createServer, type AddressInfo } from "node:net";
 * import { dial } from "rendezvous/net";
 *
 * const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 *
 * await using connection = await dial({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
 * await connection.send("hi\n");
 * console.log(await connection.readLine()); // hi
 * server.close();
 * ```
 *
 * Idea: Go's `net.Dial`.
 */
export function dial(address: DialOptions | string, options?: WaitOptions): Promise<Connection> {
  try {
    return perform(dialing(address), options);
  } catch (error) {
    return refused(error);
  }
}

/**
 * Describes a {@link dial}, for `select` and `yield*`: it begins when it is waited for, and is given up when another case comes first.
 *
 * @param address - as for {@link dial}
 * @throws TypeError or RangeError, quoting it, for an address that is none or a bad option
 *
 * @example
 * ```ts
 * import { createServer, type AddressInfo } from "node:net";
 * import { select, sleeping } from "rendezvous";
 * import { dialing } from "rendezvous/net";
 *
 * const server = createServer((socket) => { socket.end(); }).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * const { port } = server.address() as AddressInfo;
 *
 * const first = await select({ connection: dialing(`127.0.0.1:${port}`), late: sleeping(1000) });
 * console.log(first.case); // connection
 * if (first.case === "connection") await first.value.shutdown();
 * server.close();
 * ```
 *
 * Idea: a dial as a Concurrent ML event.
 */
export function dialing(address: DialOptions | string): Operation<Connection> {
  const options = typeof address === "string" ? parseAddress(address) : address;
  const operation: Operation<Connection> = new Dialing(checkedTarget(options));
  const signal = (options as DialOptions).signal;
  return signal === undefined ? operation : choose<Connection>(aborting(signal), operation);
}

/** Whom to dial, checked. */
interface Target extends HostAndPort {
  family: 0 | 4 | 6;
  lookup: LookupFunction;
  timeout: number;
  connection: CheckedConnectionOptions;
}

function checkedTarget(options: DialOptions): Target {
  if (typeof (options as unknown) !== "object" || (options as unknown) === null) {
    throw new TypeError(`dial takes an address, "host:port" or { host, port }; got ${String(options)}`);
  }
  const { host = "localhost", port, family = 0, lookup = systemLookup, timeout = Infinity } = options;
  if (![0, 4, 6].includes(family)) throw new RangeError(`the family of an address is 4, 6, or 0 for both; got ${String(family)}`);
  if (typeof (lookup as unknown) !== "function") throw new TypeError(`lookup is a function; got ${String(lookup)}`);
  return {
    host: checkedHost(host),
    port: checkedPort(port),
    family,
    lookup,
    timeout: checkedDelay(timeout, "the timeout of dial"),
    connection: checkedConnectionOptions(options),
  };
}

class Dialing extends Performable<Connection> {
  readonly #target: Target;

  constructor(target: Target) {
    super();
    this.#target = target;
  }

  /** The user's `lookup` is called when it is waited for. */
  override get foreign(): boolean {
    return true;
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    new Attempt(waiter, this.#target).begin();
  }
}

/** One dialling, on the way. */
class Attempt implements Place {
  readonly #waiter: Waiter;
  readonly #target: Target;
  readonly #name: string;
  readonly #failures: { address: string; error: Error }[] = [];
  #over = false;
  #disarm: () => void = () => { /* no timer yet */ };
  #socket: Socket | undefined = undefined;
  #phase: "lookup" | "connect" = "lookup";
  #trying = "";

  constructor(waiter: Waiter, target: Target) {
    this.#waiter = waiter;
    this.#target = target;
    this.#name = `dial ${formatAddress(target.host, target.port)}`;
  }

  begin(): void {
    const { host, timeout } = this.#target;
    this.#waiter.place = this;
    this.#disarm = arm(timeout, () => { this.#fail(this.#timedOut()); });
    const version = isIP(host);
    if (version === 0) this.#lookUp();
    else this.#connect([{ address: host, family: version }]);
  }

  #lookUp(): void {
    const { host, family, lookup } = this.#target;
    const unresolved = (error: Error): void => {
      this.#fail(new ConnectionError(`${this.#name} has failed: ${codeOf(error)} ${host} (${error.message})`, [error]));
    };
    try {
      lookup(host, { all: true, family, hints: 0 }, (error, found, version) => {
        if (this.#over || this.#phase !== "lookup") return;
        if (error !== null && (error as unknown) !== undefined) {
          unresolved(error);
          return;
        }
        // A lookup of the user may ignore `all`, or `family`.
        const every = typeof found === "string" ? [{ address: found, family: version ?? isIP(found) }] : found;
        const addresses = every.filter(({ address }) => isIP(address) !== 0 && (family === 0 || isIP(address) === family));
        if (addresses.length > 0) this.#connect(addresses);
        else unresolved(Object.assign(new Error(`the lookup of ${host} gave no IP address`), { code: "ENOTFOUND" }));
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #connect(addresses: readonly LookupAddress[]): void {
    this.#phase = "connect";
    const [first, ...others] = addresses;
    if (first === undefined) {
      this.#fail(this.#unreachable());
      return;
    }
    const { port } = this.#target;
    const host = first.address;
    this.#trying = formatAddress(host, port);
    // Neither the caller's signal, which would destroy the connection later too, nor the platform's own way of trying several.
    // Once it is destroyed, or has failed (which destroys it), it does not connect any more.
    const socket = connect({ host, port, autoSelectFamily: false, allowHalfOpen: true });
    this.#socket = socket;
    const failed = (error: Error): void => {
      if (this.#over) return;
      this.#failures.push({ address: formatAddress(host, port), error });
      this.#connect(others);
    };
    socket.on("error", failed); // also once the dial is over: nothing of it may be uncaught
    socket.once("connect", () => {
      const connection = new SocketConnection(socket, this.#target.connection);
      socket.off("error", failed);
      this.#finish();
      this.#waiter.happen(connection);
    });
  }

  #unreachable(): ConnectionError {
    const attempts = this.#failures.map(({ address, error }) => `${codeOf(error)} ${address}`);
    return new ConnectionError(
      `${this.#name} has failed: ${attempts.join(", ")}`,
      this.#failures.map(({ error }) => error),
    );
  }

  #timedOut(): TimeoutError {
    const where = this.#phase === "lookup" ? this.#target.host : this.#trying;
    return new TimeoutError(
      `${this.#name} timed out after ${String(this.#target.timeout)} ms in the phase "${this.#phase}" (${where})`,
    );
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#socket?.destroy();
    this.#finish();
    this.#waiter.fail(error);
  }

  withdraw(): void {
    this.#socket?.destroy();
    this.#finish();
  }

  /** The waiter is let go, and nothing that comes later has an effect. */
  #finish(): void {
    this.#over = true;
    this.#disarm();
    release(this.#waiter);
  }
}
