/**
 * The conformance lists, and the specs that carry their ids. `npx tsx scripts/lists.ts` prints, for each list, how many of its ids have a
 * spec, and which have none; with names of lists, of these alone.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const spec = fileURLToPath(new URL("../spec/", import.meta.url));
const files = readdirSync(spec, { recursive: true, encoding: "utf8" }).sort();

/** `RZ-02`, `FT01`; a letter behind it, as in `RZ-02b`, tells the specs of one id apart. */
const id = "(?:[A-Z]{1,2}-\\d{2,3}|FT\\d{2})";

export interface List {
  name: string;
  /** In the order of the file. */
  ids: readonly string[];
}

/** Entries are rows of a table, `| S-01 | ...`, or items, `* **RZ-01** ...`. */
export const lists: readonly List[] = files
  .filter((name) => /^(.*\/)?(\w+)\/\2\.md$/.test(name))
  .map((name) => {
    const text = readFileSync(join(spec, name), "utf8");
    return { name: basename(name, ".md"), ids: [...text.matchAll(new RegExp(`^(?:\\| |\\* )\\**(${id})\\b`, "gm"))].map(([, found = ""]) => found) };
  });

/** The ids at the beginning of a title, with more behind them: `RT-07 RT-01 all of it`, `S-71, GO-02 (a): main`; not "P-256". */
function idsOf(title: string): string[] {
  const [start = ""] = new RegExp(`^(?:${id}[a-z]?[\\s,:;/]+)+`).exec(title) ?? [];
  return [...start.matchAll(new RegExp(id, "g"))].map(([found]) => found);
}

/** Each id that a text in the specs begins with, and the files in which it does. */
export const idsInSpecs: ReadonlyMap<string, readonly string[]> = readSpecs();

function readSpecs(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of files.filter((file) => file.endsWith(".ts"))) {
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) {
        for (const one of idsOf(node.text)) found.set(one, [...new Set([...(found.get(one) ?? []), name])]);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(name, readFileSync(join(spec, name), "utf8"), ts.ScriptTarget.Latest));
  }
  return found;
}

/** The ids of a list that no spec carries. */
export function withoutSpec({ ids }: List): string[] {
  return ids.filter((one) => !idsInSpecs.has(one));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  for (const list of lists) {
    if (wanted.length > 0 && !wanted.includes(list.name)) continue;
    const missing = withoutSpec(list);
    console.log(`${list.name}: ${list.ids.length - missing.length} of ${list.ids.length} ids have a spec${missing.length > 0 ? `; none yet: ${missing.join(" ")}` : ""}`);
  }
}
