/**
 * What a program has open: tickers, listeners, connections. For reports of what was never ended.
 *
 * Noted only in debug mode and during leak checks. Otherwise it costs nothing, and what is dropped unended can be
 * collected. What ends is no longer noted.
 *
 * Idea: Node's `process.getActiveResourcesInfo`, with names and places.
 */

/** Something open: what reports call it, and for what it is known where it was asked for. */
export interface Opened {
  readonly name: string;
  readonly by: object;
}

let note: ((by: object) => void) | undefined;
const opened = new Map<object, Opened>();

/** Note everything that is opened until the returned function is called, each with the place that `note` takes. */
export function noteResources(place: (by: object) => void): () => void {
  note = place;
  return () => {
    note = undefined;
    opened.clear();
  };
}

/** The running code asks for something to be opened: this is its place. Whether it was noted. */
export function asksFor(by: object): boolean {
  note?.(by);
  return note !== undefined;
}

/** Something of this name has been opened, for `by`, or for the code that runs now. */
export function hasOpened(resource: object, name: string, by?: object): void {
  if (!note) return;
  if (!by) note(resource);
  opened.set(resource, { name, by: by ?? resource });
}

/** It has ended, or is about to. */
export function hasClosed(resource: object): void {
  if (opened.size > 0) opened.delete(resource);
}

/** All that is open, as far as it was noted. */
export function allOpen(): ReadonlyMap<object, Opened> {
  return opened;
}
