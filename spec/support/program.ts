/**
 * Programs in a process of their own that run to their end, from a file, so that they have places.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fileArguments } from "./runtime.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Run a program (the text of a module), not bundled, in a process of its own; it imports the built package by its name. One that does not end
 * by itself has the code `null`.
 */
export function program(
  text: string,
  environment: Record<string, string> = {},
  options: string[] = [],
): { code: number | null; errors: string; output: string } {
  mkdirSync(`${root}docs-out`, { recursive: true });
  const folder = mkdtempSync(`${root}docs-out/program-`);
  try {
    const file = `${folder}/program.mjs`;
    writeFileSync(file, text);
    const env = { ...process.env, RENDEZVOUS_DEBUG: "", ...environment };
    const { status, stdout, stderr } = spawnSync(process.execPath, fileArguments(file, ...options), { encoding: "utf8", env, timeout: 30_000 });
    return { code: status, output: stdout, errors: stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
