/** The budget by count: what it does where no time passes. By time, see `scheduler.spec.ts`. */
import { expect } from "chai";
import sinon from "sinon";
import { freshCopy } from "../../support/fresh.ts";
import { settle } from "../../support/settle.ts";

const { setImmediate } = globalThis;

describe("the budget of a turn, while the clock stands still", () => {
  let copy: Awaited<ReturnType<typeof freshCopy>>;
  before(async () => {
    sinon.replace(performance, "now", () => 1000);
    copy = await freshCopy(); // the clock is captured at import
    sinon.restore();
  });

  it("lets the event loop turn again and again: after two looks of 16,384 wake-ups each, and not before (budget.ts 1, budget.ts 2)", async () => {
    const ch = copy.chan<number>();
    const turns = 3;
    const turnedAt: number[] = [];
    let count = 0;
    const watch = (): void => {
      setImmediate(() => {
        turnedAt.push(count);
        if (turnedAt.length < turns) watch();
      });
    };
    const talk = async (): Promise<void> => {
      for (; turnedAt.length < turns && count < 200_000; count++) await ch.send(count);
      ch.close();
    };
    void (async () => { for (let n = 0; n < 100; n++) await ch.receive(); })();
    for (let n = 0; n < 100; n++) await ch.send(n);
    await settle(); // it has looked at the clock, which it does for the first time after 64 wake-ups
    watch();
    void talk();
    for await (const _ of ch) { /* each costs two wake-ups: of the receiver, and of the sender that need not wait */ }
    const between = turnedAt.map((at, index) => at - (turnedAt[index - 1] ?? 0));
    expect(between).to.have.length(turns);
    for (const handovers of between) expect(2 * handovers, JSON.stringify(between)).to.be.closeTo(2 * 16_384, 64);
  });
});
