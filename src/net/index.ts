/**
 * Connections as channels of bytes, for Node, Bun and Deno.
 *
 * In reading order: dialling, connections, listening, serving, errors.
 *
 * @module rendezvous/net
 */
import "../platform/copies.ts";
import "../platform/rest.ts";
// Dialling
export { dial, dialing } from "./dial.ts";
export type { DialOptions } from "./dial-options.ts";
// Connections
export type { Connection, ConnectionOptions, ConnectionStatistics, LineOptions, ReadLineOptions, ReadUntilOptions, UntilOptions } from "./connection.ts";
export type { Bytes } from "./payload.ts";
export type { Separators } from "./units.ts";
export type { StartTlsOptions } from "./start-tls.ts";
export type { TlsDetails } from "./secure.ts";
export type { Address } from "./address.ts";
export { adopt } from "./adopt.ts";
// Listening and serving
export { listen } from "./listen.ts";
export type { ListenOptions } from "./listen-options.ts";
export type { Listener, ListenerStatistics } from "./listener.ts";
export { serve, type ServeOptions } from "./serve.ts";
// Errors
export { ConnectionError, IncompleteReadError, type DialPhase } from "./errors.ts";
