/**
 * The runtimes: this very Node, others from npm, each of one certain version, in a folder of the system for temporary files.
 *
 * What npm has are packages that hold nothing but the program, one for each platform: no script of theirs is run.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./child.ts";

export interface Runtime {
  /** What the matrix calls it. */
  name: string;
  kind: "node" | "bun" | "deno";
  /** Its program. */
  program: string;
}

/** One that cannot be had here. */
export interface Missing {
  name: string;
  missing: string;
}

interface Wanted {
  name: string;
  kind: Runtime["kind"];
  version: string;
  /** The package's name and the program's place in it. */
  place: (platform: string, arch: string) => [name: string, program: string];
}

const node = (version: string): Wanted => ({
  name: `Node ${version.split(".")[0] ?? ""}`,
  kind: "node",
  version,
  place: (platform, arch) => [`node-${platform}-${arch}`, platform === "win32" ? "bin/node.exe" : "bin/node"],
});

const wanted: readonly Wanted[] = [
  node("22.23.5"),
  node("24.22.3"),
  node("26.12.1"),
  {
    name: "Bun 1.4",
    kind: "bun",
    version: "1.4.5",
    place: (platform, arch) => [`@oven/bun-${platform}-${arch === "arm64" ? "aarch64" : arch}`, platform === "win32" ? "bin/bun.exe" : "bin/bun"],
  },
  {
    name: "Deno 2.9",
    kind: "deno",
    version: "2.9.6",
    place: (platform, arch) => [`@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`, platform === "win32" ? "deno.exe" : "deno"],
  },
];

/** The Node that runs this. */
export const present: Runtime = { name: `Node ${process.versions.node.split(".")[0] ?? ""}`, kind: "node", program: process.execPath };

export const cache = join(tmpdir(), "rendezvous-runtimes");

/** Has npm fetch each of them, unless it is here; reports those that cannot be fetched after three attempts. */
export async function fetchRuntimes(): Promise<(Runtime | Missing)[]> {
  const all: (Runtime | Missing)[] = [];
  for (const one of wanted) {
    if (one.name !== present.name) all.push(await fetched(one));
  }
  return all;
}

async function fetched({ name, kind, version, place }: Wanted): Promise<Runtime | Missing> {
  const [source, path] = place(process.platform, process.arch);
  const folder = join(cache, `${kind}-${version}`);
  const program = join(folder, "node_modules", source, path);
  let failure = "";
  for (let attempt = 0; attempt < 4; attempt++) {
    if (existsSync(program)) {
      const { code, output } = await run(program, ["--version"], { folder, seconds: 30 });
      if (code === 0 && output.includes(version)) return { name, kind, program };
    }
    if (attempt === 3) break;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const outcome = await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--force", `${source}@${version}`], { folder, seconds: 120 });
    failure = outcome.code === 0 ? `${source} has no ${path}` : `npm cannot fetch ${source}@${version}: ${lastError(outcome.errors)}`;
  }
  return { name, missing: failure };
}

const lastError = (errors: string): string => /npm (?:error|ERR!) (?!code)(.*)/.exec(errors)?.[1] ?? "no answer";

/** Node 26 warns of what the loader of TypeScript uses. */
const quiet = "--disable-warning=DEP0205";

/** How a runtime runs a program of the repository, TypeScript or JavaScript. */
export function command({ kind, program }: Runtime, file: string, ...args: string[]): [program: string, args: string[]] {
  switch (kind) {
    case "node": return [program, ["--import=./scripts/typescript.js", quiet, file, ...args]];
    case "bun": return [program, ["--bun", "run", file, ...args]];
    case "deno": return [program, ["run", "-A", "--quiet", "--no-lock", "--node-modules-dir=manual", "--no-check", file, ...args]];
  }
}

const mocha = "node_modules/mocha/lib/cli/cli.js";

/** How a runtime runs specs; garbage is collected at their wish. */
export function mochaCommand({ kind, program }: Runtime, emptyConfig: string, options: readonly string[]): [program: string, args: string[]] {
  switch (kind) {
    case "node":
      return [program, ["--import=./scripts/typescript.js", quiet, "--expose-gc", "--max-semi-space-size=128", mocha, "--no-config", ...options]];
    case "bun":
      return [program, ["--bun", "--expose-gc", mocha, "--no-config", ...options]];
    case "deno": {
      const own = ["run", "-A", "--quiet", "--no-lock", "--node-modules-dir=manual", "--no-check", "--v8-flags=--expose-gc,--max-semi-space-size=128"];
      return [program, [...own, mocha, `--config=${emptyConfig}`, ...options]]; // it takes `--no-config` for an option of its own
    }
  }
}
