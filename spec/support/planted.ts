/**
 * A copy of the library with a fault in it, to see that the fault is found.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { alone } from "./fresh.ts";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** All of the library that a program under exploration needs. */
export type Whole = typeof import("../../src/node.ts") & typeof import("../../src/sync/index.ts") & typeof import("../../src/testing/index.ts");

/** In this file of the source, `instead` stands in place of `code`. */
export interface Fault {
  readonly file: string;
  readonly code: string;
  readonly instead: string;
}

/** The library with a fault, or, without one, as it is: a copy in any case. */
export async function copyWith(fault?: Fault): Promise<Whole> {
  const planting: Plugin = {
    name: "planting",
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        if (path !== `${source}${fault?.file ?? ""}` || !fault) return { contents: text, loader: "ts" };
        if (text.split(fault.code).length !== 2) throw new Error(`${fault.file} does not have this once: ${fault.code}`);
        return { contents: text.replace(fault.code, () => fault.instead), loader: "ts" };
      });
    },
  };
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "./node.ts"; export * from "./sync/index.ts"; export * from "./testing/index.ts";', resolveDir: source, loader: "ts" },
    plugins: [planting], bundle: true, format: "esm", platform: "node", target: "es2022", write: false,
  });
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  try {
    const file = join(folder, "copy.mjs");
    writeFileSync(file, outputFiles[0]?.text ?? "");
    return await alone(() => import(pathToFileURL(file).href) as Promise<Whole>);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
