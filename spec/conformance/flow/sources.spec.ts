/** Flows: their sources, ownership, the end. */
import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { expect } from "chai";
import sinon from "sinon";
import { chan, ClosedError, go, scope, select, sleeping, type Receiver } from "../../../src/node.ts";
import { flow } from "../../../src/flow/index.ts";
import { settle } from "../../support/settle.ts";
import { errorOf, holding, settledAs, upTo, watched } from "./support.ts";

async function* counting(to: number): AsyncGenerator<number> {
  for (let n = 0; n < to; n++) yield await Promise.resolve(n);
}

const streamOf = (values: readonly unknown[]): ReadableStream<unknown> =>
  new ReadableStream({
    start(controller) {
      for (const value of values) controller.enqueue(value);
      controller.close();
    },
  });

const theEnd = { done: true, value: undefined };

describe("flows: sources", () => {
  it("FL-01 cold, a flow and ten views over it take nothing, and no timer exists (pipeline.ts 1)", () => {
    const clock = sinon.useFakeTimers();
    try {
      const ch = chan<number>();
      let f = flow(ch);
      for (let view = 0; view < 5; view++) f = f.map((n) => n + 1).filter((n) => n > 0);
      expect(ch.trySend(1)).to.equal(false);
      expect(clock.countTimers()).to.equal(0);
      expect(String(ch)).to.not.match(/wait/);
    } finally {
      clock.restore();
    }
  });

  const kinds: Record<string, (values: number[]) => Parameters<typeof flow<number>>[0]> = {
    "a channel": (values) => holding(values),
    "an array": (values) => values,
    "a set": (values) => new Set(values),
    "a generator": (values) => (function* () { yield* values; })(),
    "an async generator": (values) => counting(values.length),
    "a ReadableStream": (values) => streamOf(values) as unknown as ReadableStream<number>,
    "a Node object Readable": (values) => Readable.from(values) as unknown as Receiver<number>,
    "another flow": (values) => flow(values).map((n) => n),
    "a flow of a flow with options": (values) => flow(flow(values), { name: "outer" }),
  };
  for (const [name, make] of Object.entries(kinds)) {
    it(`FL-02 ${name}: all values in order, then the end, twice`, async () => {
      const f = flow(make([0, 1, 2, 3]));
      expect(await f.toArray()).to.deep.equal([0, 1, 2, 3]);
      expect(await f.next()).to.deep.equal(theEnd);
      expect(await f.next()).to.deep.equal(theEnd);
      expect(await errorOf(f.receive())).to.be.instanceOf(ClosedError);
    });
  }

  it("FL-02 a Node byte Readable: all bytes", async () => {
    const bytes = await flow<Uint8Array>(new Readable({ read() { this.push("ab"); this.push(null); } }) as unknown as AsyncIterable<Uint8Array>).toArray();
    expect(Buffer.concat(bytes).toString()).to.equal("ab");
  });

  it("FL-03 flow of a flow is the same; with options it is a new one over the same source", async () => {
    const ch = holding([1, 2], false);
    const f = flow(ch);
    expect(flow(f)).to.equal(f);
    const named = flow(f, { name: "named" });
    expect(named).to.not.equal(f);
    expect([await named.receive(), await f.receive()]).to.deep.equal([1, 2]);
    named.cancel();
    expect(await f.next()).to.deep.equal(theEnd);
  });

  it("FL-04 what cannot be pulled is refused at the call, with the cure", () => {
    const wrong: [unknown, RegExp][] = [
      ["abc", /\[\.\.\.text\]/], [5, /\[value\]/], [null, /\[value\]/], [undefined, /\[value\]/], [() => 1, /call it|events/], [counting, /call it/],
      [Promise.resolve(1), /await it/], [new EventEmitter(), /events/], [new EventTarget(), /events/], [{ subscribe() { /* nothing */ } }, /events/],
      [chan().receiving(), /flow\(ch\)/], [{ a: 1 }, /Object\.entries/],
    ];
    for (const [given, cure] of wrong) expect(() => flow(given as number[]), String(cure)).to.throw(TypeError, cure);
    expect(() => flow([], { name: 5 } as never)).to.throw(TypeError, /name/);
    expect(() => flow([], { onDrop: 5 } as never)).to.throw(TypeError, /onDrop/);
    expect(() => flow([], { onDropped: 5 } as never)).to.throw(TypeError, /onDropped/);
  });

  it("FL-05 at most one next() is under way, also with three parked receivers; they are served in order (iterator.ts 1)", async () => {
    const source = watched((index) => ({ done: false, value: index }));
    const f = flow(source);
    expect(await Promise.all([f.receive(), f.receive(), f.receive()])).to.deep.equal([0, 1, 2]);
    expect(source.most).to.equal(1);
    expect(source.asked).to.deep.equal(["next", "next", "next"]);
  });

  it("FL-05 a poll starts no next()", async () => {
    const source = watched((index) => ({ done: false, value: index }));
    const f = flow(source);
    expect(f.tryReceive()).to.equal(undefined);
    await settle();
    expect(source.asked).to.deep.equal([]);
  });

  it("FL-06 what comes for a receive that was withdrawn is the next receiver's, exactly once", async () => {
    const f = flow(counting(1_000));
    const got: number[] = [];
    let withdrawn = 0;
    for (let round = 0; got.length < 1_000; round++) {
      const giving = new AbortController();
      const receiving = f.receive({ signal: giving.signal });
      for (let turns = (round * 7) % 5; turns > 0; turns--) await Promise.resolve();
      giving.abort("gone");
      await receiving.then((value) => { got.push(value); }, () => { withdrawn++; });
    }
    expect(got).to.deep.equal(upTo(1_000));
    expect(withdrawn).to.be.above(100);
  });

  const withdrawable: Record<string, () => AsyncIterable<unknown>> = {
    "a ReadableStream": () => {
      let n = 0;
      return new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, n % 4 === 0 ? 2 : 0));
          if (n < 200) controller.enqueue(n++);
          else controller.close();
        },
      }, { highWaterMark: 0 });
    },
    "a Node Readable": () => {
      let n = 0;
      return new Readable({
        objectMode: true,
        highWaterMark: 1,
        read() { setTimeout(() => { this.push(n < 200 ? { n: n++ } : null); }, n % 4 === 0 ? 2 : 0); },
      });
    },
  };
  for (const [name, make] of Object.entries(withdrawable)) {
    it(`FL-07 ${name}: 200 values under a time limit for each, at least 40 withdrawals, all there`, async () => {
      const f = flow(make()).map((value) => (typeof value === "object" ? (value as { n: number }).n : value));
      const got: unknown[] = [];
      let withdrawn = 0;
      for (;;) {
        const one = await select({ value: f.nexting(), late: sleeping(withdrawn < 60 ? 0 : 1_000) }, { order: "listed" });
        if (one.case === "late") withdrawn++;
        else if (one.value.done === true) break;
        else got.push(one.value.value);
      }
      expect(got).to.deep.equal(upTo(200));
      expect(withdrawn).to.be.at.least(40);
    });
  }

  it("FL-08 a source that throws after two values: two values, then that very error to everybody (iterator.ts 2)", async () => {
    const error = new Error("it broke");
    const f = flow((async function* () { yield await Promise.resolve(1); yield 2; throw error; })());
    expect([await f.receive(), await f.receive()]).to.deep.equal([1, 2]);
    expect(await errorOf(f.receive())).to.equal(error);
    expect(await errorOf(f.next())).to.equal(error);
    expect(await errorOf(f.toArray())).to.equal(error);
    expect(await errorOf((async () => { for await (const _ of f); })())).to.equal(error);
    expect(() => f.tryReceive()).to.throw(error);
    expect(f.cancel()).to.equal(false);
    expect(await errorOf(f.receive())).to.equal(error);
  });

  it("FL-09 a web stream that errors fails the flow with the very error each time", async () => {
    const error = new Error("it broke");
    const f = flow(new ReadableStream({ start(controller) { controller.enqueue(1); controller.error(error); } }) as unknown as AsyncIterable<number>);
    expect(await errorOf(f.receive())).to.equal(error);
    expect(await errorOf(f.receive())).to.equal(error);
  });

  it("FL-10 a Readable destroyed with an error gives its bytes first; without one it is a ClosedError (readable.ts 2)", async () => {
    for (const error of [new Error("it broke"), undefined]) {
      const stream = new Readable({ read() { /* pushed below */ } });
      stream.push("abc");
      const f = flow(stream as AsyncIterable<Buffer>);
      await settle();
      stream.destroy(error);
      expect(String(await f.receive())).to.equal("abc");
      const failure = await errorOf(f.receive());
      if (error) expect(failure).to.equal(error);
      else expect(failure).to.be.instanceOf(ClosedError);
      expect(await errorOf(f.next())).to.equal(failure);
    }
  });
});

describe("flows: ownership", () => {
  it("FL-11 cancel reaches a channel, a web stream, an iterator, a Readable; once (origin.ts 1)", async () => {
    const ch = chan<number>();
    const sent = errorOf(ch.send(1));
    const overChannel = flow(ch);
    expect([overChannel.cancel("why"), overChannel.cancel()]).to.deep.equal([true, false]);
    expect(await sent).to.include({ cause: "why" });

    let reason: unknown;
    const stream = new ReadableStream({ cancel(given) { reason = given; } });
    const overStream = flow(stream as AsyncIterable<unknown>);
    const parked = overStream.next();
    await settle();
    overStream.cancel("why");
    expect(await parked).to.deep.equal(theEnd);
    await settle();
    expect([reason, stream.locked]).to.deep.equal(["why", false]);

    const source = watched((index) => ({ done: false, value: index }));
    const overIterator = flow(source);
    await overIterator.receive();
    expect([overIterator.cancel(), overIterator.cancel()]).to.deep.equal([true, false]);
    expect(source.asked).to.deep.equal(["next", "return"]);
    expect(await overIterator.next()).to.deep.equal(theEnd);

    const readable = new Readable({ read() { /* quiet */ } });
    const overReadable = flow(readable as AsyncIterable<unknown>);
    const waiting = overReadable.next();
    await settle();
    overReadable.cancel();
    expect(readable.destroyed).to.equal(true);
    expect(await waiting).to.deep.equal(theEnd);
    await settle();
    expect(readable.eventNames().filter((name) => readable.listenerCount(name) > 0)).to.deep.equal([]);
  });

  it("FL-11 after the natural end cancel is true the first time, and asks nothing of the source", async () => {
    const source = watched((index) => (index < 1 ? { done: false, value: index } : { done: true, value: undefined }));
    const f = flow(source);
    await f.toArray();
    expect([f.cancel(), f.cancel()]).to.deep.equal([true, false]);
    expect(source.asked).to.deep.equal(["next", "next"]);
  });

  for (const way of ["break", "return", "throw"] as const) {
    it(`FL-12 ${way} in a loop cancels the source, whose finally has run before the loop is left (flow/loop.ts 1)`, async () => {
      const order: string[] = [];
      const source = async function* (): AsyncGenerator<number> {
        try {
          for (let n = 0; ; n++) yield await Promise.resolve(n);
        } finally {
          await settle();
          order.push("finally");
        }
      };
      const loop = async (): Promise<void> => {
        for await (const n of flow(source()).map((value) => value)) {
          if (n < 2) continue;
          if (way === "break") break;
          if (way === "return") return;
          throw new Error("enough");
        }
      };
      await loop().catch((error: unknown) => { expect((error as Error).message).to.equal("enough"); });
      order.push("after");
      expect(order).to.deep.equal(["finally", "after"]);
    });
  }

  it("FL-13 a channel's own loop, preventCancel of the flow and of values leave the channel open", async () => {
    const ch = holding([1, 2, 3], false);
    for await (const n of ch) if (n === 1) break;
    for await (const n of flow(ch, { preventCancel: true })) if (n === 2) break;
    const f = flow(ch);
    for await (const n of f.values({ preventCancel: true })) if (n === 3) break;
    expect(ch.closed).to.equal(false);
    ch.trySend(4);
    expect(await f.receive()).to.equal(4);
  });

  it("FL-14 a next() that rejects in a loop cancels the source: a view that throws, a task that is cancelled (flow/loop.ts 2)", async () => {
    const ch = holding([1, 2, 3], false);
    const error = new Error("it threw");
    expect(await errorOf((async () => { for await (const _ of flow(ch).map((n) => { if (n === 2) throw error; return n; })); })())).to.equal(error);
    expect(ch.closed).to.equal(true);

    const quiet = chan<number>();
    await scope(async (s) => {
      const task = s.go(async () => { for await (const _ of flow(quiet)); });
      await settle();
      task.cancel();
      await task.result();
    });
    expect(quiet.closed).to.equal(true);
  });

  it("FL-15 a loop over a generator that is stuck in an await is left at once by a cancel (flow/loop.ts 3)", async () => {
    const stuck = async function* (): AsyncGenerator<number> {
      await new Promise(() => { /* for ever */ });
      yield 1;
    };
    await scope(async (s) => {
      const task = s.go(async () => { for await (const _ of flow(stuck())); });
      await settle();
      task.cancel();
      expect((await task.result()).status).to.equal("rejected");
      expect(task.state).to.equal("cancelled");
    });
  });

  it("FL-16 a return() that rejects is the loop's, after a break (origin.ts 3)", async () => {
    const error = new Error("it does not close");
    const f = flow((async function* () { try { for (;;) yield await Promise.resolve(1); } finally { throw error; } })());
    expect(await errorOf((async () => { for await (const _ of f) break; })())).to.equal(error);
  });

  it("FL-17 await using: the finally of the generator has run at the end of the block", async () => {
    const order: string[] = [];
    const source = async function* (): AsyncGenerator<number> {
      try { for (;;) yield await Promise.resolve(1); } finally { await settle(); order.push("finally"); }
    };
    {
      await using f = flow(source());
      await f.receive();
    }
    order.push("after");
    expect(order).to.deep.equal(["finally", "after"]);
  });

  it("FL-18 preventCancel gives the lock of a web stream back, and the listeners of a Readable", async () => {
    const stream = streamOf([1, 2, 3]);
    for await (const n of flow(stream as AsyncIterable<number>, { preventCancel: true })) if (n === 1) break;
    expect(stream.locked).to.equal(false);
    expect((await stream.getReader().read()).value).to.equal(2);

    const readable = Readable.from([1, 2, 3]);
    for await (const n of flow(readable as AsyncIterable<number>, { preventCancel: true })) if (n === 1) break;
    expect(readable.destroyed).to.equal(false);
    const ours = ["readable", "end", "close", "error"].map((name) => readable.listenerCount(name));
    expect(ours).to.deep.equal(["readable", "end", "close", "error"].map((name) => Readable.from([]).listenerCount(name)));
    readable.destroy();
  });

  it("FL-19 preventCancel: take(2) leaves the channel open, a third value goes to another receiver", async () => {
    const ch = chan<number>();
    go(async () => { for (const n of [1, 2, 3]) await ch.send(n); });
    expect(await flow(ch, { preventCancel: true }).take(2).toArray()).to.deep.equal([1, 2]);
    expect([ch.closed, await ch.receive()]).to.deep.equal([false, 3]);
  });

  it("FL-19 preventCancel: whoever waits at the source for the flow sees the end when it is left", async () => {
    const ch = chan<number>();
    const f = flow(ch, { preventCancel: true });
    const parked = [f.next(), f.filter(() => true).next(), errorOf(f.receive())];
    await settle();
    f.cancel();
    expect((await Promise.all(parked)).slice(0, 2)).to.deep.equal([theEnd, theEnd]);
    expect(ch.trySend(1)).to.equal(false);
    expect(ch.closed).to.equal(false);
  });

  it("FL-20 any value passes unchanged", async () => {
    const promise = Promise.resolve(1);
    const values = [undefined, null, NaN, new Error("a value"), () => 1, promise];
    expect(await flow(values).toArray()).to.deep.equal(values);
    expect(await flow(values).filter(() => true).toArray()).to.deep.equal(values);
    expect(await flow(values).take(6).toArray()).to.deep.equal(values);
  });

  it("FL-21 an error that a Readable emits while nobody waits is the next receive's (readable.ts 1)", async () => {
    const readable = new Readable({ read() { /* quiet */ } });
    const f = flow(readable as AsyncIterable<unknown>);
    const error = new Error("it broke");
    readable.destroy(error);
    await settle();
    expect(await errorOf(f.receive())).to.equal(error);
  });

  it("FL-22 a loop over a source that is always ready, and of which nothing passes, starves no timer", async function () {
    this.timeout(30_000);
    let asked = 0;
    function* naturals(): Generator<number> { for (;;) yield asked++; }
    let ticks = 0;
    const interval = setInterval(() => { ticks++; }, 1);
    // Seconds of uninterrupted work: a timer that has had no turn by then is starved.
    await flow(naturals()).filter((n) => ticks >= 5 || n >= 100_000_000).receive();
    clearInterval(interval);
    expect(ticks).to.be.at.least(5);
  });

  it("FL-22 a poll looks at a bounded number of values, in a tower of views too", () => {
    let asked = 0;
    function* naturals(): Generator<number> { for (;;) yield asked++; }
    let f = flow(naturals());
    for (let views = 0; views < 10; views++) f = f.filter((n) => n % 2 < 2);
    expect(f.filter(() => false).tryReceive()).to.equal(undefined);
    expect(asked).to.be.within(1, 1_000);
    expect(flow(naturals()).drop(1e12).tryReceive()).to.equal(undefined);
    expect(flow(naturals()).flatMap(() => []).tryReceive()).to.equal(undefined);
    expect(asked).to.be.below(3_000);
  });

  it("pending receives are parked, by the name of the flow (pipeline.ts 4)", async () => {
    const f = flow(chan<number>({ name: "jobs" }));
    expect(String(f.receiving())).to.equal('to receive from flow "jobs"');
    expect(await settledAs(f.receive())).to.equal("pending");
    expect(String(f)).to.equal('Flow "jobs"');
  });
});
