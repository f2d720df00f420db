/** What the folders of the source promise: imports point down, in no circle, and the platform is met in few places. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import ts from "typescript";
import { groupsOf, readGraph } from "../scripts/imports.ts";

const root = fileURLToPath(new URL("../src/", import.meta.url));

/**
 * From the bottom up: a folder may import itself and what stands in the rows above this one's. Folders of one row do not know each other.
 * A folder stands for those in it that have no place of their own. `npx tsx scripts/imports.ts` prints what is imported in fact.
 */
const layers = [
  ["errors.ts"], ["platform"], ["support"], ["core"], ["channel"], ["ops"], ["time"],
  ["task/cancel"], ["task/report"], ["task"], ["task/scope"],
  ["talk", "flow"], ["sync"], ["index.ts", "debug.ts", "net", "nats"],
  ["testing/scheduler"], ["testing/strategies"], ["testing/explore", "testing/memory"], ["testing/broker"], ["testing"], ["node.ts"],
];

interface Import {
  /** Relative to src, or the name of a module. */
  to: string;
}

interface SourceFile {
  /** Relative to src. */
  name: string;
  imports: Import[];
  /** Every name that the code mentions: variables and properties; comments and strings do not count. */
  identifiers: Set<string>;
}

function read(name: string): SourceFile {
  const file = ts.createSourceFile(name, readFileSync(join(root, name), "utf8"), ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const identifiers = new Set<string>();
  const add = (specifier: ts.Node | undefined): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const { text } = specifier;
    imports.push({ to: text.startsWith(".") ? relative(root, resolve(root, dirname(name), text)) : text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) identifiers.add(node.text);
    if (ts.isStringLiteralLike(node) && ts.isElementAccessExpression(node.parent)) identifiers.add(node.text);
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier);
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === "getBuiltinModule") {
      const [module] = node.arguments;
      if (module !== undefined && ts.isStringLiteralLike(module)) imports.push({ to: `builtin ${module.text}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { name, imports, identifiers };
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map(read);

const partOf = (name: string): string => (name.includes("/") ? name.slice(0, name.indexOf("/")) : name);
/** What stands in the layers for a file: the innermost of its folders that does, or the file itself. */
function placeOf(name: string): string {
  for (let place = name; place !== "."; place = dirname(place)) if (layers.some((row) => row.includes(place))) return place;
  return name;
}
const layerOf = (name: string): number => layers.findIndex((row) => row.includes(placeOf(name)));

describe("the layers of the source", () => {
  it("have a place for every file", () => {
    expect(files).to.have.length.above(10);
    expect(files.filter(({ name }) => layerOf(name) < 0).map(({ name }) => name)).to.deep.equal([]);
  });

  it("are imported from above only, types included", () => {
    const wrong: string[] = [];
    for (const { name, imports } of files) {
      for (const { to } of imports) {
        if (!to.endsWith(".ts")) continue;
        const down = layerOf(to) < layerOf(name);
        const same = placeOf(to) === placeOf(name);
        if (layerOf(to) < 0 || (!down && !same)) wrong.push(`${name} imports ${to}`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it("have no circle of imports between files, types included", () => {
    const circles = groupsOf(readGraph()).filter((group) => group.length > 1).map((group) => group.sort().join(" "));
    expect(circles).to.deep.equal([]);
  });

  it("need nothing but the platform: no package, and node: modules in net, testing and the entry for Node alone", () => {
    const wrong = files.flatMap(({ name, imports }) =>
      imports
        .filter(({ to }) => !to.endsWith(".ts") && !to.startsWith("builtin "))
        .filter(({ to }) => !(to.startsWith("node:") && ["net", "testing", "node.ts"].includes(partOf(name))))
        .map(({ to }) => `${name} imports ${to}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("meet the timers of the platform in time/timer.ts and platform/macrotask.ts alone (testing holds the real ones)", () => {
    const timers = [
      "setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate",
      "queueMicrotask", "nextTick", "MessageChannel", "requestAnimationFrame", "requestIdleCallback", "postTask",
    ];
    const found = (names: string[]): string[] =>
      files
        .filter(({ name, identifiers }) => partOf(name) !== "testing" && names.some((timer) => identifiers.has(timer)))
        .map(({ name }) => name)
        .sort();
    expect(found(timers)).to.deep.equal(["platform/macrotask.ts", "time/timer.ts"]);
    expect(found(timers.filter((timer) => !timer.endsWith("Timeout")))).to.deep.equal(["platform/macrotask.ts"]);
  });

  it("PK-04 read the environment in platform/environment.ts alone, which never prompts for permission", () => {
    const reading = files.filter(({ identifiers }) => ["env", "getenv"].some((name) => identifiers.has(name)));
    expect(reading.map(({ name }) => name)).to.deep.equal(["platform/environment.ts"]);
  });

  it("never make an AbortSignal.timeout, which no fake clock moves", () => {
    const wrong = files.filter(({ identifiers }) => identifiers.has("AbortSignal") && identifiers.has("timeout"));
    const calling = wrong.filter(({ name }) => readFileSync(join(root, name), "utf8").includes("AbortSignal.timeout("));
    expect(calling.map(({ name }) => name)).to.deep.equal([]);
  });

  it("have an index without code of its own", () => {
    const index = ts.createSourceFile("index.ts", readFileSync(join(root, "index.ts"), "utf8"), ts.ScriptTarget.Latest);
    expect(index.statements.every((statement) => ts.isExportDeclaration(statement))).to.equal(true);
  });
});
