/** The signals that the library hands out. */
import { expect } from "chai";
import {
  attempting, calls, chan, checkpoint, gather, openScope, perform, run, scope, select, sleeping, timeout,
} from "../../../src/node.ts";
import { RunningProgram } from "../../support/programs.ts";
import { settle } from "../../support/settle.ts";

const many = 1000;

/** The warnings of the process while the body runs. */
async function warningsDuring(body: () => unknown): Promise<Error[]> {
  const warnings: Error[] = [];
  const hear = (warning: Error): void => { warnings.push(warning); };
  process.on("warning", hear);
  try {
    await body();
    await settle();
  } finally {
    process.off("warning", hear);
  }
  return warnings;
}

/** As many foreign waits as a busy scope has. */
function listen(signal: AbortSignal): void {
  for (let n = 0; n < many; n++) signal.addEventListener("abort", () => n);
}

describe("a signal of the library", () => {
  it("the warning is the platform's: a foreign signal with as many listeners raises it, where a limit is set", async () => {
    const program = new RunningProgram(`
      import { setMaxListeners } from "node:events";
      const { signal } = new AbortController();
      setMaxListeners(10, signal); // Node's own up to 20; later ones set none
      for (let n = 0; n < 11; n++) signal.addEventListener("abort", () => n);
    `);
    expect((await program.ended).errors).to.include("MaxListenersExceededWarning");
  });

  const signals: [string, (use: (signal: AbortSignal) => void) => unknown][] = [
    ["a scope", (use) => scope((s) => { use(s.signal); })],
    ["a scope that is cancelled", (use) => scope((s) => { s.cancel(); use(s.signal); })],
    ["a timeout", (use) => timeout(1000, (s) => { use(s.signal); })],
    ["an open scope", async (use) => {
      await using s = openScope();
      use(s.signal);
    }],
    ["run", (use) => run((s) => { use(s.signal); })],
    ["an attempt", (use) => select({
      attempt: attempting((signal) => { use(signal); return new Promise(() => { /* loses */ }); }),
      late: sleeping(1),
    })],
    ["an attempt in a gather", (use) => gather([() => perform(attempting((signal) => { use(signal); return Promise.resolve(); }))])],
    ["a call", async (use) => {
      const { client, server } = calls<number, number>();
      const answer = client.call(1);
      const call = await server.accept();
      use(call.signal);
      call.reply(1);
      await answer;
    }],
  ];
  for (const [name, program] of signals) {
    it(`FA-11 takes any number of listeners without a warning: ${name}`, async () => {
      let used = 0;
      const warnings = await warningsDuring(() => program((signal) => { listen(signal); used++; }));
      expect(warnings).to.deep.equal([]);
      expect(used).to.equal(1);
    });
  }

  it("FA-11 and all of them hear the abort", async () => {
    let heard = 0;
    await scope(async (s) => {
      for (let n = 0; n < many; n++) s.signal.addEventListener("abort", () => { heard++; });
      await checkpoint();
      s.cancel();
      expect(heard).to.equal(many);
    });
  });

  it("FA-11 in the package as it is built: many foreign waits in one scope write nothing on standard error", async () => {
    const program = new RunningProgram(`
      import { setTimeout as wait } from "node:timers/promises";
      import { scope } from "rendezvous";
      await scope(async (s) => {
        for (let n = 0; n < 20; n++) s.go(() => wait(60_000, undefined, { signal: s.signal }));
        await wait(1);
        s.cancel("enough");
      });
      console.log("over");
    `);
    const { code, output, errors } = await program.ended;
    expect({ code, output, errors }).to.deep.equal({ code: 0, output: "over\n", errors: "" });
  });

  it("FA-11 the library itself listens once, however many wait", async () => {
    const controller = new AbortController();
    const warnings = await warningsDuring(async () => {
      const waits = Array.from({ length: 20 }, () => chan().receive({ signal: controller.signal }).catch(() => "aborted"));
      await settle();
      controller.abort();
      expect(new Set(await Promise.all(waits))).to.deep.equal(new Set(["aborted"]));
    });
    expect(warnings).to.deep.equal([]);
  });
});
