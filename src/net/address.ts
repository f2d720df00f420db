/**
 * Addresses: what a string or an options object means, and how an address is written.
 *
 * 1. A malformed address is refused at the call, with an error that quotes it: `TypeError` for a form that is none,
 *    `RangeError` for a port out of range.
 * 2. An IPv6 address is written in brackets wherever a port follows.
 */
import { isIPv6 } from "node:net";

/** One end of a connection. */
export interface Address {
  /** The IP address. */
  host?: string;
  /** The port: 1 to 65,535. */
  port?: number;
  /** The version of the Internet Protocol. */
  family?: 4 | 6;
}

/** A host and a port, both checked. */
export interface HostAndPort {
  host: string;
  port: number;
}

/** The meaning of "host:port" or "[::1]:80". */
export function parseAddress(address: string): HostAndPort {
  const parts = /^(?:\[(?<bracketed>[^\]]*)\]|(?<name>[^:]*)):(?<port>[^:]*)$/.exec(address)?.groups;
  const bracketed = parts?.["bracketed"];
  const host = bracketed ?? parts?.["name"];
  const port = parts?.["port"];
  if (host === undefined || port === undefined || (bracketed !== undefined && !isIPv6(bracketed)) || !/^-?\d+$/.test(port)) {
    throw new TypeError(`an address is "host:port", or "[::1]:80" for IPv6; got ${JSON.stringify(address)}`);
  }
  return { host: checkedHost(host, address), port: checkedPort(Number(port), address) };
}

/** A name or an IP address, or a clear error that quotes `given`. */
export function checkedHost(host: unknown, given: unknown = host): string {
  if (typeof host === "string" && host !== "" && !/[\s/\\?#@[\]\0]/.test(host)) return host;
  throw new TypeError(`the host of an address is a name or an IP address; got ${show(given)}`);
}

/** A port that somebody can listen on, or a clear error that quotes `given`. */
export function checkedPort(port: unknown, given: unknown = port): number {
  if (typeof port !== "number") throw new TypeError(`the port of an address is a number; got ${show(given)}`);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new RangeError(`a port is a whole number from 1 to 65535; got ${show(given)}`);
}

/** Written the way it is read: "host:port", "[::1]:80". */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

/** The address of a socket's end, as Node gives it. */
export function socketAddress(host: string | undefined, port: number | undefined, family: string | undefined): Address {
  if (host === undefined || port === undefined) return {};
  return { host, port, family: family === "IPv6" ? 6 : 4 };
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
