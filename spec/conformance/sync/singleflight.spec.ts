/** Singleflight: one run for each key, which belongs to nobody. FL-180 to FL-184 of the list in ../flow/flow.md. */
import { inspect } from "node:util";
import { expect } from "chai";
import sinon from "sinon";
import {
  CancelledError, chan, dumpTasks, gather, go, poll, scope, select, shield, sleep, sleeping, timeout, TimeoutError, trySelect, type Channel,
} from "../../../src/node.ts";
import { singleflight } from "../../../src/sync/index.ts";
import { bubble, expectNoLeaks } from "../../../src/testing/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { thrownBy } from "./support.ts";
import { runProgram } from "../../support/fresh.ts";

const never = (): Channel<never> => chan<never>();

describe("a singleflight", () => {
  afterEach(() => { sinon.restore(); });

  for (const lane of ["async", "generator"] as const) {
    it(`FL-180 ten who ask for one key share one run; other keys run beside it; a failure goes to all and is not kept (${lane}) (singleflight.ts 1)`, async () => {
      await bubble(async () => {
        let fails = true;
        const runs: string[] = [];
        const body = lane === "async"
          ? async (key: string) => { runs.push(key); await sleep(10); if (fails) throw new Error(key); return key; }
          : function* (key: string) { runs.push(key); yield* sleeping(10); if (fails) throw new Error(key); return key; };
        const flight = singleflight<string, string>(body);
        const ask = (key: string) => lane === "async" ? () => flight.run(key) : function* () { return yield* flight.running(key); };
        const all = (key: string): Promise<unknown[]> => gather(Array.from({ length: 10 }, () => ask(key)), { returnErrors: true });
        const [a, b] = await gather([() => all("a"), () => all("b")]);
        expect(runs).to.deep.equal(["a", "b"]);
        expect(performance.now()).to.equal(10);
        expect(new Set(a).size).to.equal(1); // the very error
        expect((b[9] as Error).message).to.equal("b");
        fails = false;
        expect(await all("a")).to.deep.equal(Array(10).fill("a"));
        expect(runs).to.deep.equal(["a", "b", "a"]);
      });
    });
  }

  it("FL-181 the first to ask leaves, and the run goes on for the others; when the last one has left it is cancelled (singleflight.ts 2)", async () => {
    const gate = never();
    const events: string[] = [];
    const flight = singleflight(async (key: string) => {
      try {
        await gate.next();
        events.push("goes on");
        return key;
      } catch (error) {
        events.push((error as Error).name);
        throw error;
      }
    });
    const first = scope(async (s) => {
      const asking = s.go(() => flight.run("a"));
      await settle();
      asking.cancel();
      await asking.result();
    });
    const second = flight.run("a");
    await first;
    await settle();
    expect(events).to.deep.equal([]);
    gate.close();
    expect(await second).to.equal("a");
    expect(events.splice(0)).to.deep.equal(["goes on"]);

    const stuck = singleflight(async () => {
      try { await never().receive(); } catch (error) { events.push((error as Error).name); throw error; }
    });
    expect(await rejectionOf(timeout(1, () => Promise.all([stuck.run("a"), stuck.run("a")])))).to.be.instanceOf(TimeoutError);
    await settle();
    expect(events).to.deep.equal(["CancelledError"]);
    expect(String(stuck)).to.match(/^Singleflight "singleflight-\d+"$/);
  });

  it("FL-181 (b) the run is of no caller's scope: its cancel and its deadline do not reach the body (own-run.ts 1)", async () => {
    await bubble(async () => {
      const flight = singleflight(() => sleep(100).then(() => "done"));
      const short = timeout(10, () => flight.run(1), { fallback: "late" });
      const long = flight.run(1);
      expect(await short).to.equal("late");
      expect(await long).to.equal("done");
      expect(performance.now()).to.equal(100);
    });
  });

  it("FL-182 who asks while a cancelled run is ending waits for its end and starts afresh; never two at once (singleflight.ts 3)", async () => {
    await bubble(async () => {
      let [now, most, runs] = [0, 0, 0];
      const flight = singleflight(async () => {
        most = Math.max(most, ++now);
        try {
          await sleep(100);
          return ++runs;
        } finally {
          await shield(() => sleep(50));
          now--;
        }
      });
      await timeout(10, () => flight.run("a"), { fallback: "left" });
      const start = performance.now();
      expect(await gather([() => flight.run("a"), () => flight.run("a")])).to.deep.equal([1, 1]);
      expect([performance.now() - start, most]).to.deep.equal([200, 1]);
    });
  });

  it("FL-182 (b) those who leave before the new run has begun leave none behind; a cancelled run that gives a value all the same is dropped", async () => {
    await bubble(async () => {
      let runs = 0;
      const flight = singleflight(async () => {
        runs++;
        await sleep(100).catch(() => undefined);
        await shield(() => sleep(50));
        return "too late";
      }, { keep: Infinity });
      for (let n = 0; n < 2; n++) await timeout(10, () => flight.run("a"), { fallback: "left" });
      await sleep(1000);
      expect(runs).to.equal(1);
      expect(poll(flight.running("a"))).to.equal(undefined);
    });
  });

  it("FL-183 a success is kept for so long, and forget drops it", async () => {
    await bubble(async () => {
      let runs = 0;
      const flight = singleflight((key: string) => sleep(1).then(() => `${key} ${String(++runs)}`), { keep: 1000 });
      expect(await flight.run("a")).to.equal("a 1");
      await sleep(999);
      expect(poll(flight.running("a"))).to.deep.equal({ value: "a 1" });
      expect(await flight.run("a")).to.equal("a 1");
      await sleep(1);
      expect(poll(flight.running("a"))).to.equal(undefined);
      expect(await flight.run("a")).to.equal("a 2");
      flight.forget("a");
      flight.forget("b");
      expect(await flight.run("a")).to.equal("a 3");
      let fails = 0;
      const failing = singleflight(async () => { throw new Error(String(++fails)); }, { keep: Infinity });
      for (const n of ["1", "2"]) expect((await rejectionOf(failing.run(0)) as Error).message).to.equal(n);
    });
  });

  it("FL-183 (b) a run that is forgotten goes on for those who wait, is not kept, and the next one begins at its end", async () => {
    await bubble(async () => {
      let runs = 0;
      const flight = singleflight(async () => { const run = ++runs; await sleep(100); return run; }, { keep: Infinity });
      const before = flight.run(NaN);
      await sleep(50);
      flight.forget(NaN);
      const after = gather([() => flight.run(NaN), () => flight.run(NaN)]);
      expect(await before).to.equal(1);
      expect(await after).to.deep.equal([2, 2]);
      expect(performance.now()).to.equal(200);
      expect(await flight.run(NaN)).to.equal(2);
    });
  });

  it("FL-183 (c) no timer keeps the process, and on a fake clock there is one for each key that is kept", async () => {
    const clock = sinon.useFakeTimers();
    const flight = singleflight(async (key: number) => key, { keep: 1000 });
    for (const key of [1, 2, 1]) await flight.run(key);
    expect(clock.countTimers()).to.equal(2);
    expect(String(flight)).to.match(/\(2 kept\)$/);
    flight.forget(1);
    expect(clock.countTimers()).to.equal(1);
    clock.tick(1000);
    expect(clock.countTimers()).to.equal(0);
    clock.restore();
    const began = Date.now();
    expect(runProgram('import { singleflight } from "./sync/index.ts"; console.log(await singleflight(async () => 1, { keep: 60_000 }).run(1));')).to.include({ code: 0, output: "1\n" });
    expect(Date.now() - began).to.be.below(50_000);
  });

  it("FL-184 in a select that loses it leaves, and the run is cancelled; a select that is ready otherwise, or a poll, starts none", async () => {
    let [started, cancelled] = [0, 0];
    const flight = singleflight(async () => {
      started++;
      try { await never().receive(); } catch (error) { cancelled++; throw error; }
    });
    const ready = chan<number>(1);
    ready.trySend(1);
    expect((await select({ run: flight.running(1), ready: ready.receiving() })).case).to.equal("ready");
    expect(trySelect({ run: flight.running(1) })).to.equal(undefined);
    expect(poll(flight.running(1))).to.equal(undefined);
    await settle();
    expect(started).to.equal(0);
    const losing = select({ run: flight.running(1), other: ready.receiving() });
    await settle();
    ready.trySend(2);
    expect((await losing).case).to.equal("other");
    await settle();
    expect([started, cancelled]).to.deep.equal([1, 1]);
  });

  it("FL-184 (b) what fails after all have left is one unhandled rejection, unless it is the cancel (own-run.ts 2)", async () => {
    const own = new Error("while cleaning up");
    const leave = async (body: () => Promise<unknown>): Promise<void> => {
      const giveUp = new AbortController();
      const asking = singleflight(body).run(1, giveUp);
      await settle();
      giveUp.abort("left");
      expect(await rejectionOf(asking)).to.equal("left");
    };
    expect(await unhandledDuring(() => leave(async () => { try { await never().receive(); } finally { throw own; } }))).to.deep.equal([own]);
    expect(await unhandledDuring(() => leave(() => never().receive()))).to.deep.equal([]);
    expect(await unhandledDuring(() => leave(async () => { await never().next().catch(() => undefined); }))).to.deep.equal([]);
    const failing = singleflight(() => Promise.reject(own));
    expect(await unhandledDuring(() => rejectionOf(failing.run(1)))).to.deep.equal([]);
  });

  it("FL-184 (c) the run counts for leak checks until it has ended, and not after (own-run.ts 3)", async () => {
    let ended = false;
    const flight = singleflight(async () => { try { await never().receive(); } finally { await settle(); ended = true; } });
    await expectNoLeaks(async () => {
      await timeout(1, () => flight.run(1), { fallback: undefined });
      while (!ended) await settle();
    });
  });

  it("waits for what a run has begun and not awaited, before the next one begins", async () => {
    await bubble(async () => {
      const events: string[] = [];
      const flight = singleflight(async () => {
        events.push("begins");
        await Promise.all([
          sleep(1).then(() => { throw new Error("fails"); }),
          scope(async () => { try { await sleep(20); } finally { events.push("ended"); } }),
        ]);
      });
      await rejectionOf(flight.run(1));
      await rejectionOf(flight.run(1));
      expect(events).to.deep.equal(["begins", "ended", "begins", "ended"]);
    });
  });

  it("is named in reports, with its key", async () => {
    const users = singleflight(async function load(key: unknown) { await never().receive(); return key; });
    await scope(async (s) => {
      s.go(() => users.run("ada"));
      s.go(function* () { yield* users.running("ada"); });
      await settle();
      expect(dumpTasks()).to.match(/waits for load\("ada"\)\n/).and.match(/task \d+ "load\(\\"ada\\"\)" waits in receive on channel/);
      expect(inspect([users])).to.equal('[ Singleflight "load" (1 under way) ]');
      s.cancel();
    }).catch((error: unknown) => { expect(error).to.be.instanceOf(CancelledError); });
    expect(String(singleflight(() => 1, { name: "prices" }))).to.equal('Singleflight "prices"');
  });

  it("refuses bad input at the call", async () => {
    for (const body of [undefined, 5, async function* () { yield 1; }]) expect(thrownBy(() => singleflight(body as never))).to.be.instanceOf(TypeError);
    for (const keep of [-1, NaN, "5", null]) expect(thrownBy(() => singleflight(() => 1, { keep: keep as never }))).to.be.instanceOf(RangeError);
    for (const options of [null, 5, { keeps: 1 }, { name: 5 }])
      expect(thrownBy(() => singleflight(() => 1, options as never)), inspect(options)).to.be.instanceOf(TypeError);
    const flight = singleflight(() => 1);
    expect(await rejectionOf(flight.run(1, { singal: 1 } as never))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(flight.run(1, { signal: AbortSignal.abort("before") }))).to.equal("before");
  });

  it("one who is left behind by a cancel in the turn of the outcome has it", async () => {
    const gate = chan<number>();
    const flight = singleflight(() => gate.receive());
    const asking = go(() => flight.run(1));
    await settle();
    gate.trySend(5);
    expect(await asking).to.equal(5);
    expect(await isPending(flight.run(1))).to.equal(true);
    gate.trySend(6);
  });
});
