/** What the specs of `rendezvous/nats` share: a world of processes that talk over a broker, in memory or on a server. */
import { bubble, memoryBroker, type MemoryBroker } from "../../../src/testing/index.ts";
import type { Remote, RemoteOptions } from "../../../src/nats/index.ts";

/** Where remotes come from: each one stands for a process of its own. */
export interface World {
  remote(options?: RemoteOptions): Promise<Remote>;
  /** Other bytes than a remote would send, to a queue. */
  raw(name: string): Promise<{ send(bytes: Uint8Array): Promise<void> }>;
}

/** What holds in memory and on a server alike: the title, and the story. */
export type Scenarios = Readonly<Record<string, (world: World) => Promise<void>>>;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A codec that sends bytes as they are. */
export const asBytes = { encode: (value: unknown): Uint8Array => value as Uint8Array, decode: (value: Uint8Array): unknown => value };

/** In virtual time, with a broker of its own. */
export function inMemory(story: (broker: MemoryBroker) => Promise<void>): () => Promise<void> {
  return () => bubble(() => story(memoryBroker()));
}

export function memoryWorld(broker: MemoryBroker): World {
  return {
    remote: async (options) => broker.remote(options),
    raw: async (name) => broker.remote({ codec: asBytes }).queue<Uint8Array>(name),
  };
}

/** A number that is checked. */
export function aNumber(value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`no number: ${String(value)}`);
  return value;
}
