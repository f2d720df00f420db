/**
 * Channels, section E: how a select chooses among ready cases. With the fixed seed every count is exact.
 */
import { expect } from "chai";
import { aborting, always, chan, choose, ClosedError, perform, select, trySelect } from "../../../src/index.ts";
import { seed } from "../../../src/testing/index.ts";
import { rejectionOf, seedOfRun } from "../../support/settle.ts";
import { failOnUnhandledRejections, seeded } from "./support.ts";

/** 10,000 draws of one half, within 4.9 standard deviations. */
const expectHalf = (count: number, what: string): void => {
  expect(count / 10_000, what).to.be.within(0.5 - 0.0245, 0.5 + 0.0245);
};

describe("the choice of a select", () => {
  failOnUnhandledRejections();

  it("SE-11 of two ready and two quiet cases each ready one is taken half the time", async function () {
    this.timeout(20_000);
    await seeded(async () => {
      const one = chan<number>(Infinity);
      const other = chan<number>(Infinity);
      const quiet = chan<number>();
      for (let n = 0; n < 10_001; n++) {
        one.trySend(n);
        other.trySend(n);
      }
      const counts: Record<string, number> = {};
      const values: Record<string, number> = { one: 0, other: 0 };
      for (let round = 0; round < 10_000; round++) {
        const chosen = await select({
          q: quiet.receiving(), one: one.receiving(), r: quiet.nexting(), other: other.receiving(),
        });
        counts[chosen.case] = (counts[chosen.case] ?? 0) + 1;
        expect(chosen.value, "each channel's values come in order").to.equal(values[chosen.case]);
        values[chosen.case] = (values[chosen.case] as number) + 1;
      }
      expect(Object.keys(counts).sort()).to.deep.equal(["one", "other"]);
      expectHalf(counts["one"] as number, "one");
      expectHalf(counts["other"] as number, "other");
    });
  });

  it("SE-11 (b) trySelect, an array, and a choice of operations are as fair", async function () {
    this.timeout(20_000);
    await seeded(async () => {
      const counts = { trySelect: 0, array: 0, choose: 0, last: 0 };
      for (let round = 0; round < 10_000; round++) {
        if (trySelect({ a: always(1), b: always(2) })?.case === "a") counts.trySelect++;
        if ((await select([always(1), always(2)])).case === 0) counts.array++;
        if ((await perform(choose(always(1), always(2)))) === 1) counts.choose++;
        if ((await select({ a: always(1), off: false, b: always(2), c: chan().receiving() })).case === "b") counts.last++;
      }
      for (const [form, count] of Object.entries(counts)) expectHalf(count, form);
    });
  });

  it("SE-11 (c) one description, performed again and again, stays fair", async function () {
    this.timeout(20_000);
    await seeded(async () => {
      const either = choose(always(1), always(2), always(3), always(4));
      const counts = [0, 0, 0, 0];
      for (let round = 0; round < 40_000; round++) {
        const index = (await perform(either)) - 1;
        counts[index] = (counts[index] as number) + 1;
      }
      for (const count of counts) expect(count / 40_000).to.be.within(0.24, 0.26);
    });
  });

  it("SE-12 a select of two sends on one channel sends each value often enough", async () => {
    await seeded(async () => {
      const channel = chan<number>(1);
      const counts = [0, 0];
      for (let round = 0; round < 100; round++) {
        await select({ zero: channel.sending(0), one: channel.sending(1) });
        const value = await channel.receive();
        counts[value] = (counts[value] as number) + 1;
      }
      expect(Math.min(...counts)).to.be.at.least(11);
      expect((counts[0] as number) + (counts[1] as number)).to.equal(100);
    });
  });

  it("SE-12 (b) cases weigh, not channels: a channel listed three times of four is taken three times of four", async function () {
    this.timeout(20_000);
    await seeded(async () => {
      const a = chan<number>(1);
      const b = chan<number>(1);
      let ofA = 0;
      for (let round = 0; round < 40_000; round++) {
        a.trySend(0);
        b.trySend(1);
        if ((await select([a.receiving(), a.receiving(), a.receiving(), b.receiving()])).value === 0) ofA++;
      }
      expect(ofA / 40_000).to.be.within(0.74, 0.76);
    });
  });

  it("SE-13 nexting at the end is ready, chosen at once, and competes equally", async function () {
    this.timeout(20_000);
    await seeded(async () => {
      const closed = chan<number>();
      const data = chan<number>(1);
      closed.close();
      expect(trySelect({ n: closed.nexting(), d: data.receiving() })).to.deep.equal({ case: "n", value: { done: true, value: undefined } });
      let ended = 0;
      for (let round = 0; round < 10_000; round++) {
        data.trySend(round);
        if ((await select({ n: closed.nexting(), d: data.receiving() })).case === "n") ended++;
      }
      expectHalf(ended, "the end");
    });
  });

  it("SE-14 a send on a closed channel, or a receive at its end, counts as ready, and fails when chosen", async function () {
    this.timeout(20_000);
    await seeded(async () => {
      const closed = chan<number>();
      const data = chan<number>(1);
      const quiet = chan<number>();
      closed.close();
      const failing = { sending: () => closed.sending(1), receiving: () => closed.receiving() };
      for (const [name, make] of Object.entries(failing)) {
        for (const error of [
          await rejectionOf(select({ q: quiet.receiving(), dead: make() })),
          await rejectionOf((async () => Promise.resolve(trySelect({ q: quiet.receiving(), dead: make() })))()),
        ]) {
          expect(error, name).to.be.instanceOf(ClosedError);
          expect((error as ClosedError).case, name).to.equal("dead");
        }
        let failed = 0;
        for (let round = 0; round < 10_000; round++) {
          data.trySend(round);
          try {
            expect((await select({ live: data.receiving(), dead: make() })).case).to.equal("live");
          } catch (error) {
            if (!(error instanceof ClosedError)) throw error;
            expect(error.case).to.equal("dead");
            failed++;
          }
        }
        expectHalf(failed, name);
      }
    });
  });

  it("SE-17 (b) an aborted signal given as the first case of a listed select wins over data", async () => {
    const data = chan<number>(Infinity);
    const reason = new Error("enough");
    const stop = aborting(AbortSignal.abort(reason));
    for (let round = 0; round < 1000; round++) {
      data.trySend(round);
      expect(await rejectionOf(select({ stop, data: data.receiving() }, { order: "listed" }))).to.equal(reason);
    }
    expect(data.size, "nothing was taken").to.equal(1000);
  });

  it("SE-18 the same seed gives the same sequence of choices, another seed another one", async () => {
    const sequence = async (start: number): Promise<string> => {
      seed(start);
      let text = "";
      for (let n = 0; n < 200; n++) {
        text += (await select({ a: always(1), b: always(2), c: always(3) })).case;
        text += String(trySelect([always(1), always(2)])?.case);
      }
      return text;
    };
    const first = await sequence(seedOfRun);
    expect(await sequence(seedOfRun)).to.equal(first);
    expect(await sequence(seedOfRun + 1)).to.not.equal(first);
    expect(await sequence(seedOfRun)).to.equal(first);
  });
});
