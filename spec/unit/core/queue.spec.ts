/** The queue behind buffers and the run queue. */
import { expect } from "chai";
import fc from "fast-check";
import { Queue } from "../../../src/support/queue.ts";
import { seedOfRun, settle } from "../../support/settle.ts";

describe("Queue", () => {
  it("gives values in the order in which they came, any value", () => {
    const queue = new Queue<unknown>();
    const values = [undefined, null, Number.NaN, 0, "", new Error("a value"), Promise.resolve(1)];
    for (const value of values) queue.push(value);
    expect(queue.size).to.equal(values.length);
    for (const value of values) {
      expect(queue.shift()).to.deep.equal(value);
    }
    expect(queue.size).to.equal(0);
  });

  it("keeps the order when it is long, and round and round", () => {
    for (const length of [1, 1000, 1023, 1024, 1025, 5000]) {
      const queue = new Queue<number>();
      let pushed = 0;
      let shifted = 0;
      for (let round = 0; round < 3; round++) {
        while (queue.size < length) queue.push(pushed++);
        for (let n = 0; n < length - 1; n++) expect(queue.shift()).to.equal(shifted++);
        for (let n = 0; n < 3000; n++) { // as a buffer that is always full
          queue.push(pushed++);
          expect(queue.shift()).to.equal(shifted++);
        }
        expect(queue.size).to.equal(1);
      }
    }
  });

  it("does not hold on to a value that has left (support/queue.ts 2)", async () => {
    const queue = new Queue<object>();
    const references = (() => {
      const made: WeakRef<object>[] = [];
      for (let n = 0; n < 3; n++) {
        const value = { n };
        queue.push(value);
        made.push(new WeakRef(value));
      }
      queue.shift();
      queue.shift();
      return made;
    })();
    await settle(); // a WeakRef holds its target up to the end of the turn
    globalThis.gc?.();
    expect(references.map((reference) => reference.deref()?.constructor)).to.deep.equal([undefined, undefined, Object]);
    expect(queue.size).to.equal(1);
  });

  it("behaves like an array, over random pushes and shifts (support/queue.ts 1)", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
        const queue = new Queue<number>();
        const model: number[] = [];
        steps.forEach((push, n) => {
          if (push) {
            queue.push(n);
            model.push(n);
          } else if (model.length > 0) expect(queue.shift()).to.equal(model.shift());
          expect(queue.size).to.equal(model.length);
        });
      }),
      { seed: seedOfRun, numRuns: 300 },
    );
  });
});
