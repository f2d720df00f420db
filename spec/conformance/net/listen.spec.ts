/** Listeners: channels of connections, with a bounded number of waiting clients. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, linkSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { connect as connectTls } from "node:tls";
import { expect } from "chai";
import { chan, ClosedError, select } from "../../../src/index.ts";
import { ConnectionError, dial, listen, type Connection } from "../../../src/net/index.ts";
import { certificateFor } from "../../unit/net/support/certificate.ts";
import {
  client, dialed, hangUp, kept, listenerAt, once, openPipes, openSockets, received, receivedToEnd, serverOf, socketPath, text, turnedAway, write,
} from "../../unit/net/support/peers.ts";
import { resources } from "../../unit/net/support/counted.ts";
import { bundle } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { fileArguments } from "../../support/runtime.ts";

const certificate = certificateFor("localhost", "127.0.0.1");
const listening = (): number => resources("TCPServerWrap");

describe("listen", () => {
  let pipesBefore: number;
  beforeEach(() => { pipesBefore = openPipes(); }); // standard input and output may be pipes

  const children: ChildProcess[] = [];

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await hangUp();
    expect(openSockets()).to.equal(0);
    expect(openPipes()).to.equal(pipesBefore);
    expect(listening()).to.equal(0);
  });

  it("N-68 with port 0 the address has the port that was chosen, and a dial reaches it (address.ts 3)", async () => {
    for (const address of ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }]) {
      const listener = await listenerAt(address);
      expect(listener.address).to.deep.equal({ host: "127.0.0.1", port: listener.port, family: 4 });
      expect(listener.port).to.be.within(1, 65_535);
      const ours = await dialed(`127.0.0.1:${listener.port}`);
      const theirs = kept(await listener.receive());
      await ours.send("hi\n");
      expect(await theirs.readLine()).to.equal("hi");
      expect(theirs.remote).to.deep.equal(ours.local);
      expect(theirs.local).to.deep.equal(ours.remote);
    }
    for (const everywhere of [":0", { port: 0 }]) {
      const listener = await listenerAt(everywhere);
      await dialed(`127.0.0.1:${listener.port}`);
      kept(await listener.receive());
    }
  });

  it("N-69 a busy port: EADDRINUSE, with the address in the message", async () => {
    const { port } = await serverOf(() => undefined);
    const error = (await rejectionOf(listen(`127.0.0.1:${port}`))) as ConnectionError;
    expect(error).to.be.instanceOf(ConnectionError).with.property("code", "EADDRINUSE");
    expect(error.message).to.contain(`listen on 127.0.0.1:${port} has failed: EADDRINUSE`);
    expect(error.cause).to.have.property("code", "EADDRINUSE");
  });

  it("N-70 a client that connects and sends before the accept: the first receive after it gives the bytes", async () => {
    const listener = await listenerAt();
    const peer = await client(listener.port);
    peer.end("early");
    await settle();
    expect(listener.statistics).to.deep.equal({ received: 0, pending: 1, dropped: 0, failed: 0 });
    const connection = kept(await listener.receive());
    expect(text(await connection.readExactly(5))).to.equal("early");
    expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
    expect(listener.statistics).to.deep.equal({ received: 1, pending: 0, dropped: 0, failed: 0 });
  });

  it("N-70 (b) a client that waits is not read from, however much it sends (listener.ts 1)", async () => {
    const listener = await listenerAt();
    const peer = await client(listener.port);
    const piece = Buffer.alloc(1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    let taken = 0;
    const writing = (async () => { for (; taken < 32; taken++) await write(peer, piece); })();
    for (let was = -1; was < taken;) {
      was = taken;
      for (let turns = 0; turns < 10; turns++) await settle();
    }
    expect(taken).to.be.below(32);
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(512 * 1024);
    const connection = kept(await listener.receive());
    let length = 0;
    while (length < 32 * 1024 * 1024) length += (await connection.receive()).byteLength;
    await writing;
  });

  it("N-71 clients are received in their order, by receive, next, for await, tryReceive and as a case", async () => {
    const listener = await listenerAt();
    expect(listener.tryReceive()).to.equal(undefined);
    const greeting = async (connection: Connection): Promise<string | undefined> => kept(connection).readLine();
    for (const who of ["a", "b", "c", "d", "e"]) {
      const peer = await client(listener.port);
      await write(peer, `${who}\n`);
      await settle();
    }
    expect(await greeting(await listener.receive())).to.equal("a");
    expect(await greeting((await listener.next()).value as Connection)).to.equal("b");
    for await (const connection of listener) {
      expect(await greeting(connection)).to.equal("c");
      break;
    }
    expect(await greeting(listener.tryReceive()?.value as Connection)).to.equal("d");
    const selected = await select({ connection: listener.receiving(), other: chan<never>().receiving() });
    expect(await greeting(selected.value)).to.equal("e");
  });

  it("N-71 (b) a receive that is given up takes no client: the next one gets it", async () => {
    const listener = await listenerAt();
    const controller = new AbortController();
    const waiting = rejectionOf(listener.receive({ signal: controller.signal }));
    await settle();
    controller.abort("enough");
    expect(await waiting).to.equal("enough");
    const other = chan<number>(1);
    await other.send(1);
    expect((await select({ connection: listener.receiving(), other: other.receiving() })).case).to.equal("other");
    await client(listener.port);
    kept(await listener.receive());
  });

  it("N-72 shutdown with waiting and accepted clients: the former are destroyed, the latter live on, loops end (listener.ts 4)", async () => {
    const listener = await listenerAt();
    const first = await client(listener.port);
    const accepted = kept(await listener.receive());
    const second = await client(listener.port);
    const blocked = chan<string>(2);
    const waitingClosed = once(second, "close");
    second.resume();
    second.on("end", () => second.end());
    await settle();
    expect(listener.statistics.pending).to.equal(1);
    await listener.shutdown();
    await waitingClosed;
    for await (const _ of listener) blocked.trySend("nobody");
    expect(blocked.tryReceive()).to.equal(undefined);
    expect(await rejectionOf(listener.receive())).to.be.instanceOf(ClosedError).with.property("message").that.contains("listener on 127.0.0.1:");
    await write(first, "still here\n");
    expect(await accepted.readLine()).to.equal("still here");
    await accepted.send("yes");
    expect(await received(first, 3)).to.equal("yes");
    await listener.shutdown();
    expect(listener.cancel()).to.equal(false);
    expect(await rejectionOf(dial(`127.0.0.1:${listener.port}`))).to.have.property("code", "ECONNREFUSED");
  });

  it("N-72 (b) shutdown wakes tasks that wait for a client; the port is free when it has fulfilled", async () => {
    const listener = await listenerAt();
    const loop = (async () => { for await (const _ of listener) expect.fail("nobody came"); })();
    const receiving = rejectionOf(listener.receive());
    await settle();
    await listener.shutdown();
    await loop;
    expect(await receiving).to.be.instanceOf(ClosedError);
    await listenerAt({ host: "127.0.0.1", port: listener.port });
  });

  it("N-72 (c) await using shuts down", async () => {
    let port: number;
    {
      await using listener = await listen("127.0.0.1:0");
      port = listener.address.port as number;
    }
    expect(await rejectionOf(dial(`127.0.0.1:${port}`))).to.have.property("code", "ECONNREFUSED");
  });

  it("N-73 one client more than maxPending is reset and counted; the waiting clients are received all the same (listener.ts 2)", async () => {
    const listener = await listenerAt({ host: "127.0.0.1", port: 0, maxPending: 2 });
    const peers = [await client(listener.port), await client(listener.port)];
    await settle();
    expect(await turnedAway(listener.port)).to.equal("ECONNRESET");
    expect(listener.statistics).to.deep.equal({ received: 0, pending: 2, dropped: 1, failed: 0 });
    for (const peer of peers) {
      const connection = kept(await listener.receive());
      await connection.send("hello");
      expect(await received(peer, 5)).to.equal("hello");
    }
    await client(listener.port);
    kept(await listener.receive());
  });

  it("N-73 (b) a client that leaves while it waits is received, with the bytes that it sent and its end or error", async () => {
    const listener = await listenerAt();
    const peer = await client(listener.port);
    await write(peer, "bye");
    await settle();
    peer.resetAndDestroy();
    await settle();
    const connection = kept(await listener.receive());
    expect(text(await connection.readExactly(3))).to.equal("bye");
    const end = await connection.next().catch((error: unknown) => error); // which of the two is the platform's choice
    if (end instanceof Error) expect(end).to.be.instanceOf(ConnectionError).with.property("code", "ECONNRESET");
    else expect(end).to.deep.equal({ done: true, value: undefined });
  });

  it("N-76 a stale socket file: EADDRINUSE, and with unlinkStale it is removed; a live owner keeps it (listen.ts 2)", async () => {
    const path = socketPath();
    const first = await listenerAt({ path: `${path}1` });
    linkSync(`${path}1`, path); // it outlives its listener, as after a crash
    await first.shutdown();
    expect(existsSync(path)).to.equal(true);
    expect(await rejectionOf(listen(`unix:${path}`))).to.have.property("code", "EADDRINUSE");
    const second = await listenerAt({ path, unlinkStale: true });
    expect(second.address).to.deep.equal({ path });
    const ours = await dialed({ path });
    const theirs = kept(await second.receive());
    expect(theirs.local).to.deep.equal({ path });
    await ours.send("hi\n");
    expect(await theirs.readLine()).to.equal("hi");
    expect(await rejectionOf(listen({ path, unlinkStale: true }))).to.have.property("code", "EADDRINUSE");
    await dialed({ path });
    kept(await second.receive()); // the probe of the one that failed
    await second.shutdown();
    expect(existsSync(path)).to.equal(false);
    await listenerAt({ path, unlinkStale: true });
  });

  it("N-77 a listen that is aborted leaves nothing (listen.ts 1)", async () => {
    const signal = AbortSignal.abort("no");
    expect(await rejectionOf(listen("127.0.0.1:0", { signal }))).to.equal("no");
    const controller = new AbortController();
    const late = rejectionOf(listen({ host: "localhost", port: 0 }, { signal: controller.signal })); // its name is to be resolved
    controller.abort("enough");
    expect(await late).to.equal("enough");
    // The name is resolved on a thread: its result comes before that of a later request.
    await listenerAt({ host: "localhost", port: 0 }).then((listener) => listener.shutdown());
    await settle();
    expect(listening()).to.equal(0);
  });

  it("N-81 (d) bad addresses and options are refused, at the call, by their name", async () => {
    const bad: [unknown, typeof TypeError | typeof RangeError, string][] = [
      [undefined, TypeError, "listen takes"], ["host", TypeError, '"host"'], ["tls://host:1", TypeError, "certificate"],
      ["host:65536", RangeError, "65536"], [{}, TypeError, "port"], [{ port: -1 }, RangeError, "-1"], [{ host: "a b", port: 0 }, TypeError, "a b"],
      [{ path: "/a", port: 1 }, TypeError, "not both"], [{ port: 0, tls: true }, TypeError, "tls of listen"],
      [{ port: 0, maxPending: 0 }, RangeError, "maxPending"], [{ port: 0, backlog: 1.5 }, RangeError, "backlog"],
      [{ port: 0, onError: 1 }, TypeError, "onError"], [{ port: 0, readBuffer: 0 }, RangeError, "readBuffer"],
    ];
    for (const [address, kind, what] of bad) {
      expect(await rejectionOf(listen(address as never)), what).to.be.instanceOf(kind).with.property("message").that.contains(what);
    }
  });

  it("N-81 (d) a certificate that is none is refused, at the call", async () => {
    const error = await rejectionOf(listen({ host: "127.0.0.1", port: 0, tls: { cert: "no certificate", key: "no key" } }));
    expect(error).to.have.property("code").that.matches(/^ERR_OSSL/);
  });

  it("N-66 (d) with tls clients are secured before they are received; a failed handshake is reported, and the next client is fine", async () => {
    const failures: ConnectionError[] = [];
    const listener = await listenerAt({
      host: "127.0.0.1", port: 0, tls: { ...certificate, ALPNProtocols: ["ours"] }, onError: (error) => failures.push(error),
    });
    const untrusting = await rejectionOf(dial(`tls://127.0.0.1:${listener.port}`));
    expect(untrusting).to.have.property("code", "DEPTH_ZERO_SELF_SIGNED_CERT");
    const plain = await client(listener.port);
    plain.end("this is no TLS\n\n\n");
    await receivedToEnd(plain);
    const gone = await client(listener.port);
    gone.destroy();
    const ours = await dialed({ host: "127.0.0.1", port: listener.port, tls: { ca: certificate.cert, ALPNProtocols: ["ours"] } });
    const theirs = kept(await listener.receive());
    expect(theirs.tls).to.deep.include({ protocol: "TLSv1.3", alpn: "ours" });
    expect(theirs.remote).to.deep.equal(ours.local);
    await theirs.send("secret");
    expect(text(await ours.readExactly(6))).to.equal("secret");
    await settle();
    expect(failures).to.have.length(3);
    for (const failure of failures) expect(failure.message).to.contain("handshake of TLS").and.contain(`127.0.0.1:${listener.port}`);
    expect(listener.statistics).to.deep.include({ received: 1, pending: 0, failed: 3 });
  });

  it("N-66 (e) clients in the handshake count as waiting, and go with the shutdown", async () => {
    const listener = await listenerAt({ host: "127.0.0.1", port: 0, maxPending: 2, tls: certificate });
    const silent = [await client(listener.port), await client(listener.port)];
    await settle();
    expect(listener.statistics.pending).to.equal(2);
    expect(await turnedAway(listener.port)).to.equal("ECONNRESET");
    silent[0]?.destroy();
    await settle();
    const socket = connectTls({ host: "127.0.0.1", port: listener.port, ca: certificate.cert });
    const ended = once(socket, "close");
    socket.resume();
    await once(socket, "secureConnect");
    const closed = once(silent[1] as NodeJS.EventEmitter, "close");
    silent[1]?.on("end", () => silent[1]?.end()).resume();
    const connection = kept(await listener.receive());
    await listener.shutdown();
    await closed;
    connection.destroy();
    await ended;
  });

  /** A listener that is out of file descriptors, and later is not. `poor`: what the client gets that comes meanwhile, `free` lets go of all of them. */
  async function outOfDescriptors(meanwhile: (poor: Promise<string>, free: () => Promise<void>) => Promise<void>): Promise<void> {
    const program = bundle(`
      import { openSync, closeSync } from "node:fs";
      import { listen } from "./net/index.ts";
      const listener = await listen("127.0.0.1:0");
      const files: number[] = [];
      const told = () => new Promise((resolve) => process.stdin.once("data", resolve));
      void (async () => {
        for await (const connection of listener) {
          await connection.send("hello").catch(() => undefined);
          await connection.shutdown();
          console.log("served"); // and its descriptor is free again
        }
      })();
      console.log(listener.address.port);
      await told();
      for (;;) try { files.push(openSync("/dev/null", "r")); } catch (error) { console.log((error as { code: string }).code); break; }
      await told();
      for (const file of files) closeSync(file);
      console.log("free");
      await told();
      process.exit();
    `);
    const file = `${socketPath()}.mjs`; // as an argument it would be too long
    writeFileSync(file, program);
    const child = spawn("sh", ["-c", 'ulimit -n 64; exec "$0" "$@"', process.execPath, ...fileArguments(file)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const line = async (): Promise<unknown> => (await lines.next()).value;
    const tell = (): boolean => child.stdin.write("go on\n");
    const port = Number(await line());
    const allOf = async (peer: Socket): Promise<string> => {
      const all = await receivedToEnd(peer);
      peer.destroy();
      return all;
    };
    const served = async (): Promise<string> => allOf(await client(port));
    expect(await served()).to.equal("hello");
    expect(await line()).to.equal("served");
    tell();
    expect(await line()).to.equal("EMFILE");
    const poor = await client(port); // by the kernel, which needs nobody to accept
    await meanwhile(allOf(poor), async () => {
      tell();
      expect(await line()).to.equal("free");
    });
    expect(await served()).to.equal("hello");
    tell();
    await once(child, "close");
  }

  it("N-80 out of file descriptors the listener survives, and accepts again later", async function () {
    this.timeout(20_000);
    await outOfDescriptors(async (poor, free) => {
      await free();
      expect(await poor).to.be.oneOf(["", "hello"]); // turned away, or left to wait by the kernel
    });
  });

  it("N-80 (c) a client that comes meanwhile is turned away at once", async function () {
    this.timeout(20_000);
    await outOfDescriptors(async (poor, free) => {
      expect(await poor).to.equal("");
      await free();
    });
  });

  it("N-80 (b) a failure to accept goes to onError, with its name, and is counted (listener.ts 3)", async () => {
    const failures: ConnectionError[] = [];
    const { SocketListener } = await import("../../../src/net/listener.ts");
    const { checkedConnectionOptions } = await import("../../../src/net/connection.ts");
    const { server, port } = await serverOf(() => undefined);
    server.removeAllListeners("connection");
    const settings = { connection: checkedConnectionOptions({}), maxPending: 1, tls: undefined, onError: (error: ConnectionError) => failures.push(error) };
    const listener = new SocketListener(server, settings);
    server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE", syscall: "accept" }));
    expect(failures).to.deep.equal([]); // in a turn of its own
    await settle();
    expect(failures.map(({ code, message }) => [code, message])).to.deep.equal([
      ["EMFILE", `listener on 127.0.0.1:${port} could not accept a client: EMFILE (accept EMFILE)`],
    ]);
    const receiving = listener.receive();
    expect(await isPending(receiving)).to.equal(true);
    expect(listener.statistics.failed).to.equal(1);
    await client(port);
    kept(await receiving);
    await listener.shutdown();
  });
});
