/**
 * Counts lines of code, neither blank nor comment: of each folder and file of `src`, of the mechanism, and of files that are too long.
 * Run it with `npx tsx scripts/lines.ts`; with a folder of `src`, its files are listed too: `npx tsx scripts/lines.ts core task`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** What a value and a select pass through. */
const mechanism = ["wait-queue", "scheduler", "operation", "choice", "select", "perform"].map((name) => `core/${name}.ts`).concat("channel/channel.ts");
const longest = 300;

/** The lines on which there is a token. */
export function linesOfCode(text: string): number {
  const file = ts.createSourceFile("counted.ts", text, ts.ScriptTarget.Latest);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(file);
    children.forEach(visit);
    if (children.length > 0 || node.getWidth(file) === 0) return;
    const [first, last] = [node.getStart(file), node.getEnd()].map((position) => file.getLineAndCharacterOfPosition(position).line);
    for (let line = first ?? 0; line <= (last ?? 0); line++) lines.add(line); // a template may go over several
  };
  visit(file);
  return lines.size;
}

/** Every file of the source, relative to it, and its lines of code. */
export function count(): ReadonlyMap<string, number> {
  const names = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).sort();
  return new Map(names.map((name) => [name, linesOfCode(readFileSync(join(source, name), "utf8"))]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const lines = count();
  const sum = (names: string[]): number => names.reduce((all, name) => all + (lines.get(name) ?? 0), 0);
  const print = (what: string, number: number): void => { console.log(`${String(number).padStart(6)}  ${what}`); };
  const names = [...lines.keys()];
  const folders = new Set(names.map(dirname));
  for (const folder of [...folders].sort()) {
    const own = names.filter((name) => dirname(name) === folder);
    const below = names.filter((name) => name.startsWith(`${folder}/`));
    print(folder === "." ? "files of src itself" : `${folder}/${below.length > own.length ? `, and ${sum(below)} with what is below it` : ""}`, sum(own));
    if (folder === "." || wanted.some((one) => folder === one || folder.startsWith(`${one}/`))) for (const name of own) print(`  ${name}`, lines.get(name) ?? 0);
  }
  print("src", sum(names));
  print(`the mechanism: ${mechanism.join(", ")}`, sum(mechanism));
  const missing = mechanism.filter((name) => !existsSync(join(source, name)));
  if (missing.length > 0) console.log(`not there: ${missing.join(", ")}`);
  const long = names.filter((name) => (lines.get(name) ?? 0) > longest);
  console.log(`longer than ${longest} lines: ${long.map((name) => `${name} (${lines.get(name)})`).join(", ") || "none"}`);
}
