/** Starting tasks, their names and states, and where their results and failures go. */
import { expect } from "chai";
import { always, chan, go, named, perform, poll, run, select, type Task, type Body } from "../../../src/index.ts";
import { runProgram } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

/** The three kinds of body, around one piece of work. */
const bodies: Record<string, <T>(work: () => T) => Body<[], T>> = {
  "a plain body": (work) => work,
  "an async body": (work) => async () => {
    await null;
    return work();
  },
  "a generator body": (work) => function* () {
    yield* always(null);
    return work();
  },
};
const failing = (error: unknown) => (): never => { throw error; };

describe("go", () => {
  it("S-01 a body starts after the current synchronous code, several in call order", async () => {
    const log: string[] = [];
    log.push("before");
    go(() => log.push("plain"));
    go(async () => log.push("async"));
    go(function* () { log.push("generator"); });
    go(() => log.push("last"));
    log.push("after");
    expect(log).to.deep.equal(["before", "after"]);
    await null;
    await settle();
    expect(log).to.deep.equal(["before", "after", "plain", "async", "generator", "last"]);
  });

  it("S-01 (b) a body starts within the microtasks of the turn, with the arguments given to go", async () => {
    const log: unknown[] = [];
    const task = go((a: number, b: string) => { log.push(a, b); }, 1, "two");
    for (let jobs = 0; jobs < 2; jobs++) await null;
    expect(log).to.deep.equal([1, "two"]);
    await task;
  });

  for (const [name, bodyOf] of Object.entries(bodies)) {
    it(`GO-06 inside ${name} nothing starts inside go, and the first one called starts first`, async () => {
      const log: string[] = [];
      await go(bodyOf(() => {
        for (let n = 0; n < 5; n++) go(bodyOf(() => log.push(`task ${String(n)}`)));
        log.push("all are called");
      }));
      await settle();
      expect(log).to.deep.equal(["all are called", "task 0", "task 1", "task 2", "task 3", "task 4"]);
    });

    it(`S-02 ${name} that throws is a failed task, and go does not throw`, async () => {
      const error = new Error("thrown");
      const task = go(bodyOf(failing(error)));
      expect(task.state).to.equal("pending");
      expect(await rejectionOf(task)).to.equal(error);
      expect(task.state).to.equal("failed");
    });

    it(`S-03 ${name} that fails and is joined by nobody is exactly one unhandled rejection, with that very error`, async () => {
      const error = new Error("unseen");
      const unhandled = await unhandledDuring(async () => {
        go(bodyOf(failing(error)));
        await settle();
      });
      expect(unhandled).to.deep.equal([error]);
      expect(unhandled[0]).to.equal(error);
    });

    it(`S-04 ${name} that fails and is joined later in the same turn is no unhandled rejection`, async () => {
      const error = new Error("seen");
      for (const join of [
        (task: Task<never>): Promise<unknown> => task.join(),
        (task: Task<never>): Promise<unknown> => Promise.resolve(task),
        (task: Task<never>): Promise<unknown> => perform(task.joining()),
        (task: Task<never>): Promise<unknown> => select({ task: task.joining() }),
        async (task: Task<never>): Promise<unknown> => { throw ((await task.result()) as PromiseRejectedResult).reason; },
      ]) {
        const unhandled = await unhandledDuring(async () => {
          const task = go(bodyOf(failing(error)));
          expect(await rejectionOf(join(task))).to.equal(error);
        });
        expect(unhandled).to.deep.equal([]);
      }
    });

    it(`S-04 (b) ${name} that has failed in this very turn can still be joined, and polled`, async () => {
      const error = new Error("seen");
      const unhandled = await unhandledDuring(async () => {
        let task = go(bodyOf(failing(error)));
        // Its start may have been held back until the event loop turns, which it does not while this loop waits: then it is another one's turn.
        const hasFailed = (): boolean => task.state === "failed";
        for (let hops = 1; !hasFailed(); hops++) {
          await null;
          if (hops % 100 > 0 || hasFailed()) continue;
          await rejectionOf(task.join());
          task = go(bodyOf(failing(error)));
        }
        expect(() => poll(task.joining())).to.throw(error);
        expect(await rejectionOf(task.join())).to.equal(error);
      });
      expect(unhandled).to.deep.equal([]);
    });

    it(`S-85 ${name} joined twice, awaited and asked for its result gives the same value everywhere`, async () => {
      const value = { the: "value" };
      const task = go(bodyOf(() => value));
      const early = [task.join(), task.join(), Promise.resolve(task), perform(task.joining())];
      const result = task.result();
      for (const joined of early) expect(await joined).to.equal(value);
      expect(await task.join()).to.equal(value);
      expect(await task).to.equal(value);
      expect(poll(task.joining())?.value).to.equal(value);
      expect(await result).to.deep.equal({ status: "fulfilled", value });
    });

    it(`S-85 (b) the result of ${name} never rejects`, async () => {
      const error = new Error("thrown");
      const unhandled = await unhandledDuring(async () => {
        const task = go(bodyOf(failing(error)));
        expect(await task.result()).to.deep.equal({ status: "rejected", reason: error });
        expect(await task.result()).to.deep.equal({ status: "rejected", reason: error });
      });
      expect(unhandled).to.deep.equal([]);
    });

    it(`S-74 (a) ${name} has a state at every point of its life`, async () => {
      const states: string[] = [];
      const task: Task<unknown> = go(bodyOf(() => states.push(task.state)));
      states.push(task.state);
      await task;
      states.push(task.state);
      expect(states).to.deep.equal(["pending", "running", "done"]);
    });

    it(`S-05 ${name} whose handle is dropped finishes all the same`, async () => {
      const gate = chan<void>();
      let finished = false;
      const references = ((): WeakRef<object>[] => {
        const task = go(async () => {
          await gate.receive();
          await go(bodyOf(() => { finished = true; }));
        });
        return [new WeakRef(task)];
      })();
      await settle();
      globalThis.gc?.();
      await settle();
      expect(gate.trySend()).to.equal(true);
      await settle();
      expect(finished).to.equal(true);
      expect(references).to.have.length(1);
    });
  }

  const failingPrograms = ['() => { throw new Error("nobody sees this"); }', 'function* explode() { throw new Error("nobody sees this"); }', 'async function explode() { throw new Error("nobody sees this"); }']
    .map((body) => `go(${body}); setTimeout(() => console.log("must not be reached"), 200);`);

  it("GO-01 (a) a free task that fails in a plain program fails the process, with the stack of the error", function () {
    this.timeout(20_000);
    for (const program of failingPrograms) {
      const { code, output, errors } = runProgram(`import { go } from "rendezvous"; ${program}`);
      expect({ code, output }, errors).to.deep.equal({ code: 1, output: "" });
      expect(errors).to.match(/error: nobody sees this\n/i).and.to.match(/\n\s+at /); // Deno has the line of the program in between
    }
  });

  it("GO-01 (a) and the process emits 'exit'", function () {
    this.timeout(20_000);
    for (const program of failingPrograms) {
      const { code, output, errors } = runProgram(`import { go } from "rendezvous"; process.on("exit", () => console.log("exit")); ${program}`);
      expect({ code, output }, errors).to.deep.equal({ code: 1, output: "exit\n" });
    }
  });

  it("GO-01 (b) with a joiner the error goes there and only there", function () {
    this.timeout(20_000);
    const { code, output, errors } = runProgram(`
      import { go } from "rendezvous";
      const task = go(() => { throw new Error("seen"); });
      try { await task; } catch (error) { console.log("joined:", error.message); }
    `);
    expect({ code, output, errors }).to.deep.equal({ code: 0, output: "joined: seen\n", errors: "" });
  });

  it("S-74 (b) a task is named after its body, or by named()", async () => {
    const tasks = [
      go(function reader() { return 1; }),
      go(async function reader() { return 1; }),
      go(function* reader() { return 1; }),
      go(named("reader", () => 1)),
      go(named("reader", function* () { return 1; })),
    ];
    expect(tasks.map((task) => task.name)).to.deep.equal(tasks.map(() => "reader"));
    expect(await Promise.all(tasks)).to.deep.equal([1, 1, 1, 1, 1]);
  });

  it("S-74 (c) a task without a name has a stable default that contains its id, and ids grow", async () => {
    const tasks = [go(() => 1), go(function* () { return 1; }), go(async () => 1)];
    const ids = tasks.map((task) => task.id);
    for (const task of tasks) {
      expect(task.name).to.include(String(task.id));
      expect(task.name).to.equal(task.name);
    }
    expect(ids).to.deep.equal([ids[0], (ids[0] ?? 0) + 1, (ids[0] ?? 0) + 2]);
    await Promise.all(tasks);
    expect(tasks.map((task) => task.id)).to.deep.equal(ids);
  });

  it("S-74 (d) named() leaves the body as it is, and passes arguments, result and failure on", async () => {
    const error = new Error("thrown");
    const body = async (a: number, b: number): Promise<number> => {
      if (b < 0) throw error;
      return a + b;
    };
    const adding = named("adding", body);
    expect(adding.name).to.equal("adding");
    expect(body.name).to.equal("body");
    expect(await adding(1, 2)).to.equal(3);
    const task = go(adding, 3, 4);
    expect(task.name).to.equal("adding");
    expect(await task).to.equal(7);
    expect(await rejectionOf(go(adding, 1, -1))).to.equal(error);
    expect(go(named("", () => 1)).name).to.match(/\d/);
  });

  it("S-85 (c) joining can be given up by a signal; the task goes on", async () => {
    const gate = chan<string>();
    const task = go(() => gate.receive());
    const giving = new AbortController();
    const given = rejectionOf(task.join({ signal: giving.signal }));
    await settle();
    giving.abort("enough");
    expect(await given).to.equal("enough");
    expect(task.state).to.equal("running");
    await gate.send("a");
    expect(await task).to.equal("a");
  });

  it("S-85 (d) a task is its value when it is returned from an async function, as any promise is", async () => {
    const value = await (async () => go(() => 7))();
    expect(value).to.equal(7);
  });

  it("S-85 (e) every value can be a result, an error and a promise's value included", async () => {
    const error = new Error("a value");
    for (const value of [undefined, null, Number.NaN, 0, "", error]) {
      for (const bodyOf of Object.values(bodies)) expect(Object.is(await go(bodyOf(() => value)), value)).to.equal(true);
    }
    expect(await go(() => Promise.resolve(1))).to.equal(1);
  });

  it("S-85 (f) every value can be a failure, undefined included", async () => {
    for (const thrown of [undefined, null, 0, "a text"]) {
      for (const bodyOf of Object.values(bodies)) {
        expect(await go(bodyOf(failing(thrown))).result()).to.deep.equal({ status: "rejected", reason: thrown });
      }
    }
  });

  it("S-02 (b) a result that cannot be asked whether it is a promise fails the task", async () => {
    const error = new Error("then is not to be read");
    const task = go((): unknown => Object.defineProperty({}, "then", { get: failing(error) }));
    const unhandled = await unhandledDuring(async () => {
      expect(await isPending(task.result())).to.equal(false);
      expect(await rejectionOf(task)).to.equal(error);
    });
    expect(unhandled).to.deep.equal([]);
  });

  it("S-02 (c) go takes a function and says so when it gets the result of one", () => {
    for (const wrong of [undefined, null, Promise.resolve(1), 7, {}]) {
      expect(() => go(wrong as never)).to.throw(TypeError, "go takes a function");
    }
  });
});

describe("run", () => {
  for (const [name, bodyOf] of Object.entries(bodies)) {
    it(`S-73 (a) run gives the result of ${name} as main, and its failure`, async () => {
      const error = new Error("thrown");
      expect(await run(bodyOf(() => 7))).to.equal(7);
      expect(await rejectionOf(run(bodyOf(failing(error))))).to.equal(error);
    });
  }

  it("S-73 (b) main starts in a later microtask", async () => {
    const log: string[] = [];
    const running = run(() => log.push("main"));
    log.push("after run");
    await running;
    expect(log).to.deep.equal(["after run", "main"]);
  });

  it("S-73 (c) a free task outlives main and is left to end by itself", async () => {
    const gate = chan<string>();
    let got = "";
    await run(() => { go(async () => { got = await gate.receive(); }); });
    expect(await isPending(gate.send("still here"))).to.equal(false);
    expect(got).to.equal("still here");
  });

  it("S-73 (d) misuse rejects and never throws", async () => {
    expect(await rejectionOf(run(7 as never))).to.be.instanceOf(TypeError);
  });
});
