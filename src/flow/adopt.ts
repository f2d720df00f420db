/**
 * Which kind of source something is. Everything is known by its shape.
 */
import type { Receiver } from "../channel/channel-types.ts";
import { Performable } from "../core/operation.ts";
import { show, tagOf } from "../errors.ts";
import { checkedName } from "../support/named.ts";
import type { FlowOptions, NodeReadable } from "./flow-types.ts";
import type { CleanUp, Origin, Ownership } from "./origin.ts";
import { IteratorOrigin, readingOf, SupplyOrigin, supplyOf } from "./sources/iterator.ts";
import { ReadableOrigin } from "./sources/readable.ts";
import { ReceiverOrigin } from "./sources/receiver.ts";

/** A name for a flow without one. */
export const flowName = (): string => checkedName(undefined, "flow");

const has = (given: unknown, ...names: readonly (string | symbol)[]): boolean =>
  names.every((name) => typeof (given as Record<string | symbol, unknown>)[name] === "function");

/** Take a source over. `follows`: its clean-up, if it is a flow; `who`: the verb that was called. */
export function adopted(source: unknown, { preventCancel = false, onDrop, name }: FlowOptions, who: string, follows?: CleanUp): Origin {
  const as = (ownName?: unknown): Ownership => ({ preventCancel, onDrop, name: name ?? (typeof ownName === "string" && ownName !== "" ? ownName : flowName()) });
  if (typeof source !== "object" || source === null || source instanceof Performable || has(source, "then")) throw noSource(source, who);
  if (has(source, "nexting", "cancel")) return new ReceiverOrigin(source as Receiver<unknown>, as((source as { name?: unknown }).name), follows);
  if (has(source, "getReader", "cancel")) return new SupplyOrigin(readingOf(source as ReadableStream<unknown>), as());
  if (has(source, "read", "on", "off", "destroy")) return new ReadableOrigin(source as NodeReadable<unknown>, as());
  if (has(source, Symbol.asyncIterator)) return new SupplyOrigin(supplyOf((source as AsyncIterable<unknown>)[Symbol.asyncIterator]()), as());
  if (has(source, Symbol.iterator)) return new IteratorOrigin((source as Iterable<unknown>)[Symbol.iterator](), as());
  throw noSource(source, who);
}

function noSource(source: unknown, who: string): TypeError {
  return new TypeError(`${who} takes what can be pulled (a channel, a stream, an iterable): ${cureFor(source)}; got ${show(source)}`);
}

function cureFor(source: unknown): string {
  if (typeof source === "string") return "write flow([...text]) for its characters, flow([text]) for the text itself, lines([text]) for its lines";
  if (typeof source === "function") return tagOf(source).endsWith("GeneratorFunction") || /^(async )?function\*/.test(String(source)) ? "call it, as flow(values())" : "call it, as flow(source()), or write events(listen) for what calls back";
  if (typeof source !== "object" || source === null) return "write flow([value]) for one value";
  if (source instanceof Performable) return "write flow(ch), not flow(ch.receiving())";
  if (has(source, "then")) return "await it first, as flow(await source)";
  if (has(source, "subscribe")) return "write events(observable) for what pushes";
  if (has(source, "on") || has(source, "addEventListener")) return 'write events(emitter, "name") for what pushes';
  if (has(source, "arrayBuffer")) return has(source, "stream") ? "write flow(blob.stream())" : "write flow(response.body)";
  if (has(source, "changes")) return "write cell.changes()";
  const { constructor } = source as { constructor?: { name?: string } };
  return constructor === undefined || constructor.name === "Object" ? "write flow(Object.entries(record)) for a record" : "it is none of these";
}
