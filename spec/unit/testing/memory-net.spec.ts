/** The network in memory: the same as the platform's, with faults, in virtual time, and under control. */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { seeded } from "../../../src/platform/random.ts";
import { chan, ClosedError, DeadlockError, go, perform, scope, select, sleep, sleeping, TimeoutError } from "../../../src/node.ts";
import { ConnectionError, serve, type Connection, type DialPhase, type Listener } from "../../../src/net/index.ts";
import { Reader } from "../../../src/net/reader.ts";
import { Reading } from "../../../src/net/reading.ts";
import { line } from "../../../src/net/units.ts";
import { bubble, explore, ExploreError, memoryNet, replay, type MemoryNet, type MemoryNetOptions, type Program } from "../../../src/testing/index.ts";
import { text } from "../net/support/peers.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

interface Ends {
  net: MemoryNet;
  listener: Listener;
  ours: Connection;
  theirs: Connection;
}

/** A network with a listener, and both ends of a connection. */
async function connected(options?: MemoryNetOptions, clock?: SinonFakeTimers): Promise<Ends> {
  const net = memoryNet(options);
  const listener = await net.listen("server:1");
  const both = Promise.all([net.dial("server:1"), listener.receive()]);
  await clock?.tickAsync(2 * (options?.latency ?? 0));
  const [ours, theirs] = await both;
  return { net, listener, ours, theirs };
}

const codeOf = async (promise: PromiseLike<unknown>): Promise<string> => ((await rejectionOf(promise)) as ConnectionError).code;

async function all(connection: Connection): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection) chunks.push(chunk);
  return text(Buffer.concat(chunks));
}

describe("memoryNet", () => {
  /** Everything is faked, process.nextTick and queueMicrotask too. */
  const fake = (): SinonFakeTimers => sinon.useFakeTimers();

  afterEach(() => { sinon.restore(); });

  describe("addresses", () => {
    it("N-68 port 0 takes a free one each time, and dialling it works; both ends know both addresses", async () => {
      const { dial, listen } = memoryNet();
      const listeners = [await listen("127.0.0.1:0"), await listen({ host: "127.0.0.1", port: 0 })];
      const ports = listeners.map(({ address }) => address.port);
      expect(new Set(ports).size).to.equal(2);
      for (const listener of listeners) {
        const connection = await dial(`localhost:${listener.address.port}`);
        const accepted = await listener.receive();
        expect(connection.remote).to.deep.equal({ host: "127.0.0.1", port: listener.address.port, family: 4 });
        expect(accepted.local).to.deep.equal(connection.remote);
        expect(accepted.remote).to.deep.equal(connection.local);
        expect(listener.address).to.deep.equal(connection.remote);
      }
    });

    it("every name is an address of its own; a listener without a host is reached by every name, in both families (network.ts 1)", async () => {
      const { dial, listen } = memoryNet();
      await using one = await listen("one.example:80");
      expect(await codeOf(dial("two.example:80"))).to.equal("ECONNREFUSED");
      await dial("ONE.example:80");
      expect(one.statistics.pending).to.equal(1);
      await using every = await listen(":81");
      expect(every.address).to.deep.equal({ host: "::", port: 81, family: 6 });
      for (const host of ["one.example", "three.example", "localhost", "127.0.0.1", "::1"]) await dial({ host, port: 81 });
      expect(every.statistics.pending).to.equal(5);
    });

    it("a path is an address, too, and names the connection", async () => {
      const { dial, listen, reset } = memoryNet();
      expect(await codeOf(dial("unix:/run/db"))).to.equal("ENOENT");
      await using listener = await listen({ path: "/run/db" });
      expect(listener.address).to.deep.equal({ path: "/run/db" });
      expect(await codeOf(listen("unix:/run/db"))).to.equal("EADDRINUSE");
      const connection = await dial("unix:/run/db");
      expect([connection.local, connection.remote]).to.deep.equal([{}, { path: "/run/db" }]);
      reset(connection);
      expect((await rejectionOf(connection.receive()) as Error).message).to.include("unix:/run/db");
    });

    it("N-04 where nothing listens, or no longer, it is ECONNREFUSED, and the message names the address (network.ts 2)", async () => {
      const { dial, listen } = memoryNet();
      const error = (await rejectionOf(dial("db.example:5432"))) as ConnectionError;
      expect(error).to.be.instanceOf(ConnectionError).with.property("message", "dial db.example:5432 has failed: ECONNREFUSED 10.0.0.1:5432");
      expect(error.phase satisfies DialPhase | undefined).to.equal("connect");
      const listener = await listen("db.example:5432");
      await listener.shutdown();
      expect(await codeOf(dial("db.example:5432"))).to.equal("ECONNREFUSED");
    });

    it("N-69 a port that is taken is EADDRINUSE, also by a listener at every address, and is free after the shutdown", async () => {
      const { listen } = memoryNet();
      const first = await listen("a.example:80");
      const error = (await rejectionOf(listen("a.example:80"))) as ConnectionError;
      expect(error).to.be.instanceOf(ConnectionError).with.property("code", "EADDRINUSE");
      expect(error.message).to.include("a.example:80");
      expect(await codeOf(listen(":80"))).to.equal("EADDRINUSE");
      await listen("b.example:80");
      await listen(":8");
      expect(await codeOf(listen("a.example:8"))).to.equal("EADDRINUSE");
      await first.shutdown();
      await listen("a.example:80");
    });

    it("a lookup of the dial's own is asked, and every address it gives is tried", async () => {
      const { dial, listen } = memoryNet();
      await using listener = await listen("10.9.9.9:1");
      const connection = await dial({
        host: "db.example", port: 1, attemptDelay: Infinity,
        lookup: (_name, _options, found) => { found(null, [{ address: "10.8.8.8", family: 4 }, { address: "10.9.9.9", family: 4 }]); },
      });
      expect(connection.remote.host).to.equal("10.9.9.9");
      expect(listener.statistics.pending).to.equal(1);
    });

    it("anything but an address, an option or a connection of the net is refused at the call; TLS by name", async () => {
      const { net, listener, ours } = await connected();
      expect(await rejectionOf(net.dial("nowhere"))).to.be.instanceOf(TypeError);
      expect(await rejectionOf(net.listen("nowhere"))).to.be.instanceOf(TypeError);
      expect(() => net.dialing({ port: 0 })).to.throw(RangeError);
      for (const bad of [{ latency: -1 }, { latency: Infinity }, { maxSegment: 0 }, { window: 1.5 }]) {
        expect(() => memoryNet(bad)).to.throw(RangeError, Object.keys(bad)[0]);
      }
      for (const control of ["reset", "partition", "heal"] as const) {
        expect(() => { memoryNet()[control](ours); }).to.throw(TypeError, "its own dial and listen");
        expect(() => { net[control](listener as never); }).to.throw(TypeError);
      }
      expect(() => { net.partition("nowhere"); }).to.throw(TypeError);
      expect(await rejectionOf(net.dial("tls://server:1"))).to.be.instanceOf(TypeError).with.property("message").that.includes("no TLS");
      expect(await rejectionOf(net.listen({ port: 2, tls: {} }))).to.be.instanceOf(TypeError).with.property("message").that.includes("no TLS");
    });
  });

  describe("under a fake clock that fakes everything", () => {
    it("everything takes the latency, one way: a dial twice, bytes once, the end once; no timer is left (link.ts 4)", async () => {
      const clock = fake();
      const { dial, listen } = memoryNet({ latency: 50 });
      const listener = await listen("server:1");
      const dialling = dial("server:1");
      await clock.tickAsync(49);
      expect(listener.tryReceive()).to.equal(undefined);
      await clock.tickAsync(1);
      const theirs = await listener.receive();
      await clock.tickAsync(49);
      expect(await isPending(dialling)).to.equal(true);
      await clock.tickAsync(1);
      const ours = await dialling;
      await ours.send("at 100");
      await clock.tickAsync(10);
      await ours.send("at 110");
      ours.close();
      await clock.tickAsync(39);
      expect(theirs.tryReceive()).to.equal(undefined);
      await clock.tickAsync(1);
      expect(text(await theirs.receive())).to.equal("at 100");
      const rest = all(theirs);
      await clock.tickAsync(9);
      expect(await isPending(rest)).to.equal(true);
      await clock.tickAsync(1);
      expect(await rest).to.equal("at 110");
      theirs.close();
      await clock.tickAsync(50);
      await Promise.all([ours.ended, theirs.ended]);
      expect(clock.countTimers()).to.equal(0);
    });

    it("N-16 (e) a dial into a partition waits until its time limit, in the phase connect; N-14 an abort ends it; nothing is left", async () => {
      const clock = fake();
      const net = memoryNet({ latency: 5 });
      const listener = await net.listen("server:1");
      net.partition();
      const late = rejectionOf(net.dial({ host: "server", port: 1, timeout: 1000 }));
      const controller = new AbortController();
      const aborted = rejectionOf(net.dial("server:1", { signal: controller.signal }));
      await clock.tickAsync(999);
      expect([await isPending(late), net.connections]).to.deep.equal([true, 2]);
      controller.abort("enough");
      expect(await aborted).to.equal("enough");
      await clock.tickAsync(1);
      expect(await late).to.be.instanceOf(TimeoutError).with.property("message").that.includes('in the phase "connect" (10.0.0.1:1)');
      net.heal();
      await clock.tickAsync(100);
      expect([listener.statistics.pending, net.connections, clock.countTimers()]).to.deep.equal([0, 0, 0]);
    });

    it("N-14 (e) a dial that is given up while its answer is on the way: the server sees the end (pair.ts 1)", async () => {
      const clock = fake();
      const net = memoryNet({ latency: 5 });
      const listener = await net.listen("server:1");
      const controller = new AbortController();
      const aborted = rejectionOf(net.dial("server:1", { signal: controller.signal }));
      await clock.tickAsync(7);
      controller.abort("enough");
      expect(await aborted).to.equal("enough");
      const theirs = await listener.receive();
      const seen = theirs.next();
      await clock.tickAsync(5);
      expect(await seen).to.deep.equal({ done: true, value: undefined });
      theirs.close();
      expect([net.connections, clock.countTimers()]).to.deep.equal([0, 0]);
    });

    it("N-34 (e) a shutdown across a partition ends at linger, in virtual time; healed, the peer gets the sent bytes and the end (memory-socket.ts 2)", async () => {
      const clock = fake();
      const { net, ours, theirs } = await connected({ latency: 5 }, clock);
      net.partition(ours);
      await ours.send("last words");
      const shut = ours.shutdown();
      await clock.tickAsync(4999);
      expect(await isPending(shut)).to.equal(true);
      await clock.tickAsync(1);
      await shut;
      expect(theirs.tryReceive()).to.equal(undefined);
      net.heal(ours);
      expect(await all(theirs)).to.equal("last words");
      theirs.close();
      await theirs.ended;
      expect([net.connections, clock.countTimers()]).to.deep.equal([0, 0]);
    });

    it("serve and its clients run on it unchanged: each gets its answers, and the end leaves nothing (pair.ts 2)", async () => {
      const clock = fake();
      const net = memoryNet({ latency: 10, maxSegment: 3 });
      const answers = scope(async (s) => {
        const listener = await net.listen("server:1");
        s.go(() => serve(listener, async (connection) => {
          for await (const line of connection.lines()) {
            await sleep(100);
            await connection.send(`${line.toUpperCase()}\n`);
          }
        }));
        const clients = ["one", "two", "three"].map((name) => s.go(async () => {
          await using connection = await net.dial("server:1");
          await connection.send(`${name}\nand again\n`);
          return [await connection.readLine(), await connection.readLine()];
        }));
        const got: unknown[] = [];
        for (const client of clients) got.push(await client);
        await listener.shutdown();
        return got;
      });
      await clock.runAllAsync();
      expect(await answers).to.deep.equal([["ONE", "AND AGAIN"], ["TWO", "AND AGAIN"], ["THREE", "AND AGAIN"]]);
      // The latency of the dial and of both messages, the two answers, and the end both ways.
      expect([clock.now, net.connections]).to.deep.equal([20 + 10 + 200 + 10 + 20, 0]);
    });

    it("a handler that is cancelled, a client that waits: both go, and nothing is left", async () => {
      const clock = fake();
      const net = memoryNet({ latency: 10 });
      const controller = new AbortController();
      const listener = await net.listen("server:1");
      const serving = rejectionOf(serve(listener, (connection) => connection.receive(), { signal: controller.signal }));
      const dialling = net.dial("server:1");
      await clock.tickAsync(20);
      const ours = await dialling;
      const reading = ours.next();
      controller.abort("enough");
      expect(await serving).to.equal("enough");
      await clock.tickAsync(10);
      expect(await reading).to.deep.equal({ done: true, value: undefined });
      ours.close();
      await clock.tickAsync(10);
      expect([net.connections, clock.countTimers()]).to.deep.equal([0, 0]);
    });
  });

  describe("listeners", () => {
    it("N-70 bytes that a client sent before it was received are there at once", async () => {
      const { dial, listen } = memoryNet();
      const listener = await listen(":1");
      const ours = await dial("localhost:1");
      await ours.send("early");
      ours.close();
      await settle();
      const theirs = await listener.receive();
      expect(text(theirs.tryReceive()?.value as Uint8Array)).to.equal("early");
      expect(theirs.tryReceive()).to.deep.equal({ done: true, value: undefined });
    });

    it("N-72 a shutdown destroys waiting clients: a reset for those that have sent, an end for the others; received ones live on", async () => {
      const { net, listener, ours, theirs } = await connected();
      const [silent, eager] = [await net.dial("server:1"), await net.dial("server:1")];
      await eager.send("hello?");
      await settle();
      await listener.shutdown();
      expect(await silent.next()).to.deep.equal({ done: true, value: undefined });
      expect(await codeOf(eager.next())).to.equal("ECONNRESET");
      await ours.send("alive\n");
      expect(await theirs.readLine()).to.equal("alive");
      expect(await rejectionOf(listener.receive())).to.be.instanceOf(ClosedError);
    });

    it("one client more than maxPending is reset, and counted", async () => {
      const { dial, listen } = memoryNet();
      const listener = await listen({ port: 1, maxPending: 1 });
      await dial("localhost:1");
      const second = await dial("localhost:1");
      expect(await codeOf(second.receive())).to.equal("ECONNRESET");
      expect(listener.statistics).to.include({ pending: 1, dropped: 1 });
    });
  });

  describe("bytes", () => {
    it("N-47 (e) with segments of one byte every chunk has one, and the lines are whole", async () => {
      const { ours, theirs } = await connected({ maxSegment: 1 });
      const chunks = [theirs.receive(), theirs.receive()];
      await ours.send("ab€\r\nlast");
      ours.close();
      expect((await Promise.all(chunks)).map(text)).to.deep.equal(["a", "b"]);
      const lines: string[] = [];
      for await (const line of theirs.lines()) lines.push(line);
      expect(lines).to.deep.equal(["€", "last"]);
    });

    it("N-18 (e) ten megabytes to a slow reader: at no time more than the window is on the way, and all arrives (memory-socket.ts 1)", async () => {
      const window = 10_000;
      const { ours, theirs } = await connected({ window, maxSegment: 1500 });
      const size = 10 * 1024 * 1024;
      const piece = new Uint8Array(4096).map((_, at) => at * 31);
      const sending = go(async () => {
        for (let sent = 0; sent < size; sent += piece.byteLength) await ours.send(piece);
        ours.close();
      });
      let received = 0;
      let most = 0;
      let equal = true;
      for await (const chunk of theirs) {
        most = Math.max(most, ours.statistics.sent - received);
        equal &&= chunk.every((byte, at) => byte === piece[(received + at) % 4096]);
        received += chunk.byteLength;
      }
      await sending;
      expect([received, equal]).to.deep.equal([size, true]);
      expect(most).to.be.at.most(window + 65_536 + 1500); // and what the reader holds
      expect(most).to.be.above(window);
    });

    it("N-19 (e) a peer that does not read stops the sender once window and readBuffer are full", async () => {
      const net = memoryNet({ window: 1000, maxSegment: 100 });
      const listener = await net.listen({ port: 1, readBuffer: 500 });
      const [ours, theirs] = await Promise.all([net.dial("localhost:1"), listener.receive()]);
      let sent = 0;
      go(async () => { for (;; sent++) await ours.send(new Uint8Array(10)); }).join().catch(() => undefined);
      await settle();
      expect(sent).to.equal(150);
      expect(theirs.statistics.buffered).to.equal(500);
      ours.destroy();
    });

    it(`N-50 (e) whatever the segments, the window and the latency, bytes arrive as they were sent (seed ${seedOfRun}) (link.ts 1)`, async () => {
      const clock = fake();
      const random = seeded(seedOfRun);
      const below = (limit: number): number => Math.floor(random() * limit);
      for (let round = 0; round < 50; round++) {
        const { net, ours, theirs } = await connected({ maxSegment: 1 + below(40), window: 1 + below(100), latency: below(3) }, clock);
        const pieces = Array.from({ length: below(20) }, (_, at) => `${at}:${"x€y".repeat(below(30))}\n`);
        const writing = go(async () => {
          for (const piece of pieces) {
            await ours.send(piece);
            if (below(3) === 0) await sleep(below(4));
          }
          ours.close();
        });
        const received = all(theirs);
        for (let open = true; open; open = await isPending(received)) await clock.tickAsync(100);
        expect(await received).to.equal(pieces.join(""));
        await writing;
        theirs.close();
        await clock.tickAsync(3);
        expect([net.connections, clock.countTimers()]).to.deep.equal([0, 0]);
      }
    });
  });

  describe("faults", () => {
    it("a reset comes after the bytes that have come, at both ends, to reads and sends, and no rejection is unhandled", async () => {
      const unhandled = await unhandledDuring(async () => {
        const { net, ours, theirs } = await connected();
        await ours.send("whole\npart");
        await settle();
        net.reset(theirs);
        expect(await theirs.readLine()).to.equal("whole");
        expect(await codeOf(theirs.readLine())).to.equal("ECONNRESET");
        expect(text(await theirs.receive())).to.equal("part");
        expect(await codeOf(theirs.receive())).to.equal("ECONNRESET");
        for (const end of [ours, theirs]) expect(await codeOf(end.send("x"))).to.equal("ECONNRESET");
        expect(await codeOf(ours.receive())).to.equal("ECONNRESET");
        await Promise.all([ours.ended, theirs.ended]);
        expect(net.connections).to.equal(0);
      });
      expect(unhandled).to.deep.equal([]);
    });

    it("a reset loses the bytes on the way; a send that waits for room fails", async () => {
      const clock = fake();
      const { net, ours, theirs } = await connected({ latency: 5, window: 4 }, clock);
      const stalled = codeOf(ours.send("too much"));
      net.reset(ours);
      expect(await stalled).to.equal("ECONNRESET");
      expect(await codeOf(theirs.receive())).to.equal("ECONNRESET");
      expect(clock.countTimers()).to.equal(0);
    });

    it("resetAll resets clients that wait to be received, and dials on the way; listeners go on", async () => {
      const clock = fake();
      const { net, listener, ours, theirs } = await connected({ latency: 5 }, clock);
      const parked = net.dial("server:1");
      await clock.tickAsync(10);
      const dialling = codeOf(net.dial("server:1"));
      await clock.tickAsync(2);
      net.resetAll();
      expect(await dialling).to.equal("ECONNRESET");
      for (const end of [ours, theirs, await parked, await listener.receive()]) expect(await codeOf(end.receive())).to.equal("ECONNRESET");
      expect([net.connections, clock.countTimers()]).to.deep.equal([0, 0]);
      const again = net.dial("server:1");
      await clock.tickAsync(10);
      await again;
    });

    it("a partition of one address leaves the others alone; healed, everything comes in order, and the dials succeed (link.ts 3, network.ts 3)", async () => {
      const net = memoryNet();
      const [db, cache] = [await net.listen("db:1"), await net.listen("cache:1")];
      const [toDb, toCache] = [await net.dial("db:1"), await net.dial("cache:1")];
      const [ofDb, ofCache] = [await db.receive(), await cache.receive()];
      await toDb.send("before,");
      expect(text(await ofDb.receive())).to.equal("before,");
      net.partition("db:1");
      for (const word of ["one,", "two,"]) await toDb.send(word);
      toDb.close();
      const dialling = net.dial("db:1");
      await toCache.send("through\n");
      expect(await ofCache.readLine()).to.equal("through");
      const received = all(ofDb);
      for (const waiting of [received, dialling]) expect(await isPending(waiting)).to.equal(true);
      net.heal("db:1");
      await dialling;
      expect(await received).to.equal("one,two,");
    });

    it("heal without an argument ends every partition; healing one thing does not end that of all", async () => {
      const { net, ours, theirs } = await connected();
      net.partition();
      net.partition(ours);
      net.partition("server:1");
      await ours.send("x");
      const reading = theirs.receive();
      for (const what of [ours, "server:1"]) {
        net.heal(what);
        expect(await isPending(reading)).to.equal(true);
      }
      net.partition(theirs);
      net.heal();
      expect(text(await reading)).to.equal("x");
    });

    it("N-37 (e) destroying a connection with unread bytes in the window resets the peer; otherwise the peer sees an end, and a reset once more bytes come (memory-socket.ts 3)", async () => {
      for (const unread of [true, false]) {
        const { net, ours, theirs } = await connected({ maxSegment: 65_536 });
        await ours.send(new Uint8Array(65_536));
        if (unread) await ours.send("never read");
        await settle();
        theirs.destroy();
        const seen = ours.next();
        if (unread) expect(await codeOf(seen)).to.equal("ECONNRESET");
        else {
          expect(await seen).to.deep.equal({ done: true, value: undefined });
          await ours.send("too late");
          await settle();
          expect(await codeOf(ours.send("x"))).to.equal("ECONNRESET");
        }
        expect(net.connections).to.equal(0);
      }
    });
  });

  describe("under control", function () {
    this.timeout(20_000);

    async function finding(program: Program): Promise<ExploreError> {
      const error = await rejectionOf(explore(program, { maxSchedules: 100 }));
      expect(error).to.be.instanceOf(ExploreError);
      return error as ExploreError;
    }

    /** Two clients and a server that numbers its lines. */
    const numbering = (options?: MemoryNetOptions): Program => async ({ outcome }) => {
      const { dial, listen } = memoryNet(options);
      await scope(async (s) => {
        const listener = await listen("server:1");
        let count = 0;
        s.go(() => serve(listener, async (connection) => {
          for await (const line of connection.lines()) await connection.send(`${line}${++count}\n`);
        }));
        const clients = ["a", "b"].map((name) => s.go(async () => {
          await using connection = await dial("server:1");
          await connection.send(`${name}\n`);
          return await connection.readLine();
        }));
        const answers: unknown[] = [];
        for (const client of clients) answers.push(await client);
        await listener.shutdown();
        outcome(answers.join());
      });
    };

    it("each arrival is a choice: two clients of a server come in either order, and every run ends well (link.ts 2)", async () => {
      for (const options of [{}, { maxSegment: 1 }, { latency: 5 }]) {
        const { outcomes } = await explore(numbering(options), { maxSchedules: 60 });
        expect([...outcomes.keys()].sort()).to.deep.equal(["a1,b2", "a2,b1"]);
      }
    });

    it("finds a program that takes a chunk for a message, and replays it; proves that the same with lines never fails", async () => {
      const answering = (messages: (connection: Connection) => AsyncIterable<unknown>): Program => async () => {
        const { dial, listen } = memoryNet();
        const listener = await listen("server:1");
        const ours = await dial("server:1");
        const theirs = await listener.receive();
        const server = go(async function answers() {
          for await (const _ of messages(theirs)) await theirs.send("ok\n");
        });
        for (const message of ["a\n", "b\n"]) await ours.send(message);
        for (let answers = 0; answers < 2; answers++) await ours.readLine();
        ours.close();
        await server;
      };
      const chunks = answering((connection) => connection);
      const { kind, schedule, blocked, trace, message } = await finding(chunks);
      expect(kind).to.equal("deadlock");
      expect(blocked).to.deep.equal([
        { task: "main", operations: ["read on the connection to 10.0.0.1:1"] },
        { task: "answers", operations: ["read on the connection to 10.0.0.1:49152"] },
      ]);
      expect(message).to.include("10.0.0.1:49152 to 10.0.0.1:1: ");
      expect((await replay(chunks, schedule)).trace).to.deep.equal(trace);
      const { complete } = await explore(answering((connection) => connection.lines()), { strategy: "dpor", maxSchedules: 10_000 });
      expect(complete).to.equal(true);
    });

    it("finds two callers on one connection who get each other's answer, which production's order never shows", async () => {
      const calling: Program = async () => {
        const { dial, listen } = memoryNet();
        const listener = await listen("server:1");
        const connection = await dial("server:1");
        const peer = await listener.receive();
        const server = go(async () => { for await (const line of peer.lines()) await peer.send(`${line}\n`); });
        const call = async (request: string): Promise<void> => {
          await connection.send(`${request}\n`);
          const answer = await connection.readLine();
          if (answer !== request) throw new Error(`asked for ${request}, got ${String(answer)}`);
        };
        const callers = [go(() => call("a")), go(() => call("b"))];
        for (const caller of callers) await caller;
        connection.close();
        await server;
      };
      expect((await replay(calling, "0")).kind).to.equal("ok");
      const { kind, schedule, cause } = await finding(calling);
      expect(kind).to.equal("exception");
      expect(String(cause)).to.match(/^Error: asked for (a, got b|b, got a)$/);
      expect((await replay(calling, schedule)).kind).to.equal("exception");
    });

    const small: Record<string, Program> = {
      "a poll against two arrivals": async ({ outcome }) => {
        const { ours, theirs } = await connected();
        const sending = go(async () => {
          await ours.send("x");
          await ours.send("y");
        });
        const polling = go(() => theirs.tryReceive());
        await sending;
        const polled = await polling;
        outcome(polled?.done === false ? text(polled.value) : "nothing");
      },
      "a reset against bytes on the way": async ({ outcome }) => {
        const { net, ours, theirs } = await connected();
        const resetting = go(() => { net.reset(ours); });
        const sending = go(() => ours.send("x").then(() => "sent", (error: unknown) => (error as ConnectionError).code));
        const got = await theirs.receive().then(text, (error: unknown) => (error as ConnectionError).code);
        await resetting;
        outcome(`${got} ${await sending}`);
      },
      "an arrival against a time limit": async ({ outcome }) => {
        const { ours, theirs } = await connected({ latency: 5 });
        const sending = go(() => ours.send("x"));
        outcome((await select({ bytes: theirs.receiving(), late: sleeping(5) })).case);
        await sending;
      },
      "an arrival against a message": async ({ outcome }) => {
        const { ours, theirs } = await connected();
        const quit = chan<void>(1);
        const tasks = [go(() => ours.send("x")), go(() => quit.send())];
        outcome((await select({ bytes: theirs.receiving(), quit: quit.receiving() })).case);
        for (const task of tasks) await task;
      },
      "two readers of one connection, with room for one byte": async ({ outcome }) => {
        const { ours, theirs } = await connected({ window: 1 });
        const [one, other] = [go(() => theirs.readExactly(1)), go(() => theirs.readExactly(1))];
        await ours.send("12");
        outcome(text(await one) + text(await other));
      },
      "a listener that closes against a dial": async ({ outcome }) => {
        const net = memoryNet();
        const listener = await net.listen(":1");
        const closing = go(() => listener.shutdown());
        const how = await net.dial("localhost:1").then((connection) => connection.next()).then(() => "an end", (error: unknown) => (error as ConnectionError).code);
        await closing;
        outcome(how);
      },
      "a partition that heals against a dial with a time limit": async ({ outcome }) => {
        const net = memoryNet();
        const listener = await net.listen(":1");
        net.partition();
        const healing = go(async () => {
          await sleep(10);
          net.heal();
        });
        outcome(await net.dial({ port: 1, timeout: 10 }).then(() => "connected", (error: unknown) => (error as Error).name));
        await healing;
        await listener.shutdown();
      },
    };
    for (const [name, program] of Object.entries(small)) {
      it(`${name}: one run for each order that differs ends in all the ways of all runs`, async () => {
        const ends = async (strategy: "dfs" | "dpor"): Promise<string[]> => {
          const { complete, outcomes } = await explore(program, { strategy, maxSchedules: 50_000 });
          expect(complete).to.equal(true);
          return [...outcomes.keys()].sort();
        };
        const some = await ends("dpor");
        expect(some).to.have.length.above(1);
        expect(some).to.deep.equal(await ends("dfs"));
      });
    }

    it("keeps the latency virtual, and the time that passes the same in every run", async () => {
      const { outcomes } = await explore(async ({ outcome }) => {
        const before = Date.now();
        const { ours, theirs } = await connected({ latency: 3_600_000 });
        await ours.send("x");
        await theirs.receive();
        outcome(String(Date.now() - before));
      }, { maxSchedules: 10 });
      expect([...outcomes.keys()]).to.deep.equal([String(3 * 3_600_000)]);
    });

    it("in a bubble the latency takes no time, and waiting for bytes that nobody sends is a deadlock, by name", async () => {
      const took = await bubble(async () => {
        const before = Date.now();
        const { ours, theirs } = await connected({ latency: 3_600_000 });
        await ours.send("x");
        await theirs.receive();
        return Date.now() - before;
      });
      expect(took).to.equal(3 * 3_600_000);
      const stuck = bubble(async () => {
        const { ours } = await connected({ latency: 5 });
        await go(function waits() { return ours.receive(); });
      });
      expect(await rejectionOf(stuck)).to.be.instanceOf(DeadlockError).with.property("message")
        .that.includes('"waits" blocked in read on the connection to 10.0.0.1:1');
    });

    it("a task that waits for a socket of the platform is reported as not under control", async () => {
      const { kind, message } = await finding(async () => {
        const reader = new Reader({ name: "connection to elsewhere", readBuffer: 1, maxLine: 1, onWanting: () => undefined });
        await go(function waitsForASocket() { return perform(new Reading(reader, line({ fatal: false }, "readLine"))); });
      });
      expect(kind).to.equal("uncontrolled");
      expect(message).to.include('"waitsForASocket" awaits something outside of the library');
    });
  });
});
