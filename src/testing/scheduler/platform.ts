/**
 * The platform's own primitives, taken before any fake clock is installed: those of Node, Bun and Deno, or else those of browsers.
 */
import { pause } from "../../platform/pause.ts";

type Later = (then: () => void) => void;

interface Process {
  nextTick(then: () => void): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  rawListeners(event: string): ((...args: never[]) => void)[];
  removeAllListeners(event: string): unknown;
}

interface Rejection extends Event {
  readonly promise: Promise<unknown>;
  readonly reason: unknown;
}

/** What is needed of the global object. A bundler's stand-in for `process` has no `rawListeners`. */
interface Platform {
  process?: Partial<Process>;
  setImmediate?: Later;
  addEventListener?(type: string, listener: (event: Rejection) => void, options: { capture: true }): void;
}

const platform = globalThis as unknown as Platform;
const { setTimeout, clearTimeout, MessageChannel } = globalThis;
const { setImmediate } = platform;
const node = typeof platform.process?.rawListeners === "function" && setImmediate ? (platform.process as Process) : undefined;
const settled = Promise.resolve();
const longest = 2 ** 31 - 1;

/**
 * Call back once all promise jobs that are queued, and all that they queue, have run. Exact on Node, which runs ticks only when its
 * queue of promise jobs is empty; and where a message is a task of its own.
 */
export const whenQuiet: Later = node ? byTick(node.nextTick.bind(node)) : byMessage();

/** A turn of the event loop: rejections that nobody has handled by then have been told. */
export const eventLoopTurn: Later = node && setImmediate ? (then) => { setImmediate(then); } : platform.addEventListener ? byRejection : whenQuiet;

function byTick(nextTick: Later): Later {
  return (then) => { void settled.then(() => { nextTick(then); }); };
}

function byMessage(): Later {
  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  (port1 as unknown as { onmessage: () => void }).onmessage = (): void => { waiting.shift()?.(); };
  return (then) => {
    waiting.push(then);
    port2.postMessage(undefined);
  };
}

type Hear = (reason: unknown, promise: Promise<unknown>) => void;
type Forget = (promise: Promise<unknown>) => void;

/** Have rejections that nobody handles, and those that somebody handles after all, be told to these alone; the result undoes it. */
export const takeRejections: (hear: Hear, forget: Forget) => () => void = node ? takeFrom(node) : takeFromPage;

function takeFrom(process: Process): (hear: Hear, forget: Forget) => () => void {
  return (hear, forget) => {
    const listeners = process.rawListeners("unhandledRejection");
    const handled = (first: Promise<unknown>, second = first): void => { forget(second); }; // Deno tells the reason before the promise
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", hear);
    process.on("rejectionHandled", handled);
    return () => {
      process.off("rejectionHandled", handled);
      process.off("unhandledRejection", hear);
      for (const listener of listeners) process.on("unhandledRejection", listener);
    };
  };
}

// -- Rejections in a page or a worker. A capturing listener hears them before those of the page, and what it has heard is not for them.

interface Taken {
  readonly hear: Hear;
  readonly forget: Forget;
}

let taken: Taken | undefined;
const lasts = new Map<Promise<unknown>, () => void>();

function takeFromPage(hear: Hear, forget: Forget): () => void {
  taken = { hear, forget };
  return () => { taken = undefined; };
}

/** Rejections are told in order: so when this last one is told, all before it have been. */
function byRejection(then: () => void): void {
  lasts.set(Promise.reject(new Error("tells that all rejections before it have been told")), then);
}

// As early as possible: some browsers tell the listeners of a page in the order in which they came.
if (!node) {
  on("unhandledrejection", ({ reason, promise }) => {
    const then = lasts.get(promise);
    lasts.delete(promise);
    if (then) then();
    else taken?.hear(reason, promise);
    return then !== undefined || taken !== undefined;
  });
  on("rejectionhandled", ({ promise }) => {
    taken?.forget(promise);
    return taken !== undefined;
  });
}

function on(type: string, hear: (event: Rejection) => boolean): void {
  const listener = (event: Rejection): void => {
    if (!hear(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  platform.addEventListener?.(type, listener, { capture: true });
}

/** Call back after so many milliseconds of real time, at most 2^31 - 1; the result disarms it. */
export function afterRealTime(ms: number, then: () => void): () => void {
  if (ms === Infinity) return () => { /* nothing was armed */ };
  const timer = setTimeout(then, Math.min(ms, longest));
  return () => { clearTimeout(timer); };
}

/** Call back when as much time has passed as the scheduler lets the event loop rest under traffic. Turns keep the process, a pause would not. */
export function whenRested(then: () => void): void {
  let over = false;
  void (pause(0.05) ?? settled).then(() => { over = true; });
  const turn = (): void => {
    if (over) then();
    else eventLoopTurn(turn);
  };
  eventLoopTurn(turn);
}
