/**
 * What an import adds to a bundle: bundled and minified by esbuild, then gzipped. First what a program with channels, tasks,
 * a select and a time limit takes, as far as the library has them, then everything.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL("..", import.meta.url));

async function size(contents) {
  const { build } = createRequire(new URL("../../package.json", import.meta.url))("esbuild");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    logLevel: "silent",
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const common = { unit: "bytes, gzipped", kind: "once", needs: ["imports"], exact: true };

/** @type {import("../interface.mjs").Workload[]} */
export default [
  {
    ...common,
    name: "size-typical",
    title: "import of channels, tasks, select, sleep",
    figure: ({ imports: { from, typical } }) => size(`export { ${typical} } from "${from}";`),
  },
  {
    ...common,
    name: "size-everything",
    title: "import of everything",
    figure: ({ imports: { from } }) => size(`export * from "${from}"; export { default } from "${from}";`)
      .catch(() => size(`export * from "${from}";`)),
  },
];
