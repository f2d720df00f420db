/**
 * Chromium and Firefox: a bundle of the library, as a browser would load it, in a page and in a module worker of the page.
 * A server on the loopback hands the page out;
 * the page posts a line for each thing it has run.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { failureOf, run } from "./child.ts";
import { leftOut } from "./left-out.ts";
import type { Row } from "./row.ts";

interface Browser {
  name: string;
  /** What its program is called. */
  programs: readonly string[];
  options: (profile: string, url: string) => string[];
}

const browsers: readonly Browser[] = [
  {
    name: "Chromium",
    programs: ["chromium", "chromium-browser", "google-chrome"],
    options: (profile, url) => ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", `--user-data-dir=${profile}`, url],
  },
  { name: "Firefox", programs: ["firefox-esr", "firefox"], options: (profile, url) => ["--headless", "--no-remote", "--profile", profile, url] },
];

export const browserNames: readonly string[] = browsers.map(({ name }) => name);

/** The program of a browser, if it is here. */
export function browserProgram(name: string): string | undefined {
  const browser = browsers.find((one) => one.name === name);
  return browser && programOf(browser);
}

function programOf({ programs }: Browser): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return programs.flatMap((program) => folders.map((folder) => join(folder, program))).find((path) => existsSync(path));
}

/** What the page has run, and what came of it. */
interface Told { what: string; title: string; error?: string }

const whats = {
  page: "checks in a page (RT-07, FA-19)",
  worker: "checks in a module worker (RT-07, FA-19)",
  examples: "examples 13, 15, 17 and others end in a page (FA-19)",
  specs: "specs of core, laws, talk",
};

const checking = (what: string): string => `
import { checks } from "./spec/browser/checks.ts";
import { post } from "post";
for (const [title, check] of Object.entries(checks)) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("it does not end")), 30_000));
  let error;
  await Promise.race([check(), late]).catch((reason) => { error = String(reason?.stack ?? reason); });
  await post({ what: ${JSON.stringify(what)}, title, error });
}
await post("${what}");
`;

/** Each example is a module that prints; its output is compared with its last comment. */
const showing = (names: readonly string[]): string => `
import { post } from "post";
const { log } = console;
const examples = { ${names.map((name) => `${JSON.stringify(name)}: () => import("./examples/${name}")`).join(", ")} };
for (const [title, load] of Object.entries(examples)) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("it does not end")), 30_000));
  let error;
  await Promise.race([load(), late]).catch((reason) => { error = String(reason?.stack ?? reason); });
  await post({ what: ${JSON.stringify(whats.examples)}, title, error });
}
await post(${JSON.stringify(whats.examples)});
`;

/** The specs, with mocha's build for browsers, which is a script of its own. */
const specifying = (files: readonly string[], leave: readonly string[]): string => `
import { post } from "post";
mocha.setup({ ui: "bdd", timeout: 20_000, reporter: class {} });
await Promise.all([${files.map((file) => `import("./${file}")`).join(", ")}]);
const leave = ${JSON.stringify(leave)};
const out = (test) => leave.some((title) => test.fullTitle().includes(title));
(function prune(suite) { suite.tests = suite.tests.filter((test) => !out(test)); suite.suites.forEach(prune); })(mocha.suite);
const posts = [];
const runner = mocha.run(() => Promise.all(posts).then(() => post(${JSON.stringify(whats.specs)})));
runner.on("pass", (test) => posts.push(post({ what: ${JSON.stringify(whats.specs)}, title: test.fullTitle() })));
runner.on("fail", (test, error) => posts.push(post({ what: ${JSON.stringify(whats.specs)}, title: test.fullTitle(), error: String(error?.stack ?? error) })));
`;

/** Examples that use nothing of Node. */
function exampleNames(out: ReadonlySet<string>): string[] {
  return readdirSync("examples").filter((name) => name.endsWith(".ts") && !out.has(`example ${name}`));
}

/** The specs that need nothing of Node before they begin. */
const specFiles = [
  ...["chain", "choice", "line", "queue", "random"].map((name) => `unit/core/${name}`), "laws/laws", "laws/operations", "unit/talk/calls", "unit/talk/coroutine",
].map((name) => `spec/${name}.spec.ts`);

/** What specs import of Node is not there: it fails when it is used. And they take the entry of browsers. */
const withoutNode: Plugin = {
  name: "without-node",
  setup(bundle) {
    bundle.onResolve({ filter: /^(node:.*|fs|os|path|url|child_process|worker_threads|esbuild)$/ }, ({ path }) => ({ path, namespace: "none" }));
    bundle.onLoad({ filter: /.*/, namespace: "none" }, ({ path }) => ({
      contents: `const none = () => { if (globalThis.loaded) throw new Error("no ${path} in a browser"); return ""; };
        module.exports = Object.create(new Proxy({}, { get: (_, name) => (name === "__esModule" ? true : none) }));`, // esbuild copies its own properties, and keeps its prototype
      loader: "js",
    }));
    bundle.onResolve({ filter: /\/src\/node\.ts$/ }, ({ resolveDir }) => ({ path: join(resolveDir.slice(0, resolveDir.indexOf("spec")), "src/index.ts") }));
  },
};

const posting: Plugin = {
  name: "posting",
  setup(bundle) {
    bundle.onResolve({ filter: /^post$/ }, ({ path }) => ({ path, namespace: "post" }));
    bundle.onLoad({ filter: /.*/, namespace: "post" }, () => ({
      contents: `export const post = (told) => fetch("/told", { method: "POST", body: JSON.stringify(told) });`,
      loader: "js",
    }));
  },
};

async function bundled(contents: string, plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
    bundle: true, platform: "browser", format: "esm", target: "es2022", write: false, logLevel: "silent", plugins: [posting, ...plugins],
    define: { "process.env": "{}" },
  });
  return outputFiles[0]?.text ?? "";
}

// The specs wait by immediates, and listen to a process; the checks go without.
const standIns = `
globalThis.process = { env: {}, on() {}, off() {}, listeners: () => [], removeAllListeners() {} };
globalThis.setImmediate = (callback) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); callback(); };
  port2.postMessage(0);
};`;

const page = `<!doctype html><meta charset="utf-8"><title>rendezvous</title><body>
<script src="/mocha.js"></script>
<script type="module">
addEventListener("error", (event) => { fetch("/told", { method: "POST", body: JSON.stringify({ what: "page", title: "the page itself", error: String(event.message) }) }); });
new Worker("/worker.js", { type: "module" });
await import("/page.js");
await import("/examples.js");
${standIns}
await import("/specs.js");
</script>`;

const ends = [whats.page, whats.worker, whats.examples, whats.specs];

/** The jobs that run it all, one for each browser. */
export function inBrowsers(): (() => Promise<Row[]>)[] {
  return browsers.map((browser) => async () => {
    const program = programOf(browser);
    if (program === undefined) return [{ what: "the browser itself", where: browser.name, outcome: "not run", detail: `no ${browser.programs.join(", ")} here` }];
    const out = leftOut(browser.name);
    const names = new Set([...out.titles, ...out.files, ...out.examples]);
    const files: Readonly<Record<string, string>> = {
      "/": page,
      "/page.js": await bundled(checking(whats.page)),
      "/worker.js": await bundled(checking(whats.worker)),
      "/examples.js": await bundled(showing(exampleNames(names))),
      "/specs.js": await bundled(`${specifying(specFiles, out.titles)}globalThis.loaded = true;`, [withoutNode]),
      "/mocha.js": (await build({ entryPoints: ["node_modules/mocha/mocha.js"], write: false, logLevel: "silent" })).outputFiles[0]?.text ?? "",
    };
    const told: Told[] = [];
    const left = new Set(ends);
    const over = new AbortController();
    const server = createServer((request, response) => {
      if (request.method === "POST") {
        let text = "";
        request.on("data", (chunk: Buffer) => { text += chunk.toString(); });
        request.on("end", () => {
          const one = JSON.parse(text) as Told | string;
          if (typeof one !== "string") told.push(one);
          else if (left.delete(one) && left.size === 0) over.abort();
          response.end();
        });
        return;
      }
      const file = files[request.url ?? ""];
      response.writeHead(file === undefined ? 404 : 200, { "Content-Type": request.url === "/" ? "text/html" : "text/javascript" }).end(file);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const profile = mkdtempSync(join(tmpdir(), "runtimes-browser-"));
    writeFileSync(join(profile, "prefs.js"), 'user_pref("browser.shell.checkDefaultBrowser", false);\nuser_pref("datareporting.policy.dataSubmissionEnabled", false);\n');
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const outcome = await run(program, browser.options(profile, url), { folder: process.cwd(), seconds: 200, until: over.signal, env: { HOME: profile } });
      const { output, errors } = outcome;
      for (const what of left) told.push({ what, title: "to come to the end", error: `it did not: ${failureOf({ ...outcome, output: withoutNoise(output), errors: withoutNoise(errors) })}` });
      return [...new Set([...ends, ...told.map(({ what }) => what)])].map((what) => rowOf(what, browser.name, told.filter((one) => one.what === what)));
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

/** Without what Chromium misses of a desktop. */
const withoutNoise = (text: string): string => text.split("\n").filter((line) => !/dbus|DBus|GFX1|headless mode/.test(line)).join("\n");

function rowOf(what: string, where: string, told: readonly Told[]): Row {
  const failures = told.filter(({ error }) => error !== undefined);
  const row = { what, where, passed: told.length - failures.length, failed: failures.length };
  if (failures.length === 0) return { ...row, outcome: "passed" };
  return { ...row, outcome: "failed", detail: failures.map(({ title, error }) => `${title}\n${(error ?? "").replace(/^/gm, "  ")}`).join("\n") };
}
