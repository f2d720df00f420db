/**
 * Rests of the event loop, on platforms with immediates (Node, Bun, Deno), whose entry modules import this.
 *
 * An immediate keeps an event loop busy, and there are loops (Deno's) that look at sockets only now and then while they are: an echo took 300 ms under
 * traffic. So now and then all wait until the loop has come to rest, for a moment: for a pause, which takes 0.1 ms on Node and Bun, as an immediate does
 * there, and 1.2 on Deno. A timer takes 1 to 2 ms everywhere, but keeps the process alive.
 */
import { contexts } from "./async-context.ts";
import { macrotask, now, provideRest, real, realImmediate, realTimeout } from "./macrotask.ts";
import { pause } from "./pause.ts";

const msPerRest = 25;
let realClear = real("clearTimeout");
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

/** Begin a rest. Deno reports the end of a pause dozens of turns late: so the pause holds neither the callbacks that wait nor the context of one. */
function rest(): void {
  const paused = realImmediate && realTimeout && pause(0.01);
  if (!paused) return;
  const waiting: (() => void)[] = (resting = []);
  const rested = (): void => {
    if (resting !== waiting) return;
    resting = undefined;
    restedAt = now();
    realClear?.(timer);
    for (const proceed of waiting.splice(0)) macrotask(proceed); // code that asked for an immediate earlier goes first
  };
  realClear ??= real("clearTimeout");
  const timer = realTimeout?.(rested, 1);
  void paused.then(rested);
}

provideRest(comeToRest);
