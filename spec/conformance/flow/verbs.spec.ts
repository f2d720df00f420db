/** Flows: verbs. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import { chan, ClosedError, scope, sleep, sleeping, suppressedOf, CancelledError } from "../../../src/node.ts";
import { flow } from "../../../src/flow/index.ts";
import { bubble } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";
import { errorOf, holding, settledAs, upTo, watched } from "./support.ts";

describe("flows: verbs", () => {
  it("FL-102 forEach takes one at a time, awaits its function, counts, and gives nothing", async () => {
    const calls: unknown[][] = [];
    let running = 0;
    const given: unknown = await flow(["a", "b"]).forEach(async (...args: unknown[]) => {
      expect(++running).to.equal(1);
      await settle();
      running--;
      calls.push(args);
    });
    expect(given).to.equal(undefined);
    expect(calls).to.deep.equal([["a", 0], ["b", 1]]);
  });

  for (const lane of ["async", "generator"] as const) {
    it(`FL-102 forEach with a limit of 8 runs at most 8 at once, and all have ended when it settles: ${lane}`, async () => {
      await bubble(async () => {
        let running = 0;
        let most = 0;
        const done: number[] = [];
        const begin = (): void => { most = Math.max(most, ++running); };
        const end = (n: number): void => { running--; done.push(n); };
        await flow(upTo(100)).forEach(lane === "async"
          ? async (n: number): Promise<void> => { begin(); await sleep((n * 7) % 13); end(n); }
          : function* (n: number) { begin(); yield* sleeping((n * 7) % 13); end(n); }, { limit: 8 });
        expect([running, most]).to.deep.equal([0, 8]);
        expect(done.sort((a, b) => a - b)).to.deep.equal(upTo(100));
      });
    });
  }

  it("FL-103 forEach fails with the first error of its function; the others are cancelled and awaited, later errors are suppressed (verbs.ts 1)", async () => {
    await bubble(async () => {
      const ch = chan<number>(10);
      for (const n of [1, 2, 3, 4, 5]) ch.trySend(n);
      const error = new Error("two");
      const later = new Error("later");
      const ended: number[] = [];
      const failure = await errorOf(flow(ch).forEach(async (n) => {
        if (n === 2) { await sleep(5); throw error; }
        try { await sleep(1_000); } finally { ended.push(n); if (n === 3) throw later; }
      }, { limit: 3 }));
      expect(failure).to.equal(error);
      expect(ended).to.deep.equal([1, 3]);
      expect(suppressedOf(error)).to.deep.equal([later]);
      expect(ch.closed).to.equal(true);
    });
  });

  it("FL-103 the error of the source is forEach's", async () => {
    const error = new Error("it broke");
    for (const limit of [1, 4]) {
      const ch = holding([1, 2], false);
      ch.close(error);
      expect(await errorOf(flow(ch).forEach(() => 0, { limit }))).to.equal(error);
    }
  });

  it("FL-104 with an aborted signal it rejects with the reason and has taken nothing; aborted meanwhile the source is cancelled", async () => {
    const ch = holding([1], false);
    expect(await errorOf(flow(ch).forEach(() => 0, { signal: AbortSignal.abort("no") }))).to.equal("no");
    expect(ch.size).to.equal(1);
    const giving = new AbortController();
    const running = errorOf(flow(ch).forEach(() => 0, { signal: giving.signal }));
    await settle();
    giving.abort("enough");
    expect(await running).to.equal("enough");
    expect(ch.closed).to.equal(true);
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
  });

  it("FL-105 toArray, reduce, some, every, find do as the iterator helpers", async () => {
    expect(await flow([1, 2]).toArray()).to.deep.equal([1, 2]);
    expect(await flow([1, 2, 3]).reduce((sum, n, index) => sum + n * index)).to.equal(1 + 2 + 6);
    expect(await flow([1, 2, 3]).reduce(async (sum, n) => `${sum}${String(n)}`, "")).to.equal("123");
    expect(await flow([1, 2]).reduce((sum: number | undefined, n) => n + (sum ?? 10), undefined)).to.equal(13);
    expect(await errorOf(flow([] as number[]).reduce((sum, n) => sum + n))).to.be.instanceOf(TypeError);
    expect(await flow([] as number[]).reduce((sum, n) => sum + n, 7)).to.equal(7);
    expect(await flow([1]).reduce(() => { throw new Error("never called"); })).to.equal(1);
    expect(await flow([] as number[]).some(() => true)).to.equal(false);
    expect(await flow([] as number[]).every(() => false)).to.equal(true);
    expect(await flow([1, 2]).find((n) => n > 2)).to.equal(undefined);
  });

  it("FL-105 some, every and find await their function, and cancel the source at the first decision", async () => {
    const ways = [
      (source: AsyncIterable<number>) => flow(source).some(async (n) => { await settle(); return n === 2; }),
      (source: AsyncIterable<number>) => flow(source).every(function* (n) { yield* sleeping(0); return n < 2; }),
      (source: AsyncIterable<number>) => flow(source).find((n) => Promise.resolve(n === 2)),
    ];
    const given = [];
    for (const way of ways) {
      const source = watched((index) => ({ done: false, value: index }));
      given.push(await way(source));
      expect(source.asked).to.deep.equal(["next", "next", "next", "return"]);
    }
    expect(given).to.deep.equal([true, false, 2]);
  });

  it("FL-106 into sends all values, closes the sender, and gives true; with preventClose it is left open", async () => {
    const ch = chan<number>(5);
    expect(await flow([1, 2]).into(ch)).to.equal(true);
    expect([ch.size, ch.closed]).to.deep.equal([2, true]);
    const open = chan<number>(5);
    expect(await flow([1, 2]).into(open, { preventClose: true })).to.equal(true);
    expect(open.closed).to.equal(false);
  });

  it("FL-106 into closes the sender with the source's error, and rejects with it", async () => {
    const error = new Error("it broke");
    for (const preventClose of [false, true]) {
      const source = holding([1], false);
      source.close(error);
      const ch = chan<number>(5);
      expect(await errorOf(flow(source).into(ch, { preventClose }))).to.equal(error);
      expect(ch.closed).to.equal(!preventClose);
      expect(await ch.receive()).to.equal(1);
      if (!preventClose) expect(await errorOf(ch.receive())).to.equal(error);
    }
  });

  it("FL-107 a receiver that cancels is no error: the source is cancelled, into gives false, no value is sent twice", async () => {
    const dropped: unknown[] = [];
    const source = holding([1, 2, 3, 4], false);
    const ch = chan<number>();
    const all = flow(source, { onDrop: (value) => { dropped.push(value); } }).into(ch);
    expect([await ch.receive(), await ch.receive()]).to.deep.equal([1, 2]);
    await settle();
    ch.cancel("seen enough");
    expect(await all).to.equal(false);
    expect(source.closed).to.equal(true);
    expect(dropped).to.deep.equal([3]);
  });

  it("FL-108 into in a scope that is cancelled while it sends: the value is not sent, and the sender is closed with the CancelledError", async () => {
    const ch = chan<number>();
    let sent: unknown;
    await scope(async (s) => {
      const task = s.go(() => flow([1, 2]).into(ch));
      await settle();
      task.cancel("enough");
      sent = await errorOf(task.join());
    });
    expect(sent).to.be.instanceOf(CancelledError);
    expect(ch.closed).to.equal(true);
    expect(await errorOf(ch.receive())).to.equal(sent);
    expect(await errorOf(ch.send(3))).to.be.instanceOf(ClosedError).with.property("cause", sent);
  });

  it("a verb waits until the source has cleaned up, and gives the error of that (verbs.ts 2)", async () => {
    const error = new Error("it does not close");
    let cleaned = false;
    const source = async function* (fails: boolean): AsyncGenerator<number> {
      try { for (let n = 0; ; n++) yield await Promise.resolve(n); } finally { await settle(); cleaned = true; if (fails) throw error; }
    };
    expect(await flow(source(false)).find((n) => n === 3)).to.equal(3);
    expect(cleaned).to.equal(true);
    expect(await errorOf(flow(source(true)).take(2).toArray())).to.equal(error);
    const first = new Error("first");
    expect(await errorOf(flow(source(true)).forEach(() => { throw first; }))).to.equal(first);
    expect(suppressedOf(first)).to.deep.equal([error]);
  });

  it("what is no function is refused, with the cure; unknown options are", async () => {
    const f = flow([1]);
    for (const wrong of [f.forEach(5 as never), f.some(undefined as never), f.reduce("x" as never), f.forEach(async function* () { yield await Promise.resolve(1); } as never), f.into(5 as never), f.toArray({ limit: 3 } as never)]) {
      expect(await errorOf(wrong)).to.be.instanceOf(TypeError);
    }
    expect(await settledAs(f.toArray())).to.deep.equal({ value: [1] });
  });
});
