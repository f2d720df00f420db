/** Flows: views, exact ones and those that look. */
import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import sinon from "sinon";
import { aborting, chan, ClosedError, go, guard, scope, select, settling, sleeping, trySelect, type Receiver } from "../../../src/node.ts";
import { flow, type Flow } from "../../../src/flow/index.ts";
import { bubble, seed } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";
import { errorOf, holding, settledAs, upTo, watched } from "./support.ts";

const theEnd = { done: true, value: undefined };

describe("flows: exact views", () => {
  it("FL-26 map in a select that loses a thousand times is never called, and the sender stays parked", async () => {
    const ch = chan<number>();
    let called = 0;
    const f = flow(ch).map((n) => { called++; return n; });
    const other = chan<string>(1);
    for (let round = 0; round < 1_000; round++) {
      const selecting = select({ value: f.receiving(), other: other.receiving() });
      other.trySend("wins");
      expect((await selecting).case).to.equal("other");
    }
    const sent = ch.send(1);
    for (let round = 0; round < 10; round++) {
      other.trySend("wins");
      expect((await select({ other: other.receiving(), value: f.receiving() }, { order: "listed" })).case).to.equal("other");
    }
    expect([called, await settledAs(sent)]).to.deep.equal([0, "pending"]);
    expect(await f.receive()).to.equal(1);
  });

  it("FL-27 map counts over all receivers of the view, and its function gets two arguments", async () => {
    const calls: unknown[][] = [];
    const f = flow(holding(["a", "b", "c"])).map((...args: unknown[]) => { calls.push(args); return args[1]; });
    expect([await f.receive(), f.tryReceive()?.value, await f.next()]).to.deep.equal([0, 1, { done: false, value: 2 }]);
    expect(calls).to.deep.equal([["a", 0], ["b", 1], ["c", 2]]);
  });

  for (const waiting of [true, false]) {
    it(`FL-28 a function that throws fails that receive alone, ${waiting ? "one that waits" : "one that finds a value"}`, async () => {
      const ch = chan<number>(waiting ? 0 : 4);
      const error = new Error("not three");
      const f = flow(ch).map((n) => { if (n === 3) throw error; return n; });
      const sending = (async () => { for (const n of [1, 2, 3, 4]) await ch.send(n); })();
      if (!waiting) await sending;
      expect([await f.receive(), await f.receive()]).to.deep.equal([1, 2]);
      expect(await errorOf(f.receive())).to.equal(error);
      expect(await f.receive()).to.equal(4);
      await sending;
      expect(ch.closed).to.equal(false);
    });
  }

  it("FL-29 a function that gives a promise fails the receive with the cure, and its rejection is handled", async () => {
    const views: Record<string, (f: Flow<number>) => Flow<unknown>> = {
      map: (f) => f.map(() => Promise.reject(new Error("handled"))),
      filter: (f) => f.filter((() => Promise.reject(new Error("handled"))) as never),
      flatMap: (f) => f.flatMap((() => Promise.reject(new Error("handled"))) as never),
      takeWhile: (f) => f.takeWhile((() => Promise.reject(new Error("handled"))) as never),
    };
    for (const [name, view] of Object.entries(views)) {
      const error = await errorOf(view(flow(holding([1]))).receive());
      expect(error, name).to.be.instanceOf(TypeError);
      expect((error as Error).message).to.match(/parallel/).and.include(name);
    }
    await settle();
  });

  it("FL-30 take(3): by the time the third receive has fulfilled the channel is closed, and its sender rejected", async () => {
    const ch = chan<number>();
    const producing = errorOf((async () => { for (let n = 1; ; n++) await ch.send(n); })());
    const f = flow(ch).take(3);
    expect([await f.receive(), await f.receive()]).to.deep.equal([1, 2]);
    expect(ch.closed).to.equal(false);
    expect(await f.receive()).to.equal(3);
    expect(ch.closed).to.equal(true);
    expect(await producing).to.be.instanceOf(ClosedError);
    expect(await f.next()).to.deep.equal(theEnd);
  });

  it("FL-31 five receivers parked on take(3): three get values in order, two see the end; two sends are rejected", async () => {
    const ch = chan<number>();
    const f = flow(ch).take(3);
    const receiving = upTo(5).map(() => f.next());
    await settle();
    const sending = await Promise.allSettled(upTo(5).map((n) => ch.send(n)));
    expect((await Promise.all(receiving)).map(({ value }) => value)).to.deep.equal([0, 1, 2, undefined, undefined]);
    expect(sending.map(({ status }) => status)).to.deep.equal(["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected"]);
  });

  it("FL-31 whoever withdraws before the handover has used no place of take", async () => {
    const ch = chan<number>();
    const f = flow(ch).take(1);
    const giving = new AbortController();
    const gone = errorOf(f.receive({ signal: giving.signal }));
    const stays = f.receive();
    await settle();
    giving.abort("gone");
    expect(ch.trySend(7)).to.equal(true);
    expect([await gone, await stays]).to.deep.equal(["gone", 7]);
  });

  it("FL-32 take(0) is over at once, and cancels; take(Infinity) and drop(0) are the identity; other counts are refused", async () => {
    const ch = chan<number>();
    const none = flow(ch).take(0);
    expect(ch.closed).to.equal(true);
    expect(await none.next()).to.deep.equal(theEnd);
    const f = flow([1]);
    expect(f.take(Infinity)).to.equal(f);
    expect(f.drop(0)).to.equal(f);
    for (const count of [-1, 1.5, NaN, "2"] as number[]) {
      expect(() => f.take(count), `take ${String(count)}`).to.throw(RangeError, /take/);
      expect(() => f.drop(count), `drop ${String(count)}`).to.throw(RangeError, /drop/);
      expect(await errorOf(f.forEach(() => 0, { limit: count }))).to.be.instanceOf(RangeError);
    }
  });

  it("FL-33 drop(2): a withdrawn receive that has dropped one leaves one to drop", async () => {
    const ch = chan<number>();
    const f = flow(ch).drop(2);
    const giving = new AbortController();
    const gone = errorOf(f.receive({ signal: giving.signal }));
    await ch.send(1);
    await settle();
    giving.abort("gone");
    expect(await gone).to.equal("gone");
    expect(ch.trySend(2)).to.equal(false);
    const receiving = f.receive();
    await ch.send(2);
    expect(ch.trySend(3)).to.equal(true);
    expect(await receiving).to.equal(3);
  });

  it("FL-33 drop hands over in the step of the send, also to several (pipeline.ts 3)", async () => {
    const ch = chan<number>();
    const f = flow(ch).drop(1);
    const receiving = [f.receive(), f.receive(), f.receive()];
    await settle();
    expect(upTo(5).map((n) => ch.trySend(n))).to.deep.equal([true, true, true, true, false]);
    expect(await Promise.all(receiving)).to.deep.equal([1, 2, 3]);
  });

  it("FL-34 until: the values before it happens, then the end, and the source is cancelled; ready at once, it wins", async () => {
    const ch = chan<number>();
    const done = chan<never>();
    const f = flow(ch).until(done.nexting());
    const first = f.receive();
    await ch.send(1);
    expect(await first).to.equal(1);
    const parked = [f.next(), f.next()];
    await settle();
    done.close();
    expect(await Promise.all(parked)).to.deep.equal([theEnd, theEnd]);
    expect(ch.closed).to.equal(true);

    const both = holding([1], false);
    expect(await flow(both).until(done.nexting()).next()).to.deep.equal(theEnd);
  });

  it("FL-35 until(aborting(signal)) fails with the reason itself, again and again; no listener while cold, none afterwards", async () => {
    const giving = new AbortController();
    const ch = chan<number>();
    const f = flow(ch).until(aborting(giving.signal));
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    const receiving = errorOf(f.receive());
    await settle();
    expect(getEventListeners(giving.signal, "abort")).to.have.length(1);
    const reason = { why: "the very object" };
    giving.abort(reason);
    expect(await receiving).to.equal(reason);
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    expect(await errorOf(f.next())).to.equal(reason);
    expect(ch.closed).to.equal(true);
  });

  it("FL-36 until(sleeping(50)) ends after 50 ms without a value, not after 50 in all; no timer while cold", async () => {
    const clock = sinon.useFakeTimers();
    try {
      const ch = chan<number>();
      const f = flow(ch).until(sleeping(50));
      for (let n = 0; n < 3; n++) {
        expect(clock.countTimers()).to.equal(0);
        const receiving = f.receive();
        await clock.tickAsync(40);
        await ch.send(n);
        expect(await receiving).to.equal(n);
      }
      const last = f.next();
      await clock.tickAsync(49);
      expect(await Promise.race([last, Promise.resolve("waits")])).to.equal("waits");
      await clock.tickAsync(1);
      expect(await last).to.deep.equal(theEnd);
      expect(clock.countTimers()).to.equal(0);
    } finally {
      clock.restore();
    }
  });

  it("FL-36 until(settling(promise)) fails as the promise does", async () => {
    const error = new Error("it broke");
    expect(await errorOf(flow(chan<number>()).until(settling(Promise.reject(error))).receive())).to.equal(error);
  });

  it("FL-36 until(guard(f)) below a view that looks: the guard is run for each receive, each poll, each further look", async () => {
    const ch = chan<number>();
    const done = chan<never>();
    let made = 0;
    const f = flow(ch).until(guard(() => { made++; return done.nexting(); })).filter((n) => n > 1);
    expect([f.tryReceive(), made]).to.deep.equal([undefined, 1]);
    const receiving = f.next();
    await ch.send(1);
    await ch.send(2);
    expect(await receiving).to.deep.equal({ done: false, value: 2 });
    const last = f.next();
    await settle();
    expect(made).to.be.greaterThan(3);
    done.close();
    expect(await last).to.deep.equal(theEnd);
    expect(ch.closed).to.equal(true);
  });

  it("FL-38 ten thousand views of views neither recurse nor overflow: maps, filters, takes (pipeline.ts 2)", async () => {
    for (const view of [(f: Flow<number>) => f.map((n) => n + 1), (f: Flow<number>) => f.filter(() => true), (f: Flow<number>) => f.take(100)]) {
      const ch = chan<number>(1);
      let f = flow(ch);
      for (let depth = 0; depth < 10_000; depth++) f = view(f);
      ch.trySend(0);
      const first = f.tryReceive();
      expect(first?.done).to.equal(false);
      const receiving = f.receive();
      await ch.send(0);
      expect(await receiving).to.equal(first?.value);
    }
  });

  it("FL-39 tryReceive and trySelect through map and take: undefined when nothing is ready, the end as data", async () => {
    const ch = chan<number>(1);
    const f = flow(ch).map((n) => n * 2).take(2);
    expect([f.tryReceive(), trySelect({ f: f.receiving() })]).to.deep.equal([undefined, undefined]);
    ch.trySend(1);
    expect(f.tryReceive()).to.deep.equal({ done: false, value: 2 });
    ch.trySend(2);
    expect(trySelect({ f: f.nexting() })).to.deep.equal({ case: "f", value: { done: false, value: 4 } });
    expect(f.tryReceive()).to.deep.equal(theEnd);
    await settle();
  });
});

describe("flows: looking views", () => {
  it("FL-42 a filter in ten thousand random withdrawals: each value that passes once, and in order", async function () {
    this.timeout(60_000);
    const given = Number(process.env["RENDEZVOUS_SEED"] ?? 42);
    try {
      await withdrawals(given);
    } catch (error) {
      console.log(`RENDEZVOUS_SEED=${String(given)}`);
      throw error;
    }
  });

  it("FL-43 a poll of a filter drops what does not pass, and gives what does", () => {
    const odd = holding([1, 3, 5], false);
    expect(flow(odd).filter((n) => n % 2 === 0).tryReceive()).to.equal(undefined);
    expect(odd.size).to.equal(0);
    expect(flow(holding([1, 2], false)).filter((n) => n % 2 === 0).tryReceive()).to.deep.equal({ done: false, value: 2 });
  });

  for (const how of ["receive", "tryReceive"] as const) {
    it(`FL-44 withdrawn in the turn of the handover, the value is in hand, and the next ${how} gives it first`, async () => {
      const ch = chan<number>();
      const f = flow(ch).filter(() => true);
      const giving = new AbortController();
      const gone = errorOf(f.receive({ signal: giving.signal }));
      await settle();
      expect(ch.trySend(1)).to.equal(true);
      giving.abort("gone");
      expect(await gone).to.equal("gone");
      expect(ch.trySend(2)).to.equal(false);
      if (how === "receive") expect(await f.receive()).to.equal(1);
      else expect(f.tryReceive()).to.deep.equal({ done: false, value: 1 });
    });
  }

  it("FL-45 in hand is at most one value, and with nobody waiting none is taken (looking.ts 3)", async () => {
    const source = watched((index) => ({ done: false, value: index }));
    const f = flow(source).filter(() => true).takeWhile(() => true);
    for (let round = 0; round < 10; round++) {
      const giving = new AbortController();
      const gone = errorOf(f.receive({ signal: giving.signal }));
      giving.abort("gone");
      await gone;
      await settle();
      expect(source.asked).to.have.length(round + 1);
      expect(await f.receive()).to.equal(round);
      await settle();
      expect(source.asked).to.have.length(round + 1);
    }
  });

  it("FL-46 cancel hands what is in hand to onDrop, once (origin.ts 2)", async () => {
    const ch = chan<number>();
    const dropped: unknown[] = [];
    const f = flow(ch, { onDrop: (value) => { dropped.push(value); } }).filter(() => true);
    const giving = new AbortController();
    const gone = errorOf(f.receive({ signal: giving.signal }));
    await settle();
    ch.trySend(1);
    giving.abort("gone");
    await gone;
    expect([f.cancel(), f.cancel()]).to.deep.equal([true, false]);
    expect(dropped).to.deep.equal([1]);
    expect(await f.next()).to.deep.equal(theEnd);
  });

  it("FL-47 three receivers parked on one filter are served in the order in which they came (looking.ts 1)", async () => {
    const ch = chan<number>();
    const f = flow(ch).filter((n) => n % 3 === 0);
    const order: string[] = [];
    const parked = ["a", "b", "c"].map((name) => f.receive().then((n) => { order.push(`${name}${String(n)}`); }));
    await settle();
    for (let n = 1; n <= 9; n++) await ch.send(n);
    await Promise.all(parked);
    expect(order).to.deep.equal(["a3", "b6", "c9"]);
  });

  it("FL-47 (b) a receive that the test itself begins stands behind the first, and is served (looking.ts 1)", async () => {
    const ch = chan<number>();
    let inside: Promise<number> | undefined;
    const f = flow(ch).filter((n) => {
      if (n === 1) inside = f.receive();
      return true;
    });
    const first = go(function* () { return yield* f.receiving(); }).join();
    await settle();
    await ch.send(1);
    expect(await first).to.equal(1);
    await ch.send(2);
    expect(await inside).to.equal(2);
  });

  it("FL-48 behind a receiver without a store, the test for the next one has that one's store (looking.ts 2)", async () => {
    const store = new AsyncLocalStorage<string>();
    const ch = chan<number>();
    const seen: (string | undefined)[] = [];
    const f = flow(ch).filter(() => { seen.push(store.getStore()); return true; });
    const receiving = [f.receive(), store.run("two", () => f.receive()), f.receive(), store.run("four", () => f.receive())];
    await settle();
    const sent = store.run("the sender", () => [1, 2, 3, 4].map((n) => ch.send(n))); // all are there in the first look
    expect(await Promise.all(receiving)).to.deep.equal([1, 2, 3, 4]);
    expect(seen).to.deep.equal([undefined, "two", undefined, "four"]);
    await Promise.all(sent);
  });

  it("FL-48 the test never runs inside a send or a close, and has the store of a waiting receiver (looking.ts 2)", async () => {
    const store = new AsyncLocalStorage<string>();
    const ch = chan<number>();
    const seen: (string | undefined)[] = [];
    let inside = false;
    const f = flow(ch).filter(() => {
      expect(inside).to.equal(false);
      seen.push(store.getStore());
      return true;
    });
    const receiving = ["one", "two"].map((name) => store.run(name, () => f.receive()));
    const third = store.run("three", () => go(function* () { return yield* f.receiving(); }).join());
    await settle();
    for (const n of [1, 2, 3]) {
      inside = true;
      const sent = store.run("the sender", () => ch.send(n));
      inside = false;
      await sent;
    }
    inside = true;
    ch.close();
    inside = false;
    expect(await Promise.all([...receiving, third])).to.deep.equal([1, 2, 3]);
    expect(seen).to.deep.equal(["one", "two", "three"]);
  });

  it("FL-49 a test that throws fails the first in line, the others stay parked, the source stays open", async () => {
    const ch = chan<number>();
    const error = new Error("not one");
    const f = flow(ch).filter((n) => { if (n === 1) throw error; return true; });
    const first = errorOf(f.receive());
    const second = f.receive();
    await settle();
    await ch.send(1);
    expect(await first).to.equal(error);
    expect(await settledAs(second)).to.equal("pending");
    await ch.send(2);
    expect(await second).to.equal(2);
    expect(ch.closed).to.equal(false);
  });

  it("FL-50 flatMap keeps the order; after a withdrawal the rest of a group comes first; an empty group gives nothing", async () => {
    const ch = chan<number>();
    const f = flow(ch).flatMap((n) => (n === 0 ? [] : [n, n * 10]));
    const first = f.receive();
    await ch.send(0);
    await ch.send(1);
    expect(await first).to.equal(1);
    const giving = new AbortController();
    giving.abort("gone");
    await errorOf(f.receive({ signal: giving.signal }));
    expect(ch.trySend(2)).to.equal(false);
    expect(await f.receive()).to.equal(10);
    expect(await settledAs(f.receive())).to.equal("pending");
    for (const wrong of ["ab", 5, undefined]) {
      expect(await errorOf(flow([1]).flatMap(() => wrong as never).receive())).to.be.instanceOf(TypeError).with.property("message").match(/flatMap/);
    }
  });

  it("FL-51 flatMap pulls an endless group lazily, and returns it at cancel", async () => {
    let pulled = 0;
    let returned = 0;
    function* group(): Generator<number> { try { for (;;) yield pulled++; } finally { returned++; } }
    const dropped: unknown[] = [];
    const f = flow([1], { onDrop: (value) => { dropped.push(value); } }).flatMap(group);
    expect([await f.receive(), await f.receive()]).to.deep.equal([0, 1]);
    expect([pulled, returned]).to.deep.equal([2, 0]);
    f.cancel();
    expect([pulled, returned, dropped]).to.deep.equal([2, 1, []]);
  });

  it("FL-52 takeWhile takes the first failing value and does not give it; then the end, and the source is cancelled", async () => {
    const ch = holding([1, 2, 9, 3], false);
    const f = flow(ch).takeWhile((n) => n < 5);
    expect(await f.toArray()).to.deep.equal([1, 2]);
    expect(ch.closed).to.equal(true);
    expect(await f.next()).to.deep.equal(theEnd);
  });

  it("FL-53 a type guard narrows; a flow is covariant, and goes where a receiver is asked for", () => {
    const f = flow(chan<string | number>());
    expectTypeOf(f.filter((value): value is string => typeof value === "string")).toEqualTypeOf<Flow<string>>();
    expectTypeOf<Flow<string>>().toExtend<Flow<string | number>>();
    expectTypeOf<Flow<string>>().toExtend<Receiver<string>>();
    expectTypeOf(f.map((value) => [value])).toEqualTypeOf<Flow<(string | number)[]>>();
  });

  it("both lanes: a generator task receives through views as an async one does", async () => {
    await bubble(async () => {
      const ch = chan<number>();
      go(async () => { for (let n = 0; n < 10; n++) await ch.send(n); ch.close(); });
      const got = await go(function* () {
        const values: number[] = [];
        const f = flow(ch).filter((n) => n % 2 === 1).map((n) => n * n);
        for (;;) {
          const next = yield* f.nexting();
          if (next.done === true) return values;
          values.push(next.value);
        }
      });
      expect(got).to.deep.equal([1, 9, 25, 49, 81]);
    });
  });
});

/** Receives of a filter by all ways, most of which are withdrawn at some moment; senders of two lanes. */
async function withdrawals(given: number): Promise<void> {
  seed(given);
  let state = given >>> 0;
  const below = (count: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  const ch = chan<number>();
  const passes = (n: number): boolean => n % 3 !== 0;
  const f = flow(ch).filter(passes);
  const total = 120_000;
  go(async () => { for (let n = 0; n < total; n += 2) { await ch.send(n); await ch.send(n + 1); } ch.close(); });
  const quit = chan<string>(1);
  const got: number[] = [];
  let withdrawn = 0;
  const kept = (result: IteratorResult<number, undefined>): boolean => {
    if (result.done !== true) got.push(result.value);
    return result.done === true;
  };
  const gone = (): boolean => { withdrawn++; return false; };
  const turns = async (): Promise<void> => { for (let left = below(2); left > 0; left--) await Promise.resolve(); };
  const bySelect = async (order: "random" | "listed"): Promise<boolean> => {
    const selecting = select({ value: f.nexting(), quit: quit.receiving() }, { order });
    await turns();
    quit.trySend("quit");
    const one = await selecting;
    quit.tryReceive();
    return one.case === "value" ? kept(one.value) : gone();
  };
  const ways: (() => Promise<boolean>)[] = [
    () => bySelect("random"),
    () => bySelect("listed"),
    async () => {
      const giving = new AbortController();
      const receiving = f.next({ signal: giving.signal }).then(kept, gone);
      await turns();
      giving.abort();
      return receiving;
    },
    () => scope(async (s) => {
      const task = s.go(function* () { return kept(yield* f.nexting()); });
      await turns();
      task.cancel();
      const result = await task.result();
      return result.status === "fulfilled" ? result.value : gone();
    }),
    () => f.next().then(kept),
    () => Promise.resolve(kept(f.tryReceive() ?? { done: false, value: NaN })),
  ];
  for (let over = false; !over;) over = await (ways[below(ways.length)] as () => Promise<boolean>)();
  expect(got.filter((n) => !Number.isNaN(n))).to.deep.equal(upTo(total).filter(passes));
  expect(withdrawn).to.be.above(10_000);
}
