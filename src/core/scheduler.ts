/**
 * Turns: who goes on, and when. Everything that waited is resumed through this file.
 *
 * 1. Resuming never runs the resumed code in the resumer's stack: a promise is resolved, or a job joins the run queue.
 * 2. Wake-ups keep their order, across promises and jobs alike. Jobs queued in a row share one microtask; a promise
 *    resolved in between ends the row, and the next job begins another:
 *
 *        job a, job b, resolve p, job c     =>     microtasks: [a b] [p's continuation] [c]
 *
 * 3. After a budget of wake-ups, or of time, without the event loop having turned, the next ones are held back until a
 *    macrotask: whoever only talks to each other starves no timer and no socket. Off while a fake clock is installed.
 * 4. One seam: a controller, absent in production, gets every wake-up, start, choice and timer instead.
 *
 * The primitives in this file, and those of its pause and of chance, are the only ones of the core that are captured at import.
 */
import { contexts } from "../platform/async-context.ts";
import { pause } from "../platform/pause.ts";
import { below } from "../platform/random.ts";
import { Queue } from "./queue.ts";

/** Something to run in a turn of its own. */
export interface Job {
  /** It is called in nobody's async context. */
  run(): void;
}

/** Who decides instead of the scheduler: the seam on which the testing module is built. */
export interface Controller {
  /**
   * A task starts, or something that waited goes on, whenever `proceed` is called. `who` it is: a waiter, a job, a task; nobody is
   * given where the running code itself goes on, with what was ready. `begins`: a body starts, of this task or
   * scope, and has to do so in the present async context. The result `true`: as in production, at once, and `proceed` is not kept.
   */
  resume(proceed: () => void, who?: object, begins?: boolean): boolean;
  /** The running code would like to go on once everybody else has; without this it is resumed as any other. */
  turn?(proceed: () => void): void;
  /** Whether the running code goes on as in production with what was ready, without being resumed. */
  runsOn?(): boolean;
  /** Which of the `left` cases that were not polled yet is polled next: a whole number from 0 up to, and without, `left`. `cases`: all; each polling has its own. */
  choose(left: number, cases: readonly unknown[]): number;
  /** A timer: call `fire` after `ms`; the result disarms it. */
  arm(ms: number, fire: () => void): () => void;
  /** The running code begins to wait, as this waiter, for an operation, or in a line. */
  wait?(waiter: object, where: object): void;
  /** The running code looks at, or changes, what others may change too: a channel, a line, a task. */
  touch?(what: object, verb?: string): void;
}

export let controller: Controller | undefined;

/** Put a controller in charge, or none. */
export function control(by: Controller | undefined): void {
  controller = by;
  budget.slice = 0;
}

/** One of `left` cases: the controller's choice, else a random one. */
export function pick(left: number, cases: readonly unknown[]): number {
  return controller ? controller.choose(left, cases) : below(left);
}

/** Tell the controller, if there is one, that the running code begins to wait. */
export function tellWait(waiter: object, where: object): void {
  if (controller !== undefined) controller.wait?.(waiter, where);
}

/** Tell the controller, if there is one, what the running code looks at or changes. */
export function touch(what: object, verb?: string): void {
  if (controller !== undefined) controller.touch?.(what, verb);
}

// -- The budget ------------------------------------------------------------------------------------------------------
// `slice` wake-ups are free; then the count and the clock are looked at. Twice: that the last look is long ago says nothing, since the event
// loop may have turned meanwhile. So from there on it is watched, and if it has not turned by the second time, wake-ups are held.

const sliceLength = 64;
const wakesPerLook = 16_384;
const msPerLook = 3;

const budget = { slice: sliceLength }; // in an object: V8 counts faster there than in a variable of the module
let wakes = 0;
let lookedAt = 0;
/** Whether the event loop has not turned since the last look. */
let watching = false;
let turning = false;
let held: (() => void)[] = [];

/** Take one wake-up from the budget. False: the event loop has to turn first, so `hold` what was to be resumed. */
export function spend(): boolean {
  return --budget.slice > 0 || renew();
}

function renew(): boolean {
  budget.slice = 0;
  if (controller || turning) return false;
  if (clockIsReal()) {
    wakes += sliceLength;
    if (wakes >= wakesPerLook || now() - lookedAt > msPerLook) {
      if (watching) return false;
      watching = true;
      soon(turned);
      look();
    }
  }
  budget.slice = sliceLength;
  return true;
}

function look(): void {
  wakes = 0;
  lookedAt = now();
}

function turned(): void {
  watching = false;
  look();
}

/** The same for code that need not wait, and runs on. */
export function spendHere(): boolean {
  return --budget.slice > 0 || renewHere();
}

function renewHere(): boolean {
  if (!controller) return renew();
  budget.slice = 0;
  return controller.runsOn?.() === true;
}

/** Keep a wake-up until the event loop has turned, in order with all others that are kept. */
export function hold(proceed: () => void, who?: object): void {
  if (controller) {
    if (controller.resume(proceed, who)) proceed();
    return;
  }
  held.push(proceed);
  if (!turning) {
    turning = true;
    macrotask(turn);
  }
}

function turn(): void {
  turning = false;
  budget.slice = sliceLength;
  look();
  const proceeding = held;
  held = [];
  for (const proceed of proceeding) proceed();
}

// -- Resuming --------------------------------------------------------------------------------------------------------

// What happens rarely is in functions of its own: a closure makes the function around it allocate at every call.

/** Resume `who` awaits the promise that `settle` settles. */
export function wake(settle: (value: unknown) => void, value: unknown, who?: object): void {
  if (spend()) {
    rowIsOpen = false;
    settle(value);
  } else wakeLater(settle, value, who);
}

function wakeLater(settle: (value: unknown) => void, value: unknown, who?: object): void {
  hold(() => {
    rowIsOpen = false;
    settle(value);
  }, who);
}

/** Run a job in a turn of its own. */
export function enqueue(job: Job): void {
  if (spend()) line(job);
  else enqueueLater(job);
}

function enqueueLater(job: Job): void {
  hold(() => { line(job); }, job);
}

/** A promise already fulfilled: what every ready send gives, and what starts and rows hang on. */
export const fulfilled: Promise<undefined> = Promise.resolve(undefined);

/** Run the beginning of a task in a turn of its own, in the caller's async context, in call order. */
export function start(beginning: Job, who?: object): void {
  if (controller && !controller.resume(() => { beginning.run(); }, who, true)) return;
  if (contexts && !contexts.isEmpty()) startByPromise(beginning);
  else if (controller || spend()) line(beginning); // no promise: a task is started in two thirds of the time (`node bench/run.mjs spawn`)
  else enqueueLater(beginning);
}

/** Promises carry their context by themselves, a job would need a copy of it. */
function startByPromise(beginning: Job): void {
  const begin = (): void => { beginning.run(); };
  if (controller || spend()) {
    rowIsOpen = false;
    void fulfilled.then(begin);
  } else {
    void new Promise<void>((resolve) => { wakeLater(resolve as (value: unknown) => void, undefined); }).then(begin);
  }
}

/** Go on once the event loop has turned; under a fake clock, in which turns are not time, in a later microtask. */
export function nextTurn(proceed: () => void): void {
  if (controller?.turn) controller.turn(proceed);
  else if (controller) hold(proceed);
  else if (clockIsReal()) macrotask(proceed);
  else void fulfilled.then(proceed);
}

const row = new Queue<Job>();
/** Ends a row, where another one with a microtask of its own follows. */
const rowEnd: Job = { run() { /* not a job */ } };
let rowIsOpen = false;
let draining = false;

function line(job: Job): void {
  if (!rowIsOpen) {
    rowIsOpen = true;
    if (draining || row.size > 0) row.push(rowEnd);
    void fulfilled.then(drainRow);
  }
  row.push(job);
}

function drainRow(): void {
  draining = true;
  try {
    if (contexts) contexts.outermost.runInAsyncScope(drain);
    else drain();
  } finally {
    draining = false;
    if (row.first === undefined) rowIsOpen = false;
    else if (row.first === rowEnd) row.shift();
    else void fulfilled.then(drainRow); // a job has thrown: the others go on in a microtask more
  }
}

function drain(): void {
  for (let job = row.first; job !== undefined && job !== rowEnd; job = row.first) {
    row.shift();
    job.run();
  }
}

// -- The platform ----------------------------------------------------------------------------------------------------

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
const now = performance.now.bind(performance);

/** False while a fake clock, or a controller, stands in for the platform's: virtual time has to stay exact. */
export function clockIsReal(): boolean {
  const present = real("setTimeout");
  realTimeout ??= present;
  return !controller && present !== undefined && present === realTimeout;
}

/** Run a callback once the event loop has turned: timers and I/O get their chance before. */
function macrotask(callback: () => void): void {
  if (!comeToRest(callback)) soon(callback);
}

/** Run a callback in a macrotask. */
function soon(callback: () => void): void {
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
    for (const proceed of waiting.splice(0)) soon(proceed); // whoever asked for an immediate before comes before
  };
  realClear ??= real("clearTimeout");
  const timer = realTimeout?.(rested, 1);
  void paused.then(rested);
}
