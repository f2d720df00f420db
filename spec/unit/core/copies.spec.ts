/** Two copies of the library in one process. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";
import sinon from "sinon";
import { alone } from "../../support/fresh.ts";
import { inputArguments } from "../../support/runtime.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { version: string };

/** Run a program that imports the entries of the copies of the built package that lie in these folders; returns its standard error. */
function warnings(...imports: string[]): string {
  const program = imports.map((url) => `await import(${JSON.stringify(url)});`).join("\n");
  const { status, stderr } = spawnSync(process.execPath, inputArguments(), { input: program, encoding: "utf8" });
  expect(status).to.equal(0);
  return stderr;
}

describe("copies of the library", () => {
  let folder: string;
  let loaded = 0;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "copies-"));
    cpSync(`${root}dist`, join(folder, "dist"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const here = (entry: string): string => pathToFileURL(`${root}dist/bundle/${entry}.js`).href;
  const there = (entry: string): string => pathToFileURL(join(folder, `dist/bundle/${entry}.js`)).href;

  it("PK-07 are reported when the second one is loaded, once, with versions and the cure", () => {
    const said = warnings(here("node"), there("node"), there("net/index"));
    expect(said).to.include(`rendezvous is loaded twice (${version} and ${version})`).and.to.include("npm ls rendezvous");
    expect(said.match(/loaded twice/g)).to.have.length(1);
    expect(warnings(here("net/index"), there("testing/index"))).to.include("loaded twice");
  });

  it("PK-07 are one copy, of which nothing is said, if they are the entries of one package", () => {
    expect(warnings(...["node", "net/index", "testing/index", "debug"].map(here))).to.equal("");
  });

  it("PK-07 are reported on the console where there is no process that warns", async () => {
    const warn = sinon.stub(console, "warn");
    const emitWarning = sinon.stub(process, "emitWarning").value(undefined);
    try {
      await alone(async () => {
        for (let n = 1; n <= 3; n++) await import(`../../../src/platform/copies.ts?${String(++loaded)}`);
      });
      expect(warn.args.flat()).to.have.length(1).and.to.match(/loaded twice/);
    } finally {
      warn.restore();
      emitWarning.restore();
    }
  });
});
