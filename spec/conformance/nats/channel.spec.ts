/** Channels between machines, on the broker in memory, in virtual time. */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import { CancelledError, chan, choose, ClosedError, go, perform, scope, select, sleep, sleeping, type Channel } from "../../../src/node.ts";
import { RemoteError, UnknownOutcomeError, type RemoteChannel } from "../../../src/nats/index.ts";
import { explore, memoryBroker, settle } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";
import { channelScenarios } from "./channel-scenarios.ts";
import { aNumber, inMemory, memoryWorld } from "./support.ts";

const now = (): number => performance.now();

describe("a channel between machines, in memory", () => {
  for (const [title, story] of Object.entries(channelScenarios)) it(title, inMemory((broker) => story(memoryWorld(broker))));

  it("NT-04 a value whose receive was withdrawn on its way goes to the next one, in 300 orders; the send fulfils once (nats/channel.ts 1, exchange.ts 1)", async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const broker = memoryBroker();
      const [here, there] = [broker.remote({ name: "a" }).channel<number>("c"), broker.remote({ name: "b" }).channel<number>("c")];
      const sent = go(() => here.send(1));
      const first = await select({ value: there.receiving(), late: sleeping(1) }, { order: "listed" });
      const value = first.case === "value" ? first.value : await there.receive();
      await sent;
      outcome(`${first.case} ${value}`);
    }, { strategy: "random", maxSchedules: 300 });
    expect([...outcomes.keys()].every((one) => one.endsWith(" 1"))).to.equal(true);
  });

  it("NT-05 an answer that is lost is asked for again: the value is taken once", inMemory(async (broker) => {
    const [here, there] = [broker.remote().channel<number>("c"), broker.remote().channel<number>("c")];
    const got: number[] = [];
    const reading = (async () => { for await (const value of there) got.push(value); })();
    await settle();
    broker.loseAnswers(3);
    const before = now();
    await here.send(1);
    expect(now() - before).to.be.within(1500, 2000);
    await here.send(2);
    here.close();
    await reading;
    expect(got).to.deep.equal([1, 2]);
  }));

  it("NT-05 (b) an answer that is lost, in 300 orders: the value is taken once, and its send fulfils", async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const broker = memoryBroker({ storage: false });
      const [here, there] = [broker.remote({ name: "a" }).channel<number>("c"), broker.remote({ name: "b" }).channel<number>("c")];
      broker.loseAnswers(2);
      const got = go(async () => [await there.receive(), await there.receive()]);
      await here.send(1);
      await here.send(2);
      outcome(String(await got));
    }, { strategy: "random", maxSchedules: 300 });
    expect([...outcomes.keys()]).to.deep.equal(["1,2"]);
  });

  it("NT-06 (a) restarts under traffic of 8 and 8 tasks: fulfilled, received and distinct are the same, and none is rejected", inMemory(async (broker) => {
    broker.delay([0, 3]);
    const [here, there] = [broker.remote().channel<string>("c"), broker.remote().channel<string>("c")];
    let going = true;
    const [fulfilled, received]: string[][] = [[], []];
    const readers = Array.from({ length: 8 }, async () => { for await (const value of there) received?.push(value); });
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; going; n++) {
        await here.send(`${sender}.${n}`);
        fulfilled?.push(`${sender}.${n}`);
      }
    });
    for (let n = 0; n < 3; n++) {
      await sleep(100);
      await broker.restart({ away: 50 });
    }
    await sleep(100);
    going = false;
    await Promise.all(senders);
    here.close();
    await Promise.all(readers);
    expect(fulfilled).to.have.length.above(100);
    expect(new Set(received).size).to.equal(received?.length);
    expect(received?.sort()).to.deep.equal(fulfilled?.sort());
  }));

  it("NT-07 a receiver that is killed between the give and its answer leaves the outcome unknown, after `patience` (exchange.ts 3)", inMemory(async (broker) => {
    const victim = broker.remote();
    const here = broker.remote({ patience: 2000 }).channel<number>("c");
    victim.channel<number>("c").receive().catch(() => undefined);
    await settle();
    broker.delay(10);
    const before = now();
    const failing = rejectionOf(here.send(1));
    await sleep(65); // asked where somebody waits, heard of it, and given
    broker.kill(victim);
    expect(await failing).to.be.instanceOf(UnknownOutcomeError);
    expect(now() - before).to.be.within(2000, 4000);
  }));

  it("NT-08 an abort of a send rejects with its reason at once, wherever it is; onUnknown is told once, of the one that nobody answers", inMemory(async (broker) => {
    const told: [number, unknown][] = [];
    const here = broker.remote().channel<number>("c", { onUnknown: (value, cause) => { told.push([value, cause]); } });
    const there = broker.remote().channel<number>("c");
    const abortIn = async (ms: number, value: number): Promise<void> => {
      const stop = new AbortController();
      const before = now();
      const failing = rejectionOf(here.send(value, { signal: stop.signal }));
      await sleep(ms);
      stop.abort("enough");
      expect(await failing).to.equal("enough");
      expect(now() - before).to.equal(ms);
    };
    await abortIn(10, 1); // it has not left
    broker.delay(10);
    const late = there.receive();
    await abortIn(45, 2); // on its way, or taken
    await sleep(1000);
    expect(await Promise.race([late, sleep(10).then(() => "nothing")])).to.equal(2);
    expect(told).to.deep.equal([]);
    const third = there.receive();
    broker.loseAnswers(Infinity);
    await abortIn(45, 3);
    await sleep(4000);
    broker.loseAnswers(0);
    expect(await third).to.equal(3);
    expect(told.map(([value, cause]) => [value, (cause as Error).name])).to.deep.equal([[3, "UnknownOutcomeError"]]);
  }));

  it("NT-08 (b) an abort of a send at any time, in 50 orders of each of ten delays: it has fulfilled, or rejects with the reason; the value is taken once at most, and onUnknown is not told", async () => {
    const seen = new Set<string>();
    for (let ms = 0; ms < 20; ms += 2) for (const one of (await explore(async ({ outcome }) => {
      const broker = memoryBroker({ storage: false });
      const told: unknown[] = [];
      const [here, there] = [broker.remote({ name: "a" }).channel<number>("c", { onUnknown: (value) => { told.push(value); } }), broker.remote({ name: "b" }).channel<number>("c")];
      const stop = new AbortController();
      const got: number[] = [];
      const reading = go(async () => { while (!got.includes(2)) got.push(await there.receive()); });
      const stopping = go(async () => {
        await sleep(ms);
        stop.abort("enough");
      });
      broker.delay(3);
      const fate = await here.send(1, { signal: stop.signal }).then(() => "sent", String);
      await stopping;
      await here.send(2);
      await reading;
      outcome(`${fate} ${String(got)} ${String(told)}`);
    }, { strategy: "random", maxSchedules: 50 })).outcomes.keys()) seen.add(one);
    expect([...seen].sort()).to.deep.equal(["enough 1,2 ", "enough 2 ", "sent 1,2 "]);
  });

  it("NT-09 a cancel of the scope ends a send on its way at once", inMemory(async (broker) => {
    const [here, there] = [broker.remote().channel<number>("c"), broker.remote().channel<number>("c")];
    void there.receive().catch(() => undefined);
    broker.delay(10);
    const before = now();
    await scope(async (s) => {
      const sending = s.go(() => here.send(1));
      await sleep(45);
      s.cancel("enough");
      expect(await sending.result()).to.have.nested.property("reason").that.is.instanceOf(CancelledError);
    }).catch(() => undefined);
    expect(now() - before).to.equal(45);
  }));

  it("NT-10 a receive is a case of a select: one commits, and what the others would have got is there for the next (nats/channel.ts 2)", inMemory(async (broker) => {
    const ends = ["a", "b"].map((name) => [broker.remote().channel<string>(name), broker.remote().channel<string>(name)] as const);
    const local = chan<string>();
    const [[sendA, a], [sendB, b]] = ends as [typeof ends[0], typeof ends[0]];
    const sent = [sendA.send("a"), sendB.send("b")];
    const got = [];
    while (got.length < 2) {
      const chosen = await select({ a: a.receiving(), b: b.receiving(), local: local.receiving(), late: sleeping(10_000) });
      got.push(chosen.value);
    }
    expect(got.sort()).to.deep.equal(["a", "b"]);
    await Promise.all(sent);
  }));

  it("NT-10 (b) a select of two receives, in 300 orders: one commits, and the other's value is there for the next", async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const broker = memoryBroker({ storage: false });
      const [near, far] = [broker.remote({ name: "a" }), broker.remote({ name: "b" })];
      const sent = ["x", "y"].map((name) => go(() => near.channel<string>(name).send(name)));
      const [x, y] = [far.channel<string>("x"), far.channel<string>("y")];
      const first = await select({ x: x.receiving(), y: y.receiving() });
      const second = await (first.case === "x" ? y : x).receive();
      for (const one of sent) await one;
      outcome([first.value, second].sort().join());
    }, { strategy: "random", maxSchedules: 300 });
    expect([...outcomes.keys()]).to.deep.equal(["x,y"]);
  });

  it("NT-11 a send is no case of a select, mapped or not; yield* and perform work", inMemory(async (broker) => {
    const [here, there] = [broker.remote().channel<number>("c"), broker.remote().channel<number>("c")];
    for (const selecting of [
      () => select({ sent: here.sending(1), late: sleeping(1) }),
      () => select([here.sending(1).map(() => 1)]),
      () => perform(choose<unknown>(here.sending(1), sleeping(1))),
      () => perform(choose<unknown>(here.sending(1).map(() => 1), sleeping(1))),
    ]) expect(String(await rejectionOf(selecting()))).to.match(/^TypeError: a send on channel "c" is no case/);
    const got = [there.receive(), there.receive(), there.receive()];
    await go(function* () { yield* here.sending(1); });
    await perform(here.sending(2));
    await perform(here.sending(3), { signal: new AbortController().signal });
    expect(await Promise.all(got)).to.deep.equal([1, 2, 3]);
  }));

  it("NT-12 nothing is there at once: trySend is false, tryReceive undefined", inMemory(async (broker) => {
    const ch = broker.remote().channel<number>("c");
    expect([ch.trySend(1), ch.tryReceive()]).to.deep.equal([false, undefined]);
  }));

  it("NT-13 a close from a third process: sends fail, receives end", inMemory(async (broker) => {
    const [sender, receiver, third] = [1, 2, 3].map(() => broker.remote().channel<number>("c")) as [RemoteChannel<number>, RemoteChannel<number>, RemoteChannel<number>];
    const next = receiver.next();
    await sender.send(1);
    expect(await next).to.deep.equal({ done: false, value: 1 });
    const [waiting, receiving] = [rejectionOf(sender.send(2)), receiver.next()] as const;
    await receiving;
    await waiting.catch(() => undefined);
    const ending = receiver.next();
    await settle();
    expect([third.close(), third.close()]).to.deep.equal([true, false]);
    expect(await ending).to.deep.equal({ done: true, value: undefined });
    await settle();
    expect(await rejectionOf(sender.send(3))).to.be.instanceOf(ClosedError);
    expect([sender.closed, receiver.closed]).to.deep.equal([true, true]);
  }));

  it("NT-13 (b) what was on its way at the close of its sender is delivered first: its sends fulfil, the others fail, and then comes the end", inMemory(async (broker) => {
    const [here, there] = [broker.remote().channel<number>("c"), broker.remote().channel<number>("c")];
    const got: unknown[] = [];
    const reading = [1, 2].map(async () => { for await (const value of there) got.push(value); });
    await here.send(0);
    await settle();
    broker.delay([0, 20]);
    const sends = Promise.allSettled([1, 2, 3].map((value) => here.send(value)));
    here.close();
    expect((await sends).map(({ status }) => status)).to.deep.equal(["fulfilled", "fulfilled", "rejected"]);
    await Promise.all(reading);
    expect(got).to.deep.equal([0, 1, 2]);
  }));

  it("NT-13 (c) a close elsewhere while a value is on its way, in many orders: its send fulfils if and only if it was received", async () => {
    const { outcomes } = await explore(async ({ outcome }) => {
      const broker = memoryBroker({ storage: false });
      const [here, there, third] = ["a", "b", "c"].map((name) => broker.remote({ name }).channel<number>("c")) as [RemoteChannel<number>, RemoteChannel<number>, RemoteChannel<number>];
      const sent = go(() => here.send(1).then(() => "sent", (error: unknown) => (error as Error).name));
      const got = go(() => there.next());
      const closing = go(() => { third.close(); });
      const [fate, { value }] = [await sent, await got];
      await closing;
      outcome(`${fate} ${String(value)}`);
    }, { strategy: "random", maxSchedules: 500 });
    expect([...outcomes.keys()].sort()).to.deep.equal(["ClosedError undefined", "sent 1"]);
  });

  it("NT-14 an end that is made after the close knows of it: from others, or from what is kept", inMemory(async (broker) => {
    const first = broker.remote();
    first.channel("c").close(new RangeError("no more"));
    await settle();
    const error = await rejectionOf(broker.remote().channel("c").receive());
    expect(error).to.be.instanceOf(ClosedError);
    expect((error as Error).cause).to.include({ remoteName: "RangeError", message: "no more" });
    await first[Symbol.asyncDispose]();
    expect(await rejectionOf(broker.remote().channel("c").send(1))).to.be.instanceOf(ClosedError);
  }));

  it("NT-15 cancel(reason) rejects who waits to send everywhere; the cause has the message", inMemory(async (broker) => {
    const waits = [1, 2].map(() => rejectionOf(broker.remote().channel<number>("c").send(1)));
    await settle();
    broker.remote().channel("c").cancel(new Error("over"));
    for (const error of await Promise.all(waits)) {
      expect(error).to.be.instanceOf(ClosedError);
      expect((error as { cause: Error }).cause.message).to.equal("over");
    }
  }));

  it("NT-16 (b) without a connection sends and receives wait", inMemory(async (broker) => {
    const [a, b] = [broker.remote(), broker.remote()];
    for (const remote of [a, b]) broker.disconnect(remote);
    const [sent, got] = [a.channel<number>("c").send(1), b.channel<number>("c").receive()];
    await sleep(10_000);
    broker.reconnect(a);
    broker.reconnect(b);
    await sent;
    expect(await got).to.equal(1);
  }));

  it("NT-18 what is too large, or cannot be encoded, fails at the call; JSON has its own values", inMemory(async (broker) => {
    const [here, there] = [broker.remote().channel<unknown>("c"), broker.remote().channel<unknown>("c")];
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(await rejectionOf(here.send("x".repeat(2 ** 21)))).to.be.instanceOf(RangeError);
    for (const value of [() => 1, cycle, Symbol("s"), 1n]) expect(await rejectionOf(here.send(value))).to.be.instanceOf(TypeError);
    const pairs: [unknown, unknown][] = [[undefined, undefined], [null, null], [NaN, null], [new Date(0), "1970-01-01T00:00:00.000Z"], [new Uint8Array([7]), { 0: 7 }]];
    for (const [value, comes] of pairs) {
      const got = there.receive();
      await here.send(value);
      expect(await got).to.deep.equal(comes);
    }
  }));

  it("NT-19 a value that does not validate fails its send with a RemoteError, and the receive goes on", inMemory(async (broker) => {
    const [here, there] = [broker.remote().channel<unknown>("c"), broker.remote().channel("c", { validate: aNumber })];
    const got = there.receive();
    const error = await rejectionOf(here.send("seven"));
    expect(error).to.be.instanceOf(RemoteError);
    expect(error).to.include({ remoteName: "TypeError", message: "no number: seven" });
    await here.send(7);
    expect(await got).to.equal(7);
  }));

  it("NT-22 it is no Channel<T> for the compiler, and is told apart by its brand", () => {
    expectTypeOf<RemoteChannel<number>>().not.toExtend<Channel<number>>();
  });

  it("NT-23 values of one task come in order (exchange.ts 2)", inMemory(async (broker) => {
    broker.delay([0, 5]);
    const [here, there] = [broker.remote().channel<number>("c"), broker.remote().channel<number>("c")];
    const got: number[] = [];
    const reading = (async () => { for await (const value of there) got.push(value); })();
    const sends = Array.from({ length: 200 }, (_, n) => here.send(n));
    await Promise.all(sends);
    here.close();
    await reading;
    expect(got).to.deep.equal(Array.from({ length: 200 }, (_, n) => n));
  }));

  it("NT-60 (d) the end of a remote fails its waits", inMemory(async (broker) => {
    const remote = broker.remote();
    const ch = remote.channel<number>("c");
    const waits = [ch.send(1), broker.remote().channel<number>("d").receive()].map(rejectionOf);
    void waits[1]?.catch(() => undefined);
    await settle();
    await remote[Symbol.asyncDispose]();
    expect(await waits[0]).to.be.instanceOf(ClosedError);
  }));
});
