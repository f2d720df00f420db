/** The links of README and guides: each leads to a file that is there, and to a heading that is in it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { documents, root } from "./blocks.ts";

/** The anchors of a page, as GitHub and typedoc make them of its headings. */
function anchorsOf(text: string): string[] {
  return [...text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-"),
  );
}

/** The links within the package that lead nowhere. */
function broken(file: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : join(dirname(file), path);
    if (!existsSync(root + target)) return [link];
    return anchor === undefined || anchorsOf(path === "" ? text : readFileSync(root + target, "utf8")).includes(anchor) ? [] : [link];
  });
}

describe("the links of the documentation", () => {
  const pages = documents().filter((name) => name.endsWith(".md"));

  for (const page of pages) {
    it(`${page} links to pages and headings that are there`, () => {
      expect(broken(page, readFileSync(root + page, "utf8"))).to.deep.equal([]);
    });
  }

  it("PK-08 lead to headings without code, of which GitHub and typedoc make different anchors", () => {
    const headings = pages.flatMap((page) => readFileSync(root + page, "utf8").replaceAll(/^```[^]*?^```/gm, "").match(/^#+ .*$/gm) ?? []);
    expect(headings).to.have.length.above(100);
    expect(headings.filter((heading) => heading.includes("`"))).to.deep.equal([]);
  });

  it("are looked at: a page and a heading that are not there are found", () => {
    const text = "# One, two\n[a](laws.md) [b](#one-two) [c](nowhere.md) [d](laws.md#law-99) [e](#three) [f](https://example.org/#x)";
    expect(broken("docs/guides/closing.md", text)).to.deep.equal(["nowhere.md", "laws.md#law-99", "#three"]);
  });

  it("every guide and every page of an error can be reached from the README", () => {
    const reached = new Set(["README.md"]);
    for (const page of reached) {
      for (const [, link = ""] of readFileSync(root + page, "utf8").matchAll(/\]\(([^)#\s]+\.md)/g)) {
        const target = join(dirname(page), link);
        if (existsSync(root + target)) reached.add(target);
      }
    }
    expect([...reached]).to.include.members(pages);
  });
});
