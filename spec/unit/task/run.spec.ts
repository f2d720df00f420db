/** Programs in programs, and the system's signals. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { fileArguments } from "../../support/runtime.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Run a program in a process of its own, and send it a signal as soon as it says "up". */
function signalled(text: string): Promise<{ code: number | null; output: string }> {
  mkdirSync(`${root}docs-out`, { recursive: true });
  const folder = mkdtempSync(`${root}docs-out/run-`);
  const file = `${folder}/program.mjs`;
  writeFileSync(file, text);
  const child = spawn(process.execPath, fileArguments(file), { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output === "up\n") process.kill(child.pid ?? 0, "SIGINT"); // `child.kill` of Deno takes the end for that of the signal
  });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      rmSync(folder, { recursive: true });
      resolve({ code, output });
    });
  });
}

describe("run in run", () => {
  it("S-72 (a) a signal ends the inner one, and the process only after the outer one has cleaned up", async () => {
    const { code, output } = await signalled(
      `import { run, sleep } from "rendezvous";
      await run(async (s) => {
        s.defer(async () => {
          await sleep(20);
          console.log("outer cleaned up");
        });
        await run(async () => {
          console.log("up");
          await sleep(100_000);
        });
      });`,
    );
    expect(output).to.equal("up\nouter cleaned up\n");
    expect(code).to.equal(130);
  });
});
