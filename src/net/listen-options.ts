/** Where to listen: the options as given, and as they are checked, with every default filled in. */
import type { TlsOptions } from "node:tls";
import { knownOptions, type Known } from "../support/given.ts";
import { show } from "../errors.ts";
import { checkedHost, checkedKind, checkedPath, checkedPort, formatAddress, formatPath, parseAddress, type Address } from "./address.ts";
import { checkedConnectionOptions, connectionOptions, type ConnectionOptions } from "./connection.ts";
import type { ConnectionError } from "./errors.ts";
import type { ListenerSettings } from "./listener.ts";

/** Where to listen, and how. The options of connections are for those that the listener will give. */
export interface ListenOptions extends ConnectionOptions {
  /** A name, or an IP address, of this machine. All addresses of it. */
  host?: string | undefined;
  /** A whole number from 0 up to 65,535; 0 takes one that is free (see {@link Listener.address}). Either it, or a `path`, has to be there. */
  port?: number | undefined;
  /** A Unix socket, in place of a host and a port. Its file is removed at the shutdown. */
  path?: string | undefined;
  /** A socket that listens already and was handed over, by its number, as systemd does; in place of an address. */
  fd?: number | undefined;
  /**
   * Whether a listener at an IPv6 address, such as "::", leaves IPv4 clients out.
   *
   * @defaultValue `false`
   */
  ipv6Only?: boolean | undefined;
  /** TLS: its options, with at least `cert` and `key`. */
  tls?: TlsOptions | undefined;
  /** How many clients may wait to be received, those in the handshake of TLS included: a whole number from 1 up. 4,096. */
  maxPending?: number | undefined;
  /** How many clients may wait in the system, before they are accepted: a whole number from 1 up; the system may take less. 4,096. */
  backlog?: number | undefined;
  /** Removes the file of a Unix socket at which nobody listens any more, as a crash leaves it. A live one stays. `false`. */
  unlinkStale?: boolean | undefined;
  /** Called for each client that could not be accepted, or whose handshake has failed. The listener goes on in any case. */
  onError?: ((error: ConnectionError) => void) | undefined;
}

const listenOptions: Known<ListenOptions & Address> = {
  ...connectionOptions, host: true, port: true, path: true, fd: true, ipv6Only: true, tls: true, maxPending: true, backlog: true, unlinkStale: true,
  onError: true,
  family: true, // an address of a listener is one to listen on
};

/** Where to listen, checked. */
export interface ListenTarget {
  readonly name: string;
  readonly at: { host?: string; port: number; ipv6Only?: boolean } | { path: string } | { fd: number };
  readonly backlog: number;
  readonly unlinkStale: boolean;
  readonly settings: ListenerSettings;
}

/** Checked options, or a clear error at the call. */
export function checkedListenTarget(address: ListenOptions | string): ListenTarget {
  const options: ListenOptions = typeof address === "string" ? parsedOptions(address) : address;
  if (typeof (options as unknown) !== "object" || (options as unknown) === null) {
    throw new TypeError(`listen takes an address, "host:port" or { host, port }; got ${show(options)}`);
  }
  const { tls, maxPending = 4096, backlog = 4096, unlinkStale = false, onError } = knownOptions(options, listenOptions, "listen");
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

function parsedOptions(address: string): ListenOptions {
  const { tls, ...place } = parseAddress(address, true);
  if (tls) throw new TypeError(`listen needs the certificate and key of TLS: listen({ port, tls: { cert, key } }); got ${show(address)}`);
  return place;
}

function checkedAddress(options: ListenOptions): Pick<ListenTarget, "name" | "at"> {
  const { fd, host: name, port: number, path: file, ipv6Only } = options;
  if (ipv6Only !== undefined && typeof (ipv6Only as unknown) !== "boolean") throw new TypeError(`ipv6Only is true or false; got ${show(ipv6Only)}`);
  if (fd !== undefined) {
    if (name !== undefined || number !== undefined || file !== undefined) {
      throw new TypeError("listen takes either an fd, which has its address, or an address: a host and a port, or a path");
    }
    if (!Number.isSafeInteger(fd) || fd < 0) throw new RangeError(`fd is the number of an open socket, from 0 up; got ${show(fd)}`);
    return { name: `fd ${String(fd)}`, at: { fd } };
  }
  if (checkedKind(options) === "path") {
    const path = checkedPath(options.path);
    return { name: formatPath(path), at: { path } };
  }
  const port = checkedPort(options.port, 0);
  const only = ipv6Only === undefined ? {} : { ipv6Only };
  if (options.host === undefined) return { name: `:${String(port)}`, at: { port, ...only } };
  const host = checkedHost(options.host);
  return { name: formatAddress(host, port), at: { host, port, ...only } };
}
