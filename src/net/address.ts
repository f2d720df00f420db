/**
 * Addresses: what a string or an options object means, and how an address is written.
 *
 * 1. A malformed address is refused at the call, with an error that quotes it: `TypeError` for a form that is none,
 *    `RangeError` for a port out of range or a path that is too long.
 * 2. An IPv6 address is written in brackets wherever a port follows.
 * 3. What is written is read back as the same: "host:port", "[::1]:80", "unix:/path", "tls://host:port".
 */
import { isIPv6 } from "node:net";
import { show } from "../errors.ts";

/** One end of a connection. What is not known is left out: a Unix socket has a path on the side that listens, and nothing else. */
export interface Address {
  /** The IP address. */
  host?: string;
  /** The port: 1 to 65,535. */
  port?: number;
  /** The path of a Unix socket. */
  path?: string;
  /** The version of the Internet Protocol. */
  family?: 4 | 6;
}

/** What a string says of an address: the same names as in the options. */
export interface ParsedAddress {
  host?: string;
  port?: number;
  path?: string;
  tls?: true;
}

const forms = '"host:port", "[::1]:80", "unix:/path" or "tls://host:port"';

/** The meaning of an address as a string. Ports and paths are not checked yet; `anyHost`: ":80" has no host. */
export function parseAddress(address: string, anyHost = false): ParsedAddress {
  const path = /^unix:(?:\/\/(?=\/))?(?<path>\.{0,2}\/.*)$/s.exec(address)?.groups?.["path"];
  if (path !== undefined) return { path };
  const secure = address.startsWith("tls://");
  const parts = /^(?:\[(?<bracketed>[^\]]*)\]|(?<name>[^:]*))(?::(?<port>-?\d+))?$/.exec(secure ? address.slice(6) : address)?.groups;
  const bracketed = parts?.["bracketed"];
  const host = bracketed ?? parts?.["name"];
  const port = parts?.["port"] ?? (secure ? "443" : undefined);
  const named = host !== undefined && (anyHost ? host === "" || isHost(host) : isHost(host));
  if (!named || port === undefined || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new TypeError(`an address is ${forms}; got ${show(address)}`);
  }
  return { ...(host === "" ? {} : { host }), port: checkedPort(Number(port), anyHost ? 0 : 1, address), ...(secure && { tls: true }) };
}

const isHost = (host: unknown): host is string => typeof host === "string" && host !== "" && !/[\s/\\?#@[\]\0]/.test(host);

/** A name or an IP address, or a clear error. */
export function checkedHost(host: unknown): string {
  if (isHost(host)) return host;
  throw new TypeError(`the host of an address is a name or an IP address; got ${show(host)}`);
}

/** A port from `least` up, or a clear error that quotes `given`. */
export function checkedPort(port: unknown, least: 0 | 1, given: unknown = port): number {
  if (typeof port !== "number") throw new TypeError(`the port of an address is a number; got ${show(given)}`);
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw new RangeError(`a port is a whole number from ${String(least)} to 65535; got ${show(given)}`);
}

// A path that does not fit is cut by the platform, which would then meet another socket.
const longestPath: Partial<Record<NodeJS.Platform, number>> = { linux: 107, android: 107, win32: Infinity };
const longestElsewhere = 103;

/** The path of a Unix socket, or a clear error. */
export function checkedPath(path: unknown): string {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError(`the path of a Unix socket is a string of at least one character; got ${show(path)}`);
  }
  const longest = longestPath[process.platform] ?? longestElsewhere;
  if (Buffer.byteLength(path) <= longest) return path;
  throw new RangeError(`the path of a Unix socket has at most ${String(longest)} bytes here; got ${show(path)}`);
}

/** An address is a host with a port, or a path: both at once is a clear error. */
export function checkedKind({ host, port, path }: { host?: unknown; port?: unknown; path?: unknown }): "path" | "port" {
  if (path === undefined) return "port";
  if (host === undefined && port === undefined) return "path";
  throw new TypeError(`an address is a path, or a host and a port, not both; got the path ${show(path)} and ${show(host)}:${show(port)}`);
}

/** Written the way it is read: "host:port", "[::1]:80". */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

/** Written the way it is read: "unix:/path". */
export function formatPath(path: string): string {
  return `unix:${path}`;
}

/** The address of a socket's end, as Node gives it. */
export function socketAddress(host: string | undefined, port: number | undefined, family: string | undefined): Address {
  if (host === undefined || port === undefined) return {};
  // A listener at every address of both versions sees an IPv4 client in IPv6's clothes.
  const mapped = /^::ffff:(?<ipv4>\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.groups?.["ipv4"];
  return mapped === undefined ? { host, port, family: family === "IPv6" ? 6 : 4 } : { host: mapped, port, family: 4 };
}
