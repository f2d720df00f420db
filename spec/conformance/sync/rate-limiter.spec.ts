/** Rate limiters: how many in any time, in line, on the time of the timers. FL-164 to FL-167 of the list in ../flow/flow.md. */
import { mock } from "node:test";
import { inspect } from "node:util";
import { expect } from "chai";
import sinon from "sinon";
import { chan, dumpTasks, gather, go, named, poll, scope, select, sleep, sleeping } from "../../../src/node.ts";
import { seeded } from "../../../src/platform/random.ts";
import { rateLimiter } from "../../../src/sync/index.ts";
import { bubble } from "../../../src/testing/index.ts";
import { rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { Log, thrownBy } from "./support.ts";

/** The times at which so many takes, all begun now, are given. */
async function times(limiter: ReturnType<typeof rateLimiter>, count: number, lane: "async" | "generator" = "async"): Promise<number[]> {
  const at: number[] = [];
  const start = performance.now();
  const body = lane === "async"
    ? async () => { await limiter.take(); at.push(performance.now() - start); }
    : function* () { yield* limiter.taking(); at.push(performance.now() - start); };
  await gather(Array.from({ length: count }, () => body));
  return at;
}

describe("a rate limiter", () => {
  afterEach(() => { sinon.restore(); });

  for (const lane of ["async", "generator"] as const) {
    it(`FL-164 gives what it has saved up at once, then one permit after the other (${lane})`, async () => {
      await bubble(async () => {
        const limiter = rateLimiter({ limit: 10, per: 1000, burst: 10 });
        expect(await times(limiter, 15, lane)).to.deep.equal([...Array<number>(10).fill(0), 100, 200, 300, 400, 500]);
      });
    });
  }

  it("FL-164 (b) keeps the bound in every window, and gives all that the model gives, in 10,000 random takes (rate-limiter.ts 1)", async () => {
    const random = seeded(seedOfRun);
    for (const [limit, per, burst] of [[10, 1000, 10], [3, 1000, 2], [7, 10, 5], [0.5, 1000, 1], [0.3, 1.1, 3]] as const) {
      await bubble(async () => {
        const limiter = rateLimiter({ limit, per, burst });
        const given: { at: number; n: number }[] = [];
        let due = 0; // the model: when the bucket is full again, in ms
        for (let round = 0; round < 2000; round++) {
          const n = 1 + Math.floor(random() * burst);
          if (random() < 0.3) await sleep(Math.floor(random() * 3 * burst * per / limit));
          const now = performance.now();
          const ready = Math.ceil(Math.max(now, Math.max(due, now) + (n - burst) * per / limit) - 1e-6);
          if (random() < 0.3 && ready > now) expect(limiter.tryTake(n)).to.equal(false);
          await limiter.take(n);
          const at = performance.now();
          expect(at, `round ${String(round)} of ${String(limit)} per ${String(per)}, seed ${String(seedOfRun)}`).to.equal(ready);
          due = Math.max(due, at) + n * per / limit;
          given.push({ at, n });
        }
        for (let from = 0; from < given.length; from++) {
          let sum = 0;
          for (let to = from; to < Math.min(from + 30, given.length); to++) {
            sum += (given[to] as { n: number }).n;
            const t = (given[to] as { at: number }).at - (given[from] as { at: number }).at;
            expect(sum).to.be.at.most(burst + t * limit / per + 1e-6);
          }
        }
      }, { timeoutMs: Infinity });
    }
  });

  it("FL-165 with a burst of 1 never gives two within the interval; idle time saves up the burst and no more", async () => {
    await bubble(async () => {
      const one = rateLimiter({ limit: 10, per: 1000, burst: 1 });
      expect(await times(one, 4)).to.deep.equal([0, 100, 200, 300]);
      await sleep(1e6);
      expect(await times(one, 3)).to.deep.equal([0, 100, 200]);
      const three = rateLimiter({ limit: 3, per: 1000 });
      expect(await times(three, 9)).to.deep.equal([0, 0, 0, 334, 667, 1000, 1334, 1667, 2000]); // fractions are kept
      await sleep(1e6);
      expect(await times(three, 5)).to.deep.equal([0, 0, 0, 334, 667]);
    });
  });

  it("FL-165 (b) a permit comes back one interval after the take, wherever that lies", async () => {
    await bubble(async () => {
      const limiter = rateLimiter({ limit: 10, per: 1000 });
      await sleep(37);
      expect(limiter.tryTake(10)).to.equal(true);
      expect(limiter.tryTake()).to.equal(false);
      await sleep(99);
      expect(limiter.tryTake()).to.equal(false);
      await sleep(1);
      expect(limiter.tryTake()).to.equal(true);
      expect(limiter.tryTake()).to.equal(false);
    });
  });

  it("FL-166 half of a hundred leave the line, and the others come as if those had never been (rate-limiter.ts 2)", async () => {
    await bubble(async () => {
      const limiter = rateLimiter({ limit: 10, per: 1000, burst: 1 });
      limiter.tryTake();
      const giveUp = new AbortController();
      const other = chan<never>();
      const start = performance.now();
      const at: number[] = [];
      const left: Promise<unknown>[] = [];
      const all = Array.from({ length: 100 }, (_, index) => {
        if (index % 4 === 0) left.push(limiter.take(1, giveUp).catch(() => undefined));
        else if (index % 4 === 2) left.push(select({ mine: limiter.taking(), other: other.nexting() }));
        else return limiter.take().then(() => { at.push(performance.now() - start); });
        return undefined;
      });
      await sleep(50);
      giveUp.abort();
      other.close();
      await Promise.all(all);
      await Promise.all(left);
      expect(at).to.deep.equal(Array.from({ length: 50 }, (_, index) => 100 * (index + 1)));
    });
  });

  it("FL-166 (b) a big one that leaves lets those through at once for whom enough is there", async () => {
    await bubble(async () => {
      const limiter = rateLimiter({ limit: 10, per: 1000, burst: 5 });
      limiter.tryTake(3);
      const giveUp = new AbortController();
      const big = limiter.take(5, giveUp);
      const log = new Log();
      log.note("one", limiter.take());
      log.note("two", limiter.take(1));
      log.note("three", limiter.take(1));
      expect(limiter.tryTake()).to.equal(false);
      giveUp.abort("enough");
      expect(await rejectionOf(big)).to.equal("enough");
      await sleep(0);
      expect(log.entries.join()).to.equal("one,two");
      await sleep(100);
      expect(log.entries.join()).to.equal("one,two,three");
    });
  });

  it("FL-167 has one timer while somebody waits, none else, and is exact on a fake clock (rate-limiter.ts 3)", async () => {
    const clock = sinon.useFakeTimers();
    const limiter = rateLimiter({ limit: 10, per: 1000, burst: 2 });
    const log = new Log();
    log.note("a", limiter.take());
    log.note("b", limiter.take());
    expect(clock.countTimers()).to.equal(0);
    const giveUp = new AbortController();
    log.note("c", limiter.take(1, giveUp));
    log.note("d", limiter.take(2));
    log.note("e", limiter.take());
    expect(clock.countTimers()).to.equal(1);
    expect(await log.since()).to.equal("a, b");
    clock.tick(99);
    expect(await log.since()).to.equal("");
    giveUp.abort();
    expect(clock.countTimers()).to.equal(1);
    expect(await log.since()).to.equal("c: AbortError");
    clock.tick(100);
    expect(await log.since()).to.equal("");
    clock.tick(1);
    expect(await log.since()).to.equal("d");
    clock.tick(99);
    expect(await log.since()).to.equal("");
    clock.tick(1);
    expect(await log.since()).to.equal("e");
    expect(clock.countTimers()).to.equal(0);
    clock.tick(1000);
    expect(poll(limiter.taking(2))).to.deep.equal({ value: undefined });
    expect(limiter.tryTake()).to.equal(false);
  });

  it("FL-167 (b) goes by the timers, whatever the other clocks say", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }); // performance and Date are the platform's
    const limiter = rateLimiter({ limit: 1, per: 1000 });
    expect(limiter.tryTake()).to.equal(true);
    clock.tick(999);
    expect(limiter.tryTake()).to.equal(false);
    clock.tick(1);
    expect(limiter.tryTake()).to.equal(true);
    clock.restore();

    mock.timers.enable({ apis: ["setTimeout", "Date"] }); // performance is the platform's
    try {
      const other = rateLimiter({ limit: 1, per: 1000 });
      expect(other.tryTake()).to.equal(true);
      mock.timers.tick(999);
      expect(other.tryTake()).to.equal(false);
      mock.timers.tick(1);
      expect(other.tryTake()).to.equal(true);
    } finally {
      mock.timers.reset();
    }

    mock.timers.enable({ apis: ["setTimeout"] }); // nothing but timers moves: one that has fired proves that its time has passed
    try {
      const third = rateLimiter({ limit: 1, per: 1000, burst: 2 });
      third.tryTake(2);
      const log = new Log();
      log.note("one", third.take());
      log.note("two", third.take());
      mock.timers.tick(1000);
      expect(await log.since()).to.equal("one");
      mock.timers.tick(1000);
      expect(await log.since()).to.equal("two");
    } finally {
      mock.timers.reset();
    }
  });

  it("FL-167 (c) a clock that is put in place of another moves time on, and never back", async () => {
    const limiter = rateLimiter({ limit: 1, per: 1000 });
    limiter.tryTake();
    const clock = sinon.useFakeTimers({ now: 0 });
    expect(limiter.tryTake()).to.equal(false);
    const log = new Log();
    log.note("given", limiter.take());
    clock.tick(1000);
    expect(await log.since()).to.equal("given");
    clock.restore();
    expect(limiter.tryTake()).to.equal(false);
  });

  it("FL-167 (d) refuses what it can never give at the call, and names the cure", async () => {
    const limiter = rateLimiter({ limit: 10, per: 1000, burst: 5, name: "api" });
    for (const n of [0, -1, 6, 1.5, NaN, "2", null]) {
      const wrong = n as number;
      for (const error of [thrownBy(() => limiter.taking(wrong)), thrownBy(() => limiter.tryTake(wrong)), await rejectionOf(limiter.take(wrong)) as Error]) {
        expect(error).to.be.instanceOf(RangeError);
        expect(error.message).to.match(/^take of rate limiter "api" takes a whole number of permits, from 1 to 5; got /);
      }
    }
    expect((await rejectionOf(limiter.take({ signal: AbortSignal.abort() } as never)) as Error).message).to.match(/write take\(1, \{ signal \}\)$/);
    for (const wrong of [
      { limit: 0, per: 1 }, { limit: -1, per: 1 }, { limit: Infinity, per: 1 }, { limit: NaN, per: 1 }, { limit: "1", per: 1 },
      { limit: 1, per: 0 }, { limit: 1, per: Infinity }, { limit: 1, per: NaN }, { limit: 1 }, { limit: 1, per: 1, burst: 0 },
      { limit: 1, per: 1, burst: 1.5 }, { limit: 1, per: 1, burst: Infinity }, { limit: 1, per: 1, burst: null },
    ]) expect(thrownBy(() => rateLimiter(wrong as never)), inspect(wrong)).to.be.instanceOf(RangeError);
    for (const wrong of [undefined, 5, { limit: 1, per: 1, brust: 2 }, { limit: 1, per: 1, name: 5 }]) {
      expect(thrownBy(() => rateLimiter(wrong as never)), inspect(wrong)).to.be.instanceOf(TypeError);
    }
    expect(rateLimiter({ limit: 0.2, per: 1 }).tryTake(1)).to.equal(true); // its burst is 1
    expect(await rejectionOf(limiter.take(1, AbortSignal.abort() as never))).to.be.instanceOf(TypeError);
  });

  it("FL-167 (e) reports name it", async () => {
    const api = rateLimiter({ limit: 1, per: 1e6, name: "api" });
    api.tryTake();
    await scope(async (s) => {
      s.go(named("writer", () => api.take()));
      s.go(named("reader", function* () { yield* api.taking(); }));
      await settle();
      expect(dumpTasks()).to.match(/"writer" waits to take from rate limiter "api"\n/).and.match(/"reader" waits to take from rate limiter "api"/);
      expect(inspect([api])).to.equal('[ RateLimiter "api" (0 of 1, 2 tasks wait) ]');
      s.cancel();
    }).catch(() => undefined);
    expect(String(api)).to.equal('RateLimiter "api" (0 of 1)');
  });

  it("is served in line, in both lanes and in a select alike", async () => {
    await bubble(async () => {
      const limiter = rateLimiter({ limit: 1, per: 10 });
      limiter.tryTake();
      const order: string[] = [];
      await gather([
        async () => { await limiter.take(); order.push("async"); },
        function* () { yield* limiter.taking(); order.push("generator"); },
        async () => { await select({ mine: limiter.taking(), late: sleeping(1000) }); order.push("select"); },
        () => go(async () => { await limiter.take(); order.push("task"); }),
      ]);
      expect(order).to.deep.equal(["async", "generator", "select", "task"]);
    });
  });
});
