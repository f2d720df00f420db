/** The pictures of the guides show what the library does today: each is drawn again, and is the same. */
import { readFileSync, readdirSync } from "node:fs";
import { expect } from "chai";
import { pictures } from "../../scripts/pictures.ts";
import { eventsOf } from "../../scripts/pictures/sequence.ts";
import { nodesOf } from "../../scripts/pictures/tree.ts";
import { documents, root } from "./blocks.ts";

describe("the pictures of the guides", () => {
  for (const [name, draw] of Object.entries(pictures)) {
    it(`${name}.svg is what npx tsx scripts/pictures.ts draws`, async () => {
      expect(readFileSync(`${root}docs/pictures/${name}.svg`, "utf8")).to.equal(await draw());
    });
  }

  it("all of them are drawn, and each is shown in a guide", () => {
    expect(readdirSync(`${root}docs/pictures`).sort()).to.deep.equal(Object.keys(pictures).map((name) => `${name}.svg`).sort());
    const pages = documents().filter((name) => name.endsWith(".md")).map((name) => readFileSync(root + name, "utf8")).join("\n");
    for (const name of Object.keys(pictures)) expect(pages).to.include(`/pictures/${name}.svg)`);
  });

  it("a tree shows what is below the program's own task, and nothing else that lives in the process", () => {
    const own = ['task 3 "main" waits for what runs in it', '  timeout 4 "timeout-4" waits for what runs in it', '    task 5 "t" waits in sleep of 5 ms'];
    const dump = ['task 1 "main" waits in something foreign', '  task 2 "s" waits in sleep of 1 ms', ...own, 'task 6 "late" waits in sleep of 2 ms'].join("\n");
    expect(nodesOf(dump, new Map([["t", 7]])).map(({ depth, name, waits, end }) => [depth, name, waits, end])).to.deep.equal([
      [0, "timeout", "", undefined], [1, "task t", "sleep of 5 ms", 7],
    ]);
  });

  it("read a trace as it is written: a wait of several cases is one event", () => {
    const trace = ['a: starts b (x.ts:1), waits in select of one: receive on channel "c", two: sleep of 5 ms (x.ts:2)', 'b: send on "c" wakes a, ends', "a: goes on"];
    expect(eventsOf(trace).map(({ who, kind, whom }) => [who, kind, whom])).to.deep.equal([
      ["a", "starts", "b"], ["a", "waits", undefined], ["b", "wakes", "a"], ["b", "ends", undefined],
    ]);
  });
});
