/**
 * A copy of the library with a fault in it, to see that the fault is found.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
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
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  try {
    const copied = join(folder, "src");
    cpSync(source, copied, { recursive: true });
    if (fault) plant(join(copied, fault.file), fault);
    // Not `build` with a plugin: it leaves a process that says each second that it is there, which a fake clock of a later spec counts as a job.
    const { outputFiles } = buildSync({
      stdin: { contents: 'export * from "./node.ts"; export * from "./sync/index.ts"; export * from "./testing/index.ts";', resolveDir: copied, loader: "ts" },
      bundle: true, format: "esm", platform: "node", target: "es2022", write: false,
    });
    const file = join(folder, "copy.mjs");
    writeFileSync(file, outputFiles[0]?.text ?? "");
    return await alone(() => import(pathToFileURL(file).href) as Promise<Whole>);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function plant(path: string, { file, code, instead }: Fault): void {
  const text = readFileSync(path, "utf8");
  if (text.split(code).length !== 2) throw new Error(`${file} does not have this once: ${code}`);
  writeFileSync(path, text.replace(code, () => instead));
}
