/**
 * Dialling: a name becomes addresses, addresses become one socket, and perhaps a secured one.
 *
 * 1. A dial that happens gives one connection; one that is withdrawn, or fails, leaves no socket and no timer, whatever it was
 *    at: a late answer of the name service is not acted on.
 * 2. Several addresses are tried side by side (see `attempts.ts`). TLS begins with the socket that has won.
 * 3. Every error has a code and says which addresses were tried; a time limit, which covers everything, says in which phase it
 *    has passed.
 *
 *        lookup ─► connect ─► tls ─► happens          each may fail, each is abandoned when the dial is withdrawn
 *
 * Idea: Go's `net.Dialer`.
 */
import { isIP } from "node:net";
import { aborting } from "../ops/aborting.ts";
import { choose } from "../core/choice.ts";
import { External, nothing, type Nothing, type Operation, Performable, RunsUserCode, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import { asksFor } from "../support/resources.ts";
import { release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { TimeoutError } from "../errors.ts";
import { arm } from "../time/timer.ts";
import { formatAddress, formatPath } from "./address.ts";
import { Attempts, interleaved, type Endpoint, type Failure } from "./attempts.ts";
import type { Connection } from "./connection.ts";
import { codeOf, ConnectionError, type DialPhase } from "./errors.ts";
import { platform } from "./platform.ts";
import { SocketConnection } from "./socket.ts";
import { checkedDialTarget, type DialOptions, type DialTarget } from "./dial-options.ts";
import type { Network, Transport } from "./transport.ts";

/**
 * Dials: connects to an address and gives the connection.
 *
 * Either there is a connection, or the promise rejects and no socket is left, whenever it is aborted.
 *
 * A name with several addresses is reached by the first one that answers. With TLS the connection is there once the peer's
 * certificate has been found to be trusted, and the host's.
 *
 * @param address - "host:port", "[::1]:80", "unix:/path", "tls://host:port" (port 443 unless it is said), or {@link DialOptions}
 * @param options - a `signal` to give up by; aborting it after the connection is there does nothing to it
 * @returns rejects with a {@link ConnectionError} (`code` ECONNREFUSED, ENOTFOUND, ...; its message names each address tried), with a
 * `TimeoutError` that names the phase, "lookup", "connect" or "tls"; with a `TypeError` or `RangeError` for an address that is
 * none, with `signal.reason` when aborted first
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
 * Idea: Go's `net.Dial` and `tls.Dial`.
 */
export function dial(address: DialOptions | string, options?: WaitOptions): Promise<Connection> {
  return dialOver(platform, address, options);
}

/** The same, over any network. */
export function dialOver<T extends Transport>(network: Network<T>, address: DialOptions | string, options?: WaitOptions): Promise<Connection> {
  return promised(() => perform(dialingOver(network, address), options));
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
  return dialingOver(platform, address);
}

/** The same, over any network. */
export function dialingOver<T extends Transport>(network: Network<T>, address: DialOptions | string): Operation<Connection> {
  const { signal, ...target } = checkedDialTarget(address, network.lookup);
  const operation: Operation<Connection> = new Dialing(network, target);
  return signal === undefined ? operation : choose<Connection>(aborting(signal), operation);
}

class Dialing<T extends Transport> extends Performable<Connection> {
  readonly #network: Network<T>;
  readonly #target: DialTarget;

  constructor(network: Network<T>, target: DialTarget) {
    super();
    this.#network = network;
    this.#target = target;
    asksFor(this);
  }

  override toString(): string {
    return `dial ${this.#target.name}`;
  }

  /** The user's `lookup` is called when it is waited for. */
  override get traits(): number {
    return RunsUserCode | (this.#network.inMemory === true && this.#target.lookup === this.#network.lookup ? 0 : External);
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    new Dialled(waiter, this.#network, this.#target, this).begin();
  }
}

/** One dialling, on the way. */
class Dialled<T extends Transport> implements WaitPlace {
  readonly #waiter: Waiter;
  readonly #network: Network<T>;
  readonly #target: DialTarget;
  /** The operation. */
  readonly #by: Performable<unknown>;
  #over = false;
  #disarm: () => void = () => { /* no timer yet */ };
  #phase: DialPhase = "lookup";
  /** What it is at, for messages. */
  #where = (): string => this.#target.host;
  /** Give up what it is at. */
  #abandon: () => void = () => { /* a lookup cannot be given up */ };

  constructor(waiter: Waiter, network: Network<T>, target: DialTarget, by: Performable<unknown>) {
    this.#waiter = waiter;
    this.#network = network;
    this.#target = target;
    this.#by = by;
  }

  begin(): void {
    const { host, path, timeout } = this.#target;
    this.#waiter.place = this;
    this.#disarm = arm(timeout, () => { this.#fail(this.#timedOut()); });
    if (path !== undefined) this.#connect([{ name: formatPath(path), to: { path } }]);
    else if (isIP(host) === 0) this.#lookUp();
    else this.#connectTo([host]);
  }

  #lookUp(): void {
    const { host, family, lookup } = this.#target;
    const unresolved = (error: Error): void => { this.#failed([{ name: host, error }], ` (${error.message})`); };
    try {
      lookup(host, { all: true, family, hints: 0 }, (error, found: unknown) => {
        if (this.#over || this.#phase !== "lookup") return;
        if (error !== null && (error as unknown) !== undefined) {
          unresolved(error);
          return;
        }
        const addresses = addressesOf(found).filter((address) => family === 0 || isIP(address) === family);
        if (addresses.length > 0) this.#connectTo(addresses);
        else unresolved(Object.assign(new Error(`the lookup of ${host} gave no IP address`), { code: "ENOTFOUND" }));
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #connectTo(addresses: readonly string[]): void {
    const { port } = this.#target;
    const endpoints = interleaved(addresses, isIP);
    this.#connect(endpoints.map((address) => ({ name: formatAddress(address, port), to: { host: address, port } })));
  }

  #connect(endpoints: readonly Endpoint[]): void {
    this.#phase = "connect";
    const attempts = new Attempts(this.#network, endpoints, this.#target.attemptDelay, {
      connected: (socket, endpoint) => { this.#connected(socket, endpoint); },
      failed: (failures) => { this.#failed(failures); },
    });
    this.#where = () => attempts.trying;
    this.#abandon = () => { attempts.abandon(); };
    attempts.next();
  }

  #connected(socket: T, { name }: Endpoint): void {
    const { tls, host } = this.#target;
    if (tls === undefined) {
      this.#happen(socket);
      return;
    }
    this.#phase = "tls";
    this.#where = () => name;
    this.#abandon = () => { socket.destroy(); };
    try {
      const handshake = this.#network.secure(socket, host, tls, {
        secured: (secured) => { this.#happen(secured); },
        failed: (error) => { this.#failed([{ name, error }], ` (${error.message})`); },
      });
      this.#abandon = () => { handshake.abandon(); };
    } catch (error) {
      this.#fail(error); // options of TLS that it refuses, such as a certificate that is none
    }
  }

  #happen(socket: T): void {
    const { host, path, connection } = this.#target;
    const made = new SocketConnection(socket, connection, {
      paths: path === undefined ? undefined : { local: {}, remote: { path } },
      host: path === undefined ? host : undefined,
      by: this.#by,
    });
    this.#finish();
    this.#waiter.resume("value", made);
  }

  #failed(failures: readonly Failure[], detail = ""): void {
    const reasons = failures.map(({ name, error }) => `${codeOf(error)} ${name}`).join(", ");
    const where = this.#phase === "tls" ? " in the handshake of TLS" : "";
    const errors = failures.map(({ error }) => error);
    this.#fail(new ConnectionError(`dial ${this.#target.name} has failed${where}: ${reasons}${detail}`, errors, this.#phase));
  }

  #timedOut(): TimeoutError {
    const { name, timeout } = this.#target;
    return new TimeoutError(`dial ${name} timed out after ${String(timeout)} ms in the phase "${this.#phase}" (${this.#where()})`);
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#abandon();
    this.#finish();
    this.#waiter.resume("error", error);
  }

  describe(): string {
    return String(this.#by);
  }

  withdraw(): void {
    this.#abandon();
    this.#finish();
  }

  /** The waiter is let go, and nothing that comes later has an effect. */
  #finish(): void {
    this.#over = true;
    this.#disarm();
    release(this.#waiter);
  }
}

/** The IP addresses that a lookup gave. One of a user may give what it likes: a string, one object or several, with `all` or without. */
function addressesOf(found: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(found) ? found : [found];
  const addresses = all.map((one) => (typeof one === "string" ? one : (one as { address?: unknown } | null | undefined)?.address));
  return addresses.filter((address): address is string => typeof address === "string" && isIP(address) !== 0);
}
