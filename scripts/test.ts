/**
 * The gate: `npm test`. Builds, then does two things side by side: runs one half of the specs; and the other half, before it checks lint,
 * types, the reports of the public API, and documentation. The examples and the code blocks of the documentation are run by specs too.
 *
 * A check is quiet unless it fails. The last line is `N passed, N failed`: specs, plus a failure for each other step that failed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { allBlocks } from "../spec/docs/blocks.ts";

/** How long each step may take. */
const secondsAtMost = 270;

interface Outcome {
  code: number;
  output: string;
  seconds: string;
  /** The spec that ran last. */
  last?: string;
}

interface How {
  /** Options of Node's own. */
  node?: readonly string[];
  /** Show its output at once. */
  live?: boolean;
  env?: Readonly<Record<string, string>>;
}

/** Run the command-line program of a package on this very Node, to its end. */
function run(name: string, program: string, options: readonly string[], { node = [], live = false, env = {} }: How = {}): Promise<Outcome> {
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  const started = performance.now();
  const child = spawn(process.execPath, [...node, join(folder, program), ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    timeout: secondsAtMost * 1000,
    killSignal: "SIGKILL", // whoever spins hears no other
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
    if (live) process.stdout.write(chunk);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve) => {
    const end = (code: number): void => {
      resolve({ code, output, seconds: ((performance.now() - started) / 1000).toFixed(0) });
    };
    child.on("error", (error) => {
      output += String(error);
      end(1);
    });
    child.on("close", (code, signal) => {
      if (signal) output += `\n${program} did not come to its end: ${signal}\n`;
      end(code ?? 1);
    });
  });
}

let failed = 0;

function report(step: string, { code, output, seconds }: Outcome): void {
  console.log(`${step}: ${code === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  if (code === 0) return;
  failed++;
  console.log(output);
}

interface Manifest {
  bin: string | Readonly<Record<string, string>>;
  scripts: Readonly<Record<string, string>>;
}

/** Run a script of package.json, as `npm run` does: what the gate checks is what people type. */
function script(name: string): Promise<Outcome> {
  const require = createRequire(import.meta.url);
  const [program = "", ...options] = (require("../package.json") as Manifest).scripts[name]?.split(" ") ?? [];
  const of = program === "tsc" ? "typescript" : program;
  const { bin } = require(`${of}/package.json`) as Manifest;
  return run(of, typeof bin === "string" ? bin : bin[program] ?? "", options);
}

report("build", await script("build"));

async function check(): Promise<Record<string, Outcome>> {
  return { lint: await script("lint"), types: await script("types"), "the public API": await script("api:check"), docs: await script("docs") };
}

/**
 * Run the specs of these files, by the options of `.mocharc.json` but for its list of files, to which mocha would only add. With more room
 * for young objects, since a hundred thousand that wait are copied at each collection: 23 s instead of 31 for the largest specs of channels.
 */
async function specs(...files: string[]): Promise<Outcome> {
  const node = ["--import=./scripts/typescript.js", "--expose-gc", "--max-semi-space-size=128"];
  const options = ["--no-config", "--require=./spec/support/present.ts", "--timeout=5000", "--fail-zero", "--check-leaks", "--forbid-only", "--no-color"];
  const folder = mkdtempSync(join(tmpdir(), "specs-"));
  const present = join(folder, "present");
  try {
    const outcome = await run("mocha", "lib/cli/cli.js", [...options, "--reporter=dot", ...files], { node, live: true, env: { PRESENT_SPEC: present } });
    if (outcome.code !== 0 && existsSync(present)) outcome.last = readFileSync(present, "utf8");
    return outcome;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Two processes, for two cores. The halves take about the same time.
const others = "spec/{browser,docs,laws,model,programs,unit}/**/*.spec.ts";
const [conformance, [rest, checks]] = await Promise.all([
  // Streams and connections last: those that close late call process.nextTick, which the fake clock of a later spec would count as its own.
  specs("spec/conformance/{channels,tasks,time}/**/*.spec.ts", "spec/conformance/!(channels|tasks|time|net)/**/*.spec.ts", "spec/conformance/net/**/*.spec.ts"),
  specs("spec/*.spec.ts", others).then(async (outcome) => [outcome, await check()] as const),
]);
for (const [step, outcome] of Object.entries(checks)) report(step, outcome);

let passed = 0;
for (const outcome of [conformance, rest]) {
  const count = (word: string): number => Number(new RegExp(`^ +(\\d+) ${word}\\b`, "m").exec(outcome.output)?.[1] ?? 0);
  passed += count("passing");
  failed += count("failing");
  if (count("pending") > 0) console.log(`${count("pending")} pending: a spec that is skipped proves nothing`);
  if (outcome.code !== 0 && count("failing") === 0) {
    failed++;
    console.log(`a run of the specs ended with the code ${outcome.code} after ${outcome.seconds} s, in the spec "${outcome.last ?? ""}"`);
  }
}

const blocks = allBlocks();
const blocksIn = (folder: string): number => blocks.filter(({ file }) => file.startsWith(folder)).length;
const examples = readdirSync("examples").filter((name) => name.endsWith(".ts")).length;
console.log(`run by the specs: ${blocks.length} code blocks, with ${blocksIn("docs/recipes/")} of recipes and ${blocksIn("docs/tutorial/")} steps of the tutorial; ${examples} examples`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
