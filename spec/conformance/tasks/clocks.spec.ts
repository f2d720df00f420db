/**
 * Scopes and time limits under fake clocks.
 *
 * vitest's fake timers are those of sinon (`@sinonjs/fake-timers`, bundled): its clock is covered by sinon's, installed bare.
 */
import { createRequire } from "node:module";
import { mock } from "node:test";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { gather, go, race, scope, sleep, sleeping, timeout, TimeoutError } from "../../../src/node.ts";
import { kindsOfBody } from "../../support/bodies.ts";
import { randomFrom } from "../channels/support.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";

/** A clock that is moved by hand. */
interface Clock {
  advance(ms: number): Promise<void>;
  /** The number of pending timers, if it reports that. */
  pending?: () => number;
  restore(): void;
}

const makers: Record<string, () => Clock> = {
  "sinon": () => {
    const clock = sinon.useFakeTimers();
    return { advance: async (ms) => { await clock.tickAsync(ms); }, pending: () => clock.countTimers(), restore: () => { sinon.restore(); } };
  },
  "bare fake-timers, as in vitest": () => {
    const fakeTimers = createRequire(createRequire(import.meta.url).resolve("sinon"))("@sinonjs/fake-timers") as {
      install(config: object): SinonFakeTimers & { uninstall(): void };
    };
    const clock = fakeTimers.install({ now: 0 });
    return { advance: async (ms) => { await clock.tickAsync(ms); }, pending: () => clock.countTimers(), restore: () => { clock.uninstall(); } };
  },
  "node:test": () => {
    mock.timers.enable({ apis: ["setTimeout", "Date"] });
    return {
      // Its only tick is synchronous: bodies have to have begun before it, and each millisecond gets its turn.
      async advance(ms) {
        await settle();
        for (let passed = 0; passed < ms; passed++) {
          mock.timers.tick(1);
          await settle();
        }
      },
      restore: () => { mock.timers.reset(); },
    };
  },
};

describe("scopes under fake clocks", () => {
  let clock: Clock;
  afterEach(() => { clock.restore(); });

  for (const [maker, make] of Object.entries(makers)) {
    describe(maker, () => {
      beforeEach(() => { clock = make(); });

      for (const [kind, waits] of kindsOfBody) {
        it(`S-69: sleep moves with the mock, in a free task and in a scope: ${kind}`, async () => {
          const woke: string[] = [];
          const sleeps = (ms: number): (() => unknown) => waits(() => sleeping(ms), () => { woke.push(`${String(ms)} at ${String(Date.now())}`); });
          const free = go(sleeps(20));
          const ended = scope((s) => {
            s.go(sleeps(30));
            s.go(sleeps(10));
          });
          await clock.advance(9);
          expect(woke).to.deep.equal([]);
          await clock.advance(1);
          expect(woke).to.deep.equal(["10 at 10"]);
          await clock.advance(20);
          await Promise.all([free, ended]);
          expect(woke).to.deep.equal(["10 at 10", "20 at 20", "30 at 30"]);
          expect(clock.pending?.() ?? 0).to.equal(0);
        });

        it(`S-69: timeout moves with the mock, won and lost: ${kind}`, async () => {
          const won = timeout(50, waits(() => sleeping(49).map(() => "won")));
          const lost = rejectionOf(timeout(50, waits(() => sleeping(51))));
          const limited = rejectionOf(scope(waits(() => sleeping(51)), { timeout: 50 }));
          await clock.advance(48);
          expect(await isPending(won)).to.equal(true);
          await clock.advance(1);
          expect(await won).to.equal("won");
          expect(await isPending(lost)).to.equal(true);
          expect(await isPending(limited)).to.equal(true);
          await clock.advance(1);
          expect(await lost).to.be.instanceOf(TimeoutError);
          expect(await limited).to.be.instanceOf(TimeoutError);
          expect(clock.pending?.() ?? 0).to.equal(0);
        });
      }
    });
  }

  for (const [kind, waits] of kindsOfBody) {
    it(`S-70: an hour of sleeps is over as soon as the clock has been moved, in the right order: ${kind}`, async () => {
      clock = makers["sinon"]?.() as Clock;
      const random = randomFrom(seedOfRun);
      const hour = 3_600_000;
      const lengths = [hour, ...Array.from({ length: 999 }, () => 1 + random(hour))];
      const order: number[] = [];
      const wrong: number[] = [];
      const ended = scope((s) => {
        lengths.forEach((ms, index) => s.go(waits(() => sleeping(ms), () => {
          order.push(index);
          if (Date.now() !== ms) wrong.push(index);
        })));
      });
      await clock.advance(hour - 1);
      expect(await isPending(ended)).to.equal(true);
      await clock.advance(1);
      await ended;
      const expected = lengths.map((_, index) => index).sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
      expect(order, `RENDEZVOUS_SEED=${String(seedOfRun)}`).to.deep.equal(expected);
      expect(wrong).to.deep.equal([]);
      expect(Date.now()).to.equal(hour);
    });
  }

  it("S-70: an hour of seconds, one sleep after another, with time limits, gathers and races in it", async () => {
    clock = makers["sinon"]?.() as Clock;
    const log: string[] = [];
    const program = scope(async () => {
      for (let minute = 1; minute <= 60; minute++) {
        await gather([
          async () => { for (let second = 0; second < 60; second++) await sleep(1000); },
          () => timeout(30_000, () => sleep(40_000)).catch((error: unknown) => { if (!(error instanceof TimeoutError)) throw error; log.push(`limit ${String(Date.now())}`); }),
          () => race([() => sleep(50_000), () => sleep(1e9)]).then(() => log.push(`race ${String(Date.now())}`)),
        ]);
        log.push(`minute ${String(Date.now())}`);
      }
    });
    await clock.advance(3_600_000);
    await program;
    expect(log).to.deep.equal(
      Array.from({ length: 60 }, (_, n) => [`limit ${String(n * 60_000 + 30_000)}`, `race ${String(n * 60_000 + 50_000)}`, `minute ${String((n + 1) * 60_000)}`]).flat(),
    );
    expect(clock.pending?.()).to.equal(0);
  });
});
