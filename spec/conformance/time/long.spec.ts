/** Sleeps longer than a timer of the platform can be. */
import { expect } from "chai";
import sinon from "sinon";
import { sleep } from "../../../src/index.ts";
import { isPending, rejectionOf } from "../../support/settle.ts";

describe("long sleeps", () => {
  afterEach(() => { sinon.restore(); });

  for (const ms of [2 ** 31, 1e15, Infinity]) {
    it(`TM-07 sleep(${String(ms)}) does not end early, and can be aborted without a trace`, async () => {
      const clock = sinon.useFakeTimers();
      const giving = new AbortController();
      const sleeping = sleep(ms, { signal: giving.signal });
      expect(clock.countTimers()).to.equal(ms === Infinity ? 0 : 1);
      await clock.tickAsync(2 ** 31 - 1);
      expect(await isPending(sleeping)).to.equal(true);
      giving.abort("enough");
      expect(clock.countTimers()).to.equal(0);
      expect(await rejectionOf(sleeping)).to.equal("enough");
    });
  }
});
