/** Calls between machines, on the broker in memory, in virtual time. */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import sinon from "sinon";
import { ClosedError, select, sleep, sleeping, type Client } from "../../../src/node.ts";
import { RemoteError, UnknownOutcomeError } from "../../../src/nats/index.ts";
import { explore, memoryBroker, settle } from "../../../src/testing/index.ts";
import { Engine } from "../../../src/testing/broker/engine.ts";
import { rejectionOf } from "../../support/settle.ts";
import { callsScenarios } from "./calls-scenarios.ts";
import { aNumber, leavingNothing, memoryWorld } from "./support.ts";

const now = (): number => performance.now();

describe("calls between machines, in memory", () => {
  for (const [title, story] of Object.entries(callsScenarios)) it(title, leavingNothing((broker) => story(memoryWorld(broker))));

  it("NT-53 of two servers one is killed while it works: the outcome of its call is unknown, the other answers (remote-calls.ts 1, caller.ts 2)", leavingNothing(async (broker) => {
    const [victim, other] = [broker.remote(), broker.remote()];
    const { client } = broker.remote({ patience: 2000 }).calls<string, string>("c");
    const call = victim.calls<string, string>("c").server.accept();
    await settle();
    const before = now();
    const failing = rejectionOf(client.call("slow"));
    await call;
    await sleep(100);
    const serving = other.calls<string, string>("c").server.serve((text) => `other ${text}`);
    void serving.catch(() => undefined);
    broker.kill(victim);
    expect(await client.call("quick")).to.equal("other quick");
    expect(await failing).to.be.instanceOf(UnknownOutcomeError);
    expect(now() - before).to.be.within(2000, 4100);
    await other[Symbol.asyncDispose]();
  }));

  it("NT-54 a call of 10 s with a patience of 2 s is answered (answerer.ts 2)", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const serving = there.server.serve(async (n) => {
      await sleep(10_000);
      return n + 1;
    });
    expect(await broker.remote({ patience: 2000 }).calls<number, number>("c").client.call(1)).to.equal(2);
    there.close();
    await serving;
  }));

  it("NT-54 (b) a later answer is given again until its caller has it: over lost answers, and a restart (answerer.ts 3)", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const got: number[] = [];
    const serving = there.server.serve(async (n) => {
      got.push(n);
      await sleep(3000);
      return n + 1;
    });
    const { client } = broker.remote().calls<number, number>("c");
    const answer = client.call(1);
    await sleep(100);
    await broker.restart({ away: 5000 });
    broker.loseAnswers(2);
    expect(await answer).to.equal(2);
    expect(got).to.deep.equal([1]);
    broker.loseAnswers(0);
    await sleep(5000);
    there.close();
    await serving;
  }));

  for (const [how, after] of [["nobody hears it", 0], ["it is lost on its way", 15]] as const) {
    it(`NT-54 (c) an answer that its caller misses is given again: ${how}, as its connection alone is cut (answerer.ts 3)`, leavingNothing(async (broker) => {
      const there = broker.remote().calls<number, number>("c");
      const here = broker.remote();
      const accepting = there.server.accept();
      const answer = here.calls<number, number>("c").client.call(1);
      const call = await accepting;
      await sleep(100); // its caller knows by now who has it
      broker.delay(10);
      if (after === 0) broker.disconnect(here);
      call.reply(2);
      await sleep(after);
      broker.disconnect(here);
      await sleep(100);
      broker.reconnect(here);
      expect(await answer).to.equal(2);
    }));
  }

  it("NT-54 (d) a server whose connection alone is cut: what it answers meanwhile, and what it works on, comes to its caller (answerer.ts 2, answerer.ts 3)", leavingNothing(async (broker) => {
    const there = broker.remote();
    const { server } = there.calls<number, number>("c");
    const { client } = broker.remote().calls<number, number>("c");
    const accepting = server.accept();
    const first = client.call(1);
    const quick = await accepting;
    broker.disconnect(there); // its caller does not know yet who has it
    quick.reply(10);
    await sleep(100);
    broker.reconnect(there);
    expect(await first).to.equal(10);
    const next = server.accept();
    const second = client.call(2);
    const slow = await next;
    await sleep(20); // by now its caller knows
    await sleep(480);
    broker.disconnect(there);
    broker.delay(50);
    await sleep(1400); // one of its words is lost, and the next one would come too late
    broker.reconnect(there);
    await sleep(2000);
    slow.reply(20);
    expect(await second).to.equal(20);
  }));

  it("NT-55 a caller that aborts rejects with its reason at once; call.signal aborts there, and reply is false (served-call.ts 1, caller.ts 3)", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const accepting = there.server.accept();
    const { client } = broker.remote().calls<number, number>("c");
    const stop = new AbortController();
    const failing = rejectionOf(client.call(1, { signal: stop.signal }));
    const call = await accepting;
    const { signal } = call;
    await sleep(50);
    stop.abort("enough");
    expect(await failing).to.equal("enough");
    await sleep(1);
    expect([signal.aborted, call.reply(2), call.fail(3)]).to.deep.equal([true, false, false]);
  }));

  it("NT-55 (b) a call that is given up in the line of a server is not accepted", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const { client } = broker.remote().calls<number, number>("c");
    const accepting = there.server.accept();
    await settle();
    const first = client.call(1);
    const call = await accepting;
    const stop = new AbortController();
    const failing = rejectionOf(client.call(2, { signal: stop.signal }));
    await sleep(5);
    stop.abort("enough");
    expect(await failing).to.equal("enough");
    const third = client.call(3);
    await sleep(5);
    const next = await there.server.accept();
    expect(next.value).to.equal(3);
    expect([call.reply(10), next.reply(30), next.reply(31)]).to.deep.equal([true, true, false]);
    expect([await first, await third]).to.deep.equal([10, 30]);
  }));

  it("NT-55 (c) a signal that is first read after its caller has given up is aborted", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const accepting = there.server.accept();
    const stop = new AbortController();
    const failing = rejectionOf(broker.remote().calls<number, number>("c").client.call(1, { signal: stop.signal }));
    const call = await accepting;
    await sleep(50);
    stop.abort("enough");
    expect(await failing).to.equal("enough");
    await sleep(1);
    expect([call.signal.aborted, call.reply(2)]).to.deep.equal([true, false]);
  }));

  it("NT-55 (d) a caller that gives up while it is cut off: once it is back it says so to the server that still works (caller.ts 3)", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const here = broker.remote();
    const accepting = there.server.accept();
    const stop = new AbortController();
    const failing = rejectionOf(here.calls<number, number>("c").client.call(1, { signal: stop.signal }));
    const { signal } = await accepting;
    await sleep(100);
    broker.disconnect(here);
    stop.abort("enough");
    expect(await failing).to.equal("enough");
    await sleep(100);
    broker.reconnect(here);
    await sleep(100);
    expect(signal.aborted).to.equal(false);
    await sleep(1000); // half of patience: the server says that it works on it
    expect(signal.aborted).to.equal(true);
  }));

  it("NT-56 a server that closes: calls that wait go to another one, what it has accepted is answered (remote-calls.ts 2, answerer.ts 4)", leavingNothing(async (broker) => {
    const [one, two] = [broker.remote().calls<number, string>("c"), broker.remote().calls<number, string>("c")];
    const { client } = broker.remote().calls<number, string>("c");
    const accepting = one.server.accept();
    await settle();
    const first = client.call(1);
    const call = await accepting;
    const second = client.call(2);
    await sleep(5);
    const late = rejectionOf(one.server.accept().then((held) => { held.reply("one"); return one.server.accept(); }));
    await sleep(1);
    const third = client.call(3);
    one.close();
    expect([one.close(), one.closed]).to.deep.equal([false, true]);
    await late;
    const serving = two.server.serve((n) => `two ${n}`);
    expect(call.reply("one")).to.equal(true);
    expect(await Promise.all([first, second])).to.deep.equal(["one", "one"]);
    expect(await third).to.be.oneOf(["two 3", "one"]);
    expect(await rejectionOf(one.client.call(4))).to.be.instanceOf(ClosedError);
    two.close();
    await serving;
  }));

  it("NT-56 (b) a server that closes refuses at once what waits in its line, and another one gets it (answerer.ts 4)", leavingNothing(async (broker) => {
    const patience = 64_000; // a call waits in line for a second
    const [one, two] = [broker.remote().calls<number, string>("c"), broker.remote().calls<number, string>("c")];
    const { client } = broker.remote({ patience }).calls<number, string>("c");
    const accepting = one.server.accept();
    const first = client.call(1);
    const call = await accepting;
    const others = [2, 3].map((n) => client.call(n));
    await sleep(5); // nobody else is there, so both are in the line of the one that is busy
    const serving = two.server.serve((n) => `two ${n}`);
    await sleep(5);
    const before = now();
    one.close();
    expect(await Promise.all(others)).to.deep.equal(["two 2", "two 3"]);
    expect(now() - before).to.be.below(100);
    call.reply("one");
    expect(await first).to.equal("one");
    two.close();
    await serving;
  }));

  it("NT-53 (b) a server that is busy for half a `patience` leaves the group: another one gets all calls, until it accepts again (answerer.ts 1)", leavingNothing(async (broker) => {
    const [busy, other] = [broker.remote().calls<number, string>("c"), broker.remote().calls<number, string>("c")];
    const { client } = broker.remote().calls<number, string>("c");
    const accepting = busy.server.accept();
    const first = client.call(0);
    const call = await accepting;
    const second = client.call(1);
    await sleep(1500);
    const serving = other.server.serve((n) => `other ${n}`);
    expect(await second).to.equal("other 1");
    const before = now();
    for (let n = 2; n < 10; n++) expect(await client.call(n)).to.equal(`other ${n}`);
    expect(now() - before).to.equal(0); // none of them has stood in the line of the busy one
    call.reply("busy 0");
    expect(await first).to.equal("busy 0");
    const both = busy.server.serve((n) => `busy ${n}`);
    await sleep(1);
    expect(new Set([await client.call(10), await client.call(10)])).to.deep.equal(new Set(["busy 10", "other 10"]));
    busy.close();
    other.close();
    await Promise.all([serving, both]);
  }));

  it("NT-57 (b) a server that is connected again is found at once, not with the next question", leavingNothing(async (broker) => {
    const there = broker.remote();
    const serving = there.calls<number, number>("c").server.serve((n) => n + 1).catch(() => undefined);
    await sleep(1);
    broker.disconnect(there);
    const answer = broker.remote().calls<number, number>("c").client.call(1);
    await sleep(300);
    const before = now();
    broker.reconnect(there);
    expect(await answer).to.equal(2);
    expect(now() - before).to.be.below(100); // the next question goes out after 200 ms
    await there[Symbol.asyncDispose]();
    await serving;
  }));

  it("NT-57 (c) however many calls find nobody, one question at a time looks for a server (caller.ts 4)", leavingNothing(async (broker) => {
    const asked = sinon.spy(Engine.prototype, "route");
    try {
      const { client } = broker.remote().calls<number, number>("c");
      const answers = Array.from({ length: 100 }, (_, n) => client.call(n));
      await sleep(100);
      const before = asked.callCount;
      await sleep(10_000);
      expect(asked.callCount - before).to.equal(40); // one in every eighth of patience
      const there = broker.remote().calls<number, number>("c");
      const serving = there.server.serve((n) => n + 1);
      expect(await Promise.all(answers)).to.deep.equal(Array.from({ length: 100 }, (_, n) => n + 1));
      there.close();
      await serving;
    } finally {
      asked.restore();
    }
  }));

  it("a busy server refuses what waits too long, leaves the group, and is found again (answerer.ts 1, caller.ts 1, caller.ts 4)", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const { client } = broker.remote().calls<number, number>("c");
    const accepting = there.server.accept();
    await settle();
    const first = client.call(1);
    const call = await accepting;
    const others = [2, 3, 4].map((n) => client.call(n));
    await sleep(5000);
    call.reply(10);
    const serving = there.server.serve((n) => 10 * n);
    expect(await Promise.all([first, ...others])).to.deep.equal([10, 20, 30, 40]);
    there.close();
    await serving;
  }));

  it("calling is a case: it happens when it is accepted, and gives the answer", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const { client } = broker.remote().calls<number, number>("c");
    const none = await select({ answer: client.calling(1), late: sleeping(10) });
    expect(none.case).to.equal("late");
    const accepting = there.server.accept();
    const chosen = await select({ answer: client.calling(2), late: sleeping(1000) });
    const call = await accepting;
    expect([chosen.case, call.value]).to.deep.equal(["answer", 2]);
    call.reply(4);
    expect(await chosen.value).to.equal(4);
  }));

  it("NT-58 (a) a call on its way when the broker dies settles between one and two times patience", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    void there.server.serve((n) => n).catch(() => undefined);
    const { client } = broker.remote({ patience: 2000 }).calls<number, number>("c");
    expect(await client.call(1)).to.equal(1);
    broker.loseAnswers(1);
    const before = now();
    expect(await rejectionOf(client.call(2))).to.be.instanceOf(UnknownOutcomeError);
    expect(now() - before).to.be.within(2000, 4000);
    there.close();
  }));

  it("a call that is dropped, or whose server's remote ends, rejects with a ClosedError; one that does not validate with a RemoteError", leavingNothing(async (broker) => {
    const remote = broker.remote();
    const there = remote.calls("c", { validate: aNumber });
    const { client } = broker.remote().calls<unknown, number>("c");
    const accepting = there.server.accept();
    const dropped = rejectionOf(client.call(1));
    (await accepting)[Symbol.dispose]();
    expect(await dropped).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(client.call("seven"))).to.be.instanceOf(RemoteError);
    const [next, left] = [there.server.accept(), rejectionOf(client.call(2))];
    const { signal } = await next;
    const waiting = rejectionOf(there.server.accept());
    await remote[Symbol.asyncDispose]();
    expect(await left).to.be.instanceOf(ClosedError);
    expect(await waiting).to.be.instanceOf(ClosedError);
    await settle();
    expect(signal.aborted).to.equal(true);
    expect(await rejectionOf(there.server.accept())).to.be.instanceOf(ClosedError);
  }));

  it("NT-60 (e) the end of a caller's remote fails its calls, and aborts them where they are", leavingNothing(async (broker) => {
    const there = broker.remote().calls<number, number>("c");
    const remote = broker.remote();
    const accepting = there.server.accept();
    const failing = rejectionOf(remote.calls<number, number>("c").client.call(1));
    const { signal } = await accepting;
    await remote[Symbol.asyncDispose]();
    expect(await failing).to.be.instanceOf(ClosedError);
    await sleep(1);
    expect([signal.aborted, broker.waiting]).to.deep.equal([true, 0]);
  }));

  it("NT-60 (f) ends that are closed and have answered all leave no subscription, though their remotes go on", leavingNothing(async (broker, subscribed) => {
    const [there, here] = [broker.remote().calls<number, number>("c"), broker.remote().calls<number, number>("c")];
    const answer = here.client.call(1);
    await sleep(10); // it looks for a server
    const serving = there.server.serve(async (n) => {
      await sleep(100);
      return n + 1;
    });
    expect(await answer).to.equal(2);
    await sleep(10);
    expect(subscribed()).to.equal(5); // two inboxes, two that hear of servers, and one of the group
    here.close();
    there.close();
    await serving;
    await sleep(10);
    expect([subscribed(), broker.clients]).to.deep.equal([0, 2]);
  }));

  it("one call and its answer, in every order: the handler runs once, and its answer comes", async () => {
    const report = await explore(async ({ outcome }) => {
      const broker = memoryBroker();
      const there = broker.remote({ name: "there" }).calls<number, number>("c");
      const accepting = there.server.accept();
      const answer = broker.remote({ name: "here" }).calls<number, number>("c").client.call(1);
      const call = await accepting;
      outcome(`${call.reply(call.value + 1)} ${await answer}`);
    }, { strategy: "dpor", maxSchedules: 5000 });
    expect([report.complete, [...report.outcomes.keys()]]).to.deep.equal([true, ["true 2"]]);
  });

  it("a call, an abort and a close in many orders: the handler runs at most once, and the caller always hears", async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const broker = memoryBroker();
      const there = broker.remote({ name: "there" }).calls<number, number>("c");
      let runs = 0;
      const serving = there.server.serve((n) => {
        runs++;
        return n + 1;
      });
      const stop = new AbortController();
      const { client } = broker.remote({ name: "here" }).calls<number, number>("c");
      const call = client.call(1, { signal: stop.signal }).catch((error: unknown) => error);
      await sleep(1);
      stop.abort("enough");
      there.close();
      outcome(`${String(await call)} ${runs <= 1}`);
      await serving;
    }, { strategy: "random", maxSchedules: 100 });
    expect([...outcomes.keys()].every((one) => one === "2 true" || one === "enough true")).to.equal(true);
  });

  it("NT-59 (c) bad names, options and values are refused at the call", leavingNothing(async (broker) => {
    const remote = broker.remote();
    expect(() => remote.calls("a b")).to.throw(TypeError);
    expect(() => remote.calls("a", { validate: 7 as never })).to.throw(TypeError);
    const { client, server } = remote.calls<unknown, unknown>("a");
    expect(await rejectionOf(client.call("x".repeat(2 ** 21)))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(client.call(() => 1))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(server.serve(7 as never))).to.be.instanceOf(TypeError);
  }));

  it("NT-63 without validate a request is unknown, with it what the check gives", () => {
    const remote = memoryBroker().remote();
    expectTypeOf(remote.calls("a").client).toEqualTypeOf<Client<unknown, unknown>>();
    expectTypeOf(remote.calls("a", { validate: aNumber }).client).toEqualTypeOf<Client<number, unknown>>();
  });
});
