/**
 * Connections as channels of bytes, for Node, Bun and Deno.
 *
 * In reading order: dialling, connections, their errors.
 *
 * @module
 */
export { dial, dialing, type DialOptions } from "./dial.ts";
export type { Connection, ConnectionOptions, LineOptions, ReadLineOptions } from "./connection.ts";
export type { Address } from "./address.ts";
export { ConnectionError, IncompleteReadError } from "./errors.ts";
