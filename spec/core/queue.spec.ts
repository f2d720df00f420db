/** The queue behind buffers and the run queue. */
import { expect } from "chai";
import fc from "fast-check";
import { Queue } from "../../src/core/queue.ts";
import { seedOfRun, settle } from "../support/settle.ts";

describe("Queue", () => {
  it("gives values in the order in which they came, any value", () => {
    const ring = new Queue<unknown>();
    const values = [undefined, null, Number.NaN, 0, "", new Error("a value"), Promise.resolve(1)];
    for (const value of values) ring.push(value);
    expect(ring.size).to.equal(values.length);
    for (const value of values) {
      expect(ring.peek()).to.deep.equal(value);
      expect(ring.shift()).to.deep.equal(value);
    }
    expect(ring.size).to.equal(0);
    expect(ring.peek()).to.equal(undefined);
  });

  it("keeps the order when it grows while it is wrapped around", () => {
    for (let begin = 0; begin < 9; begin++) {
      const ring = new Queue<number>();
      for (let n = 0; n < begin; n++) {
        ring.push(-1);
        ring.shift();
      }
      for (let n = 0; n < 100; n++) ring.push(n);
      expect(Array.from({ length: 100 }, () => ring.shift())).to.deep.equal(Array.from({ length: 100 }, (_, n) => n));
    }
  });

  it("does not hold on to a value that has left", async () => {
    const ring = new Queue<object>();
    const references = (() => {
      const made: WeakRef<object>[] = [];
      for (let n = 0; n < 3; n++) {
        const value = { n };
        ring.push(value);
        made.push(new WeakRef(value));
      }
      ring.shift();
      ring.shift();
      return made;
    })();
    await settle(); // a WeakRef holds its target up to the end of the turn
    globalThis.gc?.();
    expect(references.map((reference) => reference.deref()?.constructor)).to.deep.equal([undefined, undefined, Object]);
    expect(ring.size).to.equal(1);
  });

  it("does what an array does, over random pushes and shifts", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
        const ring = new Queue<number>();
        const model: number[] = [];
        steps.forEach((push, n) => {
          if (push) {
            ring.push(n);
            model.push(n);
          } else if (model.length > 0) expect(ring.shift()).to.equal(model.shift());
          expect(ring.size).to.equal(model.length);
          expect(ring.peek()).to.equal(model[0]);
        });
      }),
      { seed: seedOfRun, numRuns: 300 },
    );
  });
});
