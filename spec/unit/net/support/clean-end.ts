/** The frame of a suite of connections: a fake clock for the specs that want one, and nothing left open after each. */
import type { LookupFunction } from "node:net";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { hangUp, openSockets } from "./peers.ts";

/**
 * After each spec of the suite its clock is restored, and no socket is open; each of the counts is 0 as well. The result puts a fake clock in place, which
 * leaves `nextTick`, `queueMicrotask` and `setImmediate` alone; with "all", the first two only.
 */
export function leavesNothing(...counts: (() => number)[]): (faked?: "all") => SinonFakeTimers {
  let clock: SinonFakeTimers | undefined;

  afterEach(async () => {
    clock?.restore();
    clock = undefined;
    await hangUp();
    expect(openSockets()).to.equal(0);
    for (const count of counts) expect(count()).to.equal(0);
  });

  return (faked) => (clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask", ...(faked === "all" ? [] : ["setImmediate" as const])] }));
}

/** A lookup that gives these addresses. */
export const resolvesTo = (...addresses: string[]): LookupFunction => (_host, _options, callback) => {
  process.nextTick(callback, null, addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
};
