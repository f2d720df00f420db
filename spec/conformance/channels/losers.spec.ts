/**
 * Channels, section E: what the losing cases of a select leave behind. Nothing.
 */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import {
  aborting, always, attempting, chan, choose, operation, perform, select, selecting, settling, sleeping, trySelect, type Operation,
} from "../../../src/index.ts";
import { rejectionOf, settle } from "../../support/settle.ts";
import { expectNobodyWaits, failOnUnhandledRejections, unhandledDuring } from "./support.ts";

/** A select that the given case loses: at once, after waiting to a value, to an error, and to an abort. */
const losses: Record<string, (loser: Operation<unknown>) => Promise<void>> = {
  "to a case that is ready": async (loser) => {
    expect((await select({ win: always(1), loser }, { order: "listed" })).case).to.equal("win");
  },
  "in trySelect": async (loser) => {
    expect(trySelect({ loser, win: always(1) })?.case).to.equal("win");
    return Promise.resolve();
  },
  "to a value that comes": async (loser) => {
    const channel = chan<number>();
    const waiting = select({ loser, win: channel.receiving() });
    await settle();
    await channel.send(1);
    expect((await waiting).case).to.equal("win");
  },
  "to a receiver that comes": async (loser) => {
    const channel = chan<number>();
    const waiting = select([channel.sending(1), loser]);
    await settle();
    await channel.receive();
    expect((await waiting).case).to.equal(0);
  },
  "to a channel that is closed": async (loser) => {
    const channel = chan<number>();
    const waiting = select({ loser, dead: channel.receiving() });
    await settle();
    channel.close(new Error("broken"));
    expect(await rejectionOf(waiting)).to.have.property("message", "broken");
  },
  "to an abort of the select": async (loser) => {
    const controller = new AbortController();
    const waiting = select({ loser }, { signal: controller.signal });
    await settle();
    controller.abort("enough");
    expect(await rejectionOf(waiting)).to.equal("enough");
  },
  "inside a select that is a case of a choice": async (loser) => {
    const channel = chan<number>();
    const waiting = perform(choose<unknown>(selecting({ loser }), channel.receiving()));
    await settle();
    await channel.send(1);
    expect(await waiting).to.equal(1);
  },
};

describe("the losing cases of a select", () => {
  failOnUnhandledRejections();

  for (const [how, lose] of Object.entries(losses)) {
    it(`SE-19 a sleep that loses leaves no timer: ${how}`, async () => {
      const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      try {
        for (const ms of [0, 100, 2 ** 31, Infinity]) {
          await lose(sleeping(ms));
          expect(clock.countTimers()).to.equal(0);
          let ran = 0;
          await lose(sleeping(ms).map(() => ran++));
          expect(clock.countTimers()).to.equal(0);
          await clock.tickAsync(200);
          expect(ran).to.equal(0);
        }
      } finally {
        clock.restore();
      }
    });

    it(`SE-19 (b) an attempt that loses was not started or has its signal aborted: ${how}`, async () => {
      const signals: AbortSignal[] = [];
      await lose(attempting((signal) => {
        signals.push(signal);
        return new Promise<never>((_resolve, reject) => {
          signal.addEventListener("abort", () => { reject(signal.reason as Error); });
        });
      }));
      await settle();
      expect(signals.length).to.equal(how === "to a case that is ready" || how === "in trySelect" ? 0 : 1);
      for (const signal of signals) expect(signal.aborted).to.equal(true);
    });

    it(`SE-19 (c) a signal that loses has no listener left: ${how}`, async () => {
      const controller = new AbortController();
      await lose(aborting(controller.signal));
      expect(getEventListeners(controller.signal, "abort").length).to.equal(0);
      controller.abort(new Error("too late for the loser"));
    });

    it(`SE-19 (d) a promise that loses and rejects afterwards is no unhandled rejection: ${how}`, async () => {
      const seen = await unhandledDuring(async () => {
        let reject: (error: Error) => void = () => undefined;
        const promise = new Promise<never>((_resolve, rejectIt) => { reject = rejectIt; });
        await lose(settling(promise));
        reject(new Error("too late"));
      });
      expect(seen).to.deep.equal([]);
    });

    it(`SE-19 (e) a send and a receive that lose leave nobody in line: ${how}`, async () => {
      const channel = chan<number>();
      await lose(channel.receiving());
      expectNobodyWaits(channel);
      await lose(channel.sending(1));
      expectNobodyWaits(channel);
      await lose(channel.nexting().map((result) => result.done));
      expectNobodyWaits(channel);
    });

    it(`SE-19 (f) a user's own operation that loses is withdrawn exactly once, and a late resume changes nothing: ${how}`, async () => {
      let waits = 0;
      let withdrawals = 0;
      const resumes: ((result: () => string) => void)[] = [];
      await lose(operation<string>({
        poll: () => undefined,
        wait(resume) {
          waits++;
          resumes.push(resume);
          return () => { withdrawals++; };
        },
      }));
      await settle();
      expect(withdrawals).to.equal(waits);
      for (const resume of resumes) resume(() => { throw new Error("too late"); });
      await settle();
    });
  }

  it("SE-19 (g) the losers are withdrawn before the winner goes on (choice.ts 2)", async () => {
    const channel = chan<number>();
    const order: string[] = [];
    const waiting = select({
      loser: attempting((signal) => new Promise<never>(() => { signal.addEventListener("abort", () => order.push("aborted")); })),
      win: channel.receiving(),
    }).then(() => order.push("goes on"));
    await settle();
    await channel.send(1);
    await waiting;
    expect(order).to.deep.equal(["aborted", "goes on"]);
  });
});
