/** Dialling: addresses, names, limits, and what a failed dial leaves behind. */
import { lookup as systemLookup } from "node:dns";
import type { LookupFunction, Socket } from "node:net";
import { expect } from "chai";
import sinon from "sinon";
import { chan, go, perform, poll, select, TimeoutError } from "../../../src/index.ts";
import { ConnectionError, dial, dialing, type Connection } from "../../../src/net/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { leavesNothing, resolvesTo } from "./support/clean-end.ts";
import { blackHole, closedPort, connecting, dialed, once, openSockets, receivedToEnd, serverOf, text } from "./support/peers.ts";

/** A lookup that is answered when the spec says so. */
function held(): { lookup: LookupFunction; calls: number; answer: (...addresses: string[]) => void } {
  const hold = {
    calls: 0,
    answer: (..._addresses: string[]): void => undefined,
    lookup: ((_host, _options, callback) => {
      hold.calls++;
      hold.answer = (...addresses) => callback(null, addresses.map((address) => ({ address, family: 4 })));
    }) as LookupFunction,
  };
  return hold;
}

describe("dial", () => {
  const fake = leavesNothing(connecting);

  it("N-01 an echo server sends the same bytes back", async () => {
    const { port } = await serverOf((socket) => socket.pipe(socket));
    for (const address of [`127.0.0.1:${port}`, { host: "127.0.0.1", port }]) {
      const connection = await dial(address);
      await connection.send("hi");
      expect([...(await connection.receive())]).to.deep.equal([104, 105]);
      expect(connection.remote).to.deep.equal({ host: "127.0.0.1", port, family: 4 });
      expect(connection.local).to.include({ host: "127.0.0.1", family: 4 });
      connection.destroy();
    }
  });

  it("N-01 (b) a generator task dials, sends and receives by yield*", async () => {
    const { port } = await serverOf((socket) => socket.pipe(socket));
    const task = go(function* () {
      const connection = yield* dialing({ host: "127.0.0.1", port });
      yield* connection.sending("hi\n");
      const line = yield* connection.lines().receiving();
      connection.destroy();
      return line;
    });
    expect(await task).to.equal("hi");
  });

  it("N-01 (c) describing a dial does nothing, and polling one never happens", async () => {
    let accepted = 0;
    const { port } = await serverOf(() => { accepted++; });
    expect(poll(dialing({ host: "127.0.0.1", port }))).to.equal(undefined);
    await settle();
    expect(accepted).to.equal(0);
  });

  it("N-04 a closed port: ECONNREFUSED, with the address in the message", async () => {
    const port = await closedPort();
    const error = (await rejectionOf(dial(`127.0.0.1:${port}`))) as ConnectionError;
    expect(error).to.be.instanceOf(ConnectionError);
    expect(error.code).to.equal("ECONNREFUSED");
    expect(error.message).to.contain(`ECONNREFUSED 127.0.0.1:${port}`);
    expect(error.errors).to.have.length(1);
    expect((error.cause as NodeJS.ErrnoException).code).to.equal("ECONNREFUSED");
  });

  it("N-05 (a) a host that does not resolve: ENOTFOUND, with the host in the message", async () => {
    const lookup: LookupFunction = (host, _options, callback) => {
      process.nextTick(callback, Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" }), "");
    };
    const error = (await rejectionOf(dial({ host: "no.such.host", port: 1, lookup }))) as ConnectionError;
    expect(error.code).to.equal("ENOTFOUND");
    expect(error.message).to.contain("no.such.host");
    expect((error.cause as Error).message).to.equal("getaddrinfo ENOTFOUND no.such.host");
  });

  it("N-05 (b) a lookup that gives no address of the wanted family is ENOTFOUND too", async () => {
    for (const lookup of [resolvesTo(), resolvesTo("::1"), resolvesTo("not an address")]) {
      const error = (await rejectionOf(dial({ host: "name", port: 1, family: 4, lookup }))) as ConnectionError;
      expect(error.code).to.equal("ENOTFOUND");
      expect(error.message).to.contain("ENOTFOUND name");
    }
    // What is no IP address is not dialled as a name: that would be a second lookup.
    const error = (await rejectionOf(dial({ host: "name", port: 1, lookup: resolvesTo("localhost") }))) as ConnectionError;
    expect(error.message).to.contain("ENOTFOUND name").and.contain("gave no IP address");
  });

  it("N-05 (c) a lookup may give one address, and its error is the dial's", async () => {
    const { port } = await serverOf((socket) => socket.end());
    const one: LookupFunction = (_host, _options, callback) => callback(null, "127.0.0.1", 4); // at once, without `all`
    await dialed({ host: "name", port, lookup: one });
    const failure = new Error("no resolver");
    expect(await rejectionOf(dial({ host: "name", port, lookup: () => { throw failure; } }))).to.equal(failure);
  });

  it("N-05 (d) the lookup gets the family, and is not called for an IP address", async () => {
    const { port } = await serverOf((socket) => socket.end());
    const lookup = sinon.spy(resolvesTo("127.0.0.1"));
    await dialed({ host: "name", port, lookup, family: 4 });
    expect(lookup.firstCall.args.slice(0, 2)).to.deep.equal(["name", { all: true, family: 4, hints: 0 }]);
    await dialed({ host: "127.0.0.1", port, lookup });
    expect(lookup.callCount).to.equal(1);
  });

  it("N-05 (e) localhost resolves by the system", async () => {
    const { port } = await serverOf((socket) => socket.end("x"));
    const connection = await dialed({ host: "localhost", port, family: 4, lookup: systemLookup });
    expect(text(await connection.receive())).to.equal("x");
    await dialed({ port, family: 4 });
  });

  it("N-06 two addresses, the first refuses: the second is tried at once", async () => {
    const { port } = await serverOf((socket) => socket.end());
    const frozen = fake(); // no timer moves
    const connection = await dialed({ host: "name", port, timeout: 1000, lookup: resolvesTo("127.0.0.3", "127.0.0.1") });
    expect(connection.remote.host).to.equal("127.0.0.1");
    expect(frozen.countTimers()).to.equal(0);
  });

  it("N-10 all fail: one error that lists each, with as many errors as attempts", async () => {
    const port = await closedPort();
    // 255.255.255.255 is refused by the kernel itself, with another code
    const lookup = resolvesTo("127.0.0.1", "255.255.255.255", "127.0.0.3");
    const error = (await rejectionOf(dial({ host: "name", port, lookup }))) as ConnectionError;
    const codes = error.errors.map((each) => (each as NodeJS.ErrnoException).code);
    expect(codes).to.have.length(3);
    expect(new Set(codes).size).to.equal(2);
    expect(error.code).to.equal("ECONNREFUSED");
    expect(error.cause).to.equal(error.errors[0]);
    expect(error.message).to.equal(
      `dial name:${port} has failed: ${codes[0]} 127.0.0.1:${port}, ${codes[1]} 255.255.255.255:${port}, ${codes[2]} 127.0.0.3:${port}`,
    );
  });

  it("N-12 a signal that has aborted already: its reason, and neither a lookup nor a socket", async () => {
    const hold = held();
    const reason = new Error("no");
    const signal = AbortSignal.abort(reason);
    expect(await rejectionOf(dial({ host: "name", port: 1, lookup: hold.lookup }, { signal }))).to.equal(reason);
    expect(await rejectionOf(dial({ host: "name", port: 1, lookup: hold.lookup, signal }))).to.equal(reason);
    expect(hold.calls).to.equal(0);
    let accepted = 0;
    const { port } = await serverOf(() => { accepted++; });
    expect(await rejectionOf(dial({ host: "127.0.0.1", port, signal }))).to.equal(reason);
    await settle();
    expect(accepted).to.equal(0);
  });

  it("N-13 abort during the lookup: rejects, and the late answer makes no socket (dial.ts 1)", async () => {
    let accepted = 0;
    const { port } = await serverOf(() => { accepted++; });
    for (const place of ["options", "address"] as const) {
      const hold = held();
      const controller = new AbortController();
      const { signal } = controller;
      const address = { host: "name", port, lookup: hold.lookup, timeout: 10_000 };
      const frozen = fake();
      const dialling = place === "options" ? dial(address, { signal }) : dial({ ...address, signal });
      expect(frozen.countTimers()).to.equal(1);
      const reason = new Error("enough");
      controller.abort(reason);
      expect(await rejectionOf(dialling)).to.equal(reason);
      expect(frozen.countTimers()).to.equal(0);
      hold.answer("127.0.0.1");
      await settle();
      expect(accepted).to.equal(0);
      frozen.restore();
    }
  });

  it("N-14 (a) abort during the connect: rejects, the socket is destroyed, the server sees its end", async () => {
    let accept: (socket: Socket) => void = () => undefined;
    const accepted = new Promise<Socket>((resolve) => { accept = resolve; });
    const { port } = await serverOf((socket) => { accept(socket); });
    const controller = new AbortController();
    const dialling = dial(`127.0.0.1:${port}`, { signal: controller.signal });
    await new Promise<void>((resolve) => { process.nextTick(resolve); }); // the platform begins a tick later
    expect(connecting()).to.equal(1);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await rejectionOf(dialling)).to.equal(reason);
    const peer = await accepted; // the kernel has answered the connect by itself
    expect(await receivedToEnd(peer)).to.equal("");
    peer.destroy();
    await settle();
    expect(openSockets()).to.equal(0);
  });

  it("N-14 (b) abort while nobody answers: rejects, and the socket is destroyed", async () => {
    const hole = await blackHole();
    const before = connecting();
    const controller = new AbortController();
    const dialling = dial(hole, { signal: controller.signal });
    expect(await isPending(dialling)).to.equal(true);
    expect(connecting()).to.equal(before + 1);
    controller.abort();
    expect(await rejectionOf(dialling)).to.equal(controller.signal.reason);
    await settle();
    expect(connecting()).to.equal(before);
  });

  it("N-14 (c) a dial that loses a select leaves no socket and no timer (dial.ts 1)", async () => {
    const { port } = await serverOf(() => undefined);
    const frozen = fake();
    const soon = chan<string>();
    const first = select({ connection: dialing({ host: "127.0.0.1", port, timeout: 1000 }), soon: soon.receiving() });
    expect(frozen.countTimers()).to.equal(1);
    soon.trySend("now");
    expect(await first).to.deep.equal({ case: "soon", value: "now" });
    expect(frozen.countTimers()).to.equal(0);
    await settle();
    expect(openSockets()).to.equal(0);
  });

  it("N-15 an abort after the dial has resolved does nothing to the connection", async () => {
    const { port } = await serverOf((socket) => socket.pipe(socket));
    const first = new AbortController();
    const second = new AbortController();
    const connection = await dial({ host: "127.0.0.1", port, signal: first.signal }, { signal: second.signal });
    first.abort();
    second.abort();
    await settle();
    await connection.send("still here\n");
    expect(await connection.readLine()).to.equal("still here");
    connection.destroy();
  });

  it("N-16 (a) a timeout to an address that never answers names the phase connect, and leaves no socket (dial.ts 3)", async () => {
    const hole = await blackHole();
    const before = connecting();
    const frozen = fake();
    const dialling = dial({ ...hole, timeout: 50 });
    dialling.catch(() => undefined);
    frozen.tick(49);
    expect(await isPending(dialling)).to.equal(true);
    frozen.tick(1);
    const error = (await rejectionOf(dialling)) as TimeoutError;
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error.message).to.contain('"connect"').and.contain(`${hole.host}:${hole.port}`).and.contain("50 ms");
    await settle();
    expect(connecting()).to.equal(before);
    expect(frozen.countTimers()).to.equal(0);
  });

  it("N-16 (b) the timeout covers the lookup, and names that phase (dial.ts 3)", async () => {
    let accepted = 0;
    const { port } = await serverOf(() => { accepted++; });
    const hold = held();
    const frozen = fake();
    const dialling = dial({ host: "slow.name", port, timeout: 50, lookup: hold.lookup });
    dialling.catch(() => undefined);
    frozen.tick(50);
    const error = (await rejectionOf(dialling)) as TimeoutError;
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error.message).to.contain('"lookup"').and.contain("slow.name");
    hold.answer("127.0.0.1");
    await settle();
    expect(accepted).to.equal(0);
  });

  it("N-16 (c) one limit covers all addresses of a name", async () => {
    const hole = await blackHole();
    const frozen = fake();
    const dialling = dial({ host: "name", port: hole.port, timeout: 50, lookup: resolvesTo("127.0.0.3", hole.host) });
    dialling.catch(() => undefined);
    expect(await isPending(dialling)).to.equal(true); // the first has been refused, the second does not answer
    frozen.tick(50);
    expect(await rejectionOf(dialling)).to.be.instanceOf(TimeoutError).with.property("message").that.contains(`${hole.host}:${hole.port}`);
  });

  it("FT35 a dial under a fake clock connects, and its timer is cleared", async () => {
    const { port } = await serverOf((socket) => socket.pipe(socket));
    const clock = fake("all");
    const connection = await dialed({ host: "127.0.0.1", port, timeout: 1000 });
    expect(clock.countTimers()).to.equal(0);
    await connection.send("hi\n");
    expect(await connection.readLine()).to.equal("hi");
  });

  it("FT36 a dial that nobody answers, with a timeout of 1000 under a fake clock, fails at 1000 and leaves nothing", async () => {
    const hole = await blackHole();
    const before = connecting();
    const clock = fake("all");
    let failedAt = -1;
    const outcome = dial({ ...hole, timeout: 1000 }).catch((error: unknown) => {
      failedAt = clock.now;
      return error;
    });
    await clock.tickAsync(999);
    expect(failedAt).to.equal(-1);
    await clock.tickAsync(1);
    expect(failedAt).to.equal(1000);
    expect(await outcome).to.be.instanceOf(TimeoutError);
    await clock.tickAsync(1); // a platform may tell the end of a socket by the program's `setImmediate`
    expect(clock.countTimers()).to.equal(0);
    await settle();
    expect(connecting()).to.equal(before);
  });

  it("N-81 (a) both ways to write an address work, IPv6 in brackets (address.ts 2)", async function () {
    const { port } = await serverOf((socket) => socket.end("four"));
    const four = await dialed({ host: "127.0.0.1", port });
    expect(text(await four.receive())).to.equal("four");
    let six: { port: number };
    try {
      six = await serverOf((socket) => socket.end("six"), "::1");
    } catch {
      this.skip(); // a machine without IPv6
    }
    const connection = await dial(`[::1]:${six.port}`);
    expect(text(await connection.receive())).to.equal("six");
    expect(connection.remote).to.deep.equal({ host: "::1", port: six.port, family: 6 });
    connection.destroy();
    const error = await rejectionOf(dial(`[::1]:${await closedPort()}`));
    expect(error).to.have.property("message").that.matches(/ECONNREFUSED \[::1\]:\d+$/);
  });

  const malformed = [
    "", "host", ":80", "host:", "host:http", "::1:80", "[::1]", "[::1]80", "[::1]:", "[host]:80", "[::1:80", "a:1:2", "a b:80",
    "http://host:80", "host/path:80", "host:80/", "host:8 0", "host:+80", "host:1e2", "tls://", "tls://:443", "tls://host:80/", "unix:", "unix:name",
  ];
  const outOfRange = ["host:0", "host:-1", "host:65536", "[::1]:99999", "tls://host:0"];

  it("N-81 (b) a malformed string is a TypeError that quotes it, a port out of range a RangeError (address.ts 1)", async () => {
    for (const [addresses, kind] of [[malformed, TypeError], [outOfRange, RangeError]] as const) {
      for (const address of addresses) {
        expect(() => dialing(address), address).to.throw(kind, JSON.stringify(address));
        const error = await rejectionOf(dial(address));
        expect(error, address).to.be.instanceOf(kind).with.property("message").that.contains(JSON.stringify(address));
      }
    }
  });

  it("N-81 (c) bad options are refused at the call", async () => {
    const port = 1;
    const bad: [unknown, typeof TypeError | typeof RangeError][] = [
      [undefined, TypeError], [null, TypeError], [80, TypeError], [{}, TypeError], [{ port: "80" }, TypeError],
      [{ port: 1.5 }, RangeError], [{ port: Number.NaN }, RangeError], [{ port: 0 }, RangeError],
      [{ host: "", port }, TypeError], [{ host: 7, port }, TypeError], [{ host: "[::1]", port }, TypeError],
      [{ port, family: 5 }, RangeError], [{ port, lookup: 1 }, TypeError], [{ port, signal: {} }, TypeError],
      [{ port, timeout: Number.NaN }, RangeError], [{ port, timeout: "1" }, RangeError], [{ port, linger: Number.NaN }, RangeError],
      [{ port, readBuffer: 0 }, RangeError], [{ port, readBuffer: 1.5 }, RangeError], [{ port, noDelay: 1 }, TypeError],
    ];
    for (const [address, kind] of bad) {
      expect(() => dialing(address as never), JSON.stringify(address)).to.throw(kind);
      expect(await rejectionOf(dial(address as never)), JSON.stringify(address)).to.be.instanceOf(kind);
    }
  });

  it("a connection and an abort in one turn: whichever came first, no socket is lost", async () => {
    const peers: Promise<unknown>[] = [];
    const { port } = await serverOf((socket) => {
      socket.resume();
      peers.push(once(socket, "close"));
      socket.on("end", () => socket.end());
    });
    for (let turns = 0; turns < 12; turns++) {
      const controller = new AbortController();
      const dialling: Promise<Connection> = perform(dialing(`127.0.0.1:${port}`), { signal: controller.signal });
      dialling.catch(() => undefined);
      for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
      controller.abort();
      await dialling.then((connection) => connection.destroy(), () => undefined);
    }
    await settle();
    await Promise.all(peers);
    expect(openSockets()).to.equal(0);
  });
});
