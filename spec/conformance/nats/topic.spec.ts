/** Topics, on the broker in memory, in virtual time. */
import { expect } from "chai";
import { ClosedError, OverflowError, perform, sleep } from "../../../src/node.ts";
import { settle } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";
import { aNumber, inMemory, memoryWorld } from "./support.ts";
import { topicScenarios } from "./topic-scenarios.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("a topic between machines, in memory", () => {
  for (const [title, story] of Object.entries(topicScenarios)) it(title, inMemory((broker) => story(memoryWorld(broker))));

  for (const [overflow, kept, lost] of [["drop-oldest", numbers(30).slice(20), numbers(20)], ["drop-newest", numbers(10), numbers(30).slice(10)]] as const) {
    it(`NT-48 a slow subscriber loses by ${overflow}, is told of each, and no publisher waits (topic.ts 1)`, inMemory(async (broker) => {
      const dropped: number[] = [];
      const subscriber = await broker.remote().topic<number>("prices").subscribe({ capacity: 10, overflow, onDrop: (value) => { dropped.push(value); } });
      const topic = broker.remote().topic<number>("prices");
      for (const n of numbers(30)) await topic.send(n);
      await settle();
      expect(dropped).to.deep.equal(lost);
      for (const n of kept) expect(await subscriber.receive()).to.equal(n);
      expect(subscriber.tryReceive()).to.equal(undefined);
    }));
  }

  it(`NT-48 (b) overflow "close" ends it with an OverflowError, after what it has kept`, inMemory(async (broker) => {
    const subscriber = await broker.remote().topic<number>("prices").subscribe({ capacity: 10, overflow: "close" });
    const topic = broker.remote().topic<number>("prices");
    for (const n of numbers(30)) await topic.send(n);
    await settle();
    for (const n of numbers(10)) expect(await subscriber.receive()).to.equal(n);
    expect(await rejectionOf(subscriber.receive())).to.be.instanceOf(OverflowError);
  }));

  it("NT-51 a subscription goes on after a reconnect; what was sent meanwhile is gone (broker/connection.ts 2, topic.ts 2)", inMemory(async (broker) => {
    const here = broker.remote();
    const subscriber = await here.topic<number>("prices").subscribe();
    const topic = broker.remote().topic<number>("prices");
    broker.disconnect(here);
    await topic.send(1);
    await settle();
    broker.reconnect(here);
    await settle();
    await topic.send(2);
    expect(await subscriber.receive()).to.equal(2);
  }));

  it("NT-16 (a) without a connection a send waits, and trySend is false; connecting is a wait", inMemory(async (broker) => {
    const remote = broker.remote();
    const topic = remote.topic<number>("prices");
    const subscriber = await broker.remote().topic<number>("prices").subscribe();
    broker.disconnect(remote);
    expect([remote.connected, topic.trySend(0)]).to.deep.equal([false, false]);
    const sent = topic.send(1);
    const connected = perform(remote.connecting());
    let pending = true;
    void Promise.race([sent, connected]).then(() => { pending = false; });
    await settle();
    expect(pending).to.equal(true);
    broker.reconnect(remote);
    await sent;
    await connected;
    expect([remote.connected, topic.trySend(2)]).to.deep.equal([true, true]);
    expect([await subscriber.receive(), await subscriber.receive()]).to.deep.equal([1, 2]);
  }));

  it("NT-61 remotes with different prefixes do not see each other", inMemory(async (broker) => {
    const subscriber = await broker.remote({ prefix: "a" }).topic<number>("prices").subscribe();
    await broker.remote({ prefix: "b" }).topic<number>("prices").send(1);
    const jobs = await broker.remote({ prefix: "a" }).topic<number>("prices");
    await jobs.send(2);
    expect(await subscriber.receive()).to.equal(2);
  }));

  it("NT-60 (c) the end of a remote ends its subscriptions; a cancel unsubscribes", inMemory(async (broker) => {
    const remote = broker.remote();
    const subscriber = await remote.topic<number>("prices").subscribe();
    const waiting = rejectionOf(subscriber.receive());
    await remote[Symbol.asyncDispose]();
    expect(await waiting).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(remote.topic<number>("prices").send(1))).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(remote.topic<number>("prices").subscribe())).to.be.instanceOf(ClosedError);
  }));

  it("a value that does not validate is not given, and onError is told", inMemory(async (broker) => {
    const told: unknown[] = [];
    const subscriber = await broker.remote({ onError: (error) => { told.push(error); } }).topic("prices", { validate: aNumber }).subscribe();
    const topic = broker.remote().topic<unknown>("prices");
    await topic.send("seven");
    await topic.send(7);
    expect((await subscriber.receive()).toFixed(1)).to.equal("7.0");
    expect(told.map(String)).to.deep.equal(["TypeError: no number: seven"]);
    await sleep(1);
  }));

  it("NT-59 (b) bad names and options are refused at the call", inMemory(async (broker) => {
    const remote = broker.remote();
    expect(() => remote.topic("a b")).to.throw(TypeError);
    expect(() => remote.topic("a", { validate: 7 as never })).to.throw(TypeError);
    const topic = remote.topic<unknown>("a");
    expect(await rejectionOf(topic.subscribe({ capacity: 0 }))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(topic.subscribe({ overflow: "wait" as never }))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(topic.subscribe({ onDrop: 7 as never }))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(topic.send("x".repeat(2 ** 21)))).to.be.instanceOf(RangeError);
    expect(() => topic.trySend(() => 1)).to.throw(TypeError);
  }));
});
