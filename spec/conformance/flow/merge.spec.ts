/** Flows: merge. */
import { expect } from "chai";
import { chan, choose, ClosedError, go, scope, select, sleep, type Channel } from "../../../src/node.ts";
import { flow, merge } from "../../../src/flow/index.ts";
import { bubble, expectNoLeaks, seed } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";
import { errorOf, holding, settledAs, upTo, watched } from "./support.ts";

const theEnd = { done: true, value: undefined };

describe("flows: merge", () => {
  it("FL-67 two sources that are always ready have a share of a half each, by the seed; listed, the first one always (merge.ts 1)", async () => {
    const shares = async (order: "random" | "listed"): Promise<number> => {
      function* always(value: number): Generator<number> { for (;;) yield value; }
      let first = 0;
      await merge([always(0), always(1)], { order }).take(10_000).forEach((n) => { if (n === 0) first++; });
      return first;
    };
    seed(7);
      expect(await shares("random")).to.be.within(4_800, 5_200);
      expect(await shares("listed")).to.equal(10_000);
  });

  it("FL-67 (b) reports call it by what it is", () => {
    expect(String(merge([chan<number>(), chan<number>()]))).to.equal('Flow "merge of 2"');
  });

  it("FL-68 nothing is read ahead: cold, or with a parked receive that is withdrawn, it has taken nothing (merge.ts 1)", async () => {
    const [a, b] = [chan<number>(), chan<number>()];
    const f = merge([a, b]);
    expect([a.trySend(1), b.trySend(1)]).to.deep.equal([false, false]);
    const giving = new AbortController();
    const gone = errorOf(f.receive({ signal: giving.signal }));
    await settle();
    giving.abort("gone");
    expect(await gone).to.equal("gone");
    expect([a.trySend(1), b.trySend(1)]).to.deep.equal([false, false]);

    const source = watched((index) => ({ done: false, value: index }));
    const other = chan<number>();
    const g = merge([source, other]);
    await Promise.all([g.receive(), go(() => other.send(7))]);
    expect(source.most).to.equal(1);
    expect(source.asked.length).to.be.at.most(2);
  });

  it("FL-69 sources that end are left out; the merge ends with the last; merge([]) is over at once", async () => {
    const [a, b] = [chan<number>(), chan<number>()];
    const f = merge([a, b]);
    a.close();
    const receiving = f.receive();
    await b.send(1);
    expect(await receiving).to.equal(1);
    b.close();
    expect(await f.next()).to.deep.equal(theEnd);
    expect(await merge([]).next()).to.deep.equal(theEnd);
    expect(merge([]).tryReceive()).to.deep.equal(theEnd);
  });

  it("FL-70 a source ends while receives are parked: they stay at the others, in their places (merge.ts 2)", async () => {
    const [a, b, c] = [chan<number>(), chan<number>(), chan<number>()];
    const f = merge([a, b, c]);
    const first = f.receive();
    const beside = b.receive();
    const second = f.next();
    await settle();
    a.close();
    expect([await settledAs(first), await settledAs(second)]).to.deep.equal(["pending", "pending"]);
    expect([b.trySend(1), b.trySend(2), b.trySend(3)]).to.deep.equal([true, true, true]);
    expect([await first, await beside, (await second).value]).to.deep.equal([1, 2, 3]);
    const last = [f.next(), f.next()];
    await settle();
    b.close();
    c.close();
    expect(await Promise.all(last)).to.deep.equal([theEnd, theEnd]);
  });

  for (const parked of [true, false]) {
    it(`FL-71 the first error is the end, and stays; the others are cancelled with it: ${parked ? "while receives wait" : "found by a poll"} (merge.ts 3)`, async () => {
      const error = new Error("it broke");
      const [a, b] = [chan<number>(), chan<number>()];
      const f = merge([a, b]);
      const sent = parked ? undefined : errorOf(b.send(1));
      if (!parked) {
        a.close(error);
        const all = merge([a, b], { order: "listed" });
        expect(await errorOf(all.receive())).to.equal(error);
        expect(await errorOf(all.next())).to.equal(error);
        expect(await sent).to.be.instanceOf(ClosedError).with.property("cause", error);
        return;
      }
      const waiting = [errorOf(f.receive()), errorOf(f.next())];
      await settle();
      a.close(error);
      expect(await Promise.all(waiting)).to.deep.equal([error, error]);
      expect(await errorOf(f.next())).to.equal(error);
      expect(b.closed).to.equal(true);
      expect(await errorOf(b.send(1))).to.have.property("cause", error);
    });
  }

  it("FL-71 a function of a view over a source that throws is an error like any other", async () => {
    const error = new Error("it threw");
    const [a, b] = [chan<number>(), chan<number>()];
    const f = merge([flow(a).map(() => { throw error; }), b]);
    const waiting = errorOf(f.receive());
    await settle();
    await a.send(1);
    expect(await waiting).to.equal(error);
    expect([a.closed, b.closed]).to.deep.equal([true, true]);
  });

  for (const way of ["break", "cancel"] as const) {
    it(`FL-72 ${way}: six async generators have run their finally blocks, and nothing is left`, () => expectNoLeaks(async () => {
      const order: number[] = [];
      async function* source(id: number): AsyncGenerator<number> {
        try {
          for (let n = 0; ; n++) yield await Promise.resolve(n);
        } finally {
          await settle();
          order.push(id);
        }
      }
      const f = merge(upTo(6).map(source));
      let count = 0;
      if (way === "break") {
        for await (const _ of f) if (++count === 20) break;
      } else {
        for (; count < 20; count++) await f.receive();
        await f[Symbol.asyncDispose]();
      }
      expect(order.sort()).to.deep.equal(upTo(6));
    }));
  }

  it("FL-73 the same channel twice weighs twice; a hundred sources work", async () => {
    seed(7);
      const [a, b] = [holding(Array<number>(10_000).fill(0), false), holding(Array<number>(10_000).fill(1), false)];
      let first = 0;
      await merge([a, b, a]).take(6_000).forEach((n) => { if (n === 0) first++; });
      expect(first).to.be.within(3_800, 4_200);
      const all = await merge(upTo(100).map((n) => [n])).toArray();
      expect(all.sort((one, other) => one - other)).to.deep.equal(upTo(100));
  });

  it("FL-74 a million values over four sources, with random withdrawals: each once, in the order of its source", async function () {
    this.timeout(60_000);
    const count = 250_000;
    const channels: Channel<number>[] = upTo(4).map(() => chan<number>());
    for (const [index, ch] of channels.entries()) go(function* () { for (let n = 0; n < count; n++) yield* ch.sending(n * 4 + index); ch.close(); });
    const f = merge(channels);
    const last = [-4, -3, -2, -1];
    let got = 0;
    let withdrawn = 0;
    const quit = chan<number>(1);
    await go(function* () {
      for (let round = 0; ; round++) {
        if (round % 8 === 0) quit.trySend(round);
        const one = yield* selectingEither(f, quit);
        if (one === undefined) return;
        if (one < 0) { withdrawn++; continue; }
        const source = one % 4;
        if (one !== (last[source] as number) + 4) throw new Error(`${String(one)} after ${String(last[source])}`);
        last[source] = one;
        got++;
      }
    });
    expect([got, withdrawn > 10_000]).to.deep.equal([4 * count, true]);
  });

  it("takes a list of sources, and an order", () => {
    expect(() => merge(5 as never)).to.throw(TypeError, /merge\(\[a, b\]\)/);
    expect(() => merge("ab" as never)).to.throw(TypeError, /merge\(\[a, b\]\)/);
    expect(() => merge(["ab" as never])).to.throw(TypeError, /lines/);
    expect(() => merge([], { order: "first" as never })).to.throw(TypeError, /order/);
  });

  it("in a bubble the merge of what sleeps is waited for", () => bubble(() => scope(async () => {
    async function* every(ms: number): AsyncGenerator<number> { for (let n = 1; n <= 3; n++) { await sleep(ms); yield n * ms; } }
    const began = performance.now();
    expect(await merge([every(30), every(50)]).toArray()).to.deep.equal([30, 50, 60, 90, 100, 150]);
    expect(performance.now() - began).to.equal(150);
    expect((await select({ late: merge<number>([chan<number>()]).receiving(), one: merge([[1]]).receiving() })).case).to.equal("one");
  })));
});

function* selectingEither(f: ReturnType<typeof merge<number>>, quit: Channel<number>): Generator<unknown, number | undefined> {
  return yield* choose(f.nexting().map((result) => (result.done === true ? undefined : result.value)), quit.receiving().map(() => -1));
}
