/**
 * One declaration file for each module that users import, which declares only what they may use.
 *
 * 1. What two modules share is declared once, and imported by the others: a `Channel` of `rendezvous/net` is the `Channel` of `rendezvous`, which it
 *    would not be if it were declared twice, since private members make classes differ.
 * 2. A module declares what lies in its own folder, and imports the rest from the module above it; so whatever it needs from there is public.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { rollup, type Plugin } from "rollup";
import { dts } from "rollup-plugin-dts";
import { entries } from "./entries.ts";
import type { Files } from "./place.ts";

/** The comment about a file as a whole. */
const ofTheFile = /^\/\*\*[^]*?\*\/\n(?=\n|import|\/\*\*)/;

const isEntry = (name: string): boolean => entries.some(({ types }) => types === name);

/** The declaration files of all modules, as the compiler has made them, become one for each entry. */
export async function declarations(compiled: Files): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), "declarations-"));
  try {
    for (const [name, text] of compiled) {
      if (!name.endsWith(".d.ts")) continue;
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), isEntry(name) ? text : text.replace(ofTheFile, ""));
    }
    const rolled = entries.map(async ({ types }) => [types, await roll(folder, types)] as const);
    return new Map(await Promise.all(rolled));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function roll(folder: string, entry: string): Promise<string> {
  const bundle = await rollup({
    input: join(folder, entry),
    plugins: [othersAreImported(folder, entry), dts()],
    external: /^node:/,
    onwarn: ({ code, message }) => {
      if (code !== "EMPTY_BUNDLE") throw new Error(message); // of a module that is imported for what it does
    },
  });
  const [{ code }] = (await bundle.generate({ format: "es" })).output;
  await bundle.close();
  // What the compiler finds for itself only if a program's own options name it.
  const needed = ['lib="esnext.disposable"', ...(/\bfrom ['"]node:|import\(['"]node:/.test(code) ? ['types="node"'] : [])];
  return needed.map((what) => `/// <reference ${what} />\n`).join("") + code;
}

/** What belongs to another entry is imported from there. */
function othersAreImported(folder: string, entry: string): Plugin {
  return {
    name: "others-are-imported",
    resolveId(source, importer) {
      if (importer === undefined || !source.startsWith(".")) return null;
      const owner = ownerOf(relative(folder, resolve(dirname(importer), source)).replaceAll(sep, "/"));
      if (owner === entry) return null;
      const path = relative(dirname(entry), owner).replaceAll(sep, "/").replace(/\.d\.ts$/, ".js");
      return { id: path.startsWith(".") ? path : `./${path}`, external: true };
    },
  };
}

/** The entry to which a module belongs: the one that lies in its folder or, if there is none, in the next one above it. */
function ownerOf(module: string): string {
  const owners = entries.map(({ types }) => types).filter((types) => types.endsWith("index.d.ts"));
  const folderOf = (types: string): string => (types.includes("/") ? types.slice(0, types.lastIndexOf("/") + 1) : "");
  const [nearest = ""] = owners.filter((types) => module.startsWith(folderOf(types))).sort((a, b) => b.length - a.length);
  return nearest;
}
