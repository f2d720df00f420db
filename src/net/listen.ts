/**
 * Listening: an address becomes a listener.
 *
 * 1. A listen that happens gives one listener; one that is withdrawn, or fails, leaves nothing.
 * 2. The file of a Unix socket that nobody listens on any more is removed on request, and only then.
 *
 * Idea: Go's `net.Listen`.
 */
import { unlink } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import type { TlsOptions } from "node:tls";
import { nothing, Performable, type Nothing, type WaitOptions } from "../core/operation.ts";
import { perform, refused } from "../core/perform.ts";
import { release, type Place, type Waiter } from "../core/waiting.ts";
import { show } from "../errors.ts";
import { checkedHost, checkedKind, checkedPath, checkedPort, formatAddress, formatPath, parseAddress } from "./address.ts";
import { checkedConnectionOptions, type ConnectionOptions } from "./connection.ts";
import { codeOf, ConnectionError } from "./errors.ts";
import { SocketListener, type Listener, type ListenerSettings } from "./listener.ts";

/** Where to listen, and how. The options of connections are for those that the listener will give. */
export interface ListenOptions extends ConnectionOptions {
  /** A name, or an IP address, of this machine. All addresses of it. */
  host?: string | undefined;
  /** A whole number from 0 up to 65,535; 0 takes one that is free (see {@link Listener.address}). Either it, or a `path`, has to be there. */
  port?: number | undefined;
  /** A Unix socket, in place of a host and a port. Its file is removed at the shutdown. */
  path?: string | undefined;
  /** TLS: its options, with at least `cert` and `key`. */
  tls?: TlsOptions | undefined;
  /** How many clients may wait to be received, those in the handshake of TLS included: a whole number from 1 up. 1,024. */
  maxPending?: number | undefined;
  /** How many clients may wait in the system, before they are accepted: a whole number from 1 up; the system may take less. 511. */
  backlog?: number | undefined;
  /** Removes the file of a Unix socket at which nobody listens any more, as a crash leaves it. A live one stays. `false`. */
  unlinkStale?: boolean | undefined;
  /** Told of each client that could not be accepted, or whose handshake has failed. The listener goes on in any case. */
  onError?: ((error: ConnectionError) => void) | undefined;
}

/**
 * Listens at an address, and gives the {@link Listener}: a channel of connections.
 *
 * @param address - "host:port", ":port" (every address of this machine), "[::1]:80", "unix:/path", or {@link ListenOptions}; the port may be 0
 * @param options - a `signal` to give up by; aborting it after the listener is there does nothing to it
 * @returns rejects with a {@link ConnectionError} (`code` EADDRINUSE, EACCES, ...), with a `TypeError` or `RangeError` for an address or
 * option that is none, with `signal.reason` when aborted first
 *
 * @example
 * ```ts
 * import { dial, listen } from "rendezvous/net";
 *
 * await using listener = await listen({ host: "127.0.0.1", port: 0 });
 * await using client = await dial({ host: "127.0.0.1", port: listener.address.port });
 * for await (const connection of listener) {
 *   await connection.send("one at a time\n");
 *   await connection.shutdown();
 *   break;
 * }
 * console.log(await client.readLine()); // one at a time
 * ```
 *
 * Idea: Go's `net.Listen`.
 */
export function listen(address: ListenOptions | string, options?: WaitOptions): Promise<Listener> {
  try {
    return perform(new Listening(checkedPlace(address)), options);
  } catch (error) {
    return refused(error);
  }
}

/** Where to listen, checked. */
interface ListenPlace {
  readonly name: string;
  readonly at: { host?: string; port: number } | { path: string };
  readonly backlog: number;
  readonly unlinkStale: boolean;
  readonly settings: ListenerSettings;
}

function checkedPlace(address: ListenOptions | string): ListenPlace {
  const options: ListenOptions = typeof address === "string" ? parsedPlace(address) : address;
  if (typeof (options as unknown) !== "object" || (options as unknown) === null) {
    throw new TypeError(`listen takes an address, "host:port" or { host, port }; got ${show(options)}`);
  }
  const { tls, maxPending = 1024, backlog = 511, unlinkStale = false, onError } = options;
  for (const [what, count] of Object.entries({ maxPending, backlog })) {
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${what} is a whole number from 1 up; got ${show(count)}`);
  }
  if (tls !== undefined && (typeof (tls as unknown) !== "object" || (tls as unknown) === null)) {
    throw new TypeError(`tls of listen is the options of a TLS server, with cert and key; got ${show(tls)}`);
  }
  if (onError !== undefined && typeof (onError as unknown) !== "function") {
    throw new TypeError(`onError of listen is a function; got ${show(onError)}`);
  }
  const settings = { connection: checkedConnectionOptions(options), maxPending, tls, onError };
  return { ...checkedAddress(options), backlog, unlinkStale, settings };
}

function parsedPlace(address: string): ListenOptions {
  const { tls, ...place } = parseAddress(address, true);
  if (tls) throw new TypeError(`listen needs the certificate and key of TLS: listen({ port, tls: { cert, key } }); got ${show(address)}`);
  return place;
}

function checkedAddress(options: ListenOptions): Pick<ListenPlace, "name" | "at"> {
  if (checkedKind(options) === "path") {
    const path = checkedPath(options.path);
    return { name: formatPath(path), at: { path } };
  }
  const port = checkedPort(options.port, 0);
  if (options.host === undefined) return { name: `:${String(port)}`, at: { port } };
  const host = checkedHost(options.host);
  return { name: formatAddress(host, port), at: { host, port } };
}

class Listening extends Performable<Listener> {
  readonly #place: ListenPlace;

  constructor(place: ListenPlace) {
    super();
    this.#place = place;
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    new Opening(waiter, this.#place).begin();
  }
}

/** One listening, on the way. */
class Opening implements Place {
  readonly #waiter: Waiter;
  readonly #place: ListenPlace;
  readonly #server: Server;
  #over = false;
  #unlinking: boolean;

  constructor(waiter: Waiter, place: ListenPlace) {
    this.#waiter = waiter;
    this.#place = place;
    this.#unlinking = place.unlinkStale && "path" in place.at;
    const plain = place.settings.tls === undefined;
    this.#server = createServer({ allowHalfOpen: plain, pauseOnConnect: plain });
  }

  begin(): void {
    this.#waiter.place = this;
    this.#server.on("error", this.#onError);
    this.#server.once("listening", () => { this.#listening(); });
    this.#listen();
  }

  #listen(): void {
    const { at, backlog } = this.#place;
    this.#server.listen({ ...at, backlog });
  }

  #listening(): void {
    if (this.#over) {
      this.#server.close(); // given up while the name was resolved
      return;
    }
    try {
      const listener = new SocketListener(this.#server, this.#place.settings);
      this.#server.off("error", this.#onError);
      this.#finish();
      this.#waiter.happen(listener);
    } catch (error) {
      this.#fail(error); // options of TLS that it refuses, such as a certificate that is none
    }
  }

  readonly #onError = (error: Error): void => {
    if (this.#over) return;
    if (this.#unlinking && codeOf(error) === "EADDRINUSE") this.#unlinkStale(error);
    else this.#fail(new ConnectionError(`listen on ${this.#place.name} has failed: ${codeOf(error)} (${error.message})`, [error]));
  };

  /** Somebody listens there, or has: whoever answers is alive. */
  #unlinkStale(inUse: Error): void {
    this.#unlinking = false; // once
    const { path } = this.#place.at as { path: string };
    const probe = connect({ path });
    const proceed = (error?: NodeJS.ErrnoException | null): void => {
      probe.destroy();
      if (this.#over) return;
      if (error === undefined || error === null || codeOf(error) === "ENOENT") this.#listen();
      else this.#onError(inUse);
    };
    probe.once("connect", () => { proceed(inUse); });
    probe.once("error", (error) => {
      if (codeOf(error) === "ECONNREFUSED" && !this.#over) unlink(path, proceed);
      else proceed(error);
    });
  }

  #fail(error: unknown): void {
    this.withdraw();
    this.#waiter.fail(error);
  }

  withdraw(): void {
    this.#server.close();
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    release(this.#waiter);
  }
}
