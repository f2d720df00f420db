/**
 * The signals that the library hands out: of a scope, of an attempt, of a call. Any number may listen to one.
 *
 * Node takes more than ten listeners at one target for a leak, and warns; a scope with a hundred fetches is none. Where the platform can be told otherwise,
 * its entry module (`node.ts`) provides how.
 */
let unlimited: ((signal: AbortSignal) => void) | undefined;

/** Provide what tells the platform that a signal may have any number of listeners. */
export function provideUnlimited(provided: (signal: AbortSignal) => void): void {
  unlimited = provided;
}

/** A controller whose signal is handed out. */
export function handedOut(): AbortController {
  const controller = new AbortController();
  unlimited?.(controller.signal);
  return controller;
}
