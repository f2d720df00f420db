/** Shields: what no cancel from outside reaches. */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { CancelledError, chan, go, never, scope, shield, sleep, sleeping, TimeoutError, timeout, type ChildTask } from "../../../src/node.ts";
import { kindsOfBody } from "../../support/bodies.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

describe("shield", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  for (const [kind, waits] of kindsOfBody) {
    it(`S-42: a clean-up in a shield completes though the scope is cancelled meanwhile, and the next operation rejects: ${kind}`, async () => {
      const log: unknown[] = [];
      const ended = scope(async (s) => {
        s.go(async () => {
          log.push(await shield(waits(() => sleeping(10).map(() => "cleaned up"))));
          log.push(await rejectionOf(sleep(10)));
        });
        await sleep(5);
        s.cancel("enough");
        return "value";
      });
      await clock.tickAsync(9);
      expect(log).to.deep.equal([]);
      expect(await isPending(ended)).to.equal(true);
      await clock.tickAsync(1);
      expect(await ended).to.equal("value");
      expect(log).to.have.length(2);
      expect(log[0]).to.equal("cleaned up");
      expect(log[1]).to.be.instanceOf(CancelledError).with.property("cause", "enough");
      expect(clock.countTimers()).to.equal(0);
    });

    it(`S-42: a shield that begins in a finally after the cancel also completes, and its scope waits: ${kind}`, async () => {
      const ch = chan<string>();
      const farewell = ch.receive();
      const ended = scope(async (s) => {
        s.go(async () => {
          try {
            await chan().receive();
          } finally {
            await sleep(1).catch(() => undefined); // not shielded: rejects at once
            await shield(waits(() => sleeping(10)));
            await shield(waits(() => ch.sending("farewell")));
          }
        });
        await sleep(1);
        s.cancel();
      });
      await clock.tickAsync(10);
      expect(await isPending(ended)).to.equal(true);
      await clock.tickAsync(1);
      await ended;
      expect(await farewell).to.equal("farewell");
    });

    it(`S-42: a shield has a time limit of its own: ${kind}`, async () => {
      const rejected = scope(async (s) => {
        s.cancel();
        return rejectionOf(shield(waits(() => never), { timeout: 10 }));
      });
      await clock.tickAsync(9);
      expect(await isPending(rejected)).to.equal(true);
      await clock.tickAsync(1);
      expect(await rejected).to.be.instanceOf(TimeoutError);
    });

    it(`S-42: the deadline of a timeout around a shield waits for it: ${kind}`, async () => {
      const rejected = rejectionOf(timeout(5, async () => {
        await shield(waits(() => sleeping(10)));
        await sleep(1);
      }));
      await clock.tickAsync(9);
      expect(await isPending(rejected)).to.equal(true);
      await clock.tickAsync(1);
      expect(await rejected).to.be.instanceOf(TimeoutError);
      expect(Date.now()).to.equal(10);
    });

    it(`S-44: an outer cancel does not reach a task that is started inside a shield, but an explicit cancel does: ${kind}`, async () => {
      const ch = chan<string>();
      let spared!: ChildTask<unknown>;
      let chosen!: ChildTask<unknown>;
      const ended = scope(async (s) => {
        s.go(() =>
          shield(() =>
            scope(async (inner) => {
              spared = inner.go(waits(() => ch.receiving()));
              chosen = inner.go(waits(() => never));
              await sleep(10);
            }),
          ),
        );
        await sleep(5);
        s.cancel("from outside");
      });
      await clock.tickAsync(10);
      expect(await isPending(ended)).to.equal(true);
      expect([spared.state, chosen.state]).to.deep.equal(["running", "running"]);
      chosen.cancel("explicit");
      await settle();
      expect([spared.state, chosen.state]).to.deep.equal(["running", "cancelled"]);
      expect(await rejectionOf(chosen)).to.be.instanceOf(CancelledError).with.property("cause", "explicit");
      ch.trySend("still here");
      await ended;
      expect(await spared).to.equal("still here");
    });
  }

  it("S-42: a failure in a shield is the scope's", async () => {
    const error = new Error("clean-up");
    const ended = rejectionOf(scope(async (s) => {
      s.cancel();
      await shield(() => { throw error; });
    }));
    expect(await ended).to.equal(error);
  });

  it("S-44: a shield in a free task works, and protects no other task", async () => {
    const log: string[] = [];
    const ended = scope(async (s) => {
      s.go(async () => { await shield(() => sleep(10)); log.push("shielded"); });
      s.go(async () => { await sleep(10); log.push("not shielded"); });
      await sleep(1);
      s.cancel();
    });
    const free = go(() => shield(() => sleep(3)));
    await clock.tickAsync(10);
    await ended;
    await free;
    expect(log).to.deep.equal(["shielded"]);
  });
});
