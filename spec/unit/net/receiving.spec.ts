/** The inbound half over real sockets: back-pressure, order, resets, and loops that leave the connection open. */
import { connect, Socket, type AddressInfo } from "node:net";
import { expect } from "chai";
import sinon from "sinon";
import { chan, ClosedError, perform, select } from "../../../src/index.ts";
import { ConnectionError } from "../../../src/net/index.ts";
import { checkedConnectionOptions } from "../../../src/net/connection.ts";
import { SocketConnection } from "../../../src/net/socket.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { hangUp, once, openSockets, pair, received, reset, text, write } from "./support/peers.ts";

describe("receiving", () => {
  afterEach(async () => {
    await hangUp();
    expect(openSockets()).to.equal(0);
  });

  it("N-03 leaving the lines at the blank one and receiving gives the first bytes of the body, none lost, still open", async () => {
    const { connection, peer } = await pair();
    await write(peer, "HTTP/1.0 200 OK\r\nA: b\r\n\r\nbody");
    const lines: string[] = [];
    for await (const line of connection.lines()) {
      if (line === "") break;
      lines.push(line);
    }
    expect(lines).to.deep.equal(["HTTP/1.0 200 OK", "A: b"]);
    expect(text(await connection.receive())).to.equal("body");
    await write(peer, "more");
    for await (const chunk of connection) {
      expect(text(chunk)).to.equal("more");
      break;
    }
    await connection.send("still open");
    expect(await received(peer, 10)).to.equal("still open");
  });

  it("N-19 nobody reads: the peer's sends stall, little is held here, and everything comes once somebody reads (socket.ts 1)", async function () {
    this.timeout(20_000);
    const { connection, peer } = await pair({ readBuffer: 10_000 });
    const count = 48;
    const piece = Buffer.alloc(1024 * 1024, "x");
    const before = process.memoryUsage().arrayBuffers;
    let taken = 0;
    const sending = (async () => {
      for (; taken < count; taken++) await write(peer, piece);
      peer.end();
    })();
    for (let was = -1; was < taken;) {
      was = taken;
      for (let turns = 0; turns < 20; turns++) await settle();
    }
    expect(taken).to.be.below(count);
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(1024 * 1024);
    let length = 0;
    for await (const chunk of connection) {
      expect(chunk.byteLength).to.be.within(1, 10_000);
      length += chunk.byteLength;
    }
    await sending;
    expect(length).to.equal(count * piece.byteLength);
  });

  it("N-26 the peer sends abc and FIN: abc, then the end, and the end again every time (inbound.ts 1)", async () => {
    const { connection, peer } = await pair();
    peer.end("abc");
    const chunks: string[] = [];
    for await (const chunk of connection) chunks.push(text(chunk));
    expect(chunks.join("")).to.equal("abc");
    for (let times = 0; times < 3; times++) {
      expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
      expect(connection.tryReceive()).to.deep.equal({ done: true, value: undefined });
      expect(await connection.readLine()).to.equal(undefined);
    }
    expect(connection.closed).to.equal(false);
  });

  it("N-40 an aborted receive takes nothing: the next one gets the bytes", async () => {
    const { connection, peer } = await pair();
    for (const blocked of [
      (signal: AbortSignal) => connection.receive({ signal }),
      (signal: AbortSignal) => connection.next({ signal }),
      (signal: AbortSignal) => connection.readLine({ signal }),
      (signal: AbortSignal) => connection.readUntil("x", { signal }),
      (signal: AbortSignal) => connection.readExactly(3, { signal }),
    ]) {
      const controller = new AbortController();
      const reading = blocked(controller.signal);
      expect(await isPending(reading)).to.equal(true);
      const reason = new Error("enough");
      controller.abort(reason);
      expect(await rejectionOf(reading)).to.equal(reason);
      await write(peer, "xyz");
      expect(text(await connection.readExactly(3))).to.equal("xyz");
    }
  });

  it("N-44 a select over the connection and another channel, which wins, consumes no byte", async () => {
    const { connection, peer } = await pair();
    const other = chan<string>();
    const selected = select({ bytes: connection.receiving(), other: other.receiving() });
    await settle();
    other.trySend("x");
    await write(peer, "abc");
    expect(await selected).to.deep.equal({ case: "other", value: "x" });
    expect(text(await perform(connection.receiving()))).to.equal("abc");
    await write(peer, "line\n");
    const line = await select({ line: connection.lines().receiving(), other: other.receiving() });
    expect(line).to.deep.equal({ case: "line", value: "line" });
  });

  it("N-45 (b) two receives at once: each chunk goes to exactly one, first come, first served", async () => {
    const { connection, peer } = await pair();
    const order: string[] = [];
    const reads = ["first", "second"].map(async (who) => { order.push(`${who} ${text(await connection.receive())}`); });
    await settle();
    await write(peer, "a");
    await reads[0];
    await write(peer, "b");
    await reads[1];
    expect(order).to.deep.equal(["first a", "second b"]);
  });

  it("a reset comes after the bytes that came before it, then sticks; it is no uncaught error (socket.ts 3)", async () => {
    for (const reading of [true, false]) {
      const { connection, peer } = await pair({ readBuffer: reading ? 65_536 : 4 });
      await write(peer, "line\npartial");
      if (reading) expect(await connection.readLine()).to.equal("line");
      else await settle();
      reset(peer);
      await once(peer, "close");
      let all = "";
      let failure: unknown;
      for (;;) {
        try {
          all += text(await connection.receive());
        } catch (error) {
          failure = error;
          break;
        }
      }
      expect(all).to.equal(reading ? "partial" : "line\npartial");
      expect(failure).to.be.instanceOf(ConnectionError).with.property("code", "ECONNRESET");
      expect((failure as Error).message).to.contain(`127.0.0.1:${connection.remote.port}`);
      expect(await rejectionOf(connection.readLine())).to.equal(failure);
      await connection.ended;
      expect(await rejectionOf(connection.send("x"))).to.equal(failure);
    }
  });

  it("a reset comes after the bytes that the platform still held, since the buffer here was full (transport.ts 1)", async () => {
    const { connection, peer } = await pair({ readBuffer: 4 });
    await write(peer, "first,");
    await settle(); // the buffer is full
    await write(peer, "second");
    await settle(); // these the platform keeps
    reset(peer);
    await connection.ended;
    expect(text(await connection.readExactly(12))).to.equal("first,second");
    expect(await rejectionOf(connection.receive())).to.be.instanceOf(ConnectionError).with.property("code", "ECONNRESET");
  });

  it("a socket that is closed before its end is a failure, not the peer's end (transport.ts 2)", async () => {
    const { peer } = await pair();
    const { port } = peer.address() as AddressInfo;
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    await once(socket, "connect");
    const connection = new SocketConnection(socket, checkedConnectionOptions({}));
    const reading = connection.next();
    socket.destroy(); // by somebody else
    expect(await rejectionOf(reading)).to.be.instanceOf(ConnectionError).with.property("code", "ERR_STREAM_PREMATURE_CLOSE");
    expect(await rejectionOf(connection.send("x"))).to.be.instanceOf(ClosedError);
  });

  it("small sends go out at once unless noDelay is false", async () => {
    const setNoDelay = sinon.spy(Socket.prototype, "setNoDelay");
    try {
      await pair();
      await pair({ noDelay: false });
      expect(setNoDelay.args.map(([noDelay]) => noDelay)).to.deep.equal([true, false]);
    } finally {
      setNoDelay.restore();
    }
  });

  it("N-53 (e) the limit of a line is 65,536 bytes unless it is said otherwise", async () => {
    const { connection, peer } = await pair();
    peer.end(`${"x".repeat(65_536)}\r\n${"y".repeat(65_537)}\nz\n`);
    expect(await connection.readLine()).to.have.length(65_536);
    expect(await rejectionOf(connection.readLine())).to.be.instanceOf(RangeError).with.property("message").that.contains("maxLine, 65536");
    expect(await connection.readLine()).to.equal("z");
  });

  it("a reset that nobody notices does no harm", async () => {
    const { connection, peer } = await pair();
    reset(peer);
    await connection.ended;
    await settle();
    expect(connection.closed).to.equal(true);
  });

  it("cancel drops unread and later bytes: reads see the end, the peer does not block, sending goes on", async () => {
    const { connection, peer } = await pair({ readBuffer: 10 });
    await write(peer, "x".repeat(1000));
    await settle();
    const blocked = connection.readUntil("never");
    blocked.catch(() => undefined);
    expect(connection.cancel("enough")).to.equal(true);
    expect(connection.cancel()).to.equal(false);
    await rejectionOf(blocked);
    expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
    expect(await connection.readLine()).to.equal(undefined);
    expect(await rejectionOf(connection.receive())).to.have.property("cause", "enough");
    await write(peer, Buffer.alloc(16 * 1024 * 1024)); // far more than the kernel holds
    await connection.send("answer");
    expect(await received(peer, 6)).to.equal("answer");
    connection.close();
    peer.end();
    peer.resume();
    await connection.ended; // the FIN was seen
  });

  it("lines and bytes come in the order of the wire under real chunks of all sizes", async () => {
    const { connection, peer } = await pair({ readBuffer: 1000 });
    const lines = Array.from({ length: 2000 }, (_, index) => `${index} ${"é".repeat(index % 97)}`);
    const all = Buffer.from(lines.map((line) => `${line}\r\n`).join(""));
    const writing = (async () => {
      for (let at = 0, size = 1; at < all.length; at += size, size = (size * 7) % 1009) await write(peer, all.subarray(at, at + size));
      peer.end();
    })();
    const seen: string[] = [];
    for await (const line of connection.lines()) seen.push(line);
    await writing;
    expect(seen).to.deep.equal(lines);
  });
});
