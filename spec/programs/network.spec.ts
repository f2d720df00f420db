/**
 * The examples that talk to others, as a user runs them: in processes of their own, over real sockets of this machine, against peers
 * that know nothing of this library.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { endPeers, folderOf, freePort, itWith, lineOf, outputOf, peer } from "../support/real-peers.ts";
import { certificateFor } from "../unit/net/support/certificate.ts";
import { client, hangUp, listenerAt, serverOf } from "../unit/net/support/peers.ts";
import { exampleFile, promised } from "./program.ts";

/** The other end of a socket, which listens and talks. */
class Guest {
  readonly socket: Socket;
  #heard = "";
  #ended = false;
  #proceed = (): void => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#heard += chunk.toString();
      this.#proceed();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#proceed();
    });
    socket.on("end", () => socket.end());
  }

  say(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\n`).join(""));
  }

  /** What comes up to a text, and with it. */
  async hears(wanted: string): Promise<string> {
    while (!this.#heard.includes(wanted)) {
      if (this.#ended) throw new Error(`the end, after ${JSON.stringify(this.#heard.slice(-200))}`);
      await new Promise<void>((resolve) => { this.#proceed = resolve; });
    }
    const end = this.#heard.indexOf(wanted) + wanted.length;
    const all = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end);
    return all;
  }
}

/** Those that bring a small peer of their own; with an address they talk to real ones. */
const protocols = ["24-smtp-starttls.ts", "25-socks5-proxy.ts", "26-http.ts", "27-nats.ts", "28-mqtt.ts", "29-postgres.ts"];

describe("examples with sockets", function () {
  // Processes of their own. The limit is against one that hangs.
  this.timeout(30_000);

  const children: ChildProcess[] = [];
  const servers: Server[] = [];

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    for (const server of servers.splice(0)) server.close();
    await hangUp();
    await endPeers();
  });

  function start(name: string, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, ["--import", "tsx", exampleFile(name), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    return child;
  }

  /** Runs an example to its end, and returns its output. */
  async function run(name: string, ...args: string[]): Promise<string[]> {
    const child = start(name, ...args);
    let output = "";
    let errors = "";
    child.stdout?.on("data", (chunk: Buffer) => { output += chunk.toString(); });
    child.stderr?.on("data", (chunk: Buffer) => { errors += chunk.toString(); });
    const [code] = (await once(child, "close")) as [number | null];
    expect(errors).to.equal("");
    expect(code).to.equal(0);
    return output.trimEnd().split("\n");
  }

  for (const name of ["20-chat-server.ts", "21-wget-https.ts", "23-port-scanner.ts", ...protocols, "41-csv-from-a-process.ts", "45-connection-pool.ts"]) {
    it(`${name} alone prints what its last comment says, and ends by itself`, async () => {
      expect(await run(name)).to.deep.equal(promised(name));
    });
  }

  describe("20, the chat server", () => {
    /** A guest with a plain socket, as `nc` is one. */
    async function guest(port: number, name: string, room: string): Promise<Guest> {
      const socket = new Guest(await client(port));
      socket.say(name, `/join ${room}`);
      await socket.hears(`* in ${room}: `);
      await socket.hears("\n");
      return socket;
    }

    async function opened(): Promise<{ child: ChildProcess; port: number }> {
      const child = start("20-chat-server.ts", "127.0.0.1:0");
      const [line] = (await once(createInterface(child.stdout as NodeJS.ReadableStream), "line")) as [string];
      return { child, port: Number(/^listening on port (\d+)$/.exec(line)?.[1]) };
    }

    it("PG-28 (a) each guest of a room sees all others' lines in order, and guests of other rooms do not", async () => {
      const { port } = await opened();
      const names = ["ann", "bob", "eve"];
      const guests: Guest[] = [];
      for (const name of names) guests.push(await guest(port, name, "tea"));
      const outsider = await guest(port, "cid", "coffee");
      const [ann, bob, eve] = guests as [Guest, Guest, Guest];
      expect(await ann.hears("eve has come\n")).to.equal("* bob has come\n* eve has come\n");
      expect(await bob.hears("\n")).to.equal("* eve has come\n");
      const count = 50;
      for (const [index, speaker] of guests.entries()) {
        const said = Array.from({ length: count }, (_, n) => `line ${n}`);
        speaker.say(...said);
        for (const listener of guests.filter((each) => each !== speaker)) {
          const heard = await listener.hears(`${names[index]}: line ${count - 1}\n`);
          expect(heard).to.equal(said.map((line) => `${names[index]}: ${line}\n`).join(""));
        }
      }
      eve.say("/quit");
      expect(await ann.hears("\n")).to.equal("* eve has gone\n");
      outsider.say("/join tea");
      expect(await outsider.hears("\n")).to.equal("* in tea: ann, bob, cid\n");
    });

    it("PG-28 (b) a guest who never reads is disconnected, and blocks no other; a guest who vanishes is gone", async () => {
      const { port } = await opened();
      const ann = await guest(port, "ann", "tea");
      const deaf = await guest(port, "deaf", "tea");
      const bob = await guest(port, "bob", "tea");
      deaf.socket.pause();
      await ann.hears("bob has come\n");
      const long = "x".repeat(60_000);
      let said = 0;
      for (let heard = ""; !heard.includes("deaf has gone"); said++) {
        expect(said).to.be.below(2000);
        bob.say(long);
        heard = await ann.hears(`bob: ${long}\n`);
      }
      bob.say("still here");
      await ann.hears("bob: still here\n");
      bob.socket.resetAndDestroy();
      await ann.hears("* bob has gone\n");
      ann.say("/join lobby");
      await ann.hears("* in lobby: ann\n");
    });

    it("SIGINT cancels it: the guests see the end, and it exits as a shell expects", async () => {
      const { child, port } = await opened();
      const ann = await guest(port, "ann", "tea");
      const ended = once(ann.socket, "close");
      const exited = once(child, "exit");
      child.kill("SIGINT");
      await ended;
      expect((await exited)[0]).to.equal(130);
    });
  });

  describe("21, wget over http and https", () => {
    it("asks other servers too: a body up to the end, of a known length, in chunks", async () => {
      const server = createHttpServer((request, response) => {
        const chunks = Array.from({ length: 20 }, (_, index) => String(index).repeat(index));
        if (request.url === "/chunks") for (const chunk of chunks) if (chunk !== "") response.write(chunk);
        if (request.url === "/length") response.setHeader("Content-Length", 5).write("12345");
        response.end();
      });
      servers.push(server);
      await once(server.listen(0, "127.0.0.1"), "listening");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const body = Array.from({ length: 20 }, (_, index) => String(index).repeat(index)).join("");
      expect(await run("21-wget-https.ts", `${url}/chunks`)).to.deep.equal([`${url}/chunks: HTTP/1.1 200 OK, chunked, "${body}"`]);
      expect(await run("21-wget-https.ts", `${url}/length`)).to.deep.equal([`${url}/length: HTTP/1.1 200 OK, length 5, "12345"`]);
    });
  });

  describe("22, the Redis client", () => {
    /** The few commands of the example, of a server that keeps everything in a map, and answers as Redis does. */
    function answer(store: Map<string, number | string[]>, line: string): string {
      const [command, key = "", ...values] = line.split(" ");
      const value = store.get(key);
      const wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
      const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
      switch (command ?? "") {
        case "DEL": return `:${store.delete(key) ? 1 : 0}\r\n`;
        case "SET": store.set(key, Number(values[0])); return "+OK\r\n";
        case "GET": return value === undefined ? "$-1\r\n" : bulk(String(value));
        case "INCR":
          if (Array.isArray(value)) return wrong;
          store.set(key, (value ?? 0) + 1);
          return `:${(value ?? 0) + 1}\r\n`;
        case "RPUSH": store.set(key, values); return `:${values.length}\r\n`;
        case "LRANGE": return `*${(value as string[]).length}\r\n${(value as string[]).map(bulk).join("")}`;
        default: return "-ERR unknown command\r\n";
      }
    }

    it("talks to a small server that answers as Redis does", async () => {
      const store = new Map<string, number | string[]>();
      const { port } = await serverOf((socket) => {
        let rest = "";
        socket.on("data", (chunk: Buffer) => {
          const lines = `${rest}${chunk.toString()}`.split("\r\n");
          rest = lines.pop() ?? "";
          socket.write(lines.map((line) => answer(store, line)).join(""));
        });
        socket.on("end", () => socket.end());
        socket.resume();
      });
      expect(await run("22-redis.ts", `127.0.0.1:${port}`)).to.deep.equal(promised("22-redis.ts"));
    });

    itWith("redis-server", "talks to a real redis-server", async () => {
      const port = await freePort();
      peer("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
      await answering(port);
      expect(await run("22-redis.ts", `127.0.0.1:${port}`)).to.deep.equal(promised("22-redis.ts"));
    });
  });

  it("24 to 29, protocols by hand, are a page each", () => {
    for (const name of protocols) expect(readFileSync(exampleFile(name), "utf8").trimEnd().split("\n").length, name).to.be.at.most(120);
  });

  describe("protocols, with peers of others", () => {
    /** Starts an example that serves until it is killed, at a port that is free. */
    async function serving(name: string): Promise<number> {
      const port = await freePort();
      const child = start(name, `127.0.0.1:${port}`);
      child.stderr?.resume();
      await answering(port);
      return port;
    }

    itWith("openssl", "24 talks to a server of mail whose TLS is openssl's", async () => {
      const folder = folderOf();
      const { cert, key } = certificateFor("localhost", "127.0.0.1");
      for (const [file, text] of Object.entries({ cert, key })) writeFileSync(join(folder, file), text);
      const server = peer("openssl", ["s_server", "-accept", "127.0.0.1:0", "-cert", join(folder, "cert"), "-key", join(folder, "key")]);
      const [, behind] = await lineOf(server, /^ACCEPT .*:(\d+)$/);
      // It knows no mail: what is said in plaintext is said here, what is said under TLS is typed into it.
      const { port } = await serverOf((socket) => {
        const replies = ["250-mail\r\n250 STARTTLS\r\n", "220 go ahead\r\n"];
        socket.write("220 mail\r\n");
        socket.on("data", () => {
          socket.write(replies.shift() ?? "");
          if (replies.length > 0) return;
          socket.removeAllListeners("data").pause();
          socket.pipe(connect(Number(behind), "127.0.0.1")).pipe(socket);
        }).resume();
      });
      for (const [heard, reply] of [[/^EHLO client\.example/, "250 mail\n"], [/^QUIT/, "221 bye\n"]] as const) {
        void lineOf(server, heard).then(() => server.stdin?.write(reply), () => undefined);
      }
      process.env["NODE_EXTRA_CA_CERTS"] = join(folder, "cert");
      try {
        expect(await run("24-smtp-starttls.ts", `localhost:${port}`)).to.deep.equal(["TLSv1.3 trusted"]);
      } finally {
        delete process.env["NODE_EXTRA_CA_CERTS"];
      }
    });

    itWith("curl", "25 is the proxy of curl", async () => {
      const pages = createHttpServer((_request, response) => response.end("a page"));
      servers.push(pages);
      await once(pages.listen(0, "127.0.0.1"), "listening");
      const port = await serving("25-socks5-proxy.ts");
      const url = `http://localhost:${(pages.address() as AddressInfo).port}/`;
      expect(await outputOf(peer("curl", ["-sS", "--noproxy", "", "--socks5-hostname", `127.0.0.1:${port}`, url]))).to.equal("a page");
    });

    itWith("curl", "26 answers curl: several requests over one connection, bodies with a length and in chunks, both ways", async () => {
      const port = await serving("26-http.ts");
      const url = `http://127.0.0.1:${port}`;
      const curl = (...args: string[]): Promise<string> => outputOf(peer("curl", ["-sS", "--noproxy", "*", ...args]));
      expect(await curl(`${url}/a`, `${url}/countdown`, "-w", " [%{num_connects}]\n")).to.equal("GET /a, 0 bytes\n [1]\n3 2 1  [0]\n");
      expect(await curl("-T", exampleFile("26-http.ts"), `${url}/put`)).to.equal(`PUT /put, ${statSync(exampleFile("26-http.ts")).size} bytes\n`);
      expect(await curl("-H", "Transfer-Encoding: chunked", "-d", "x".repeat(5000), `${url}/post`)).to.equal("POST /post, 5000 bytes\n");
    });

    itWith("nginx", "26 asks nginx: several pages over one connection", async () => {
      const [port, folder] = [await freePort(), folderOf()];
      writeFileSync(join(folder, "page"), "a page");
      chmodSync(folder, 0o755); // it reads as another user
      writeFileSync(join(folder, "conf"), `
        daemon off; pid ${folder}/pid; error_log stderr; events {}
        http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u;
          scgi_temp_path ${folder}/s; server { listen 127.0.0.1:${port}; root ${folder}; } }`);
      peer("nginx", ["-c", join(folder, "conf"), "-p", folder]);
      await answering(port);
      const url = `http://127.0.0.1:${port}`;
      const [first, second, third = ""] = await run("26-http.ts", `${url}/page`, `${url}/page`, `${url}/none`);
      expect([first, second]).to.deep.equal(Array(2).fill("HTTP/1.1 200 OK: a page"));
      expect(third).to.match(/^HTTP\/1.1 404 Not Found: /);
    });

    itWith("nats-server", "27 talks to nats-server", async () => {
      const port = await freePort();
      peer("nats-server", ["-a", "127.0.0.1", "-p", String(port)]);
      await answering(port);
      expect(await run("27-nats.ts", `127.0.0.1:${port}`)).to.deep.equal(promised("27-nats.ts"));
    });

    itWith("mosquitto", "28 talks to mosquitto", async () => {
      const [port, folder] = [await freePort(), folderOf()];
      writeFileSync(join(folder, "conf"), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
      chmodSync(folder, 0o755);
      peer("mosquitto", ["-c", join(folder, "conf")]);
      await answering(port);
      expect(await run("28-mqtt.ts", `127.0.0.1:${port}`)).to.deep.equal(promised("28-mqtt.ts"));
    });

    itWith(["initdb", "postgres"], "29 talks to Postgres, over TLS", async () => {
      const [port, folder] = [await freePort(), folderOf()];
      // It does not run as root, whose place another user of the system takes.
      const user = process.getuid?.() === 0 ? { uid: 65_534 } : {};
      chmodSync(folder, 0o777);
      const data = join(folder, "data");
      await outputOf(peer("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], user));
      const { cert, key } = certificateFor("localhost", "127.0.0.1");
      for (const [name, text] of Object.entries({ "server.crt": cert, "server.key": key })) {
        writeFileSync(join(data, name), text, { mode: 0o600 });
        if (user.uid !== undefined) chownSync(join(data, name), user.uid, 0);
      }
      peer("postgres", ["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on", "-k", folder, "-c", "fsync=off"], user);
      await answering(port);
      expect(await run("29-postgres.ts", `127.0.0.1:${port}`)).to.deep.equal(promised("29-postgres.ts"));
    });
  });

  /** Waits until somebody listens there. */
  async function answering(port: number): Promise<void> {
    for (let answered = false; !answered;) {
      const socket = connect(port, "127.0.0.1");
      answered = await new Promise((resolve) => socket.once("connect", () => resolve(true)).once("error", () => resolve(false)));
      socket.destroy();
    }
  }

  it("23, the port scanner, finds the open ports of a range, and no others", async () => {
    // At an address of its own, where there is one: the scan would be a client more to each listener of other specs that it meets.
    const [host, around] = process.platform === "linux" ? ["127.0.0.2", 100] : ["127.0.0.1", 0];
    const listener = await listenerAt({ host, port: 0 });
    const { port } = listener;
    const [from, to] = [Math.max(1, port - around), Math.min(65_535, port + around)];
    const lines = await run("23-port-scanner.ts", host, String(from), String(to));
    expect(lines).to.include(`${port} open`);
    for (const line of lines) expect(line).to.match(/^\d+ open$/);
    for (const line of lines) expect(Number(line.split(" ")[0])).to.be.within(from, to);
    expect(listener.statistics.pending).to.equal(1);
  });
});
