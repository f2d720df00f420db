/** What depends on when the library was imported, and on what its text says. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import sinon from "sinon";
import ts from "typescript";
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
    clock.restore();
    const timers = sinon.spy(globalThis, "setTimeout");
    await copy.sleep(0);
    expect(timers.callCount).to.equal(1);
    timers.restore();
    for (let again = 0; again < 2; again++) expect(await handoversInATurn(copy, limit)).to.be.lessThan(limit);
    await copy.checkpoint();
  });

  it("FT41a without a fake clock an endless handover loop lets the event loop turn", async () => {
    const limit = 200_000;
    expect(await handoversInATurn(rendezvous, limit)).to.be.lessThan(limit);
  });

  it("FT41b it never does while another setTimeout than the one of the import is in place", async () => {
    const limit = 60_000;
    const { setTimeout } = globalThis;
    sinon.replace(globalThis, "setTimeout", ((...args: Parameters<typeof setTimeout>) => setTimeout(...args)) as typeof setTimeout);
    expect(await handoversInATurn(rendezvous, limit)).to.equal(limit);
    sinon.restore();
    await settle();
    const clock = sinon.useFakeTimers();
    expect(await handoversInATurn(rendezvous, limit)).to.equal(limit);
    clock.restore();
    expect(await handoversInATurn(rendezvous, 200_000)).to.be.lessThan(200_000);
  });

  it("FT40 the built text asks the platform for a turn in one module alone (the testing module aside)", () => {
    const root = fileURLToPath(new URL("../../../src/", import.meta.url));
    const built = readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.startsWith("testing"))
      .map((name) => {
        const { outputText } = ts.transpileModule(readFileSync(join(root, name), "utf8"), {
          compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true },
        });
        return { name, outputText };
      });
    const asking = built.filter(({ outputText }) => /\b(queueMicrotask|nextTick|setImmediate|MessageChannel)\b/.test(outputText));
    expect(asking.map(({ name }) => name)).to.deep.equal(["core/scheduler.ts"]);
    expect(asking[0]?.outputText).to.not.match(/\b(queueMicrotask|nextTick)\b/); // those two are faked, and it needs neither
  });
});
