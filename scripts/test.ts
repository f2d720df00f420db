/**
 * The gate: `npm test`. Builds, then lints, checks the types of src, spec and examples and the documentation side by side, then runs every spec;
 * the examples and the code blocks of the documentation are run by specs too.
 *
 * Steps are quiet unless they fail. The last line is `N passed, N failed`: specs, plus one failure for each other step that failed.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

interface Outcome {
  code: number;
  output: string;
}

/** Run the command-line program of a package on this very Node. */
function start(name: string, program: string, options: readonly string[], live = false): Promise<Outcome> {
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  const child = spawn(process.execPath, [join(folder, program), ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
    if (live) process.stdout.write(chunk);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve) => {
    child.on("error", (error) => { resolve({ code: 1, output: String(error) }); });
    child.on("close", (code) => { resolve({ code: code ?? 1, output }); });
  });
}

let passed = 0;
let failed = 0;

function report(step: string, started: number, { code, output }: Outcome): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${step}: ${code === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  if (code === 0) return;
  failed++;
  console.log(output);
}

async function step(name: string, running: Promise<Outcome>): Promise<void> {
  const started = performance.now();
  report(name, started, await running);
}

await step("build", start("typescript", "bin/tsc", []));
await Promise.all([
  step("lint", start("eslint", "bin/eslint.js", [".", "--max-warnings=0"])),
  step("types", start("typescript", "bin/tsc", ["-p", "tsconfig.spec.json"])),
  step("docs", start("typedoc", "bin/typedoc", ["--emit", "none"])),
]);

const specs = await start("mocha", "bin/mocha.js", ["--forbid-only", "--no-color", "--reporter=dot", "spec/**/*.spec.ts"], true);
const count = (word: string): number => Number(new RegExp(`^ +(\\d+) ${word}\\b`, "m").exec(specs.output)?.[1] ?? 0);
passed += count("passing");
failed += count("failing");
if (count("pending") > 0) console.log(`${count("pending")} pending: skipped specs prove nothing`);
if (specs.code !== 0 && count("failing") === 0) {
  failed++;
  console.log(`the run of the specs ended with ${specs.code} and no failing spec`);
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
