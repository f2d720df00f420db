/** Resources of `await using` in a body that is ended: what the platform makes of two errors is looked into. */
import { expect } from "chai";
import sinon from "sinon";
import {
  awaiting, CancelledError, chan, checkpoint, gather, openScope, race, scope, shield, sleep, sleeping, suppressedOf, timeout, TimeoutError,
} from "../../../src/node.ts";
import { rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

/** As compilers make it, where the platform has none. */
function suppressing(error: unknown, suppressed: unknown): Error {
  return Object.assign(new Error("An error was suppressed during disposal."), { name: "SuppressedError", error, suppressed });
}

describe("a disposal in a cancelled task or scope", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  const log: string[] = [];
  beforeEach(() => { log.length = 0; });

  const bodies: [string, () => Promise<never>][] = [
    ["an open scope", async () => {
      await using s = openScope();
      s.go(async () => { try { await chan().receive(); } finally { log.push("child ended"); } });
      return await chan<never>().receive();
    }],
    ["open scopes, one in the other", async () => {
      await using outer = openScope();
      outer.go(async () => { try { await chan().receive(); } finally { await shield(() => sleep(2)); log.push("child ended"); } });
      await using inner = openScope();
      inner.go(() => chan().receive());
      await using innermost = openScope();
      innermost.defer(() => sleep(1));
      return await chan<never>().receive();
    }],
    ["an open scope that is being joined", async () => {
      await using s = openScope();
      s.go(async () => { try { await chan().receive(); } finally { log.push("child ended"); } });
      await s.join();
      throw new Error("never");
    }],
    ["a resource whose disposal waits unshielded", async () => {
      await using _ = { async [Symbol.asyncDispose]() { log.push("child ended"); await sleep(5); } };
      return await chan<never>().receive();
    }],
    ["such resources, one in the other", async () => {
      const holding = async (then: () => Promise<never>): Promise<never> => {
        await using _ = { async [Symbol.asyncDispose]() { await sleep(5); } };
        return await then();
      };
      try {
        return await holding(() => holding(() => holding(() => chan<never>().receive())));
      } finally {
        log.push("child ended");
      }
    }],
    ["a Promise.any of cancelled waits", async () => {
      try {
        return await Promise.any([chan<never>().receive(), chan<never>().receive()]);
      } finally {
        log.push("child ended");
      }
    }],
  ];

  for (const [name, body] of bodies) {
    const lanes: [string, () => Promise<never> | Generator<unknown, never>][] = [
      ["async", body],
      ["generator", function* () { return yield* awaiting(body()); }],
    ];
    for (const [lane, inLane] of lanes) {
      it(`FA-04 ${name}: timeout rejects with its TimeoutError, or gives its fallback (${lane})`, async () => {
        const late = rejectionOf(timeout(5, inLane));
        const fallback = timeout(5, inLane, { fallback: "late" });
        await clock.tickAsync(10);
        expect(await late).to.be.instanceOf(TimeoutError);
        expect(await fallback).to.equal("late");
        expect(log).to.deep.equal(["child ended", "child ended"]);
      });

      it(`FA-04 ${name}: race gives the winner's value (${lane})`, async () => {
        const first = race([inLane, async () => { await sleep(5); return "winner"; }]);
        await clock.tickAsync(10);
        expect(await first).to.equal("winner");
        expect(log).to.deep.equal(["child ended"]);
      });

      it(`FA-04 ${name}: s.cancel() and a cancel from outside reject with the CancelledError; the task is cancelled (${lane})`, async () => {
        const own = rejectionOf(scope((s) => {
          setTimeout(() => { s.cancel("enough"); }, 5);
          return inLane();
        }));
        const outer = rejectionOf(scope(async (s) => {
          const task = s.go(() => scope(inLane));
          await sleep(5);
          s.cancel("outer");
          log.push((await task.result().catch(() => ({ status: "refused" }))).status, task.state);
          await checkpoint();
        }));
        const sibling = new Error("of a sibling");
        const gathered = rejectionOf(gather([inLane, async () => { await sleep(5); throw sibling; }]));
        await clock.tickAsync(10);
        await settle();
        for (const [error, reason] of [[await own, "enough"], [await outer, "outer"]]) {
          expect(error).to.be.instanceOf(CancelledError);
          expect((error as CancelledError).cause).to.equal(reason);
        }
        expect(await gathered).to.equal(sibling);
        expect(suppressedOf(sibling)).to.deep.equal([]);
      });
    }
  }

  it("FA-04 the disposal of an open scope waits for its children, and fulfils, also when the scope around was cancelled", async () => {
    const seen: unknown[] = [];
    const ended = scope(async (s) => {
      const open = openScope();
      open.go(async () => { try { await sleep(1000); } finally { await shield(() => sleep(5)); seen.push("child"); } });
      await checkpoint();
      s.cancel();
      seen.push(await open[Symbol.asyncDispose]());
      return "value";
    });
    await clock.tickAsync(5);
    expect(await ended).to.equal("value");
    expect(seen).to.deep.equal(["child", undefined]);
  });

  it("FA-04 the disposal rejects with a child's failure that join has not reported, even if the cancel withdrew join", async () => {
    const error = new Error("of a child");
    const seen: unknown[] = [];
    const unhandled = await unhandledDuring(async () => {
      const ended = scope(async (s) => {
        const open = openScope();
        open.go(async () => { try { await sleep(1000); } finally { throw error; } });
        const joined = open.join().catch((caught: unknown) => { seen.push(caught); });
        await checkpoint();
        s.cancel();
        await joined;
        await open[Symbol.asyncDispose]().catch((caught: unknown) => { seen.push(caught); });
        return "value";
      });
      await clock.tickAsync(5);
      await ended;
    });
    expect(seen).to.have.length(2);
    expect(seen[0]).to.be.instanceOf(CancelledError);
    expect(seen[1]).to.equal(error);
    expect(unhandled).to.deep.equal([]);
  });

  it("FA-04 an error that has such parts, and is of another kind, is a failure; so is one of that kind without them, and undefined", async () => {
    const kinds = [
      (cancel: unknown) => Object.assign(new Error("of the program"), { error: cancel, suppressed: cancel, errors: [cancel], cause: cancel }),
      () => Object.assign(new Error("of a compiler"), { name: "SuppressedError" }),
      () => Object.assign(new Error("of a compiler"), { name: "AggregateError" }),
      () => Object.assign(new Error("of a platform"), { name: "AbortError" }),
      () => undefined,
    ];
    for (const make of kinds) {
      let made: unknown;
      const outcome = await rejectionOf(scope(async (s) => {
        s.cancel();
        throw made = make(await rejectionOf(checkpoint()));
      }));
      expect(outcome).to.equal(made);
    }
  });

  it("FA-04 a failure of a disposal, or another's cancel, is no cancel: the SuppressedError is the outcome", async () => {
    const error = new Error("the disposal");
    const failing = rejectionOf(timeout(5, async () => {
      await using _ = { async [Symbol.asyncDispose]() { await Promise.reject(error); } };
      await sleep(1000);
    }));
    const foreign = await rejectionOf(scope((s) => { s.cancel(); return sleep(1); }));
    const mixed = rejectionOf(timeout(5, async () => {
      await sleep(1000).catch((cancel: unknown) => { throw suppressing(foreign, cancel); });
    }));
    await clock.tickAsync(5);
    expect(await failing).to.deep.include({ name: "SuppressedError", error });
    expect(await mixed).to.deep.include({ name: "SuppressedError", error: foreign });
  });

  it("FA-04 however deep it is nested, and also in a circle, it is looked into in bounded time and stack", async () => {
    const late = timeout(5, () => sleep(1000).catch((cancel: unknown) => {
      let nested: unknown = cancel;
      for (let depth = 0; depth < 100_000; depth++) nested = suppressing(cancel, nested);
      throw nested;
    }), { fallback: "late" });
    const circle = suppressing(undefined, undefined) as Error & { error: unknown; suppressed: unknown };
    circle.error = circle.suppressed = circle;
    const round = rejectionOf(timeout(5, () => sleep(1000).catch(() => { throw circle; })));
    await clock.tickAsync(5);
    expect(await late).to.equal("late");
    expect(await round).to.equal(circle);
  });

  it("FA-04 in generator bodies, too: the parts count, whichever code has put them together", async () => {
    const late = timeout(5, function* () {
      try {
        yield* sleeping(1000);
      } catch (cancel) {
        throw suppressing(cancel, suppressing(cancel, cancel));
      }
    }, { fallback: "late" });
    await clock.tickAsync(5);
    expect(await late).to.equal("late");
  });
});
