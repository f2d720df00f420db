/** How the runtime that runs the specs runs a module in a process of its own. */
const inDeno = "Deno" in globalThis;
const denos = ["-A", "--quiet", "--no-lock", "--node-modules-dir=manual", "--no-check"];

/** Its arguments for a module given as a text. */
export function textArguments(text: string): string[] {
  return inDeno ? ["eval", ...denos.slice(1, -1), text] : ["--input-type=module", "--eval", text];
}

/** Its arguments for a module that comes by standard input. */
export function inputArguments(): string[] {
  return inDeno ? ["run", ...denos, "-"] : ["--input-type=module", "-"];
}

/** Its arguments for a file of JavaScript; the `options` are Node's own. */
export function fileArguments(file: string, ...options: string[]): string[] {
  return inDeno ? ["run", ...denos, file] : [...options, file];
}

/** Its arguments for a program in TypeScript of the specs, with `gc()` exposed. */
export function programArguments(file: string, ...args: string[]): string[] {
  if (inDeno) return ["run", ...denos, "--v8-flags=--expose-gc", file, ...args];
  return "Bun" in globalThis ? ["--expose-gc", file, ...args] : ["--expose-gc", "--disable-warning=DEP0205", "--import", "./scripts/typescript.js", file, ...args];
}
