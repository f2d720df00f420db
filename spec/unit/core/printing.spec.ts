/** What things print as: by `toString`, in `console.log` of Node and of Deno, inside of others; without a value that was sent, and without a change. */
import { inspect } from "node:util";
import { expect } from "chai";
import {
  aborting, always, attempting, calls, chan, choose, coroutine, go, guard, never, openScope, operation, scope, select, selecting, settling, sleeping,
  ticker, timeout, type Scope,
} from "../../../src/node.ts";
import { control } from "../../../src/core/scheduler.ts";
import { memoryNet } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";
import { TrivialController } from "../../support/trivial-controller.ts";

const secret = { secret: "swordfish" };
const forDeno = Symbol.for("Deno.customInspect");

/** Prints the same in every way. */
function expectText(what: unknown, text: string | RegExp): void {
  const printed = String(what);
  if (typeof text === "string") expect(printed).to.equal(text);
  else expect(printed).to.match(text);
  expect(inspect(what)).to.equal(printed);
  expect((what as Record<symbol, () => string>)[forDeno]?.()).to.equal(printed);
  expect(inspect({ a: { b: { c: [what] } } }, { depth: null })).to.include(`[ ${printed} ]`);
  expect(inspect([what], { depth: 0 })).to.equal(`[ ${printed} ]`);
  expect(inspect(what, { showHidden: true, depth: null })).to.equal(printed);
  expect(printed).not.to.include("swordfish").and.not.include("[object");
  const own = Reflect.ownKeys(what as object);
  expect(own.filter((key) => typeof key === "symbol" && key.description?.includes("nspect"))).to.deep.equal([]);
  expect(own).not.to.include("toString");
}

const row = "Messages: console.log and template literals show";

describe("printing", () => {
  it(`${row} a channel: how much it holds, how many wait, and whether it has ended`, async () => {
    const jobs = chan<object>({ name: "jobs", capacity: 2 });
    expectText(jobs, 'Channel "jobs" (0 of 2)');
    const received = jobs.receive();
    expectText(jobs, 'Channel "jobs" (0 of 2, 1 receiver waits)');
    void jobs.send(secret);
    await received;
    for (let n = 0; n < 4; n++) void jobs.send(secret).catch(() => undefined);
    expectText(jobs, 'Channel "jobs" (2 of 2, 2 senders wait)');
    jobs.close();
    expectText(jobs, 'Channel "jobs" (2 of 2, 2 senders wait, closed)');
    jobs.cancel();
    expectText(jobs, 'Channel "jobs" (0 of 2, cancelled)');
    const meeting = chan({ name: "meeting" });
    expectText(meeting, 'Channel "meeting" (unbuffered)');
    void select({ one: meeting.receiving(), other: meeting.receiving() });
    expectText(meeting, 'Channel "meeting" (unbuffered, 2 receivers wait)');
    expectText(chan(Infinity), /^Channel "channel-\d+" \(0 of Infinity\)$/);
    expect(Object.prototype.toString.call(meeting)).to.equal("[object Channel]");
    expect(Object.keys(jobs)).to.deep.equal(Object.keys(chan()));
  });

  it(`${row} a task: its number, its name, its state`, async () => {
    const task = go(async function reader() { await settle(); return secret; });
    expectText(task, `Task ${String(task.id)} "reader" (pending)`);
    await settle();
    await task;
    expectText(task, `Task ${String(task.id)} "reader" (done)`);
    const failed = go(function failing() { throw new Error("swordfish"); });
    await failed.result();
    expectText(failed, `Task ${String(failed.id)} "failing" (failed)`);
    await scope(async (s) => {
      const one = s.go(function* child() { yield* never; });
      await settle();
      expectText(one, `Task ${String(one.id)} "child" (running)`);
      s.cancel();
      await one.result().catch(() => undefined);
      expectText(one, `Task ${String(one.id)} "child" (cancelled)`);
    });
    expect(Object.prototype.toString.call(task)).to.equal("[object Task]");
  });

  it(`${row} a scope: its name, its tasks, whether it was cancelled, or has ended`, async () => {
    let kept: Scope | undefined;
    await scope(async (s) => {
      kept = s;
      expectText(s, 'Scope "office"');
      s.go(() => settle());
      expectText(s, 'Scope "office" (1 task)');
      s.go(() => settle());
      s.cancel();
      expectText(s, 'Scope "office" (2 tasks, cancelled)');
    }, { name: "office" });
    expectText(kept, 'Scope "office" (cancelled, ended)');
    await timeout(1000, function limited(s) { expectText(s, 'Scope "limited" of timeout'); });
    await using open = openScope({ name: "open" });
    expectText(open, 'Scope "open"');
  });

  it(`${row} operations: as in reports`, () => {
    const jobs = chan<object>({ name: "jobs" });
    const task = go(function reader() { return 1; });
    const source = { poll: () => undefined, wait: () => () => { /* nothing */ } };
    expectText(jobs.receiving(), 'receive on channel "jobs"');
    expectText(jobs.nexting(), 'receive on channel "jobs"');
    expectText(jobs.sending(secret), 'send on channel "jobs"');
    expectText(jobs.receiving().map(() => secret), 'receive on channel "jobs"');
    expectText(choose<unknown>(jobs.receiving(), sleeping(5)), 'choice of receive on channel "jobs", sleep of 5 ms');
    expectText(selecting({ job: jobs.receiving(), late: sleeping(5) }), 'select of job: receive on channel "jobs", late: sleep of 5 ms');
    expectText(task.joining(), 'join of task "reader"');
    expectText(aborting(new AbortController().signal), "the abort of a signal");
    expectText(settling(Promise.resolve(secret)), "a promise");
    expectText(always(secret), "what happens at once");
    expectText(never, "what never happens");
    expectText(guard(() => never), "a guard");
    expectText(attempting(() => Promise.resolve(secret)), "an attempt");
    expectText(operation(source), "an operation");
    expectText(operation({ ...source, name: 'lock "printer"' }), 'lock "printer"');
  });

  it(`${row} tickers, calls and coroutines`, async () => {
    using ticks = ticker(3_600_000);
    expectText(ticks, "Ticker of 3600000 ms");
    const pending = ticks.next();
    expectText(ticks, "Ticker of 3600000 ms (1 receiver waits)");
    ticks.stop();
    await pending;
    expectText(ticks, "Ticker of 3600000 ms (stopped)");

    const squares = calls<object, object>("squares");
    expectText(squares, 'Calls "squares"');
    const answer = squares.client.call(secret);
    expectText(squares, 'Calls "squares" (1 caller waits)');
    expectText(squares.client, 'Client of calls "squares" (1 caller waits)');
    expectText(squares.server, 'Server of calls "squares" (1 caller waits)');
    const call = await squares.server.accept();
    expectText(call, 'Call of "squares" (waits for its answer)');
    call.reply(secret);
    await answer;
    expectText(call, 'Call of "squares" (answered)');
    expectText(squares.client.calling(secret), "a guard");
    squares.close();
    expectText(squares, 'Calls "squares" (closed)');

    const talk = coroutine(function* total(): Generator<object, void, object> { for (;;) yield secret; });
    await talk.first;
    expectText(talk, 'Coroutine "total"');
    const asked = talk.call(secret);
    expectText(talk, 'Coroutine "total" (1 call waits)');
    await asked;
    talk.close();
    await talk.done;
    expectText(talk, 'Coroutine "total" (ended)');
  });

  it(`${row} connections, their lines, and listeners`, async () => {
    const net = memoryNet();
    const listener = await net.listen("127.0.0.1:4000");
    expectText(listener, "Listener on 127.0.0.1:4000");
    const near = await net.dial("127.0.0.1:4000");
    expectText(listener, "Listener on 127.0.0.1:4000 (1 client waits)");
    const far = await listener.receive();
    expectText(near, "Connection to 127.0.0.1:4000");
    await far.send("swordfish");
    await settle();
    expectText(near, "Connection to 127.0.0.1:4000 (9 bytes to read)");
    const lines = near.lines();
    expectText(lines, "Lines of the connection to 127.0.0.1:4000");
    lines.cancel();
    expectText(lines, "Lines of the connection to 127.0.0.1:4000 (cancelled)");
    near.close();
    expectText(near, "Connection to 127.0.0.1:4000 (9 bytes to read, sends no more)");
    near.destroy();
    expectText(near, "Connection to 127.0.0.1:4000 (ended)");
    const pending = listener.next();
    expectText(listener, "Listener on 127.0.0.1:4000 (1 receiver waits)");
    await listener.shutdown();
    await pending;
    expectText(listener, "Listener on 127.0.0.1:4000 (shut down)");
    far.destroy();
  });

  it("looking changes nothing, and no controller sees it", async () => {
    const jobs = chan<object>({ name: "jobs", capacity: 1 });
    jobs.trySend(secret);
    const task = go(() => 1);
    const things = [jobs, task, jobs.receiving(), jobs.sending(secret), calls("c"), selecting({ it: jobs.receiving() })];
    const controller = new TrivialController();
    control(controller);
    try {
      for (const thing of things) inspect(thing, { depth: null, showHidden: true });
      for (const thing of things) String(thing);
    } finally {
      control(undefined);
    }
    expect(controller.told).to.deep.equal([]);
    expect(jobs.size).to.equal(1);
    expect(await task).to.equal(1);
  });
});
