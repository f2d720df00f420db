/** Laws 6 and 8 in every order of small programs: any ready case may be taken, and any value may be handed over. */
import { expect } from "chai";
import { chan, selecting, type Channel } from "../../../src/node.ts";
import { explore } from "../../../src/testing/index.ts";
import { show } from "../../../src/errors.ts";
import { expectOutcomes, lanes, must, together, type Steps, type Verbs } from "../../support/exploring.ts";

for (const lane of lanes) {
  describe(`law 6, explored: each of several ready cases is equally likely, and a listed select takes the first (${lane})`, () => {
    it("law 6: each ready case is taken for the same number of values of the random source, here one", async () => {
      for (const count of [2, 3, 4]) {
        const { complete, schedules, outcomes } = await explore(({ outcome }) => {
          const channels = Array.from({ length: count }, () => chan<number>(1));
          for (const ch of channels) ch.trySend(1);
          let taken = -1;
          together(lane, [function* ({ perform }) {
            taken = (yield* perform(selecting(channels.map((ch) => ch.receiving())))).case;
          }], () => { outcome(String(taken)); });
        }, { strategy: "dfs" });
        expect(complete).to.equal(true);
        expect(schedules, `after ${schedules} schedules`).to.equal(count);
        expect(Object.fromEntries(outcomes), `after ${schedules} schedules`).to.deep.equal(Object.fromEntries(channelsOf(count).map((n) => [n, 1])));
      }
    });

    it("law 6: a case that is ready is found, whichever cases are polled before it, and a case that is not is never taken", async () => {
      for (const ready of [0, 1, 2]) {
        await expectOutcomes(({ outcome, choose }) => {
          const channels = channelsOf(3).map(() => chan<number>(1));
          const also = choose(...channelsOf(3) as [number, ...number[]]);
          for (const at of new Set([ready, also])) channels[at]?.trySend(1);
          let taken = -1;
          together(lane, [function* ({ perform }) {
            taken = (yield* perform(selecting(channels.map((ch) => ch.receiving())))).case;
          }], () => { outcome(`${[...new Set([ready, also])].sort().join(" and ")} ready: ${taken}`); });
        }, [`${ready} ready: ${ready}`, ...channelsOf(3).filter((n) => n !== ready).flatMap((also) =>
          [ready, also].map((taken) => `${[ready, also].sort().join(" and ")} ready: ${taken}`))]);
      }
    });

    it("law 6: a waiter on either channel may come first, and no busy channel shuts out another", async () => {
      await expectOutcomes(({ outcome }) => {
        const [busy, quiet] = [chan<number>(), chan<number>()];
        const order: string[] = [];
        const sender = (ch: Channel<number>, times: number) => function* ({ send }: Verbs): Steps {
          for (let n = 0; n < times; n++) yield* send(ch, n);
        };
        together(lane, [sender(busy, 2), sender(quiet, 1), function* ({ perform }) {
          for (let n = 0; n < 3; n++) order.push((yield* perform(selecting({ busy: busy.receiving(), quiet: quiet.receiving() }))).case);
        }], () => { outcome(order.join()); });
      }, ["busy,busy,quiet", "busy,quiet,busy", "quiet,busy,busy"]);
    });

    it("law 6: a listed select takes the first of those that are ready", async () => {
      await expectOutcomes(({ outcome }) => {
        const [first, second] = [chan<number>(1), chan<number>(1)];
        let [taken, ready] = ["", ""];
        together(lane, [
          function* () { first.trySend(1); },
          function* () { second.trySend(1); },
          function* ({ perform }) {
            ready = [first.size > 0 ? "first" : "", second.size > 0 ? "second" : ""].filter(Boolean).join(" and ");
            taken = (yield* perform(selecting({ first: first.receiving(), second: second.receiving() }, { order: "listed" }))).case;
          },
        ], () => { outcome(`${ready || "none"} ready: ${taken}`); });
      }, ["first and second ready: first", "first ready: first", "second ready: second", "none ready: first", "none ready: second"]);
    });
  });

  describe(`law 8, explored: any value is a value (${lane})`, () => {
    const error = new Error("a value");
    const promise = Promise.resolve("resolved");
    const values: [unknown, ...unknown[]] = [undefined, null, NaN, 0, "", false, error, { done: true, value: undefined }, promise];
    const labels = values.map((value) => show(value));

    for (const capacity of [0, 1]) {
      it(`law 8: any sent value arrives, by next and by select, and is not mistaken for the end (capacity ${capacity})`, async () => {
        await expectOutcomes(({ outcome, choose }) => {
          const ch = chan<unknown>(capacity);
          const value = choose(...values);
          const got: unknown[] = [];
          together(lane, [
            function* ({ send }) {
              yield* send(ch, value);
              yield* send(ch, "after it");
              ch.close();
            },
            function* ({ next, perform }) {
              const first = yield* next(ch);
              must(first.done !== true, `${show(value)} was taken for the end`);
              got.push(first.value, (yield* perform(selecting({ it: ch.nexting() }))).value.value);
              must((yield* next(ch)).done === true, "no end");
            },
          ], () => {
            must(Object.is(got[0], value) && got[1] === "after it", `sent ${show(value)}, received ${got.map((one) => show(one)).join()}`);
            outcome(show(value));
          });
        }, labels);
      });

      it(`law 8: any value sent by a select arrives by select, and by receive, which resolves a promise (capacity ${capacity})`, async () => {
        await expectOutcomes(({ outcome, choose }) => {
          const [ch, other] = [chan<unknown>(capacity), chan<unknown>()];
          const value = choose(...values);
          const selects = choose(true, false);
          let got: unknown;
          together(lane, [
            function* ({ perform }) { yield* perform(selecting([ch.sending(value), other.receiving()])); },
            function* ({ receive, perform }) {
              got = selects ? (yield* perform(selecting([other.receiving(), ch.receiving()]))).value : yield* receive(ch);
            },
          ], () => {
            const arrived = Object.is(got, value) || (value === promise && !selects && got === "resolved");
            must(arrived, `sent ${show(value)}, received ${show(got)}`);
            outcome(show(value));
          });
        }, labels);
      });
    }
  });
}

function channelsOf(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
