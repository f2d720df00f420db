/** TLS: trust, the result of the handshake, and handshakes that fail. */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { expect } from "chai";
import { TimeoutError } from "../../../src/index.ts";
import { ConnectionError, dial, dialing, IncompleteReadError } from "../../../src/net/index.ts";
import { certificateFor } from "../../unit/net/support/certificate.ts";
import { leavesNothing } from "../../unit/net/support/clean-end.ts";
import { client, connecting, dialed, once, receivedToEnd, secureServerOf, serverOf, socketPath, text } from "../../unit/net/support/peers.ts";
import { outputOf } from "../../support/real-peers.ts";
import { textArguments } from "../../support/runtime.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

const certificate = certificateFor("localhost", "127.0.0.1");
const { cert: ca } = certificate;

describe("TLS", () => {
  const fake = leavesNothing(connecting);

  /** A plain server, and the first socket that it accepts, once that has said something. */
  async function silent(): Promise<{ port: number; hello: Promise<Socket> }> {
    let heard: (socket: Socket) => void = () => undefined;
    const hello = new Promise<Socket>((resolve) => { heard = resolve; });
    const { port } = await serverOf((socket) => {
      socket.once("data", () => { heard(socket); });
      socket.resume();
    });
    return { port, hello };
  }

  it("N-66 bytes pass both ways, by name and by IP address, and each half closes by itself", async () => {
    const { port } = await secureServerOf(certificate, (socket) => socket.pipe(socket));
    for (const host of ["localhost", "127.0.0.1"]) {
      const connection = await dialed({ host, port, family: 4, tls: { ca } });
      await connection.send("hi\n");
      expect(await connection.readLine()).to.equal("hi");
      expect(connection.remote).to.deep.equal({ host: "127.0.0.1", port, family: 4 });
      await connection.send("last");
      await connection.closeWrite();
      expect(text(await connection.readExactly(4))).to.equal("last");
      expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
      await connection.ended;
    }
  });

  it("N-66 (b) `tls` has the result of the handshake; without TLS there is none", async () => {
    const { port } = await secureServerOf({ ...certificate, ALPNProtocols: ["first", "second"] }, (socket) => socket.end());
    const connection = await dialed({ host: "localhost", port, family: 4, tls: { ca, ALPNProtocols: ["other", "second"] } });
    expect(connection.tls).to.deep.equal({ protocol: "TLSv1.3", alpn: "second", authorized: true, servername: "localhost" });
    const plain = await serverOf((socket) => socket.end());
    expect((await dialed({ host: "127.0.0.1", port: plain.port })).tls).to.equal(undefined);
  });

  it("N-66 (c) the servername is sent for a name, not for an IP address, and may be another one", async () => {
    const asked: unknown[] = [];
    const { port } = await secureServerOf(certificateFor("elsewhere"), (socket) => {
      const { servername } = socket as Socket & { servername?: unknown };
      asked.push(servername === false || servername === null ? "none" : servername); // as Node says it, and Deno
      socket.end();
    });
    const insecure = { rejectUnauthorized: false };
    await dialed({ host: "localhost", port, family: 4, tls: insecure });
    const byAddress = await dialed({ host: "127.0.0.1", port, tls: insecure });
    await dialed({ host: "127.0.0.1", port, tls: { ...insecure, servername: "elsewhere" } });
    await settle();
    expect(asked).to.deep.equal(["localhost", "none", "elsewhere"]);
    expect(byAddress.tls).to.deep.include({ authorized: false, servername: undefined });
  });

  it("N-64 a self-signed certificate, a wrong name, and a peer without TLS each have their code, and leave no socket (secure.ts 1)", async () => {
    const secure = await secureServerOf(certificateFor("localhost"), (socket) => socket.end());
    const trusted = await secureServerOf(certificate, (socket) => socket.end());
    const plain = await serverOf((socket) => socket.end("this is no TLS\n"));
    for (const [address, code] of [
      [`tls://localhost:${secure.port}`, "DEPTH_ZERO_SELF_SIGNED_CERT"],
      [{ host: "localhost", port: trusted.port, tls: { ca, servername: "elsewhere" } }, "ERR_TLS_CERT_ALTNAME_INVALID"],
      [{ host: "127.0.0.1", port: plain.port, tls: true }, "ERR_SSL_WRONG_VERSION_NUMBER"],
    ] as const) {
      const error = (await rejectionOf(dial(address))) as ConnectionError;
      expect(error).to.be.instanceOf(ConnectionError);
      expect(error).to.deep.include({ code, phase: "tls" });
      expect(error.message).to.match(/^dial tls:\/\/.* has failed in the handshake of TLS: /).and.contain(`${code} 127.0.0.1:`);
      expect((error.cause as NodeJS.ErrnoException).code).to.equal(code);
    }
  });

  it("N-64 (b) options that TLS itself refuses are the dial's error, and leave no socket", async () => {
    const { port } = await serverOf((socket) => socket.end());
    const error = await rejectionOf(dial({ host: "127.0.0.1", port, tls: { minVersion: "TLSv9" as "TLSv1.3" } }));
    expect(error).to.have.property("code", "ERR_TLS_INVALID_PROTOCOL_VERSION");
    for (const tls of [1, "yes", null]) expect(() => dialing({ port, tls: tls as never })).to.throw(TypeError, "tls is true");
  });

  it("N-65 the peer drops during the handshake, by a reset or by an end: ECONNRESET in the phase tls (secure.ts 2)", async () => {
    for (const way of ["reset", "end", "destroy"] as const) {
      const { port } = await serverOf((socket) => {
        if (way === "reset") socket.once("data", () => socket.resetAndDestroy());
        if (way === "end") socket.end();
        if (way === "destroy") socket.once("data", () => socket.destroy());
        socket.resume();
      });
      const error = (await rejectionOf(dial(`tls://127.0.0.1:${port}`))) as ConnectionError;
      expect(error, way).to.be.instanceOf(ConnectionError);
      expect(error, way).to.deep.include({ code: "ECONNRESET", phase: "tls" });
    }
  });

  it("N-14 (e) abort during the handshake: rejects, and the server sees the end", async () => {
    const { port, hello } = await silent();
    const controller = new AbortController();
    const dialling = dial(`tls://127.0.0.1:${port}`, { signal: controller.signal });
    const outcome = rejectionOf(dialling);
    const peer = await hello;
    expect(await isPending(dialling)).to.equal(true);
    const closed = once(peer, "close");
    peer.on("end", () => peer.end());
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await outcome).to.equal(reason);
    await closed;
  });

  it("N-16 (e) the timeout covers the handshake, names that phase, and leaves no socket", async () => {
    const { port, hello } = await silent();
    const frozen = fake();
    const dialling = dial({ host: "127.0.0.1", port, tls: true, timeout: 50 });
    const outcome = rejectionOf(dialling);
    const peer = await hello;
    await frozen.tickAsync(49);
    expect(await isPending(dialling)).to.equal(true);
    await frozen.tickAsync(1);
    const error = (await outcome) as TimeoutError;
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error.message).to.equal(`dial tls://127.0.0.1:${port} timed out after 50 ms in the phase "tls" (127.0.0.1:${port})`);
    expect(await receivedToEnd(peer)).to.equal("");
    expect(frozen.countTimers()).to.equal(0);
  });

  it("a reset in the middle of a line comes after the bytes before it", async () => {
    let reset = (): void => undefined;
    const { port } = await secureServerOf(certificate, (socket, plain) => {
      reset = () => void plain.resetAndDestroy();
      socket.write("line\nhal");
    });
    const connection = await dialed({ host: "127.0.0.1", port, tls: { ca } });
    expect(await connection.readLine()).to.equal("line");
    const reading = rejectionOf(connection.readLine());
    await settle();
    reset();
    expect(await reading).to.be.instanceOf(ConnectionError).with.property("code", "ECONNRESET");
    expect(text(await connection.receive())).to.equal("hal");
    expect(await rejectionOf(connection.receive())).to.equal(await reading);
    await connection.ended;
  });

  it("TLS that is cut off in the middle of a record is the end; a read of more bytes fails with what is missing", async () => {
    const secure = await secureServerOf(certificate, (socket) => socket.write("line\nhal"));
    // Not every platform lets one write below a TLS socket; a relay can add any bytes.
    const relayed: Socket[] = [];
    const { port } = await serverOf((near) => {
      relayed.push(near);
      void client(secure.port).then((far) => near.pipe(far).pipe(near, { end: false }));
    });
    const connection = await dialed({ host: "127.0.0.1", port, tls: { ca } });
    expect(await connection.readLine()).to.equal("line");
    const reading = rejectionOf(connection.readExactly(10));
    await settle();
    // The beginning of a record of 200 bytes, and no more.
    relayed[0]?.end(Buffer.from([23, 3, 3, 0, 200, 1, 2, 3]));
    const error = (await reading) as IncompleteReadError;
    expect(error).to.be.instanceOf(IncompleteReadError).with.property("expected", 10);
    expect(text(error.partial)).to.equal("hal");
    expect(await connection.next()).to.deep.equal({ done: true, value: undefined });
  });

  it("N-92 a connection may be reset in the turn in which its handshake ends, on either side: the process lives", async () => {
    const program = `
      import { dial, listen } from "rendezvous/net";
      const { cert, key } = ${JSON.stringify(certificate)};
      for (const unix of [false, true]) {
        const at = unix ? { path: process.argv.at(-1) } : { host: "127.0.0.1", port: 0 };
        const listener = await listen({ ...at, tls: { cert, key } });
        const to = unix ? at : { host: "127.0.0.1", port: listener.address.port };
        let how;
        const end = (connection) => { connection[how](how === "close" ? new Error("why") : "why"); return connection.ended; };
        const see = (connection) => connection.next().catch(() => undefined).then(() => { connection.destroy(); return connection.ended; });
        let theirs = see;
        const accepting = (async () => { for await (const connection of listener) await theirs(connection); })(); // none comes whose client was faster
        for (let round = 0; round < 30; round++) {
          how = ["reset", "destroy", "close"][round % 3];
          theirs = round % 2 === 0 ? end : see;
          await dial({ ...to, tls: { ca: cert } }).then(round % 2 === 0 ? see : end, () => undefined);
        }
        await listener.shutdown();
        await accepting;
      }
      console.log("lives");`;
    const child = spawn(process.execPath, [...textArguments(program), socketPath()], { stdio: ["ignore", "pipe", "inherit"] });
    expect(await outputOf(child)).to.equal("lives\n");
  });
});
