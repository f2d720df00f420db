/** The errors of cancels: what they say; and while there are any, each operation looks whether its scope is cancelled. */
import { expect } from "chai";
import sinon from "sinon";
import type * as anyCancelled from "../../../src/task/cancel/any-cancelled.ts";
import { scope } from "../../../src/node.ts";
import { freshModule } from "../../support/fresh.ts";
import { rejectionOf } from "../../support/settle.ts";

describe("cancel errors that are alive", () => {
  afterEach(() => { sinon.restore(); });

  it("there are some from the first cancel until the last error is collected, and again from the next cancel", async () => {
    const collectors: (() => void)[] = [];
    const noted: unknown[] = [];
    const { cancelErrors, noteCancel } = await freshModule<typeof anyCancelled>("task/cancel/any-cancelled.ts", () => {
      sinon.stub(globalThis, "FinalizationRegistry").callsFake(function (collected: () => void) {
        collectors.push(collected);
        return { register: (error: unknown) => noted.push(error) };
      } as never);
    });
    const errors = [new Error("first"), new Error("second")];
    const seen = [cancelErrors.any];
    for (const error of errors) noteCancel(error);
    seen.push(cancelErrors.any);
    expect(noted).to.deep.equal(errors);
    expect(collectors).to.have.length(1);
    for (const collected of [...collectors, ...collectors]) {
      collected();
      seen.push(cancelErrors.any);
    }
    noteCancel(new Error("third"));
    seen.push(cancelErrors.any);
    expect(seen).to.deep.equal([false, true, true, false, true]);
  });
});

describe("the error of a cancel", () => {
  const cure = ". Let this error pass; detached() what others share, shield() what has to be done all the same";
  const reasons: [what: string, reason: unknown, said: string][] = [
    ["no reason", undefined, ""], ["a word", "enough", ': "enough"'], ["an error", new RangeError("too far"), ": too far"], ["null", null, ": null"],
  ];
  for (const [what, reason, said] of reasons) {
    it(`says who was cancelled, and why, for ${what}; a reason is its cause`, async () => {
      const error = await rejectionOf(scope((s) => { s.cancel(reason); throw s.signal.reason; }, { name: "crawl" })) as Error;
      expect(error.message).to.equal(`scope "crawl" was cancelled${said}${cure}`);
      expect("cause" in error).to.equal(reason !== undefined);
      expect(error.cause).to.equal(reason);
    });
  }
});
