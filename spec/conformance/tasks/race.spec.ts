/** Races: the first to settle counts, and the losers have ended. */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import sinon, { type SinonFakeTimers } from "sinon";
import { always, CancelledError, chan, never, race, scope, shield, sleep, sleeping } from "../../../src/node.ts";
import { kindsOfBody, type Ending } from "../../support/bodies.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

describe("race", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  for (const [kind, waits] of kindsOfBody) {
    it(`S-57: when the first to settle fails, the race rejects with it, the losers cancelled and awaited: ${kind}`, async () => {
      const error = new Error("first");
      const ch = chan<string>();
      const endings: Ending[] = [];
      const ended = (ending: Ending): void => { endings.push(ending); };
      const raced = rejectionOf(race([
        waits(() => ch.receiving(), ended),
        waits(() => sleeping(5).map(() => { throw error; })),
        waits(() => sleeping(1000), ended),
      ]));
      await clock.tickAsync(4);
      expect(await isPending(raced)).to.equal(true);
      expect(endings).to.deep.equal([]);
      await clock.tickAsync(1);
      expect(await raced).to.equal(error);
      expect(endings).to.have.length(2);
      for (const ending of endings) {
        if (ending !== undefined) expect((ending as { error: unknown }).error).to.be.instanceOf(CancelledError);
      }
      expect(ch.trySend("to nobody")).to.equal(false);
      expect(clock.countTimers()).to.equal(0);
    });

    it(`S-57: the first value wins, and the losers are awaited: ${kind}`, async () => {
      const log: string[] = [];
      const raced = race([
        async () => {
          try {
            await sleep(1000);
          } finally {
            await shield(() => sleep(10));
            log.push("loser has ended");
          }
        },
        waits(() => sleeping(5).map(() => "winner")),
      ]).finally(() => log.push("race is over"));
      await clock.tickAsync(14);
      expect(await isPending(raced)).to.equal(true);
      await clock.tickAsync(1);
      expect(await raced).to.equal("winner");
      expect(log).to.deep.equal(["loser has ended", "race is over"]);
    });

    it(`S-61: until success, failures are passed over, and the first value wins: ${kind}`, async () => {
      const raced = race(
        [
          waits(() => sleeping(1).map(() => { throw new Error("early"); })),
          waits(() => sleeping(2).map(() => "value")),
          waits(() => never),
        ],
        { until: "success" },
      );
      await clock.tickAsync(1);
      expect(await isPending(raced)).to.equal(true);
      await clock.tickAsync(1);
      expect(await raced).to.equal("value");
      expect(clock.countTimers()).to.equal(0);
    });

    it(`S-61: until success, and all fail: an AggregateError with the errors in the order of the bodies: ${kind}`, async () => {
      const errors = [30, 10, 20].map((ms) => new Error(`at ${String(ms)}`));
      const unhandled = await unhandledDuring(async () => {
        const raced = rejectionOf(race(
          [30, 10, 20].map((ms, index) => waits(() => sleeping(ms).map(() => { throw errors[index] as Error; }))),
          { until: "success" },
        ));
        await clock.tickAsync(29);
        expect(await isPending(raced)).to.equal(true);
        await clock.tickAsync(1);
        const error = await raced;
        expect(error).to.be.instanceOf(AggregateError);
        const kept = (error as AggregateError).errors;
        expect(kept).to.have.length(3);
        kept.forEach((one, index) => { expect(one).to.equal(errors[index]); });
      });
      expect(unhandled).to.deep.equal([]);
    });
  }

  for (const until of [undefined, "settled", "success"] as const) {
    it(`S-60: a race of nobody${until === undefined ? "" : ` until ${until}`} rejects at once with a TypeError or a RangeError`, async () => {
      const error = await rejectionOf(race([], until === undefined ? {} : { until }));
      expect(error instanceof TypeError || error instanceof RangeError, String(error)).to.equal(true);
    });
  }

  it("S-60: a body that is no function is refused, with a rejection, and no body has started", async () => {
    let started = 0;
    const started1 = (): number => ++started;
    for (const bodies of [undefined, 7, [started1, Promise.resolve(1)], [started1, 7]]) {
      expect(await rejectionOf(race(bodies as never))).to.be.instanceOf(TypeError);
    }
    await settle();
    expect(started).to.equal(0);
  });

  it("S-57: a cancel from outside cancels every runner, and the race rejects with the CancelledError", async () => {
    const endings: string[] = [];
    let raced!: Promise<unknown>;
    const runner = (name: string) => async (): Promise<void> => {
      try {
        await sleep(1000);
      } finally {
        endings.push(name);
      }
    };
    const ended = scope(async (s) => {
      raced = rejectionOf(race([runner("one"), runner("two")]));
      await sleep(1);
      s.cancel("enough");
    });
    await clock.tickAsync(1);
    await ended.catch(() => undefined);
    expect(endings).to.deep.equal(["one", "two"]);
    expect(await raced).to.be.instanceOf(CancelledError).with.property("cause", "enough");
    expect(clock.countTimers()).to.equal(0);
  });

  it("S-57: types: the union of the bodies' results, without promise or generator around it", async () => {
    const raced = race([() => 1, async () => "two", function* () { return yield* always(true); }]);
    expectTypeOf(raced).toEqualTypeOf<Promise<number | string | boolean>>();
    expectTypeOf(race([() => 1], { until: "success" })).toEqualTypeOf<Promise<number>>();
    expectTypeOf(race([async (): Promise<undefined> => undefined])).toEqualTypeOf<Promise<undefined>>();
    expect(await raced).to.equal(1);
    const compiled = (_lines: () => unknown): void => undefined;
    compiled(() => {
      // @ts-expect-error -- a promise cannot be cancelled
      void race([Promise.resolve(1)]);
      // @ts-expect-error -- no such end
      return race([() => 1], { until: "failed" });
    });
  });
});
