/**
 * Where in the program something was started, or waits: for reports, and off unless they are asked for (`debugging.ts`), since a stack
 * costs as much as forty handovers.
 */

import type { Region } from "./region.ts";

/** Note where the running code is, for this object; a later note replaces it. `undefined` while nobody wants to know. */
export let noteSite: ((of: object) => void) | undefined;

/** Told of each region that is cancelled. */
export let noteCancel: ((region: Region) => void) | undefined;

/** Have cancels told from here on. */
export function noteCancels(by: (region: Region) => void): void {
  noteCancel = by;
}

/** Have sites noted from here on. */
export function noteSites(by: (of: object) => void): void {
  noteSite = by;
}
