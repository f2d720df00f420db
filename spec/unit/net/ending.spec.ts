/** The ways to end a connection, from every state that it can be in. */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect } from "chai";
import { ClosedError } from "../../../src/index.ts";
import { adopt, ConnectionError, IncompleteReadError, type Connection } from "../../../src/net/index.ts";
import { runProgram } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { leavesNothing } from "./support/clean-end.ts";
import { once, openSockets, pair, received, receivedToEnd, reset, text, write } from "./support/peers.ts";

const much = 32 * 1024 * 1024;

/** A stream whose peer has sent "ab" and its end, and whose writes fail. */
class Gone extends Duplex {
  /** Whether the platform tells of an end that waits behind bytes. */
  constructor(tells: boolean) {
    super({ allowHalfOpen: true });
    const { _readableState: state } = this as unknown as { _readableState: object };
    Object.defineProperty(this, "_readableState", { configurable: true, get: () => (tells || !/\bhasEnded\b/.test(new Error().stack ?? "") ? state : undefined) });
    this.push("a");
    this.push("b");
    this.push(null);
  }

  override _read(): void { /* all is here */ }

  override _write(_chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    callback(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  }
}

describe("ending", () => {
  const fake = leavesNothing();

  it("N-27 after the peer's FIN we still send, and the peer gets it (socket.ts 2)", async () => {
    const { connection, peer } = await pair();
    peer.end("bye");
    expect(text(await connection.receive())).to.equal("bye");
    expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
    await connection.send("answer");
    await connection.send(", late");
    connection.close();
    expect(await receivedToEnd(peer)).to.equal("answer, late");
    await connection.ended;
  });

  it("N-28 after close or closeWrite the peer's answer comes, then the end", async () => {
    for (const way of ["close", "closeWrite"] as const) {
      const { connection, peer } = await pair();
      await connection.send("question");
      const closed = connection[way]();
      if (way === "close") expect(closed).to.equal(true);
      else await closed;
      expect(await receivedToEnd(peer)).to.equal("question");
      peer.end("answer");
      expect(text(await connection.receive())).to.equal("answer");
      expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
      await connection.ended;
    }
  });

  it("N-28 (b) close comes after the sends in line, and returns at once", async () => {
    const { connection, peer } = await pair();
    const sends = [connection.send(new Uint8Array(much)), connection.send("last")];
    expect(connection.close()).to.equal(true);
    expect(connection.close()).to.equal(false);
    expect(connection.close(new Error("late"))).to.equal(false);
    const flushed = connection.closeWrite();
    expect(await isPending(flushed)).to.equal(true);
    const all = await receivedToEnd(peer);
    await Promise.all([...sends, flushed]);
    expect(all.length).to.equal(much + 4);
    expect(all.endsWith("last")).to.equal(true);
  });

  it("N-29 closeWrite fulfils again when called twice, and after close", async () => {
    const { connection } = await pair();
    await Promise.all([connection.closeWrite(), connection.closeWrite()]);
    await connection.closeWrite();
    const other = await pair();
    other.connection.close();
    await other.connection.closeWrite();
    await other.connection.closeWrite();
  });

  it("N-29 (b) closeWrite of a connection that ended before everything was out rejects", async () => {
    const { connection } = await pair();
    const send = connection.send(new Uint8Array(much));
    const flushed = connection.closeWrite();
    expect(await isPending(flushed)).to.equal(true);
    connection.destroy("why");
    for (const waiting of [send, flushed, connection.closeWrite()]) {
      expect(await rejectionOf(waiting)).to.be.instanceOf(ClosedError).with.property("cause", "why");
    }
  });

  it("close with an error destroys, since TCP cannot say why", async () => {
    const { connection, peer } = await pair();
    const reading = connection.receive();
    const failure = new Error("broken");
    expect(connection.close(failure)).to.equal(true);
    expect(await rejectionOf(reading)).to.be.instanceOf(ClosedError).with.property("cause", failure);
    await connection.ended;
    expect(await receivedToEnd(peer)).to.equal("");
  });

  it("N-31 both sides shut down at the same time: both resolve", async () => {
    const { connection, peer } = await pair();
    await connection.send("x");
    const closed = once(peer, "close");
    peer.end("y");
    peer.resume();
    await Promise.all([connection.shutdown(), closed]);
    await connection.ended;
  });

  it("N-32 shutdown twice, during itself and after it: the same outcome", async () => {
    const { connection, peer } = await pair();
    const frozen = fake();
    const first = connection.shutdown();
    const second = connection.shutdown();
    const third = connection[Symbol.asyncDispose]();
    expect(await isPending(first)).to.equal(true);
    expect(frozen.countTimers()).to.equal(1);
    peer.end();
    peer.resume();
    await Promise.all([first, second, third, connection.shutdown()]);
    expect(frozen.countTimers()).to.equal(0);
  });

  it("N-34 shutdown to a peer that never reads: resolves after linger, destroyed, with the stalled sends rejected", async () => {
    const { connection } = await pair({ linger: 1000 });
    const sends = [connection.send(new Uint8Array(much)), connection.send("queued")];
    for (const send of sends) send.catch(() => undefined);
    await settle();
    const frozen = fake();
    let over = false;
    const ending = connection.shutdown().then(() => { over = true; });
    await frozen.tickAsync(999);
    await settle();
    expect(over).to.equal(false);
    await frozen.tickAsync(1);
    await ending;
    for (const send of sends) {
      const error = (await rejectionOf(send)) as ClosedError;
      expect(error).to.be.instanceOf(ClosedError);
      expect((error.cause as Error).message).to.contain("linger, 1000 ms");
    }
    expect(frozen.countTimers()).to.equal(0);
  });

  it("N-34 (b) the linger is 5 s unless it is said otherwise, and a peer that only keeps its side open is not waited for longer", async () => {
    const { connection, peer } = await pair();
    peer.resume();
    const frozen = fake();
    const ending = connection.shutdown();
    await once(peer, "end");
    await frozen.tickAsync(4999);
    expect(await isPending(ending)).to.equal(true);
    await frozen.tickAsync(1);
    await ending;
  });

  it("N-35 shutdown with received bytes unread resolves", async () => {
    const { connection, peer } = await pair({ readBuffer: 10 });
    await write(peer, "x".repeat(100_000));
    await settle();
    const frozen = fake();
    const ending = connection.shutdown();
    peer.end();
    peer.resume();
    await ending; // the clock does not move: not by linger
    expect(frozen.countTimers()).to.equal(0);
  });

  it("N-36 reads that wait, and later ones, fail with ClosedError at the own shutdown, at once; next gives the end", async () => {
    const { connection, peer } = await pair();
    const blocked = [connection.receive(), connection.readLine(), connection.readExactly(1), connection.readUntil("x")];
    const next = connection.next();
    const ending = connection.shutdown();
    for (const read of [...blocked, connection.receive(), connection.readLine(), connection.lines().receive()]) {
      expect(await rejectionOf(read)).to.be.instanceOf(ClosedError).with.property("message").that.contains("shut down");
    }
    expect(await next).to.deep.equal({ done: true, value: undefined });
    expect(await connection.lines().next()).to.deep.equal({ done: true, value: undefined });
    for await (const _ of connection) expect.fail("the loop of a connection that was shut down has no turn");
    peer.end();
    peer.resume();
    await ending;
  });

  it("N-37 a blocked receive fails with ClosedError at destroy, its cause the reason; the peer sees the end at once", async () => {
    const { connection, peer } = await pair();
    const reason = new Error("why");
    const reading = connection.receive();
    connection.destroy(reason);
    connection.destroy(new Error("too late"));
    expect(await rejectionOf(reading)).to.be.instanceOf(ClosedError).with.property("cause", reason);
    expect(await rejectionOf(connection.send("x"))).to.be.instanceOf(ClosedError).with.property("cause", reason);
    expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
    await connection.ended;
    await connection.shutdown();
    expect(await receivedToEnd(peer)).to.equal("");
  });

  it("await using shuts down", async () => {
    const { connection, peer } = await pair();
    {
      await using using = connection;
      await using.send("x");
      peer.on("end", () => peer.end());
      peer.resume();
    }
    expect(connection.closed).to.equal(true);
    expect(openSockets()).to.equal(0);
  });

  // Every way to begin, and every way to end: the end always comes, and no task is left waiting.
  type State = (connection: Connection, peer: Socket) => unknown;
  const states: Record<string, State> = {
    "fresh": () => undefined,
    "unread bytes": (_, peer) => write(peer, "unread\nand more"),
    "blocked readers": () => undefined,
    "blocked senders": (connection) => connection.send(new Uint8Array(much)),
    "the peer has ended": (_, peer) => peer.end("x"),
    "we have closed": (connection) => connection.close(),
    "cancelled": (connection) => connection.cancel(),
    "both have ended": (connection, peer) => { connection.close(); peer.end(); },
    "a reset": (_, peer) => { reset(peer); },
    "destroyed": (connection) => connection.destroy(),
    "shutting down": (connection) => connection.shutdown(),
  };
  const ends: Record<string, (connection: Connection, peer: Socket) => unknown> = {
    "shutdown": (connection) => connection.shutdown(),
    "destroy": (connection) => connection.destroy(),
    // When the peer has ended its side before, only a send finds out.
    "a reset": (connection, peer) => { reset(peer); return connection.send("x").catch(() => undefined); },
    "shutdown and a reset at once": (connection, peer) => { reset(peer); return connection.shutdown(); },
    "shutdown and destroy at once": (connection) => { const ending = connection.shutdown(); connection.destroy(); return ending; },
    "close and the peer's end": (connection, peer) => { connection.close(); connection.cancel(); peer.end(); peer.resume(); },
  };
  const isEnd = (error: unknown): boolean => [ClosedError, ConnectionError, IncompleteReadError].some((kind) => error instanceof kind);
  for (const [state, begin] of Object.entries(states)) {
    it(`N-31 (b) every end from the state "${state}" comes, wakes every wait, and lets no error escape (socket.ts 4)`, async () => {
      for (const [end, finish] of Object.entries(ends)) {
        const { connection, peer } = await pair({ linger: 0 });
        const waiting: Promise<unknown>[] = [];
        if (state === "blocked readers") waiting.push(connection.receive(), connection.readLine(), connection.readExactly(9), connection.next());
        const begun: unknown = begin(connection, peer);
        if (begun instanceof Promise) waiting.push(begun);
        const all = Promise.allSettled(waiting);
        await settle();
        const finished = finish(connection, peer);
        await connection.ended;
        await finished;
        for (const result of await all) {
          if (result.status === "fulfilled") continue;
          expect(result.reason, `${state}, ${end}`).to.satisfy(isEnd);
        }
        await connection.shutdown();
        expect(connection.closed).to.equal(true);
        peer.destroy();
      }
    });
  }

  it("everything sent before a shutdown arrives", async () => {
    const { connection, peer } = await pair();
    const sends = Array.from({ length: 20 }, () => connection.send(new Uint8Array(1024 * 1024).fill(97)));
    const ending = connection.shutdown();
    const all = received(peer, Infinity);
    peer.on("end", () => peer.end());
    expect(await all).to.have.length(20 * 1024 * 1024);
    await Promise.all([...sends, ending]);
  });

  const idle = (more: string): string => `
    import { createServer } from "node:net";
    import { dial } from "./net/index.ts";
    const server = createServer((socket) => { socket.unref(); }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const connection = await dial({ host: "127.0.0.1", port: server.address().port });
    server.unref();
    ${more}
    console.log("idle");
    // A timer that does not hold the process fires only while something else does.
    setTimeout(() => { console.log("alive"); connection.destroy(); }, 20).unref();
  `;

  it("N-79 a process with only an idle connection stays alive; after unref it exits, after ref it stays again", async function () {
    this.timeout(20_000);
    expect(runProgram(idle(""))).to.deep.equal({ code: 0, output: "idle\nalive\n", errors: "" });
    expect(runProgram(idle("connection.unref();"))).to.deep.equal({ code: 0, output: "idle\n", errors: "" });
    expect(runProgram(idle("connection.unref(); connection.ref();"))).to.deep.equal({ code: 0, output: "idle\nalive\n", errors: "" });
  });

  for (const tells of [true, false]) {
    it(`NF-07 (d) a write that fails once the peer's end waits behind unread bytes: they are read, and then its error, ${tells ? "at once" : "after linger where the platform does not tell of that end"} (held-open.ts 1)`, async () => {
      const clock = fake();
      const connection = adopt(new Gone(tells), { readBuffer: 1, linger: 1000 });
      await settle();
      const failure = await rejectionOf(connection.send("late"));
      expect(failure).to.be.instanceOf(ConnectionError).with.property("code", "EPIPE");
      expect(text(await connection.readExactly(2))).to.equal("ab");
      const next = rejectionOf(connection.next());
      expect(await isPending(next)).to.equal(!tells);
      clock.tick(1000);
      expect(await next).to.equal(failure);
      await connection.ended;
    });

    it(`NF-07 (e) the same, read only after linger: no byte is lost${tells ? "" : " where the platform does not tell"} (held-open.ts 1)`, async () => {
      const clock = fake();
      const connection = adopt(new Gone(tells), { readBuffer: 1, linger: 1000 });
      await settle();
      const failure = await rejectionOf(connection.send("late"));
      await settle();
      clock.tick(1000);
      await connection.ended;
      expect(text(await connection.readExactly(2))).to.equal("ab");
      expect(await rejectionOf(connection.receive())).to.equal(failure);
    });
  }
});
