/** The examples that run in several processes, over a real `nats-server`; and the pipeline that moves from one process to several. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { describeOnServer, NatsServer } from "../conformance/nats/server.ts";
import { exampleFile, promised } from "./program.ts";

describeOnServer("examples in several processes", function () {
  this.timeout(30_000);
  let server: NatsServer;
  let child: ChildProcess;

  before(async () => { server = await NatsServer.start(); });
  afterEach(() => { child.kill("SIGKILL"); });
  after(async () => { await server.end(); });

  /** Runs an example to its end, and gives its lines. */
  async function run(name: string, heard: (line: string) => Promise<void> = () => Promise.resolve()): Promise<string[]> {
    child = spawn(process.execPath, ["--import", "tsx", exampleFile(name), server.url], { stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => { errors += chunk.toString(); });
    const ended = once(child, "close");
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
      lines.push(line);
      await heard(line);
    }
    expect(await ended, errors).to.deep.equal([0, null]);
    return lines;
  }

  it("50: of three worker processes one is killed half way, and every picture is done", async () => {
    expect(await run("50-thumbnails.ts")).to.deep.equal(promised("50-thumbnails.ts"));
  });

  it("53: two processes play on while the server is killed twice, and every ball comes back, once", async () => {
    const restarting = async (line: string): Promise<void> => {
      if (line !== "250 balls" && line !== "750 balls") return;
      await server.kill();
      await server.begin();
    };
    expect(await run("53-ping-pong.ts", restarting)).to.deep.equal(promised("53-ping-pong.ts"));
  });

  it("52: of two calculators one dies at a call, whose outcome is unknown; the other answers", async () => {
    expect(await run("52-calculator.ts")).to.deep.equal(promised("52-calculator.ts"));
  });

  it("57: a worker process that is told to stop gives its leases back, and ends with 130", async () => {
    expect(await run("57-graceful-worker.ts")).to.deep.equal(promised("57-graceful-worker.ts"));
  });
});

describe("54, a pipeline that moves between machines", () => {
  it("differs in six lines", () => {
    const [here, there] = ["54-pipeline.ts", "54-pipeline-between-machines.ts"].map((name) => {
      const text = readFileSync(exampleFile(name), "utf8");
      return text.slice(text.indexOf("*/") + 3).split("\n");
    }) as [string[], string[]];
    const own = there.filter((line) => !here.includes(line));
    const gone = here.filter((line) => !there.includes(line));
    expect(there.filter((line) => here.includes(line))).to.deep.equal(here.filter((line) => there.includes(line)));
    expect([own.length, gone.length]).to.deep.equal([6, 4]);
  });
});
