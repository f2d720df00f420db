/** The leak check, alone and as mocha's hooks. */
import { expect } from "chai";
import Mocha from "mocha";
import sinon from "sinon";
import { chan, checkpoint, go, scope, sleep } from "../../../src/node.ts";
import { cell, semaphore } from "../../../src/sync/index.ts";
import { blockedTasks, expectNoLeaks, leakHooks, LeakError, settle } from "../../../src/testing/index.ts";
import { frameworkLimit } from "../../../src/testing/unended.ts";
import { program as started } from "../../support/program.ts";
import { rejectionOf } from "../../support/settle.ts";

describe("the leak check", () => {
  afterEach(() => { sinon.restore(); });

  for (const [lane, park] of [
    ["an async", (ch: ReturnType<typeof chan<number>>) => go(async function parked() { await ch.receive(); })],
    ["a generator", (ch: ReturnType<typeof chan<number>>) => go(function* parked() { yield* ch.receiving(); })],
  ] as const) {
    it(`GO-04 (a) ${lane} task that waits at the end is reported by name, operation, channel, place and start; unblocked, nothing is`, async () => {
      const ch = chan<number>({ name: "jobs" });
      const leak = await rejectionOf(expectNoLeaks(() => { park(ch); }));
      expect(leak).to.be.instanceOf(LeakError);
      expect((leak as LeakError).code).to.equal("RENDEZVOUS_LEAK");
      expect((leak as LeakError).message).to.match(/^1 left behind: .*\n {2}task \d+ "parked" is left waiting in receive on channel "jobs"\n +at parked \(.*leaks\.spec\.ts:\d+:\d+\)\n +started at .*leaks\.spec\.ts:\d+:\d+/);
      expect(blockedTasks().filter(({ name }) => name === "parked").map(({ operations }) => operations)).to.deep.equal([['receive on channel "jobs"']]);
      await expectNoLeaks(() => { ch.trySend(1); });
      await settle();
      expect(blockedTasks().filter(({ name }) => name === "parked")).to.deep.equal([]);
    });
  }

  it("GO-04 (b) tasks from before are not reported, later ones are", async () => {
    const ch = chan<number>();
    go(async function earlier() { await ch.receive(); });
    await checkpoint();
    await expectNoLeaks(() => "nothing new");
    const leak = await rejectionOf(expectNoLeaks(() => { go(async function later() { await ch.receive(); }); }));
    expect(String(leak)).to.include('"later"').and.not.include('"earlier"');
    ch.trySend(1);
    ch.trySend(2);
    await settle();
  });

  it("GO-04 (c) a task that is about to end gets the time for it, even under a fake clock (leaks.ts 1)", async () => {
    sinon.useFakeTimers();
    await expectNoLeaks(() => {
      go(async () => { for (let turns = 0; turns < 5; turns++) await settle(); });
    });
  });

  it("GO-04 (d) a scope that is left is reported, with its tasks", async () => {
    const clock = sinon.useFakeTimers();
    const leak = await rejectionOf(expectNoLeaks(() => {
      void scope((s) => { s.go(async function inner() { await sleep(10); }); }, { name: "outer" });
    }));
    expect(String(leak)).to.match(/^LeakError: 2 left behind/).and.match(/scope \d+ "outer" waits for what runs in it/).and.match(/task \d+ "inner" is left waiting in sleep of 10 ms/);
    await clock.tickAsync(10);
  });

  it("each kind of operation reads as a sentence", async () => {
    const db = semaphore(1, { name: "db" });
    const level = cell(0, { name: "level" });
    const letters = chan<string>({ name: "letters" });
    const permit = await db.acquire();
    const leak = await rejectionOf(expectNoLeaks(() => {
      go(async function caller() { (await db.acquire()).release(); });
      go(async function watcher() { await level.wait((value) => value > 0); });
      go(async function reader() { await letters.receive(); });
    }));
    expect(String(leak))
      .to.include('"caller" is left waiting to acquire semaphore "db"')
      .and.include('"watcher" is left waiting for cell "level"')
      .and.include('"reader" is left waiting in receive on channel "letters"');
    permit.release();
    level.update(() => 1);
    letters.trySend("the end");
    await settle();
  });

  it("the failure of the test itself comes first", async () => {
    const ch = chan<number>();
    const error = new Error("the test's own");
    expect(await rejectionOf(expectNoLeaks(() => {
      go(() => ch.receive());
      throw error;
    }))).to.equal(error);
    await checkpoint();
    ch.trySend(1);
    await settle();
  });

  it("GO-04 (e) as mocha's hooks a leak fails the test that has leaked, and no other (leaks.ts 2)", async () => {
    const ch = chan<number>({ name: "leaking" });
    const mocha = new Mocha({ reporter: function silent() { /* says nothing */ } as never });
    mocha.rootHooks(leakHooks() as never);
    const tests: Record<string, Mocha.Func | Mocha.AsyncFunc> = {
      clean: () => undefined,
      leaking: () => { go(() => ch.receive()); },
      callback: (done) => { setImmediate(done as () => void); },
      failing: async () => { throw new Error("its own"); },
      after: async () => { await checkpoint(); },
    };
    for (const [name, test] of Object.entries(tests)) mocha.suite.addTest(new Mocha.Test(name, test));
    const failures: string[] = [];
    const passes: string[] = [];
    await new Promise<void>((resolve) => {
      mocha
        .run(() => { resolve(); })
        .on("pass", ({ title }) => { passes.push(title); })
        .on("fail", ({ title }, error: Error) => { failures.push(`${title}: ${error.message.split("\n").at(-1)?.trim() ?? ""}`); });
    });
    expect(passes).to.deep.equal(["clean", "callback", "after"]);
    expect(failures).to.have.length(2);
    expect(failures[0]).to.match(/^leaking: started at .*leaks\.spec\.ts/);
    expect(failures[1]).to.equal("failing: its own");
    ch.trySend(1);
    await settle();
  });
});

describe("EX-06 a test that does not end", () => {
  it("says to mocha who waits for what, itself and what it has started (leaks.ts 3, unended.ts 1)", async () => {
    const mocha = new Mocha({ reporter: function silent() { /* says nothing */ } as never, timeout: 300 });
    mocha.rootHooks(leakHooks() as never);
    const [replies, requests] = [chan<number>({ name: "replies" }), chan<number>({ name: "requests" })];
    mocha.suite.addTest(new Mocha.Test("stuck", async () => {
      go(async function server() { await requests.receive(); });
      await replies.receive();
    }));
    mocha.suite.addTest(new Mocha.Test("after", async () => { await checkpoint(); }));
    const failures: string[] = [];
    await new Promise<void>((resolve) => {
      mocha.run(() => { resolve(); }).on("fail", ({ title }, error: Error) => { failures.push(`${title}: ${error.message}`); });
    });
    expect(failures).to.have.length(1);
    expect(failures[0]).to.match(/^stuck: The test has not ended within its 300 ms\./)
      .and.match(/\n {2}the test itself waits in receive on channel "replies"\n +at .*leaks\.spec\.ts/)
      .and.match(/\n {2}task \d+ "server" waits in receive on channel "requests"\n +at server .*leaks\.spec\.ts/);
    replies.trySend(1);
    requests.trySend(1);
    await settle();
  });

  const stuck = `async () => { go(async function server() { await chan({ name: "requests" }).receive(); }); await chan({ name: "replies" }).receive(); }`;
  const waits = /the test itself waits in receive on channel "replies"[^]*task \d+ "server" waits in receive on channel "requests"/;

  it("is told on standard error when the event loop runs dry (unended.ts 2)", () => {
    const { errors } = started(`import { chan, go } from "rendezvous"; import { expectNoLeaks } from "rendezvous/testing"; void expectNoLeaks(${stuck});`);
    expect(errors).to.match(/^LeakError: The event loop has run dry, and a test has not ended\./).and.match(waits);
  });

  it("is told by node:test, by its hooks", () => {
    const { errors, output } = started(`import { afterEach, beforeEach, test } from "node:test"; import { chan, go } from "rendezvous"; import { leakHooks } from "rendezvous/testing";
      const hooks = leakHooks(); beforeEach(hooks.beforeEach); afterEach(hooks.afterEach);
      test("fine", async () => { await go(() => 1); });
      test("leaks", () => { go(async function left() { await chan({ name: "nobody" }).receive(); }); });
      test("stuck", { timeout: 500 }, ${stuck});`); // without, node:test of Node 24 and later waits for ever
    expect(errors).to.match(/^LeakError: The event loop has run dry, and a test has not ended\./).and.match(waits);
    expect(errors.match(/LeakError/g)).to.have.length(1);
    expect(output).to.match(/(ok 1 - |✔ )fine/).and.include('"left" is left waiting in receive on channel "nobody"');
  });

  it("the running test's limit is found in vitest and in jest, else the limit for all", () => {
    const jest = Symbol("JEST_STATE_SYMBOL");
    const limitOf = (name: string | symbol, value: unknown): number | undefined => {
      Reflect.set(globalThis, name, value);
      try {
        return frameworkLimit();
      } finally {
        Reflect.deleteProperty(globalThis, name);
      }
    };
    expect(frameworkLimit()).to.equal(undefined);
    expect(limitOf("__vitest_worker__", { current: { timeout: 700 }, config: { testTimeout: 1500 } })).to.equal(700);
    expect(limitOf("__vitest_worker__", { config: { testTimeout: 1500 } })).to.equal(1500);
    expect(limitOf(jest, { currentlyRunningTest: { timeout: 700 }, testTimeout: 1500 })).to.equal(700);
    expect(limitOf(jest, { currentlyRunningTest: {}, testTimeout: 1500 })).to.equal(1500);
    for (const none of [0, Infinity, "5"]) expect(limitOf(jest, { testTimeout: none })).to.equal(undefined);
  });

  it("is told when its time is up, where the framework's is known (unended.ts 2)", async () => {
    const clock = sinon.stub(console, "error");
    const hooks = leakHooks();
    const giveUp = new AbortController();
    const ch = chan<number>({ name: "replies" });
    hooks.beforeEach(Object.assign(() => undefined, { signal: giveUp.signal })); // as vitest gives it
    const test = ch.receive();
    giveUp.abort();
    expect(String(clock.firstCall.args[0])).to.match(/^LeakError: The time of a test is up, and it has not ended\..*\n {2}the test itself waits in receive on channel "replies"/);
    clock.restore();
    ch.trySend(1);
    await test;
    await hooks.afterEach();
  });
});
