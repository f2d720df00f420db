/** What the ends of a channel between machines keep, and for how long. */
import { expect } from "chai";
import type { Broker, Message } from "../../../src/nats/index.ts";
import type { Client } from "../../../src/nats/client.ts";
import { Exchange, type Taker } from "../../../src/nats/exchange.ts";
import type { Giver } from "../../../src/nats/givers.ts";
import { clientOver } from "../../../src/nats/remote.ts";
import { settle } from "../../support/settle.ts";
import { bytes } from "./support.ts";

/** Who hears what: a broker without a connection, which hands over in a microtask. */
class Engine {
  readonly #ears = new Map<string, Set<(message: Message) => void>>();

  #route(subject: string, data: Uint8Array, respond: (answer: Uint8Array) => void): void {
    queueMicrotask(() => {
      for (const key of [subject, subject.replace(/[^.]*$/, "*")]) for (const ear of this.#ears.get(key) ?? []) ear({ subject, bytes: data, respond });
    });
  }

  client(): Client {
    const broker: Broker = {
      maxBytes: 1024, connected: true, closed: undefined,
      states: () => () => undefined,
      publish: (subject, data) => { this.#route(subject, data, () => undefined); },
      subscribe: (subject, _, heard) => {
        this.#ears.set(subject, (this.#ears.get(subject) ?? new Set()).add(heard));
        const unsubscribe = (): void => { this.#ears.get(subject)?.delete(heard); };
        return { known: () => Promise.resolve(), unsubscribe, drain: async () => { unsubscribe(); } };
      },
      request: (subject, data) => new Promise((resolve) => {
        this.#route(subject, data, (answer) => { resolve({ subject, bytes: answer, respond: () => undefined }); });
      }),
    };
    return clientOver(broker, {}, "a spec");
  }
}

const exchangeOf = (client: Client): Exchange => new Exchange(client, "c", "work", 'channel "work"');

function giverOf(taken: () => void): Giver {
  const failed = (error: unknown): void => { throw error; };
  return { before: undefined, after: undefined, bytes: bytes("1"), seq: 0, inbox: undefined, since: undefined, asked: false, left: false, taken, failed, unknown: failed };
}

describe("what is remembered of a channel between machines", () => {
  it("NT-20 of 100,000 values, 64 at a time, the receiver remembers the answers that may be asked for again: 64, and a few", async () => {
    const engine = new Engine();
    const [near, far] = [engine.client(), engine.client()];
    const [giving, taking] = [exchangeOf(near), exchangeOf(far)];
    let [given, taken, most] = [0, 0, 0];
    const all = new Promise<void>((resolve) => {
      const want = (): void => {
        const taker: Taker = { before: undefined, after: undefined, end: () => undefined, take: () => {
          taken++;
          most = Math.max(most, taking.remembered);
          want();
        } };
        taking.want(taker);
      };
      const give = (): void => {
        if (given++ < 100_000) giving.give(giverOf(give));
        else if (taken === 100_000) resolve();
      };
      for (let n = 0; n < 64; n++) {
        want();
        give();
      }
    });
    await all;
    expect(taken).to.equal(100_000);
    expect(most).to.be.within(1, 128);
    await near.end();
    await settle();
    expect(taking.remembered).to.equal(0);
    await far.end();
  });

  it("NT-20 (b) of a thousand senders that have come and gone nothing is remembered", async () => {
    const engine = new Engine();
    const far = engine.client();
    const taking = exchangeOf(far);
    for (let n = 0; n < 1000; n++) {
      const near = engine.client();
      taking.want({ before: undefined, after: undefined, end: () => undefined, take: () => undefined });
      await new Promise<void>((resolve) => { exchangeOf(near).give(giverOf(resolve)); });
      await near.end();
    }
    await settle();
    expect(taking.remembered).to.equal(0);
    await far.end();
  });
});
