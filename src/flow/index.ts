/**
 * Flows: everything that gives values, with the iterator helpers' names, exact under cancellation.
 *
 * In reading order: flows and their sources.
 *
 * @module
 */
import "../platform/copies.ts";
export { flow, produce } from "./flow.ts";
export { merge, type MergeOptions } from "./merge.ts";
export { broadcast, type Broadcast, type BroadcastOptions } from "./broadcast.ts";
export { lines, type LinesOptions } from "./lines.ts";
export type { ChunkOptions, Flow, FlowOptions, ForEachOptions, IntoOptions, NodeReadable, ParallelOptions, Permits, Source, ValueBody, ValuesOptions } from "./flow-types.ts";
