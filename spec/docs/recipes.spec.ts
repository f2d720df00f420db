/** The recipes can be found: each has a heading with the words that people look for, one block, and a place in the list of all. */
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { blocksOf, root } from "./blocks.ts";

interface Recipe {
  page: string;
  heading: string;
  text: string;
}

const pages = readdirSync(`${root}docs/recipes`).map((name) => `docs/recipes/${name}`);
const recipes = pages.flatMap((page): Recipe[] =>
  readFileSync(root + page, "utf8").split(/^## /m).slice(1).map((part) => {
    const [heading = "", ...rest] = part.split("\n");
    return { page, heading, text: rest.join("\n") };
  }));

describe("the recipes", () => {
  it("are sixty at least", () => {
    expect(recipes).to.have.length.of.at.least(60);
  });

  for (const { page, heading, text } of recipes) {
    it(`${page}: "${heading}" has one short program`, () => {
      const blocks = blocksOf(page, text);
      expect(blocks).to.have.length(1);
      expect(blocks[0]?.code.trimEnd().split("\n")).to.have.length.within(4, 30);
      expect(blocks[0]?.code, "prints what it does").to.include("console.log(");
    });
  }

  it("stand beside pages for those who come from elsewhere, each with five programs", () => {
    for (const name of ["go", "asyncio", "promises", "rxjs"]) {
      const page = `docs/coming-from/${name}.md`;
      expect(blocksOf(page, readFileSync(root + page, "utf8")), page).to.have.length.of.at.least(5);
    }
  });

  it("are in the list of all, in the order of their pages", () => {
    const listed = [...readFileSync(`${root}docs/guides/recipes.md`, "utf8").matchAll(/^\* \[(.*)\]\(\.\.\/recipes\/(.*\.md)#/gm)];
    for (const page of pages) {
      const headings = listed.filter(([, , name]) => page.endsWith(`/${name ?? ""}`)).map(([, heading]) => heading);
      expect(headings, page).to.deep.equal(recipes.filter((recipe) => recipe.page === page).map(({ heading }) => heading));
    }
  });

  // What Go by Example, asyncio, trio, RxJS and npm call it, and what has no function of its own in this library.
  const words = [
    "mutex", "semaphore", "worker", "goroutine", "asyncio", "Ctrl-C", "stream", "retry", "debounce", "throttle", "timeout", "ticker", "select",
    "WaitGroup", "nursery", "cancel scope", "move_on_after", "p-limit", "p-map", "p-queue", "p-retry", "p-timeout", "p-debounce", "p-throttle",
    "p-event", "rate limit", "backoff", "pool", "thread", "subprocess", "shield", "gather", "barrier", "latch", "condition", "event", "once",
    "read-write lock", "each key", "pause", "topic", "hedged", "batch loader", "scan", "distinct", "pairwise", "concat", "startWith", "tap", "gzip",
    "stdin", "fs.watch", "fetch", "server-sent", "WebSocket", "MessagePort", "RxJS", "graceful shutdown", "cache", "virtual time", "deadlock",
    "race condition", "fan-in", "fan-out", "pipeline", "priority", "zip", "line by line", "atomic counter", "stateful goroutine", "connection pool",
  ];
  for (const word of words) {
    it(`are found by "${word}"`, () => {
      const found = recipes.filter(({ heading }) => heading.toLowerCase().includes(word.toLowerCase()));
      expect(found).to.have.length.of.at.least(1);
    });
  }
});
