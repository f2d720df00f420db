/** What is marked R in the list, on a real server. */
import { expect } from "chai";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { ClosedError, sleep } from "../../../src/node.ts";
import { overNats, UnknownOutcomeError } from "../../../src/nats/index.ts";
import { rejectionOf } from "../../support/settle.ts";
import { callsScenarios } from "./calls-scenarios.ts";
import { channelScenarios } from "./channel-scenarios.ts";
import { queueScenarios } from "./queue-scenarios.ts";
import { describeOnServer, NatsServer, ServerWorld } from "./server.ts";
import { topicScenarios } from "./topic-scenarios.ts";
import { doneOf, type Scenarios } from "./support.ts";

describeOnServer("what is marked R", function () {
  this.timeout(20_000);
  let server: NatsServer;
  const worlds: ServerWorld[] = [];

  const world = (): ServerWorld => {
    const made = new ServerWorld(server);
    worlds.push(made);
    return made;
  };

  before(async () => { server = await NatsServer.start(); });
  afterEach(async () => { await Promise.all(worlds.splice(0).map((one) => one.end())); });
  after(async () => { await server.end(); });

  const all: Scenarios = { ...callsScenarios, ...channelScenarios, ...queueScenarios, ...topicScenarios };
  describe("NT-62 the scenarios that run in memory, too", () => {
    for (const [title, story] of Object.entries(all)) it(title, () => story(world()));
  });

  it("NT-26 values that are sent while the server is stopped are stored once each", async () => {
    const jobs = await (await world().remote({ patience: 5000 })).queue<number>("jobs");
    let sent = 0;
    const sends = Array.from({ length: 16 }, async () => {
      const until = performance.now() + 900;
      for (let n = 0; performance.now() < until; n++) {
        await jobs.send(n);
        sent++;
      }
    });
    await sleep(100);
    await server.halt(500);
    await Promise.all(sends);
    expect(sent).to.be.above(16);
    expect((await jobs.size()).waiting).to.equal(sent);
  });

  it("NT-27 a server that is killed twice, with a store of files, loses nothing that was fulfilled, and stores nothing twice", async () => {
    const here = world();
    const jobs = await (await here.remote({ patience: 10_000 })).queue<string>("jobs", { lease: 1000 });
    const fulfilled: string[] = [];
    let going = true;
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; going; n++) {
        await jobs.send(`${sender}.${n}`);
        fulfilled.push(`${sender}.${n}`);
      }
    });
    for (let kills = 0; kills < 2; kills++) {
      await sleep(300);
      await server.kill();
      await sleep(200);
      await server.begin();
    }
    await sleep(300);
    going = false;
    await Promise.all(senders);
    const worker = await (await here.remote()).queue<string>("jobs", { lease: 1000 });
    const done = await doneOf(worker, fulfilled.length);
    expect(done.sort()).to.deep.equal(fulfilled.sort());
    expect((await jobs.size()).waiting).to.equal(0);
  });

  it("NT-06 a server that is killed three times under traffic of 8 and 8 tasks: fulfilled, received and distinct are the same, none is rejected", async () => {
    const here = world();
    const [give, take] = [(await here.remote({ patience: 8000 })).channel<string>("work"), (await here.remote()).channel<string>("work")];
    const fulfilled: string[] = [];
    const received: string[] = [];
    let going = true;
    const readers = Array.from({ length: 8 }, async () => { for await (const value of take) received.push(value); });
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; going; n++) {
        await give.send(`${sender}.${n}`);
        fulfilled.push(`${sender}.${n}`);
      }
    });
    for (let kills = 0; kills < 3; kills++) {
      await sleep(300);
      await server.kill();
      await sleep(100);
      await server.begin();
    }
    await sleep(300);
    going = false;
    await Promise.all(senders);
    take.close();
    await Promise.all(readers);
    expect(fulfilled).to.have.length.above(100);
    expect(new Set(received).size).to.equal(received.length);
    expect(received.sort()).to.deep.equal(fulfilled.sort());
  });

  it("NT-58 a call on its way when the server is killed settles within one and two times patience of the reconnect", async () => {
    const here = world();
    const [there, { client }] = [(await here.remote()).calls<number, number>("c"), (await here.remote({ patience: 300 })).calls<number, number>("c")];
    const serving = there.server.serve((n) => n);
    expect(await client.call(1)).to.equal(1);
    const failing = client.call(2).catch((error: unknown) => error);
    await server.kill();
    await server.begin();
    const back = performance.now();
    const outcome = await failing;
    expect(outcome === 2 || outcome instanceof UnknownOutcomeError).to.equal(true);
    expect(performance.now() - back).to.be.below(2000);
    expect(await client.call(3)).to.equal(3);
    there.close();
    await serving;
  });

  it("NT-14 an end that is made when all others have gone knows of the close", async () => {
    const here = world();
    const first = await here.remote();
    first.channel("work").close(new RangeError("no more"));
    await sleep(200);
    await first[Symbol.asyncDispose]();
    const error = await rejectionOf((await here.remote()).channel("work").receive());
    expect(error).to.be.instanceOf(ClosedError);
    expect((error as Error).cause).to.include({ remoteName: "RangeError", message: "no more" });
  });

  it("NT-17 a connection that its user closes ends the remote: ClosedError", async () => {
    const here = world();
    const connection = await here.connection();
    const remote = overNats(connection, { prefix: here.prefix, jetstream: jetstream(connection), manager: await jetstreamManager(connection) });
    const jobs = await remote.queue("jobs");
    const waits = [jobs.receive(), jobs.serve(() => 1)].map(rejectionOf);
    await sleep(20);
    await connection.close();
    for (const error of await Promise.all(waits)) expect(error).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(jobs.send(1))).to.be.instanceOf(ClosedError);
    expect(() => overNats(connection)).to.throw(ClosedError);
  });

  it("NT-31 (d) what serve has done is acknowledged when it fulfils, also if the connection is closed right then", async () => {
    const here = world();
    const jobs = await (await here.remote()).queue<number>("jobs");
    const connection = await here.connection();
    const own = overNats(connection, { prefix: here.prefix, jetstream: jetstream(connection), manager: await jetstreamManager(connection) });
    const worker = await own.queue<number>("jobs");
    await Promise.all(Array.from({ length: 1500 }, (_, n) => jobs.send(n)));
    let done = 0;
    await worker.serve(() => { if (++done === 700) worker.close(); }); // by now it has read ahead, and asks for nothing
    await connection.close();
    for (let left = Infinity; left !== 1500 - done;) { // the server may still be at it; leases run out much later
      const { waiting, leased } = await jobs.size();
      left = waiting + leased;
      expect(left).to.be.at.least(1500 - done);
      await sleep(5);
    }
  });

  it("NT-42 settings that differ from the existing stream are named", async () => {
    const remote = await world().remote();
    await remote.queue("jobs", { capacity: 10, lease: 1000 });
    expect(String(await rejectionOf(remote.queue("jobs", { capacity: 20, lease: 1000 })))).to.match(/^TypeError: queue "jobs" exists with capacity 10; this end wants 20/);
    expect(String(await rejectionOf(remote.queue("jobs", { capacity: 10 })))).to.match(/exists with lease 1000; this end wants 30000/);
    await remote.queue("jobs", { capacity: 10, lease: 1000 });
    await remote.queue("jobs.dead");
  });

  it("NT-43 a server without JetStream, a queue that is not there, a memory queue after a restart: each says so", async () => {
    const plain = await NatsServer.start({ stores: false });
    const there = new ServerWorld(plain);
    try {
      const connection = await there.connection();
      const remote = overNats(connection, { jetstream: jetstream(connection), manager: await jetstreamManager(connection, { checkAPI: false }) });
      expect(String(await rejectionOf(remote.queue("jobs")))).to.match(/jetstream \{\}/);
      expect(String(await rejectionOf(overNats(connection).queue("jobs")))).to.match(/^TypeError: .*hand over JetStream/);
    } finally {
      await there.end();
      await plain.end();
    }
    const remote = await world().remote({ patience: 1000 });
    expect(String(await rejectionOf(remote.queue("jobs", { create: false })))).to.match(/does not exist/);
    const jobs = await remote.queue("jobs", { storage: "memory" });
    await server.kill();
    await server.begin();
    await sleep(300);
    const error = await rejectionOf(jobs.send(1));
    expect(String(error)).to.match(/gone after a restart of the server/);
    expect(error).to.not.be.instanceOf(UnknownOutcomeError);
  });

  it("NT-60 after its end a remote leaves no subscription and no listener, and the connection is open (nats-broker.ts 1, nats-broker.ts 2)", async () => {
    const here = world();
    const connection = await here.connection();
    const remote = overNats(connection, { prefix: here.prefix, jetstream: jetstream(connection), manager: await jetstreamManager(connection) });
    const { protocol } = connection as unknown as { protocol: { subscriptions: { size(): number }; listeners: unknown[] } };
    await connection.flush();
    const before = protocol.subscriptions.size();
    const jobs = await remote.queue<number>("jobs");
    await jobs.send(1);
    const serving = rejectionOf(jobs.serve(() => sleep(10_000)));
    await sleep(50);
    const waiting = rejectionOf(jobs.receive());
    await sleep(20);
    await remote[Symbol.asyncDispose]();
    for (const error of await Promise.all([serving, waiting])) expect(error).to.be.instanceOf(ClosedError);
    await connection.flush();
    await sleep(20);
    expect(protocol.subscriptions.size()).to.equal(before);
    while (protocol.listeners.length > 0) await sleep(5); // the client lets go of one in a turn of its own
    expect(connection.isClosed()).to.equal(false);
    expect((await (await (await here.remote()).queue<number>("jobs")).receive()).value).to.equal(1);
  });
});
