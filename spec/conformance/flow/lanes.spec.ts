/** Flows: every receive, in every way of performing it. */
import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { expect } from "chai";
import { chan, never, openScope, perform, poll, type Channel, type OpenScope, type Operation } from "../../../src/node.ts";
import { broadcast, events, flow, lines, merge, produce, toReadable, type Flow } from "../../../src/flow/index.ts";
import { rateLimiter } from "../../../src/sync/index.ts";
import { kinds } from "../../laws/operations.ts";
import { settle } from "../../support/settle.ts";
import { performBy, ways } from "../../support/ways.ts";

/** A flow of what is sent. */
interface Fed {
  readonly flow: Flow<number>;
  readonly send: (value: number) => void;
}

interface Row {
  readonly name: string;
  readonly make: (s: OpenScope) => Fed;
}

/** A flow over a channel with room. */
function over(name: string, view: (source: Channel<number>, s: OpenScope) => Flow<number>): Row {
  return {
    name,
    make: (s) => {
      const channel = chan<number>(8);
      return { flow: view(channel, s), send: (value) => { channel.trySend(value); } };
    },
  };
}

const slow = async (value: number): Promise<number> => Promise.resolve(value);

const exact: Row[] = [
  over("map", (ch) => flow(ch).map((value) => value)),
  over("take", (ch) => flow(ch).take(100)),
  over("drop", (ch) => {
    ch.trySend(0);
    return flow(ch).drop(1);
  }),
  over("until", (ch) => flow(ch).until(never)),
  over("throttle", (ch) => flow(ch).throttle(rateLimiter({ limit: 1000, per: 1 }))),
  over("merge", (ch) => merge([chan<number>(), ch])),
];

const others: Row[] = [
  over("a channel", (ch) => flow(ch)),
  over("a channel that is lent", (ch) => flow(ch, { preventCancel: true })),
  over("three views", (ch) => flow(ch).map((value) => value).filter(() => true).map((value) => value)),
  over("filter", (ch) => flow(ch).filter((value) => value > 0)),
  over("flatMap", (ch) => flow(ch).flatMap((value) => [value])),
  over("takeWhile", (ch) => flow(ch).takeWhile(() => true)),
  over("chunks", (ch) => flow(ch).chunks(1).map(([value]) => value ?? 0)),
  over("debounce of nothing", (ch) => flow(ch).debounce(0)),
  over("lines", (ch) => lines(flow(ch).map((value) => `${String(value)}\n`)).map(Number)),
  over("parallel", (ch, s) => flow(ch).parallel(s, 2, slow)),
  over("parallel, unordered", (ch, s) => flow(ch).parallel(s, 2, slow, { ordered: false })),
  over("latest", (ch, s) => flow(ch).latest(s, slow)),
  over("buffer", (ch, s) => flow(ch).buffer(s, 4)),
  over("produce", (ch, s) => produce<number>(s, async (out) => { for await (const value of ch) await out.send(value); })),
  over("an async iterable", (ch) => flow({ [Symbol.asyncIterator]: () => ch[Symbol.asyncIterator]() })),
  over("a web stream", (ch) => flow(toReadable(ch))),
  {
    name: "a Node readable",
    make: () => {
      const readable = new Readable({ objectMode: true, read: () => { /* pushed */ } });
      return { flow: flow<number>(readable), send: (value) => { readable.push(value); } };
    },
  },
  {
    name: "events",
    make: () => {
      const emitter = new EventEmitter();
      return { flow: events<number>(emitter, "value"), send: (value) => { emitter.emit("value", value); } };
    },
  },
  {
    name: "a subscription",
    make: () => {
      const sender = broadcast<number>();
      return { flow: sender.subscribe(4), send: (value) => { sender.trySend(value); } };
    },
  },
];

const receives: Record<string, (flow: Flow<number>) => Operation<number>> = {
  receiving: (it) => it.receiving(),
  nexting: (it) => it.nexting().map((result) => result.value ?? NaN),
};

describe("flows: in every lane", () => {
  let s: OpenScope;
  beforeEach(() => { s = openScope(); });
  afterEach(async () => {
    s.cancel();
    await s.join().catch(() => undefined);
  });

  for (const { name, make } of [...exact, ...others]) {
    for (const way of ways) {
      for (const [receive, describing] of Object.entries(receives)) {
        it(`FL-198 ${receive} from ${name}, by ${way.name}: one that waits, one that is withdrawn, and those after it`, async () => {
          const it = make(s);
          const operation = describing(it.flow);
          const first = performBy(way, operation);
          await settle();
          it.send(1);
          expect(await first).to.equal(1);
          const controller = new AbortController();
          const withdrawn = performBy(way, operation, controller.signal).then(() => "received", () => "withdrawn");
          await settle();
          controller.abort();
          expect(await withdrawn).to.equal("withdrawn");
          expect(poll(operation)).to.equal(undefined);
          it.send(2);
          expect(await performBy(way, operation)).to.equal(2);
          it.send(3);
          await settle();
          const polled = poll(operation);
          expect(polled?.value ?? (await performBy(way, operation))).to.equal(3);
          it.flow.cancel();
          await settle();
          expect(await performBy(way, it.flow.nexting())).to.deep.equal({ done: true, value: undefined });
        });
      }
    }
  }

  for (const { name, make } of exact) {
    it(`FL-25 ${name} is exact: a poll that fails and a receive that is withdrawn have taken nothing; it is in the law suite`, async () => {
      expect(kinds.some((kind) => kind.name.startsWith(`receiving from ${name}`))).to.equal(true);
      const it = make(s);
      const operation = it.flow.receiving();
      for (let round = 1; round <= 5; round++) {
        if (poll(operation) !== undefined) throw new Error("it has a value");
        const controller = new AbortController();
        const withdrawn = perform(operation, { signal: controller.signal }).catch(() => "withdrawn");
        controller.abort();
        it.send(round); // in the very turn of the withdrawal
        expect(await withdrawn).to.equal("withdrawn");
        expect(await perform(operation)).to.equal(round);
      }
      it.flow.cancel();
    });
  }
});
