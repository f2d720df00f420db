/**
 * The numbered invariants at the top of the source's files, and the specs that name them: `channel.ts 3`. `npx tsx scripts/invariants.ts` prints
 * those that no title names; with folders of src, of these alone.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../", import.meta.url));
const files = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).sort();
const sources = files("src");

export interface Invariant {
  /** `channel.ts 3`; `net/ending.ts 1` where another file has the same name. */
  name: string;
  /** Below src: `core`, `task/scope`. */
  folder: string;
}

const nameOf = (file: string): string => sources.filter((one) => basename(one) === basename(file)).length === 1 ? basename(file) : `${basename(dirname(file))}/${basename(file)}`;

/** They stand in the comment at the top of a file. */
export const invariants: readonly Invariant[] = sources.flatMap((file) => {
  const [comment = ""] = /^\/\*\*.*?\*\//s.exec(readFileSync(join(root, "src", file), "utf8")) ?? [];
  return [...comment.matchAll(/^ \* (\d+)\. /gm)].map(([, number = ""]) => ({ name: `${nameOf(file)} ${number}`, folder: dirname(file) }));
});

/** What titles of specs name, and the files in which they do. */
export const namedInSpecs: ReadonlyMap<string, readonly string[]> = readSpecs();

function readSpecs(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of files("spec")) {
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
        for (const [one] of node.text.matchAll(/(?:[\w-]+\/)?[\w-]+\.ts \d+\b/g)) found.set(one, [...new Set([...(found.get(one) ?? []), name])]);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(name, readFileSync(join(root, "spec", name), "utf8"), ts.ScriptTarget.Latest));
  }
  return found;
}

/** The invariants that no spec names. */
export function withoutSpec(): Invariant[] {
  return invariants.filter(({ name }) => !namedInSpecs.has(name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const missing = withoutSpec().filter(({ folder }) => wanted.length === 0 || wanted.some((one) => folder === one || folder.startsWith(`${one}/`)));
  for (const { name, folder } of missing) console.log(`${folder}: ${name}`);
  console.log(`${String(invariants.length - withoutSpec().length)} of ${String(invariants.length)} invariants are named by a spec`);
}
