/** The checks for pages and workers, on Node, and in what a browser would load, without anything of Node. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { buildSync } from "esbuild";
import { checks } from "./checks.ts";

const here = fileURLToPath(new URL("./", import.meta.url));

/** A minimal page: nothing of Node, and rejections are reported by events, in a turn of their own. Prints the checks that fail. */
const page = `
const { process, console, setImmediate } = globalThis;
for (const name of ["process", "setImmediate", "clearImmediate", "Buffer", "global", "require", "module"]) delete globalThis[name];
const events = new EventTarget();
globalThis.addEventListener = events.addEventListener.bind(events);
const tell = (type, reason, promise) => events.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), { reason, promise }));
process.on("unhandledRejection", (reason, promise) => {
  setImmediate(() => { if (tell("unhandledrejection", reason, promise)) console.log("unhandled", reason); });
});
process.on("rejectionHandled", (promise) => { setImmediate(() => { tell("rejectionhandled", undefined, promise); }); });
const { checks } = await import("./checks.ts");
for (const [name, check] of Object.entries(checks)) {
  const late = setTimeout(() => { console.log(name, "does not end"); process.exit(); }, 30_000);
  await check().catch((error) => { console.log(name, error); });
  clearTimeout(late);
}
process.exit();
`;

describe("what holds in pages and workers", () => {
  for (const [name, check] of Object.entries(checks)) it(`RT-07 ${name}`, check);

  it("RT-07 a bundle for browsers of rendezvous and rendezvous/testing has nothing of Node", () => {
    const { metafile } = buildSync({
      entryPoints: [`${here}checks.ts`], bundle: true, platform: "browser", format: "esm", write: false, metafile: true, logLevel: "silent",
    });
    const inputs = Object.keys(metafile.inputs).filter((file) => file.includes("dist/"));
    expect(inputs.filter((file) => file.includes("bundle/") || file.includes("/net/") || file.includes("node.js"))).to.deep.equal([]);
    expect(inputs.some((file) => file.endsWith("dist/testing/explore/explore.js"))).to.equal(true);
    expect(Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external))).to.deep.equal([]);
  });

  it("RT-07 RT-01 FA-19 all of it holds in what a browser loads, where there is nothing of Node", () => {
    const { outputFiles } = buildSync({
      stdin: { contents: page, resolveDir: here, loader: "ts" }, bundle: true, platform: "browser", format: "esm", target: "es2022", write: false,
    });
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-"], { input: outputFiles[0]?.text ?? "", encoding: "utf8", timeout: 60_000 });
    expect([stdout, stderr]).to.deep.equal(["", ""]);
  });
});
