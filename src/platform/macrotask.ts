/**
 * Macrotasks: a callback that runs once the event loop has turned.
 *
 * The platform's functions are captured when this file is imported, so that no fake clock holds back a turn.
 */
import { contexts } from "./async-context.ts";
import { pause } from "./pause.ts";

interface Timers {
  setTimeout: (callback: () => void, ms: number) => unknown;
  clearTimeout: (timer: unknown) => void;
  setImmediate: (callback: () => void) => unknown;
}

/** The platform's function of this name, unless a fake clock (each marks its own; Bun's, the platform's very function) stands in for it. */
function real<Name extends keyof Timers>(name: Name): Timers[Name] | undefined {
  const own = (globalThis as Partial<Timers>)[name];
  return own && !("clock" in own) ? own : undefined;
}

// Imported while a fake clock was installed, the real ones are taken as soon as they are back.
let realTimeout = real("setTimeout");
let realImmediate = real("setImmediate");
let realClear = real("clearTimeout");
const Ports = globalThis.MessageChannel;
interface Port { onmessage: () => void; postMessage(message: undefined): void; close(): void }
/** Milliseconds of a clock that nobody sets. */
export const now: () => number = performance.now.bind(performance);

/** False while a fake clock stands in for the platform's timers. */
export function timersAreReal(): boolean {
  const present = real("setTimeout");
  realTimeout ??= present;
  return present !== undefined && present === realTimeout;
}

/** Run a callback once the event loop has turned: timers and I/O get their chance before. */
export function afterTurn(callback: () => void): void {
  if (!comeToRest(callback)) macrotask(callback);
}

/** Run a callback in a macrotask. */
export function macrotask(callback: () => void): void {
  realImmediate ??= real("setImmediate");
  if (realImmediate) {
    realImmediate(callback);
    return;
  }
  // Nothing fakes a message port; closed, it does not keep the process. Node's types do not know `onmessage`.
  const { port1, port2 } = new Ports() as unknown as Record<"port1" | "port2", Port>;
  port1.onmessage = (): void => {
    port1.close();
    callback();
  };
  port2.postMessage(undefined);
}

// An immediate keeps an event loop busy, and there are loops (Deno's) that look at sockets only now and then while they are: an echo took 300 ms under
// traffic. So now and then all wait until the loop has come to rest, for a moment: for a pause, which takes 0.1 ms on Node and Bun, as an immediate does
// there, and 1.2 on Deno. A timer takes 1 to 2 ms everywhere, but keeps the process.

const msPerRest = 25;
let restedAt = now();
let resting: (() => void)[] | undefined;

/** Run a callback once the event loop has come to rest. False: that is not due, or cannot be had. */
function comeToRest(callback: () => void): boolean {
  if (!resting && now() - restedAt >= msPerRest) {
    if (contexts) contexts.outermost.runInAsyncScope(rest);
    else rest();
  }
  resting?.push(callback);
  return resting !== undefined;
}

/** Begin a rest. Deno tells the end of a pause dozens of turns late: by then it holds none of those who waited, nor the context of one. */
function rest(): void {
  const paused = realImmediate && realTimeout && pause(0.01);
  if (!paused) return;
  const waiting: (() => void)[] = (resting = []);
  const rested = (): void => {
    if (resting !== waiting) return;
    resting = undefined;
    restedAt = now();
    realClear?.(timer);
    for (const proceed of waiting.splice(0)) macrotask(proceed); // whoever asked for an immediate before comes before
  };
  realClear ??= real("clearTimeout");
  const timer = realTimeout?.(rested, 1);
  void paused.then(rested);
}
