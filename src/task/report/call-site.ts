/**
 * Places in the program, read from stacks.
 *
 * The library recognises its own frames by the place of this very file, which it reads from a stack, too. So whatever loads it (Node, a bundler, a
 * source map) names this file and the frames in the same way.
 */
const noted = new WeakMap<object, { stack?: unknown }>();

/** Note where the running code is, for this object. */
export function noteSiteOf(of: object): void {
  noted.set(of, captureStack());
}

/**
 * The first place outside of the library where something was started or waits, if it was noted: `at reader (file:line:column)`. If library and
 * program are bundled into one file and no source map tells them apart, there is none.
 */
export function siteOf(object: object): string | undefined {
  const there = noted.get(object);
  return there && siteIn(there);
}

/** The first place outside of the library in a stack. */
function siteIn(there: { stack?: unknown }): string | undefined {
  const [here] = callSitesIn(captureStack());
  if (!here) return undefined;
  const home = homeOf(here.file);
  const isOwn = (file: string): boolean => (home.endsWith("/") ? file.startsWith(home) : file === home);
  return callSitesIn(there).find(({ file }) => !isOwn(file) && !file.startsWith("node:"))?.line;
}

/** The file and the line where something was started or waits, if that was noted: `src/app.ts:12`, from the working directory if it is in that. */
export function lineOf(object: object): string | undefined {
  return lineAt(siteOf(object));
}

/** The file and the line of the program where an error was made. */
export function lineOfError(error: Error): string | undefined {
  return lineAt(siteIn(error));
}

function lineAt(site: string | undefined): string | undefined {
  const [, place = ""] = /([^\s()@][^()@]*:\d+):\d+\)?$/.exec(site ?? "") ?? [];
  const path = place.replace(/^at /, "").replace(/^file:\/\//, "");
  const { process } = globalThis as { process?: { cwd?: () => string } };
  const folder = `${process?.cwd?.() ?? ""}/`;
  return path === "" ? undefined : path.startsWith(folder) ? path.slice(folder.length) : path;
}

/** The library's folder, as it is built and as it is bundled for Node; else this file alone, which a bundler has made. */
function homeOf(file: string): string {
  return /^(.*\/)task\/report\/call-site\.[jt]s$/.exec(file)?.[1] ?? /^(.*\/dist\/bundle\/)shared-[^/]*$/.exec(file)?.[1] ?? file;
}

/** A stack has ten and more frames of the library before the first of the program. */
const frames = 24;

function captureStack(): { stack?: unknown } {
  const holder: { stack?: unknown } = {};
  const errors = Error as { captureStackTrace?: (holder: object) => void; stackTraceLimit?: number };
  const { stackTraceLimit } = errors;
  errors.stackTraceLimit = frames;
  errors.captureStackTrace?.(holder);
  if (stackTraceLimit === undefined) delete errors.stackTraceLimit;
  else errors.stackTraceLimit = stackTraceLimit;
  return holder;
}

interface CallSite {
  /** A path with slashes, without the scheme of a file's URL. */
  file: string;
  line: string;
}

/** V8 and Bun write `at name (file:1:2)` and `at file:1:2`, Firefox and Safari `name@file:1:2`. */
const formats = [/^at (?<name>.*?) \((?<place>.+:\d+:\d+)\)$/, /^at (?<place>.+:\d+:\d+)$/, /^(?<name>[^@]*)@(?<place>.+:\d+:\d+)$/];

function callSitesIn({ stack }: { stack?: unknown }): CallSite[] {
  if (typeof stack !== "string") return []; // the program formats stacks in a way of its own, or the platform gives none
  return stack.split("\n").flatMap((text) => {
    for (const format of formats) {
      const { name, place } = format.exec(text.trim())?.groups ?? {};
      if (place === undefined) continue;
      const file = place.replace(/:\d+:\d+$/, "").replace(/^file:\/\//, "").replaceAll("\\", "/");
      return [{ file, line: name ? `at ${name} (${place})` : `at ${place}` }];
    }
    return [];
  });
}
