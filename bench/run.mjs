/**
 * The comparison: `node bench/run.mjs [workload ...] [--libraries a,b] [--repetitions 5] [--quick] [--node 22]`.
 *
 * A workload's name, or its beginning, selects it. One process for each library and workload; the repetitions go round over the
 * libraries, so that a machine that changes its speed changes it for all. Prints a table in markdown, and keeps all figures in
 * `.cache/results.json`.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { libraryNames } from "./catalogue.mjs";
import { table } from "./table.mjs";

const bench = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));
const cache = `${bench}.cache/`;

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    libraries: { type: "string" },
    repetitions: { type: "string", default: "5" },
    quick: { type: "boolean", default: false },
    node: { type: "string" },
    limit: { type: "string", default: "60" },
    "no-build": { type: "boolean", default: false },
  },
});
const repetitions = given.quick ? 1 : Number(given.repetitions);
const msOfRun = given.quick ? 10 : 50;
const secondsAtMost = Number(given.limit);

// -- What has to be there ---------------------------------------------------------------------------------------------

/** @param {string} command @param {string[]} args @param {string} cwd */
function prepare(command, args, cwd) {
  console.error(`$ ${command} ${args.join(" ")}`);
  execFileSync(command, args, { cwd, stdio: ["ignore", 2, 2] });
}

mkdirSync(cache, { recursive: true });
if (!existsSync(`${bench}node_modules`)) prepare("npm", ["ci", "--no-audit", "--no-fund"], bench);
if (!given["no-build"]) prepare("npm", ["run", "build"], root);
const node = given.node === undefined ? process.execPath : anotherNode(given.node);
const goProgram = builtGoProgram();

/** npm has every version of Node, as a package for each platform. @param {string} version */
function anotherNode(version) {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const folder = `${cache}node-${version}/`;
  const executable = `${folder}node_modules/${name}/bin/node${process.platform === "win32" ? ".exe" : ""}`;
  if (!existsSync(executable)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}package.json`, JSON.stringify({ private: true }));
    prepare("npm", ["install", "--no-audit", "--no-fund", `${name}@${version}`], folder);
  }
  return executable;
}

/** The path of the Go program, or undefined where there is no Go. */
function builtGoProgram() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  if (!folders.some((folder) => existsSync(`${folder}/go`) || existsSync(`${folder}/go.exe`))) return undefined;
  prepare("go", ["build", "-o", `${cache}go-bench`, "."], `${bench}go`);
  return `${cache}go-bench`;
}

// -- Measuring --------------------------------------------------------------------------------------------------------

/**
 * @param {string} library
 * @param {string} workload
 * @returns {Promise<{ figure?: number, absent?: boolean, failure?: string }>}
 */
function measured(library, workload) {
  const [command, args] = library === "go"
    ? [goProgram, [workload, String(msOfRun)]]
    : [node, ["--expose-gc", "--single-threaded", `${bench}measure.mjs`, library, workload, String(msOfRun)]];
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, GOMAXPROCS: "1" } });
    let output = "";
    let complaint = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, secondsAtMost * 1000);
    child.stdout.on("data", (data) => { output += data; });
    child.stderr.on("data", (data) => { complaint += data; });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (timedOut) return resolve({ failure: `more than ${secondsAtMost} s` });
      try {
        return resolve(JSON.parse(output.trim().split("\n").at(-1)));
      } catch {
        const reason = complaint.split("\n").find((line) => /error|fatal|panic/i.test(line)) ?? `ends with code ${code}`;
        return resolve({ failure: reason.slice(0, 60) });
      }
    });
  });
}

const wantedLibraries = given.libraries?.split(",") ?? libraryNames;
for (const name of wantedLibraries) if (!libraryNames.includes(name)) throw new Error(`there is no library "${name}": ${libraryNames}`);
const libraries = wantedLibraries.filter((name) => name !== "go" || goProgram !== undefined);
// Only now, when the build is there.
const { loadLibrary, loadWorkloads } = await import("./catalogue.mjs");
const workloads = (await loadWorkloads()).filter(({ name }) =>
  positionals.length === 0 || positionals.some((wanted) => name === wanted || name.startsWith(`${wanted}-`)));
if (workloads.length === 0) throw new Error(`there is no workload "${positionals}"`);

/** @type {Record<string, Record<string, { figures: number[], failure?: string, absent?: boolean }>>} */
const results = {};
const began = new Date();
const loads = [];
for (const workload of workloads) {
  const row = (results[workload.name] = {});
  for (const library of libraries) row[library] = { figures: [] };
  for (let repetition = 0; repetition < (workload.exact ? 1 : repetitions); repetition++) {
    for (const library of libraries) {
      const cell = row[library];
      if (cell.absent || cell.failure !== undefined) continue;
      const { figure, failure, absent } = await measured(library, workload.name);
      if (figure !== undefined) cell.figures.push(figure);
      else Object.assign(cell, { failure, absent });
    }
    loads.push(loadavg()[0]);
  }
  const shown = libraries.map((library) => `${library} ${row[library].failure ?? row[library].figures.map((n) => n.toPrecision(3))}`);
  console.error(`${workload.name}: ${shown.join(", ")}`);
}

const titles = Object.fromEntries(await Promise.all(libraries.map(async (name) => [name, (await loadLibrary(name)).title])));
const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
const conditions = {
  node: version,
  date: began.toISOString().slice(0, 10),
  processor: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
  load: `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`,
  repetitions,
};
writeFileSync(`${cache}results.json`, JSON.stringify({ conditions, results }, undefined, 2));
console.log(`Node ${conditions.node}, ${conditions.date}, ${conditions.processor}, load average ${conditions.load}, ` +
  `${repetitions} repetition${repetitions === 1 ? "" : "s"}.\n`);
console.log(table(workloads, libraries, titles, results));
