/** Cancel errors that are alive: while there are any, each operation looks whether its scope is cancelled. */
import { expect } from "chai";
import sinon from "sinon";
import type * as anyCancelled from "../../../src/task/cancel/any-cancelled.ts";
import { freshModule } from "../../support/fresh.ts";

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
