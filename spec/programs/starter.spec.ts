/** The folder that a user copies: with the packed package installed into it, everything that its README says to type works. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
  scripts: Record<string, string>;
}

const manifestOf = (file: string): Manifest => JSON.parse(readFileSync(file, "utf8")) as Manifest;

describe("examples/starter", function () {
  // Processes of its own, npm among them. The limit is against one that hangs.
  this.timeout(120_000);

  let folder: string;
  const npm = (...options: string[]): string => {
    const env = { ...process.env, NO_COLOR: "1", npm_config_audit: "false", npm_config_fund: "false", npm_config_update_notifier: "false" };
    const { status, stdout, stderr } = spawnSync("npm", options, { cwd: folder, encoding: "utf8", env, shell: process.platform === "win32" });
    if (status !== 0) throw new Error(`npm ${options.join(" ")} ended with ${String(status)}\n${stdout}${stderr}`);
    return stdout;
  };

  before(() => {
    // Below the repository, where its tools are found; only the package itself is installed, which needs no registry.
    mkdirSync(join(root, "docs-out"), { recursive: true });
    folder = mkdtempSync(join(root, "docs-out/starter-"));
    cpSync(join(root, "examples/starter"), folder, { recursive: true });
    const manifest = manifestOf(join(folder, "package.json"));
    delete manifest.devDependencies;
    npm("pack", root, "--ignore-scripts", "--pack-destination", folder);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
    manifest.dependencies = { rendezvous: `file:${tarball}` };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    npm("install", "--offline", "--ignore-scripts");
  });
  after(() => { rmSync(folder, { recursive: true, force: true }); });

  it("PK-09 its program runs, on the package as it is packed", () => {
    expect(npm("start", "--silent")).to.equal(["tea by cook 2", "soup by cook 1", "rice by cook 1", "pancakes by cook 2", ""].join("\n"));
  });

  it("PK-09 its test passes, in virtual time", () => {
    expect(npm("test", "--silent")).to.match(/^(#|ℹ) pass 1$/m);
  });

  it("PK-09 its types are right", () => {
    expect(npm("run", "types", "--silent")).to.equal("");
  });

  it("asks for this version of the package, and for tools that the repository has as well", () => {
    const own = manifestOf(join(root, "package.json")) as Manifest & { version: string };
    const starter = manifestOf(join(root, "examples/starter/package.json"));
    expect(starter.dependencies).to.deep.equal({ rendezvous: `^${own.version}` });
    expect(own.devDependencies).to.include(starter.devDependencies);
  });
});
