/** Each name in the list of what is not run on a runtime still names something: a renamed spec would run again where it cannot pass. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { all } from "../../scripts/runtimes/left-out.ts";
import { root } from "./blocks.ts";

describe("what is left out on a runtime", () => {
  const names = [...new Set(all.map(({ what }) => what))];
  const isExample = (what: string): boolean => what.startsWith("example ");
  const isBlock = (what: string): boolean => what.startsWith("block ");
  const blockIsThere = (what: string): boolean => {
    const [, file = "", heading = ""] = /^block (.*?\.md): (.*)$/.exec(what) ?? [];
    return existsSync(join(root, file)) && readFileSync(join(root, file), "utf8").includes(`# ${heading}\n`);
  };
  const isFile = (what: string): boolean => what.endsWith(".spec.ts");
  const programs = readFileSync(join(root, "scripts/runtimes/programs.ts"), "utf8");
  const isProgram = (what: string): boolean => programs.includes(JSON.stringify(what));

  it("examples and files of specs are there", () => {
    expect(names.filter((what) => isExample(what) && !existsSync(join(root, what.replace("example ", "examples/"))))).to.deep.equal([]);
    expect(names.filter((what) => isFile(what) && !existsSync(join(root, what)))).to.deep.equal([]);
    expect(names.filter((what) => isBlock(what) && !blockIsThere(what))).to.deep.equal([]);
  });

  it("every other name is a program, or composed of the titles of specs", () => {
    const titles = new Titles();
    expect(names.filter((what) => !isExample(what) && !isBlock(what) && !isFile(what) && !isProgram(what) && !titles.has(what))).to.deep.equal([]);
  });

  it("a title that no spec has is noticed", () => {
    const titles = new Titles();
    for (const what of ["calls CC-03 (z)", "N-78 connections over UDP sending and receiving N-18 (a)", "law 12: a program that nobody waits for"]) {
      expect(titles.has(what), what).to.equal(false);
    }
  });
});

/**
 * The texts in the files of specs, between which a template puts others. A full title joins them: those of suites and of the spec by spaces, those
 * of a template by a text that stands elsewhere, as in a table. Loading all specs would be exact, and takes ten times as long.
 */
class Titles {
  readonly #parts = new Set<string>();
  readonly #text: string;

  constructor() {
    const folder = join(root, "spec");
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || name.endsWith("left-out.spec.ts")) continue;
      const code = readFileSync(join(folder, name), "utf8").replace(/^ *(\/\*\*|\*|\/\/).*$/gm, "");
      for (const [, plain, template = ""] of code.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)) {
        for (const part of (plain ?? template).split(/\$\{[^}]*\}/)) if (/\w/.test(part)) this.#parts.add(part.replace(/\\(.)/g, "$1"));
      }
    }
    this.#text = `\n${[...this.#parts].join("\n")}\n`;
  }

  /** Whether a piece of a title stands in one text, or begins with the end of one, goes on with whole ones, and ends with the beginning of another. */
  has(piece: string): boolean {
    if (this.#text.includes(piece)) return true;
    const reached: number[] = [];
    for (const { index } of piece.matchAll(/(?<=.)(?<!\w(?=\w))/g)) {
      if (!this.#text.includes(`${piece.slice(0, index)}\n`) && !reached.some((from) => this.#parts.has(piece.slice(from, index)))) continue;
      reached.push(index);
      if (piece[index] === " ") reached.push(index + 1);
    }
    return reached.some((from) => this.#text.includes(`\n${piece.slice(from)}`));
  }
}
