/**
 * What a program has open: tickers, listeners, connections. For reports of what nobody has ended.
 *
 * Noted only while somebody asks (debugging, leak checks): otherwise nobody pays for it, and what is dropped unended can be collected. Whoever
 * ends leaves.
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

/** Have what is opened from here on be noted, each with the place that `note` takes; until the function that is returned is called. */
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

/** Something is open from here on, of this name; asked for by `by`, or here and now. */
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
