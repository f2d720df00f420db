/**
 * The other runtimes: `npm run runtimes`. Fetches Node 22, 24 and 26, Bun and Deno, takes Chromium and Firefox where they are, and runs there what can be run:
 * specs, examples, small programs, checks in pages and in workers; and installs the packed package as a consumer does.
 *
 * It reports whatever cannot be fetched or run, with the reason, without failing; failures fail it. Two programs run at a time.
 * The last line is `N passed, N failed`.
 * `npm run runtimes Bun Deno` runs on these alone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserNames, inBrowsers } from "./runtimes/browsers.ts";
import { consumers, pack } from "./runtimes/consumers.ts";
import { examples } from "./runtimes/examples.ts";
import { firstMinute } from "./runtimes/first-minute.ts";
import { all as leftOut } from "./runtimes/left-out.ts";
import { cellOf, matrix } from "./runtimes/matrix.ts";
import { bunTest, leaksUnder, programsOn } from "./runtimes/programs.ts";
import { recipes } from "./runtimes/recipes.ts";
import type { Row } from "./runtimes/row.ts";
import { fetchRuntimes, present, type Runtime } from "./runtimes/runtime.ts";
import { site } from "./runtimes/site.ts";
import { parts, runSpecs, type Spec } from "./runtimes/specs.ts";

const asked = process.argv.slice(2);
const began = performance.now();
const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`;

/** Run jobs, at most two at a time; their results in their order. */
async function each<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const left = [...jobs.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await next[1]();
  };
  await Promise.all([worker(), worker()]);
  return results;
}

const rows: Row[] = [];

function tell(row: Row): void {
  rows.push(row);
  const { what, where, outcome, passed, failed, detail } = row;
  const count = passed === undefined ? "" : ` (${passed} passed${failed === undefined || failed === 0 ? "" : `, ${failed} failed`})`;
  console.log(`${seconds()} ${where}: ${what}: ${outcome}${count}${detail === undefined ? "" : `\n${detail.replace(/^/gm, "    ")}`}`);
}

/** The specs with this topic in their title, of all that were run on a runtime. */
const themes: Readonly<Record<string, RegExp>> = {
  "RT-01 of these: generator tasks": /generator/i,
  "RT-04 of these: sockets under traffic": /RT-04/,
};

const found = await fetchRuntimes();
const others = found.filter((one): one is Runtime => "program" in one && (asked.length === 0 || asked.some((name) => one.name.startsWith(name))));
for (const one of found) if ("missing" in one) tell({ what: "the runtime itself", where: one.name, outcome: "not run", detail: one.missing });

// The longest first.
const specsOf = new Map(others.map(({ name }) => [name, [] as Spec[]]));
/** Node 22 has the async contexts of Node 20, which runs every spec by `npm test`: it runs those parts that ask most of the platform. */
const spared = (what: string, { name }: Runtime): boolean => name === "Node 22" && /channels|flows|testing/.test(what);

await each(Object.entries(parts).flatMap(([what, places]) => others.filter((runtime) => !spared(what, runtime)).map((runtime) => async () => {
  const specs = await runSpecs(runtime, places, 300);
  specsOf.get(runtime.name)?.push(...specs);
  tell(rowOf(what, runtime.name, specs));
})));
for (const [what, theme] of Object.entries(themes)) {
  for (const [name, specs] of specsOf) rows.push({ ...rowOf(what, name, specs.filter(({ title }) => theme.test(title))), counted: true });
}

/** What a platform cannot do, by the ids of the rows that are left out there. */
const lacks = {
  "RT-06": "RT-06 TLS that is paused and read again sees its end",
  "RT-08": "RT-08 net: bytes held, no descriptors left, several codes, bad certificates",
};
for (const [id, what] of Object.entries(lacks)) {
  for (const { name } of others) {
    const lacking = leftOut.find(({ on, why }) => on.includes(name) && why.startsWith(id));
    rows.push({ what, where: name, counted: true, ...(lacking ? { outcome: "not run", detail: lacking.why } : { outcome: "passed" }) });
  }
}

function rowOf(what: string, where: string, specs: readonly Spec[]): Row {
  const failures = specs.filter(({ error }) => error !== undefined);
  const [passed, failed] = [specs.length - failures.length, failures.length];
  if (specs.length === 0) return { what, where, outcome: "not run" };
  if (failed === 0) return { what, where, outcome: "passed", passed };
  return { what, where, outcome: "failed", passed, failed, detail: failures.map(({ title, error }) => `${title}\n${(error ?? "").replace(/^/gm, "  ")}`).join("\n") };
}

for (const row of await examples(others, each)) tell(row);
/** The pages run by `npm test` on Node 20; the oldest and the newest of the Nodes show what versions change. */
await each(others.filter(({ name }) => !/^Node 2[24]/.test(name)).map((runtime) => async () => { tell(await recipes(runtime)); }));
await each([present, ...others].flatMap((runtime) => programsOn(runtime).map((job) => async () => { tell(await job()); })));
for (const runtime of others) {
  if (runtime.kind === "bun") tell(await bunTest(runtime));
  const leaks = await leaksUnder(runtime);
  if (leaks !== undefined) tell(leaks);
}

if (asked.length === 0) {
  for (const found of await each(inBrowsers())) found.forEach(tell);
  await each([
    async () => { for (const row of await site()) tell(row); },
    async () => { for (const row of await ofPackage()) tell(row); },
  ]);
}

/** The package, as its users get it. */
async function ofPackage(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "runtimes-package-"));
  try {
    const tarball = await pack(folder);
    return [...await firstMinute([present, ...others], tarball, folder), ...await consumers(tarball, folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const columns = [present.name, ...others.map(({ name }) => name), ...(asked.length === 0 ? browserNames : [])];
const [inColumns, elsewhere] = [rows.filter(({ where }) => columns.includes(where)), rows.filter(({ where }) => !columns.includes(where))];
console.log(`\n${matrix(inColumns, columns)}\n`);
if (elsewhere.length > 0) console.log(`| the package, as its users get it | | |\n|---|---|---|\n${elsewhere.map((row) => `| ${row.what} | ${row.where} | ${cellOf(row)} |`).join("\n")}\n`);
console.log("Safari runs on macOS alone: not run. Its engine is Bun's.\nLeft out, on:");
for (const { on, what, why } of leftOut) {
  const here = on.filter((name) => columns.includes(name));
  if (here.length > 0) console.log(`* ${here.join(", ")}: ${what}: ${why}`);
}
let passed = 0;
let failed = 0;
for (const row of rows) {
  if (row.counted === true) continue;
  if (row.outcome === "passed") passed += row.passed ?? 1;
  if (row.outcome === "failed") {
    passed += row.passed ?? 0;
    failed += row.failed ?? 1;
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
