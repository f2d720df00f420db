/** Generator tasks: what may be yielded, and whose async context they run in. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import { always, chan, go, scope, type Task } from "../../../src/node.ts";
import { rejectionOf, settle } from "../../support/settle.ts";

describe("generator tasks", () => {
  it("S-82 (a) a body that yields no operation gets a TypeError at that very point, which says what to write", async () => {
    const task = go(function* () {
      try {
        yield 5 as never;
      } catch (error) {
        return error;
      }
      return "went on";
    });
    const error = await task;
    expect(error).to.be.instanceOf(TypeError).with.property("message").that.contains("ch.receiving()").and.contains("5");
  });

  it("S-82 (b) a body that throws fails its task, one that returns ends it with that value", async () => {
    const boom = new Error("boom");
    expect(await rejectionOf(go(function* () {
      yield* always(1);
      throw boom;
    }))).to.equal(boom);
    const task = go(function* () {
      const n = yield* always(1);
      expectTypeOf(n).toEqualTypeOf<number>();
      return String(n);
    });
    expectTypeOf(task).toEqualTypeOf<Task<string>>();
    expect(await task).to.equal("1");
  });

  it("a plain yield performs an operation as a yield* does", async () => {
    const channel = chan<string>();
    const task = go(function* (): Generator<unknown, unknown, unknown> {
      return [yield always("now"), yield channel.receiving()];
    });
    await settle();
    expect(channel.trySend("later")).to.equal(true);
    expect(await task).to.deep.equal(["now", "later"]);
  });

  it("yield* outside of a generator task is a TypeError that says so", () => {
    expect(() => [...(always(1) as Iterable<unknown>)]).to.throw(TypeError, "generator task");
  });

  it("a store that a task without one has entered reaches no later task, no clean-up and no error handler", async () => {
    const storage = new AsyncLocalStorage<string>();
    const [first, second] = [chan<number>(), chan<number>()];
    const seen: unknown[] = [];
    const see = (): void => { seen.push(storage.getStore()); };
    go(function* () {
      yield* first.receiving();
      storage.enterWith("of the first");
    });
    const later = go(function* () {
      yield* second.receiving();
      see();
    });
    await settle();
    storage.run("of who wakes it", () => first.trySend(1));
    await settle();
    storage.run("of who wakes the other", () => second.trySend(2));
    await later;
    await scope((s) => { s.defer(see); });
    await scope((s) => { s.go(() => { throw new Error("told"); }); }, { onError: see });
    expect(seen).to.deep.equal([undefined, undefined, undefined]);
  });

  it("the store of an AsyncLocalStorage is the task's own after every resume, whatever caused it", async () => {
    const storage = new AsyncLocalStorage<string>();
    const channel = chan<number>();
    const seen: string[] = [];
    const reader = (name: string): Task<void> =>
      go(function* () {
        for (let n = 0; n < 2; n++) {
          yield* channel.receiving();
          seen.push(`${name} in ${String(storage.getStore())}`);
        }
      });
    const tasks = [storage.run("a", () => reader("a")), reader("none"), storage.run("b", () => reader("b"))];
    await storage.run("sender", async () => {
      for (let n = 0; n < 6; n++) await channel.send(n);
    });
    for (const task of tasks) await task;
    expect(seen.sort()).to.deep.equal(["a in a", "a in a", "b in b", "b in b", "none in undefined", "none in undefined"]);
  });
});
