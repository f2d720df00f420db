/** Iterators of receivers: an iterator that ends takes nothing more, and ends no other. */
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect } from "chai";
import sinon from "sinon";
import { calls, chan, dumpTasks, go, scope, select, ticker, type Receiver } from "../../../src/node.ts";
import { memoryNet } from "../../../src/testing/index.ts";
import { freshCopy } from "../../support/fresh.ts";
import { program } from "../../support/program.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

const theEnd = { done: true, value: undefined };
type Own = AsyncIterator<unknown, undefined>;
const iteratorOf = (receiver: AsyncIterable<unknown, undefined>): Own => receiver[Symbol.asyncIterator]();
const leave = (iterator: Own): Promise<unknown> => (iterator.return as () => Promise<unknown>)();
const raise = (iterator: Own, error: unknown): Promise<unknown> => (iterator.throw as (error: unknown) => Promise<unknown>)(error);

/** A receiver, how one thing comes to it, and how to take that. */
interface Given {
  receiver: AsyncIterable<unknown, undefined>;
  give: (value: string) => unknown;
  /** What is there; `undefined`: nothing. */
  left: () => unknown;
}

const receivers: Record<string, () => Promise<Given>> = {
  "a channel": async () => ofChannel(0),
  "a buffered channel": async () => ofChannel(3),
  "a server of calls": async () => {
    const { server, client } = calls<string, string>("c");
    return { receiver: server, give: (value) => { client.call(value).catch(() => undefined); }, left: async () => (await server.accept()).value };
  },
  "a listener": async () => {
    const net = memoryNet();
    const listener = await net.listen("127.0.0.1:0");
    return {
      receiver: listener,
      give: async () => { await net.dial({ host: "127.0.0.1", port: listener.address.port as number }); },
      left: () => listener.tryReceive()?.done === false,
    };
  },
  "a connection": async () => ofConnection((it) => it),
  "the lines of a connection": async () => ofConnection((it) => it.lines()),
};

function ofChannel(capacity: number): Given {
  const channel = chan<string>(capacity);
  return { receiver: channel, give: (value) => { void channel.send(value); }, left: () => channel.tryReceive()?.value };
}

async function ofConnection(viewOf: (it: Awaited<ReturnType<ReturnType<typeof memoryNet>["dial"]>>) => Receiver<unknown>): Promise<Given> {
  const net = memoryNet();
  const listener = await net.listen("127.0.0.1:0");
  const far = await net.dial({ host: "127.0.0.1", port: listener.address.port as number });
  const near = await listener.receive();
  return {
    receiver: viewOf(near),
    give: (value) => far.send(`${value}\n`),
    left: () => { const result = near.tryReceive(); return result?.done === false ? new TextDecoder().decode(result.value).trim() : result; },
  };
}

describe("iterators of receivers", () => {
  for (const [name, make] of Object.entries(receivers)) {
    for (const [how, end] of Object.entries({ return: leave, throw: (one: Own) => raise(one, "over").catch((error: unknown) => error) })) {
      it(`FA-08 ${how}() of the iterator of ${name} withdraws a pending next(), which gives the end; nothing is lost (iteration.ts 1)`, async () => {
        const { receiver, give, left } = await make();
        const iterator = iteratorOf(receiver);
        const pending = [iterator.next(), iterator.next()];
        await settle();
        expect(await end(iterator)).to.deep.equal(how === "return" ? theEnd : "over");
        expect(await Promise.all(pending)).to.deep.equal([theEnd, theEnd]);
        await give("kept");
        await settle();
        expect(await iterator.next()).to.deep.equal(theEnd);
        expect(await left()).to.be.oneOf(["kept", true]);
      });
    }

    it(`FA-08 it ends that iterator of ${name} alone: another one goes on, in its turn (iteration.ts 2)`, async () => {
      const { receiver, give } = await make();
      const [first, second, third] = [iteratorOf(receiver), iteratorOf(receiver), iteratorOf(receiver)];
      const pending = [first.next(), second.next(), third.next()] as const;
      await settle();
      await leave(second);
      expect(await pending[1]).to.deep.equal(theEnd);
      await give("one");
      expect((await pending[0]).done).to.equal(false);
      await give("two");
      expect((await pending[2]).done).to.equal(false);
      const again = first.next();
      await give("three");
      expect((await again).done).to.equal(false);
    });
  }

  it("FA-08 the same of a ticker: no tick is lost to an iterator that has ended", async () => {
    const clock = sinon.useFakeTimers();
    try {
      using ticks = ticker(10);
      const iterator = iteratorOf(ticks);
      const pending = iterator.next();
      await leave(iterator);
      expect(await pending).to.deep.equal(theEnd);
      await clock.tickAsync(10);
      expect(ticks.tryReceive()).to.deep.equal({ done: false, value: 1 });
    } finally {
      clock.restore();
    }
  });

  it("a loop over a ticker keeps the process, and one that was left does not", () => {
    const loop = program(`import { ticker } from "rendezvous";
      for await (const tick of ticker(2)) if (tick > 1) break;
      console.log("left");`);
    expect(loop).to.deep.equal({ code: 0, output: "left\n", errors: "" });
    const dropped = program(`import { ticker } from "rendezvous";
      const iterator = ticker(3_600_000)[Symbol.asyncIterator]();
      const pending = iterator.next();
      await iterator.return();
      const { done, value, ...others } = await pending;
      console.log(done, value, Object.keys(others).length);`);
    expect(dropped).to.deep.equal({ code: 0, output: "true undefined 0\n", errors: "" });
  });

  it("FA-08 in a scope, after a cancel, and beside selects and plain receives: only the iterator's own are withdrawn", async () => {
    const channel = chan<number>();
    await scope(async (s) => {
      const iterator = iteratorOf(channel);
      const before = channel.receive();
      const pending = iterator.next();
      const selected = select({ it: channel.receiving() });
      const after = channel.next();
      await settle();
      expect(dumpTasks()).to.match(/receive on channel/);
      await leave(iterator);
      expect(await pending).to.deep.equal(theEnd);
      for (let n = 1; n <= 3; n++) expect(channel.trySend(n)).to.equal(true);
      expect([await before, (await selected).value, (await after).value]).to.deep.equal([1, 2, 3]);
      expect(channel.trySend(4)).to.equal(false);
      s.cancel("enough");
      const refused = iteratorOf(channel);
      expect(await rejectionOf(refused.next())).to.have.property("code", "RENDEZVOUS_CANCELLED");
      expect(await leave(refused)).to.deep.equal(theEnd);
    });
  });

  it("a loop that ends with nothing pending does not look through the line: fifty thousand of them break one after the other", async () => {
    const channel = chan<number>();
    let broken = 0;
    for (let n = 0; n < 50_000; n++) go(async () => { for await (const _ of channel) { broken++; break; } });
    await settle();
    for (let n = 0; n < 50_000; n++) await channel.send(n);
    await settle();
    expect(broken).to.equal(50_000);
    expect(channel.receivers.empty).to.equal(true);
  });

  it("law 5: a loop leaves the line wherever it stands in it, however long that is: fifty thousand of them, the last first", async () => {
    const channel = chan<number>();
    const loops = Array.from({ length: 50_000 }, () => iteratorOf(channel));
    const pending = loops.map((loop) => loop.next());
    for (const loop of loops.reverse()) void leave(loop);
    expect(channel.receivers.empty).to.equal(true);
    expect((await Promise.all(pending)).every((result) => result.done)).to.equal(true);
  });

  it("FA-08 two hundred thousand pending next() of one loop wait and are withdrawn in time in proportion to their number", async () => {
    const channel = chan<number>();
    const iterator = iteratorOf(channel);
    const pending = Array.from({ length: 200_000 }, () => iterator.next());
    await leave(iterator);
    expect(channel.receivers.empty).to.equal(true);
    expect((await Promise.all(pending)).every((result) => result.done)).to.equal(true);
  });

  it("FA-08 several pending next() of one loop, some of them served, one cancelled: return() withdraws those that are left", async () => {
    const channel = chan<number>();
    const iterator = iteratorOf(channel);
    const results = [iterator.next(), iterator.next()];
    const cancelled = scope(async (s) => { setTimeout(() => { s.cancel(); }); await iterator.next(); });
    expect(await rejectionOf(cancelled)).to.have.property("code", "RENDEZVOUS_CANCELLED");
    results.push(iterator.next());
    expect([channel.trySend(1), channel.trySend(2)]).to.deep.equal([true, true]);
    results.push(iterator.next());
    await leave(iterator);
    expect(channel.receivers.empty).to.equal(true);
    expect((await Promise.all(results)).map((result) => (result as { value: unknown }).value)).to.deep.equal([1, 2, undefined, undefined]);
  });

  it("FA-08 many pending next() of one loop, half of them cancelled in between: return() ends each that is left", async () => {
    const channel = chan<number>();
    const iterator = iteratorOf(channel);
    const results: Promise<unknown>[] = [];
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 40; n++) results.push(iterator.next());
      await scope((s) => {
        for (let n = 0; n < 40; n++) s.go(() => iterator.next());
        setImmediate(() => { s.cancel(); });
      }).catch(() => undefined);
    }
    await leave(iterator);
    expect(channel.receivers.empty).to.equal(true);
    expect(await Promise.all(results)).to.deep.equal(Array.from({ length: 120 }, () => theEnd));
  });

  it("next() of a loop over a channel that was closed with an error rejects with that very error, each time", async () => {
    const copy = await freshCopy(); // nothing was ever cancelled in it, so `next` goes the shortest way
    const channel = copy.chan<number>(1);
    const error = new Error("broken");
    channel.trySend(1);
    channel.close(error);
    const iterator = iteratorOf(channel);
    expect(await iterator.next()).to.deep.equal({ done: false, value: 1 });
    expect(await rejectionOf(iterator.next())).to.equal(error);
    expect(await rejectionOf(iterator.next())).to.equal(error);
  });

  it("an iterator can be iterated itself: it goes on where it stands", async () => {
    const channel = chan<number>(3);
    for (let n = 1; n <= 3; n++) channel.trySend(n);
    channel.close();
    const iterator = channel[Symbol.asyncIterator]();
    await iterator.next();
    const seen: number[] = [];
    for await (const value of iterator) seen.push(value);
    expect(seen).to.deep.equal([2, 3]);
  });

  // -- Streams made of a channel --

  /** A channel of which a stream was made and read once, so that it has asked for one more. */
  const streams: Record<string, (channel: ReturnType<typeof chan<string>>) => Promise<void>> = {
    "Readable.from, destroyed": async (channel) => {
      const stream = Readable.from(channel);
      stream.once("data", () => undefined);
      await settle();
      stream.destroy();
    },
    "Readable.from, destroyed with an error": async (channel) => {
      const stream = Readable.from(channel);
      stream.on("error", () => undefined);
      stream.once("data", () => undefined);
      await settle();
      stream.destroy(new Error("broken"));
    },
    "Readable.from, left by break": async (channel) => {
      for await (const _ of Readable.from(channel)) break;
    },
    "ReadableStream.from, cancelled": async (channel) => {
      const reader = ReadableStream.from<string>(channel).getReader();
      await reader.read();
      void reader.read();
      await settle();
      await reader.cancel();
    },
    "ReadableStream.from, left by break": async (channel) => {
      for await (const _ of ReadableStream.from<string>(channel)) break;
    },
    "a pipeline that is aborted": async (channel) => {
      const abort = new AbortController();
      const sink = new Writable({ objectMode: true, write(_chunk, _encoding, done) { done(); } });
      const piped = pipeline(Readable.from(channel), sink, { signal: abort.signal }).catch(() => undefined);
      await settle();
      abort.abort();
      await piped;
    },
    "a pipeline whose sink fails": async (channel) => {
      const sink = new Writable({ objectMode: true, write(_chunk, _encoding, done) { done(new Error("full")); } });
      await pipeline(Readable.from(channel), sink).catch(() => undefined);
    },
    "an async generator that is left": async (channel) => {
      for await (const _ of (async function* () { yield* channel; })()) break;
    },
  };
  for (const [name, use] of Object.entries(streams)) {
    it(`FA-08 ${name}: it takes nothing more from the channel`, async () => {
      const channel = chan<string>();
      const loops: AsyncIterator<string, undefined>[] = [];
      const iterate = channel[Symbol.asyncIterator].bind(channel);
      channel[Symbol.asyncIterator] = () => {
        const loop = iterate();
        loops.push(loop);
        return loop;
      };
      void channel.send("first");
      await use(channel);
      await settle();
      expect(loops).to.have.length(1);
      const after = (loops[0] as AsyncIterator<string, undefined>).next();
      expect(await isPending(after), "its iterator has ended").to.equal(false);
      expect(await after).to.deep.equal({ done: true, value: undefined });
      expect(channel.receivers.empty, "nobody is left in line").to.equal(true);
      expect(channel.trySend("second")).to.equal(false);
      const received = channel.receive();
      expect(channel.trySend("second")).to.equal(true);
      expect(await received).to.equal("second");
    });
  }
});
