/**
 * The library's modules one by one, with their declarations, as the compiler makes them.
 */
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Files } from "./place.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

const host: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => "\n",
};

/** Compile `src`. Throws what the compiler finds. */
export function compile(): Files {
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${root}tsconfig.json`, (name) => ts.sys.readFile(name)).config, ts.sys, root);
  const program = ts.createProgram(fileNames, options);
  const files = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (path, text) => files.set(relative(`${root}dist`, path).replaceAll(sep, "/"), text));
  const found = [...errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length > 0) throw new Error(ts.formatDiagnosticsWithColorAndContext(found, host));
  return files;
}
