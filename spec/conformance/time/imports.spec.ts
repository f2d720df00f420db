/** Behaviour that depends on when the library was imported, and on its text. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { buildSync } from "esbuild";
import sinon from "sinon";
import * as rendezvous from "../../../src/index.ts";
import { freshCopy } from "../../support/fresh.ts";
import { settle } from "../../support/settle.ts";

const { setImmediate } = globalThis;

/** How many handovers two tasks get done in one turn of the event loop; `limit` stands for endless. */
async function handoversInATurn({ chan }: typeof rendezvous, limit: number): Promise<number> {
  const ch = chan<number>();
  let turned = false;
  let count = 0;
  const receiving = (async () => { for await (const _ of ch); })();
  setImmediate(() => { turned = true; });
  while (count < limit && !turned) {
    count++;
    await ch.send(count);
  }
  ch.close();
  await receiving;
  return count;
}

describe("imports and clocks", () => {
  afterEach(() => { sinon.restore(); });

  it("FT03 imported while a clock is installed, which is then restored: sleep is real, and the yield does not hang", async () => {
    const limit = 200_000;
    const clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask"] });
    const copy = await freshCopy();
    const virtual = copy.sleep(10);
    await clock.tickAsync(10);
    await virtual;
    sinon.restore();
    const timers = sinon.spy(globalThis, "setTimeout");
    await copy.sleep(0);
    expect(timers.callCount).to.equal(1);
    sinon.restore();
    for (let again = 0; again < 2; again++) expect(await handoversInATurn(copy, limit)).to.be.lessThan(limit);
    await copy.checkpoint();
  });

  it("FT41 (a) without a fake clock an endless handover loop lets the event loop turn", async () => {
    const limit = 200_000;
    expect(await handoversInATurn(rendezvous, limit)).to.be.lessThan(limit);
  });

  it("FT41 (b) it never does while another setTimeout than the one of the import is in place", async () => {
    const limit = 60_000;
    const { setTimeout } = globalThis;
    sinon.replace(globalThis, "setTimeout", ((...args: Parameters<typeof setTimeout>) => setTimeout(...args)) as typeof setTimeout);
    expect(await handoversInATurn(rendezvous, limit)).to.equal(limit);
    sinon.restore();
    await settle();
    sinon.useFakeTimers();
    expect(await handoversInATurn(rendezvous, limit)).to.equal(limit);
    sinon.restore();
    expect(await handoversInATurn(rendezvous, 200_000)).to.be.lessThan(200_000);
  });

  it("FT40 the built text asks the platform for a turn in one module alone (the testing module aside)", () => {
    const root = fileURLToPath(new URL("../../../src/", import.meta.url));
    const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.startsWith("testing"));
    const { outputFiles } = buildSync({
      entryPoints: names.map((name) => join(root, name)),
      outbase: root,
      outdir: "/built",
      legalComments: "none",
      minifyWhitespace: true, // no comments either
      write: false,
    });
    const built = outputFiles.map(({ path, text }) => ({ name: relative("/built", path), text }));
    expect(built.length).to.equal(names.length);
    const asking = built.filter(({ text }) => /\b(queueMicrotask|nextTick|setImmediate|MessageChannel)\b/.test(text));
    expect(asking.map(({ name }) => name)).to.deep.equal(["platform/macrotask.js"]);
    expect(asking[0]?.text).to.not.match(/\b(queueMicrotask|nextTick)\b/); // those two are faked, and it needs neither
  });
});
