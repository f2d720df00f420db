/** Cells: a value to wait for. FL-175 to FL-179 of the list in ../flow/flow.md. */
import { AsyncLocalStorage } from "node:async_hooks";
import { inspect } from "node:util";
import { expect } from "chai";
import { CancelledError, chan, ClosedError, dumpTasks, gather, go, named, perform, poll, scope, select, sleep, sleeping, trySelect } from "../../../src/node.ts";
import { cell } from "../../../src/sync/index.ts";
import { bubble } from "../../../src/testing/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { Log, thrownBy } from "./support.ts";

describe("a cell", () => {
  for (const lane of ["async", "generator"] as const) {
    it(`FL-175 a wait happens with the present value if the test holds, else with the first later one that is seen (${lane}) (cell.ts 2)`, async () => {
      const level = cell(1);
      const wait = (test: (n: number) => boolean): Promise<number> =>
        lane === "async" ? level.wait(test) : go(function* () { return yield* level.waiting(test); }).join();
      expect(await wait((n) => n === 1)).to.equal(1);
      const high = wait((n) => n > 5);
      await settle();
      level.value = 3;
      expect(await isPending(high)).to.equal(true);
      level.value = 7;
      expect(await high).to.equal(7);
      const missed = wait((n) => n === 8);
      await settle();
      level.value = 8;
      level.value = 9; // in the same turn: the 8 is not seen
      expect(await isPending(missed)).to.equal(true);
      level.value = 8;
      expect(await missed).to.equal(8);
    });
  }

  it("FL-175 (b) it is a case of a select, by poll it happens now or changes nothing, and withdrawn it leaves nothing", async () => {
    const level = cell(0, { name: "level" });
    expect(poll(level.waiting((n) => n > 0))).to.equal(undefined);
    expect(trySelect({ high: level.waiting((n) => n > 0) })).to.equal(undefined);
    expect(poll(level.waiting((n) => n === 0))).to.deep.equal({ value: 0 });
    const quit = chan<string>();
    const selected = select({ high: level.waiting((n) => n > 0), quit: quit.receiving() });
    const giveUp = new AbortController();
    const aborted = level.wait((n) => n > 0, giveUp);
    await settle();
    expect(String(level)).to.equal('Cell "level" (2 tasks wait)');
    quit.trySend("enough");
    giveUp.abort("enough");
    expect(String(level)).to.equal('Cell "level"');
    expect((await selected).case).to.equal("quit");
    expect(await rejectionOf(aborted)).to.equal("enough");
    const again = select({ high: level.waiting((n) => n > 0), quit: quit.receiving() });
    level.value = 5;
    expect(await again).to.deep.equal({ case: "high", value: 5 });
    expect(quit.trySend("nobody")).to.equal(false);
  });

  it("FL-175 (c) cancelled, a wait rejects, in either lane", async () => {
    const level = cell(0);
    for (const body of [() => level.wait((n) => n > 0), function* () { yield* level.waiting((n) => n > 0); }]) {
      const outcome = await scope(async (s) => {
        const task = s.go(body as () => Promise<unknown>);
        await settle();
        task.cancel();
        return task.result();
      });
      expect((outcome as PromiseRejectedResult).reason).to.be.instanceOf(CancelledError);
    }
    expect(String(level)).to.match(/^Cell "cell-\d+"$/);
  });

  it("FL-175 (d) it sees what the code of another case has set while the select was polled", async () => {
    const level = cell(0);
    const other = cell(0);
    const selected = select([
      level.waiting((n) => n === 1),
      other.waiting(() => { level.value = 1; return false; }),
    ], { order: "listed" });
    expect(await selected).to.deep.equal({ case: 0, value: 1 });
  });

  it("FL-176 changes gives the first value, then the latest, to each listener at its own pace; the setter never waits", async () => {
    const level = cell("a");
    const [fast, slow] = [level.changes(), level.changes()];
    expect(await fast.receive()).to.equal("a");
    for (const next of ["b", "c"]) level.value = next;
    expect(await fast.receive()).to.equal("c");
    const parked = fast.receive();
    expect(await isPending(parked)).to.equal(true);
    level.value = "d";
    level.value = "c"; // it differs no more by the time it is seen
    expect(await isPending(parked)).to.equal(true);
    level.value = "e";
    expect(await parked).to.equal("e");
    expect(await slow.receive()).to.equal("e"); // the value present at its first receive
    expect(slow.tryReceive()).to.equal(undefined);
  });

  it("FL-176 (b) in a select, by yield*, with views; two receivers of one flow are served in line", async () => {
    const level = cell(1);
    const changes = level.changes();
    const even = level.changes().filter((n) => n % 2 === 0);
    const [first, second] = [changes.receive(), changes.receive()];
    expect(await first).to.equal(1);
    const quit = chan<string>();
    const selected = select({ change: even.receiving(), quit: quit.receiving() });
    const task = go(function* () { return yield* level.changes().receiving(); });
    expect(await task).to.equal(1);
    level.value = 2;
    expect(await second).to.equal(2);
    expect(await selected).to.deep.equal({ case: "change", value: 2 });
    const lost = select({ change: changes.receiving(), quit: quit.receiving() });
    await settle();
    quit.trySend("enough");
    expect((await lost).case).to.equal("quit");
    level.value = 3;
    expect(await changes.receive()).to.equal(3);
  });

  it("FL-179 (b) closed, changes gives the last value if it was not given, then the end, or the error; cancelled, it is over alone", async () => {
    const failure = new Error("why");
    for (const error of [undefined, failure]) {
      const level = cell(1);
      const [seen, unseen, parked] = [level.changes(), level.changes(), level.changes()];
      expect([await seen.receive(), await parked.receive()]).to.deep.equal([1, 1]);
      level.value = 2;
      expect(await parked.receive()).to.equal(2);
      const waiting = parked.next();
      level.close(error);
      if (error) {
        expect(await rejectionOf(waiting)).to.equal(error);
        expect(await seen.receive()).to.equal(2);
        expect(await rejectionOf(seen.receive())).to.equal(error);
        expect(await unseen.receive()).to.equal(2);
      } else {
        expect(await waiting).to.deep.equal({ done: true, value: undefined });
        expect(await seen.toArray()).to.deep.equal([2]);
        expect(await unseen.toArray()).to.deep.equal([2]);
      }
    }
    const level = cell(1);
    const [left, other] = [level.changes(), level.changes()];
    await left.receive();
    const end = left.next();
    await settle();
    left.cancel();
    expect(await end).to.deep.equal({ done: true, value: undefined });
    expect(await other.receive()).to.equal(1);
    expect(String(level)).to.match(/^Cell "cell-\d+"$/);
  });

  it("FL-177 (b) a listener gets its first value even if it never changes", async () => {
    const seen: number[] = [];
    const level = cell(NaN);
    const listening = go(async () => { for await (const n of level.changes()) seen.push(n); });
    await settle();
    level.value = NaN;
    await settle();
    level.close();
    await listening;
    expect(seen).to.deep.equal([NaN]);
  });

  it("FL-177 an equal value changes nothing, also by an equals of one's own, and in update", async () => {
    const seen: number[] = [];
    const level = cell(NaN);
    const waiting = level.wait((n) => { seen.push(n); return n === 2; });
    level.value = NaN;
    await settle();
    expect(seen).to.deep.equal([NaN]);
    level.value = -0;
    await settle();
    level.value = 0;
    await settle();
    expect(seen.map((n) => Object.is(n, -0))).to.deep.equal([false, true, false]);
    level.value = 2;
    await waiting;
    const user = cell({ id: 1, name: "Ada" }, { equals: (a, b) => a.id === b.id });
    const first = user.value;
    user.value = { id: 1, name: "Bob" };
    expect(user.value).to.equal(first);
    expect(user.update((now) => ({ ...now, name: "Cid" }))).to.equal(first);
    expect(user.update(() => ({ id: 2, name: "Dan" })).name).to.equal("Dan");
    const inner = cell(1);
    expect(inner.update((n) => { inner.value = 50; return n + 1; })).to.equal(2); // what f itself sets is overwritten
    expect(inner.value).to.equal(2);
  });

  it("FL-178 a test that throws is its waiter's error, an equals or f that throws the setter's, and nothing has changed", async () => {
    const failure = new Error("test");
    const level = cell(0);
    const log = new Log();
    const failing = level.wait((n) => { if (n === 1) throw failure; return false; });
    log.note("other", level.wait((n) => n === 1));
    level.value = 1;
    expect(await rejectionOf(failing)).to.equal(failure);
    expect(await log.since()).to.equal("other");
    expect(await rejectionOf(level.wait(() => { throw failure; }))).to.equal(failure);
    expect(thrownBy(() => level.update(() => { throw failure; }))).to.equal(failure);
    const odd = cell(0, { equals: () => { throw failure; } });
    expect(thrownBy(() => { odd.value = 1; })).to.equal(failure);
    expect([level.value, odd.value]).to.deep.equal([1, 0]);
    expect(await rejectionOf(level.wait((() => Promise.resolve(true)) as never))).to.be.instanceOf(TypeError);
  });

  it("FL-178 (b) tests never run in the setter, and see the async context of the one who waits (cell.ts 1)", async () => {
    const store = new AsyncLocalStorage<string>();
    const level = cell(0);
    let setting = false;
    const stores: (string | undefined)[] = [];
    const waiting = store.run("the waiter's", () => level.wait((n) => {
      expect(setting).to.equal(false);
      stores.push(store.getStore());
      return n > 0;
    }));
    await settle();
    store.run("the setter's", () => {
      setting = true;
      level.value = 1;
      setting = false;
    });
    expect(await waiting).to.equal(1);
    expect(stores).to.deep.equal(["the waiter's", "the waiter's"]);
  });

  it("FL-179 closed, waits that the last value satisfies succeed, others fail, and setting throws (cell.ts 3)", async () => {
    const failure = new Error("why");
    const level = cell(1, { name: "level" });
    const [low, high] = [level.wait((n) => n === 2), level.wait((n) => n > 5)];
    level.value = 2;
    expect(level.close(failure)).to.equal(true);
    expect(level.close()).to.equal(false);
    expect(await low).to.equal(2);
    expect(await rejectionOf(high)).to.equal(failure);
    expect(await level.wait((n) => n === 2)).to.equal(2);
    expect(await rejectionOf(level.wait((n) => n > 5))).to.equal(failure);
    for (const set of [() => { level.value = 3; }, () => { level.value = 2; }, () => level.update((n) => n)]) {
      expect(thrownBy(set)).to.be.instanceOf(ClosedError).with.property("message", 'set on closed cell "level": nobody would see it');
    }
    expect(level.value).to.equal(2);
    const plain = cell(1, { name: "plain" });
    const cased = select({ big: plain.waiting((n) => n > 5) });
    plain.close();
    const error = (await rejectionOf(cased)) as ClosedError;
    expect(error).to.be.instanceOf(ClosedError);
    expect([error.case, error.message]).to.deep.equal(["big", 'wait on closed cell "plain": its last value does not pass the test, and none will follow']);
    expect(((await rejectionOf(select({ big: plain.waiting((n) => n > 5) }))) as ClosedError).case).to.equal("big");
  });

  it("refuses what is no function at the call, and names the cure", async () => {
    const level = cell(0, { name: "level" });
    for (const test of [undefined, 5, async () => true, function* () { yield true; }]) {
      expect(thrownBy(() => level.waiting(test as never))).to.be.instanceOf(TypeError).with.property("message").that.matches(/^wait on cell "level" takes a function, as cell\.wait\(/);
      expect(await rejectionOf(level.wait(test as never))).to.be.instanceOf(TypeError);
      expect(thrownBy(() => level.update(test as never))).to.be.instanceOf(TypeError).with.property("message").that.matches(/cell\.update\(\(value\) => /);
      if (test !== undefined) expect(thrownBy(() => cell(0, { equals: test as never }))).to.be.instanceOf(TypeError);
    }
    for (const options of [null, 5, { equal: Object.is }, { name: 5 }])
      expect(thrownBy(() => cell(0, options as never)), inspect(options)).to.be.instanceOf(TypeError);
  });

  it("is an event, a latch, and a condition, by name in reports", async () => {
    const ready = cell(false, { name: "ready" });
    await scope(async (s) => {
      s.go(named("waiter", () => ready.wait((set) => set)));
      s.go(named("chooser", function* () { yield* ready.waiting((set) => set); }));
      await settle();
      expect(dumpTasks()).to.match(/"waiter" waits for cell "ready"\n/).and.match(/"chooser" waits for cell "ready"/);
      ready.value = true;
    });
    await bubble(async () => {
      const left = cell(3);
      const late = select({ latch: left.waiting((n) => n === 0), late: sleeping(100) });
      await gather([1, 2, 3].map((n) => async () => { await sleep(n); left.update((now) => now - 1); }));
      expect((await late).case).to.equal("latch");
      expect(performance.now()).to.equal(3);
    });
  });

  it("wakes 100,000 who wait, in order", async () => {
    const level = cell(0);
    const order: number[] = [];
    const all = Array.from({ length: 100_000 }, (_, n) => level.wait((now) => now === 1).then(() => order.push(n)));
    level.value = 1;
    await Promise.all(all);
    expect(order.every((n, index) => n === index)).to.equal(true);
    expect(await perform(level.waiting((n) => n === 1))).to.equal(1);
  });
});
