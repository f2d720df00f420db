/** The numbered invariants at the top of the source's files: each has a spec that names it, and no spec names one that is not there. */
import { expect } from "chai";
import { invariants, namedInSpecs, withoutSpec } from "../scripts/invariants.ts";

/** The folders whose files all have their specs. Of the others it is printed which have none yet: `npx tsx scripts/invariants.ts`. */
const complete = (folder: string): boolean => !/^(flow|nats|testing\/broker)/.test(folder);

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

  it("have a spec each", () => {
    expect(withoutSpec().filter(({ folder }) => complete(folder)).map(({ name }) => name)).to.deep.equal([]);
  });
});
