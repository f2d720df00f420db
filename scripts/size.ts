/**
 * What the library adds to a bundle: minified by esbuild, then gzipped, per import. Run it with `npx tsx scripts/size.ts`.
 */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** Bytes of a program that uses these names of the library and nothing else. */
export const sizeOf = (names: string): number => sizeOfProgram(`export { ${names} } from "./index.ts";`);

/** Bytes that an import path, or some names of it, adds to all of `rendezvous`. */
export function sizeBeyondCore(entry: string, what = "*"): number {
  const core = 'export * from "./index.ts";';
  return sizeOfProgram(`${core} export ${what} from "./${entry}/index.ts";`) - sizeOfProgram(core);
}

function sizeOfProgram(contents: string): number {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: source, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

/** Imports that go together. */
export const imports: Readonly<Record<string, string>> = {
  "chan": "chan",
  "chan, select, sleeping": "chan, select, sleeping",
  "chan, go, select, sleep": "chan, go, select, sleep",
  "chan, go, scope, gather, select, sleep, sleeping": "chan, go, scope, gather, select, sleep, sleeping",
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, names] of Object.entries(imports)) console.log(`${sizeOf(names)} bytes: ${name}`);
  console.log(`${sizeBeyondCore("flow", "{ flow }")} bytes beyond all of rendezvous: flow`);
  for (const entry of ["flow", "sync"]) console.log(`${sizeBeyondCore(entry)} bytes beyond all of rendezvous: rendezvous/${entry}`);
  const locks = "{ semaphore, rateLimiter, singleflight, retry, pool, byPriority }";
  console.log(`${sizeBeyondCore("sync", locks)} bytes of these: rendezvous/sync without cell, whose changes are a flow`);
}
