/** Serving: a child for each connection, failures kept to it, and an end that leaves nothing. */
import type { Socket } from "node:net";
import { expect } from "chai";
import sinon from "sinon";
import { CancelledError, chan, scope, select, sleep, sleeping, type Operation } from "../../../src/index.ts";
import "../../../src/node.ts"; // what runs in a scope is found by itself
import { dial, serve, type Connection } from "../../../src/net/index.ts";
import { leavesNothing } from "../../unit/net/support/clean-end.ts";
import { client, listenerAt, received, receivedToEnd, reset, text, write } from "../../unit/net/support/peers.ts";
import { resources } from "../../unit/net/support/counted.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

const listening = (): number => resources("TCPServerWrap");

/** All that a peer receives up to the end; then it ends, too. */
async function farewell(peer: Socket): Promise<string> {
  const all = await receivedToEnd(peer);
  peer.destroy();
  return all;
}

async function echo(connection: Connection): Promise<void> {
  for await (const line of connection.lines()) await connection.send(`${line}\n`);
}

describe("serve", () => {
  const fake = leavesNothing(listening);

  it("N-83 a connection is shut down when its handler returns; serving fulfils once the listener is shut down and all have ended", async () => {
    const listener = await listenerAt();
    const serving = serve(listener, echo);
    const peers = [await client(listener.port), await client(listener.port)];
    for (const [index, peer] of peers.entries()) {
      await write(peer, `${index}\n`);
      expect(await received(peer, 2)).to.equal(`${index}\n`);
    }
    await listener.shutdown();
    expect(await isPending(serving)).to.equal(true);
    peers[0]?.end("last");
    expect(await farewell(peers[0] as Socket)).to.equal("last\n");
    expect(await isPending(serving)).to.equal(true);
    peers[1]?.end();
    expect(await farewell(peers[1] as Socket)).to.equal("");
    expect(await serving).to.equal(undefined);
  });

  it("N-83 (b) a handler may be a plain or a generator function, and gets a scope whose tasks end before its connection does (serve.ts 2)", async () => {
    const listener = await listenerAt();
    const serving = serve(listener, function* (connection, s) {
      s.go(function* () {
        yield* sleeping(0);
        yield* connection.sending("from a task\n");
      });
      yield* connection.sending("from the handler\n");
    });
    expect(await farewell(await client(listener.port))).to.equal("from the handler\nfrom a task\n");
    await listener.shutdown();
    await serving;
    const other = await listenerAt();
    const seen: Connection[] = [];
    const plain = serve(other, (connection) => { seen.push(connection); });
    expect(await farewell(await client(other.port))).to.equal("");
    expect(seen).to.have.length(1);
    await other.shutdown();
    await plain;
  });

  it("N-74 a handler that throws: only its connection is destroyed, onError is called, the others go on (serve.ts 1)", async () => {
    const listener = await listenerAt();
    const failures: [unknown, Connection][] = [];
    const failure = new Error("broken");
    const connections: Connection[] = [];
    const serving = serve(listener, async (connection) => {
      connections.push(connection);
      for await (const line of connection.lines()) {
        if (line === "fail") throw failure;
        await connection.send(`${line}\n`);
      }
    }, { onError: (error, connection) => failures.push([error, connection]) });
    const good = await client(listener.port);
    await write(good, "one\n");
    expect(await received(good, 4)).to.equal("one\n");
    const bad = await client(listener.port);
    await write(bad, "fail\n");
    expect(await farewell(bad)).to.equal("");
    bad.destroy();
    await settle();
    expect(failures).to.deep.equal([[failure, connections[1]]]);
    await write(good, "two\n");
    expect(await received(good, 4)).to.equal("two\n");
    good.end();
    await listener.shutdown();
    await serving;
  });

  it("N-74 (b) a task of a handler's scope that fails ends that handler alone, with that error", async () => {
    const listener = await listenerAt();
    const failures: unknown[] = [];
    const serving = serve(listener, async (connection, s) => {
      s.go(async () => { if ((await connection.readLine()) === "fail") throw new Error("in a task"); });
      await sleep(Infinity);
    }, { onError: (error) => failures.push((error as Error).message) });
    const bad = await client(listener.port);
    await write(bad, "fail\n");
    expect(await farewell(bad)).to.equal("");
    expect(failures).to.deep.equal(["in a task"]);
    await listener.shutdown();
    await serving;
  });

  it("N-74 (c) without onError a failure is a warning of the process, and a peer that has gone is none; neither ends it", async () => {
    const listener = await listenerAt();
    const warnings: string[] = [];
    const stub = sinon.stub(process, "emitWarning").callsFake(((warning: string | Error) => warnings.push(String(warning))) as never);
    try {
      const serving = serve(listener, async (connection) => {
        const line = await connection.readExactly(4);
        throw new Error(text(line));
      });
      const peers = [await client(listener.port), await client(listener.port), await client(listener.port)] as const;
      await write(peers[0], "oops");
      await settle();
      reset(peers[1]); // ConnectionError
      peers[2].end("x"); // IncompleteReadError
      await farewell(peers[2]);
      await settle();
      expect(warnings).to.deep.equal(["Error: oops"]);
      await listener.shutdown();
      await serving;
    } finally {
      stub.restore();
    }
  });

  it("N-74 (d) an onError that throws ends it all, with that error", async () => {
    const listener = await listenerAt();
    const failure = new Error("enough");
    const serving = serve(listener, async (connection) => {
      if ((await connection.readLine()) === "fail") throw new Error("first");
    }, { onError: () => { throw failure; } });
    const waiting = await client(listener.port);
    const bad = await client(listener.port);
    await write(bad, "fail\n");
    expect(await rejectionOf(serving)).to.equal(failure);
    await listenerAt({ host: "127.0.0.1", port: listener.port }); // the port is free
    expect(await farewell(waiting)).to.equal("");
  });

  it("N-75 its scope is cancelled: no more accepts, handlers cancelled, connections ended, the port free when it settles (serve.ts 3)", async () => {
    const listener = await listenerAt();
    const order: string[] = [];
    let served: Promise<void> | undefined;
    const error = await rejectionOf(scope(async (s) => {
      served = serve(listener, async (connection) => {
        try {
          await echo(connection);
        } catch (caught) {
          order.push(caught instanceof CancelledError ? "cancelled" : String(caught));
          throw caught;
        } finally {
          order.push("cleaned up");
        }
      });
      s.go(() => served as Promise<void>);
      const peer = await client(listener.port);
      await write(peer, "hi\n");
      expect(await received(peer, 3)).to.equal("hi\n");
      s.cancel("enough");
      await served;
    }));
    expect(error).to.be.instanceOf(CancelledError).with.property("cause", "enough");
    expect(order).to.deep.equal(["cancelled", "cleaned up"]);
    await listenerAt({ host: "127.0.0.1", port: listener.port });
  });

  it("N-75 (b) its signal aborts: the same, and it rejects with the reason; clients that wait at the listener are destroyed", async () => {
    const listener = await listenerAt();
    const controller = new AbortController();
    const serving = serve(listener, echo, { signal: controller.signal, maxConnections: 1 });
    const first = await client(listener.port);
    await write(first, "hi\n");
    expect(await received(first, 3)).to.equal("hi\n");
    const waiting = await client(listener.port);
    await settle();
    const reason = new Error("enough");
    const outcome = rejectionOf(serving);
    controller.abort(reason);
    expect(await outcome).to.equal(reason);
    await listenerAt({ host: "127.0.0.1", port: listener.port });
    expect(await farewell(first)).to.equal("");
    expect(await farewell(waiting)).to.equal("");
    const other = await listenerAt();
    expect(await rejectionOf(serve(other, echo, { signal: controller.signal }))).to.equal(reason);
    await listenerAt({ host: "127.0.0.1", port: other.port });
  });

  it("N-75 (c) a cancel does not wait for a peer that keeps its side open while its connection is shut down", async () => {
    const listener = await listenerAt();
    const controller = new AbortController();
    const returned = chan<string>(1);
    const serving = serve(listener, () => { returned.trySend("now"); }, { signal: controller.signal });
    const outcome = rejectionOf(serving);
    const peer = await client(listener.port); // it never ends
    await returned.receive();
    await settle();
    const frozen = fake(); // no linger passes
    controller.abort("enough");
    expect(await outcome).to.equal("enough");
    expect(frozen.countTimers()).to.equal(0);
    peer.destroy();
  });

  it("N-84 maxConnections are served at a time; the next client is served when one has ended, in order", async () => {
    const listener = await listenerAt();
    let most = 0;
    let now = 0;
    const serving = serve(listener, async (connection) => {
      most = Math.max(most, ++now);
      await echo(connection);
      now--;
    }, { maxConnections: 2 });
    const peers: Socket[] = [];
    for (let n = 0; n < 4; n++) {
      const peer = await client(listener.port);
      await write(peer, `${n}\n`);
      peers.push(peer);
    }
    await settle();
    expect(now).to.equal(2);
    expect(listener.statistics.pending).to.equal(2);
    for (const [index, peer] of peers.entries()) {
      expect(await received(peer, 2)).to.equal(`${index}\n`);
      peer.end();
      await farewell(peer);
    }
    expect(most).to.equal(2);
    await listener.shutdown();
    await serving;
  });

  it("N-84 (b) clients that come in one turn of the event loop are all started together with the first of them", async () => {
    const listener = await listenerAt({ host: "127.0.0.1", port: 0, maxPending: 10 });
    const peers: Socket[] = [];
    for (let n = 0; n < 10; n++) peers.push(await client(listener.port));
    await settle();
    expect(listener.statistics.pending).to.equal(10);
    const pending: number[] = [];
    const serving = serve(listener, () => { pending.push(listener.statistics.pending); });
    for (const peer of peers) expect(await farewell(peer)).to.equal("");
    expect(pending).to.deep.equal(new Array(10).fill(0));
    await listener.shutdown();
    await serving;
  });

  it("bad arguments are refused", async () => {
    const listener = await listenerAt();
    const bad: [unknown, unknown, typeof TypeError | typeof RangeError][] = [
      [undefined, {}, TypeError], [echo, { maxConnections: 0 }, RangeError], [echo, { maxConnections: 1.5 }, RangeError],
      [echo, { onError: 1 }, TypeError], [echo, { signal: 1 }, TypeError],
    ];
    for (const [handler, options, kind] of bad) {
      expect(await rejectionOf(serve(listener, handler as never, options as never))).to.be.instanceOf(kind);
    }
  });

  it("a client that sends one byte a second runs into the time limit of a read, and does not slow down the others", async () => {
    const listener = await listenerAt();
    const failures: string[] = [];
    const failed = chan<string>(1);
    const serving = serve(listener, async (connection) => {
      const late: Operation<never> = sleeping(5000).map(() => { throw new Error("no line within 5 s"); });
      const { value } = await select({ line: connection.lines().receiving(), late });
      await connection.send(`${value}\n`);
    }, { onError: (error) => { failures.push((error as Error).message); failed.trySend("told"); } });
    const frozen = fake();
    const slow = await client(listener.port);
    for (let second = 1; second <= 4; second++) {
      await write(slow, "x");
      await settle();
      await frozen.tickAsync(1000);
    }
    const quick = await client(listener.port);
    await write(quick, "hello\n");
    expect(await farewell(quick)).to.equal("hello\n");
    expect(failures).to.deep.equal([]);
    await frozen.tickAsync(1000);
    expect(await farewell(slow)).to.equal("");
    await failed.receive(); // the client may see the end before the server has seen the socket close
    expect(failures).to.deep.equal(["no line within 5 s"]);
    await listener.shutdown();
    await serving;
    expect(frozen.countTimers()).to.equal(0);
  });

  it("2,000 clients at once: none lost, none hung, and memory is back where it was", async function () {
    this.timeout(120_000);
    const listener = await listenerAt();
    let served = 0;
    const serving = serve(listener, async (connection) => {
      served++;
      await echo(connection);
    });
    const round = async (count: number): Promise<void> => {
      const outcomes = await Promise.allSettled(Array.from({ length: count }, async (_, n) => {
        const connection = await dial(`127.0.0.1:${listener.port}`);
        await connection.send(`client ${n}\n`);
        expect(await connection.readLine()).to.equal(`client ${n}`);
        await connection.shutdown();
      }));
      const failures = outcomes.filter(({ status }) => status === "rejected");
      expect(failures, JSON.stringify(listener.statistics)).to.deep.equal([]);
    };
    const used = async (): Promise<number> => {
      await settle();
      global.gc?.();
      await settle();
      global.gc?.();
      return process.memoryUsage().heapUsed;
    };
    await round(500);
    const before = await used();
    await round(2000);
    const after = await used();
    expect(served).to.equal(2500);
    expect(listener.statistics).to.deep.equal({ received: 2500, pending: 0, dropped: 0, failed: 0 });
    expect(after - before).to.be.below(2000 * 1000); // a connection left behind would take kilobytes
    await listener.shutdown();
    await serving;
  });

  it("nothing is unhandled when handlers fail, peers reset and all is cancelled at once", async () => {
    const unhandled = await unhandledDuring(async () => {
      const listener = await listenerAt();
      const controller = new AbortController();
      const outcome = rejectionOf(serve(listener, async (connection) => {
        await connection.readLine();
        throw new Error("broken");
      }, { signal: controller.signal, onError: () => undefined }));
      const peers = await Promise.all(Array.from({ length: 20 }, () => client(listener.port)));
      await settle();
      for (const [index, peer] of peers.entries()) {
        if (index % 3 === 0) reset(peer);
        if (index % 3 === 1) peer.write("x\n");
      }
      await settle();
      controller.abort("enough");
      expect(await outcome).to.equal("enough");
    });
    expect(unhandled).to.deep.equal([]);
  });
});
