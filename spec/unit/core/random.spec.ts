/** The source of chance. */
import { expect } from "chai";
import { below, seedChoices } from "../../../src/platform/random.ts";
import { seedOfRun } from "../../support/settle.ts";

const draws = (seed: number, many: number, count: number): number[] => {
  seedChoices(seed);
  return Array.from({ length: many }, () => below(count));
};

describe("below()", () => {
  it("gives whole numbers from 0 up to, and without, the count", () => {
    for (const count of [1, 2, 3, 7, 10, 1000]) {
      for (const drawn of draws(seedOfRun, 1000, count)) {
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < count, `${drawn} below ${count}, seed ${seedOfRun}`).to.equal(true);
      }
    }
  });

  it("gives the same sequence for the same seed, another one for another", () => {
    expect(draws(seedOfRun, 50, 100)).to.deep.equal(draws(seedOfRun, 50, 100));
    expect(draws(seedOfRun, 50, 100)).to.not.deep.equal(draws(seedOfRun + 1, 50, 100));
  });

  it("takes nothing from the sequence when there is no choice", () => {
    seedChoices(seedOfRun);
    const plain = [below(100), below(100)];
    seedChoices(seedOfRun);
    const mixed = [below(1), below(100), below(1), below(100)];
    expect(mixed).to.deep.equal([0, plain[0], 0, plain[1]]);
  });

  it("gives each number equally often, and each after each", () => {
    for (const count of [2, 3, 5, 10]) {
      const many = 100_000;
      const drawn = draws(seedOfRun, many, count);
      const single = new Array<number>(count).fill(0);
      const pairs = new Array<number>(count * count).fill(0);
      drawn.forEach((n, index) => {
        single[n] = (single[n] ?? 0) + 1;
        const pair = n * count + (drawn[index - 1] ?? 0);
        pairs[pair] = (pairs[pair] ?? 0) + 1;
      });
      // The mean of chi-squared is its degrees of freedom, its deviation the root of twice that: six deviations are allowed.
      for (const found of [single, pairs]) {
        const expected = many / found.length;
        const chiSquared = found.reduce((sum, times) => sum + (times - expected) ** 2 / expected, 0);
        const freedom = found.length - 1;
        expect(chiSquared, `below(${count}), seed ${seedOfRun}`).to.be.lessThan(freedom + 6 * Math.sqrt(2 * freedom) + 10);
      }
    }
  });
});
