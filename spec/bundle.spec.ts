/** The bundle: what is done to it after esbuild, which turns constants into variables. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { flushLeft, withConstants } from "../scripts/bundle.ts";

describe("the bundle for Node, Bun and Deno", () => {
  it("PK-10 what is set once is a constant, and is exported under a second name", () => {
    const text = ["var once = 1;", "function f() {}", "var { taken } = {};", "var later;", "var counted = 0;", "var more = 1, most = 2;", "var swapped = 3;", "export { later, f, once as first, more };"];
    const setters = ["later ??= 2;", "counted++;", "[swapped] = [4];", "once.name = 5;", "for (most of []) ;"];
    expect(withConstants([...text.slice(0, -1), ...setters, text.at(-1)].join("\n")).split("\n")).to.eql([
      "const once = 1;", ...text.slice(1, -1), ...setters, "const f$=f,once$=once;", "export {later,f$ as f,once$ as first,more};",
    ]);
  });

  it("PK-10 the comments of members and the indentation are gone, but not those of texts", () => {
    expect(flushLeft("class A {\n  /**\n   * Says.\n   */\n  a() {\n    return `\n  /* kept */\n`;\n  }\n}\n")).to.equal("class A {\na() {\nreturn `\n  /* kept */\n`;\n}\n}\n");
  });

  it("PK-10 its entry exports what the core has as constants", () => {
    const entry = readFileSync(fileURLToPath(new URL("../dist/bundle/node.js", import.meta.url)), "utf8");
    const [, core = ""] = /from "\.\/(shared-\w+\.js)"/.exec(entry) ?? [];
    const shared = readFileSync(fileURLToPath(new URL(`../dist/bundle/${core}`, import.meta.url)), "utf8");
    expect(shared).to.match(/^const nothing = /m).and.match(/\bnothing\$ as nothing\b/);
  });
});
