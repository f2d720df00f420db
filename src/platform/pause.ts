/**
 * A pause that nothing hangs on: a wait at a cell of memory, which ends by a timer of the engine's own.
 *
 * It keeps no process alive, is faked by no clock, and lets the event loop come to rest meanwhile.
 */
type WaitAsync = (cell: Int32Array, index: number, value: number, ms: number) => { readonly value: PromiseLike<unknown> };
const { waitAsync } = Atomics as { readonly waitAsync?: WaitAsync }; // younger than the version of the language that is compiled for

let cell: Int32Array | undefined;

/** Ends after so many milliseconds, or a little more; nothing, where the platform has no such pause. */
export function pause(ms: number): PromiseLike<unknown> | undefined {
  if (!waitAsync || !("SharedArrayBuffer" in globalThis)) return undefined;
  cell ??= new Int32Array(new SharedArrayBuffer(4));
  return waitAsync(cell, 0, 0, ms).value;
}
