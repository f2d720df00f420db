/**
 * Puts what a build has made into its folder.
 *
 * 1. What the build did not make is not there afterwards: a file whose source is gone can be imported by nobody.
 * 2. Whoever reads meanwhile, an example or a second build beside this one, finds each file whole: it is written beside its place and then
 *    renamed, and left alone if nothing has changed.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** A file's place in the folder, with slashes, and its text. */
export type Files = ReadonlyMap<string, string>;

/** Make these files, and no others, the content of the folder. */
export function place(folder: string, files: Files): void {
  for (const [name, text] of files) {
    const path = join(folder, name);
    if (meanwhile(() => readFileSync(path, "utf8")) === text) continue;
    mkdirSync(dirname(path), { recursive: true });
    const beside = `${path}.${process.pid}${unfinished}`;
    writeFileSync(beside, text);
    renameSync(beside, path);
  }
  removeOthers(folder, (path) => files.has(relative(folder, path).replaceAll(sep, "/")) || isBeingWritten(path));
}

/** The end of a name under which a file is being written. */
const unfinished = ".unfinished";

/** Whether another build is about to put it into its place. After a minute that build is no more. */
function isBeingWritten(path: string): boolean {
  return path.endsWith(unfinished) && (meanwhile(() => Date.now() - statSync(path).mtimeMs < 60_000) ?? true);
}

/** Remove every file that is not to be kept, and the folders that are empty then. */
function removeOthers(folder: string, keep: (path: string) => boolean): void {
  for (const entry of meanwhile(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOthers(path, keep);
    else if (!keep(path)) rmSync(path, { force: true });
  }
  if (meanwhile(() => readdirSync(folder))?.length === 0) meanwhile(() => { rmdirSync(folder); });
}

/** The result of `look`, unless the file is not there, or another build is at it. */
function meanwhile<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (["ENOENT", "ENOTEMPTY"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
