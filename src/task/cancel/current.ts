/**
 * Which region the running code is in.
 *
 * A generator task is told by its driver. For async functions the platform carries the region along: one `AsyncLocalStorage`, made when
 * the first region is entered. Where there is none (browsers), a body is in its region up to its first wait, so that what it waits for there is
 * reached; what it waits for later takes `{ signal }`.
 */
import { provideAmbience } from "../../core/cancel-context.ts";
import { contexts, type Carried } from "../../platform/async-context.ts";
import { enter, running } from "../../core/operation.ts";
import { start, type Job } from "../../core/scheduler.ts";
import type { Living } from "../report/registry.ts";
import type { Region } from "./cancel-scope.ts";

let carried: Carried<Region> | undefined;

/** Carries a region no further than the stack. */
class OnTheStack implements Carried<Region> {
  #region: Region | undefined = undefined;

  getStore(): Region | undefined {
    return this.#region;
  }

  run<R>(region: Region | undefined, run: () => R): R {
    const before = this.#region;
    this.#region = region;
    try {
      return run();
    } finally {
      this.#region = before;
    }
  }
}

/** The region of the running code: where an operation performed now waits. Ended ones do not count, unless they were cancelled. */
export function currentRegion(): Region | undefined {
  let region = running ? (running.ambient as Region | undefined) : carried?.getStore();
  while (region?.over === true && !region.refusal) region = region.parent;
  return region ?? surrounding;
}

let surrounding: Region | undefined;

/** What runs in no region counts as in this one, until the function that is returned is called. */
export function surround(region: Region): () => void {
  surrounding = region;
  provideAmbience(ambience);
  return () => { surrounding = undefined; };
}

/** Start the body of a task or a scope in a region, or in none, in a later microtask. */
export function startIn(region: Region | undefined, beginning: Job, who: Living): void {
  if (region) {
    carried ??= contexts?.carry<Region>() ?? new OnTheStack();
    provideAmbience(ambience);
  }
  if (!contexts) start(region ? within(region, beginning) : beginning, who);
  else if (!carried || carried.getStore() === region) start(beginning, who);
  else carried.run(region, () => { start(beginning, who); });
}

/** A beginning that takes its region along, since nothing else does. */
function within(region: Region, beginning: Job): Job {
  return { run: () => { carried?.run(region, () => { beginning.run(); }); } };
}

/** Run a function as part of a region, or of none, and of no generator task. */
export function runAs<T>(region: Region | undefined, f: () => T): T {
  const performer = running;
  enter(undefined);
  try {
    return carried && carried.getStore() !== region ? carried.run(region, f) : f();
  } finally {
    enter(performer);
  }
}

// -- Free tasks ----------------------------------------------------------------------------------------------------------------------

let regionOfFreeTask: ((task: Living) => Region) | undefined;

/** Give each free task a region, too, so that it is known what it waits for; until the function that is returned is called. */
export function identifyFreeTasks(make: (task: Living) => Region): () => void {
  const before = regionOfFreeTask;
  regionOfFreeTask = make;
  provideAmbience(ambience);
  return () => { regionOfFreeTask = before; };
}

let topLevel: Region | undefined;

/** What runs in no task is in this region from here on, so that it is known what it waits for. */
export function identifyTopLevel(region: Region): void {
  topLevel = region;
  provideAmbience(ambience);
}

function startFree(task: Living & { region: Region | undefined }, beginning: Job): void {
  task.region = regionOfFreeTask?.(task);
  startIn(task.region, beginning, task);
}

// -- Whether anybody is refused -------------------------------------------------------------------------------------------------------
// Finding the region costs a lookup in the async context, 30 to 60 ns. What was cancelled is met again only as long as something refers
// to the error of the cancel; regions do. While there is no such error an operation that can happen at once looks for no region.

const ambience = { current: () => currentRegion() ?? topLevel, refuses: false, startFree };
let refusals = 0;
const forgotten = new FinalizationRegistry<undefined>(() => { ambience.refuses = --refusals > 0; });

/** Regions refuse operations with this error from now on. */
export function refuseWith(error: Error): void {
  refusals++;
  ambience.refuses = true;
  forgotten.register(error, undefined);
}
