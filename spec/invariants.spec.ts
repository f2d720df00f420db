/** The numbered invariants at the top of the source's files: each has a spec that names it, and no spec names one that is not there. */
import { expect } from "chai";
import { invariants, namedInSpecs, withoutSpec } from "../scripts/invariants.ts";

/** Of the other folders it is printed which have no spec yet: `npx tsx scripts/invariants.ts`. */
const complete = ["core", "ops", "support", "time", "task", "task/cancel", "task/scope", "talk", "net", "sync", "testing/memory"];

describe("the invariants of the files", () => {
  it("are there, each with a name of its own", () => {
    const names = invariants.map(({ name }) => name);
    expect(names).to.include.members(["channel.ts 1", "cancel-scope.ts 4"]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).to.deep.equal([]);
  });

  it("are those that titles name", () => {
    const known = new Set(invariants.map(({ name }) => name));
    expect([...namedInSpecs].filter(([name]) => !known.has(name))).to.deep.equal([]);
  });

  it(`have a spec each, in ${complete.join(", ")}`, () => {
    expect(withoutSpec().filter(({ folder }) => complete.includes(folder)).map(({ name }) => name)).to.deep.equal([]);
  });
});
