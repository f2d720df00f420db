/** Processes that are killed, servers that go away, and connections that are cut, on a real server. */
import { expect } from "chai";
import { connect as dial, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { jetstreamManager } from "@nats-io/jetstream";
import { perform, sleep } from "../../../src/node.ts";
import { overNats, UnknownOutcomeError, type Delivery, type RemoteOptions } from "../../../src/nats/index.ts";
import { RunningProgram } from "../../support/programs.ts";
import { isPending, rejectionOf } from "../../support/settle.ts";
import { describeOnServer, NatsServer, ServerWorld } from "./server.ts";
import { doneOf } from "./support.ts";

/** A way to the server that can be cut. */
class Wire {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  port = 0;

  constructor(target: number) {
    this.#target = target;
    this.#server = createServer((socket) => { this.#join(socket, dial(this.#target, "127.0.0.1")); });
  }

  #join(...pair: [Socket, Socket]): void {
    for (const [index, socket] of pair.entries()) {
      this.#sockets.add(socket);
      socket.pipe(pair[1 - index] as Socket);
      socket.on("error", () => undefined).on("close", () => {
        this.#sockets.delete(socket);
        pair[1 - index]?.destroy();
      });
    }
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => { this.#server.listen(this.port, "127.0.0.1", resolve); });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => { this.#server.close(resolve); });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

describeOnServer("what is killed", function () {
  this.timeout(20_000);
  let server: NatsServer;
  const worlds: ServerWorld[] = [];
  const programs: RunningProgram[] = [];

  const world = (): ServerWorld => {
    const made = new ServerWorld(server);
    worlds.push(made);
    return made;
  };

  /** A process with a remote of its own in this world. */
  const processIn = ({ prefix }: ServerWorld, text: string, patience = 2000): RunningProgram => {
    const made = new RunningProgram(`
      import { connect } from "@nats-io/transport-node";
      import { jetstream, jetstreamManager } from "@nats-io/jetstream";
      import { overNats } from "rendezvous/nats";
      const connection = await connect({ servers: ${JSON.stringify(server.url)}, maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10 });
      const remote = overNats(connection, { prefix: ${JSON.stringify(prefix)}, patience: ${patience}, jetstream: jetstream(connection), manager: await jetstreamManager(connection) });
      ${text}`);
    programs.push(made);
    return made;
  };

  before(async () => { server = await NatsServer.start(); });
  afterEach(async () => {
    for (const program of programs.splice(0)) program.kill();
    await Promise.all(worlds.splice(0).map((one) => one.end()));
  });
  after(async () => { await server.end(); });

  it("NT-07 a receiver whose process is killed between the give and its answer leaves the outcome unknown, after `patience` and not before; nobody else gets the value", async () => {
    const here = world();
    const work = (await here.remote({ patience: 400 })).channel<number>("work");
    const victim = processIn(here, `
      const kill = () => { process.kill(process.pid, "SIGKILL"); };
      await remote.channel("work", { validate: kill }).receive();`);
    const before = performance.now();
    expect(await rejectionOf(work.send(1))).to.be.instanceOf(UnknownOutcomeError);
    const after = performance.now() - before;
    expect((await victim.ended).signal).to.equal("SIGKILL");
    expect(after).to.be.at.least(400);
    const next = (await here.remote()).channel<number>("work").receive();
    await work.send(2);
    expect(await next).to.equal(2);
  });

  it("NT-25 a consumer that is killed with 50 leased: what it had done is done, the 50 come again with attempt 2", async () => {
    const here = world();
    const jobs = await (await here.remote()).queue<number>("jobs", { lease: 1000 });
    await Promise.all(Array.from({ length: 60 }, (_, n) => jobs.send(n)));
    const victim = processIn(here, `
      const jobs = await remote.queue("jobs", { lease: 1000 });
      for (let n = 0; n < 55; n++) {
        const delivery = await jobs.receive();
        if (n < 5) await delivery.done();
      }
      console.log("leased");
      setInterval(() => undefined, 1000);`);
    await victim.printed("leased");
    victim.kill();
    const attempts = new Map<number, number>();
    await jobs.serve((value, { attempt }) => {
      attempts.set(value, attempt);
      if (attempts.size === 55) jobs.close();
    });
    const of = (attempt: number): number[] => [...attempts].filter(([, one]) => one === attempt).map(([value]) => value);
    expect(of(2)).to.have.length(50);
    expect(of(1)).to.have.length(5);
    expect([...attempts.keys()].length + 5).to.equal(60);
  });

  it("NT-27 (b) a server and a consumer that are killed under eight senders: nothing is lost that was fulfilled, and nothing is stored twice", async () => {
    const here = world();
    const jobs = await (await here.remote({ patience: 10_000 })).queue<string>("jobs", { lease: 1000 });
    const victim = processIn(here, `
      const jobs = await remote.queue("jobs", { lease: 1000 });
      let running = 0;
      await jobs.serve(() => {
        if (++running === 50) console.log("busy");
        return new Promise(() => {});
      }, { concurrency: 50 });`);
    const fulfilled: string[] = [];
    let going = true;
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; going; n++) {
        await jobs.send(`${sender}.${n}`);
        fulfilled.push(`${sender}.${n}`);
      }
    });
    await victim.printed("busy");
    await server.kill();
    await sleep(100);
    victim.kill();
    await server.begin();
    const more = fulfilled.length + 100;
    while (fulfilled.length < more) await sleep(10);
    going = false;
    await Promise.all(senders);
    // Nothing is done yet, so that all is there that was ever stored.
    const manager = await jetstreamManager(await here.connection());
    expect((await manager.streams.info(`${here.prefix}_jobs`)).state.messages).to.equal(fulfilled.length);
    const heir = await (await here.remote()).queue<string>("jobs", { lease: 1000 });
    const done = await doneOf(heir, fulfilled.length);
    expect(done.sort()).to.deep.equal(fulfilled.sort());
  });

  it("NT-51 a subscription goes on after a reconnect; what was sent meanwhile is gone", async () => {
    const here = world();
    const wire = new Wire(server.port);
    await wire.open();
    const there = overNats(await here.connection(wire.port), { prefix: here.prefix });
    const [topic, prices] = [(await here.remote()).topic<string>("prices"), await there.topic<string>("prices").subscribe()];
    await topic.send("before");
    expect(await prices.receive()).to.equal("before");
    await wire.cut();
    while (there.connected) await sleep(5);
    await topic.send("meanwhile");
    (await topic.subscribe()).cancel(); // by now the server has it
    await wire.open();
    await perform(there.connecting());
    (await there.topic("other").subscribe()).cancel(); // by now the subscriptions are back
    await topic.send("after");
    expect(await prices.receive()).to.equal("after");
    await there[Symbol.asyncDispose]();
    await here.end();
    await wire.cut();
  });

  it("NT-21 while nobody waits nothing is said but pings; once the connection is closed the process may end", async () => {
    const here = world();
    const quiet = processIn(here, `
      const [work, jobs, topic] = [remote.channel("work"), await remote.queue("jobs"), remote.topic("prices")];
      const prices = await topic.subscribe();
      await Promise.all([work.send(1), work.receive()].concat([topic.send(1), prices.receive(), jobs.send(1)]));
      await (await jobs.receive()).done();
      const stop = new AbortController();
      await Promise.allSettled([work.send(2, { signal: stop.signal }), work.receive({ signal: stop.signal }), jobs.receive({ signal: stop.signal })]
        .concat(stop.abort("enough")));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const before = connection.stats();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const after = connection.stats();
      console.log(after.outMsgs - before.outMsgs, after.inMsgs - before.inMsgs);
      await connection.close();
      console.log("closed");`, 100);
    expect(await quiet.ended).to.deep.include({ code: 0, output: "0 0\nclosed\n" });
  });

  it("NT-28 (c) a server that is away: what has not left waits, nothing is thrown or lost, and all goes on when it is back", async () => {
    const here = world();
    const options: RemoteOptions = { patience: 300 };
    const [near, far] = [await here.remote(options), await here.remote(options)];
    const [jobs, work, topic] = [await near.queue<string>("jobs", { lease: 5000 }), near.channel<string>("work"), near.topic<string>("prices")];
    const subscriber = await far.topic<string>("prices").subscribe();
    await server.kill();
    while (near.connected || far.connected) await sleep(5);
    const prices: string[] = [];
    const reading = (async (): Promise<void> => { for await (const price of subscriber) prices.push(price); })();
    const waits = [
      jobs.send("job"), work.send("word"), far.channel<string>("work").receive(), topic.send("price"), perform(near.connecting()),
      jobs.receive().then((delivery: Delivery<string>) => delivery.done()), far.queue<string>("jobs", { lease: 5000 }),
    ];
    expect(topic.trySend("lost")).to.equal(false);
    await sleep(700);
    for (const wait of waits) expect(await isPending(wait)).to.equal(true);
    await server.begin();
    await Promise.all(waits);
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
    subscriber.cancel();
    await reading;
    expect(prices.filter((price) => price !== "price")).to.deep.equal([]);
  });
});
