/** Several jobs at once. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import { always, chan, gather, go, sleep } from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

describe("gather", () => {
  afterEach(() => { sinon.restore(); });

  it("S-46 (a) results come in the order of the jobs, however long each takes", async () => {
    const clock = sinon.useFakeTimers();
    const order: string[] = [];
    const after = (ms: number, value: string) => async (): Promise<string> => {
      await sleep(ms);
      order.push(value);
      return value;
    };
    const gathered = gather([after(30, "a"), after(10, "b"), after(20, "c"), () => "d", function* () { return yield* always("e"); }]);
    await clock.tickAsync(30);
    expect(await gathered).to.deep.equal(["a", "b", "c", "d", "e"]);
    expect(order).to.deep.equal(["b", "c", "a"]);
    expect(Date.now()).to.equal(30); // at once, not one after another
  });

  it("S-46 (b) results come under the names of the jobs, in their order", async () => {
    const ch = chan<string>(1);
    const gathered = gather({ late: () => ch.receive(), plain: () => 1, promise: Promise.resolve(true), task: go(() => null) });
    await settle();
    ch.trySend("at last");
    const results = await gathered;
    expect(results).to.deep.equal({ late: "at last", plain: 1, promise: true, task: null });
    expect(Object.keys(results)).to.deep.equal(["late", "plain", "promise", "task"]);
  });

  it("S-46 (c) a tuple and a record are typed by their jobs", async () => {
    const [one, two, three]: [number, string, boolean] = await gather([() => 1, async () => "two", Promise.resolve(true)]);
    const { a, b }: { a: number; b: string } = await gather({ a: () => 1, b: go(() => "b") });
    const many: readonly number[] = await gather([1, 2, 3].map((n) => () => n * 2));
    expect([one, two, three, a, b, many]).to.deep.equal([1, "two", true, 1, "b", [2, 4, 6]]);
  });

  it("S-46 (d) thunks start in a later microtask, in order, all of them", async () => {
    const log: string[] = [];
    const gathered = gather([1, 2, 3].map((n) => () => { log.push(`job ${String(n)}`); }));
    log.push("called");
    await gathered;
    expect(log).to.deep.equal(["called", "job 1", "job 2", "job 3"]);
  });

  it("S-46 (e) the jobs are read once, at the call", async () => {
    const jobs = [(): number => 1, (): number => 2];
    const gathered = gather(jobs);
    jobs.push(() => 3);
    jobs[0] = () => 9;
    expect(await gathered).to.deep.equal([1, 2]);
  });

  it("S-47 of no jobs there are no results, at once", async () => {
    expect(await gather([])).to.deep.equal([]);
    expect(await gather({})).to.deep.equal({});
    expect(await gather([], { returnErrors: true, limit: 1 })).to.deep.equal([]);
  });

  it("S-50 with returnErrors errors are values in their place, and it does not reject", async () => {
    const [first, second, third] = [new Error("first"), new Error("second"), new Error("third")] as const;
    const unhandled = await unhandledDuring(async () => {
      const results = await gather(
        {
          thrown: () => { throw first; },
          fine: () => 1,
          rejected: Promise.reject(second),
          task: go(function* (): Generator<unknown, number> { yield* always(1); throw third; }),
          late: async () => { await settle(); return 2; },
        },
        { returnErrors: true },
      );
      expect(results).to.deep.equal({ thrown: first, fine: 1, rejected: second, task: third, late: 2 });
      expect(results.thrown).to.equal(first);
      expect(results.rejected).to.equal(second);
      expect(results.task).to.equal(third);
    });
    expect(unhandled).to.deep.equal([]);
  });

  it("S-48 it rejects with the first error, the very object; later errors are not unhandled", async () => {
    const clock = sinon.useFakeTimers();
    const first = new Error("at 10");
    const unhandled = await unhandledDuring(async () => {
      const failing = (ms: number, error: Error) => async (): Promise<never> => {
        await sleep(ms);
        throw error;
      };
      const gathered = rejectionOf(gather([failing(20, new Error("at 20")), failing(10, first), () => 1]));
      await clock.tickAsync(10);
      await clock.tickAsync(100);
      expect(await gathered).to.equal(first);
    });
    expect(unhandled).to.deep.equal([]);
  });

  it("S-84 (a) promises and tasks among the jobs are only observed: they go on when another job fails", async () => {
    const error = new Error("thrown");
    const gate = chan<string>();
    const task = go(() => gate.receive());
    let resolve!: (value: string) => void;
    const promise = new Promise<string>((resolving) => { resolve = resolving; });
    expect(await rejectionOf(gather([promise, task, () => { throw error; }]))).to.equal(error);
    expect(task.state).to.equal("running");
    await gate.send("a");
    resolve("b");
    expect(await task).to.equal("a");
    expect(await promise).to.equal("b");
  });

  it("S-84 (b) a promise that rejects after another job has failed is not unhandled; the failure of a free task then is", async () => {
    const late = new Error("late");
    const unhandled = await unhandledDuring(async () => {
      const gate = chan<string>();
      const task = go(async () => { await gate.receive(); throw late; });
      let reject!: (error: unknown) => void;
      const promise = new Promise<string>((_resolve, rejecting) => { reject = rejecting; });
      await rejectionOf(gather([promise, task, () => { throw new Error("first"); }]));
      reject(new Error("of no interest"));
      await gate.send("go on");
    });
    expect(unhandled).to.deep.equal([late]); // nobody joins the task any more
  });

  it("S-84 (c) jobs that have ended already count at once, their failures too", async () => {
    const error = new Error("of before");
    const done = go(() => 1);
    const failed = go(() => { throw error; });
    await rejectionOf(failed);
    expect(await gather([done, Promise.resolve(2)])).to.deep.equal([1, 2]);
    let started = 0;
    expect(await rejectionOf(gather([() => started++, failed, () => started++]))).to.equal(error);
    await settle();
    expect(started).to.be.lessThan(2);
  });

  it("S-53 (a) the same promise twice gives the same value in both places", async () => {
    const promise = Promise.resolve({ the: "value" });
    const [one, two] = await gather([promise, promise]);
    expect(one).to.equal(two);
    const task = go(() => ({ a: 1 }));
    const [three, four] = await gather([task, task]);
    expect(three).to.equal(four);
  });

  it("S-53 (b) the same thunk twice runs twice", async () => {
    let runs = 0;
    const thunk = (): number => ++runs;
    expect(await gather([thunk, thunk])).to.deep.equal([1, 2]);
  });

  it("S-55 (a) with a limit never more than that many thunks run, and all run in order", async () => {
    for (const limit of [1, 2, 3, 7, Infinity]) {
      let running = 0;
      let most = 0;
      const started: number[] = [];
      const results = await gather(
        [0, 1, 2, 3, 4].map((n) => async () => {
          started.push(n);
          most = Math.max(most, ++running);
          for (let hops = 0; hops < 3 + ((n * 7) % 5); hops++) await null;
          running--;
          return n;
        }),
        { limit },
      );
      expect(results).to.deep.equal([0, 1, 2, 3, 4]);
      expect(started).to.deep.equal([0, 1, 2, 3, 4]);
      expect(most).to.equal(Math.min(limit, 5));
    }
  });

  it("S-55 (b) with a limit of 2, and one of the first two failing, the others never start", async () => {
    const error = new Error("thrown");
    const gate = chan<void>();
    const started: number[] = [];
    const job = (n: number, work: () => unknown) => (): unknown => {
      started.push(n);
      return work();
    };
    const gathered = gather(
      [job(0, () => gate.receive()), job(1, () => { throw error; }), job(2, () => 2), job(3, () => 3), job(4, () => 4)],
      { limit: 2 },
    );
    expect(await rejectionOf(gathered)).to.equal(error);
    gate.trySend();
    await settle();
    expect(started).to.deep.equal([0, 1]);
  });

  it("S-55 (c) promises and tasks do not count for the limit", async () => {
    const endless = new Promise<never>(() => undefined);
    let ran = 0;
    const giving = new AbortController();
    const gathered = rejectionOf(gather([endless, endless, () => ran++, () => ran++], { limit: 1, signal: giving.signal }));
    await settle();
    expect(ran).to.equal(2);
    giving.abort("enough");
    expect(await gathered).to.equal("enough");
  });

  it("S-55 (d) a limit that is no whole number from 1 up, or Infinity, is a RangeError; the promise rejects", async () => {
    let ran = 0;
    for (const limit of [0, -1, 1.5, Number.NaN, "2" as unknown as number]) {
      expect(await rejectionOf(gather([() => ran++], { limit }))).to.be.instanceOf(RangeError);
    }
    await settle();
    expect(ran).to.equal(0);
  });

  it("S-46 (f) a job that is neither function nor promise is a TypeError that names it, and no job has started", async () => {
    let ran = 0;
    const wrong = rejectionOf(gather({ fine: () => ran++, wrong: 7 as never }));
    expect(await wrong).to.be.instanceOf(TypeError).with.property("message").that.includes('"wrong"');
    for (const jobs of [undefined, null, 7, () => 1]) expect(await rejectionOf(gather(jobs as never))).to.be.instanceOf(TypeError);
    await settle();
    expect(ran).to.equal(0);
  });

  it("S-46 (g) a signal ends the gather, with the reason itself; if it is aborted before, no job starts", async () => {
    const giving = new AbortController();
    let ran = 0;
    const gathered = gather([() => ran++, new Promise<never>(() => undefined)], { signal: giving.signal });
    expect(await isPending(gathered)).to.equal(true);
    expect(ran).to.equal(1);
    const reason = { why: "the very object" };
    giving.abort(reason);
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    expect(await rejectionOf(gathered)).to.equal(reason);
    expect(await rejectionOf(gather([() => ran++], { signal: giving.signal }))).to.equal(reason);
    await settle();
    expect(ran).to.equal(1);
  });

  it("S-46 (h) ten thousand jobs are fine", async () => {
    const results = await gather(Array.from({ length: 10_000 }, (_, n) => () => n), { limit: 100 });
    expect(results).to.deep.equal(Array.from({ length: 10_000 }, (_, n) => n));
  });
});
