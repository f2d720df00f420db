/**
 * Whichever entry of the package is imported first, what waits in a scope is cancelled with it, also in async functions that know nothing of it.
 */
import { expect } from "chai";
import { program } from "../../support/program.ts";

/** How a program begins that has imported one entry only: its first scope. */
const beginnings: Readonly<Record<string, string>> = {
  "rendezvous/flow": `import { flow } from "rendezvous/flow"; await flow([1, 2]).forEach(async () => {}, { limit: 2 });`,
  "rendezvous/sync": `import { retry } from "rendezvous/sync"; await retry(async () => 1);`,
  "rendezvous/net": `import { listen, serve } from "rendezvous/net"; const l = await listen("127.0.0.1:0"); const s = serve(l, () => {}); await l.shutdown(); await s;`,
  "rendezvous/testing": `import { bubble } from "rendezvous/testing"; await bubble(async () => 1);`,
};

describe("the entries of the package", function () {
  this.timeout(30_000); // processes of their own

  for (const [entry, beginning] of Object.entries(beginnings)) {
    it(`${entry}, imported first and alone, brings the platform's async contexts`, () => {
      const { output, errors } = program(`${beginning}
        const { chan, timeout } = await import("rendezvous");
        const quiet = chan();
        const helper = async () => { await 0; return quiet.receive(); };
        console.log(await timeout(1, async () => { await 0; return helper(); }, { fallback: "late" }));`);
      expect(errors).to.equal("");
      expect(output).to.equal("late\n");
    });
  }
});
