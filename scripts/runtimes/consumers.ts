/**
 * The package as its users get it: other compilers, bundlers and runtimes, each in one fixed version, fetched by npm.
 *
 * Alone: `npx tsx scripts/runtimes/consumers.ts`.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { failureOf, run, type Outcome } from "./child.ts";
import type { Row } from "./row.ts";

/** What is tried is found there: a program of the user, with the package among its modules. */
const programs = fileURLToPath(new URL("consumer/", import.meta.url));

/** What is fetched for each try, at which version. */
const versions = {
  typescript: ["5.2.2", "5.6.3", "5.9.3", "6.0.3", "7.0.2"],
  node: "22.23.3",
  deno: "2.9.6",
  publint: "0.3.25",
  attw: "0.18.5",
  webpack: "5.113.0",
  esbuild: "0.28.2",
  parcel: "2.16.4",
  types: "20.19.43",
} as const;

/** The user's folders, and their contents. */
interface Bench {
  tarball: string;
  /** Where the package is installed. */
  app: string;
  /** Install a tool in a folder of its own, once; gives its folder among the modules there, and fails if it cannot be had. */
  tool: (name: string, version: string) => Promise<string>;
}

/** A tool that npm cannot fetch, or for which there is no time any more. */
class NotToBeHad extends Error {}

/** How long all may take. What has not begun by then is not run. */
const minutesAtMost = 6;

/**
 * Try the package.
 *
 * @param tarball - the path of what `npm pack` has made
 * @param folder - where everything is put; the caller removes it
 */
export async function consumers(tarball: string, folder: string): Promise<Row[]> {
  const bench = await prepared(tarball, folder);
  if (bench instanceof NotToBeHad) return [{ what: "the package, installed", where: "npm", outcome: "not run", detail: bench.message }];
  const checks = [parcel, webpack, ...versions.typescript.map((version) => () => declarations(bench, version)), lints, esbuild, deno, requires];
  const rows: Row[][] = [];
  const begun = checks.entries();
  const lane = async (): Promise<void> => {
    for (const [index, check] of begun) rows[index] = await check(bench);
  };
  await Promise.all([lane(), lane()]); // for two cores
  return rows.flat();
}

async function prepared(tarball: string, folder: string): Promise<Bench | NotToBeHad> {
  const end = performance.now() + minutesAtMost * 60_000;
  const app = join(folder, "app");
  cpSync(programs, app, { recursive: true });
  try {
    await install(app, [tarball, `@types/node@${versions.types}`]);
  } catch (error) {
    if (error instanceof NotToBeHad) return error;
    throw error;
  }
  const installed = new Map<string, Promise<void>>();
  const tool: Bench["tool"] = async (name, version) => {
    if (performance.now() > end) throw new NotToBeHad(`no time is left of ${minutesAtMost} minutes`);
    const own = join(folder, "tools", `${name.replaceAll(/\W+/g, "-")}-${version}`);
    const ready = installed.get(own) ?? install(own, [`${name}@${version}`]);
    installed.set(own, ready);
    await ready;
    return join(own, "node_modules", name);
  };
  return { tarball, app, tool };
}

/** Have npm install packages, without running their scripts; three times, since a download may fail. */
async function install(folder: string, packages: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  let outcome: Outcome | undefined;
  for (let attempt = 1; attempt <= 3 && outcome?.code !== 0; attempt++) {
    outcome = await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=0", ...packages], { folder, seconds: 90 });
  }
  if (outcome?.code !== 0) throw new NotToBeHad(`npm cannot install ${packages.join(" and ")}: ${/npm error (?!code)(.*)/.exec(outcome?.errors ?? "")?.[1] ?? "no answer"}`);
}

/** One try: what `attempt` gives is how it failed, or nothing. */
async function row(what: string, where: string, attempt: () => Promise<string | undefined>): Promise<Row> {
  try {
    const detail = await attempt();
    return detail === undefined ? { what, where, outcome: "passed" } : { what, where, outcome: "failed", detail };
  } catch (error) {
    if (error instanceof NotToBeHad) return { what, where, outcome: "not run", detail: error.message };
    return { what, where, outcome: "failed", detail: String(error) };
  }
}

/** How a program failed that was to end well, or with another code, and to print something. */
function unless(outcome: Outcome, prints: string | RegExp = "", code = 0): string | undefined {
  const all = outcome.output + outcome.errors;
  const printed = typeof prints === "string" ? all.includes(prints) : prints.test(all);
  return outcome.code === code && printed ? undefined : failureOf(outcome);
}

/** A program of the package: one script, run by this Node. */
const node = (folder: string, script: string, ...options: string[]): Promise<Outcome> => run(process.execPath, [script, ...options], { folder, seconds: 120 });

const printedByCore = "3,,WORD,now,42,number,true,9,1";

/** Programs compile with the compiler's defaults, so the declarations are checked too; without the types of Node, where nothing of Node is imported. */
async function declarations({ app, tool }: Bench, version: string): Promise<Row[]> {
  const compile = (what: string, files: string[], options: object): Promise<Row> =>
    row(what, `TypeScript ${version}`, async () => {
      const compiler = await tool("typescript", version);
      const project = `tsconfig-${version}.json`;
      writeFileSync(join(app, project), JSON.stringify({ compilerOptions: { noEmit: true, strict: true, target: "es2022", types: [], ...options }, files }));
      return unless(await node(app, join(compiler, "bin/tsc"), "--project", project));
    });
  const bundler = { module: "esnext", moduleResolution: "bundler" };
  return [
    await compile("PK-01, PK-02: the declarations, nodenext", ["core.ts", "net.ts"], { module: "nodenext", moduleResolution: "nodenext" }),
    await compile("PK-01, PK-02: the declarations, bundler", ["core.ts", "net.ts"], bundler),
    await compile("PK-01, PK-02: the declarations, bundler, without the types of Node", ["core.ts"], { ...bundler, lib: ["es2022", "dom"] }),
    ...(version.startsWith("5.9.") ? [await compile("PK-05: the declarations of the root, node10", ["core.ts"], { module: "esnext", moduleResolution: "node10" })] : []),
  ];
}

async function lints({ app, tarball, tool }: Bench): Promise<Row[]> {
  return [
    await row("the manifest", `publint ${versions.publint}`, async () => {
      const publint = await tool("publint", versions.publint);
      return unless(await node(app, join(publint, "src/cli.js"), "run", "node_modules/rendezvous", "--strict", "--level=warning"), "All good!");
    }),
    await row("the types, as ESM", `attw ${versions.attw}`, async () => {
      const attw = await tool("@arethetypeswrong/cli", versions.attw);
      return unless(await node(app, join(attw, "dist/index.js"), tarball, "--profile", "esm-only", "--no-color"));
    }),
  ];
}

const deadlock = 'import { chan, run } from "rendezvous";\nrun(async function main() { await chan({ name: "letters" }).receive(); });\n';
const first = 'import { run } from "rendezvous";\nrun(async () => { console.log("it runs"); });\n';

async function esbuild({ app, tool }: Bench): Promise<Row[]> {
  const attempt = (format: string) => (): Promise<Row> =>
    row(`PK-03: a deadlock, bundled as ${format}, is reported and ends with 13`, `esbuild ${versions.esbuild}`, async () => {
      const { buildSync } = (await imported(await tool("esbuild", versions.esbuild))) as typeof import("esbuild");
      const out = join(app, format === "cjs" ? "deadlock.cjs" : "deadlock.mjs");
      buildSync({ stdin: { contents: deadlock, resolveDir: app }, bundle: true, platform: "node", format: format as "cjs" | "esm", outfile: out, logLevel: "error" });
      return unless(await node(app, out), /all tasks are asleep[^]*receive on channel "letters"/, 13);
    });
  return [await attempt("cjs")(), await attempt("esm")()];
}

async function webpack({ app, tool }: Bench): Promise<Row[]> {
  const attempt = (target: "web" | "node"): Promise<Row> =>
    row(`PK-03: import { run }, for ${target}, is one file, and runs`, `webpack ${versions.webpack}`, async () => {
      const modules = await tool("webpack", versions.webpack);
      const out = join(app, `webpack-${target}`);
      writeFileSync(join(app, "webpack-first.js"), first);
      const build = `
        import webpack from ${JSON.stringify(pathToFileURL(join(modules, "lib/index.js")).href)};
        const output = { path: ${JSON.stringify(out)}, filename: "main.cjs" };
        webpack({ mode: "production", target: "${target}", entry: "./webpack-first.js", context: ${JSON.stringify(app)}, output }, (error, stats) => {
          if (error ?? stats.hasErrors()) throw error ?? new Error(stats.toString());
        });`;
      writeFileSync(join(app, "webpack-build.mjs"), build);
      const files = unless(await node(app, "webpack-build.mjs")) ?? readdirSync(out).join();
      return files === "main.cjs" ? unless(await node(app, join(out, "main.cjs")), "it runs") : `not one file, but ${files}`;
    });
  return [await attempt("web"), await attempt("node")];
}

async function parcel({ app, tool }: Bench): Promise<Row[]> {
  const attempt = (what: string, manifest: object, source: string, prints: string): Promise<Row> =>
    row(`PK-05: a program ${what}`, `Parcel ${versions.parcel}`, async () => {
      const modules = await tool("parcel", versions.parcel);
      const folder = join(app, `parcel-${what.replaceAll(/\W+/g, "-")}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, ...manifest }));
      writeFileSync(join(folder, "program.js"), source);
      const built = await node(folder, join(modules, "lib/bin.js"), "build", "program.js", "--no-cache", "--dist-dir", "out");
      return unless(built) ?? unless(await node(folder, join(folder, "out/program.js")), prints);
    });
  const cancelled = `import { chan, scope } from "rendezvous";
    const late = async () => { await null; await chan().receive(); };
    scope(async (s) => { const task = s.go(late); setTimeout(() => s.cancel(), 1); await task; }).catch((error) => { console.log(error.name); });`;
  return [
    await attempt("with its defaults", {}, first, "it runs"),
    await attempt("for Node has Node's contexts", { engines: { node: ">=20.19" } }, cancelled, "CancelledError"),
  ];
}

async function deno({ app, tool }: Bench): Promise<Row[]> {
  const what = "PK-04: without permissions, and without being prompted, it imports and runs";
  return [
    await row(what, `Deno ${versions.deno}`, async () => {
      const name = `@deno/${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}`;
      const program = join(await tool(name, versions.deno), process.platform === "win32" ? "deno.exe" : "deno");
      const options = ["run", "--no-prompt", "--no-check", "--no-lock", "--node-modules-dir=manual", "core.ts"];
      return unless(await run(program, options, { folder: app, seconds: 60 }), printedByCore);
    }),
  ];
}

async function requires({ app, tool }: Bench): Promise<Row[]> {
  const source = 'const { chan } = require("rendezvous");\nconst ch = chan(1);\nch.trySend("required");\nconsole.log(ch.tryReceive().value);\n';
  writeFileSync(join(app, "require.cjs"), source);
  const attempt = (version: string, program: () => Promise<string>): Promise<Row> =>
    row('require("rendezvous")', `Node ${version}`, async () => unless(await run(await program(), ["require.cjs"], { folder: app, seconds: 60 }), "required"));
  return [
    await attempt(process.versions.node, () => Promise.resolve(process.execPath)),
    await attempt(versions.node, async () => {
      const folder = await tool(`node-${process.platform}-${process.arch}`, versions.node);
      return join(folder, process.platform === "win32" ? "bin/node.exe" : "bin/node");
    }),
  ];
}

/** The main module of a package in a folder. */
function imported(folder: string): Promise<unknown> {
  const { main } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { main: string };
  return import(pathToFileURL(join(folder, main)).href);
}

/** Pack the package into a folder; gives the tarball's path. It has to be built. */
export async function pack(folder: string): Promise<string> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const outcome = await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { folder: root, seconds: 60 });
  const name = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  if (outcome.code !== 0 || name === undefined) throw new Error(`npm pack ${failureOf(outcome)}`);
  return join(folder, name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = mkdtempSync(join(tmpdir(), "consumers-"));
  try {
    const rows = await consumers(await pack(folder), folder);
    for (const { what, where, outcome, detail } of rows) console.log(`${outcome}: ${where}: ${what}${detail === undefined ? "" : `\n${detail}`}`);
    process.exitCode = rows.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
