/** The tutorial: each step of the page is a file, word for word. The blocks of the page are run with all others, so the files are, too. */
import { readFileSync, readdirSync } from "node:fs";
import { expect } from "chai";
import { blocksOf, promisedBy, root } from "./blocks.ts";

describe("the tutorial", () => {
  const page = "docs/tutorial/tutorial.md";
  const steps = blocksOf(page, readFileSync(root + page, "utf8")).map(({ code }) => code);
  const files = readdirSync(`${root}examples/tutorial`).sort();

  it("has eight steps, each a file, and each says what it prints", () => {
    expect(files).to.have.length(8);
    expect(steps).to.have.length(8);
    for (const step of steps) expect(promisedBy(step)).to.not.be.empty;
  });

  for (const [index, name] of files.entries()) {
    it(`step ${index + 1} is examples/tutorial/${name}`, () => {
      expect(steps[index]).to.equal(readFileSync(`${root}examples/tutorial/${name}`, "utf8"));
    });
  }
});
