/** The conformance lists: an id in a title can be looked up, and an entry of a list is kept. */
import { expect } from "chai";
import { idsInSpecs, lists, withoutSpec } from "../scripts/lists.ts";

/** Of the others it is printed which ids have no spec yet: `npx tsx scripts/lists.ts`. */
const complete = ["channels", "net", "tasks", "time"];

describe("the conformance lists", () => {
  it("are there, and each id stands in one of them, once", () => {
    expect(lists.map(({ name }) => name)).to.include.members([...complete, "flow", "nats", "programs", "regressions"]);
    const all = lists.flatMap(({ ids }) => ids);
    expect(all.filter((id, index) => all.indexOf(id) !== index)).to.deep.equal([]);
    for (const { name, ids } of lists) expect(ids, name).to.have.length.above(10);
  });

  it("have every id that a title begins with", () => {
    const listed = new Set(lists.flatMap(({ ids }) => ids));
    const unknown = [...idsInSpecs].filter(([id]) => !listed.has(id)).map(([id, files]) => `${id} in ${files.join(", ")}`);
    expect(unknown).to.deep.equal([]);
  });

  for (const list of lists.filter(({ name }) => complete.includes(name))) {
    it(`have a spec for every id of ${list.name}`, () => {
      expect(withoutSpec(list)).to.deep.equal([]);
    });
  }
});
