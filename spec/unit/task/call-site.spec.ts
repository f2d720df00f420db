/** How places are read from stacks, whichever engine wrote them and wherever the library is. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { buildSync, type BuildOptions } from "esbuild";
import sinon from "sinon";
import { lineOf, lineOfError, noteSiteOf, siteOf } from "../../../src/task/report/call-site.ts";
import { fileArguments } from "../../support/runtime.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The reported site if the platform gives the stack `noted`, and a stack whose first line is `own` within the library. */
function told(noted: unknown, own: string, read: (object: object) => string | undefined = siteOf): string | undefined {
  const stacks = [noted, `Error\n${own}\n`];
  const capturing = sinon.stub(Error, "captureStackTrace").callsFake((holder: { stack?: unknown }) => { holder.stack = stacks.shift(); });
  try {
    const object = {};
    noteSiteOf(object);
    return read(object);
  } finally {
    capturing.restore();
  }
}

const lines = (...all: string[]): string => ["Error", ...all].join("\n");

describe("the places of a program", () => {
  it("PK-03 are the frames outside the library's folder: single modules, by URL and by path", () => {
    for (const at of ["file:///app/node_modules/rendezvous/dist/", "/app/node_modules/rendezvous/src/", "https://cdn/rendezvous/dist/", "webpack-internal:///./node_modules/rendezvous/dist/"]) {
      const extension = at.includes("src") ? "ts" : "js";
      const own = [`    at captureStack (${at}task/report/call-site.${extension}:30:5)`, `    at new Task (${at}task/task.${extension}:1:2)`, `    at ${at}core/channel.${extension}:3:4`];
      expect(told(lines(...own, "    at reader (file:///app/src/reader.js:5:6)"), own[0] ?? "")).to.equal("at reader (file:///app/src/reader.js:5:6)");
      expect(told(lines(...own, "    at /app/reader.js:5:6"), own[0] ?? "")).to.equal("at /app/reader.js:5:6");
    }
  });

  it("PK-03 are the frames outside the library's folder, whether an engine gives a frame by its URL or by its path", () => {
    const [url, path] = ["file:///app/dist/", "/app/dist/"];
    for (const [here, there] of [[url, path], [path, url]] as const) {
      const own = `    at captureStack (${here}task/report/call-site.js:30:5)`;
      expect(told(lines(own, `    at new Task (${there}task/task.js:1:2)`, "    at main (/app/main.js:5:6)"), own)).to.equal("at main (/app/main.js:5:6)");
    }
  });

  it("PK-03 are the frames outside the bundle for Node, whose files share a folder", () => {
    const at = "file:///app/node_modules/rendezvous/dist/bundle/";
    const noted = lines(`    at new Task (${at}shared-ABC.js:1:2)`, `    at serve (${at}net/index.js:1:2)`, "    at node:internal/process:1:2", "    at main (/app/main.js:5:6)");
    expect(told(noted, `    at captureStack (${at}shared-ABC.js:30:5)`)).to.equal("at main (/app/main.js:5:6)");
  });

  it("PK-03 are the frames outside the file into which a bundler has put the library; none, if the program is in that file too", () => {
    const own = "    at t (/app/out/vendor.js:1:52)";
    expect(told(lines("    at e (/app/out/vendor.js:1:20)", "    at n (/app/out/main.js:1:30)"), own)).to.equal("at n (/app/out/main.js:1:30)");
    expect(told(lines("    at e (/app/out/vendor.js:1:20)", "    at n (/app/out/vendor.js:1:30)", "    at node:internal/process:1:2"), own)).to.equal(undefined);
  });

  it("PK-03 are read as Firefox, Safari and Windows write them", () => {
    const own = "captureStack@http://host/dist/task/report/call-site.js:1:2";
    expect(told("go@http://host/dist/task/task.js:1:2\nreader@http://host/main.js:5:6", own)).to.equal("at reader (http://host/main.js:5:6)");
    expect(told("go@http://host/dist/task/task.js:1:2\n@http://host/main.js:5:6", own)).to.equal("at http://host/main.js:5:6");
    const windows = lines("    at go (C:\\my (own) app\\dist\\task\\task.js:1:2)", "    at main (C:\\my (own) app\\main.js:5:6)");
    expect(told(windows, "    at captureStack (C:\\my (own) app\\dist\\task\\report\\call-site.js:1:2)")).to.equal("at main (C:\\my (own) app\\main.js:5:6)");
  });

  it("PK-03 are short as a file and a line, from the working directory where they are in that", () => {
    const own = "    at captureStack (/dist/task/report/call-site.js:1:2)";
    const here = process.cwd();
    const places: [site: string, line: string | undefined][] = [
      [`at reader (file://${here}/src/app.ts:12:5)`, "src/app.ts:12"],
      [`at ${here}/src/app.ts:12:5`, "src/app.ts:12"],
      [`at new Reader (${here}/my app.ts:12:50)`, "my app.ts:12"],
      ["at reader (/elsewhere/app.ts:3:4)", "/elsewhere/app.ts:3"],
      ["at https://host/main.js:5:6", "https://host/main.js:5"],
      ["reader@https://host/main.js:5:6", "https://host/main.js:5"],
      ["at main (C:\\my app\\main.js:5:6)", "C:\\my app\\main.js:5"],
      ["at <anonymous>", undefined],
    ];
    for (const [site, line] of places) {
      expect(told(lines(`    ${site}`), own, lineOf), site).to.equal(line);
      const error = Object.assign(new Error(), { stack: lines(own, `    ${site}`) });
      const capturing = sinon.stub(Error, "captureStackTrace").callsFake((holder: { stack?: unknown }) => { holder.stack = `Error\n${own}\n`; });
      try {
        expect(lineOfError(error), site).to.equal(line);
      } finally {
        capturing.restore();
      }
    }
    expect(lineOf({})).to.equal(undefined);
  });

  it("PK-03 are none where the platform gives no stack, or the program has its own kind", () => {
    for (const stack of [undefined, "", 5, [{}], "Error\n    at <anonymous>", "Error\n    at async Promise.all (index 0)"]) {
      expect(told(stack, "    at captureStack (/dist/task/report/call-site.js:1:2)")).to.equal(undefined);
      expect(told(lines("    at main (/main.js:1:2)"), String(stack))).to.equal(undefined);
    }
    expect(siteOf({})).to.equal(undefined);
  });
});

describe("a program that is bundled with the library", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bundled-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const hanging = `import { chan, run } from "rendezvous";
const letters = chan({ name: "letters" });
run(async function reader() {
  await letters.receive();
});
`;

  function outcome(options: BuildOptions, ...node: string[]): { status: number | null; stderr: string } {
    writeFileSync(join(folder, "program.mjs"), hanging);
    const outfile = join(folder, options.format === "esm" ? "out.mjs" : "out.cjs");
    const external = { "rendezvous": `${root}src/node.ts` };
    buildSync({ entryPoints: [join(folder, "program.mjs")], alias: external, bundle: true, platform: "node", logLevel: "error", outfile, ...options });
    return spawnSync(process.execPath, fileArguments(outfile, ...node), { encoding: "utf8", env: { ...process.env, RENDEZVOUS_DEBUG: "1" } });
  }

  for (const format of ["cjs", "iife", "esm"] as const) {
    it(`PK-03 (${format}) reports its deadlock, and exits with 13`, () => {
      const { status, stderr } = outcome({ format, minify: true });
      expect(stderr).to.match(/all tasks are asleep[^]* blocked in receive on channel "letters"/);
      expect(stderr).to.not.match(/TypeError|out\.[cm]js/);
      expect(status).to.equal(13);
    });

    it(`PK-03 (${format}) names its places by its source map`, () => {
      const { status, stderr } = outcome({ format, sourcemap: true }, "--enable-source-maps");
      expect(stderr).to.match(/"reader" blocked in receive on channel "letters"\n +at reader \(.*program\.mjs:4:\d+\)/);
      expect(status).to.equal(13);
    });
  }

  it("PK-03 no module asks where it is, or makes a URL, by which bundlers look for files", () => {
    const files = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const code = (name: string): string => readFileSync(join(root, "src", name), "utf8").replaceAll(/^ *(\/\/|\*|\/\*).*$/gm, "");
    expect(files.filter((name) => /import\.meta|new URL\(|__dirname|__filename/.test(code(name)))).to.deep.equal([]);
  });
});
