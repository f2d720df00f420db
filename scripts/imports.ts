/**
 * Prints the layers of the source, from the bottom up, and its circles of imports; imports of types count. Run it with `npx tsx scripts/imports.ts`, or
 * with a folder of `src` to see the files of that one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../src/", import.meta.url));

/** The files that a file imports, types included. */
function importsOf(name: string): string[] {
  return ts.preProcessFile(readFileSync(join(root, name), "utf8")).importedFiles
    .filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => relative(root, resolve(root, dirname(name), fileName)));
}

/** Strongly connected groups, those that are imported first (Tarjan). */
export function groupsOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const groups: string[][] = [];
  const number = new Map<string, number>();
  const open: string[] = [];
  const visit = (node: string): number => {
    let lowest = number.size;
    number.set(node, lowest);
    open.push(node);
    const own = lowest;
    for (const next of graph.get(node) ?? []) {
      if (!number.has(next)) lowest = Math.min(lowest, visit(next));
      else if (open.includes(next)) lowest = Math.min(lowest, number.get(next) ?? lowest);
    }
    if (lowest === own) groups.push(open.splice(open.indexOf(node)));
    return lowest;
  };
  for (const node of graph.keys()) if (!number.has(node)) visit(node);
  return groups;
}

/** What stands on how many layers of others. */
function layersOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const height = new Map<string, number>();
  const layers: string[][] = [];
  for (const group of groupsOf(graph)) {
    const below = group.flatMap((node) => [...graph.get(node) ?? []]).filter((node) => !group.includes(node));
    const own = Math.max(0, ...below.map((node) => (height.get(node) ?? 0) + 1));
    for (const node of group) height.set(node, own);
    (layers[own] ??= []).push(...group);
  }
  return layers;
}

/** The imports between files, and those between what `partOf` makes of them. */
export function readGraph(partOf: (file: string) => string | undefined = (file) => file): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).sort()) {
    const part = partOf(file);
    if (part === undefined) continue;
    const imported = graph.get(part) ?? graph.set(part, new Set()).get(part);
    for (const to of importsOf(file).map(partOf)) if (to !== undefined && to !== part) imported?.add(to);
  }
  return graph;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  const shown = readGraph(folder === undefined
    ? (file): string => (file.includes("/") ? dirname(file) : file)
    : (file): string | undefined => (file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : undefined));
  layersOf(shown).forEach((layer, n) => { console.log(`${String(n + 1).padStart(2)}  ${layer.sort().join("  ")}`); });
  const circles = groupsOf(readGraph()).filter((group) => group.length > 1);
  console.log(circles.length === 0 ? "No circle between files." : `Circles between files:\n${circles.map((group) => `  ${group.sort().join("  ")}`).join("\n")}`);
}
