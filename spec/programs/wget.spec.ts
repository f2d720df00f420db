/**
 * Example 04 as a user runs it: in a process of its own, over real sockets of this machine.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { exampleFile, promised } from "./program.ts";

async function wget(...hosts: string[]): Promise<string[]> {
  const program = ["--import", "tsx", exampleFile("04-wget.ts"), ...hosts];
  const child = spawn(process.execPath, program, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on("data", (chunk: Buffer) => { errors += chunk.toString(); });
  const [code] = (await once(child, "close")) as [number | null];
  expect(errors).to.equal("");
  expect(code).to.equal(0);
  return output.trimEnd().split("\n");
}

/** The lines about one host, with the host and the date taken out. */
function about(host: string, lines: string[]): string[] {
  return lines
    .filter((line) => line.startsWith(`${host} header > `) || [`wget ${host}...`, `Done ${host}`].includes(line))
    .map((line) => line.replaceAll(host, "HOST").replace(/Date: .*/, "Date: ..."));
}

describe("example 04, wget", function () {
  // Processes of its own. The limit is against one that hangs.
  this.timeout(30_000);

  const servers: Server[] = [];
  async function host(answer: RequestListener): Promise<string> {
    const server = createServer(answer).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it("N-02 asks its own three servers when it is given no host, and ends by itself", async () => {
    const lines = await wget();
    const hosts = lines.filter((line) => line.startsWith("wget ")).map((line) => line.slice("wget ".length, -"...".length));
    expect(hosts).to.have.length(3);
    expect(lines.slice(0, 3)).to.deep.equal(hosts.map((name) => `wget ${name}...`));
    const [first, second, third] = hosts.map((name) => about(name, lines));
    expect(first).to.deep.equal(promised("04-wget.ts"));
    expect(second).to.deep.equal([
      "wget HOST...",
      "HOST header > HTTP/1.1 302 Found",
      "HOST header > Location: /front",
      "HOST header > Content-Length: 0",
      "HOST header > Date: ...",
      "HOST header > Connection: close",
      "Done HOST",
    ]);
    expect(third).to.deep.equal([
      "wget HOST...",
      "HOST header > HTTP/1.1 200 OK",
      "HOST header > Content-Type: text/plain",
      "HOST header > Date: ...",
      "HOST header > Connection: close",
      "Done HOST",
    ]);
    expect(lines).to.have.length(6 + 7 + 6);
  });

  it("asks all hosts at once: a host that answers only after another was asked holds up no other", async () => {
    let asked: () => void = () => undefined;
    const otherAsked = new Promise<void>((resolve) => { asked = resolve; });
    const waits = await host((_request, response) => void otherAsked.then(() => response.writeHead(204).end()));
    const answers = await host((_request, response) => {
      asked();
      response.writeHead(204).end();
    });
    const lines = await wget(waits, answers);
    for (const name of [waits, answers]) expect(about(name, lines).at(-1)).to.equal("Done HOST");
  });

  it("names a host that cannot be reached or is none, and talks to the others all the same", async () => {
    const gone = await host(() => undefined);
    const there = await host((_request, response) => response.writeHead(204, { "X-Answer": "yes" }).end());
    servers.shift()?.close();
    const lines = await wget(gone, "no port:here", there);
    expect(about(gone, lines)).to.deep.equal(["wget HOST..."]);
    expect(lines.find((line) => line.startsWith(`wget ${gone}: `))).to.include("ECONNREFUSED");
    expect(lines.find((line) => line.startsWith("wget no port:here: "))).to.include('got "no port:here"');
    expect(about(there, lines)).to.include.members(["HOST header > X-Answer: yes", "Done HOST"]);
  });
});
