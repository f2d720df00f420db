/** What the specs of `rendezvous/nats` share: a world of processes that talk over a broker, in memory or on a server. */
import { expect } from "chai";
import sinon from "sinon";
import { sleep } from "../../../src/node.ts";
import { bubble, memoryBroker, type MemoryBroker } from "../../../src/testing/index.ts";
import { Engine, type Ear } from "../../../src/testing/broker/engine.ts";
import { rejectionOf } from "../../support/settle.ts";
import type { Queue, Remote, RemoteOptions } from "../../../src/nats/index.ts";

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

/** As {@link inMemory}. `subscribed` counts the subscriptions at the broker. When the story is over its remotes end, and nothing may be left. */
export function leavingNothing(story: (broker: MemoryBroker, subscribed: () => number) => Promise<void>): () => Promise<void> {
  return inMemory(async (broker) => {
    const ears = new Set<Ear>();
    const remotes: Remote[] = [];
    const added = sinon.stub(Engine.prototype, "add").callsFake(function (this: Engine, ear) {
      ears.add(ear);
      added.wrappedMethod.call(this, ear);
    });
    const removed = sinon.stub(Engine.prototype, "remove").callsFake(function (this: Engine, ear) {
      ears.delete(ear);
      removed.wrappedMethod.call(this, ear);
    });
    const remote: MemoryBroker["remote"] = (options) => {
      const made = broker.remote(options);
      remotes.push(made);
      return made;
    };
    try {
      await story(Object.create(broker, { remote: { value: remote } }) as MemoryBroker, () => ears.size);
      for (const one of remotes) await one[Symbol.asyncDispose]();
      await sleep(1000); // what takes its time has come
      expect({ waiting: broker.waiting, clients: broker.clients, subscribed: ears.size }).to.deep.equal({ waiting: 0, clients: 0, subscribed: 0 });
    } finally {
      added.restore();
      removed.restore();
    }
  });
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

/** Serves a queue until so many values are done, and gives them in the order of their doing. */
export async function doneOf<T>(jobs: Queue<T>, count: number): Promise<T[]> {
  const done: T[] = [];
  const stop = new AbortController();
  const serving = jobs.serve((value) => {
    done.push(value);
    if (done.length === count) stop.abort("all");
  }, { signal: stop.signal });
  expect(await rejectionOf(serving)).to.equal("all");
  return done;
}
