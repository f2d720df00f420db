/**
 * Turns: who goes on, and when. Everything that waited is resumed through this file.
 *
 * 1. Resuming never runs the resumed code in the resumer's stack: a promise is resolved, or a job joins the run queue.
 * 2. Wake-ups keep their order, across promises and jobs alike. Jobs queued one after the other are a batch and share one microtask; a
 *    promise resolved in between ends the batch, and the next job begins another:
 *
 *        job a, job b, resolve p, job c     =>     microtasks: [a b] [p's continuation] [c]
 */
import { contexts } from "../platform/async-context.ts";
import { afterTurn } from "../platform/macrotask.ts";
import { endSlice, hold, spend } from "./budget.ts";
import { clockIsReal, controller, provideController, type Actor, type Controller } from "./controller.ts";
import { Queue } from "../support/queue.ts";

/** Something to run in a turn of its own. */
export interface Job {
  /** Called outside of all async contexts. */
  run(): void;
}

/** Put a controller in charge, or none. */
export function control(by: Controller | undefined): void {
  provideController(by);
  endSlice();
}

// What happens rarely is in functions of its own: a closure makes the function around it allocate at every call.

/** Resume `who` awaits the promise that `settle` settles. */
export function wake(settle: (value: unknown) => void, value: unknown, who?: object): void {
  if (spend()) settleNow(settle, value);
  else holdCall(settleNow, settle, value, who);
}

function settleNow(settle: (value: unknown) => void, value: unknown): void {
  batchIsOpen = false;
  settle(value);
}

/** Run a job in a turn of its own. */
export function enqueue(job: Job): void {
  if (spend()) append(job);
  else holdCall(append, job, undefined, job);
}

function holdCall<A>(call: (a: A, b: unknown) => void, a: A, b: unknown, who?: object): void {
  hold(() => { call(a, b); }, who);
}

/** A promise already fulfilled: what every ready send gives, and what starts and batches hang on. */
export const fulfilled: Promise<undefined> = Promise.resolve(undefined);

/**
 * Run the beginning of a task in a turn of its own, in the caller's async context, in call order. `inContext`: whether that holds anything, which is
 * looked for if the caller does not know.
 */
export function start(beginning: Job, who: Actor, inContext?: boolean): void {
  if (controller && !controller.started(() => { beginning.run(); }, who)) return;
  if (contexts && (inContext ?? !contexts.isEmpty())) startByPromise(beginning);
  else if (controller || spend()) append(beginning); // no promise: a task is started in two thirds of the time (`node bench/run.mjs spawn`)
  else holdCall(append, beginning, undefined, beginning);
}

/** Promises carry their context by themselves, a job would need a copy of it. */
function startByPromise(beginning: Job): void {
  const begin = (): void => { beginning.run(); };
  if (controller || spend()) {
    batchIsOpen = false;
    void fulfilled.then(begin);
  } else {
    void new Promise<void>((resolve) => { holdCall(settleNow, resolve as (value: unknown) => void, undefined); }).then(begin);
  }
}

/** Go on once the event loop has turned; under a fake clock, in which turns are not time, in a later microtask. */
export function nextTurn(proceed: () => void): void {
  if (controller) controller.turn(proceed);
  else if (clockIsReal()) afterTurn(proceed);
  else void fulfilled.then(proceed);
}

const runQueue = new Queue<Job>();
/** Ends a batch that is followed by another one, which has a microtask of its own. */
const batchEnd: Job = { run() { /* not a job */ } };
let batchIsOpen = false;
let draining = false;

function append(job: Job): void {
  if (!batchIsOpen) {
    batchIsOpen = true;
    if (draining || runQueue.size > 0) runQueue.push(batchEnd);
    void fulfilled.then(drainBatch);
  }
  runQueue.push(job);
}

function drainBatch(): void {
  draining = true;
  try {
    if (contexts) contexts.outermost.runInAsyncScope(drain);
    else drain();
  } finally {
    draining = false;
    if (runQueue.first === undefined) batchIsOpen = false;
    else if (runQueue.first === batchEnd) runQueue.shift();
    else void fulfilled.then(drainBatch); // a job has thrown: the others go on in a microtask more
  }
}

function drain(): void {
  for (let job = runQueue.first; job !== undefined && job !== batchEnd; job = runQueue.first) {
    runQueue.shift();
    job.run();
  }
}
