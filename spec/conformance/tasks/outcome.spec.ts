/**
 * The outcome of a scope, as a table: how its body ends, times everything that can cancel it.
 *
 * All at once in one scope: a failing child, a signal, a scope around it, its own cancel and its deadline come at moments of their own, in
 * every order. The first error of body or children counts; else a cancel from outside; else its own cancel or deadline, unless the body has
 * returned a value all the same; else the value.
 */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { CancelledError, scope, sleep, sleeping, TimeoutError } from "../../../src/node.ts";
import { settle } from "../../support/settle.ts";

/** What can happen to a scope. */
const happenings = ["child error", "outer signal", "outer cancel", "own cancel", "timeout"] as const;
type Happening = (typeof happenings)[number];

/** How the body ends: by itself, or at the operation in which it waits. */
const bodies = ["returns", "throws", "returns when cancelled", "throws when cancelled", "is blocked"] as const;
type BodyEnd = (typeof bodies)[number];

const lanes = ["async", "generator"] as const;

/** The happenings of a run, in order of time. */
function orders(): Happening[][] {
  const all: Happening[][] = [[]];
  for (const order of all) {
    if (order.length === 3) continue;
    for (const next of happenings) if (!order.includes(next)) all.push([...order, next]);
  }
  return all;
}

/** What the contract says. */
function expected(body: BodyEnd, order: readonly Happening[]): string {
  if (body === "throws") return "body error";
  if (body === "throws when cancelled" && order.length > 0) return order[0] === "child error" ? "child error" : "body error";
  if (order.includes("child error")) return "child error";
  if (order.includes("outer signal") || order.includes("outer cancel")) {
    const first = order.find((happening) => happening === "outer signal" || happening === "outer cancel") as string;
    return `cancelled by ${first}`;
  }
  if (body === "returns" || (body === "returns when cancelled" && order.length > 0)) return "value";
  if (order.length === 0) return "pending";
  return order[0] === "timeout" ? "timeout" : "cancelled by own cancel";
}

/** What happens at 10, 20, ... ms; everybody stays until all has happened. */
async function outcomeOf(clock: SinonFakeTimers, lane: (typeof lanes)[number], body: BodyEnd, order: readonly Happening[]): Promise<string> {
  const at = (happening: Happening): number => (order.indexOf(happening) + 1) * 10;
  const giving = new AbortController();
  const [childError, bodyError] = [new Error("child error"), new Error("body error")];
  const last = new Promise<void>((resolve) => { setTimeout(resolve, 10 * order.length + 5); }); // foreign: no cancel reaches it
  const end = (): string => {
    if (body.startsWith("throws")) throw bodyError;
    return "value";
  };
  const endsBySelf = body === "returns" || body === "throws";
  const asynchronous = async (): Promise<string> => {
    try {
      await sleep(1);
      if (endsBySelf) return end();
      await sleep(1e6);
    } catch (error) {
      if (!body.endsWith("when cancelled")) throw error;
    }
    return end();
  };
  const generator = function* (): Generator<unknown, string> {
    yield* sleeping(1);
    if (endsBySelf) return end();
    try {
      return yield* sleeping(1e6).map(() => "never");
    } finally {
      if (body === "throws when cancelled") end();
    }
  };
  let outcome = "pending";
  let cancelOuter!: (reason: unknown) => void;
  const around = scope(async (outer) => {
    cancelOuter = (reason) => { outer.cancel(reason); };
    await scope(
      (s) => {
        if (order.includes("child error")) {
          const failing = async (): Promise<never> => {
            await new Promise((resolve) => { setTimeout(resolve, at("child error")); });
            throw childError;
          };
          s.go(failing);
        }
        if (order.includes("own cancel")) setTimeout(() => { s.cancel("own cancel"); }, at("own cancel"));
        s.go(() => last);
        return lane === "async" ? asynchronous() : generator();
      },
      { signal: giving.signal, ...(order.includes("timeout") && { timeout: at("timeout") }) },
    ).then(
      (value) => { outcome = value; },
      (error: unknown) => { outcome = told(error); },
    );
  });
  if (order.includes("outer signal")) setTimeout(() => { giving.abort("outer signal"); }, at("outer signal"));
  if (order.includes("outer cancel")) setTimeout(() => { cancelOuter("outer cancel"); }, at("outer cancel"));
  await clock.tickAsync(10 * order.length);
  const early = outcome;
  await clock.tickAsync(5);
  await settle();
  const found = early === "pending" ? outcome : `${early}, before its children had ended`;
  cancelOuter("over");
  giving.abort("over");
  await clock.tickAsync(1);
  await around.catch(() => "it was cancelled");
  expect(clock.countTimers()).to.equal(0);
  return found;
}

function told(error: unknown): string {
  if (error instanceof TimeoutError) return "timeout";
  if (error instanceof CancelledError) return `cancelled by ${String(error.cause)}`;
  return (error as Error).message;
}

describe("the outcome of a scope", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  for (const lane of lanes) {
    for (const body of bodies) {
      if (lane === "generator" && body === "returns when cancelled") continue; // it cannot: it is ended where it waits
      it(`outcome: every order of up to three cancels and failures, when the ${lane} body ${body}`, async () => {
        for (const order of orders()) {
          const what = order.join(", then ") || "nothing";
          expect(await outcomeOf(clock, lane, body, order), what).to.equal(expected(body, order));
        }
      });
    }
  }
});
