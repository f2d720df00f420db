/**
 * Flows: everything that gives values, with the iterator helpers' names, exact under cancellation.
 *
 * In reading order: flows and their sources; bridges to events and streams.
 *
 * @module rendezvous/flow
 */
import "../platform/copies.ts";
// Flows
export { flow, produce } from "./flow.ts";
export { merge, type MergeOptions } from "./merge.ts";
export { broadcast, type Broadcast, type BroadcastOptions } from "./broadcast.ts";
export { lines, type LinesOptions } from "./lines.ts";
export type { ChunkOptions, Flow, FlowOptions, ForEachOptions, IntoOptions, NodeReadable, ParallelOptions, Permits, Source, ValueBody, ValuesOptions } from "./flow-types.ts";
// Bridges
export { events, type EventOptions, type Listen, type ObservableLike } from "./bridges/events.ts";
export { hear, hearing } from "./bridges/hearing.ts";
export type { EmitterLike } from "./bridges/listening.ts";
export { senderTo, type SinkSender } from "./bridges/sender-to.ts";
export type { NodeWritable } from "./bridges/sinks.ts";
export { toReadable, toWritable } from "./bridges/web-streams.ts";
