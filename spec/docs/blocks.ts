/**
 * The code blocks of the documentation: finds them, runs them, and reads the output that they announce.
 *
 * 1. A block is a program of its own: a module that runs to its end, against the built package, by the package's name.
 * 2. What it promises to print is written in it, in order: the comment behind a `console.log` on the same line, and the
 *    comment lines right below one, or at the end of the block. Any other comment is prose.
 * 3. Blocks marked `ts` count; those in other languages are for reading.
 *
 * Idea: Go's `Example` functions, Kotlin's Knit.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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

/** What a block's program did. */
export interface Ran {
  lines: string[];
  /** What it threw, left unhandled, or printed as an error; empty when all went well. */
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

/** How many blocks share a process, one after the other. */
const perProcess = 20;

/** How a runtime runs a file. */
type Command = (file: string, ...args: string[]) => [program: string, args: string[]];

/**
 * Run blocks to their ends, in a process of their own, each beginning when the one before has left nothing to wait for: of this Node, or of another runtime.
 */
export function run(blocks: readonly Block[], commandFor: Command = (file, ...args) => [process.execPath, [file, ...args]]): Promise<Ran[]> {
  // Inside the package, so that its own name leads to it.
  mkdirSync(`${root}docs-out`, { recursive: true });
  const folder = mkdtempSync(`${root}docs-out/blocks-`);
  const files = blocks.map(({ code }, index) => {
    const file = `${folder}/${index}.mjs`;
    writeFileSync(file, transformSync(code, { loader: "ts", format: "esm", target: "es2022" }).code);
    return file;
  });
  writeFileSync(`${folder}/run.mjs`, runner);
  const [program, args] = commandFor(`${folder}/run.mjs`, ...files);
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" }, timeout: 300_000 });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on("data", (chunk: Buffer) => { errors += chunk.toString(); });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      rmSync(folder, { recursive: true });
      const results = output.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Ran);
      // A block that ends the process takes those after it along.
      const missing: Ran = { lines: [], errors: `the process ended before the end of the block\n${errors}` };
      resolve(blocks.map((_, index) => results[index] ?? missing));
    });
  });
}

/** What the process runs: its arguments are modules; it prints a result for each, as a line of JSON. */
const runner = `
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { formatWithOptions } from "node:util";

const files = process.argv.slice(2);
const turn = setImmediate;
let ran;
const failed = (error) => { ran.errors += formatWithOptions({}, error) + "\\n"; };
process.on("uncaughtException", failed); // unhandled rejections too
console.log = (...values) => { ran.lines.push(...formatWithOptions({}, ...values).split("\\n").map((line) => line.trimEnd())); };
console.error = console.warn = (...values) => { failed(formatWithOptions({}, ...values)); };

function next() {
  if (ran?.ended === false) ran.errors += "it waits for something that never comes\\n";
  if (ran !== undefined) writeSync(1, JSON.stringify(ran) + "\\n");
  const file = files.shift();
  if (file === undefined) return process.exit();
  ran = { lines: [], errors: "", ended: false };
  turn(() => undefined); // Node 26 imports without the event loop, and would end here
  import(pathToFileURL(file).href).catch(failed).then(() => { ran.ended = true; });
}
process.on("beforeExit", next); // whenever the event loop has nothing left to wait for
`;

/** Run them all, so many processes at a time; each result as soon as it is there. */
export function runAll(blocks: readonly Block[], atOnce: number): Promise<Ran>[] {
  const results: Promise<Ran>[] = [];
  const lanes = Array.from({ length: atOnce }, () => Promise.resolve<unknown>(undefined));
  for (let begin = 0; begin < blocks.length; begin += perProcess) {
    const portion = blocks.slice(begin, begin + perProcess);
    const lane = (begin / perProcess) % atOnce;
    const ran = (lanes[lane] ?? Promise.resolve()).then(() => run(portion));
    lanes[lane] = ran.catch(() => undefined);
    portion.forEach((_, index) => results.push(ran.then((all) => all[index] as Ran)));
  }
  return results;
}
