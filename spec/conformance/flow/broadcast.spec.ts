/** Flows: broadcast. */
import { expect } from "chai";
import { chan, ClosedError, DeadlockError, dumpTasks, go, scope, select, selecting, sleep, sleeping } from "../../../src/node.ts";
import { broadcast, type Flow } from "../../../src/flow/index.ts";
import { bubble, explore } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";
import { errorOf, settledAs, upTo } from "./support.ts";

const theEnd = { done: true, value: undefined };

async function all(f: Flow<number>): Promise<number[]> {
  const got: number[] = [];
  for await (const n of f) got.push(n);
  return got;
}

describe("flows: broadcast", () => {
  it("FL-111 three subscribers get every value in order, each once; a send fulfils when all have accepted it, or with room for none received it", async () => {
    for (const room of [0, 1, 5]) {
      const b = broadcast<number>();
      const got = upTo(3).map(() => all(b.subscribe(room)));
      for (const n of upTo(100)) await b.send(n);
      b.close();
      expect(await Promise.all(got)).to.deep.equal([upTo(100), upTo(100), upTo(100)]);
    }
    const b = broadcast<number>();
    const [one, other] = [b.subscribe(0), b.subscribe(0)];
    const sent = b.send(1);
    const received = one.receive();
    expect([await settledAs(sent), await settledAs(received)]).to.deep.equal(["pending", "pending"]);
    expect(await other.receive()).to.equal(1);
    expect([await sent, await received]).to.deep.equal([undefined, 1]);
  });

  it("FL-112 while one has no room the send waits and nobody has the value; when it cancels the send goes on at once (broadcast.ts 1)", async () => {
    const b = broadcast<number>();
    const [slow, fast] = [b.subscribe(1), b.subscribe(3)];
    await b.send(1);
    const sent = b.send(2);
    expect(await settledAs(sent)).to.equal("pending");
    expect([fast.tryReceive()?.value, fast.tryReceive()]).to.deep.equal([1, undefined]);
    slow.cancel();
    expect(fast.tryReceive()).to.deep.equal({ done: false, value: 2 });
    await sent;
    expect(b.subscribers).to.equal(1);
  });

  it("FL-113 a withdrawn send is seen by nobody; trySend is false unless all can take it, and never overtakes", async () => {
    const b = broadcast<number>();
    const [one, other] = [b.subscribe(1), b.subscribe(2)];
    expect(b.trySend(1)).to.equal(true);
    expect(b.trySend(2)).to.equal(false);
    const giving = new AbortController();
    const gone = errorOf(b.send(3, { signal: giving.signal }));
    const quit = chan<string>();
    const selecting = select({ sent: b.sending(4), quit: quit.receiving() });
    const last = b.send(5);
    await settle();
    giving.abort("gone");
    quit.trySend("quit");
    expect([await gone, (await selecting).case]).to.deep.equal(["gone", "quit"]);
    expect(one.tryReceive()?.value).to.equal(1);
    await last;
    expect([one.tryReceive()?.value, other.tryReceive()?.value, other.tryReceive()?.value, one.tryReceive()]).to.deep.equal([5, 1, 5, undefined]);
  });

  for (const rooms of [[1, 1], [1, 0], [0, 0]] as const) {
    it(`FL-113 in every order: two senders, one of which may be withdrawn, and two subscribers with room for ${rooms.join(" and ")}`, async function () {
      this.timeout(60_000);
      const report = await explore(async ({ outcome }) => {
        const b = broadcast<string>({ name: "news" });
        const quit = chan<string>(1);
        quit.trySend("quit");
        const flows = rooms.map((room) => b.subscribe(room));
        const accepted: string[] = [];
        const senders = [
          go(function* () { if ((yield* selecting({ sent: b.sending("a"), quit: quit.receiving() })).case === "sent") accepted.push("a"); }),
          go(function* () { yield* b.sending("b"); accepted.push("b"); }),
        ];
        const reading = flows.map((f) => go(function* () {
          const got: string[] = [];
          for (let next = yield* f.nexting(); next.done !== true; next = yield* f.nexting()) got.push(next.value);
          return got;
        }));
        for (const sender of senders) await sender;
        b.close();
        const [first, second] = [await reading[0], await reading[1]];
        expect(first).to.deep.equal(second);
        expect([...first ?? []].sort()).to.deep.equal(accepted.sort());
        outcome(first?.join("") ?? "");
      }, { strategy: "dpor", maxSchedules: 100_000, maxMs: 50_000 });
      expect(report.complete, JSON.stringify(report)).to.equal(true);
      expect([...report.outcomes.keys()].sort()).to.deep.equal(["ab", "b", "ba"]);
    });
  }

  it("FL-114 a subscriber that drops never slows the others; what it drops goes to its own onDrop (broadcast.ts 2)", async () => {
    for (const overflow of ["drop-oldest", "drop-newest"] as const) {
      const b = broadcast<number>();
      const dropped: number[] = [];
      const lossy = b.subscribe({ overflow, onDrop: (n) => { dropped.push(n); } });
      const whole = b.subscribe(10);
      for (const n of upTo(4)) await b.send(n);
      expect(lossy.tryReceive()?.value).to.equal(overflow === "drop-oldest" ? 3 : 0);
      expect(dropped).to.deep.equal(overflow === "drop-oldest" ? [0, 1, 2] : [1, 2, 3]);
      b.close();
      expect(await all(whole)).to.deep.equal(upTo(4));
    }
  });

  it("FL-115 without a subscriber a send fulfils; with replay a later one gets the last ones, then the new, without gap or double (broadcast.ts 4)", async () => {
    const b = broadcast<number>({ replay: 2 });
    for (const n of upTo(5)) await b.send(n);
    const f = b.subscribe(1);
    await b.send(5);
    expect(b.trySend(6)).to.equal(false);
    const sent = b.send(6);
    expect([await f.receive(), await f.receive(), await f.receive(), await f.receive()]).to.deep.equal([3, 4, 5, 6]);
    await sent;
    const gone = broadcast<number>();
    await gone.send(1);
    expect(gone.subscribe().tryReceive()).to.equal(undefined);
  });

  it("FL-116 who subscribes while a send waits does not get it; close ends all, later subscribers get the replay, then the end or the error (broadcast.ts 3)", async () => {
    for (const error of [undefined, new Error("it broke")]) {
      const b = broadcast<number>({ replay: 1 });
      const slow = b.subscribe(1);
      await b.send(1);
      const waiting = b.send(2);
      const late = b.subscribe(1);
      expect([await slow.receive(), await slow.receive()]).to.deep.equal([1, 2]);
      await waiting;
      expect([late.tryReceive()?.value, late.tryReceive()]).to.deep.equal([1, undefined]);
      const parked = error ? errorOf(slow.next()) : slow.next();
      expect([b.close(error), b.close()]).to.deep.equal([true, false]);
      expect(await parked).to.deep.equal(error ?? theEnd);
      const later = b.subscribe();
      expect(await later.receive()).to.equal(2);
      if (error) expect(await errorOf(later.receive())).to.equal(error);
      else expect(await later.next()).to.deep.equal(theEnd);
      const refused = await errorOf(b.send(3));
      expect(refused).to.be.instanceOf(ClosedError);
      expect((refused as ClosedError).cause).to.equal(error);
      expect(() => b.trySend(3)).to.throw(ClosedError, /broadcast/);
    }
  });

  it("FL-117 closed with senders in line, these are delivered to all, in order; then the end", async () => {
    const b = broadcast<number>();
    const [one, other] = [b.subscribe(1), b.subscribe(0)];
    const sent = upTo(4).map((n) => b.send(n));
    b.close();
    expect(await Promise.all([all(one), all(other)])).to.deep.equal([upTo(4), upTo(4)]);
    await Promise.all(sent);
  });

  it("FL-118 a thousand rounds of subscribing and cancelling keep nothing", async () => {
    const b = broadcast<number>({ name: "news" });
    for (let round = 0; round < 1_000; round++) {
      const f = b.subscribe();
      await b.send(round);
      f.cancel();
    }
    expect(b.subscribers).to.equal(0);
    expect(String(b)).to.equal('Broadcast "news" (0 subscribers)');
    expect(b.trySend(1)).to.equal(true);
  });

  it("FL-120 three subscribers with room for one that wait only for a millisecond at a time: a thousand sends arrive at all", () => bubble(async () => {
    const b = broadcast<number>();
    const readers = upTo(3).map((id) => go(async () => {
      const f = b.subscribe();
      const got: number[] = [];
      for (;;) {
        const one = await select({ value: f.nexting(), late: sleeping(1) });
        if (one.case === "late") { await sleep(id); continue; }
        if (one.value.done === true) return got;
        got.push(one.value.value);
      }
    }));
    await sleep(0);
    for (const n of upTo(1_000)) await b.send(n);
    b.close();
    for (const reader of readers) expect(await reader).to.deep.equal(upTo(1_000));
  }));

  it("a select that receives from two subscribers of one broadcast loses nothing of either", async () => {
    const b = broadcast<number>();
    const [one, other] = [b.subscribe(0), b.subscribe(0)];
    const both = select([one.receiving(), other.receiving()]);
    await settle();
    await b.send(1);
    const first = await both;
    expect(first.value).to.equal(1);
    expect((first.case === 0 ? other : one).tryReceive()?.value).to.equal(1);
  });

  it("FL-119 a subscriber that sends to the broadcast that it listens to, unbuffered, is a deadlock, and its report names both", async () => {
    const deadlock = await bubble(() => scope(async (s) => {
      const b = broadcast<number>({ name: "echo" });
      const heard = b.subscribe(0);
      s.go(async function listener() {
        await b.send((await heard.receive()) + 1);
      });
      await b.send(1);
    })).then(() => undefined, (error: unknown) => error);
    expect(deadlock).to.be.instanceOf(DeadlockError).with.property("message").match(/"listener"[^]*waits to send on broadcast "echo"/);
  });

  it("reports name the broadcast that a task waits to send on", () => bubble(async () => {
    await scope(async (s) => {
      const b = broadcast<number>({ name: "news" });
      b.subscribe(0);
      s.go(async function sender() {
        await b.send(1);
      });
      await settle();
      expect(dumpTasks()).to.match(/"sender" waits to send on broadcast "news"/);
      s.cancel();
    }).catch(() => { /* its own cancel */ });
  }));

  it("options that are none are refused", () => {
    for (const replay of [-1, 1.5, NaN]) expect(() => broadcast({ replay })).to.throw(RangeError, /replay/);
    expect(() => broadcast({ name: 5 } as never)).to.throw(TypeError, /name/);
    expect(() => broadcast({ repaly: 1 } as never)).to.throw(TypeError, /repaly/);
    expect(() => broadcast().subscribe(-1)).to.throw(RangeError, /capacity/);
    expect(() => broadcast().subscribe({ size: 1 } as never)).to.throw(TypeError, /size/);
    const b = broadcast();
    expect(() => b.subscribe(1.5)).to.throw(RangeError);
    expect(b.subscribers).to.equal(0);
  });
});
