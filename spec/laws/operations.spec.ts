/** The laws that hold for every kind of operation, in every way of performing it. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { aborting, chan, choose, perform, poll, select, trySelect } from "../../src/index.ts";
import { settle } from "../support/settle.ts";
import { performBy, ways } from "../support/ways.ts";
import { kinds, Probe, type Gives } from "./operations.ts";

type Outcome = PromiseSettledResult<unknown> | undefined;

/** What has come of a promise so far; a rejection is seen from here on. */
function watch(promise: Promise<unknown>): { outcome: Outcome } {
  const watched: { outcome: Outcome } = { outcome: undefined };
  promise.then(
    (value) => { watched.outcome = { status: "fulfilled", value }; },
    (reason: unknown) => { watched.outcome = { status: "rejected", reason }; },
  );
  return watched;
}

function expectOutcome(watched: { outcome: Outcome }, gives: Gives): void {
  const { outcome } = watched;
  if ("value" in gives) expect(outcome).to.deep.equal({ status: "fulfilled", value: gives.value });
  else {
    expect(outcome?.status).to.equal("rejected");
    const { reason } = outcome as PromiseRejectedResult;
    if ("error" in gives) expect(reason).to.equal(gives.error);
    else expect(reason).to.be.instanceOf(gives.errorOf);
  }
}

function expectReason(watched: { outcome: Outcome }, reason: unknown): void {
  expect(watched.outcome?.status).to.equal("rejected");
  expect((watched.outcome as PromiseRejectedResult).reason).to.equal(reason);
}

for (const kind of kinds) {
  describe(`every operation: ${kind.name}`, () => {
    let clock: SinonFakeTimers;
    beforeEach(() => { clock = sinon.useFakeTimers(); });
    afterEach(() => { sinon.restore(); });

    it("a failed poll changes nothing", async () => {
      const it = kind.make(clock);
      for (let again = 0; again < 2; again++) {
        expect(poll(it.operation)).to.equal(undefined);
        expect(trySelect({ it: it.operation })).to.equal(undefined);
        expect(it.left()).to.equal(0);
      }
      const watched = watch(perform(it.operation));
      it.happen();
      await settle();
      expectOutcome(watched, it.gives);
    });

    it("it is resumed at most once, and never inside the wait", async () => {
      const it = kind.make(clock);
      const probe = new Probe();
      expect(probe.perform(it.operation)).to.equal(false);
      expect(probe.resumed).to.equal(0);
      for (let again = 0; again < 3; again++) {
        it.happen();
        await settle();
        expect(probe.resumed).to.equal(1);
      }
    });

    it("a late withdraw is harmless", async () => {
      const it = kind.make(clock);
      const probe = new Probe();
      probe.perform(it.operation);
      it.happen();
      await settle();
      const other = kind.make(clock);
      const watched = watch(perform(other.operation));
      for (let again = 0; again < 2; again++) {
        probe.withdraw();
        expect(probe.resumed).to.equal(1);
        expect(probe).to.include({ place: undefined, next: undefined, previous: undefined, slot: undefined });
      }
      other.happen();
      await settle();
      expectOutcome(watched, other.gives);
    });

    it("a withdrawn operation never happens, and leaves nothing", async () => {
      const it = kind.make(clock);
      const probe = new Probe();
      probe.perform(it.operation);
      probe.withdraw();
      expect(probe).to.include({ place: undefined, next: undefined, previous: undefined, slot: undefined });
      if (kind.leavesLater) await settle();
      expect(it.left()).to.equal(0);
      it.happen();
      await settle();
      expect(probe.resumed).to.equal(0);
      expect(it.left()).to.equal(0);
    });

    it("it can be withdrawn from the middle of the waiters, and the others keep their order", async () => {
      const it = kind.make(clock);
      const order: number[] = [];
      const probes = [0, 1, 2, 3, 4].map((id) => {
        const probe = new Probe();
        probe.onResume = (): void => { order.push(id); };
        probe.perform(it.operation);
        return probe;
      });
      probes[1]?.withdraw();
      probes[3]?.withdraw();
      for (let times = 0; times < (kind.forAll ? 1 : 3); times++) it.happen();
      await settle();
      expect(order).to.deep.equal([0, 2, 4]);
      expect(it.left()).to.equal(0);
    });

    for (const way of ways) {
      describe(`by ${way.name}`, () => {
        it("it waits, happens, and leaves nothing", async () => {
          const it = kind.make(clock);
          const watched = watch(performBy(way, it.operation));
          await settle();
          expect(watched.outcome).to.equal(undefined);
          it.happen();
          expect(watched.outcome).to.equal(undefined); // nobody is resumed in the stack of the one who made it happen
          await settle();
          expectOutcome(watched, it.gives);
          expect(it.left()).to.equal(0);
        });

        it("one value serves several at once, in the order in which they came", async () => {
          const it = kind.make(clock);
          const order: number[] = [];
          const all = [0, 1, 2].map((id) => {
            const started = performBy(way, it.operation);
            const note = (): void => { order.push(id); };
            started.then(note, note);
            return watch(started);
          });
          await settle();
          for (let times = 0; times < (kind.forAll ? 1 : 3); times++) it.happen();
          await settle();
          for (const watched of all) expectOutcome(watched, it.gives);
          expect(order).to.deep.equal([0, 1, 2]);
        });

        it("losing a select, it leaves nothing and does not happen", async () => {
          const it = kind.make(clock);
          const other = chan<string>();
          const watched = watch(performBy(way, choose<unknown>(it.operation, other.receiving())));
          await settle();
          expect(other.trySend("the other")).to.equal(true);
          if (kind.leavesLater) await settle();
          expect(it.left()).to.equal(0);
          it.happen();
          await settle();
          expectOutcome(watched, { value: "the other" });
          expect(it.left()).to.equal(0);
        });

        it("winning a select, it has withdrawn the others at once", async () => {
          const it = kind.make(clock);
          const other = chan<string>();
          const giving = new AbortController();
          const watched = watch(performBy(way, choose<unknown>(aborting(giving.signal), it.operation, other.receiving())));
          await settle();
          it.happen();
          if (kind.happensLater) await settle();
          expect(other.trySend("too late")).to.equal(false);
          expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
          giving.abort();
          await settle();
          expectOutcome(watched, it.gives);
        });

        it("aborted before, it rejects with the reason itself, and nothing was touched", async () => {
          const it = kind.make(clock);
          const reason = { why: "the very object" };
          const watched = watch(performBy(way, it.operation, AbortSignal.abort(reason)));
          await settle();
          expectReason(watched, reason);
          expect(it.left()).to.equal(0);
        });

        it("aborted while it waits, it rejects with the reason itself and leaves nothing, at once", async () => {
          const it = kind.make(clock);
          const giving = new AbortController();
          const watched = watch(performBy(way, it.operation, giving.signal));
          await settle();
          expect(getEventListeners(giving.signal, "abort")).to.have.length(1);
          const reason = { why: "the very object" };
          giving.abort(reason);
          if (kind.leavesLater) await settle();
          expect(it.left()).to.equal(0);
          expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
          it.happen();
          await settle();
          expectReason(watched, reason);
          expect(it.left()).to.equal(0);
        });

        it("aborted after it has happened, nothing changes, and no listener is left", async () => {
          const it = kind.make(clock);
          const giving = new AbortController();
          giving.signal.addEventListener("abort", () => undefined);
          const watched = watch(performBy(way, it.operation, giving.signal));
          await settle();
          it.happen();
          if (kind.happensLater) await settle();
          expect(getEventListeners(giving.signal, "abort")).to.have.length(1);
          giving.abort();
          await settle();
          expectOutcome(watched, it.gives);
          expect(it.left()).to.equal(0);
        });

        it("an aborted waiter does not keep the next one from it", async () => {
          const it = kind.make(clock);
          const giving = new AbortController();
          const first = watch(performBy(way, it.operation, giving.signal));
          await settle();
          const second = watch(performBy(way, it.operation));
          await settle();
          giving.abort("gone");
          it.happen();
          await settle();
          expectReason(first, "gone");
          expectOutcome(second, it.gives);
        });
      });
    }
  });
}

describe("every operation", () => {
  it("all of them at once in one select: when one happens, the others leave nothing behind", async () => {
    for (const winner of kinds) {
      if (/^(sleeping|taking)/.test(winner.name)) continue; // the ticker among them is as early
      const clock = sinon.useFakeTimers();
      try {
        const situations = kinds.map((kind) => ({ kind, it: kind.make(clock) }));
        const watched = watch(select(situations.map(({ it }) => it.operation)));
        await settle();
        const place = kinds.indexOf(winner);
        situations[place]?.it.happen();
        await settle();
        const { gives } = situations[place]?.it as { gives: Gives };
        if ("value" in gives) expectOutcome(watched, { value: { case: place, value: gives.value } });
        else expectOutcome(watched, gives);
        for (const { kind, it } of situations) {
          if (!/tim|sleep|tick|taking/.test(kind.name)) expect(it.left(), `${kind.name} after ${winner.name}`).to.equal(0);
        }
        expect(clock.countTimers()).to.equal(1); // the ticker's own
      } finally {
        sinon.restore();
      }
    }
  });
});
