/**
 * Places in the program, read out of stacks.
 */
const noted = new WeakMap<object, { stack?: string }>();

/** Note where the running code is, for this object. */
export function noteSiteOf(of: object): void {
  const holder: { stack?: string } = {};
  (Error as { captureStackTrace?: (holder: object) => void }).captureStackTrace?.(holder);
  noted.set(of, holder);
}

/** The first place outside of the library where something was started or waits, if it was noted: `at reader (file:line:column)`. */
export function siteOf(object: object): string | undefined {
  // The library as it is built, and its sources, to which source maps lead.
  const folders = ["dist/", "src/"].map((folder) => new URL(`../../${folder}`, import.meta.url));
  const isOwn = (line: string): boolean => folders.some(({ href, pathname }) => line.includes(href) || line.includes(pathname));
  return noted.get(object)?.stack
    ?.split("\n")
    .map((line) => line.trim())
    .find((line) => /^at .*:\d+:\d+\)?$/.test(line) && !isOwn(line) && !line.includes("node:internal"));
}
