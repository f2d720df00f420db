/**
 * Runs TypeScript: `node --import ./scripts/typescript.js FILE`, `mocha --import ./scripts/typescript.js`.
 *
 * As `tsx` does it, but for one thing: `tsx` has esbuild keep the names of functions, which takes a call for each closure that is made, and
 * the library's specs make them by the million. Measured: 1,200,000 selects of a spec in 2.0 s instead of 5.3 s, all specs of channels in 60 % of the time.
 */
import { transform } from "esbuild";
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  register(import.meta.url);
  process.setSourceMapsEnabled(true);
  // So that mocha imports the specs: the hook does not see required modules.
  Object.defineProperty(process.features, "require_module", { value: false });
}

/** Node's hook for loading a module. */
export async function load(url, context, next) {
  if (!/^file:.*\.ts(\?|$)/.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const options = { loader: "ts", format: "esm", target: "node20", sourcefile: path, sourcemap: "inline", sourcesContent: false };
  const { code } = await transform(await readFile(path, "utf8"), options);
  return { format: "module", source: code, shortCircuit: true };
}
