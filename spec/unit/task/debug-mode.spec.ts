/** What debug mode adds to errors, and what it reports of a process that does not end. */
import { expect } from "chai";
import sinon from "sinon";
import { chan, ClosedError, go, perform, scope, select, timeout, TimeoutError, type Task } from "../../../src/node.ts";
import { traceTasks } from "../../../src/task/report/debugging.ts";
import { debuggableCopy } from "../../support/fresh.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

/** The lines that were added to the stack of an error: places of this file are `here`. */
const added = (error: unknown): string[] => String((error as Error).stack).split("\n")
  .filter((line) => /^ {4}(waited|in task|.* began) /.test(line))
  .map((line) => line.trim().replace(/ at .*debug-mode\.spec\.ts:\d+:\d+\)?$/, " here"));

describe("the stacks of debug mode", () => {
  let untrace: () => void;
  beforeEach(() => { untrace = traceTasks(); });
  afterEach(() => {
    untrace();
    sinon.restore();
  });

  it("a ClosedError names, once, the place of the wait that it ended, however the wait goes on", async () => {
    const ways: Record<string, (ch: ReturnType<typeof chan<number>>) => Promise<unknown>> = {
      "a verb": (ch) => scope(async () => { await ch.receive(); }),
      "a map, whose result is found out later": (ch) => scope(async () => { await perform(ch.receiving().map((n) => n)); }),
      "a select": (ch) => scope(async () => { await select({ it: ch.receiving(), other: chan().receiving() }); }),
      "a generator": (ch) => scope(function* () { return yield* ch.receiving(); }),
    };
    for (const [way, wait] of Object.entries(ways)) {
      const ch = chan<number>();
      const waiting = rejectionOf(wait(ch));
      await settle();
      ch.close();
      const error = await waiting;
      expect(error, way).to.be.instanceOf(ClosedError);
      expect(added(error), way).to.deep.equal(["waited here"]);
    }
  });

  it("one error for many waits names the first of them", async () => {
    const ch = chan<number>();
    const both = scope(async (s) => {
      const tasks = [s.go(async function one() { await ch.receive(); }), s.go(async function two() { await ch.receive(); })];
      await settle();
      ch.close(new ClosedError("one for both"));
      return Promise.all(tasks.map((task) => task.result()));
    }, { onError: "supervise" });
    const [error, second] = (await both).map((result) => (result as PromiseRejectedResult).reason as unknown);
    expect(second).to.equal(error);
    expect(added(error).filter((line) => line.startsWith("waited"))).to.have.length(1);
  });

  it("a generator's second wait has a place of its own", async () => {
    const first = chan<number>();
    const second = chan<number>();
    const waiting = rejectionOf(scope(function* () {
      yield* function* inFirst() { return yield* first.receiving(); }();
      return yield* function* inSecond() { return yield* second.receiving(); }();
    }));
    await settle();
    first.trySend(1);
    await settle();
    second.close();
    expect((await waiting as Error).stack).to.match(/\n {4}waited at .*inSecond /).and.not.match(/inFirst/);
  });

  it("errors of others, frozen ones, and values that are no errors stay as they are", async () => {
    const frozen = Object.freeze(new ClosedError("frozen"));
    const own = new Error("of the program");
    for (const given of [frozen, own]) {
      const before = given.stack;
      const ch = chan<number>();
      const waiting = rejectionOf(scope(() => ch.receive()));
      await settle();
      ch.close(given);
      expect(await waiting).to.equal(given);
      expect(given.stack).to.equal(before);
    }
    const ch = chan<number>();
    const waiting = rejectionOf(go(async function worker() { await scope(() => ch.receive()); }));
    await settle();
    ch.close("a word");
    expect(await waiting).to.equal("a word");
  });

  it("a TimeoutError names the place where its limit began", async () => {
    const clock = sinon.useFakeTimers();
    const late = rejectionOf(timeout(5, function work() { return chan().receive(); }));
    await clock.tickAsync(5);
    const error = await late;
    expect(error).to.be.instanceOf(TimeoutError);
    expect(added(error)).to.deep.equal(['timeout "work" began here']);
  });

  it("an error names the tasks that it failed: each once, the last ten", async () => {
    const error = new Error("through many");
    const fails = async (name: string): Promise<void> => {
      await rejectionOf(scope((s) => { s.go(Object.defineProperty(() => { throw error; }, "name", { value: name })); }));
    };
    await fails("a");
    await fails("a");
    expect(added(error)).to.deep.equal(['in task "a" started here']);
    const later = ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    for (const name of later) await fails(name);
    expect(added(error)).to.deep.equal(later.slice(1).map((name) => `in task "${name}" started here`));
    error.stack = "Error: another stack";
    await fails("m");
    expect(error.stack.startsWith("Error: another stack\n")).to.equal(true);
    expect(added(error)).to.deep.equal(['in task "m" started here']);
  });

  it("nothing is added any more once nobody traces, and nothing without a stack", async () => {
    const failing = (error: Error): Task<never> => go(() => { throw error; });
    for (const stack of [undefined, { formatted: "by the program" }]) {
      const bare = new Error("without");
      Object.defineProperty(bare, "stack", { value: stack, writable: true });
      expect(await rejectionOf(failing(bare))).to.equal(bare);
      expect(bare.stack).to.equal(stack);
    }
    untrace();
    const late = new Error("late");
    const before = late.stack;
    await rejectionOf(failing(late));
    expect(late.stack).to.equal(before);
  });
});

describe("debug mode", () => {
  let clock: sinon.SinonFakeTimers;
  let lib: Awaited<ReturnType<typeof debuggableCopy>>;
  let warn: sinon.SinonStub;

  beforeEach(async () => {
    lib = await debuggableCopy();
    clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    warn = sinon.stub(console, "warn");
    sinon.stub(process, "on");
    lib.debug();
  });
  afterEach(() => { sinon.restore(); });

  it("names, after five seconds, what a program that has ended left open, and takes it back if it is closed by then", async () => {
    const open: { stop(): void }[] = [];
    const program = (): Promise<void> => lib.run(function main() { open.push(lib.ticker(Infinity)); });
    await program();
    await clock.tickAsync(4999);
    expect(warn.callCount).to.equal(0);
    await clock.tickAsync(1);
    expect(warn.callCount).to.equal(1);
    expect(String(warn.args[0]?.[0])).to.match(/^run "main" ended 5000 ms ago, and the process has not\. .*\n {2}ticker of Infinity ms is open\n {6}opened at main \(.*debug-mode\.spec\.ts/);
    for (const one of open) one.stop();
    await program();
    await clock.tickAsync(3000);
    for (const one of open) one.stop();
    await program();
    await clock.tickAsync(3000);
    for (const one of open) one.stop();
    await clock.tickAsync(10_000);
    expect(warn.callCount).to.equal(1);
  });

  it("names what waits in a cancelled scope that does not end, and nothing beside it", async () => {
    let give!: () => void;
    const foreign = new Promise<void>((resolve) => { give = resolve; });
    const elsewhere = lib.go(async function elsewhere() { await foreign; });
    const ended = lib.scope(async (s) => {
      s.cancel();
      await foreign;
    }, { name: "crawler" }).catch(() => 0);
    await settle();
    await clock.tickAsync(5000);
    expect(warn.callCount).to.equal(1);
    expect(String(warn.args[0]?.[0])).to.match(/^scope "crawler" was cancelled 5000 ms ago and has not ended\.[^]*\n {2}scope \d+ "crawler" still waits in something foreign/);
    expect(String(warn.args[0]?.[0])).to.not.match(/elsewhere/);
    give();
    await Promise.all([elsewhere, ended]);
  });

  it("tracing for a while is over at its end: neither waits of free tasks nor resources are known any more", async () => {
    const copy = await debuggableCopy();
    copy.traceTasks()();
    const ch = copy.chan<number>();
    const reader = copy.go(async function unseen() { await ch.receive(); });
    copy.ticker(Infinity);
    await settle();
    expect(copy.dumpTasks()).to.match(/^task \d+ "unseen" waits in something unknown.*$/);
    ch.trySend(1);
    await reader;
  });

  it("traces already, so that tracing for a while changes nothing", async () => {
    lib.traceTasks()();
    const error = new Error("traced");
    await rejectionOf(lib.go(function failing() { throw error; }));
    expect(error.stack).to.match(/in task "failing" started /);
  });
});
