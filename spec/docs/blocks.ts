/**
 * The code blocks of the documentation: found, run, and asked what they say they print.
 *
 * 1. A block is a program of its own: it runs in a process of its own, against the built package, by the package's name.
 * 2. What it promises to print is written in it, in order: the comment behind a `console.log` on the same line, and the
 *    comment lines right below one, or at the end of the block. Any other comment is prose.
 * 3. Blocks marked `ts` count; those in other languages are for reading.
 *
 * Idea: Go's `Example` functions, Kotlin's Knit.
 */
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

/** Where the package is, with a slash at its end. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** A code block, and where it stands. */
export interface Block {
  /** Its file, from the root of the package. */
  file: string;
  /** The line of its first line of code, from 1. */
  line: number;
  code: string;
}

/** How a block's program ended. */
export interface Ran {
  code: number | null;
  lines: string[];
  errors: string;
}

/** Every file below a folder whose name ends so. */
function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(root + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, `${entry.parentPath}/${entry.name}`))
    .sort();
}

/** The files whose blocks are run: README, guides, and every docstring. */
export const documents = (): string[] => ["README.md", ...filesBelow("docs", ".md"), ...filesBelow("src", ".ts")];

/** The `ts` blocks of a text; in source files those of its docstrings. */
export function blocksOf(file: string, text: string): Block[] {
  const margin = file.endsWith(".ts") ? /^ *\* ?/ : /^/;
  const blocks: Block[] = [];
  let block: Block | undefined;
  for (const [index, whole] of text.split("\n").entries()) {
    if (file.endsWith(".ts") && !margin.test(whole)) continue;
    const line = whole.replace(margin, "");
    if (block === undefined) {
      if (/^```ts\b/.test(line)) block = { file, line: index + 2, code: "" };
    } else if (line.startsWith("```")) {
      blocks.push(block);
      block = undefined;
    } else block.code += `${line}\n`;
  }
  if (block !== undefined) throw new Error(`${file}:${block.line} opens a block that does not end`);
  return blocks;
}

/** All blocks of the documentation. */
export const allBlocks = (): Block[] => documents().flatMap((file) => blocksOf(file, readFileSync(root + file, "utf8")));

/** The lines that a block says it prints. */
export function promisedBy(code: string): string[] {
  const lines = code.trimEnd().split("\n");
  const isComment = (line: string | undefined): boolean => line?.trimStart().startsWith("//") === true;
  let endOfCode = lines.length;
  while (isComment(lines[endOfCode - 1])) endOfCode--;
  const promises: string[] = [];
  let below = false;
  for (const [index, line] of lines.entries()) {
    if (isComment(line)) {
      if (below || index >= endOfCode) promises.push(line.trimStart().replace(/^\/\/ ?/, ""));
      continue;
    }
    below = line.includes("console.log(");
    const behind = below ? /[;,}] \/\/ (.*)$/.exec(line)?.[1] : undefined;
    if (behind !== undefined) promises.push(behind);
  }
  return promises;
}

/** Run a block to its end. */
export function run({ code }: Block): Promise<Ran> {
  const program = transformSync(code, { loader: "ts", format: "esm", target: "es2022" }).code;
  const child = spawn(process.execPath, ["--input-type=module", "-"], { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on("data", (chunk: Buffer) => { errors += chunk.toString(); });
  child.stdin.end(program);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit) => {
      const text = output.trimEnd();
      resolve({ code: exit, lines: text === "" ? [] : text.split("\n").map((line) => line.trimEnd()), errors });
    });
  });
}

/** Run them all, so many at a time; each result as soon as it is there. */
export function runAll(blocks: readonly Block[], atOnce: number): Promise<Ran>[] {
  const results: Promise<Ran>[] = [];
  const lanes = Array.from({ length: atOnce }, () => Promise.resolve<unknown>(undefined));
  for (const [index, block] of blocks.entries()) {
    const lane = index % atOnce;
    const result = (lanes[lane] ?? Promise.resolve()).then(() => run(block));
    lanes[lane] = result.catch(() => undefined);
    results.push(result);
  }
  return results;
}
