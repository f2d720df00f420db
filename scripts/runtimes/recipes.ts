/**
 * The recipes, tutorial, guides and README on other runtimes: every `ts` block of the pages prints what it promises; a process for
 * each page.
 *
 * Alone: `npx tsx scripts/runtimes/recipes.ts "Node 26" Bun Deno`.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { allBlocks, promisedBy, run, type Block, type Ran } from "../../spec/docs/blocks.ts";
import { whyNot } from "./left-out.ts";
import type { Row } from "./row.ts";
import { command, fetchRuntimes, type Runtime } from "./runtime.ts";

/** The blocks of all pages; docstrings are run by this Node. */
const pages = (): Block[] => allBlocks().filter(({ file }) => file.endsWith(".md"));

/** The last heading above a block, by which it is called. */
function headingOf({ file, line }: Block): string {
  const above = readFileSync(file, "utf8").split("\n").slice(0, line);
  return `${file}: ${above.findLast((one) => /^#+ /.test(one))?.replace(/^#+ /, "") ?? ""}`;
}

/** Each platform shows objects in a way of its own, with quotes of its own. */
const alike = (lines: readonly string[]): string => lines.join("\n").replaceAll('"', "'");

/** A row; a failure names the blocks. */
export async function recipes(runtime: Runtime): Promise<Row> {
  const blocks = pages().filter((block) => whyNot(runtime.name, `block ${headingOf(block)}`) === undefined);
  const results: Ran[] = [];
  for (const file of new Set(blocks.map((block) => block.file))) {
    // Modules of JavaScript need no loader.
    results.push(...await run(blocks.filter((block) => block.file === file), (...program) => (runtime.kind === "node" ? [runtime.program, program] : command(runtime, ...program))));
  }
  const failures = blocks.flatMap((block, index) => {
    const { lines, errors } = results[index] ?? { lines: [], errors: "it was not run" };
    const promised = promisedBy(block.code);
    if (errors === "" && alike(lines) === alike(promised)) return [];
    return [`${block.file}:${String(block.line)} (${headingOf(block)}) prints\n${lines.join("\n")}\nand not\n${promised.join("\n")}\n${errors}`];
  });
  const row = { what: "the programs of README, guides, recipes and tutorial", where: runtime.name, passed: blocks.length - failures.length };
  return failures.length === 0 ? { ...row, outcome: "passed" } : { ...row, outcome: "failed", failed: failures.length, detail: failures.join("\n") };
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "recipes.ts") {
  const asked = process.argv.slice(2);
  const found = (await fetchRuntimes()).filter((one): one is Runtime => "program" in one && asked.some((start) => one.name.startsWith(start)));
  for (const runtime of found) {
    const began = performance.now();
    const { where, outcome, passed, failed, detail } = await recipes(runtime);
    console.log(`${where}: ${outcome}, ${String(passed)} passed, ${String(failed ?? 0)} failed, ${((performance.now() - began) / 1000).toFixed(1)} s${detail === undefined ? "" : `\n${detail}`}`);
    if (outcome !== "passed") process.exitCode = 1;
  }
}
