/** Flows: stages. In virtual time. */
import { expect } from "chai";
import {
  awaiting, CancelledError, chan, ClosedError, scope, shield, sleep, sleeping, suppressedOf, type Body, type Scope,
} from "../../../src/node.ts";
import { flow, produce, type Flow } from "../../../src/flow/index.ts";
import { bubble } from "../../../src/testing/index.ts";
import { errorOf, holding, upTo } from "./support.ts";

const theEnd = { done: true, value: undefined };

/** A specification that runs in a bubble. */
const spec = (title: string, body: () => Promise<void>): void => { it(title, () => bubble(body)); };

/** Bodies that take a while: an async one, and a generator. */
const lanes: Record<string, <T>(ms: (n: number) => number, give: (n: number) => T, unwound?: (n: number, error: unknown) => void) => Body<[n: number], T>> = {
  async: (ms, give, unwound) => async (n) => {
    try {
      await sleep(ms(n));
    } catch (error) {
      unwound?.(n, error);
      throw error;
    }
    return give(n);
  },
  generator: (ms, give, unwound) => function* (n) {
    try {
      yield* sleeping(ms(n));
    } catch (error) {
      unwound?.(n, error);
      throw error;
    }
    return give(n);
  },
};

describe("flows: stages", () => {
  for (const [lane, slow] of Object.entries(lanes)) {
    spec(`FL-77 parallel(s, 3) over 100 values never runs more than three bodies, and gives results in order: ${lane} (parallel.ts 1)`, () => scope(async (s) => {
      let running = 0;
      let most = 0;
      const body = slow((n) => { most = Math.max(most, ++running); return (n * 7) % 13; }, (n) => { running--; return n * 2; });
      expect(await flow(upTo(100)).parallel(s, 3, body).toArray()).to.deep.equal(upTo(100).map((n) => n * 2));
      expect(most).to.equal(3);
    }));

    spec(`FL-91 cancelled, a body gets the CancelledError where it waits: ${lane}`, async () => {
      const seen: [number, boolean][] = [];
      await scope(async (s) => {
        const body = slow((n) => (n === 0 ? 1 : 1_000), (n) => n, (n, error) => { seen.push([n, error instanceof CancelledError]); });
        const f = flow(upTo(5)).parallel(s, 2, body);
        expect(await f.receive()).to.equal(0);
        await sleep(1);
        f.cancel();
        await f[Symbol.asyncDispose]();
        expect(seen.sort()).to.deep.equal([[1, true], [2, true]]);
      });
    });
  }

  spec("FL-78 ordered: with the first value stuck and a limit of 4, exactly 4 values are taken (parallel.ts 2, places.ts 1, places.ts 2)", () => scope(async (s) => {
    const ch = holding(upTo(20), false);
    const f = flow(ch).parallel(s, 4, async (n) => { if (n === 0) await sleep(1_000); return n; });
    await sleep(100);
    expect([ch.size, f.tryReceive()]).to.deep.equal([16, undefined]);
    f.cancel();
  }));

  spec("FL-79 unordered: results in the order of completion; with one stuck the others go on", () => scope(async (s) => {
    const f = flow([50, 10, 1_000, 20, 5]).parallel(s, 3, async (ms) => { await sleep(ms); return ms; }, { ordered: false });
    expect(await f.toArray()).to.deep.equal([10, 20, 5, 50, 1_000]); // they end at 10, 30, 35, 50, 1,000
  }));

  spec("FL-80 nobody receives: at most so many values are taken, and their bodies run", () => scope(async (s) => {
    for (const ordered of [true, false]) {
      const ch = holding(upTo(20), false);
      let ran = 0;
      const f = flow(ch).parallel(s, 3, (n) => { ran++; return n; }, { ordered });
      await sleep(100);
      expect([ch.size, ran]).to.deep.equal([17, 3]);
      expect(await f.receive()).to.equal(0);
      await sleep(100);
      expect([ch.size, ran]).to.deep.equal([16, 4]);
      f.cancel();
    }
  }));

  spec("FL-81 taking the next value overlaps with bodies that run", () => scope(async (s) => {
    async function* slowly(): AsyncGenerator<number> { for (let n = 0; n < 4; n++) { await sleep(10); yield n; } }
    const began = performance.now();
    await flow(slowly()).parallel(s, 4, async (n) => { await sleep(100); return n; }).toArray();
    expect(performance.now() - began).to.equal(140);
  }));

  spec("FL-82 bodies go on while the consumer is busy between two receives", () => scope(async (s) => {
    const began = performance.now();
    for await (const _ of flow(upTo(8)).parallel(s, 4, async (n) => { await sleep(100); return n; })) await sleep(100);
    expect(performance.now() - began).to.be.at.most(1_000);
  }));

  const throwing: Record<string, (error: Error) => (n: number) => unknown> = {
    "throws": (error) => (n) => { if (n === 3) throw error; return sleep(n).then(() => n); },
    "rejects": (error) => async (n) => { await sleep(n); if (n === 3) throw error; return n; },
    "throws from a generator": (error) => function* (n) { yield* sleeping(n); if (n === 3) throw error; return n; },
  };
  for (const [how, make] of Object.entries(throwing)) {
    spec(`FL-83 a body that ${how} is the end in its place, to every receiver; the source is cancelled, and read no further than the limit`, () => scope(async (s) => {
      const error = new Error("three");
      const ch = holding([1, 2, 3, ...upTo(50).map((n) => n + 1_000)], false);
      let ended = 0;
      const body = make(error) as (n: number) => Promise<number>;
      const f = flow(ch).parallel(s, 4, (n) => (n < 1_000 ? body(n) : sleep(n).finally(() => { ended++; }).then(() => n)));
      expect([await f.receive(), await f.receive()]).to.deep.equal([1, 2]);
      const began = performance.now();
      expect(await errorOf(f.receive())).to.equal(error);
      expect(performance.now() - began).to.be.at.most(3);
      expect(ended).to.be.at.most(4);
      expect(await errorOf(f.next())).to.equal(error);
      expect(await errorOf(f.toArray())).to.equal(error);
      expect(ch.closed).to.equal(true);
    }));
  }

  spec("FL-83 ordered, an earlier body that fails later is the end, and the later failure is suppressed (parallel.ts 3)", () => scope(async (s) => {
    const [one, two] = [new Error("one"), new Error("two")];
    const f = flow([1, 2, 3]).parallel(s, 3, async (n) => { await sleep(n === 1 ? 20 : 10); throw n === 1 ? one : two; });
    expect(await errorOf(f.receive())).to.equal(one);
    expect(suppressedOf(one)).to.deep.equal([two]);
  }));

  spec("FL-84 the source fails: the results of the values before, then its error", () => scope(async (s) => {
    for (const ordered of [true, false]) {
      const error = new Error("it broke");
      const ch = holding([20, 10], false);
      ch.close(error);
      const f = flow(ch).parallel(s, 3, async (ms) => { await sleep(ms); return ms; }, { ordered });
      expect([await f.receive(), await f.receive()]).to.deep.equal(ordered ? [20, 10] : [10, 20]);
      expect(await errorOf(f.receive())).to.equal(error);
    }
  }));

  spec("FL-85 the consumer takes three and breaks: bodies are cancelled and awaited, the source is cancelled, nothing more is taken (stage.ts 2)", () => scope(async (s) => {
    const ch = holding(upTo(100), false);
    const ended: number[] = [];
    const dropped: unknown[] = [];
    const f = flow(ch, { onDrop: (value) => { dropped.push(value); } }).parallel(s, 5, async (n) => {
      if (n < 4) return n;
      try { await sleep(1_000); } finally { await shield(() => sleep(5)); ended.push(n); }
      return n;
    });
    let count = 0;
    for await (const _ of f) if (++count === 3) break;
    expect(ended.sort()).to.deep.equal([4, 5, 6, 7]);
    expect(dropped).to.deep.equal([3]);
    expect(ch.closed).to.equal(true);
  }));

  spec("FL-86 a scope whose body returns without having received all ends, with the body's value (stage.ts 1)", async () => {
    const stages: Record<string, (s: Scope) => Flow<number>> = {
      parallel: (s) => flow(upTo(100)).parallel(s, 4, async (n) => { await sleep(n); return n; }),
      latest: (s) => flow(upTo(100)).latest(s, async (n) => { await sleep(1_000); return n; }),
      buffer: (s) => flow(upTo(100)).buffer(s, 4),
      produce: (s) => produce<number>(s, async (out) => { for (const n of upTo(100)) await out.send(n); }),
    };
    for (const [name, make] of Object.entries(stages)) {
      let f: Flow<number> | undefined;
      expect(await scope(async (s) => { f = make(s); if (name !== "latest") await f.receive(); return name; })).to.equal(name);
      expect(await f?.next(), name).to.deep.equal(theEnd);
    }
  });

  spec("FL-87 as long as children of the scope receive, the stage lives", async () => {
    const got: number[] = [];
    await scope((s) => {
      const f = flow(upTo(10)).parallel(s, 2, async (n) => { await sleep(5); return n; });
      s.go(async () => { for await (const n of f) got.push(n); });
    });
    expect(got).to.deep.equal(upTo(10));
  });

  const failing = async (): Promise<never> => { await sleep(1); throw new Error("of the stage"); };
  spec("FL-88 a failure that a receiver gets is not the scope's; one that nobody gets is; never both, never neither (stage.ts 3)", async () => {
    const made: Record<string, (s: Scope) => Flow<unknown>> = {
      parallel: (s) => flow([1]).parallel(s, 2, failing),
      latest: (s) => flow([1]).latest(s, failing),
      produce: (s) => produce(s, failing),
      buffer: (s) => flow((async function* () { yield await failing(); })()).buffer(s, 2),
    };
    for (const [name, make] of Object.entries(made)) {
      let received: unknown;
      expect(await scope(async (s) => { received = await errorOf(make(s).receive()); await sleep(5); return "body"; }), name).to.equal("body");
      expect((received as Error).message).to.equal("of the stage");
      const failure = await errorOf(scope(async (s) => { make(s); await sleep(5); return "body"; }));
      expect((failure as Error).message, name).to.equal("of the stage");
      const cancelled = await errorOf(scope(async (s) => { const f = make(s); await sleep(5); f.cancel(); await sleep(100); }));
      expect((cancelled as Error).message, name).to.equal("of the stage");
    }
  });

  spec("FL-89 the scope is cancelled: receives reject with the one CancelledError, and all bodies have ended before the scope has", async () => {
    let ended = 0;
    let outside: Promise<unknown> | undefined;
    let f: Flow<number> | undefined;
    const failure = await errorOf(scope(async (s) => {
      f = flow(upTo(10)).parallel(s, 3, async (n) => { try { await sleep(1_000); } finally { await shield(() => sleep(5)); ended++; } return n; });
      await sleep(1);
      s.cancel("enough");
      outside = errorOf(shield(() => (f as Flow<number>).receive()));
      await sleep(1);
    }));
    expect(ended).to.equal(3);
    expect(failure).to.be.instanceOf(CancelledError);
    expect(await outside).to.equal(failure);
    expect(await errorOf((f as Flow<number>).receive())).to.equal(failure);
  });

  spec("FL-90 on a scope that has ended a stage throws at the call; on a cancelled one the flow fails with the CancelledError", async () => {
    let s: Scope | undefined;
    const cancelled = await errorOf(scope(async (given) => {
      s = given;
      given.cancel("enough");
      const ch = chan<number>();
      const f = flow(ch).parallel(given, 2, (n) => n);
      const error = await errorOf(shield(() => f.receive()));
      expect(ch.closed).to.equal(true);
      throw error;
    }));
    expect(cancelled).to.be.instanceOf(CancelledError).with.property("cause", "enough");
    const over = s as Scope;
    expect(() => flow([1]).parallel(over, 2, (n) => n)).to.throw(ClosedError, /parallel in .* has ended/);
    expect(() => flow([1]).latest(over, (n) => n)).to.throw(ClosedError, /latest in .* has ended/);
    expect(() => flow([1]).buffer(over, 1)).to.throw(ClosedError, /buffer in .* has ended/);
    expect(() => produce(s as Scope, () => 0)).to.throw(ClosedError, /produce/);
    expect(() => flow([1]).parallel({} as Scope, 2, (n) => n)).to.throw(TypeError, /parallel takes a scope first, as scope\(\(s\) => flow\.parallel\(s, 8/);
  });

  spec("FL-32 limits that are none are refused, and so are functions and options", () => scope((s) => {
    for (const limit of [0, -1, 1.5, NaN, "2"] as number[]) expect(() => flow([1]).parallel(s, limit, (n) => n)).to.throw(RangeError, /limit of parallel/);
    expect(() => flow([1]).parallel(s, 1, 5 as never)).to.throw(TypeError, /parallel/);
    expect(() => flow([1]).parallel(s, 1, (n) => n, { orderd: false } as never)).to.throw(TypeError, /orderd/);
    expect(() => flow([1]).latest(s, undefined as never)).to.throw(TypeError, /latest/);
    expect(() => flow([1]).buffer(s, -1)).to.throw(RangeError, /capacity/);
    expect(() => produce(s, async function* () { yield await Promise.resolve(1); } as never)).to.throw(TypeError, /produce/);
  }));

  spec("FL-92 latest: only the third of three values has a result; bodies never overlap, even while one unwinds", () => scope(async (s) => {
    for (const unwinding of [0, 5]) {
      let running = 0;
      let most = 0;
      const values = produce<number>(s, async (out) => { for (const n of [0, 1, 2]) { await out.send(n); await sleep(10); } });
      const f = values.latest(s, async (n) => {
        most = Math.max(most, ++running);
        try {
          await sleep(15);
        } finally {
          if (unwinding > 0) await shield(() => sleep(unwinding));
          running--;
        }
        return n;
      });
      expect(await f.toArray()).to.deep.equal([2]);
      expect([running, most]).to.deep.equal([0, 1]);
    }
  }));

  spec("FL-93 latest: the source ends while a body runs, its result is given; a body's error ends the flow; that of an unwinding is the scope's", async () => {
    await scope(async (s) => {
      expect(await flow([1]).latest(s, async (n) => { await sleep(10); return n; }).toArray()).to.deep.equal([1]);
      const error = new Error("of the body");
      const ch = holding([1], false);
      expect(await errorOf(flow(ch).latest(s, async () => { await sleep(10); throw error; }).receive())).to.equal(error);
      expect(ch.closed).to.equal(true);
      const broke = new Error("of the source");
      const breaking = holding([1], false);
      breaking.close(broke);
      const f = flow(breaking).latest(s, async (n) => { await sleep(10); return n; });
      expect(await f.receive()).to.equal(1);
      expect(await errorOf(f.receive())).to.equal(broke);
    });
    const unwinding = new Error("of the unwinding");
    expect(await errorOf(scope(async (s) => {
      const values = produce<number>(s, async (out) => { await out.send(1); await sleep(5); await out.send(2); });
      await values.latest(s, async (n) => { try { await sleep(20); } finally { if (n === 1) throw unwinding; } return n; }).toArray();
    }))).to.equal(unwinding);
  });

  spec("FL-93 latest: a finished result that nobody has received is superseded, and goes to onDrop", () => scope(async (s) => {
    const dropped: unknown[] = [];
    const ch = chan<number>(2);
    const f = flow(ch, { onDrop: (value) => { dropped.push(value); } }).latest(s, (n) => n * 10);
    ch.trySend(1);
    await sleep(5);
    ch.trySend(2);
    await sleep(5);
    expect([dropped, await f.receive()]).to.deep.equal([[10], 20]);
    f.cancel();
  }));

  spec("FL-94 buffer(s, 4) takes four, and one more stands in line at most; the order is kept; the end, or the error, comes after", () => scope(async (s) => {
    const ch = holding(upTo(20), false);
    const f = flow(ch).buffer(s, 4);
    await sleep(10);
    expect(ch.size).to.be.within(15, 16);
    expect([await f.receive(), await f.receive()]).to.deep.equal([0, 1]);
    f.cancel();
    expect(await flow(upTo(10)).buffer(s, 3).toArray()).to.deep.equal(upTo(10));
    const error = new Error("it broke");
    const breaking = holding([1, 2], false);
    breaking.close(error);
    const g = flow(breaking).buffer(s, 4);
    expect([await g.receive(), await g.receive()]).to.deep.equal([1, 2]);
    expect(await errorOf(g.receive())).to.equal(error);
  }));

  spec("FL-95 buffer that drops the oldest: a slow consumer sees the latest, the dropped ones go to onDrop, once", () => scope(async (s) => {
    for (const own of [true, false]) {
      const [ofHead, ofBuffer]: unknown[][] = [[], []];
      const source = flow(upTo(5), { onDrop: (value) => { (ofHead as unknown[]).push(value); } });
      const f = source.buffer(s, { capacity: 1, overflow: "drop-oldest", ...(own ? { onDrop: (value: number) => { (ofBuffer as unknown[]).push(value); } } : {}) });
      await sleep(1);
      expect(await f.toArray()).to.deep.equal([4]);
      expect([ofHead, ofBuffer]).to.deep.equal(own ? [[], [0, 1, 2, 3]] : [[0, 1, 2, 3], []]);
    }
  }));

  spec("FL-96 produce ends as its body does; a consumer that leaves cancels it, and its next operation rejects; it has the capacity given", () => scope(async (s) => {
    expect(await produce<number>(s, async (out) => { await out.send(1); await out.send(2); }).toArray()).to.deep.equal([1, 2]);
    expect(await produce<number>(s, function* (out) { yield* out.sending(1); }).toArray()).to.deep.equal([1]);
    const error = new Error("it broke");
    const failing = produce<number>(s, async (out) => { await out.send(1); throw error; });
    expect(await failing.receive()).to.equal(1);
    expect(await errorOf(failing.receive())).to.equal(error);
    const seen: unknown[] = [];
    const endless = produce<number>(s, async (out) => {
      try { for (let n = 0; ; n++) await out.send(n); } catch (reason) { seen.push(reason); throw reason; }
    });
    for await (const n of endless) if (n === 2) break;
    expect(seen[0]).to.be.instanceOf(CancelledError);
    let sent = 0;
    const roomy = produce<number>(s, async (out) => { for (;;) { await out.send(sent); sent++; } }, 3);
    await sleep(1);
    expect(sent).to.equal(3);
    roomy.cancel();
    await sleep(1);
  }));

  spec("FL-97 produce with several producers in a scope of its own is closed when all have ended", () => scope(async (s) => {
    const f = produce<number>(s, (out) => scope((inner) => {
      for (const from of [0, 10, 20]) inner.go(async () => { for (const n of upTo(3)) { await sleep(1); await out.send(from + n); } });
    }));
    expect((await f.toArray()).sort((a, b) => a - b)).to.deep.equal([0, 1, 2, 10, 11, 12, 20, 21, 22]);
  }));

  it("FL-98 a chain of parallel on parallel ends, in a time that is linear in the number of values", async function () {
    this.timeout(60_000);
    const timed = async (count: number): Promise<number> => {
      const began = performance.now();
      await scope(async (s) => {
        let sum = 0;
        await flow(upTo(count)).parallel(s, 10, (n) => n + 1).parallel(s, 10, async (n) => { await null; return n; }).forEach((n) => { sum += n; });
        expect(sum).to.equal((count * (count + 1)) / 2);
      });
      return performance.now() - began;
    };
    await timed(5_000);
    const [half, whole] = [await timed(50_000), await timed(100_000)];
    expect(whole).to.be.below(6 * half);
  });

  it("FL-99 a result that was received and dropped is collectable while the stage lives", async () => {
    const quiet = chan<number>(1);
    quiet.trySend(1);
    await scope(async (s) => {
      const f = flow(quiet).parallel(s, 4, () => ({ big: new Uint8Array(10_000_000) }));
      const received = new WeakRef(await f.receive());
      for (let round = 0; round < 20 && received.deref(); round++) {
        await new Promise((resolve) => { setTimeout(resolve, 1); });
        globalThis.gc?.();
      }
      expect(received.deref()).to.equal(undefined);
      f.cancel();
    });
  });

  spec("a stage in a stage's chain is cancelled to its source, with all finally blocks", () => scope(async (s) => {
    const order: string[] = [];
    async function* source(): AsyncGenerator<number> { try { for (let n = 0; ; n++) { await sleep(1); yield n; } } finally { order.push("source"); } }
    const slow = function* (n: number): Generator<unknown, number> {
      try { yield* sleeping(5); } finally { yield* awaiting(Promise.resolve()); }
      return n;
    };
    const f = flow(source()).parallel(s, 2, slow).buffer(s, 2).map((n) => n);
    for await (const n of f) if (n === 3) break;
    order.push("after");
    expect(order).to.deep.equal(["source", "after"]);
  }));
});
