/** Peers that know nothing of this library: what others' servers and clients do at the edges. */
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { gather } from "../../../src/index.ts";
import { dial, serve, type Connection } from "../../../src/net/index.ts";
import { certificateFor } from "../../unit/net/support/certificate.ts";
import { dialed, hangUp, kept, listenerAt, secureServerOf, serverOf, text } from "../../unit/net/support/peers.ts";
import { endPeers, folderOf, freePort, itWith, lineOf, outputOf, peer } from "../../support/real-peers.ts";
import { settle } from "../../support/settle.ts";

const certificate = certificateFor("localhost", "127.0.0.1");

/** Both ways, each to its end. */
const splice = (one: Connection, other: Connection): Promise<unknown> => {
  const forward = async (from: Connection, to: Connection): Promise<void> => {
    for await (const chunk of from) await to.send(chunk);
    await to.closeWrite();
  };
  return gather([() => forward(one, other), () => forward(other, one)]);
};

describe("peers of others", () => {
  afterEach(async () => {
    await hangUp();
    await endPeers();
  });

  describe("a server that is full", () => {
    const full = "-ERR max number of clients reached";

    /** Clients that ask before they know that they are refused: the answer that each of them gets. */
    async function answers(port: number, clients: number): Promise<(string | undefined)[]> {
      const connections = await Promise.all(Array.from({ length: clients }, () => dialed({ host: "127.0.0.1", port })));
      return Promise.all(connections.map(async (connection) => {
        // Written before and after the server has gone: none of these failures may cost the answer.
        for (let tries = 0; tries < 5; tries++) {
          await connection.send("PING\r\n").catch(() => undefined);
          await settle();
        }
        return connection.readLine();
      }));
    }

    it("NF-07 (b) every refused client sees the answer, of a small server", async () => {
      let clients = 0;
      const { port } = await serverOf((socket: Socket) => {
        if (++clients > 10) socket.write(`${full}\r\n`, () => { socket.destroy(); }); // what the client has sent is not read: it sees a reset
        else socket.on("data", () => socket.write("+PONG\r\n")).resume();
      });
      const seen = await answers(port, 58);
      expect(seen.filter((line) => line === "+PONG")).to.have.length(10);
      expect(seen.filter((line) => line === full)).to.have.length(48);
    });

    itWith("redis-server", "NF-07 (c) every refused client sees the answer, of redis at maxclients", async () => {
      const port = await freePort();
      const redis = peer("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxclients", "10"]);
      await lineOf(redis, /Ready to accept connections/);
      const seen = await answers(port, 58);
      expect(seen.filter((line) => line === "+PONG")).to.have.length(10);
      expect(seen.filter((line) => line === full)).to.have.length(48);
    });
  });

  describe("STARTTLS", () => {
    /** A server of mail as far as TLS, and back to front from there. It starts TLS once the client's hello is here. */
    async function mailServer(): Promise<{ port: number; served: Promise<void> }> {
      const listener = await listenerAt();
      const serving = serve(listener, async (client) => {
        await client.send("220 mail.example ESMTP\r\n");
        expect(await client.readLine()).to.match(/^EHLO /);
        await client.send("250-mail.example\r\n250 STARTTLS\r\n");
        expect(await client.readLine()).to.equal("STARTTLS");
        await client.send("220 go ahead\r\n");
        while (client.statistics.buffered < 100) await settle();
        await client.startTls({ isServer: true, ...certificate });
        for await (const line of client.lines()) await client.send(`${[...line].reverse().join("")}\n`);
      }, { onError: (error) => { throw error; } });
      return { port: listener.port, served: serving };
    }

    /** Greets a server of mail, starts TLS, and has a line turned round. */
    async function asClient(port: number): Promise<string | undefined> {
      const ours = await dialed({ host: "127.0.0.1", port });
      expect(await ours.readLine()).to.match(/^220 /);
      await ours.send("EHLO client.example\r\n");
      while ((await ours.readLine())?.startsWith("250-") === true);
      await ours.send("STARTTLS\r\n");
      expect(await ours.readLine()).to.match(/^220 /);
      await ours.startTls({ ca: certificate.cert });
      expect(ours.tls).to.include({ authorized: true });
      await ours.send("a line\n");
      return ours.readLine();
    }

    it("both roles are ours; the hello has come before the server starts TLS, and is not lost", async () => {
      const { port } = await mailServer();
      expect(await asClient(port)).to.equal("enil a");
    });

    itWith("openssl", "the client is openssl s_client -starttls smtp, and its hello has come before the server starts TLS", async () => {
      const { port } = await mailServer();
      const authority = join(folderOf(), "cert.pem");
      writeFileSync(authority, certificate.cert);
      const client = peer("openssl", ["s_client", "-starttls", "smtp", "-connect", `127.0.0.1:${port}`, "-CAfile", authority, "-verify_return_error", "-quiet"]);
      const answered = lineOf(client, /^enil a$/);
      client.stdin?.write("a line\n");
      await answered;
    });

    itWith("openssl", "the server is openssl s_server, which has no -starttls of its own: the plaintext before it is a relay's", async () => {
      const folder = folderOf();
      writeFileSync(join(folder, "cert.pem"), certificate.cert);
      writeFileSync(join(folder, "key.pem"), certificate.key);
      const server = peer("openssl", ["s_server", "-accept", "127.0.0.1:0", "-cert", join(folder, "cert.pem"), "-key", join(folder, "key.pem"), "-rev"]);
      const [, port] = await lineOf(server, /^ACCEPT .*:(\d+)$/);
      const relay = await listenerAt();
      void serve(relay, async (client) => {
        await client.send("220 relay\r\n");
        await client.readLine();
        await client.send("250-relay\r\n250 STARTTLS\r\n");
        await client.readLine();
        const behind = kept(await dial({ host: "127.0.0.1", port: Number(port) }));
        await client.send("220 go ahead\r\n");
        await splice(client, behind);
      }, { onError: () => undefined });
      expect(await asClient(relay.port)).to.equal("enil a");
    });
  });

  describe("TLS through a SOCKS5 tunnel", () => {
    /** A proxy for names, made of the platform's sockets alone. */
    const proxy = (): Promise<{ port: number }> => serverOf((client) => {
      let rest = Buffer.alloc(0);
      let greeted = false;
      const onData = (chunk: Buffer): void => {
        rest = Buffer.concat([rest, chunk]);
        if (!greeted && rest.length >= 2 && rest.length >= 2 + (rest[1] ?? 0)) {
          rest = rest.subarray(2 + (rest[1] ?? 0));
          greeted = true;
          client.write(Uint8Array.of(5, 0));
        }
        if (!greeted || rest.length < 5 || rest.length < 7 + (rest[4] ?? 0)) return;
        const port = rest.readUInt16BE(5 + (rest[4] ?? 0));
        client.off("data", onData);
        client.pause();
        const target = connect({ host: "127.0.0.1", port }, () => {
          client.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
          client.pipe(target).pipe(client);
        }).on("error", () => { client.destroy(); });
        client.on("close", () => target.destroy());
      };
      client.on("data", onData).resume();
    });

    it("a client goes to a server with TLS through it, and the name is checked", async () => {
      const { port } = await secureServerOf(certificate, (socket) => {
        socket.on("data", (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
        socket.on("end", () => socket.end());
      });
      const ours = await dialed({ host: "127.0.0.1", port: (await proxy()).port });
      await ours.send(Uint8Array.of(5, 1, 0));
      expect([...(await ours.readExactly(2))]).to.deep.equal([5, 0]);
      const name = Buffer.from("localhost");
      await ours.send([Uint8Array.of(5, 1, 0, 3, name.length), name, Uint8Array.of(port >> 8, port & 255)]);
      expect((await ours.readExactly(10))[1]).to.equal(0);
      await ours.startTls({ servername: "localhost", ca: certificate.cert });
      expect(ours.tls).to.include({ authorized: true, servername: "localhost" });
      await ours.send("through\n");
      expect(await ours.readLine()).to.equal("THROUGH");
      await ours.closeWrite();
      expect(await ours.readLine()).to.equal(undefined);
    });

    itWith("curl", "curl goes through a proxy of ours, by http and by https", async () => {
      const listener = await listenerAt();
      void serve(listener, async (client) => {
        const [, methods = 0] = await client.readExactly(2);
        await client.readExactly(methods);
        await client.send(Uint8Array.of(5, 0));
        const [, , , , length = 0] = await client.readExactly(5);
        await client.readExactly(length);
        const [high = 0, low = 0] = await client.readExactly(2);
        const target = kept(await dial({ host: "127.0.0.1", port: high * 256 + low }));
        await client.send(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
        await splice(client, target);
      }, { onError: () => undefined });
      const page = "a page";
      const answer = (socket: Socket): void => {
        socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`));
        socket.resume();
      };
      const authority = join(folderOf(), "cert.pem");
      writeFileSync(authority, certificate.cert);
      for (const [scheme, { port }] of [["http", await serverOf(answer)], ["https", await secureServerOf(certificate, answer)]] as const) {
        const curl = peer("curl", ["-sS", "--noproxy", "", "--cacert", authority, "--socks5-hostname", `127.0.0.1:${listener.port}`, `${scheme}://localhost:${port}/`]);
        expect(text(Buffer.from(await outputOf(curl)))).to.equal(page);
      }
    });
  });
});
