/** The numbered invariants at the top of the source's files: each has a spec that names it, and no spec names one that is not there. */
import { expect } from "chai";
import { invariants, namedInSpecs, withoutSpec } from "../scripts/invariants.ts";

describe("the invariants of the files", () => {
  it("are there, each with a name of its own", () => {
    const names = invariants.map(({ name }) => name);
    expect(names).to.include.members(["scheduler.ts 1", "cancel-scope.ts 4"]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).to.deep.equal([]);
  });

  it("are those that titles name", () => {
    const known = new Set(invariants.map(({ name }) => name));
    expect([...namedInSpecs].filter(([name]) => !known.has(name))).to.deep.equal([]);
  });

  it("have a spec each", () => {
    expect(withoutSpec().map(({ name }) => name)).to.deep.equal([]);
  });
});
