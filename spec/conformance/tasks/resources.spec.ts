/** Clean-up of a scope: `defer`, `use`, and scopes that are resources themselves. */
import { expect } from "chai";
import sinon from "sinon";
import * as node from "../../../src/node.ts";
import { chan, checkpoint, gather, openScope, scope, sleep, suppressedOf, ticker, type Scope } from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { failOnUnhandledRejections } from "../channels/support.ts";
import { expectCancelled, expectTimeout, failing, lanes } from "./support.ts";

type Log = string[];

/** A resource that says when it is disposed, at once or after a wait of its own. */
const disposable = (log: Log, name: string): Disposable => ({ [Symbol.dispose]: () => { log.push(name); } });
const asyncDisposable = (log: Log, name: string): AsyncDisposable => ({
  async [Symbol.asyncDispose]() {
    log.push(`${name} begins`);
    await checkpoint();
    log.push(`${name} ends`);
  },
});

describe("resources of a scope", () => {
  afterEach(() => { sinon.restore(); });
  failOnUnhandledRejections();

  for (const lane of lanes) {
    const { lib } = lane;
    const error = new Error("thrown");
    const reason = { why: "enough" };

    /** How a scope may end: what makes it, and how its outcome looks. */
    const ends: Record<string, { cause: (s: Scope, outer: AbortController) => unknown; sees: (outcome: { value?: unknown; error?: unknown }) => void }> = {
      "a value": { cause: () => undefined, sees: (outcome) => { expect(outcome).to.deep.equal({ value: "value" }); } },
      "the failure of a child": { cause: (s) => { s.go(failing(error)); }, sees: (outcome) => { expect(outcome.error).to.equal(error); } },
      "its own cancel": { cause: (s) => { s.cancel(reason); }, sees: (outcome) => { expect(outcome).to.deep.equal({ value: "value" }); } },
      "an outer cancel": { cause: (_s, outer) => { outer.abort(reason); }, sees: (outcome) => { expectCancelled(lib, outcome.error, reason); } },
      "its deadline": { cause: () => sinon.clock.tickAsync(100), sees: (outcome) => { expect(outcome).to.deep.equal({ value: "value" }); } },
    };
    for (const [name, { cause, sees }] of Object.entries(ends)) {
      it(`S-45: ${lane.name}: after an end by ${name}, deferred functions run last in first out, after all children, and may wait`, async () => {
        const clock = sinon.useFakeTimers();
        const log: Log = [];
        const outer = new AbortController();
        const [ch, gate] = [lib.chan<void>(), lib.chan<void>()];
        let handle: Scope | undefined;
        const ended = lib.scope(lane.main(function* (wait, s) {
          handle = s;
          s.defer(() => { log.push("first"); });
          s.defer(async () => {
            log.push("second begins");
            await gate.receive(); // not cancelled by the cancel of the scope
            await lib.checkpoint();
            log.push("second ends");
          });
          s.defer(() => { log.push("third"); });
          s.go(lane.inside(s, function* (inner) {
            try {
              yield* inner(ch.receiving());
            } finally {
              log.push("the child ends");
            }
          }));
          yield* wait(lib.checkpoint());
          return "value";
        }), { signal: outer.signal, timeout: 100 });
        const outcome = ended.then((value) => ({ value }), (thrown: unknown) => ({ error: thrown }));
        await settle();
        expect(log).to.deep.equal([]);
        await cause(handle as Scope, outer);
        await settle();
        if (name === "a value") ch.trySend();
        expect(await isPending(ended)).to.equal(true);
        expect(log).to.deep.equal(["the child ends", "third", "second begins"]);
        expect(gate.trySend()).to.equal(true);
        sees(await outcome);
        expect(log).to.deep.equal(["the child ends", "third", "second begins", "second ends", "first"]);
        expect(clock.countTimers()).to.equal(0);
      });
    }

    it(`S-45: ${lane.name}: all deferred functions run, even if some throw; the first error counts, the others are suppressed`, async () => {
      const log: Log = [];
      const [one, two] = [new Error("one"), new Error("two")];
      const failed = await rejectionOf(lib.scope(lane.main(function* (_wait, s) {
        s.defer(() => { log.push("last"); });
        s.defer(async () => {
          await lib.checkpoint();
          throw two;
        });
        s.defer(failing(one));
        s.defer(() => { log.push("first"); });
        return "value";
      })));
      expect(failed).to.equal(one);
      expect(lib.suppressedOf(failed)).to.deep.equal([two]);
      expect(log).to.deep.equal(["first", "last"]);
    });

    it(`S-45: ${lane.name}: errors of the clean-up are suppressed when the scope has failed before`, async () => {
      const late = new Error("in the clean-up");
      const failed = await rejectionOf(lib.scope(lane.main(function* (_wait, s): Generator<unknown, void> {
        s.defer(failing(late));
        throw error;
      })));
      expect(failed).to.equal(error);
      expect(lib.suppressedOf(failed)).to.include(late);
    });

    it(`S-83: ${lane.name}: resources are disposed in reverse order after the children have ended; asynchronous ones are awaited`, async () => {
      const log: Log = [];
      await lib.scope(lane.main(function* (wait, s) {
        const resource = disposable(log, "a");
        expect(s.use(resource)).to.equal(resource);
        s.use(asyncDisposable(log, "b"));
        s.defer(() => { log.push("deferred"); });
        s.use(asyncDisposable(log, "c"));
        s.use(disposable(log, "d"));
        s.go(lane.inside(s, function* (inner) {
          yield* inner(lib.checkpoint());
          yield* inner(lib.checkpoint());
          log.push("child");
        }));
        yield* wait(lib.checkpoint());
        log.push("body");
      }));
      expect(log).to.deep.equal(["body", "child", "d", "c begins", "c ends", "deferred", "b begins", "b ends", "a"]);
    });
  }

  it("S-45: clean-up errors after an own cancel, after a deadline and after an outer cancel are the scope's", async () => {
    const clock = sinon.useFakeTimers();
    const error = new Error("in the clean-up");
    const outer = new AbortController();
    const causes: ((s: Scope) => unknown)[] = [(s) => { s.cancel(); }, () => clock.tickAsync(10), () => { outer.abort(); }];
    for (const cause of causes) {
      const ended = rejectionOf(scope(async (s) => {
        s.defer(failing(error));
        s.go(() => { void cause(s); });
        await sleep(1e6);
      }, { timeout: 10, signal: outer.signal }));
      await settle();
      expect(await ended).to.equal(error);
    }
    expect(clock.countTimers()).to.equal(0);
  });

  it("S-45: a scope and a gather in the clean-up work after a cancel", async () => {
    const log: Log = [];
    await scope(async (s) => {
      s.defer(async () => {
        await scope(async (inner) => { inner.go(async () => { await checkpoint(); log.push("scope"); }); });
        log.push(...await gather([async () => { await checkpoint(); return "gather"; }]));
      });
      s.cancel();
    });
    expect(log).to.deep.equal(["scope", "gather"]);
  });

  it("S-45: ten thousand deferred callbacks", async () => {
    let next = 10_000;
    await scope((s) => { for (let n = 1; n <= 10_000; n++) s.defer(() => { expect(n).to.equal(next--); }); });
    expect(next).to.equal(0);
  });

  it("S-45: after the end defer and use throw at the call; an argument of defer that is no function is a TypeError", async () => {
    let handle: Scope | undefined;
    await scope((s) => {
      handle = s;
      expect(() => { s.defer(7 as never); }).to.throw(TypeError);
    });
    expect(() => { handle?.defer(() => undefined); }).to.throw(Error);
    expect(() => handle?.use(disposable([], "late"))).to.throw(Error);
  });

  it("S-83: a resource with both ways is disposed once, the asynchronous way; one with neither is a TypeError", async () => {
    const log: Log = [];
    await scope((s) => {
      s.use({ ...disposable(log, "synchronous"), ...asyncDisposable(log, "asynchronous") });
      for (const wrong of [{}, null, undefined, 7]) expect(() => s.use(wrong as never)).to.throw(TypeError);
    });
    expect(log).to.deep.equal(["asynchronous begins", "asynchronous ends"]);
  });

  it("S-83: a resource is disposed however the scope ends, and the errors of disposals are collected", async () => {
    const error = new Error("thrown");
    const [one, two] = [new Error("one"), new Error("two")];
    const failed = await rejectionOf(scope((s) => {
      s.use({ [Symbol.dispose]: failing(one) });
      s.use({ [Symbol.asyncDispose]: () => Promise.reject(two) });
      throw error;
    }));
    expect(failed).to.equal(error);
    expect(suppressedOf(failed)).to.deep.equal([two, one]);
  });

  it("S-83: the library's own things are resources: a channel is closed, a ticker stopped", async () => {
    const clock = sinon.useFakeTimers();
    const ch = chan<number>();
    await scope((s) => {
      s.use(ch);
      s.use(ticker(10));
      expect(clock.countTimers()).to.be.greaterThan(0);
    });
    expect(ch.closed).to.equal(true);
    expect(clock.countTimers()).to.equal(0);
  });

  it("S-77: an open scope that is joined, then disposed of: its children have ended normally", async () => {
    const log: Log = [];
    const ch = chan<void>();
    const block = (async () => {
      await using s = openScope();
      s.defer(() => { log.push("deferred"); });
      const child = s.go(async () => {
        await ch.receive();
        return "child";
      });
      log.push("in the block");
      await s.join();
      log.push(child.state, await child);
    })();
    expect(await isPending(block)).to.equal(true);
    await ch.send();
    await block;
    expect(log).to.deep.equal(["in the block", "deferred", "done", "child"]);
  });

  it("S-77: the failure of a child cancels the others, and is what join rejects with", async () => {
    const error = new Error("thrown");
    const ch = chan<void>();
    const s = openScope();
    const child = s.go(() => ch.receive());
    await settle();
    s.go(failing(error));
    await settle();
    expectCancelled(node, await rejectionOf(child), error);
    expect(await rejectionOf(s.join())).to.equal(error);
    expect(await rejectionOf(s.join())).to.equal(error);
    expect(() => s.go(() => undefined)).to.throw(Error);
    expect(ch.trySend()).to.equal(false);
  });

  it("S-77: an error that leaves the block is the block's, and the children have ended", async () => {
    const error = new Error("thrown");
    const ch = chan<void>();
    let cleaned = false;
    const failed = await rejectionOf((async () => {
      await using s = openScope();
      s.go(async () => {
        try {
          await ch.receive();
        } finally {
          cleaned = true;
        }
      });
      await settle();
      throw error;
    })());
    expect(failed).to.equal(error);
    expect(cleaned).to.equal(true);
    expect(ch.trySend()).to.equal(false);
  });

  it("S-77: a failure that nobody has joined is reported when the block is left", async () => {
    const error = new Error("thrown");
    expect(await rejectionOf((async () => {
      await using s = openScope();
      s.go(failing(error));
      await settle();
    })())).to.equal(error);
  });

  it("S-77: an open scope takes a deadline and a signal", async () => {
    const clock = sinon.useFakeTimers();
    const late = openScope({ timeout: 10 });
    late.go(() => sleep(1e6));
    const ended = rejectionOf(late.join());
    await clock.tickAsync(10);
    expectTimeout(node, await ended);
    const giving = new AbortController();
    const given = openScope({ signal: giving.signal });
    given.go(() => sleep(1e6));
    await settle();
    giving.abort("enough");
    expectCancelled(node, await rejectionOf(given.join()), "enough");
    expect(clock.countTimers()).to.equal(0);
  });
});
