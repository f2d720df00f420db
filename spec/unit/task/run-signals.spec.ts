/** What `run` does with the process that it runs in: signals, exit codes, the report of a deadlock. The process here is only looked at. */
import { expect } from "chai";
import sinon from "sinon";
import type { Channel } from "../../../src/index.ts";
import { debuggableCopy, freshCopy } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

/** Thrown where a process would have ended. */
class Exit {
  readonly code: number | undefined;

  constructor(code: number | undefined) {
    this.code = code;
  }
}

describe("a program and its process", () => {
  type Library = Awaited<ReturnType<typeof freshCopy>>;
  const events = ["SIGINT", "SIGTERM", "beforeExit"];
  const codes = { SIGINT: 130, SIGTERM: 143 };
  let lib: Library;
  let clock: sinon.SinonFakeTimers;
  let listeners: Map<string, Set<() => void>>;
  let errors: string[];
  /** What the library sees as the process. */
  let seen: { exitCode: number | undefined };
  const { process: real } = globalThis;

  beforeEach(async () => {
    lib = await freshCopy(undefined, "node.ts");
    clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    listeners = new Map(events.map((event) => [event, new Set()]));
    errors = [];
    const own = {
      exitCode: undefined,
      stderr: { write: (text: string) => errors.push(text) },
      on: (event: string, listener: () => void) => listeners.get(event)?.add(listener),
      off: (event: string, listener: () => void) => listeners.get(event)?.delete(listener),
      exit: (code: number | undefined) => { throw new Exit(code); },
    };
    seen = Object.create(real, Object.fromEntries(Object.entries(own).map(([name, value]) => [name, { value, writable: true }]))) as typeof seen;
    Reflect.set(globalThis, "process", seen);
  });
  afterEach(() => {
    Reflect.set(globalThis, "process", real);
    sinon.restore();
  });

  /** The process emits this. The result is the code with which it ended by that. */
  function emit(event: string): number | undefined {
    try {
      for (const listener of [...listeners.get(event) ?? []]) listener();
    } catch (error) {
      if (error instanceof Exit) return error.code;
      throw error;
    }
    return undefined;
  }

  const heard = (): string[] => events.filter((event) => listeners.get(event)?.size !== 0);

  for (const [signal, code] of Object.entries(codes)) {
    it(`S-72 ${signal} cancels it; once it has cleaned up, the process exits with ${String(code)}`, async () => {
      const log: unknown[] = [];
      const ended = rejectionOf(lib.run(async (s) => {
        s.defer(() => { log.push("cleaned up"); });
        await lib.sleep(100_000).catch((error: unknown) => {
          log.push((error as Error).cause);
          throw error;
        });
      }));
      await settle();
      expect(heard()).to.deep.equal(events);
      expect(emit(signal)).to.equal(undefined);
      expect(await ended).to.be.instanceOf(Exit).with.property("code", code);
      expect(log).to.deep.equal([signal, "cleaned up"]);
      expect(heard()).to.deep.equal([]);
      expect(clock.countTimers()).to.equal(0);
    });
  }

  it("S-72 a second signal exits at once", async () => {
    void lib.run(() => new Promise(() => undefined));
    await settle();
    expect(emit("SIGINT")).to.equal(undefined);
    expect(emit("SIGTERM")).to.equal(143);
  });

  for (const [given, grace] of [[undefined, 5000], [{ grace: 70 }, 70], [{ grace: 0 }, 0]] as const) {
    it(`S-72 a clean-up that hangs is left alone after ${String(grace)} ms`, async () => {
      void lib.run(() => new Promise(() => undefined), given);
      await settle();
      emit("SIGINT");
      if (grace > 0) clock.tick(grace - 1);
      expect(() => clock.tick(1)).to.throw().that.is.instanceOf(Exit).with.property("code", 130);
    });
  }

  it("S-72 a value in spite of the signal is the outcome, and the exit code is that of the signal, unless there is one", async () => {
    const swallowing = (): Promise<number> => lib.run(() => lib.sleep(100_000).then(() => 1, () => 2));
    for (const [before, after] of [[undefined, 130], [3, 3]] as const) {
      seen.exitCode = before;
      const ended = swallowing();
      await settle();
      emit("SIGINT");
      expect(await ended).to.equal(2);
      expect(seen.exitCode).to.equal(after);
    }
    seen.exitCode = undefined;
    expect(await lib.run(() => 4)).to.equal(4);
    expect(seen.exitCode).to.equal(undefined);
  });

  it("S-72 a failure of its own after the signal, and a cancel without one, are the outcome; the process goes on", async () => {
    const error = new Error("of the clean-up");
    const failing = rejectionOf(lib.run(() => lib.sleep(100_000).catch(() => { throw error; })));
    await settle();
    emit("SIGINT");
    expect(await failing).to.equal(error);
    expect(await rejectionOf(lib.run((s) => { s.cancel(); return lib.checkpoint(); }))).to.be.instanceOf(lib.CancelledError);
    expect(clock.countTimers()).to.equal(0);
  });

  it("S-72 of two programs the last one to end exits, whichever that is", async () => {
    let release!: () => void;
    const slow = rejectionOf(lib.run((s) => {
      s.defer(() => new Promise<void>((resolve) => { release = resolve; }));
      return lib.sleep(100_000);
    }));
    const quick = rejectionOf(lib.run(() => lib.sleep(100_000)));
    await settle();
    expect(emit("SIGTERM")).to.equal(undefined);
    expect(await quick).to.be.instanceOf(lib.CancelledError);
    expect(await isPending(slow)).to.equal(true);
    expect(heard()).to.deep.equal(events);
    release();
    expect(await slow).to.be.instanceOf(Exit).with.property("code", 143);
    expect(heard()).to.deep.equal([]);
  });

  it("S-71 the event loop has nothing left to do, and it waits: one report, and the code 13, unless there is one", async () => {
    for (const [before, after] of [[undefined, 13], [0, 13], [7, 7]] as const) {
      const copy = await freshCopy(undefined, "node.ts");
      const letters = copy.chan({ name: "letters" });
      seen.exitCode = before;
      errors.length = 0;
      const ended = copy.run(async function main() { await letters.receive(); });
      await settle();
      emit("beforeExit");
      emit("beforeExit");
      expect(errors).to.have.length(1);
      expect(errors[0]).to.match(/^fatal: all tasks are asleep - deadlock \(1 task\)\n {2}run \d+ "main" blocked in receive on channel "letters"\n$/);
      expect(seen.exitCode).to.equal(after);
      letters.trySend(1);
      await ended;
    }
  });

  it("S-71 the report also names what free tasks and the top level wait for", async () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => lib.chan<number>({ name })) as [Channel<number>, Channel<number>, Channel<number>];
    const ended = lib.run(async () => {
      await Promise.resolve();
      void lib.go(async function free() { await a.receive(); });
      await b.receive();
    });
    const outside = c.receive();
    await settle();
    emit("beforeExit");
    expect(errors.join("")).to.match(/deadlock \(2 tasks and the top level\)[^]*"free" blocked in receive on channel "a"\n[^]*top level, outside of every task, blocked in receive on channel "c"\n/);
    for (const channel of [a, b, c]) channel.trySend(1);
    await Promise.all([ended, outside]);
  });

  it("S-71 while tasks are traced, the report also lists what is open, and where it was opened", async () => {
    const copy = await debuggableCopy();
    const untrace = copy.traceTasks();
    const letters = copy.chan<number>({ name: "letters" });
    const ended = copy.run(async function main() {
      copy.ticker(Infinity);
      await letters.receive();
    });
    await settle();
    emit("beforeExit");
    expect(errors.join("")).to.match(/ blocked in receive on channel "letters"\n[^]*\n {2}ticker of Infinity ms is open\n {6}opened at main .*run-signals\.spec\.ts:\d+:\d+\)\n$/);
    letters.trySend(1);
    await ended;
    untrace();
  });

  it("S-71 nothing is reported of a program that has ended, while another one runs", async () => {
    const first = lib.run(() => lib.sleep(5));
    const second = lib.run(() => lib.sleep(10));
    await clock.tickAsync(5);
    await first;
    expect(heard()).to.deep.equal(events);
    await clock.tickAsync(5);
    await second;
    expect(heard()).to.deep.equal([]);
    emit("beforeExit");
    expect(errors).to.deep.equal([]);
  });

  it("runs where there is no process, and is refused for a grace that is no number", async () => {
    Reflect.set(globalThis, "process", undefined);
    const ended = lib.run(() => 6);
    Reflect.set(globalThis, "process", real);
    expect(await ended).to.equal(6);
    const refused = await rejectionOf(lib.run(() => 6, { grace: Number.NaN }));
    expect(refused).to.be.instanceOf(RangeError).with.property("message").that.matches(/^the grace of run takes a number of milliseconds/);
  });
});
