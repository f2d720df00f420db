/** A promise that is given to the library counts as handled from that call on. */
import { expect } from "chai";
import {
  aborting, awaiting, chan, checkpoint, choose, gather, go, named, never, perform, poll, scope, select, selecting, settling, sleeping, trySelect,
  type Operation,
  type Task,
} from "../../../src/node.ts";
import { bubble, explore } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

const failing = (): Promise<never> => Promise.reject(new Error("of the promise"));
const aborted = { signal: AbortSignal.abort("gone") };
const quiet = (): void => { /* the cancel, or the abort */ };

/** The operations that are made of a promise, and operations built on those. */
const operations: Record<string, () => Operation<unknown>> = {
  "settling": () => settling(failing()),
  "awaiting": () => awaiting(failing()),
  "settling, mapped": () => settling(failing()).map((value) => value),
  "awaiting, mapped": () => awaiting(failing()).map((value) => value),
  "a choice": () => choose<unknown>(settling(failing()), never),
  "a select": () => selecting({ promise: settling(failing()), awaited: awaiting(failing()), late: sleeping(1) }),
};

/** Ways to wait, or not to: each is refused, or loses. */
const waits: Record<string, (operation: () => Operation<unknown>) => unknown> = {
  "never performed": (operation) => { operation(); },
  "performed in a cancelled task": (operation) =>
    scope((s) => { s.go(async () => { s.cancel(); await perform(operation()); }); }).catch(quiet),
  "yielded in a cancelled generator task": (operation) =>
    scope((s) => { s.go(function* () { s.cancel(); yield* operation(); }); }).catch(quiet),
  "yielded plainly in a cancelled generator task": (operation) =>
    scope((s) => { s.go(function* (): Generator<unknown, void> { s.cancel(); yield operation(); }); }).catch(quiet),
  "performed with an aborted signal": (operation) => perform(operation(), aborted).catch(quiet),
  "a case of a select with an aborted signal": (operation) => select({ case: operation() }, aborted).catch(quiet),
  "a case of a select that happens by another": (operation) => select({ case: operation(), aborting: aborting(aborted.signal) }).catch(quiet),
  "a case of trySelect": (operation) => trySelect({ case: operation() }),
  "polled": (operation) => poll(operation()),
  "withdrawn": (operation) => scope((s) => { s.go(() => perform(operation())); s.go(() => { s.cancel(); }); }).catch(quiet),
};

describe("a promise that is given to the library", () => {
  for (const [what, operation] of Object.entries(operations)) {
    for (const [how, wait] of Object.entries(waits)) {
      it(`FA-03: is handled from the call on: ${what}, ${how}`, async () => {
        expect(await unhandledDuring(() => wait(operation))).to.deep.equal([]);
      });
    }
  }

  it("FA-03: is handled by gather, also in a cancelled task, with an aborted signal, and behind one that fails first", async () => {
    expect(await unhandledDuring(async () => {
      await gather([failing(), failing()]).catch(quiet);
      await gather([failing(), (): number => 1], aborted).catch(quiet);
      await gather({ one: failing(), two: failing() }, aborted).catch(quiet);
      await scope((s) => { s.go(async () => { s.cancel(); await gather([failing(), (): number => 1]); }); }).catch(quiet);
    })).to.deep.equal([]);
  });

  it("FA-03: giving a failing task to settling joins it", async () => {
    expect(await unhandledDuring(() => { settling(go(() => { throw new Error("of the task"); })); })).to.deep.equal([]);
  });

  it("FA-03: is handled by gather, also if that is refused: a job that is none, a list that fails, bad options", async () => {
    const refusals: (() => Promise<unknown>)[] = [
      () => gather([failing(), 5 as unknown as () => void]),
      () => gather({ one: failing(), two: 5 as unknown as () => void }),
      () => gather((function* () { yield failing(); throw new Error("of the list"); })()),
      () => gather([failing()], { limit: 0 }),
      () => gather([failing()], { limt: 1 } as object),
      () => gather([failing()], { onError: "x" as "leave" }),
    ];
    for (const refusal of refusals) expect(await unhandledDuring(() => refusal().then(() => { throw new Error("it was not refused"); }, quiet))).to.deep.equal([]);
  });

  for (const [how, wait] of Object.entries({
    "settling, in an async task": (task: Task<string>) => scope(async (s) => { s.go(() => perform(settling(task))); await checkpoint(); s.cancel(); }),
    "settling, in a generator task": (task: Task<string>) => scope(async (s) => { s.go(function* () { yield* settling(task); }); await checkpoint(); s.cancel(); }),
    "settling, in a task that is cancelled already": (task: Task<string>) => scope((s) => { s.go(async () => { s.cancel(); await perform(settling(task)); }); }),
  })) {
    it(`FA-07: when one waiter for a task is cancelled, the task is not cancelled for the others: ${how}`, async () => {
      const ready = chan<string>();
      const task = go(() => ready.receive());
      await wait(task).catch(quiet);
      const others = [perform(settling(task)), go(function* () { return yield* awaiting(task); }).join()];
      await ready.send("value");
      expect(await Promise.all(others)).to.deep.equal(["value", "value"]);
    });
  }

  it("FA-07: a generator task that is cancelled goes on waiting for a task by awaiting, as for any promise", async () => {
    const ready = chan<string>();
    const task = go(() => ready.receive());
    let got: unknown;
    const cancelled = scope(async (s) => {
      s.go(function* () { got = yield* awaiting(task); });
      await checkpoint();
      s.cancel();
    });
    await checkpoint();
    await ready.send("value");
    await cancelled.catch(quiet);
    expect(got).to.equal("value");
  });

  it("a promise that stands for something far away is asked for nothing but its then", async () => {
    const asked: (string | symbol)[] = [];
    const far = new Proxy(Promise.resolve("far"), {
      get: (promise, name) => {
        asked.push(name);
        return name === "then" ? promise.then.bind(promise) : () => { throw new Error(`${String(name)} was called`); };
      },
    });
    expect(await perform(settling<string>(far))).to.equal("far");
    expect(asked.filter((name) => name !== "then" && name !== "constructor")).to.deep.equal([]);
  });

  for (const [lane, body] of Object.entries({
    "an async task": (task: Task<string>) => async () => perform(settling(task)),
    "a generator task": (task: Task<string>) => function* () { return yield* awaiting(task); },
  })) {
    it(`FA-05: a deadlock in which ${lane} waits for another by its promise is seen, and named`, async () => {
      const program = async (): Promise<void> => { await go(body(go(named("reader", () => chan<string>({ name: "jobs" }).receive())))); };
      for (const told of [await rejectionOf(bubble(program)), await rejectionOf(explore(program))]) {
        expect(told).to.be.an("error").with.property("message").that.matches(/join of task "reader"/).and.matches(/receive on channel "jobs"/);
      }
    });
  }
});
