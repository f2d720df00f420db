/** Which failures are silent when nothing joins them: the own cancel of a task or a scope, and no other. */
import { expect } from "chai";
import {
  awaiting, CancelledError, chan, checkpoint, gather, go, perform, scope, settling, timeout, type ChildTask,
} from "../../../src/node.ts";
import { RunningProgram } from "../../support/programs.ts";
import { rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

/** A child that was cancelled alone, and its error. */
async function cancelledChild(): Promise<{ child: ChildTask<unknown>; error: unknown }> {
  let child!: ChildTask<unknown>;
  await scope((s) => {
    child = s.go(() => chan().receive());
    child.cancel("not needed");
  });
  return { child, error: await rejectionOf(child) };
}

describe("silence", () => {
  const lanes: [string, (child: ChildTask<unknown>) => () => unknown][] = [
    ["an async task", (child) => async () => { await child; }],
    ["a generator task", (child) => function* () { yield* child.joining(); }],
    ["a generator task that awaits", (child) => function* () { yield* awaiting(child.join()); }],
    ["a plain task", (child) => () => child.join()],
  ];
  for (const [lane, waitsFor] of lanes) {
    it(`FA-06 a free task that fails with another task's cancel, and that nobody joins, is one unhandled rejection: ${lane}`, async () => {
      const { child, error } = await cancelledChild();
      const unhandled = await unhandledDuring(() => { go(waitsFor(child)); });
      expect(unhandled).to.have.length(1);
      expect(unhandled[0]).to.equal(error).and.be.instanceOf(CancelledError);
    });

    it(`FA-06 joined, it is none: ${lane}`, async () => {
      const { child, error } = await cancelledChild();
      const unhandled = await unhandledDuring(async () => {
        expect(await rejectionOf(go(waitsFor(child)))).to.equal(error);
        expect((await go(waitsFor(child)).result()).status).to.equal("rejected");
      });
      expect(unhandled).to.deep.equal([]);
    });
  }

  it("FA-06 a scope that nobody awaits and whose body or child fails with another task's cancel is one unhandled rejection", async () => {
    const { child, error } = await cancelledChild();
    const bodies = await unhandledDuring(() => {
      void scope(() => child.join());
      void timeout(1000, () => child.join());
      void gather([() => child.join()]);
    });
    expect(bodies).to.deep.equal([error, error, error]);
    const ofChild = await unhandledDuring(() => { void scope((s) => { s.go(() => child.join()); }); });
    expect(ofChild).to.deep.equal([error]);
  });

  it("FA-06 a task's or scope's own cancel is silent: from outside, by a signal, and of waits that a cancelled scope had begun", async () => {
    const controller = new AbortController();
    const unhandled = await unhandledDuring(async () => {
      void scope((s) => { s.cancel(); return chan().receive(); });
      void scope(() => chan().receive(), { signal: controller.signal });
      void scope(async (s) => {
        s.go(() => chan().receive());
        void scope(() => chan().receive());
        void gather([() => chan().receive()]);
        void chan().receive();
        await checkpoint();
        s.cancel();
        void perform(settling(new Promise(() => { /* never */ })));
      });
      await settle();
      controller.abort("stop");
    });
    expect(unhandled).to.deep.equal([]);
  });

  it("FA-06 a process does not end well in which a free task fails so", async () => {
    const program = new RunningProgram(`
      import { chan, go, scope } from "rendezvous";
      let other;
      await scope((s) => { other = s.go(() => chan().receive()); other.cancel(); });
      go(async function report() { await other; console.log("important"); });
    `);
    const { code, output, errors } = await program.ended;
    expect(code).to.equal(1);
    expect(output).to.equal("");
    expect(errors).to.match(/CancelledError: task .* was cancelled/);
  });
});
