/** Virtual timers, against a list that is sorted anew each time. */
import { expect } from "chai";
import { seeded } from "../../../src/platform/random.ts";
import { Timers, type Timed } from "../../../src/testing/scheduler/timers.ts";
import { seedOfRun } from "../../support/settle.ts";

describe("virtual timers", () => {
  it(`come in the order of their time, then of their making, whichever are taken out (seed ${seedOfRun}) (timers.ts 1)`, () => {
    const random = seeded(seedOfRun);
    const below = (count: number): number => Math.floor(random() * count);
    for (let round = 0; round < 200; round++) {
      const timers = new Timers<Timed>();
      let model: Timed[] = [];
      for (let step = 0; step < 60; step++) {
        if (below(3) > 0 || model.length === 0) {
          const timer = { at: below(10) };
          timers.add(timer);
          model.push(timer);
        } else {
          const timer = model[below(model.length)] as Timed;
          timers.remove(timer);
          timers.remove(timer); // it is out already
          model = model.filter((one) => one !== timer);
        }
        const sorted = model.toSorted((one, other) => one.at - other.at); // a stable sort
        const at = below(11) - 1;
        expect(timers.first).to.equal(sorted[0]);
        expect(timers.upTo(at)).to.deep.equal(sorted.filter((timer) => timer.at <= at));
        expect(timers.upTo(at).every((timer, index) => timer === sorted[index])).to.equal(true);
      }
    }
  });

  it("are added and taken out in logarithmic time: 10,000 of them look at no more than 64 others each (timers.ts 2)", () => {
    const count = 10_000;
    let looks = 0;
    const random = seeded(1);
    const timers = new Timers<Timed>();
    const all = Array.from({ length: count }, () => {
      const at = random();
      return { get at() { looks++; return at; } };
    });
    for (const timer of all) timers.add(timer);
    for (const timer of all.slice(count / 2)) timers.remove(timer);
    for (let { first } = timers; first; { first } = timers) timers.remove(first);
    expect(looks).to.be.lessThan(2 * 64 * count);
  });
});
