/**
 * Examples as a user runs them, in a process of their own: their output, their reaction to Ctrl-C, and their exit code.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { expect } from "chai";
import { exampleFile, promised } from "./program.ts";

/** An example that runs. */
class Running {
  readonly #child: ChildProcess;
  /** What it has printed, on both outputs. */
  output = "";
  /** The code it ends with. */
  readonly code: Promise<unknown>;

  constructor(name: string) {
    const env = { ...process.env, RENDEZVOUS_DEBUG: "" };
    this.#child = spawn(process.execPath, ["--import", "tsx", exampleFile(name)], { stdio: ["ignore", "pipe", "pipe"], env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", (chunk: Buffer) => { this.output += chunk.toString(); });
    this.code = once(this.#child, "close").then(([code]) => code as unknown);
  }

  /** Wait until a line has been printed; what the pattern has found. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found[1] ?? found[0];
      await once(this.#child.stdout ?? this.#child, "data");
    }
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

describe("examples in a process of their own", function () {
  // The limit is against one that hangs.
  this.timeout(30_000);

  let running: Running;
  afterEach(() => { running.kill(); });

  it("PG-09 16 the naive philosophers are reported, each with the fork beside it, and the code is 13", async () => {
    running = new Running("16-deadlock.ts");
    expect(await running.code).to.equal(13);
    const lines = running.output.trimEnd().split("\n");
    expect(lines).to.have.members(promised("16-deadlock.ts"));
    expect(lines.filter((line) => line.includes("waits to"))).to.deep.equal(
      ["Plato", "Locke", "Hume", "Kant", "Marx"].map(
        (name, seat) => `  task ${seat + 2} "${name}" waits to acquire semaphore "fork ${(seat + 1) % 5}"`,
      ),
    );
  });

  /** The example, with a request of which it has half. */
  async function halfAsked(): Promise<{ finish: () => void; answer: Promise<string>; refused: Promise<unknown> }> {
    running = new Running("14-graceful-shutdown.ts");
    const port = Number(await running.printed(/listening on port (\d+)\n/));
    const asking = request({ host: "127.0.0.1", port, method: "POST", agent: false });
    const refused = once(asking, "error").then(([error]) => error as unknown);
    refused.catch(() => undefined); // looked at only where it is expected
    asking.write("hel");
    await running.printed(/request\n/);
    const answer = new Promise<string>((resolve) => {
      asking.on("response", (response) => { response.setEncoding("utf8").on("data", resolve); });
    });
    return { finish: () => asking.end("lo"), answer, refused };
  }

  it("14 on Ctrl-C a server closes, answers the request that it has, and ends with the code 130", async () => {
    const { finish, answer } = await halfAsked();
    running.interrupt();
    await running.printed(/closing\n/);
    finish();
    expect(await answer).to.equal("5 bytes\n");
    expect(await running.code).to.equal(130);
    expect(running.output.replace(/port \d+/, "port PORT").trimEnd().split("\n")).to.deep.equal(promised("14-graceful-shutdown.ts"));
  });

  it("14 a second Ctrl-C ends it at once, with the same code and the request unanswered", async () => {
    const { refused } = await halfAsked();
    running.interrupt();
    await running.printed(/closing\n/);
    running.interrupt();
    expect(await running.code).to.equal(130);
    expect(await refused).to.be.instanceOf(Error);
    expect(running.output).to.not.match(/answered|good bye/);
  });
});
