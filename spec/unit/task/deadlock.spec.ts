/** The report of a deadlock: waits that hold a signal, and waits of the top level, which are in no task. */
import { expect } from "chai";
import { aborting, chan, choose, perform, scope, selecting, type Operation } from "../../../src/node.ts";
import { bubble, explore, ExploreError } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";
import { program } from "../../support/program.ts";

const cure = /AbortSignal\.timeout does not keep Node alive.*; timeout\(\) and sleeping\(\) do$/m;

describe("a deadlock with a signal", () => {
  const main = (wait: string): string => `import { aborting, chan, choose, run, scope, selecting } from "rendezvous";
const ch = chan({ name: "quiet" });
await run(${wait});`;

  it("FA-05 a wait that holds an AbortSignal is named as such, with the cure; the code is 13", () => {
    const { code, errors } = program(main("async function main() { await ch.receive({ signal: AbortSignal.timeout(50) }); }"));
    expect(errors).to.match(/all tasks are asleep - deadlock/);
    expect(errors).to.match(/"main" blocked in receive on channel "quiet" and the abort of a signal$/m);
    expect(errors).to.match(cure);
    expect(code).to.equal(13);
  });

  const others = {
    "a case that aborts": "function* () { yield* choose(ch.receiving(), aborting(AbortSignal.timeout(50)).map((x) => x)); }",
    "a generator's select": "function* () { yield* selecting({ it: ch.receiving(), late: aborting(AbortSignal.timeout(50)) }); }",
    "the signal of a scope": "() => scope(() => ch.receive(), { signal: AbortSignal.timeout(50) })",
    "the signal of run": "() => ch.receive(), { signal: AbortSignal.timeout(50) }",
  };
  for (const [what, wait] of Object.entries(others)) {
    it(`FA-05 the same of ${what}`, () => {
      const { code, errors } = program(main(wait));
      expect(errors).to.match(cure);
      expect(code).to.equal(13);
    });
  }

  it("without a signal nothing is said of signals; one that has a timer of its own keeps the process", () => {
    expect(program(main("() => ch.receive()")).errors).not.to.match(/signal/);
    const { code, errors } = program(`import { chan, run, timeout, sleeping, select } from "rendezvous";
      const ch = chan();
      await run(() => timeout(5, () => ch.receive(), { fallback: 0 }));
      await run(() => select({ it: ch.receiving(), late: sleeping(5) }));`);
    expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
  });

  const { signal } = new AbortController();
  const waits: Record<string, () => Promise<unknown>> = {
    "a verb": () => chan<number>({ name: "quiet" }).receive({ signal }),
    "a choice": () => perform(choose<unknown>(chan<number>({ name: "quiet" }).receiving(), aborting(signal))),
    "a scope": () => scope(() => chan<number>({ name: "quiet" }).receive(), { signal }),
    "a select": () => perform(selecting({ it: chan<number>({ name: "quiet" }).receiving() }) as Operation<unknown>, { signal }),
  };
  for (const [what, wait] of Object.entries(waits)) {
    it(`FA-05 bubble and explore name the signal of ${what}, and the cure`, async () => {
      const told = await rejectionOf(bubble(wait)) as Error;
      expect(told.name).to.equal("DeadlockError");
      expect(told.message).to.include('receive on channel "quiet"').and.match(cure);
      const found = await rejectionOf(explore(wait)) as ExploreError;
      expect(found).to.be.instanceOf(ExploreError);
      expect(found.kind).to.equal("deadlock");
      expect(found.message).to.include('receive on channel "quiet"').and.match(cure);
      if (what !== "scope") expect(found.message).to.include(what === "a choice" ? "the abort of a signal" : "");
    });
  }
});

describe("a deadlock of the top level", () => {
  const waiting = `import { chan } from "rendezvous";
const letters = chan({ name: "letters" });
await letters.receive();`;

  it("Messages: the top level waits for ever without run, in debug mode: the report, and the code 13", () => {
    const { code, errors } = program(waiting, { RENDEZVOUS_DEBUG: "1" });
    expect(errors).to.match(/^fatal: all tasks are asleep - deadlock \(the top level\)\n/);
    expect(errors).to.match(/the top level, outside of every task, blocked in receive on channel "letters"\n +at .*program\.mjs:3:15/);
    expect(code).to.equal(13);
  });

  it("Messages: the same by an import, and of waits in a callback, beside tasks", () => {
    const { code, errors } = program(`import "rendezvous/debug";
      import { chan, go, select, sleeping } from "rendezvous";
      const letters = chan({ name: "letters" });
      setTimeout(async function later() { await letters.send(1); await select({ it: letters.receiving() }, { signal: new AbortController().signal }); }, 5);
      go(async function reader() { await letters.receive(); await chan({ name: "other" }).receive(); });`);
    expect(errors).to.match(/deadlock \(1 task and the top level\)/);
    expect(errors).to.match(/task \d+ "reader" blocked in receive on channel "other"/);
    expect(errors).to.match(/top level, outside of every task, blocked in select of it: receive on channel "letters" and the abort of a signal\n +at .*later .*\(.*program\.mjs:4:\d+\)/);
    expect(errors).to.match(cure);
    expect(code).to.equal(13);
  });

  it("Messages: while run runs, the waits of the top level are reported without debug mode, too", () => {
    const { code, errors } = program(`import { chan, run } from "rendezvous";
      const main = run(async function main() { await chan({ name: "a" }).receive(); });
      await chan({ name: "b" }).receive();
      await main;`);
    expect(errors).to.match(/run \d+ "main" blocked in receive on channel "a"/);
    expect(errors).to.match(/top level.* blocked in receive on channel "b"/);
    expect(code).to.equal(13);
  });

  it("without debug mode the platform's own code, as before; and waits that are over are not reported", () => {
    const silent = program(waiting);
    expect(silent.code).to.equal(13);
    expect(silent.errors).not.to.match(/rendezvous|asleep/);
    const over = program(`import { chan, sleep } from "rendezvous";
      const letters = chan({ name: "letters" });
      setTimeout(() => { letters.trySend(1); }, 5);
      await letters.receive();
      await sleep(1);
      await letters.receive({ signal: AbortSignal.abort() }).catch(() => {});`, { RENDEZVOUS_DEBUG: "1" });
    expect(over).to.deep.equal({ code: 0, output: "", errors: "" });
  });
});
