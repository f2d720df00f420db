/** Open scopes that nobody leaves: the report of each wait for them names them. */
import { expect } from "chai";
import sinon from "sinon";
import { chan, checkpoint, dumpTasks, go, openScope, scope, shield, type OpenScope } from "../../../src/node.ts";
import { deadlockReport } from "../../../src/task/report/deadlock.ts";
import { bubble, expectNoLeaks, explore } from "../../../src/testing/index.ts";
import { program } from "../../support/program.ts";
import { freshCopy } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

const cure = 'was left open, and the code that opened it has ended: write "await using s = openScope()", or join it at the end';
const forgets = `was left open, and the code that opened it has ended: write "await using s = openScope\\(\\)", or join it at the end`;

describe("a forgotten open scope", () => {
  it("FA-12 is named where its parent waits for it, with the failure that it hides, and the cure", async () => {
    let open!: OpenScope;
    const ended = scope(() => {
      open = openScope({ name: "forgotten" });
      open.go(() => { throw new Error("of a child"); });
    }, { name: "request" });
    expect(await isPending(ended)).to.equal(true);
    for (const report of [dumpTasks(), deadlockReport() ?? ""]) {
      expect(report).to.include(`"forgotten" ${cure}\n`).and.to.match(/ {4}has failed: Error: of a child/);
      expect(report).to.not.match(/"(request|forgotten)" .*foreign/); // specs before this one may have left tasks that wait for something foreign
    }
    await open[Symbol.asyncDispose]().catch(() => { /* it is told now */ });
    await ended;
    expect(dumpTasks()).to.not.include("forgotten");
  });

  it("FA-12 and with the failure of the scope around it, which waits for it", async () => {
    let open!: OpenScope;
    const error = new Error("of the parent");
    const ended = rejectionOf(scope(() => {
      open = openScope({ name: "forgotten" });
      open.go(() => chan().receive());
      throw error;
    }, { name: "request" }));
    await settle();
    expect(deadlockReport()).to.match(/"forgotten" was left open.*\n.*scope "request", which waits for it, has failed: Error: of the parent/);
    await open[Symbol.asyncDispose]();
    expect(await ended).to.equal(error);
  });

  it("FA-12 of what was not forgotten the report does not repeat the failure of the scope around it", async () => {
    const ch = chan<number>();
    const ended = rejectionOf(scope((s) => {
      s.go(function keeper() { return shield(() => ch.receive()); });
      return checkpoint().then(() => { throw new Error("of the parent"); });
    }, { name: "request" }));
    await settle();
    for (const report of [dumpTasks(), deadlockReport() ?? ""]) expect(report).to.include("task").and.not.include("which waits for it");
    expect(dumpTasks()).to.match(/scope \d+ "request" waits for what runs in it\n {4}has failed: Error: of the parent\n +task \d+ "keeper" waits for what runs in it\n/);
    ch.trySend(1);
    expect(await ended).to.have.property("message", "of the parent");
  });

  const openers: [string, (open: () => void) => Promise<unknown>][] = [
    ["the body of a scope", (open) => scope(() => { open(); })],
    ["a child", (open) => scope((s) => { s.go(() => { open(); }); })],
    ["a generator task", (open) => scope(function* () { open(); })],
    ["a clean-up", (open) => scope((s) => { s.defer(() => { open(); }); })],
    ["a scope that is cancelled", (open) => scope((s) => { open(); s.cancel(); return checkpoint(); }).catch(() => 0)],
  ];
  for (const [who, opens] of openers) {
    it(`FA-12 wherever it was opened: ${who}`, async () => {
      let open!: OpenScope;
      const ended = opens(() => { open = openScope({ name: "forgotten" }); });
      expect(await isPending(ended)).to.equal(true);
      expect(dumpTasks()).to.include(`"forgotten" ${cure}`);
      await open.join().catch(() => 0);
      await ended;
    });
  }

  it("FA-12 one whose block has not ended is not the cause: the report names what the block waits for", async () => {
    const letters = chan<void>({ name: "letters" });
    const ended = scope(async function main() {
      await using _ = openScope({ name: "in use" });
      await letters.receive();
    });
    await settle();
    expect(dumpTasks()).to.match(/scope \d+ "in use" is open: it ends when its block is left, or it is joined/);
    expect(deadlockReport()).to.match(/scope \d+ "main" blocked in receive on channel "letters"$/m).and.not.include('"in use"');
    letters.trySend();
    await ended;
  });

  it("FA-12 one that is passed on works like any other: code that has it can still start tasks, and end it", async () => {
    let open!: OpenScope;
    const ended = scope(() => { open = openScope(); });
    await settle();
    expect(await open.go(() => "started")).to.equal("started");
    await open.join();
    await ended;
  });

  it("FA-12 in a bubble it is a deadlock at once, and named", async () => {
    const error = await rejectionOf(bubble(() => scope(() => { openScope({ name: "forgotten" }); }, { name: "request" }), { timeoutMs: Infinity }));
    expect((error as Error).name).to.equal("DeadlockError");
    expect((error as Error).message).to.include(`"forgotten" ${cure}`);
  });

  it("FA-12 explore also reports it as a deadlock", async () => {
    const error = await rejectionOf(explore(() => scope(() => { openScope({ name: "forgotten" }); }, { name: "request" }), { maxSchedules: 5 }));
    expect((error as Error).message).to.match(/deadlock/);
  });

  it("FA-12 a test that leaves one behind fails with its name, and the cure", async () => {
    let open!: OpenScope;
    const error = await rejectionOf(expectNoLeaks(() => {
      void go(() => scope(() => { open = openScope({ name: "forgotten" }); }));
    }));
    expect((error as Error).message).to.include(`"forgotten" ${cure}`);
    await open.join();
    await settle();
  });

  const hangs = `import { openScope, run, scope } from "rendezvous";
await run(async function main() {
  await scope(async (s) => {
    const open = openScope({ name: "forgotten" });
    open.go(async function child() { throw new Error("hidden"); });
  }, { name: "request" });
});
`;
  it("FA-12 the deadlock report of a program, with the line in debug mode", () => {
    const { code, errors } = program(hangs);
    expect(code).to.equal(13);
    expect(errors).to.match(new RegExp(`scope \\d+ "forgotten" ${forgets}\\n +has failed: Error: hidden`));
    expect(errors).to.not.match(/foreign.*\n.*forgotten|"forgotten" blocked/);
    expect(program(hangs, { RENDEZVOUS_DEBUG: "1" }).errors).to.match(new RegExp(`scope \\d+ "forgotten" ${forgets}\\n +opened at .*program\\.mjs:4:18`));
  });

  describe("with a fake clock", () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => { clock = sinon.useFakeTimers(); });
    afterEach(() => { sinon.restore(); });

    it("FA-12 a cancelled scope that does not end because of it names it, also where there are no async contexts", async () => {
      const lib = await freshCopy();
      const warn = sinon.stub(console, "warn");
      let open!: OpenScope;
      const ended = rejectionOf(lib.scope((s) => {
        open = lib.openScope({ name: "forgotten" });
        s.cancel("enough");
        return lib.checkpoint({ signal: s.signal });
      }));
      await clock.tickAsync(5000);
      expect(warn.args.join("\n")).to.match(/scope ".*" was cancelled 5000 ms ago and has not ended/).and.to.include(`"forgotten" ${cure}`);
      await open[Symbol.asyncDispose]();
      await ended;
    });
  });
});
