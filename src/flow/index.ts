/**
 * Flows: everything that gives values, with the iterator helpers' names, exact under cancellation.
 *
 * In reading order: flows and their sources.
 *
 * @module
 */
import "../platform/copies.ts";
export { flow, produce } from "./flow.ts";
export type { ChunkOptions, Flow, FlowOptions, ForEachOptions, IntoOptions, NodeReadable, ParallelOptions, Permits, Source, ValueBody, ValuesOptions } from "./flow-types.ts";
