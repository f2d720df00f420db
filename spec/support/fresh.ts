/**
 * Copies of the library beside the one that the specs import: what depends on the moment of the import, or on a process of its own.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { inputArguments } from "./runtime.ts";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** The library without and with the async contexts of Node. */
type Entry = "index.ts" | "node.ts";

const bundled = new Map<string, string>();

/** A program that imports "rendezvous", as one text without imports of the library. */
export function bundle(program: string, entry: Entry = "index.ts"): string {
  const key = `${entry} ${program}`;
  const text = bundled.get(key) ?? bundledNow(program, entry);
  bundled.set(key, text);
  return text;
}

function bundledNow(program: string, entry: Entry): string {
  const { outputFiles } = buildSync({
    stdin: { contents: program, resolveDir: source, loader: "ts" },
    alias: { "rendezvous": source + entry },
    bundle: true,
    minifyWhitespace: true, // an argument has at most 128 kB
    format: "esm",
    platform: "node",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** Load a copy that sees no other, and so does not warn of one. */
export async function alone<T>(load: () => Promise<T>): Promise<T> {
  const key = Symbol.for("rendezvous");
  const others: unknown = Reflect.get(globalThis, key);
  Reflect.deleteProperty(globalThis, key);
  try {
    return await load();
  } finally {
    Reflect.set(globalThis, key, others);
  }
}

let copies = 0;

/** Import the library once more, as a copy of its own. `beforeImport` runs right before it is evaluated. */
export async function freshCopy(beforeImport?: () => void, entry?: Entry): Promise<typeof import("../../src/index.ts")> {
  const load = copyOf<typeof import("../../src/index.ts")>('export * from "rendezvous";', entry);
  beforeImport?.();
  return load();
}

/** Import one module of `src` as a copy of its own, with what it imports. */
export async function freshModule<T>(path: string, beforeImport?: () => void): Promise<T> {
  const load = copyOf<T>(`export * from "./${path}";`);
  beforeImport?.();
  return load();
}

/** Import the library once more on Node, with the function that switches its debug mode on. */
export async function debuggableCopy(): Promise<typeof import("../../src/index.ts") & Pick<typeof import("../../src/task/report/debugging.ts"), "debug" | "traceTasks">> {
  return copyOf<Awaited<ReturnType<typeof debuggableCopy>>>('export * from "rendezvous"; export { debug, traceTasks } from "./task/report/debugging.ts";', "node.ts")();
}

/** The same with the means to put a controller in charge of the copy. */
export async function controllableCopy(): Promise<Pick<typeof import("../../src/index.ts"), "chan"> & Pick<typeof import("../../src/core/scheduler.ts"), "control">> {
  return copyOf<Awaited<ReturnType<typeof controllableCopy>>>('export { chan } from "rendezvous"; export { control } from "./core/scheduler.ts";')();
}

/** The same with flows. */
export async function copyWithFlows(): Promise<typeof import("../../src/index.ts") & typeof import("../../src/flow/index.ts")> {
  return copyOf<Awaited<ReturnType<typeof copyWithFlows>>>('export * from "rendezvous"; export * from "./flow/index.ts";')();
}

function copyOf<T>(program: string, entry?: Entry): () => Promise<T> {
  const text = `${bundle(program, entry)}\n// copy ${String(++copies)}`;
  const url = `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
  return () => alone(() => import(url) as Promise<T>);
}

/** Run a program (TypeScript, importing "rendezvous") in a process of its own, to its end. */
export function runProgram(program: string): { code: number | null; output: string; errors: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, inputArguments(), {
    input: bundle(program),
    encoding: "utf8",
  });
  return { code: status, output: stdout, errors: stderr };
}
