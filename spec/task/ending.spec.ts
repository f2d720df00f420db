/** Ending a generator task at a `yield*`. */
import { expect } from "chai";
import sinon from "sinon";
import { chan, selecting, sleeping } from "../../src/index.ts";
import { Driver } from "../../src/task/generator.ts";
import { settle } from "../support/settle.ts";

/** A generator under a driver of its own, with a log of what it does and how it ended. */
function driven(body: (log: string[]) => Generator<unknown, unknown, unknown>): { driver: Driver; log: string[] } {
  const log: string[] = [];
  const driver = new Driver({ region: undefined, ended: (how, outcome) => { log.push(`${how} ${String(outcome)}`); } }, body(log));
  driver.run();
  return { driver, log };
}

describe("ending a generator task", () => {
  afterEach(() => { sinon.restore(); });

  it("S-81 (a) leaves its place at once and runs its finally blocks, inner before outer, and nothing after the yield*", async () => {
    const channel = chan<number>();
    const { driver, log } = driven(function* (lines) {
      try {
        try {
          yield* channel.receiving();
          lines.push("received");
        } finally {
          lines.push("inner");
        }
      } finally {
        lines.push("outer");
      }
    });
    driver.end();
    expect(channel.trySend(1)).to.equal(false);
    expect(log).to.deep.equal([]);
    await settle();
    expect(log).to.deep.equal(["inner", "outer", "return undefined"]);
  });

  it("S-81 (b) cannot be caught", async () => {
    const { driver, log } = driven(function* (lines) {
      try {
        yield* chan<number>().receiving();
      } catch {
        lines.push("caught");
      }
      lines.push("went on");
    });
    driver.end();
    await settle();
    expect(log).to.deep.equal(["return undefined"]);
  });

  it("S-81 (c) lets finally blocks wait, in each way of yielding", async () => {
    const done = chan<string>();
    const { driver, log } = driven(function* (lines) {
      try {
        yield* chan<number>().receiving();
      } finally {
        yield* done.sending("first");
        lines.push("first sent");
        yield done.sending("second");
        lines.push("second sent");
      }
    });
    driver.end();
    expect(await done.receive()).to.equal("first");
    expect(await done.receive()).to.equal("second");
    await settle();
    expect(log).to.deep.equal(["first sent", "second sent", "return undefined"]);
  });

  it("S-81 (d) gets what had happened before, and ends at its next yield*, ready or not", async () => {
    const channel = chan<number>();
    const ready = chan<number>(1);
    ready.trySend(2);
    const { driver, log } = driven(function* (lines) {
      lines.push(`got ${String(yield* channel.receiving())}`);
      lines.push(`got ${String(yield* ready.receiving())}`);
    });
    expect(channel.trySend(1)).to.equal(true);
    driver.end();
    await settle();
    expect(log).to.deep.equal(["got 1", "return undefined"]);
    expect(ready.tryReceive()).to.deep.equal({ done: false, value: 2 });
  });

  it("S-81 (e) a task that ends itself goes on up to its next yield*", async () => {
    const ready = chan<number>(1);
    ready.trySend(2);
    const start = chan<Driver>();
    const { driver, log } = driven(function* (lines) {
      (yield* start.receiving()).end();
      lines.push("goes on");
      lines.push(`got ${String(yield* ready.receiving())}`);
    });
    start.trySend(driver);
    await settle();
    expect(log).to.deep.equal(["goes on", "return undefined"]);
    expect(ready.size).to.equal(1);
  });

  it("S-81 (f) takes a select out of all its places, timers included", async () => {
    const clock = sinon.useFakeTimers();
    const one = chan<number>();
    const other = chan<number>();
    const { driver, log } = driven(function* () {
      yield* selecting({ one: one.receiving(), other: other.sending(1), late: sleeping(50) });
    });
    expect(clock.countTimers()).to.equal(1);
    driver.end();
    expect(clock.countTimers()).to.equal(0);
    expect(one.trySend(1)).to.equal(false);
    expect(other.tryReceive()).to.equal(undefined);
    await settle();
    expect(log).to.deep.equal(["return undefined"]);
  });

  it("S-81 (g) ends at a plain yield as at a yield*", async () => {
    const channel = chan<number>();
    const { driver, log } = driven(function* (lines) {
      try {
        yield channel.receiving();
      } finally {
        lines.push("finally");
      }
    });
    driver.end();
    expect(channel.trySend(1)).to.equal(false);
    await settle();
    expect(log).to.deep.equal(["finally", "return undefined"]);
  });

  it("S-81 (h) a finally block that throws decides the outcome; ended again, or after its end, nothing changes", async () => {
    const throwing = driven(function* () {
      try {
        yield* chan<number>().receiving();
      } finally {
        throw new Error("in cleanup");
      }
    });
    throwing.driver.end();
    await settle();
    throwing.driver.end();
    await settle();
    expect(throwing.log).to.deep.equal(["error Error: in cleanup"]);
  });
});
