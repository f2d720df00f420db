/** The edges of a connection: where one is made, given up, or ends in the middle of something. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { linkSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type LookupFunction, type Socket } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { TLSSocket } from "node:tls";
import { expect } from "chai";
import sinon from "sinon";
import { go, scope } from "../../../src/node.ts";
import { bubble, memoryNet } from "../../../src/testing/index.ts";
import { ConnectionError, dial, listen, serve, type Connection, type Listener } from "../../../src/net/index.ts";
import { dialOver } from "../../../src/net/dial.ts";
import { platform } from "../../../src/net/platform.ts";
import { certificateFor } from "../../unit/net/support/certificate.ts";
import { client, closedPort, dialed, hangUp, kept, listenerAt, once, serverOf, socketPath } from "../../unit/net/support/peers.ts";
import { textArguments } from "../../support/runtime.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

const certificate = certificateFor("localhost", "127.0.0.1");

describe("the edges of connections", () => {
  const children: ChildProcess[] = [];

  const sockets = new Set<Socket>();

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await Promise.all(children.splice(0).map((child) => {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      return closed;
    }));
    await hangUp();
  });

  /** A Unix socket on which nothing listens any more, as after a crash. */
  async function staleSocket(): Promise<string> {
    const path = socketPath();
    const listener = await listenerAt({ path: `${path}1` });
    linkSync(`${path}1`, path);
    await listener.shutdown();
    return path;
  }

  describe("Unix sockets that are stale", () => {
    it("NF-01 a regular file, a fifo, a symlink stay, and so does what a link points to (stale.ts 1)", async () => {
      const things: Record<string, (path: string) => Promise<void>> = {
        "a regular file": async (path) => { writeFileSync(path, "precious"); },
        "a fifo": async (path) => { execFileSync("mkfifo", [path]); },
        "a link to a file": async (path) => {
          writeFileSync(`${path}.target`, "precious");
          symlinkSync(`${path}.target`, path);
        },
        "a link to a stale socket": async (path) => { symlinkSync(await staleSocket(), path); },
        "a link to nothing": async (path) => { symlinkSync(`${path}.nothing`, path); },
      };
      for (const [thing, make] of Object.entries(things)) {
        const path = socketPath();
        await make(path);
        const before = lstatSync(path);
        const others = readdirSync(dirname(path));
        expect(await rejectionOf(listen({ path, unlinkStale: true })), thing).to.be.instanceOf(ConnectionError).with.property("code", "EADDRINUSE");
        expect([lstatSync(path).ino, lstatSync(path).mode], thing).to.deep.equal([before.ino, before.mode]);
        expect(readdirSync(dirname(path)), thing).to.deep.equal(others);
        if (thing === "a regular file") expect(readFileSync(path, "utf8")).to.equal("precious");
      }
    });

    it("NF-02 of several starts over one stale socket exactly one listens, in one process, and nothing else is left in the folder (stale.ts 2)", async () => {
      for (let round = 0; round < 20; round++) {
        const path = await staleSocket();
        const starts = await Promise.allSettled(Array.from({ length: 5 }, () => listenerAt({ path, unlinkStale: true })));
        const errors = starts.flatMap((start) => (start.status === "rejected" ? [start.reason as ConnectionError] : []));
        expect(errors.map(({ code }) => code)).to.deep.equal(Array(4).fill("EADDRINUSE"));
        expect(readdirSync(dirname(path))).to.deep.equal(["socket"]);
        await dialed({ path });
      }
    });

    it("NF-02 (b) of several processes, fifty times", async () => {
      const program = `
        import { listen } from "rendezvous/net";
        import { createInterface } from "node:readline";
        for await (const path of createInterface({ input: process.stdin })) {
          const outcome = await listen({ path, unlinkStale: true }).then(() => "listens", ({ code }) => code);
          console.log(outcome);
        }`;
      const starts = Array.from({ length: 3 }, () => {
        const child = spawn(process.execPath, textArguments(program), { stdio: ["pipe", "pipe", "inherit"] });
        children.push(child);
        return { child, outcomes: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
      });
      for (let round = 0; round < 50; round++) {
        const path = await staleSocket();
        for (const { child } of starts) child.stdin.write(`${path}\n`);
        const outcomes = await Promise.all(starts.map(async ({ outcomes: lines }) => (await lines.next()).value as string));
        expect(outcomes.sort(), `round ${round}`).to.deep.equal(["EADDRINUSE", "EADDRINUSE", "listens"]);
        expect(readdirSync(dirname(path))).to.deep.equal(["socket"]);
        const connection = connect({ path });
        await new Promise((resolve, reject) => connection.once("connect", resolve).once("error", reject));
        connection.destroy();
      }
    }).timeout(20_000);
  });

  describe("listeners with TLS", () => {
    for (const unix of [false, true]) {
      const where = unix ? "a Unix path" : "TCP";
      const place = (): { path: string } | { host: string; port: number } => (unix ? { path: socketPath() } : { host: "127.0.0.1", port: 0 });
      const begun = (at: { path: string } | object, port: number): Socket => {
        const socket = connect("path" in at ? at : { host: "127.0.0.1", port });
        sockets.add(socket);
        return socket.on("error", () => undefined);
      };
      const silent = async (at: { path: string } | object, port: number): Promise<Socket> => {
        const socket = begun(at, port);
        await once(socket, "connect");
        return socket;
      };

      it(`NF-03 on ${where} clients in the handshake are counted one by one: maxPending, dropped, shutdown hold (handshakes.ts 2)`, async () => {
        const at = place();
        const listener = await listenerAt({ ...at, tls: certificate, maxPending: 3 });
        const first = await Promise.all([1, 2, 3].map(() => silent(at, listener.port)));
        for (let turns = 0; turns < 20 && listener.statistics.pending < 3; turns++) await settle();
        expect(listener.statistics).to.include({ pending: 3, dropped: 0 });
        await Promise.all([1, 2].map(() => once(begun(at, listener.port).resume(), "close"))); // perhaps before it knows that it is connected
        expect(listener.statistics).to.include({ pending: 3, dropped: 2 });
        const closed = Promise.all(first.map((socket) => once(socket.resume(), "close")));
        await listener.shutdown();
        await closed;
        expect(listener.statistics).to.include({ pending: 0 });
      });

      it(`NF-04 on ${where} a client that is late in its handshake is destroyed, whatever comes from it, and the next one gets its place (handshakes.ts 1)`, async () => {
        const clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
        try {
          const at = place();
          const failures: string[] = [];
          const tls = { ...certificate, handshakeTimeout: 1000 };
          const listener = await listenerAt({ ...at, tls, maxPending: 2, onError: (error) => failures.push(error.code) });
          const late = await Promise.all([1, 2].map(() => silent(at, listener.port)));
          for (let turns = 0; turns < 20 && listener.statistics.pending < 2; turns++) await settle();
          const gone = Promise.all(late.map((socket) => once(socket.resume(), "close")));
          clock.tick(600);
          late[0]?.write(Uint8Array.of(22, 3, 1, 2, 0, 1)); // the beginning of a hello
          await settle();
          clock.tick(399);
          expect(listener.statistics.pending).to.equal(2);
          clock.tick(1);
          await gone;
          expect(listener.statistics).to.include({ pending: 0, failed: 2 });
          await settle();
          expect(failures).to.deep.equal(Array(2).fill("ERR_TLS_HANDSHAKE_TIMEOUT"));
          const ours = dialed({ ...("path" in at ? at : { host: "127.0.0.1", port: listener.port }), tls: { ca: certificate.cert } });
          const theirs = kept(await listener.receive());
          await (await ours).send("in time\n");
          expect(await theirs.readLine()).to.equal("in time");
        } finally {
          clock.restore();
        }
      });
    }

    for (const unix of [false, true]) {
      it(`NF-03 (b) on ${unix ? "a Unix path" : "TCP"} where the platform does not tell what a secured socket runs over, the client that is secure is known among those that are not`, async () => {
        // As on a platform that keeps it elsewhere: the platform finds it, the library does not.
        const parents = new Map<object, unknown>();
        Object.defineProperty(TLSSocket.prototype, "_parent", {
          configurable: true,
          get(this: object) { return /\bhandshakes\b/.test(new Error().stack ?? "") ? undefined : (parents.get(this) ?? null); },
          set(this: object, parent: unknown) { parents.set(this, parent); },
        });
        try {
          const at = unix ? { path: socketPath() } : { host: "127.0.0.1", port: 0 };
          const listener = await listenerAt({ ...at, tls: certificate });
          const to = "path" in at ? at : { host: "127.0.0.1", port: listener.port };
          const silent = [1, 2, 3].map(() => connect(to).on("error", () => undefined));
          for (const socket of silent) sockets.add(socket);
          while (listener.statistics.pending < 3) await settle();
          silent[0]?.write(Uint8Array.of(22, 3, 1, 2, 0, 1)); // the beginning of a hello
          await settle();
          const ours = await dialed({ ...to, tls: { ca: certificate.cert } });
          const theirs = kept(await listener.receive());
          expect(listener.statistics.pending).to.equal(3);
          const gone = Promise.all(silent.map((socket) => once(socket.resume(), "close")));
          await listener.shutdown();
          await gone; // the silent ones, and not the plain socket below the one that was accepted
          await ours.send("still here\n");
          expect(await theirs.readLine()).to.equal("still here");
        } finally {
          Reflect.deleteProperty(TLSSocket.prototype, "_parent");
          for (const [socket, parent] of parents) Object.assign(socket, { _parent: parent });
        }
      });
    }

    it("NF-04 (b) 4,096 clients that are silent do not keep the next one out once their time is over", async () => {
      const clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
      try {
        const listener = await listenerAt({ host: "127.0.0.1", port: 0, tls: { ...certificate, handshakeTimeout: 5000 } });
        for (let some = 0; some < 4096; some += 256) {
          await Promise.all(Array.from({ length: 256 }, async () => {
            const socket = connect({ host: "127.0.0.1", port: listener.port });
            sockets.add(socket);
            socket.on("error", () => undefined).resume();
            await once(socket, "connect");
          }));
        }
        while (listener.statistics.pending < 4096) await settle();
        expect(listener.statistics.pending).to.equal(4096);
        clock.tick(5000);
        expect(listener.statistics).to.include({ pending: 0, failed: 4096 });
        const ours = dialed({ host: "127.0.0.1", port: listener.port, tls: { ca: certificate.cert } });
        kept(await listener.receive());
        await ours;
      } finally {
        clock.restore();
      }
    }).timeout(60_000);
  });

  describe("serving", () => {
    it("NF-09 (c) a handler that throws anything, undefined too, ends in a reset: a cut body does not look whole", async () => {
      for (const thrown of [new Error("broken"), "text", undefined]) {
        const listener = await listenerAt();
        const told: unknown[] = [];
        const serving = serve(listener, async (connection) => {
          await connection.send("half a body");
          await connection.readLine();
          throw thrown;
        }, { onError: (error) => told.push(error) });
        const ours = await dialed(`127.0.0.1:${listener.port}`);
        expect((await ours.readExactly(11)).byteLength).to.equal(11);
        await ours.send("go on\n");
        expect(await rejectionOf(ours.receive())).to.be.instanceOf(ConnectionError).with.property("code", "ECONNRESET");
        await listener.shutdown();
        await serving;
        expect(told).to.deep.equal([thrown]);
      }
    });
  });

  describe("virtual time", () => {
    const pairIn = async (): Promise<{ ours: Connection; theirs: Connection; listener: Listener }> => {
      const { dial: dialInMemory, listen: listenInMemory } = memoryNet({ latency: 50 });
      const listener = await listenInMemory("server:1");
      const [ours, theirs] = await Promise.all([dialInMemory("server:1"), listener.receive()]);
      return { ours, theirs, listener };
    };
    const programs: Record<string, () => Promise<void>> = {
      "shutdown of one side, then of the other": async () => {
        const { ours, theirs, listener } = await pairIn();
        theirs.close();
        await ours.shutdown();
        await theirs.shutdown();
        await listener.shutdown();
      },
      "shutdown of one side alone, bounded by linger": async () => {
        const { ours, theirs, listener } = await pairIn();
        await ours.shutdown();
        theirs.destroy();
        await listener.shutdown();
      },
      "ended, in main and in a task": async () => {
        const { ours, theirs, listener } = await pairIn();
        const task = go(async () => { await ours.ended; });
        ours.close();
        theirs.close();
        await theirs.ended;
        await task;
        await listener.shutdown();
      },
      "a scope that uses both": () => scope(async (s) => {
        const { ours, theirs, listener } = await pairIn();
        s.use(listener);
        s.use(ours);
        s.use(theirs);
      }),
    };
    for (const [what, program] of Object.entries(programs)) {
      it(`NF-13 ${what} settles in virtual time`, () => bubble(program));
    }
  });

  describe("dialling", () => {
    it("NF-08 a socket that has connected to itself has reached nobody: refused (attempts.ts 4)", async () => {
      const port = await closedPort();
      const ofThatPort = {
        ...platform,
        connect: (to: Parameters<typeof platform.connect>[0]) => platform.connect({ ...to, localAddress: "127.0.0.1", localPort: port } as typeof to),
      };
      const error = await rejectionOf(dialOver(ofThatPort, { host: "127.0.0.1", port }));
      expect(error).to.be.instanceOf(ConnectionError).with.property("code", "ECONNREFUSED");
      expect(error).to.have.property("message", `dial 127.0.0.1:${port} has failed: ECONNREFUSED 127.0.0.1:${port}`);
    });

    it("NF-11 a lookup may answer with null, with one object, with a string, with what is none: found, or ENOTFOUND", async () => {
      const { port } = await serverOf((socket) => socket.resume());
      const answers = (answer: unknown): LookupFunction => (_host, _options, found) => { found(null, answer as never); };
      for (const answer of [{ address: "127.0.0.1", family: 4 }, "127.0.0.1", [{ address: "127.0.0.1" }], [null, { address: "127.0.0.1" }]]) {
        await dialed({ host: "name.example", port, lookup: answers(answer) });
      }
      for (const answer of [null, undefined, [], [null], {}, "", 7, [{ address: "nowhere" }]]) {
        const error = await rejectionOf(dial({ host: "name.example", port, lookup: answers(answer) }));
        expect(error, JSON.stringify(answer)).to.be.instanceOf(ConnectionError).with.property("code", "ENOTFOUND");
        expect(error).to.have.property("message").that.contains("the lookup of name.example gave no IP address");
      }
    });

    it("NF-12 the dot behind a complete name is neither asked for nor checked in the handshake of TLS", async () => {
      const listener = await listenerAt({ host: "127.0.0.1", port: 0, tls: certificate });
      const lookup: LookupFunction = (_host, _options, found) => { found(null, [{ address: "127.0.0.1", family: 4 }]); };
      const ours = await dialed({ host: "localhost.", port: listener.port, lookup, tls: { ca: certificate.cert } });
      expect(ours.tls).to.deep.include({ authorized: true, servername: "localhost" });
      expect(kept(await listener.receive()).tls).to.include({ servername: "localhost" });
    });

    it("NF-12 (b) an IPv4 client of a listener at every address is told by its IPv4 address", async function () {
      const listener = await listenerAt({ port: 0 });
      if (listener.address.family !== 6) this.skip(); // this machine has no IPv6
      await client(listener.port);
      const { remote, local } = kept(await listener.receive());
      expect(remote).to.deep.include({ host: "127.0.0.1", family: 4 });
      expect(local).to.deep.equal({ host: "127.0.0.1", port: listener.port, family: 4 });
    });
  });
});
