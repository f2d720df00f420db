/**
 * The outcome of a scope in each lane, with and without an async context: the first error of body or children; else an outer cancel; else
 * its own cancel or deadline, whichever was first, unless the body has returned a value; else the body's value. And what is suppressed.
 */
import { expect } from "chai";
import sinon from "sinon";
import * as node from "../../../src/node.ts";
import { CancelledError, scope, shield, sleep, suppressedOf, type Scope, type WaitOptions } from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { failOnUnhandledRejections } from "../channels/support.ts";
import { expectCancelled, expectTimeout, failing, foreign, implicitLanes, lanes, type Lane } from "./support.ts";

type Event = "own" | "outer" | "signal" | "child" | "deadline";
const bodies = ["returned before", "returns late", "fails in its clean-up", "lets the cancel pass"] as const;
type BodyKind = (typeof bodies)[number];
type Expected = { value: string } | { error: "child" | "body"; later: ("child" | "body")[] } | { cancelled: "own" | "outer" | "signal" } | "timeout";

const histories: readonly (readonly Event[])[] = [
  [],
  ["own"], ["outer"], ["signal"], ["child"], ["deadline"],
  ["own", "own"], ["own", "outer"], ["own", "signal"], ["own", "child"], ["own", "deadline"],
  ["outer", "own"], ["outer", "child"], ["outer", "deadline"], ["signal", "own"], ["signal", "child"],
  ["child", "own"], ["child", "outer"], ["child", "signal"], ["child", "deadline"],
  ["deadline", "own"], ["deadline", "child"],
  ["own", "outer", "child"], ["deadline", "own", "child"], ["own", "deadline", "signal"],
];

/** What the contract says, in its order. */
function expected(body: BodyKind, events: readonly Event[]): Expected {
  const errors: ("child" | "body")[] = [];
  if (events[0] === "child") errors.push("child");
  if (body === "fails in its clean-up" && events.length > 0) errors.push("body");
  if (events.indexOf("child") > 0) errors.push("child");
  const [error, ...later] = errors;
  if (error !== undefined) return { error, later };
  const outer = events.find((event) => event === "outer" || event === "signal");
  if (outer !== undefined) return { cancelled: outer as "outer" | "signal" };
  if (body === "returned before") return { value: "before" };
  if (body === "returns late") return { value: "late" };
  return events[0] === "deadline" ? "timeout" : { cancelled: "own" };
}

const shown = (outcome: Expected): string => {
  if (outcome === "timeout") return "a TimeoutError";
  if ("value" in outcome) return `the value "${outcome.value}"`;
  if ("cancelled" in outcome) return `a CancelledError of the ${outcome.cancelled} cancel`;
  return ["the error of the " + outcome.error, ...outcome.later.map((who) => `that of the ${who} suppressed`)].join(", ");
};

async function check(lane: Lane, kind: BodyKind, events: readonly Event[], outcome: Expected): Promise<void> {
  const { lib } = lane;
  const clock = sinon.useFakeTimers();
  const errors = { child: new Error("the child's"), body: new Error("the body's") };
  const reasons = { own: { why: "own" }, outer: { why: "outer" }, signal: { why: "signal" } };
  const [hold, fail, quiet] = [foreign(), foreign(), lib.chan<number>()];
  const giving = new AbortController();
  let outerScope: Scope | undefined;
  let innerScope: Scope | undefined;

  const start = (options: WaitOptions): Promise<string> => lib.scope(lane.main(function* (wait, s) {
    innerScope = s;
    s.go(() => hold.promise); // keeps the scope open until everything has happened
    s.go(() => fail.promise);
    if (kind === "returned before") return "before";
    try {
      yield* wait(quiet.receiving());
      return "received";
    } catch (error) {
      if (kind === "returns late") return "late";
      throw error;
    } finally {
      if (kind === "fails in its clean-up") throw errors.body;
    }
  }), { ...options, timeout: 100 });

  // The scope is inside of another, or, as one with a signal of its own, by itself.
  let ended: Promise<string>;
  if (events.includes("signal")) {
    ended = start({ signal: giving.signal });
    ended.catch(() => undefined);
  } else {
    const begun = foreign<{ ended: Promise<string> }>();
    lib.scope(lane.main(function* (wait, s) {
      outerScope = s;
      const inner = start(lane.within(s));
      inner.catch(() => undefined);
      begun.resolve({ ended: inner });
      yield* wait(inner);
    })).catch(() => undefined);
    ({ ended } = await begun.promise);
  }
  await settle();

  const happen: Record<Event, () => unknown> = {
    own: () => innerScope?.cancel(reasons.own),
    outer: () => outerScope?.cancel(reasons.outer),
    signal: () => { giving.abort(reasons.signal); },
    child: () => { fail.reject(errors.child); },
    deadline: () => clock.tickAsync(100),
  };
  for (const event of events) {
    await happen[event]();
    await settle();
  }
  if (events.length === 0 && kind !== "returned before") quiet.trySend(1);
  expect(await isPending(ended)).to.equal(true);
  if (events.length > 0) expect(quiet.trySend(1), "the body is out of its line").to.equal(false);
  fail.resolve(undefined);
  hold.resolve(undefined);

  if (typeof outcome === "object" && "value" in outcome) {
    expect(await ended).to.equal(outcome.value);
  } else {
    const error = await rejectionOf(ended);
    if (outcome === "timeout") expectTimeout(lib, error);
    else if ("cancelled" in outcome) expectCancelled(lib, error, reasons[outcome.cancelled]);
    else {
      expect(error).to.equal(errors[outcome.error]);
      expect(lib.suppressedOf(error)).to.deep.equal(outcome.later.map((who) => errors[who]));
    }
  }
  expect(clock.countTimers()).to.equal(0);
}

describe("outcome of a scope, in each lane", () => {
  afterEach(() => { sinon.restore(); });
  failOnUnhandledRejections();

  for (const lane of lanes) {
    describe(lane.name, () => {
      for (const events of histories) {
        for (const body of bodies) {
          if (body !== "returned before" && events.length === 0) continue;
          const outcome = expected(body, events);
          const ids = events.includes("own") ? "S-20, S-26" : events.includes("child") ? "S-15, S-26" : "S-26";
          it(`${ids}: the body ${body}, and [${events.join(", then ")}] happened: ${shown(outcome)}`, () => check(lane, body, events, outcome));
        }
      }
    });
  }

  for (const lane of implicitLanes) {
    const { lib } = lane;
    it(`S-20: ${lane.name}: a child cancels the scope as its normal end, and the scope gives the value that the body had returned`, async () => {
      const ch = lib.chan<number>();
      const got: number[] = [];
      const ended = lib.scope(lane.main(function* (_wait, s) {
        s.go(lane.inside(s, function* (wait) { for (;;) got.push(yield* wait(ch.receiving())); }));
        s.go(lane.inside(s, function* (wait) {
          for (const n of [1, 2, 3]) yield* wait(ch.sending(n));
          s.cancel("all is sent");
        }));
        return "value";
      }));
      expect(await ended).to.equal("value");
      expect(got).to.deep.equal([1, 2, 3]);
    });

    it(`S-12: ${lane.name}: a sibling fails in its clean-up: the first error is thrown, the second is suppressed`, async () => {
      const [first, second] = [new Error("first"), new Error("second")];
      const error = await rejectionOf(lib.scope(lane.main(function* (wait, s) {
        s.go(lane.inside(s, function* (inner) {
          try {
            yield* inner(lib.never);
          } finally {
            throw second;
          }
        }));
        s.go(failing(first));
        yield* wait(lib.never);
      })));
      expect(error).to.equal(first);
      expect(lib.suppressedOf(error)).to.deep.equal([second]);
      expect(lib.suppressedOf(second)).to.deep.equal([]);
    });

    for (const count of [1, 3, 50]) {
      it(`S-15: ${lane.name}: of ${String(count)} children that fail the first error itself is thrown, the others are suppressed in order of time`, async () => {
        const errors = Array.from({ length: count }, (_, n) => new Error(`error ${String(n)}`));
        const gate = foreign();
        const ended = rejectionOf(lib.scope(lane.main(function* (_wait, s) {
          for (const each of errors) s.go(() => gate.promise.then(failing(each))); // no cancel reaches them there
        })));
        await settle();
        gate.resolve(undefined);
        const error = await ended;
        expect(error).to.equal(errors[0]);
        expect(lib.suppressedOf(error)).to.deep.equal(errors.slice(1));
      });
    }
  }

  it("S-15: suppressed errors are kept for any object, frozen or not; a value that is no object, or is unknown, has none", async () => {
    const frozen = Object.freeze({ frozen: true });
    const later = new Error("later");
    const failed = await rejectionOf(scope((s) => {
      s.go(() => Promise.resolve().then(failing(frozen)));
      s.go(() => Promise.resolve().then(failing(later)));
    }));
    expect(failed).to.equal(frozen);
    expect(suppressedOf(failed)).to.deep.equal([later]);
    for (const unknown of [undefined, null, 7, "text", Symbol("s"), new Error("unknown"), {}]) expect(suppressedOf(unknown)).to.deep.equal([]);
  });

  it("S-15: any value may be thrown, even undefined", async () => {
    for (const thrown of [undefined, null, 0, "", Number.NaN]) {
      let met: { thrown: unknown } | undefined;
      await scope((s) => { s.go(failing(thrown)); }).catch((error: unknown) => { met = { thrown: error }; });
      expect(met).to.deep.equal({ thrown });
      met = undefined;
      await scope(failing(thrown)).catch((error: unknown) => { met = { thrown: error }; });
      expect(met).to.deep.equal({ thrown });
    }
  });

  it("S-26: a body that swallows its cancel in a loop meets the same error each time, and the scope decides the outcome", async () => {
    const reason = { why: "enough" };
    const met = new Set<unknown>();
    let turns = 0;
    const ended = scope(async (s) => {
      s.go(async () => {
        s.cancel(reason);
      });
      for (; turns < 1000; turns++) {
        try {
          await sleep(1e6);
        } catch (error) {
          met.add(error);
        }
      }
      throw [...met][0];
    });
    expectCancelled(node, await rejectionOf(ended), reason);
    expect(turns).to.equal(1000);
    expect(met.size).to.equal(1);
  });

  it("S-26: swallowing changes nothing for a child either: its scope's failure counts", async () => {
    const error = new Error("thrown");
    let swallowed: unknown;
    expect(await rejectionOf(scope((s) => {
      s.go(async () => { await sleep(1e6).catch((caught: unknown) => { swallowed = caught; }); });
      s.go(failing(error));
    }))).to.equal(error);
    expect(swallowed).to.be.instanceOf(CancelledError);
    expect(suppressedOf(error)).to.deep.equal([]);
  });

  it("S-20: a body that falls off its end after its own cancel has returned undefined", async () => {
    expect(await scope((s) => { s.cancel("enough"); })).to.equal(undefined);
    expect(await scope(async (s) => {
      s.cancel("enough");
      await sleep(1e6).catch(() => undefined);
    })).to.equal(undefined);
  });

  it("S-12: an error in a clean-up after the scope's own cancel is a real error", async () => {
    const error = new Error("in the clean-up");
    const clean = async (): Promise<void> => {
      try {
        await sleep(1e6);
      } finally {
        await shield(async () => { await sleep(0); });
        throw error;
      }
    };
    expect(await rejectionOf(scope(async (s) => {
      s.go(clean);
      await sleep(0);
      s.cancel("enough");
      return "value";
    }))).to.equal(error);
  });
});
