/** Gathers as scopes: failures and cancels reach the thunks, and nothing else. */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import sinon, { type SinonFakeTimers } from "sinon";
import { always, CancelledError, chan, gather, go, never, scope, shield, sleep, sleeping } from "../../../src/node.ts";
import { kindsOfBody, type Ending } from "../../support/bodies.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

describe("gather as a scope", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  it("S-46: a tuple is typed by its jobs, promises, tasks and generator thunks among them", async () => {
    const gathered = gather([
      () => 1, async () => "two", function* () { return yield* always(true); }, Promise.resolve(4n), go(() => null),
    ]);
    expectTypeOf(gathered).toEqualTypeOf<Promise<[number, string, boolean, bigint, null]>>();
    expect(await gathered).to.deep.equal([1, "two", true, 4n, null]);
    const observed = gather([() => 1, function* () { yield* always(0); return "b"; }], { returnErrors: true });
    expectTypeOf(observed).toEqualTypeOf<Promise<[number | Error, string | Error]>>();
    expect(await observed).to.deep.equal([1, "b"]);
  });

  it("S-46: a record is typed by its jobs", async () => {
    const gathered = gather({
      plain: () => 1, async: async () => "two", generator: function* () { return yield* always(true); }, promise: Promise.resolve(4n),
    });
    expectTypeOf(gathered).toEqualTypeOf<Promise<{ plain: number; async: string; generator: boolean; promise: bigint }>>();
    expect(await gathered).to.deep.equal({ plain: 1, async: "two", generator: true, promise: 4n });
    const many = gather([1, 2].map((n) => () => n));
    expectTypeOf(many).toEqualTypeOf<Promise<number[]>>();
    expect(await many).to.deep.equal([1, 2]);
  });

  for (const [kind, waits] of kindsOfBody) {
    describe(kind, () => {
      it("S-46: results come in the order and under the names of the jobs, however long each takes", async () => {
        const after = (ms: number) => waits(() => sleeping(ms).map(() => ms));
        const list = gather([after(30), after(10), after(20)]);
        const record = gather({ c: after(30), a: after(10), b: after(20) });
        await clock.tickAsync(30);
        expect(await list).to.deep.equal([30, 10, 20]);
        expect(Object.entries(await record)).to.deep.equal([["c", 30], ["a", 10], ["b", 20]]);
        expect(Date.now()).to.equal(30);
      });

      it("S-48: when one job fails, the others are cancelled and have ended before the rejection, which is the first error", async () => {
        const error = new Error("at 10");
        const log: string[] = [];
        const ch = chan<string>();
        const endings: Ending[] = [];
        const gathered = rejectionOf(gather([
          waits(() => ch.receiving(), (ending) => { endings.push(ending); }),
          waits(() => sleeping(10).map(() => { throw error; })),
          async () => {
            try {
              await sleep(1000);
            } finally {
              await shield(() => sleep(5));
              log.push("cleaned up");
            }
          },
        ])).finally(() => log.push("rejected"));
        await clock.tickAsync(10);
        expect(ch.trySend("to nobody")).to.equal(false);
        expect(endings).to.have.length(1);
        if (endings[0] !== undefined) expect((endings[0] as { error: unknown }).error).to.be.instanceOf(CancelledError);
        await clock.tickAsync(4);
        expect(await isPending(gathered)).to.equal(true);
        await clock.tickAsync(1);
        expect(await gathered).to.equal(error);
        expect(log).to.deep.equal(["cleaned up", "rejected"]);
        expect(clock.countTimers()).to.equal(0);
      });

      it("S-48: onError leave: it rejects at once, and the others go on", async () => {
        const error = new Error("at 10");
        const ch = chan<string>();
        let ending: Ending;
        const gathered = rejectionOf(gather(
          [waits(() => ch.receiving(), (how) => { ending = how; }), waits(() => sleeping(10).map(() => { throw error; }))],
          { onError: "leave" },
        ));
        await clock.tickAsync(10);
        expect(await gathered).to.equal(error);
        expect(ending).to.equal(undefined);
        expect(ch.trySend("still here")).to.equal(true);
        await settle();
        expect(ending).to.deep.equal({ value: "still here" });
      });

      it("S-50: returnErrors: errors are values in place, nobody is cancelled, and it does not reject because of a job", async () => {
        const [early, late] = [new Error("early"), new Error("late")] as const;
        const unhandled = await unhandledDuring(async () => {
          const gathered = gather(
            [
              waits(() => sleeping(20).map(() => "value")),
              waits(() => sleeping(1).map(() => { throw early; })),
              waits(() => sleeping(30).map(() => { throw late; })),
              Promise.reject(early),
            ],
            { returnErrors: true },
          );
          await clock.tickAsync(30);
          const results = await gathered;
          expect(results[0]).to.equal("value");
          expect(results[1]).to.equal(early);
          expect(results[2]).to.equal(late);
          expect(results[3]).to.equal(early);
        });
        expect(unhandled).to.deep.equal([]);
      });

      it("S-56: when the task that awaits a gather is cancelled, all its thunks are, the waiting and the unstarted ones", async () => {
        for (const returnErrors of [false, true]) {
          const ch = chan<string>();
          const endings: Ending[] = [];
          let lateStarted = false;
          let gathered!: Promise<unknown>;
          const ended = scope(async (s) => {
            const child = s.go(async () => {
              const jobs = [
                ...[1, 2, 3].map(() => waits(() => ch.receiving(), (ending) => { endings.push(ending); })),
                () => { lateStarted = true; },
              ];
              gathered = returnErrors ? gather(jobs, { limit: 3, returnErrors }) : gather(jobs, { limit: 3 });
              await gathered;
            });
            await sleep(1);
            child.cancel("enough");
            expect(ch.trySend("to nobody")).to.equal(false); // out of the queue at once
            return rejectionOf(gathered);
          });
          await clock.tickAsync(1);
          const error = await ended;
          expect(error).to.be.instanceOf(CancelledError).with.property("cause", "enough");
          expect(endings).to.have.length(3);
          expect(lateStarted).to.equal(false);
        }
      });

      it("S-84: promises and free tasks among the jobs are only observed when a thunk fails", async () => {
        const error = new Error("thrown");
        const ch = chan<string>();
        const free = go(waits(() => ch.receiving()));
        let resolve!: (value: string) => void;
        const promise = new Promise<string>((resolving) => { resolve = resolving; });
        const gathered = rejectionOf(gather([promise, free, waits(() => sleeping(1).map(() => { throw error; }))]));
        await clock.tickAsync(1);
        expect(await gathered).to.equal(error);
        expect(free.state).to.equal("running");
        expect(ch.trySend("served")).to.equal(true);
        resolve("resolved");
        expect(await free).to.equal("served");
        expect(await promise).to.equal("resolved");
      });

      it("S-84: they are only observed, too, when the gather is cancelled", async () => {
        const ch = chan<string>();
        const free = go(waits(() => ch.receiving()));
        const ended = scope(async (s) => {
          s.go(() => gather([free, waits(() => never)]));
          await sleep(1);
          s.cancel();
        });
        await clock.tickAsync(1);
        await ended;
        expect(free.state).to.equal("running");
        expect(ch.trySend("served")).to.equal(true);
        expect(await free).to.equal("served");
      });

      it("S-53: the same promise twice gives the same value in both places; the same thunk twice runs twice", async () => {
        const value = { the: "value" };
        const promise = Promise.resolve(value);
        let runs = 0;
        const thunk = waits(() => sleeping(1).map(() => ++runs));
        const gathered = gather([promise, thunk, promise, thunk]);
        await clock.tickAsync(1);
        const [one, first, two, second] = await gathered;
        expect(one).to.equal(value);
        expect(two).to.equal(value);
        expect([first, second]).to.deep.equal([1, 2]);
      });

      it("S-55: limit 2 of 5 thunks, one fails: never more than 2 run, the other of the two is cancelled, the unstarted never start", async () => {
        const error = new Error("the third");
        const started: number[] = [];
        const cancelled: number[] = [];
        let running = 0;
        let most = 0;
        const jobs = [10, 20, 15, 1000, 1].map((ms, n) => {
          const body = waits(() => sleeping(ms).map(() => { if (n === 2) throw error; return n; }), (ending) => {
            running--;
            if (ending === undefined || ("error" in ending && ending.error instanceof CancelledError)) cancelled.push(n);
          });
          return () => {
            started.push(n);
            most = Math.max(most, ++running);
            return body();
          };
        });
        const gathered = rejectionOf(gather(jobs, { limit: 2 }));
        await clock.tickAsync(25); // 0 until 10, 1 until 20, 2 from 10 to 25, 3 from 20
        expect(await gathered).to.equal(error);
        await clock.tickAsync(2000);
        expect(started).to.deep.equal([0, 1, 2, 3]);
        expect(cancelled).to.deep.equal([3]);
        expect({ most, running }).to.deep.equal({ most: 2, running: 0 });
      });
    });
  }
});
