/** A user's own operations in reports and under control: their names, and what resumes them. */
import { expect } from "chai";
import { choose, dumpTasks, go, operation, perform, poll, scope, select, sleep, sleeping, type Operation, type OperationSource } from "../../../src/node.ts";
import { bubble, explore, type ExploreContext, type ExploreError } from "../../../src/testing/index.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

/** A lock, as a user writes it. */
class Lock {
  #held = false;
  readonly #waiting = new Set<() => void>();
  readonly #about: Pick<OperationSource<void>, "name" | "resumed">;

  constructor(about: Pick<OperationSource<void>, "name" | "resumed">) {
    this.#about = about;
  }

  acquiring(): Operation<void> {
    return operation<void>({
      ...this.#about,
      poll: () => {
        if (this.#held) return undefined;
        this.#held = true;
        return () => { /* it is ours */ };
      },
      wait: (resume) => {
        const take = (): void => {
          this.#waiting.delete(take);
          resume(() => { /* it is ours */ });
        };
        this.#waiting.add(take);
        return () => { this.#waiting.delete(take); };
      },
    });
  }

  release(): void {
    const [next] = this.#waiting;
    if (next) next();
    else this.#held = false;
  }
}

const byTasks = (name: string): Lock => new Lock({ name: `lock "${name}"`, resumed: "by tasks" });

/** Two tasks that take two locks in different orders. */
function crossed(a: Lock, b: Lock, between: () => Promise<void> = () => sleep(1)): () => Promise<void> {
  return async () => {
    const work = (name: string, first: Lock, second: Lock): unknown => go({ [name]: async () => {
      await perform(first.acquiring());
      await between();
      await perform(second.acquiring());
      second.release();
      first.release();
    } }[name] as () => Promise<void>);
    work("one", a, b);
    work("two", b, a);
  };
}

describe("a user's own operations", () => {
  it("OperationSource.name: reports call it so, by itself, as a case, mapped; without one it is an operation", async () => {
    const lock = byTasks("printer");
    const nameless = new Lock({});
    await perform(lock.acquiring());
    await perform(nameless.acquiring());
    let report = "";
    await scope(async (s) => {
      s.go(function* first() { yield* lock.acquiring(); });
      s.go(async function second() { await select({ lock: lock.acquiring().map(() => 1), other: nameless.acquiring() }); });
      s.go(async function third() { await perform(choose<void>(lock.acquiring(), sleeping(100_000))); });
      await settle();
      report = dumpTasks();
      s.cancel();
    });
    expect(report).to.match(/"first" waits in lock "printer"$/m);
    expect(report).to.match(/"second" waits in select of lock: lock "printer", other: an operation$/m);
    expect(report).to.match(/"third" waits in choice of lock "printer", sleep of 100000 ms$/m);
  });

  it('resumed "by tasks": a deadlock is one in bubble, at once, by name; from outside it is waited for', async () => {
    const error = await rejectionOf(bubble(async () => {
      await crossed(byTasks("a"), byTasks("b"))();
      await sleep(10);
      await byTasksHeld();
    })) as Error;
    expect(error.name).to.equal("DeadlockError");
    expect(error.message).to.match(/"one" blocked in lock "b"/).and.match(/"two" blocked in lock "a"/);

    for (const resumed of ["from outside", undefined] as const) {
      const lock = new Lock({ name: "the printer", resumed });
      const late = await rejectionOf(bubble(async () => {
        await perform(lock.acquiring());
        await perform(lock.acquiring());
      }, { timeoutMs: 5 })) as Error;
      expect(late.name).to.equal("TimeoutError");
      expect(late.message).to.match(/waits in the printer$/m);
    }
  });

  async function byTasksHeld(): Promise<void> {
    const lock = byTasks("c");
    await perform(lock.acquiring());
    await perform(lock.acquiring());
  }

  it('resumed "by tasks": time moves in bubble while somebody waits for it', async () => {
    await bubble(async () => {
      const lock = byTasks("a");
      await perform(lock.acquiring());
      const waiting = go(async () => {
        await perform(lock.acquiring());
        return performance.now();
      });
      await sleep(60_000);
      lock.release();
      expect(await waiting).to.equal(60_000);
    });
  });

  it('resumed "by tasks": explore finds the deadlock of two locks, by name, and the order that has none is complete', async () => {
    const none = (): Promise<void> => Promise.resolve();
    const found = await rejectionOf(explore(() => crossed(byTasks("a"), byTasks("b"), none)())) as ExploreError;
    expect(found.kind).to.equal("leak");
    expect(found.blocked.flatMap(({ operations }) => operations).sort()).to.deep.equal(['lock "a"', 'lock "b"']);

    const ordered = async (): Promise<void> => {
      const lock = byTasks("a");
      let inside = 0;
      const tasks = ["one", "two"].map(() => go(async () => {
        await perform(lock.acquiring());
        if (++inside > 1) throw new Error("both have it");
        inside--;
        lock.release();
      }));
      for (const task of tasks) await task;
    };
    for (const strategy of ["auto", "dpor"] as const) {
      expect(await explore(ordered, { strategy })).to.include({ complete: true });
    }
  });

  const firsts: Record<string, (context: ExploreContext) => Promise<void>> = {
    "who takes it": async ({ outcome }) => {
      let free = true;
      const ticket = operation<void>({
        resumed: "by tasks",
        poll: () => {
          if (!free) return undefined;
          free = false;
          return () => { /* it is ours */ };
        },
        wait: () => () => { /* nobody waits */ },
      });
      for (const name of ["one", "two"]) go(() => { if (poll(ticket)) outcome(name); });
      await Promise.resolve();
    },
    "who lets it happen": async ({ outcome }) => {
      let resume: ((result: () => string) => void) | undefined;
      const mail = operation<string>({
        resumed: "by tasks",
        poll: () => undefined,
        wait: (given) => {
          resume = given;
          return () => { /* it has happened */ };
        },
      });
      for (const name of ["one", "two"]) go(() => resume?.(() => name));
      outcome(await perform(mail));
    },
  };
  for (const [what, program] of Object.entries(firsts)) {
    it(`resumed "by tasks": explore tries each order of ${what}, where it leaves out those that differ in nothing`, async () => {
      const { complete, outcomes } = await explore(program, { strategy: "dpor" });
      expect(complete).to.equal(true);
      expect([...outcomes.keys()].sort()).to.deep.equal(["one", "two"]);
    });
  }

  it("resumed from outside: explore says that it does not control it", async () => {
    const found = await rejectionOf(explore(async () => {
      const lock = new Lock({ name: "the printer" });
      await perform(lock.acquiring());
      await perform(lock.acquiring());
    })) as ExploreError;
    expect(found.kind).to.equal("uncontrolled");
  });

  it("refuses a name that is no string, and an invalid `resumed`, at the call", () => {
    const source: OperationSource<void> = { poll: () => undefined, wait: () => () => { /* nothing */ } };
    expect(() => operation({ ...source, name: 5 as never })).to.throw(TypeError, "the name of an operation is a string; got 5");
    expect(() => operation({ ...source, resumed: "by magic" as never })).to.throw(TypeError, 'resumed "by tasks" or "from outside"; got "by magic"');
  });
});
