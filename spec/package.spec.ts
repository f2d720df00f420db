/** What is in the repository, and what a build leaves. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { place } from "../scripts/place.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

describe("the repository", () => {
  it("PK-08 holds no log", () => {
    const { stdout } = spawnSync("git", ["ls-files"], { cwd: root, encoding: "utf8" });
    const files = stdout.split("\n");
    expect(files).to.include("package.json");
    expect(files.filter((name) => name.endsWith(".log"))).to.deep.equal([]);
  });

  it("PK-08 has locks that leave it to npm where packages come from", () => {
    for (const folder of ["", "bench/"]) {
      expect(readFileSync(`${root}${folder}package-lock.json`, "utf8")).to.not.include('"resolved"');
      expect(readFileSync(`${root}${folder}.npmrc`, "utf8")).to.include("omit-lockfile-registry-resolved=true");
    }
  });

  it("PK-08 has no dependency that nothing runs or imports", () => {
    const { devDependencies, scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as Record<"devDependencies" | "scripts", Record<string, string>>;
    const { stdout } = spawnSync("git", ["grep", "-h", '"', "--", "scripts", "spec", "eslint.config.js", "tsconfig*.json"], { cwd: root, encoding: "utf8" });
    const run = Object.values(scripts).map((command) => command.split(" ")[0]);
    const used = (name: string): boolean =>
      run.includes(name) || [name, name.replace("@types/", "")].some((module) => stdout.includes(`"${module}"`) || stdout.includes(`"${module}/`));
    expect(Object.keys(devDependencies)).to.include("typescript");
    expect(Object.keys(devDependencies).filter((name) => !used(name))).to.deep.equal([]);
  });
});

describe("the package", () => {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as Record<string, unknown>;
  let packed: { size: number; files: { path: string; size: number }[] };
  let paths: string[];

  before(() => {
    const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8", shell: process.platform === "win32" });
    [packed] = JSON.parse(stdout) as [typeof packed];
    paths = packed.files.map(({ path }) => path);
  });

  it("is at most 350 kB packed, as the README says", () => {
    expect(packed.size).to.be.within(50_000, 350_000);
    expect(readFileSync(`${root}README.md`, "utf8")).to.match(/under 350 kB packed/);
  });

  it("has nothing in it twice: no sources, and no maps to them", () => {
    expect(paths.filter((path) => !/^(dist\/.*\.js|dist\/.*\.d\.ts|README\.md|LICENSE|package\.json)$/.test(path))).to.deep.equal([]);
  });

  it("PK-05 has every file that its manifest names, for resolvers of all kinds", () => {
    const named = (value: unknown): string[] => (typeof value === "string" ? [value] : Object.values(value as object).flatMap(named));
    const files = ["main", "browser", "types", "exports"].flatMap((key) => named(manifest[key]));
    expect(files).to.have.length.above(15);
    expect(files.map((file) => file.replace("./", "")).filter((file) => !paths.includes(file))).to.deep.equal([]);
    for (const file of manifest["sideEffects"] as string[]) expect(existsSync(root + file), file).to.equal(true);
  });

  it("PK-05 gives resolvers that do not know exports the same as exports: contexts on Node, none in browsers", () => {
    const { "exports": { ".": entry } } = manifest as { exports: Record<".", Record<string, string>> };
    expect(manifest).to.include({ main: entry["node"], browser: entry["default"], types: entry["types"] });
  });

  it("PK-06 names no home that it does not have", () => {
    expect(manifest).to.not.have.any.keys("repository", "homepage", "bugs", "author");
  });
});

describe("a build", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "build-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("PK-08 removes files that an earlier one left, and folders that are then empty", () => {
    place(folder, new Map([["index.js", "1"], ["core/old/gone.js", "2"]]));
    expect(existsSync(join(folder, "core/old/gone.js"))).to.equal(true);
    place(folder, new Map([["index.js", "1"], ["core/channel.js", "3"]]));
    expect(readdirSync(folder, { recursive: true }).sort()).to.deep.equal(["core", "core/channel.js", "index.js"]);
  });

  it("PK-08 leaves unchanged files alone, and files that another build is writing", () => {
    mkdirSync(join(folder, "core"));
    const [same, written, abandoned] = ["core/same.js", "core/other.js.1.unfinished", "core/old.js.2.unfinished"].map((name) => join(folder, name)) as [string, string, string];
    for (const path of [same, written, abandoned]) writeFileSync(path, "1");
    utimesSync(same, 1, 1);
    utimesSync(abandoned, 1, 1);
    place(folder, new Map([["core/same.js", "1"]]));
    expect(statSync(same).mtimeMs).to.equal(1000);
    expect(existsSync(written)).to.equal(true);
    expect(existsSync(abandoned)).to.equal(false);
  });
});
