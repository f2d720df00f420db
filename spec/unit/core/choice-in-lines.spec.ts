/** Choices of receives alone: how one of many is found, and waiters that serve one wait after the other. */
import { expect } from "chai";
import fc from "fast-check";
import type { InnerWaiter } from "../../../src/core/inner-waiter.ts";
import { nothing, Performable, type Nothing } from "../../../src/core/operation.ts";
import { release, type Waiter, type WaitPlace } from "../../../src/core/wait-queue.ts";
import { seedChoices } from "../../../src/platform/random.ts";
import { bubble } from "../../../src/testing/index.ts";
import { chan, choose, go, operation, perform, poll, scope, select, selecting, type Channel, type Operation } from "../../../src/node.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";

const channels = (count: number): Channel<number>[] => Array.from({ length: count }, () => chan<number>());
const receives = (of: readonly Channel<number>[]): Operation<number>[] => of.map((channel) => channel.receiving());
const nobodyWaits = (of: readonly Channel<number>[]): boolean => of.every(({ receivers }) => receivers.empty);

/** An operation that holds on to its waiters, and resumes each that stands in its place. */
class Late extends Performable<string> implements WaitPlace {
  readonly held: Waiter[] = [];

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    waiter.place = this;
    this.held.push(waiter);
  }

  withdraw(waiter: Waiter): void {
    release(waiter);
  }

  resume(waiter: Waiter): void {
    if (waiter.place !== this) return;
    release(waiter);
    waiter.resume("value", "late");
  }
}

describe(`choices of receives (seed ${String(seedOfRun)})`, () => {
  let unseed: () => void;
  beforeEach(() => { unseed = seedChoices(seedOfRun); });
  afterEach(() => { unseed(); });

  describe("a waiter that is resumed late", () => {
    const around: Record<string, (late: Operation<string>, ch: Operation<string>) => Operation<string>> = {
      "a choice": (late, ch) => choose(late, ch),
      "a choice of many": (late, ch) => choose(late, ch, ...receives(channels(20)).map((one) => one.map(String))),
      "a choice within another": (late, ch) => choose(choose(late, ch), chan<string>().receiving()),
      "a choice of maps": (late, ch) => choose(late.map((text) => text), ch),
      "a select": (late, ch) => selecting({ late, ch }).map(({ value }) => value),
    };
    for (const [what, make] of Object.entries(around)) {
      it(`of ${what} that has been withdrawn does not end the next wait (choice.ts 6)`, async () => {
        const late = new Late();
        const ch = chan<string>();
        const either = make(late, ch.receiving());
        for (let round = 0; round < 5; round++) {
          const waits = perform(either);
          const [now, ...before] = late.held.slice().reverse();
          for (const waiter of before) late.resume(waiter);
          expect(now?.place, "the last one still waits").to.equal(late);
          ch.trySend(`value ${String(round)}`);
          expect(await waits).to.equal(`value ${String(round)}`);
        }
        const last = perform(either);
        late.resume(late.held.at(-1) as Waiter);
        expect(await last).to.equal("late");
      });
    }

    it("of an operation of the user's own is told nothing, and the next wait goes on (choice.ts 6)", async () => {
      const resumes: ((result: () => string) => void)[] = [];
      const own = operation<string>({
        poll: () => undefined,
        wait(resume) {
          resumes.push(resume);
          return () => { /* it keeps `resume` */ };
        },
      });
      const ch = chan<string>();
      const either = choose(own, ch.receiving());
      const first = perform(either);
      ch.trySend("first");
      expect(await first).to.equal("first");
      const second = perform(either);
      resumes[0]?.(() => "late");
      expect(await isPending(second)).to.equal(true);
      resumes[1]?.(() => "in time");
      expect(await second).to.equal("in time");
      expect(ch.receivers.empty).to.equal(true);
    });
  });

  describe("waiters that only stand in line", () => {
    it("serve the next wait, refer to nobody in between, and stand at the end of the line again (choice.ts 6)", async () => {
      const of = channels(3);
      const [a, b] = of as [Channel<number>, Channel<number>, Channel<number>];
      const either = selecting(receives(of));
      const first = perform(either);
      const waiters = of.map(({ receivers }) => receivers.first as InnerWaiter);
      b.trySend(1);
      for (const { outside, place, slot, next, previous } of waiters) {
        expect([outside, place, slot, next, previous]).to.deep.equal([undefined, undefined, undefined, undefined, undefined]);
      }
      expect(await first).to.deep.equal({ case: 1, value: 1 });
      const plain = a.receive();
      const second = perform(either);
      expect(of.map(({ receivers }) => receivers.last)).to.deep.equal(waiters);
      a.trySend(2);
      expect(await plain, "it came first").to.equal(2);
      a.trySend(3);
      expect(await second).to.deep.equal({ case: 0, value: 3 });
      expect(nobodyWaits(of)).to.equal(true);
    });

    it("serve one wait at a time: of a choice that several perform at once each has its own (choice.ts 6)", async () => {
      const of = channels(2);
      const [a, b] = of as [Channel<number>, Channel<number>];
      const either = choose(...receives(of));
      for (let round = 0; round < 3; round++) {
        const waits = [perform(either), perform(either), perform(either)];
        expect(a.receivers.length).to.equal(3);
        a.trySend(1);
        b.trySend(2);
        const again = perform(either);
        a.trySend(3);
        b.trySend(4);
        expect(await Promise.all([...waits, again])).to.deep.equal([1, 2, 3, 4]);
        expect(nobodyWaits(of)).to.equal(true);
      }
    });

    it("serve a wait that begins while another one is resumed", async () => {
      const ch = chan<object>();
      const other = chan<object>();
      const either = choose(ch.receiving(), other.receiving());
      let within: Promise<object> | undefined;
      // The platform looks for `then` when the value resolves the promise of the wait.
      const value = { get then() { within ??= perform(either); return undefined; } };
      const first = perform(either);
      ch.trySend(value);
      expect(await first).to.equal(value);
      const second = {};
      other.trySend(second);
      expect(await within).to.equal(second);
    });

    it("leave their lines when a task is cancelled, a signal aborts, or a channel ends, and wait again", async () => {
      const of = channels(2);
      const [a, b] = of as [Channel<number>, Channel<number>];
      const either = selecting({ a: a.receiving(), b: b.receiving() });
      await scope(async (s) => {
        const task = s.go(function* () { yield* either; });
        await settle();
        task.cancel();
        await rejectionOf(task);
      });
      expect(nobodyWaits(of)).to.equal(true);
      const giving = new AbortController();
      const aborted = perform(either, { signal: giving.signal });
      giving.abort("enough");
      expect(await rejectionOf(aborted)).to.equal("enough");
      expect(nobodyWaits(of)).to.equal(true);
      const task = go(function* () { return yield* either; });
      await settle();
      b.trySend(7);
      expect(await task).to.deep.equal({ case: "b", value: 7 });
      const last = perform(either);
      a.close();
      expect(await rejectionOf(last)).to.have.property("case", "a");
      expect(nobodyWaits(of)).to.equal(true);
    });

    it("are those of the right cases after a controller has polled the choice in another order", async () => {
      const of = channels(9);
      const either = selecting(receives(of));
      const once = async (): Promise<void> => {
        for (const [index, channel] of of.entries()) {
          const selected = perform(either);
          channel.trySend(index);
          expect(await selected).to.deep.equal({ case: index, value: index });
        }
      };
      await once();
      await bubble(once);
      await once();
      const pending = perform(either);
      await bubble(once).catch(() => undefined);
      of[3]?.trySend(33);
      expect(await isPending(pending)).to.equal(false);
      await once();
    });

    it("in programs by chance each value is taken once, by the case of its channel, and nobody is left in line", async () => {
      const step = fc.record({ what: fc.constantFrom("perform", "abort", "send", "take", "turn"), at: fc.nat({ max: 3 }) });
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (program) => {
        const of = channels(4);
        const either = selecting(receives(of));
        const waits: { giving: AbortController; over: boolean }[] = [];
        const all: Promise<void>[] = [];
        const [sent, taken] = [new Set<number>(), new Set<number>()];
        const take = (value: number, index: number): void => {
          expect(value % 4, "the case of its channel").to.equal(index);
          expect(taken.has(value), "once").to.equal(false);
          taken.add(value);
        };
        let count = 0;
        for (const { what, at } of program) {
          if (what === "send") {
            const value = 4 * count++ + at;
            if (of[at]?.trySend(value)) sent.add(value);
          } else if (what === "take") {
            const result = of[at]?.tryReceive();
            expect(result).to.equal(undefined);
          } else if (what === "abort") waits[at]?.giving.abort("enough");
          else if (what === "turn") await Promise.resolve();
          else {
            const one = { giving: new AbortController(), over: false };
            waits.unshift(one);
            const selected = perform(either, { signal: one.giving.signal }).then(({ case: index, value }) => { take(value, index); }, () => undefined);
            all.push(selected.then(() => { one.over = true; }));
          }
        }
        await settle();
        expect(taken).to.deep.equal(sent);
        const left = waits.filter(({ over }) => !over).length;
        expect(of.map(({ receivers }) => receivers.length)).to.deep.equal([left, left, left, left]);
        for (const { giving } of waits) giving.abort();
        await Promise.all(all);
        expect(nobodyWaits(of)).to.equal(true);
      }), { seed: seedOfRun, numRuns: 40 });
    });
  });

  describe("law 6, of many cases", () => {
    /** Within six standard deviations of so many draws. */
    const expectEqual = (counts: readonly number[]): void => {
      const draws = counts.reduce((sum, count) => sum + count, 0);
      const share = 1 / counts.length;
      for (const count of counts) expect(Math.abs(count - draws * share), JSON.stringify(counts)).to.be.below(6 * Math.sqrt(draws * share * (1 - share)));
    };

    for (const [total, ready] of [[2, [0, 1]], [17, [0, 1, 16]], [100, [3, 4, 50, 99]], [100, Array.from({ length: 100 }, (_, index) => index)]] as const) {
      it(`law 6: of ${String(total)} receives, ${String(ready.length)} of them ready, each ready one is equally likely (choice.ts 6)`, () => {
        const of = Array.from({ length: total }, () => chan<number>(1));
        const either = choose(...receives(of));
        const counts = new Map<number, number>(ready.map((index) => [index, 0]));
        for (const index of ready) of[index]?.trySend(index);
        for (let draw = 0; draw < 60 * ready.length + 2000; draw++) {
          const { value } = poll(either) as { value: number };
          counts.set(value, (counts.get(value) as number) + 1);
          of[value]?.trySend(value);
        }
        expectEqual([...counts.values()]);
        for (const index of ready) of[index]?.tryReceive();
        expect(poll(either)).to.equal(undefined);
      });
    }

    for (const form of ["described once", "made anew"] as const) {
      it(`law 6: a channel that a select, ${form}, lists three times: each of the three is the first in line equally often (choice.ts 6)`, async () => {
        const [a, b] = channels(2) as [Channel<number>, Channel<number>];
        const cases = (): Operation<unknown>[] => [a.receiving(), b.receiving(), a.receiving(), a.nexting()];
        const once = selecting(cases());
        const counts = [0, 0, 0, 0];
        for (let round = 0; round < 2000; round++) {
          const selected = form === "made anew" ? select(cases()) : perform(once);
          a.trySend(1);
          const index = (await selected).case;
          counts[index] = (counts[index] as number) + 1;
          expect(nobodyWaits([a, b])).to.equal(true);
        }
        expectEqual([counts[0], counts[2], counts[3]] as number[]);
        expect(counts[1]).to.equal(0);
      });
    }

    it("law 6: listed, the first of them is the first in line each time", async () => {
      const [a, b] = channels(2) as [Channel<number>, Channel<number>];
      const either = selecting([b.receiving(), a.receiving(), a.receiving()], { order: "listed" });
      for (let round = 0; round < 50; round++) {
        const selected = perform(either);
        a.trySend(round);
        expect(await selected).to.deep.equal({ case: 1, value: round });
      }
    });
  });
});
