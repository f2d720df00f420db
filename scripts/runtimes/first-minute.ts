/**
 * The first minute of a user: what the README says about installing and running the first program, done word for word in empty folders, in JavaScript
 * and in TypeScript, on Node, Bun and Deno. The packed package stands for the one of the registry; git is a clone of this repository.
 *
 * Alone: `npx tsx scripts/runtimes/first-minute.ts`, or with names of runtimes: `... first-minute.ts Bun "Node 26"`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisedBy } from "../../spec/docs/blocks.ts";
import { failureOf, run } from "./child.ts";
import { pack } from "./consumers.ts";
import type { Row } from "./row.ts";
import { fetchRuntimes, present, type Runtime } from "./runtime.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What the README says. */
interface Told {
  /** The commands of its section on installing, without their comments. */
  install: string[];
  /** The command that installs from git. */
  git: string;
  program: string;
  prints: string[];
  /** How a runtime runs a file: the commands of the table, by the name of the runtime and of the file. */
  commands: ReadonlyMap<string, string[]>;
  tsconfig: string;
  /** The command that installs the compiler, and the one that runs it. */
  types: string[];
}

/** The pieces of the README that a user copies. */
export function told(readme: string): Told {
  const section = /^## Install$([^]*?)^## /m.exec(readme)?.[1] ?? "";
  const block = (language: string): string => new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "m").exec(section)?.[1] ?? "";
  const lines = block("bash").trim().split("\n");
  const commands = new Map<string, string[]>();
  for (const [, names = "", ...cells] of section.matchAll(/^\| (\w+ ?[\d, ]*) \| (.*) \| (.*) \|$/gm)) {
    const [name = "", ...versions] = names.trim().split(/,? /);
    const runtimes = versions.length === 0 ? [name] : versions.map((version) => `${name} ${version}`);
    for (const cell of cells) {
      // Whatever has to be installed first stands behind the command that runs the file.
      const typed = [...cell.matchAll(/`([^`]+)`/g)].map(([, command = ""]) => command).reverse();
      for (const runtime of runtimes) commands.set(`${runtime} ${/first\.\ws/.exec(cell)?.[0] ?? ""}`, typed);
    }
  }
  return {
    install: lines.map((line) => line.replace(/ +#.*$/, "")),
    git: /npm install git\+[^\s`]+/.exec(section)?.[0] ?? "",
    program: block("ts"),
    prints: promisedBy(block("ts")),
    commands,
    tsconfig: block("json"),
    types: [/`(npm install -D typescript)`/, /`(npx tsc)`/].map((pattern) => pattern.exec(section)?.[1] ?? ""),
  };
}

const readme = told(readFileSync(`${root}README.md`, "utf8"));

/** Nobody's settings, and no colours. */
const env = { NO_COLOR: "1", RENDEZVOUS_DEBUG: "", npm_config_audit: "false", npm_config_fund: "false", npm_config_update_notifier: "false" };

/** Run commands as a shell would, one after the other; the output of the last one, or how one failed. */
async function typed(commands: readonly string[], folder: string, programs: string): Promise<{ output: string; failure?: string }> {
  let output = "";
  for (const command of commands) {
    const outcome = await run("bash", ["-c", command], { folder, seconds: 500, env: { ...env, PATH: `${programs}${delimiter}${process.env["PATH"] ?? ""}` } });
    if (outcome.code !== 0) return { output, failure: `${command}\n${failureOf(outcome)}` };
    ({ output } = outcome);
  }
  return { output };
}

/** The folder of a runtime's program, by whose name the README calls it. */
const folderOf = ({ program }: Runtime): string => dirname(program);

/** In an empty folder: install as the README says, with this in place of the registry's package. */
async function installed(folder: string, instead: string): Promise<string | undefined> {
  mkdirSync(folder, { recursive: true });
  const commands = readme.install.map((command) => (command === "npm install rendezvous" ? `npm install ${instead}` : command));
  return (await typed(commands, folder, dirname(process.execPath))).failure;
}

/** One language on one runtime. */
async function firstProgram(runtime: Runtime, file: "first.js" | "first.ts", tarball: string, into: string): Promise<Row> {
  const row = { what: `PK-09 the README's install and first program, ${file}`, where: runtime.name };
  const commands = readme.commands.get(`${runtime.name} ${file}`) ?? readme.commands.get(`${runtime.name.split(" ")[0] ?? ""} ${file}`);
  if (commands === undefined) return { ...row, outcome: "failed", detail: "the README does not say how" };
  const folder = join(into, `${runtime.name} ${file}`.replaceAll(/\W+/g, "-"));
  const failure = await installed(folder, tarball);
  if (failure !== undefined) return { ...row, outcome: "failed", detail: failure };
  writeFileSync(join(folder, file), file === "first.js" ? readme.program.replace("<string>", "") : readme.program);
  const ran = await typed(commands, folder, folderOf(runtime));
  if (ran.failure !== undefined) return { ...row, outcome: "failed", detail: ran.failure };
  if (ran.output.trimEnd() === readme.prints.join("\n")) return { ...row, outcome: "passed" };
  return { ...row, outcome: "failed", detail: `it prints\n${ran.output}\nand not\n${readme.prints.join("\n")}` };
}

/** The compiler finds nothing wrong, with the settings of the README. */
async function checked(tarball: string, into: string): Promise<Row> {
  const row = { what: "PK-09 the README's tsconfig.json, and `npx tsc`", where: "TypeScript" };
  const folder = join(into, "types");
  const failure = await installed(folder, tarball);
  if (failure !== undefined) return { ...row, outcome: "failed", detail: failure };
  writeFileSync(join(folder, "first.ts"), readme.program);
  writeFileSync(join(folder, "tsconfig.json"), readme.tsconfig);
  const ran = await typed(readme.types, folder, folderOf(present));
  if (ran.failure !== undefined) return { ...row, outcome: "failed", detail: ran.failure };
  writeFileSync(join(folder, "first.ts"), readme.program.replace('["tea", "cake"]', "[1, 2]"));
  const wrong = await typed(["npx tsc"], folder, folderOf(present));
  return wrong.failure?.includes("TS2345") === true ? { ...row, outcome: "passed" } : { ...row, outcome: "failed", detail: "a wrong type is not found" };
}

/** Installed from git, where npm builds it. */
async function fromGit(into: string): Promise<Row> {
  const row = { what: "PK-09 the README's install from git", where: "npm" };
  const clone = join(into, "rendezvous");
  const cloned = await run("git", ["clone", "--quiet", "--depth=1", `file://${root}`, clone], { folder: into, seconds: 60 });
  if (cloned.code !== 0) return { ...row, outcome: "not run", detail: `no clone: ${failureOf(cloned)}` };
  const folder = join(into, "git");
  const failure = await installed(folder, readme.git.replace("npm install ", "").replace("/path/to/rendezvous", clone));
  if (failure !== undefined) return { ...row, outcome: "failed", detail: failure };
  writeFileSync(join(folder, "first.js"), readme.program.replace("<string>", ""));
  const ran = await typed(["node first.js"], folder, folderOf(present));
  return ran.output.trimEnd() === readme.prints.join("\n") ? { ...row, outcome: "passed" } : { ...row, outcome: "failed", detail: ran.failure ?? ran.output };
}

/** All of it: the runtimes, the compiler, git. */
export async function firstMinute(runtimes: readonly Runtime[], tarball: string, folder: string): Promise<Row[]> {
  const jobs = [
    () => fromGit(folder),
    () => checked(tarball, folder),
    ...runtimes.flatMap((runtime) => (["first.js", "first.ts"] as const).map((file) => () => firstProgram(runtime, file, tarball, folder))),
  ];
  const rows: Row[] = [];
  const begun = jobs.entries();
  const lane = async (): Promise<void> => {
    for (const [index, job] of begun) rows[index] = await job();
  };
  await Promise.all([lane(), lane()]); // for two cores
  return rows;
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "first-minute.ts") {
  const folder = mkdtempSync(join(tmpdir(), "first-minute-"));
  const asked = process.argv.slice(2);
  try {
    const found = await fetchRuntimes();
    for (const one of found) if ("missing" in one) console.log(`not run: ${one.name}: ${one.missing}`);
    const runtimes = [present, ...found.filter((one): one is Runtime => "program" in one)].filter(({ name }) => asked.length === 0 || asked.some((start) => name.startsWith(start)));
    const rows = await firstMinute(runtimes, await pack(folder), folder);
    for (const { what, where, outcome, detail } of rows) console.log(`${outcome}: ${where}: ${what}${detail === undefined ? "" : `\n${detail}`}`);
    process.exitCode = rows.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
