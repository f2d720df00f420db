/** Retry. FL-168 to FL-172 of the list in ../flow/flow.md. */
import { expect } from "chai";
import sinon from "sinon";
import { CancelledError, chan, go, scope, shield, sleep, sleeping, suppressedOf, timeout, TimeoutError } from "../../../src/node.ts";
import { seedChoices } from "../../../src/platform/random.ts";
import { retry, type RetryOptions } from "../../../src/sync/index.ts";
import { bubble } from "../../../src/testing/index.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

const exact = { jitter: false } as const;

/** When its attempts begin, in virtual time, if all fail. */
async function attemptsOf(options: RetryOptions): Promise<number[]> {
  const at: number[] = [];
  await bubble(async () => {
    await rejectionOf(retry(async () => { at.push(performance.now()); throw new Error("fails"); }, options));
  });
  return at;
}

describe("retry", () => {
  afterEach(() => { sinon.restore(); });

  it("FL-168 makes three attempts with growing pauses, as many as asked for, and none longer than the longest", async () => {
    expect(await attemptsOf(exact)).to.deep.equal([0, 100, 300]);
    expect(await attemptsOf({ ...exact, times: 1 })).to.deep.equal([0]);
    expect(await attemptsOf({ ...exact, times: 5, max: 250 })).to.deep.equal([0, 100, 300, 550, 800]);
    expect(await attemptsOf({ ...exact, times: 4, delay: 10, factor: 1 })).to.deep.equal([0, 10, 20, 30]);
    expect(await attemptsOf({ ...exact, times: 3, delay: 0 })).to.deep.equal([0, 0, 0]);
    expect(await attemptsOf({ ...exact, times: 3, factor: 0 })).to.deep.equal([0, 100, 100]);
    expect((await attemptsOf({ ...exact, times: 12 })).at(-1)).to.equal(100 * (2 ** 9 - 1) + 2 * 30_000);
  });

  for (const lane of ["async", "generator"] as const) {
    it(`FL-168 (b) for ever, if asked to, until it succeeds (${lane})`, async () => {
      await bubble(async () => {
        const body = lane === "async"
          ? async (attempt: number) => { await sleep(1); if (attempt < 2000) throw new Error(String(attempt)); return attempt; }
          : function* (attempt: number) { yield* sleeping(1); if (attempt < 2000) throw new Error(String(attempt)); return attempt; };
        expect(await retry(body as (attempt: number) => Promise<number>, { times: Infinity, delay: 1, factor: 1 })).to.equal(2000);
      });
    });
  }

  it("FL-169 rejects with the last error itself, and the ones before are kept with it; a success gives the value (retry.ts 3)", async () => {
    const errors = [1, 2, 3].map((n) => new Error(String(n)));
    await bubble(async () => {
      const last = await rejectionOf(retry((attempt) => { throw errors[attempt - 1] as Error; }));
      expect(last).to.equal(errors[2]);
      expect(suppressedOf(last)).to.deep.equal([errors[0], errors[1]]);
      const sentinel = new Error("the same each time");
      for (let n = 0; n < 3; n++) {
        expect(await rejectionOf(retry(() => { throw sentinel; }))).to.equal(sentinel);
        expect(suppressedOf(sentinel)).to.deep.equal([]);
      }
      expect(await retry((attempt) => (attempt < 3 ? Promise.reject(new Error("not yet")) : attempt))).to.equal(3);
      const many = await rejectionOf(retry((attempt) => { throw new Error(String(attempt)); }, { times: 5000, delay: 0 }));
      expect(suppressedOf(many).map((error) => (error as Error).message)).to.deep.equal(Array.from({ length: 1000 }, (_, n) => String(n + 4000)));
    });
  });

  it("FL-170 with jitter a pause is a uniform share of its time, the same under the same seed", async () => {
    const clock = sinon.useFakeTimers({ loopLimit: 10_000 });
    const draw = async (seed: number): Promise<number[]> => {
      const stop = seedChoices(seed);
      const pauses: number[] = [];
      let before = Date.now();
      const running = rejectionOf(retry(() => {
        pauses.push(Date.now() - before);
        before = Date.now();
        throw new Error("fails");
      }, { times: 2001, delay: 1000, factor: 1 }));
      await clock.runAllAsync();
      await running;
      stop();
      return pauses.slice(1);
    };
    const pauses = await draw(7);
    expect(pauses).to.have.length(2000);
    for (const pause of pauses) expect(pause).to.be.within(0, 1000);
    for (const tenth of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      expect(pauses.filter((pause) => pause > tenth * 100 && pause <= tenth * 100 + 100).length).to.be.within(150, 250);
    }
    expect(await draw(7)).to.deep.equal(pauses);
    expect(await draw(8)).to.not.deep.equal(pauses);
  });

  it("FL-171 cancelled or aborted in a pause it ends at once, with no timer left and no further attempt (retry.ts 2)", async () => {
    const clock = sinon.useFakeTimers();
    let attempts = 0;
    const failing = (): never => { attempts++; throw new Error("fails"); };
    const giveUp = new AbortController();
    const aborted = rejectionOf(retry(failing, { signal: giveUp.signal }));
    const cancelled = scope(async (s) => {
      const task = s.go(() => retry(failing));
      await settle();
      task.cancel();
      return task.result();
    });
    await settle();
    giveUp.abort("enough");
    expect(await aborted).to.equal("enough");
    expect((await cancelled as PromiseRejectedResult).reason).to.be.instanceOf(CancelledError);
    expect([attempts, clock.countTimers()]).to.deep.equal([2, 0]);
  });

  it("FL-171 (b) its own task's CancelledError is never retried; a foreign one and the TimeoutError of a limit inside are", async () => {
    await bubble(async () => {
      const asked: string[] = [];
      const when = (error: unknown): boolean => asked.push((error as Error).name) > 0;
      expect(await rejectionOf(retry(() => timeout(10, () => chan().receive()), { ...exact, when }))).to.be.instanceOf(TimeoutError);
      expect(await rejectionOf(retry(() => { throw new CancelledError("of somebody else"); }, { ...exact, when }))).to.be.instanceOf(CancelledError);
      expect(asked.splice(0)).to.deep.equal(["TimeoutError", "TimeoutError", "CancelledError", "CancelledError"]);
      let attempts = 0;
      const outcome = await scope(async (s) => {
        const task = s.go(() => retry(async () => { attempts++; await chan().receive(); }, { when }));
        await sleep(1);
        task.cancel();
        return task.result();
      });
      expect((outcome as PromiseRejectedResult).reason).to.be.instanceOf(CancelledError);
      expect([attempts, asked]).to.deep.equal([1, []]);
    });
  });

  it("FL-171 (c) aborted in an attempt it waits until that has ended, and gives the reason, or the attempt's own error", async () => {
    await bubble(async () => {
      for (const own of [undefined, new Error("while cleaning up")]) {
        const giveUp = new AbortController();
        let ended = false;
        const running = retry(async () => {
          try {
            await chan().receive();
          } finally {
            await shield(() => sleep(50));
            ended = true;
            if (own) throw own;
          }
        }, { signal: giveUp.signal });
        await sleep(1);
        giveUp.abort("enough");
        expect(await rejectionOf(running)).to.equal(own ?? "enough");
        expect(ended).to.equal(true);
      }
      expect(await rejectionOf(retry(() => 1, { signal: AbortSignal.abort("before") }))).to.equal("before");
    });
  });

  it("FL-171 (d) the next attempt begins when all that the one before had begun has ended (retry.ts 1)", async () => {
    await bubble(async () => {
      let [now, most] = [0, 0];
      await rejectionOf(retry(() => Promise.all([
        sleep(1).then(() => { throw new Error("fails"); }),
        scope(async () => { most = Math.max(most, ++now); try { await sleep(500); } finally { now--; } }),
      ]), exact));
      expect([now, most]).to.deep.equal([0, 1]);
    });
  });

  it("FL-172 when says whether, delay for how long; what they throw is the outcome, with the attempt's error kept", async () => {
    await bubble(async () => {
      const seen: [string, number][] = [];
      const stop = await rejectionOf(retry((attempt) => { throw new Error(`error ${String(attempt)}`); }, {
        times: 10,
        when: (error, attempt) => { seen.push([(error as Error).message, attempt]); return attempt < 2; },
      }));
      expect((stop as Error).message).to.equal("error 2");
      expect(seen).to.deep.equal([["error 1", 1], ["error 2", 2]]);
    });
    expect(await attemptsOf({ times: 4, delay: (attempt) => attempt * 1000, factor: 100, max: 2500 })).to.deep.equal([0, 1000, 3000, 5500]);
    const thrown = new Error("thrown");
    const error = new Error("of the attempt");
    for (const options of [{ when: () => { throw thrown; } }, { delay: () => { throw thrown; } }] satisfies RetryOptions[]) {
      expect(await rejectionOf(retry(() => { throw error; }, options))).to.equal(thrown);
      expect(suppressedOf(thrown)).to.deep.equal([error]);
    }
    for (const delay of [-1, NaN, "5"]) {
      const range = await rejectionOf(retry(() => { throw error; }, { delay: () => delay as number }));
      expect(range).to.be.instanceOf(RangeError);
      expect(suppressedOf(range)).to.deep.equal([error]);
    }
  });

  it("FL-172 (b) refuses bad input, with the name of the option, before the first attempt", async () => {
    let attempts = 0;
    const wrong: [RetryOptions, new () => Error][] = [
      ...[0, -1, 1.5, NaN, "3"].map((times) => [{ times }, RangeError] as never),
      ...[-1, NaN, "3"].flatMap((n) => (["delay", "factor", "max"] as const).map((name) => [{ [name]: n }, RangeError] as never)),
      [{ jitter: 1 as never }, TypeError], [{ when: 5 as never }, TypeError],
      [{ when: (async () => true) as never }, TypeError], [{ name: 5 as never }, TypeError],
      [{ tries: 5 } as never, TypeError], [{ signal: 5 as never }, TypeError], [null as never, TypeError], [new AbortController().signal as never, TypeError],
    ];
    for (const [options, kind] of wrong) expect(await rejectionOf(retry(() => { attempts++; }, options)), JSON.stringify(options)).to.be.instanceOf(kind);
    expect(attempts).to.equal(0);
    expect(await rejectionOf(retry(5 as never))).to.be.instanceOf(TypeError).with.property("message", "retry takes a function, as retry(() => work()); got 5");
  });

  it("has a name in reports, and runs in the lane of its body", async () => {
    const { dumpTasks } = await import("../../../src/node.ts");
    await scope(async (s) => {
      s.go(() => retry(() => { throw new Error("fails"); }, { name: "upload", ...exact, delay: 1e6, max: 1e6 }));
      await settle();
      expect(dumpTasks()).to.match(/scope \d+ "upload" waits in sleep of 1000000 ms/);
      s.cancel();
    }).catch(() => undefined);
    expect(await go(function* () { return yield* go(() => retry(function* () { yield* sleeping(0); return "done"; })).joining(); })).to.equal("done");
  });
});
