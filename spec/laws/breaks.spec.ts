/** The lines that `scripts/break-laws.ts` breaks are found, so that it can be run. */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { breaks } from "../../scripts/breaks.ts";

describe("the breaks of the laws", () => {
  const laws = [...new Set(breaks.map(({ law }) => law))];

  it("are of the laws 1 to 10, and 13", () => {
    expect(laws).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13]);
  });

  for (const law of laws) {
    it(`law ${law}: each line stands in its file, once`, () => {
      for (const { fault, file, from } of breaks.filter((one) => one.law === law)) {
        const times = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8").split(from).length - 1;
        expect(times, `"${fault}": in src/${file}, look for what has become of ${from}`).to.equal(1);
      }
    });
  }
});
