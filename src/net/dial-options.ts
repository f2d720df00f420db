/** Whom to dial: the options as given, and as they are checked, with every default filled in. */
import type { LookupFunction } from "node:net";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import { knownOptions, type Known } from "../support/given.ts";
import type { WaitOptions } from "../core/operation.ts";
import { show } from "../errors.ts";
import { checkedDelay } from "../time/timer.ts";
import { checkedHost, checkedKind, checkedPath, checkedPort, formatAddress, formatPath, parseAddress } from "./address.ts";
import { checkedConnectionOptions, connectionOptions, type CheckedConnectionOptions, type ConnectionOptions } from "./connection.ts";

/** Whom to dial, and how. The `signal` is for the dialling only: aborting it later does nothing to the connection. */
export interface DialOptions extends WaitOptions, ConnectionOptions {
  /** A name, or an IP address (an IPv6 one without brackets). `"localhost"`. */
  host?: string | undefined;
  /** A whole number from 1 to 65,535. Either it, or a `path`, has to be there. */
  port?: number | undefined;
  /** A Unix socket, in place of a host and a port. */
  path?: string | undefined;
  /**
   * TLS: `true`, or its options (`ca`, `servername`, `ALPNProtocols`, `cert` and `key`, ...). The `servername` is the host unless
   * that is an IP address; the certificate has to be the host's. `false`.
   */
  tls?: boolean | TlsOptions | undefined;
  /** Which version of the Internet Protocol the name has to resolve to: 4, 6, or 0 for both. 0. */
  family?: 0 | 4 | 6 | undefined;
  /**
   * Resolves the name, in place of `dns.lookup`. That one runs on four threads which the file system shares: four names that
   * hang block both.
   */
  lookup?: LookupFunction | undefined;
  /** How long the dialling may take, from the name to the end of the handshake, in milliseconds. No limit. */
  timeout?: number | undefined;
  /**
   * How long one address of several is tried alone before the next one is tried too, in milliseconds, from 0 (all at once) up to
   * `Infinity` (one after the other). 250.
   */
  attemptDelay?: number | undefined;
}

const dialOptions: Known<DialOptions> = {
  ...connectionOptions, host: true, port: true, path: true, tls: true, family: true, lookup: true, timeout: true, attemptDelay: true, signal: true,
};

/** Whom to dial, checked. With a path there is a host, for certificates, and no port. */
export interface DialTarget {
  /** What errors call it, written the way it is read. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly family: 0 | 4 | 6;
  readonly lookup: LookupFunction;
  readonly timeout: number;
  readonly attemptDelay: number;
  readonly connection: CheckedConnectionOptions;
}

/** A target, or a clear error at the call. The signal is passed on; names are resolved by the network, unless there is another lookup. */
export function checkedDialTarget(address: DialOptions | string, networkLookup: LookupFunction): DialTarget & Pick<DialOptions, "signal"> {
  const options: DialOptions = typeof address === "string" ? parseAddress(address) : address;
  if (typeof (options as unknown) !== "object" || (options as unknown) === null) {
    throw new TypeError(`dial takes an address, "host:port" or { host, port }; got ${show(options)}`);
  }
  const { family = 0, lookup = networkLookup, timeout = Infinity, attemptDelay = 250, signal } = knownOptions(options, dialOptions, "dial");
  if (![0, 4, 6].includes(family)) throw new RangeError(`the family of an address is 4, 6, or 0 for both; got ${show(family)}`);
  if (typeof (lookup as unknown) !== "function") throw new TypeError(`lookup is a function; got ${show(lookup)}`);
  const tls = checkedTls(options.tls);
  const destination = checkedDestination(options);
  return {
    name: tls === undefined ? destination.name : `tls://${destination.name}`,
    host: destination.host,
    port: destination.port,
    path: destination.path,
    tls,
    family,
    lookup,
    timeout: checkedDelay(timeout, "the timeout of dial"),
    attemptDelay: checkedDelay(attemptDelay, "the attemptDelay of dial"),
    connection: checkedConnectionOptions(options),
    signal,
  };
}

function checkedDestination(options: DialOptions): Pick<DialTarget, "name" | "host" | "port" | "path"> {
  if (checkedKind(options) === "path") {
    const path = checkedPath(options.path);
    return { name: formatPath(path), host: "localhost", port: 0, path };
  }
  const host = checkedHost(options.host ?? "localhost");
  const port = checkedPort(options.port, 1);
  return { name: formatAddress(host, port), host, port, path: undefined };
}

function checkedTls(tls: unknown = false): TlsOptions | undefined {
  if (tls === false) return undefined;
  if (tls === true) return {};
  if (typeof tls === "object" && tls !== null) return tls;
  throw new TypeError(`tls is true, false, or the options of a TLS connection; got ${show(tls)}`);
}
