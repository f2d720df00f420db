/** What protocols need beside bytes and lines: TLS in the middle, streams made elsewhere, sockets handed over. */
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { connect as connectTls, createServer as createTlsServer, TLSSocket } from "node:tls";
import { expect } from "chai";
import { ClosedError } from "../../../src/index.ts";
import { adopt, ConnectionError, dial, listen, type Connection } from "../../../src/net/index.ts";
import { memoryNet } from "../../../src/testing/index.ts";
import { certificateFor } from "../../unit/net/support/certificate.ts";
import { client, dialed, hangUp, kept, listenerAt, serverOf, socketPath, text } from "../../unit/net/support/peers.ts";
import { textArguments } from "../../support/runtime.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

const certificate = certificateFor("localhost", "127.0.0.1");
const trusting = { ca: certificate.cert };

/** Both ends of a fresh connection without TLS. */
async function pair(unix = false): Promise<{ ours: Connection; theirs: Connection }> {
  const place = unix ? { path: socketPath() } : { host: "127.0.0.1", port: 0 };
  const listener = await listenerAt(place);
  const [ours, theirs] = await Promise.all([dialed(unix ? place : { host: "127.0.0.1", port: listener.port }), listener.receive()]);
  return { ours, theirs: kept(theirs) };
}

/** Both ends, with TLS started. */
async function secured(): Promise<{ ours: Connection; theirs: Connection }> {
  const { ours, theirs } = await pair();
  await Promise.all([ours.startTls(trusting), theirs.startTls({ isServer: true, ...certificate })]);
  return { ours, theirs };
}

describe("protocols", () => {
  afterEach(hangUp);

  describe("startTls", () => {
    it("after plaintext both roles agree, in place: what follows is encrypted, both ways; the details say what was agreed", async () => {
      for (const unix of [false, true]) {
        const { ours, theirs } = await pair(unix);
        const lines = ours.lines();
        await theirs.send("220 ready\n");
        expect(await lines.receive()).to.equal("220 ready");
        await ours.send("STARTTLS\n");
        expect(await theirs.readLine()).to.equal("STARTTLS");
        expect(ours.tls).to.equal(undefined);
        const both = Promise.all([ours.startTls({ ...trusting, servername: "localhost" }), theirs.startTls({ isServer: true, ...certificate })]);
        const meanwhile = ours.send("EHLO\n"); // stands in line until it goes out encrypted
        await Promise.all([both, meanwhile]);
        expect(ours.tls).to.deep.include({ protocol: "TLSv1.3", authorized: true, servername: "localhost" });
        expect(ours.tls?.peerCertificate?.subject.CN).to.equal("localhost");
        expect(theirs.tls).to.deep.include({ protocol: "TLSv1.3", servername: "localhost" });
        expect(theirs.tls?.peerCertificate).to.equal(undefined);
        expect(await theirs.readLine()).to.equal("EHLO");
        await theirs.send("250 hello\n");
        expect(await lines.receive()).to.equal("250 hello"); // a view from before goes on
        await ours.closeWrite();
        expect(await theirs.readLine()).to.equal(undefined);
        await theirs.send("bye\n");
        expect(await ours.readLine()).to.equal("bye");
      }
    });

    it("the platform's own TLS is the peer, in either role", async () => {
      const server = createServer((socket) => {
        const over = new TLSSocket(socket, { isServer: true, ...certificate });
        over.on("data", (chunk: Buffer) => over.write(chunk));
        over.on("error", () => undefined);
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const ours = await dialed({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
      await ours.startTls(trusting);
      await ours.send("there and back\n");
      expect(await ours.readLine()).to.equal("there and back");
      server.close();

      const listener = await listenerAt();
      const plain = await client(listener.port);
      const theirs = kept(await listener.receive());
      const over = connectTls({ socket: plain, ca: certificate.cert, host: "127.0.0.1" });
      await settle(); // its hello has come early, and is held
      await theirs.startTls({ isServer: true, ...certificate });
      over.write("hello\n");
      expect(await theirs.readLine()).to.equal("hello");
      over.destroy();
    });

    it("a client that holds unread plaintext fails and is destroyed; a server gives a hello that came early to TLS (start-tls.ts 1)", async () => {
      const { ours, theirs } = await pair();
      await theirs.send("220 ready\nforged\n");
      expect(await ours.readLine()).to.equal("220 ready");
      const error = await rejectionOf(ours.startTls(trusting));
      expect(error).to.be.instanceOf(ConnectionError).with.property("code", "RENDEZVOUS_PLAINTEXT_BEFORE_TLS");
      await ours.ended;
      expect(await rejectionOf(ours.send("x"))).to.be.instanceOf(ClosedError);
      await theirs.ended.catch(() => undefined);
      const early = await pair();
      const starting = early.ours.startTls(trusting);
      for (let turns = 0; turns < 10 && early.theirs.statistics.buffered === 0; turns++) await settle();
      expect(early.theirs.statistics.buffered).to.be.above(100);
      await Promise.all([starting, early.theirs.startTls({ isServer: true, ...certificate })]);
      await early.ours.send("x");
      expect(text(await early.theirs.readExactly(1))).to.equal("x");
    });

    it("is refused while a read waits, over TLS, in memory, without a name to check, after close, and for what are no options", async () => {
      const { ours, theirs } = await pair();
      const reading = ours.readLine();
      expect(await rejectionOf(ours.startTls(trusting))).to.be.instanceOf(TypeError).with.property("message").that.contains("a read waits");
      await theirs.send("line\n");
      expect(await reading).to.equal("line");
      expect(await rejectionOf(theirs.startTls(trusting))).to.be.instanceOf(TypeError).with.property("message").that.contains("servername");
      expect(await rejectionOf(ours.startTls(null as never))).to.be.instanceOf(TypeError);
      await Promise.all([ours.startTls(trusting), theirs.startTls({ isServer: true, ...certificate })]);
      expect(await rejectionOf(ours.startTls(trusting))).to.be.instanceOf(TypeError).with.property("message").that.contains("TLS already");
      const { dial: dialInMemory, listen: listenInMemory } = memoryNet();
      const listener = await listenInMemory("server:1");
      const [inMemory] = await Promise.all([dialInMemory("server:1"), listener.receive()]);
      expect(await rejectionOf(inMemory.startTls(trusting))).to.be.instanceOf(TypeError).with.property("message").that.contains("memory");
      const closed = await pair();
      closed.ours.close();
      expect(await rejectionOf(closed.ours.startTls(trusting))).to.be.instanceOf(ClosedError);
    });

    it("of two at once the second is refused, while the first waits for sends, and in its handshake; the first is not disturbed", async () => {
      const { ours, theirs } = await pair();
      const sending = ours.send(new Uint8Array(32 * 1024 * 1024));
      const first = ours.startTls(trusting);
      expect(await rejectionOf(ours.startTls(trusting))).to.be.instanceOf(TypeError).with.property("message").that.includes("has TLS already");
      await Promise.all([theirs.readExactly(32 * 1024 * 1024), sending]);
      expect(await rejectionOf(ours.startTls(trusting))).to.be.instanceOf(TypeError);
      await Promise.all([first, theirs.startTls({ isServer: true, ...certificate })]);
      await ours.send("hello\n");
      expect(await theirs.readLine()).to.equal("hello");
    });

    it("one that is given up while it waits for sends leaves the connection as it is", async () => {
      const { ours, theirs } = await pair();
      const sending = ours.send(new Uint8Array(32 * 1024 * 1024));
      const givenUp = new AbortController();
      const first = rejectionOf(ours.startTls(trusting, { signal: givenUp.signal }));
      const behind = ours.send("plain");
      givenUp.abort("enough");
      expect(await first).to.equal("enough");
      await Promise.all([theirs.readExactly(32 * 1024 * 1024), sending, behind]);
      expect(text(await theirs.readExactly(5))).to.equal("plain");
      await Promise.all([ours.startTls(trusting), theirs.startTls({ isServer: true, ...certificate })]);
    });

    it("the dialled host is checked unless there is a servername; a handshake that fails or is aborted ends the connection", async () => {
      const wrong = await pair();
      const failed = rejectionOf(wrong.ours.startTls({ ...trusting, servername: "other.example" }));
      const other = wrong.theirs.startTls({ isServer: true, ...certificate }).catch(() => undefined);
      expect(await failed).to.be.instanceOf(ConnectionError).with.property("code", "ERR_TLS_CERT_ALTNAME_INVALID");
      await Promise.all([wrong.ours.ended, other]);
      const { ours, theirs } = await pair();
      const controller = new AbortController();
      const starting = rejectionOf(ours.startTls(trusting, { signal: controller.signal }));
      const meanwhile = rejectionOf(ours.send("never"));
      await settle();
      controller.abort("enough");
      expect(await starting).to.equal("enough");
      expect(await meanwhile).to.be.instanceOf(ClosedError);
      await ours.ended;
      theirs.destroy();
    });

    it("NF-09 a reset of a connection with TLS started is seen as one", async () => {
      const { ours, theirs } = await secured();
      await ours.send("half");
      expect(text(await theirs.readExactly(4))).to.equal("half");
      const next = rejectionOf(theirs.receive());
      await settle();
      ours.reset("cut");
      expect(await next).to.be.instanceOf(ConnectionError).with.property("code", "ECONNRESET");
    });
  });

  describe("adopt", () => {
    /** Two streams, each the other's peer. */
    function streams(): [Duplex, Duplex] {
      const [there, back] = [new PassThrough(), new PassThrough()];
      return [Duplex.from({ writable: there, readable: back }), Duplex.from({ writable: back, readable: there })];
    }

    it("a stream of bytes is a connection, and each side ends by itself", async () => {
      const [ours, theirs] = streams().map((stream) => kept(adopt(stream))) as [Connection, Connection];
      await ours.send(["hello", "\n"]);
      expect(await theirs.readLine()).to.equal("hello");
      await ours.closeWrite();
      expect(await theirs.readLine()).to.equal(undefined);
      await theirs.send("answer\n");
      expect(await ours.readLine()).to.equal("answer");
      await theirs.closeWrite();
      expect(await ours.readLine()).to.equal(undefined);
    });

    it("a socket: what was read already, and put back, comes first", async () => {
      const { port } = await serverOf((socket) => socket.end("second\n"));
      const socket: Socket = await client(port);
      socket.unshift(Buffer.from("first\n"));
      const connection = kept(adopt(socket, { maxLine: 100 }));
      expect(await connection.readLine()).to.equal("first");
      expect(await connection.readLine()).to.equal("second");
      expect(await connection.readLine()).to.equal(undefined);
      expect(connection.remote).to.include({ host: "127.0.0.1", port });
    });

    it("a stream that is over gives a connection that is over; what is no stream of bytes is a TypeError", async () => {
      const gone = new Duplex({ read: () => undefined, write: (_chunk, _encoding, taken) => { taken(); } });
      gone.destroy();
      await once(gone, "close");
      const connection = adopt(gone);
      await connection.ended;
      expect(await rejectionOf(connection.send("x"))).to.be.instanceOf(Error);
      for (const bad of [undefined, null, {}, new EventEmitter(), new PassThrough({ objectMode: true }), new PassThrough().setEncoding("utf8")]) {
        expect(() => adopt(bad as never)).to.throw(TypeError, "adopt takes");
      }
      expect(() => adopt(new PassThrough(), { maxLine: 0 })).to.throw(RangeError);
    });

    it("TLS starts over a tunnel of streams", async () => {
      const [near, far] = streams();
      const server = createTlsServer(certificate, (socket) => socket.pipe(socket));
      server.emit("connection", far);
      const ours = kept(adopt(near));
      expect(await rejectionOf(ours.startTls(trusting))).to.be.instanceOf(TypeError);
      await ours.startTls({ ...trusting, servername: "localhost" });
      await ours.send("through\n");
      expect(await ours.readLine()).to.equal("through");
      ours.destroy();
      far.destroy();
    });
  });

  describe("listening and keeping alive", () => {
    it("a socket that was handed over is listened on, and has its address", async function () {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const { fd } = (server as unknown as { _handle?: { fd?: number } })._handle ?? {};
      if (fd === undefined || fd < 0) {
        server.close();
        this.skip(); // this platform does not tell the number
      }
      const program = `
        import { listen } from "rendezvous/net";
        const listener = await listen({ fd: 3 });
        const connection = await listener.receive();
        await connection.send(String(listener.address.port) + "\\n");
        await connection.shutdown();
        await listener.shutdown();`;
      const child = spawn(process.execPath, textArguments(program), { stdio: ["ignore", "ignore", "inherit", fd] });
      const ended = once(child, "close");
      server.close();
      const connection = await dialed({ host: "127.0.0.1", port });
      expect(await connection.readLine()).to.equal(String(port));
      connection.close();
      expect(await ended).to.deep.equal([0, null]);
    });

    it("an fd stands in place of an address", async () => {
      for (const bad of [{ fd: 3, port: 0 }, { fd: 3, path: "/a" }, { fd: 3, host: "a" }]) {
        expect(await rejectionOf(listen(bad))).to.be.instanceOf(TypeError);
      }
      for (const bad of [-1, 1.5, "3" as never]) expect(await rejectionOf(listen({ fd: bad }))).to.be.instanceOf(RangeError);
    });

    it("ipv6Only leaves IPv4 clients out", async function () {
      const both = await listenerAt({ port: 0 });
      if (both.address.family !== 6) this.skip(); // this machine has no IPv6
      const listener = await listenerAt({ host: "::", port: 0, ipv6Only: true });
      expect(await rejectionOf(dial({ host: "127.0.0.1", port: listener.port }))).to.have.property("code", "ECONNREFUSED");
      await dialed({ host: "::1", port: listener.port });
      expect(await rejectionOf(listen({ port: 0, ipv6Only: 1 as never }))).to.be.instanceOf(TypeError);
    });

    it("keepAlive is a time above 0, or false", async () => {
      const { port } = await serverOf((socket) => socket.resume());
      for (const keepAlive of [1, 60_000, false] as const) await dialed({ host: "127.0.0.1", port, keepAlive });
      for (const keepAlive of [0, -1, Number.NaN, Infinity]) expect(await rejectionOf(dial({ host: "127.0.0.1", port, keepAlive }))).to.be.instanceOf(RangeError);
      for (const keepAlive of ["1", true, null]) {
        expect(await rejectionOf(dial({ host: "127.0.0.1", port, keepAlive: keepAlive as never }))).to.be.instanceOf(TypeError);
      }
    });
  });
});
