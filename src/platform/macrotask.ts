/**
 * Macrotasks: a callback that runs once the event loop has turned.
 *
 * The platform's functions are captured when this file is imported, so that no fake clock holds back a turn.
 */
interface Timers {
  setTimeout: (callback: () => void, ms: number) => unknown;
  clearTimeout: (timer: unknown) => void;
  setImmediate: (callback: () => void) => unknown;
}

/** The platform's function of this name, unless a fake clock (each marks its own; Bun's, the platform's very function) stands in for it. */
export function real<Name extends keyof Timers>(name: Name): Timers[Name] | undefined {
  const own = (globalThis as Partial<Timers>)[name];
  return own && !("clock" in own) ? own : undefined;
}

// If this file is imported while a fake clock is installed, the real functions are taken as soon as they are back.
export let realTimeout: Timers["setTimeout"] | undefined = real("setTimeout");
export let realImmediate: Timers["setImmediate"] | undefined = real("setImmediate");
const Ports = globalThis.MessageChannel;
interface Port { onmessage: () => void; postMessage(message: undefined): void; close(): void }
/** Milliseconds of a clock that cannot be set. */
export const now: () => number = performance.now.bind(performance);

/** False while a fake clock stands in for the platform's timers. */
export function timersAreReal(): boolean {
  const present = real("setTimeout");
  realTimeout ??= present;
  return present !== undefined && present === realTimeout;
}

let rest: ((callback: () => void) => boolean) | undefined;

/** Provide how a callback runs once the event loop has come to rest; the result is false while that is not due. */
export function provideRest(provided: (callback: () => void) => boolean): void {
  rest = provided;
}

/** Run a callback once the event loop has turned: timers and I/O get their chance before. */
export function afterTurn(callback: () => void): void {
  if (!rest?.(callback)) macrotask(callback);
}

/** Run a callback in a macrotask. */
export function macrotask(callback: () => void): void {
  realImmediate ??= real("setImmediate");
  if (realImmediate) {
    realImmediate(callback);
    return;
  }
  // Nothing fakes a message port, and a closed one does not keep the process alive. Node's types do not know `onmessage`.
  const { port1, port2 } = new Ports() as unknown as Record<"port1" | "port2", Port>;
  port1.onmessage = (): void => {
    port1.close();
    callback();
  };
  port2.postMessage(undefined);
}
