/** What is given by mistake, from JavaScript or past the types: an error at once that says what to write. */
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import {
  aborting, always, attempting, awaiting, calls, chan, checkpoint, choose, coroutine, gather, go, guard, named, openScope, operation, perform, poll, race, run,
  scope, select, selecting, settling, shield, sleep, timeout, trySelect, type Operation,
} from "../../../src/node.ts";
import { produce } from "../../../src/flow/index.ts";
import { overNats } from "../../../src/nats/index.ts";
import { dial, dialing, listen, serve, type Connection, type Listener } from "../../../src/net/index.ts";
import { bubble, expectNoLeaks, explore, memoryBroker, memoryNet, replay, shared } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";

/** As JavaScript gives it. */
const given = (value: unknown): never => value as never;

/** What a call throws, or rejects with. */
async function mistakeOf(call: () => unknown): Promise<{ error: unknown; thrown: boolean }> {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    return { error, thrown: true };
  }
  return { error: await rejectionOf(result as Promise<unknown>), thrown: false };
}

async function refuses(call: () => unknown, cure: string, how: "throws" | "rejects"): Promise<void> {
  const { error, thrown } = await mistakeOf(call);
  expect(error).to.be.instanceOf(TypeError).with.property("message").that.contains(cure);
  expect(thrown ? "throws" : "rejects").to.equal(how);
}

describe("Messages: functions, at the call", () => {
  const work = function* (): Generator { yield* always(1); };
  const asyncWork = async function* (): AsyncGenerator<number> { yield Promise.resolve(1); };
  const cases: Record<string, readonly [call: (wrong: unknown) => unknown, wrong: readonly unknown[], cure: string]> = {
    "attempting(5)": [(wrong) => attempting(given(wrong)), [5, undefined, Promise.resolve(), {}, work, asyncWork], "attempting((signal) => fetch(url, { signal }))"],
    "guard(5)": [(wrong) => guard(given(wrong)), [5, undefined, always(1), work, asyncWork, async () => Promise.resolve(always(1))], "guard(() => ch.receiving())"],
    "map(5)": [(wrong) => always(1).map(given(wrong)), [5, undefined, {}], "operation.map((value) => ...)"],
    "map(f, 5)": [(wrong) => always(1).map(String, given(wrong)), [5, null, {}], "operation.map(onValue, (error) => ...)"],
    "operation(5)": [
      (wrong) => operation(given(wrong)), [5, undefined, null, {}, { poll: () => undefined }, { wait: () => undefined }], "{ poll() { ... }, wait(resume) { ... } }",
    ],
    "named(work)": [(wrong) => named(given(wrong), () => 1), [() => 1, 5, undefined], 'named("reader", () => work())'],
    "named(name, 5)": [(wrong) => named("reader", given(wrong)), [5, undefined, Promise.resolve()], 'named("reader", () => work())'],
    "coroutine(5)": [(wrong) => coroutine(given(wrong)), [5, undefined, work()], "coroutine(function* () { ... })"],
    "go(work())": [(wrong) => go(given(wrong)), [Promise.resolve(1), 5, work()], "go(() => work()), not go(work())"],
    "aborting(controller)": [(wrong) => aborting(given(wrong)), [new AbortController(), 5], "controller.signal"],
  };
  for (const [name, [call, wrong, cure]] of Object.entries(cases)) {
    it(`Messages: ${name} is a TypeError at the call that names the cure`, async () => {
      for (const one of wrong) await refuses(() => call(one), cure, "throws");
    });
  }

  it("Messages: choose() is a TypeError, also with no case left of a list", async () => {
    await refuses(() => choose(), "never", "throws");
    await refuses(() => choose(...([] as Operation<number>[])), "at least one", "throws");
  });

  it("Messages: what takes operations names itself, when it is given something else", async () => {
    await refuses(() => perform(given(5)), "perform takes an operation, ", "rejects");
    await refuses(() => poll(given(5)), "poll takes an operation, ", "throws");
    await refuses(() => choose(given(5)), "choose takes an operation, ", "throws");
    await refuses(() => poll(guard(() => given(5))), "guard takes an operation, ", "throws");
  });

  it("Messages: an option that has a few values only names them", async () => {
    const jobs = [() => 1];
    await refuses(() => gather(jobs, given({ onError: "supervise" })), 'onError of gather is "cancel" or "leave"; got "supervise"', "rejects");
    await refuses(() => race(jobs, given({ until: "first" })), 'race runs until "settled" or "success"; got "first"', "rejects");
    await refuses(() => scope(() => 1, given({ onError: "leave" })), 'onError of a scope is "cancel", "supervise" or a function; got "leave"', "rejects");
    await refuses(() => scope(() => 1, given({ name: 5 })), "the name of a scope cannot be 5", "rejects");
  });

  it("Messages: a stage is given its scope first", async () => {
    for (const wrong of [null, undefined, 5, {}]) {
      await refuses(() => produce(given(wrong), () => 1), "produce takes a scope first, as scope((s) => produce(s, async (out) => { ... }))", "throws");
    }
  });

  it("Messages: the argument is named, even if it has no text, or is nothing that any verb takes", async () => {
    await refuses(() => race(given([])), "got an empty array", "rejects");
    await refuses(() => race(given(work), given(work)), "race takes an array of at least one function; got a generator function named work", "rejects");
    await refuses(() => go(given([1, 2])), "got an array of 2", "throws");
    await refuses(() => scope((s) => { s.use(given(null)); }), "use takes a resource with Symbol.dispose or Symbol.asyncDispose; got null", "rejects");
    await refuses(() => select(given(new Map([["case", always(1)]]))), "select takes a record or an array of operations; got a Map", "rejects");
    await refuses(() => select(given(always(1))), "select takes a record or an array of operations", "rejects");
    for (const wrong of [5, null, undefined]) await refuses(() => select(given(wrong)), `select takes a record or an array of operations; got ${String(wrong)}`, "rejects");
    const receiving = select(given(chan({ name: "jobs" }).receiving()));
    await refuses(() => receiving, 'select takes a record or an array of operations; got receive on channel "jobs"', "rejects");
    await refuses(() => chan(given({ overflow: "drop" })), 'the overflow of a channel cannot be "drop"; it is wait, drop-newest, drop-oldest', "throws");
    await refuses(() => chan<number>().receive(given(5)), "its options as an object; got 5; write { signal }", "rejects");
    await refuses(() => serve(given(Promise.resolve()), () => 1), 'serve takes a listener, as await listen("127.0.0.1:8080"); got a promise', "rejects");
    await refuses(() => shared(given(undefined)), "shared takes an object, as shared({ count: 0 }); got undefined", "throws");
    await refuses(() => memoryBroker().remote(given("worker")), 'a remote of memoryBroker takes its options as an object, as { name }; got "worker"', "throws");
    await refuses(() => overNats(given("nats://127.0.0.1")), "as overNats(await connect({ servers })); got", "throws");
    for (const option of ["overflow", "onDrop", "name"]) await refuses(() => chan(given({ [option]: 5 })), `the ${option} of a channel cannot be 5`, "throws");
  });

  it("Messages: for the bodies of gather, scope, timeout and the others the message has the right call", async () => {
    for (const wrong of [5, Promise.resolve(1), undefined]) {
      await refuses(() => scope(given(wrong)), "scope(() => work())", "rejects");
      await refuses(() => timeout(5, given(wrong)), "timeout(1000, () => work())", "rejects");
      await refuses(() => shield(given(wrong)), "shield(() => work())", "rejects");
      await refuses(() => run(given(wrong)), "run(() => work())", "rejects");
      await refuses(() => bubble(given(wrong)), "bubble(() => work())", "rejects");
      await refuses(() => explore(given(wrong)), "explore(() => work())", "rejects");
      await refuses(() => expectNoLeaks(given(wrong)), "expectNoLeaks(() => work())", "rejects");
      await refuses(() => serve(given({}), given(wrong)), "serve(listener, (connection) => answer(connection))", "rejects");
      await refuses(() => calls().server.serve(given(wrong)), "server.serve((value) => answer)", "rejects");
    }
    await refuses(() => calls().server.serve(given(work)), "server.serve((value) => answer)", "rejects");
  });
});

describe("Messages: values that are no operation", () => {
  const ch = chan<number>();
  const { client, server } = calls<number, number>();
  const wrong: Record<string, readonly [given: unknown, cure: string]> = {
    "perform(channel)": [ch, "ch.receiving() or ch.sending(value)"],
    "perform(task)": [go(() => 1), "task.joining()"],
    "perform(ch.receive())": [Promise.resolve(1), "ch.receiving(), not ch.receive()"],
    "perform(ch.receiving) without brackets": [() => ch.receiving(), "with its brackets"],
    "perform(100)": [100, "sleeping(ms)"],
    "perform(signal)": [new AbortController().signal, "aborting(signal)"],
    "perform(client)": [client, "client.calling(value)"],
    "perform(server)": [server, "server.accepting()"],
    "perform(generator)": [(function* () { yield 1; })(), "go(function* () { ... })"],
    "perform(nothing)": [undefined, "ch.receiving()"],
    "perform(null)": [null, "ch.receiving()"],
    "perform(an object without a text)": [Object.create(null), "ch.receiving()"],
  };
  for (const [name, [value, cure]] of Object.entries(wrong)) {
    it(`Messages: ${name} names the cure, in a select, a choice, a guard and at a yield too`, async () => {
      await refuses(() => perform(given(value)), cure, "rejects");
      await refuses(() => poll(given(value)), cure, "throws");
      await refuses(() => choose(given(value)), cure, "throws");
      await refuses(() => perform(guard(() => given(value))), cure, "rejects");
      await refuses(() => go(function* () { yield given(value); }).join(), cure, "rejects");
      if (!value) return; // a case that is off
      await refuses(() => select({ t: given(value) }), `case "t" takes an operation`, "rejects");
      await refuses(() => select({ t: given(value) }), cure, "rejects");
      await refuses(() => selecting([given(value)]), cure, "throws");
    });
  }

  it("Messages: settling distinguishes a plain value, an operation and a function", async () => {
    for (const [verb, form] of Object.entries({ settling, awaiting })) {
      await refuses(() => form(given(5)), "always(value)", "throws");
      await refuses(() => form(given(ch.receiving())), `leave ${verb} out`, "throws");
      await refuses(() => form(given(() => Promise.resolve(1))), `${verb}(work()), not ${verb}(work)`, "throws");
    }
  });

  it("Messages: race([f()]) names race([() => f()])", async () => {
    await refuses(() => race(given([Promise.resolve(1)])), "race([() => f()]), not race([f()])", "rejects");
    await refuses(() => race(given([() => 1, go(() => 1)])), "race([() => f()]), not race([f()])", "rejects");
  });
});

describe("Messages: options from JavaScript", () => {
  const signal = new AbortController().signal;

  /** Every verb that waits, by its name in the message. */
  const verbs: Record<string, (options: never) => Promise<unknown>> = {
    send: (options) => chan<number>({ name: "c" }).send(1, options),
    receive: (options) => chan<number>({ name: "c" }).receive(options),
    next: (options) => chan<number>({ name: "c" }).next(options),
    "sleep of": (options) => sleep(1, options),
    checkpoint: (options) => checkpoint(options),
    "join of task": (options) => go(() => 1).join(options),
    perform: (options) => perform(always(1), options),
    select: (options) => select({ a: always(1) }, options),
    call: (options) => calls<number, number>().client.call(1, options),
    accept: (options) => calls<number, number>().server.accept(options),
    scope: (options) => scope(() => 1, options),
    timeout: (options) => timeout(5, () => 1, options),
    race: (options) => race([() => 1], options),
    gather: (options) => gather([() => 1], options),
    "gather of promises": (options) => gather([Promise.resolve(1)], options),
    run: (options) => run(() => 1, options),
    dial: (options) => dial("127.0.0.1:1", options),
    listen: (options) => listen("127.0.0.1:0", options),
    serve: (options) => serve({} as Listener, () => undefined, options),
    "memory dial": (options) => memoryNet().dial("a:1", options),
    "memory listen": (options) => memoryNet().listen("a:1", options),
  };
  for (const [name, verb] of Object.entries(verbs)) {
    it(`Messages: ${name}: a signal instead of { signal }, an unknown option, no object (given.ts 1)`, async () => {
      await refuses(() => verb(given(signal)), "as { signal }", "rejects");
      await refuses(() => verb(given(runInNewContext("new Signal()", { Signal: class { aborted = false; addEventListener(): void { /* never */ } } }))), "as { signal }", "rejects");
      await refuses(() => verb(given({ sginal: signal })), 'has no option "sginal"; it has ', "rejects");
      for (const none of [5, null, "signal", () => 1]) await refuses(() => verb(given(none)), "takes its options as an object", "rejects");
      await refuses(() => verb(given({ signal: new AbortController().signal.aborted })), "takes an AbortSignal, as controller.signal", "rejects");
    });
  }

  it("Messages: ch.receive(signal) names the channel, the verb and the cure, and takes nothing", async () => {
    const jobs = chan<number>({ capacity: 1, name: "jobs" });
    jobs.trySend(1);
    const error = await rejectionOf(jobs.receive(given(signal)));
    expect((error as Error).message).to.equal('receive on channel "jobs" takes a signal by its name, as { signal }; got an AbortSignal');
    expect(await rejectionOf(jobs.receive(given({ timeout: 5 })))).to.have.property("message", 'receive on channel "jobs" has no option "timeout"; it has signal');
    expect(jobs.size).to.equal(1);
    expect(await jobs.receive({ signal })).to.equal(1);
    expect(await rejectionOf(jobs.receive({ signal: AbortSignal.abort("enough") }))).to.equal("enough");
  });

  it("Messages: chan({ size: 3 }) names the options that there are", async () => {
    await refuses(() => chan(given({ size: 3 })), 'chan has no option "size"; it has capacity, overflow, buffer, onDrop, name', "throws");
    await refuses(() => chan(given(signal)), "chan takes no signal", "throws");
    await refuses(() => chan(given([1])), 'no option "0"', "throws");
  });

  it("Messages: functions that throw at the call do so: selecting, trySelect, openScope, memoryNet, dialing", async () => {
    const a = { a: always(1) };
    await refuses(() => selecting(a, given({ orders: "listed" })), 'selecting has no option "orders"; it has order', "throws");
    await refuses(() => selecting(a, given({ signal })), 'selecting has no option "signal"', "throws");
    await refuses(() => trySelect(a, given({ signal })), 'trySelect has no option "signal"', "throws");
    await refuses(() => openScope(given({ limit: 3 })), 'openScope has no option "limit"; it has name, timeout, signal, onError', "throws");
    await refuses(() => openScope(given(signal)), "as { signal }", "throws");
    await refuses(() => memoryNet(given({ delay: 3 })), 'memoryNet has no option "delay"', "throws");
    await refuses(() => dialing(given({ port: 1, hots: "x" })), 'dial has no option "hots"', "throws");
  });

  it("Messages: shield, dial, listen and the tools for tests have the options that they have", async () => {
    await refuses(() => shield(() => 1, given({ signal })), 'shield has no option "signal"; it has timeout', "rejects");
    await refuses(() => dial(given({ port: 1, timeouts: 3 })), 'dial has no option "timeouts"', "rejects");
    await refuses(() => listen(given({ port: 0, maxConnections: 3 })), 'listen has no option "maxConnections"', "rejects");
    await refuses(() => bubble(() => 1, given({ timeout: 3 })), 'bubble has no option "timeout"; it has timeoutMs', "rejects");
    await refuses(() => explore(() => 1, given({ runs: 3 })), 'explore has no option "runs"', "rejects");
    await refuses(() => replay(() => 1, "0", given({ runs: 3 })), 'replay has no option "runs"', "rejects");
    await refuses(() => run(() => 1, given({ graces: 3 })), 'run has no option "graces"', "rejects");
    await refuses(() => gather([() => 1], given({ concurrency: 3 })), 'gather has no option "concurrency"; it has limit', "rejects");
  });

  it("Messages: a connection's verbs too", async () => {
    const { dial: dialled, listen: listening } = memoryNet();
    await using listener = await listening("a:1");
    const connection: Connection = await dialled("a:1");
    await refuses(() => connection.lines(given({ fatel: true })), 'lines has no option "fatel"; it has fatal', "throws");
    await refuses(() => connection.readLine(given(signal)), "as { signal }", "rejects");
    await refuses(() => connection.readLine(given({ timeout: 1 })), 'readLine has no option "timeout"; it has fatal, maxLine, signal', "rejects");
    await refuses(() => connection.readExactly(1, given(signal)), "as { signal }", "rejects");
    await refuses(() => connection.readUntil("\n", given(signal)), "as { signal }", "rejects");
    await refuses(() => connection.send("x", given(signal)), "as { signal }", "rejects");
    await refuses(() => connection.receive(given(signal)), "as { signal }", "rejects");
    await refuses(() => connection.next(given(signal)), "as { signal }", "rejects");
    await refuses(() => listener.receive(given(signal)), "as { signal }", "rejects");
    connection.destroy();
  });

  it("Messages: an object with a signal counts as options: a controller, a scope; undefined too, and so is an option that is undefined", async () => {
    const ch = chan<number>({ capacity: 3, name: undefined });
    for (let n = 0; n < 3; n++) ch.trySend(n);
    expect(await ch.receive(new AbortController())).to.equal(0);
    expect(await scope((s) => ch.receive(s))).to.equal(1);
    expect(await ch.receive({ signal: undefined })).to.equal(2);
    await scope(() => undefined, Object.create({ name: "inherited" }) as object);
  });

  it("Messages: an address of a listener is one to listen on again", async () => {
    const first = await listen("127.0.0.1:0");
    const { address } = first;
    await first.shutdown();
    const again = await listen(address);
    expect(again.address).to.deep.equal(address);
    await again.shutdown();
  });
});

it("FA-16 expectNoLeaks runs a generator function, rather than returning its object", async () => {
  const ch = chan<number>(1);
  ch.trySend(7);
  expect(await expectNoLeaks(function* () { return yield* ch.receiving(); })).to.equal(7);
  const leak = await rejectionOf(expectNoLeaks(function* () {
    yield* always(1);
    go(() => ch.receive());
  }));
  expect(leak).to.have.property("code", "RENDEZVOUS_LEAK");
  ch.trySend(1);
});
