/**
 * The documentation holds: every code block of README, guides and docstrings runs, prints what it says, and has the right types.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { expect } from "chai";
import ts from "typescript";
import { allBlocks, blocksOf, documents, promisedBy, root, run, runAll, type Block, type Ran } from "./blocks.ts";

describe("the code blocks of the documentation", function () {
  // They run in processes of their own. The limit is against one that hangs.
  this.timeout(60_000);

  const blocks = allBlocks();
  let results: Promise<Ran>[] = [];
  before(() => {
    results = runAll(blocks, Math.max(2, availableParallelism()));
    for (const result of results) result.catch(() => undefined); // looked at by the spec of the block
  });

  for (const [index, block] of blocks.entries()) {
    it(`${block.file}:${block.line} prints what it says`, async () => {
      const { lines, errors } = (await results[index]) ?? { lines: [], errors: "was not run" };
      expect(errors).to.equal("");
      expect(lines).to.deep.equal(promisedBy(block.code));
    });
  }

  after(async () => {
    const ran = (await Promise.allSettled(results)).flatMap((result, index) => (result.status === "fulfilled" ? [blocks[index]?.file ?? ""] : []));
    console.log(`\n  ${ran.length} programs of the documentation ran, ${ran.filter((file) => file.startsWith("docs/recipes/")).length} of them recipes`);
  });

  it("have the right types, under the strictest settings", () => {
    expect(diagnosticsOf(blocks)).to.deep.equal([]);
  });

  it("are found by the dozen, and every @example has one", () => {
    expect(blocks.length).to.be.above(25);
    for (const file of documents().filter((name) => name.endsWith(".ts"))) {
      const text = readFileSync(root + file, "utf8");
      const examples = text.split("@example").length - 1;
      expect(blocksOf(file, text).length, file).to.be.at.least(examples);
    }
  });
});

describe("the check of the code blocks", function () {
  this.timeout(60_000);

  const block = (...lines: string[]): Block => ({ file: "made.md", line: 1, code: lines.join("\n") });

  it("finds the blocks of a text, and where they begin", () => {
    const text = ["text", "```ts", "one();", "```", "```go", "two()", "```", "```ts", "three();", "```"].join("\n");
    expect(blocksOf("made.md", text)).to.deep.equal([
      { file: "made.md", line: 3, code: "one();\n" },
      { file: "made.md", line: 9, code: "three();\n" },
    ]);
    const source = ["/**", " * @example", " * ```ts", " * one();", " *   two();", " * ```", " */"].join("\n");
    expect(blocksOf("made.ts", source)).to.deep.equal([{ file: "made.ts", line: 4, code: "one();\n  two();\n" }]);
  });

  it("reads promises behind and below a console.log and at the end, and takes other comments for prose", () => {
    const code = [
      "// prose",
      'console.log("http://host", 1); // http://host 1',
      "go(body); // prose",
      "console.log(2);",
      "// 2",
      "const three = 3;",
      "// prose",
      "for (const n of [3, 4]) {",
      "  console.log(n);",
      "}",
      "// 3",
      "// 4",
    ];
    expect(promisedBy(code.join("\n"))).to.deep.equal(["http://host 1", "2", "3", "4"]);
  });

  it("sees another output, a failure and a wrong type", async () => {
    const results = await run([
      block("setTimeout(() => { console.log('late'); }, 10);"),
      block("throw new Error('thrown');"),
      block("await new Promise(() => undefined);"),
      block("void Promise.reject(new Error('unhandled'));"),
      block('import { chan } from "rendezvous";', "console.log(chan(3).capacity);"),
      block("process.exit();"),
      block("console.log('never');"),
    ]);
    expect(results.map(({ lines }) => lines)).to.deep.equal([["late"], [], [], [], ["3"], [], []]);
    const errors = ["", "Error: thrown", "waits for something", "Error: unhandled", "", "the process ended", "the process ended"];
    for (const [index, text] of errors.entries()) expect(results[index]?.errors).to.match(text === "" ? /^$/ : new RegExp(text));
    expect(diagnosticsOf([block('import { chan } from "rendezvous";', "const text: string = chan(1).capacity;")])).to.deep.equal([
      "made.md:2 Type 'number' is not assignable to type 'string'.",
    ]);
  });
});

/** What the compiler has against the blocks, each as a module of its own beside the sources. */
function diagnosticsOf(blocks: readonly Block[]): string[] {
  const file = `${root}tsconfig.spec.json`;
  const { config } = ts.readConfigFile(file, (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const settings: ts.CompilerOptions = { ...options, noUnusedLocals: false, noUnusedParameters: false };
  const modules = new Map(blocks.map((block, index) => [`${root}block-${index}.ts`, block]));
  const host = ts.createCompilerHost(settings);
  const textOf = (path: string): string | undefined => {
    const block = modules.get(path);
    return block === undefined ? undefined : `${block.code}\nexport {};\n`;
  };
  const files = { ...host };
  host.fileExists = (path) => modules.has(path) || files.fileExists(path);
  host.readFile = (path) => textOf(path) ?? files.readFile(path);
  const program = ts.createProgram([...modules.keys()], settings, host);
  return ts.getPreEmitDiagnostics(program).map(({ file: module, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, "\n");
    const block = module === undefined ? undefined : modules.get(module.fileName);
    if (module === undefined || block === undefined) return message;
    return `${block.file}:${block.line + module.getLineAndCharacterOfPosition(start ?? 0).line} ${message}`;
  });
}
