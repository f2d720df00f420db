/**
 * Debugging: where tasks were started and where they wait, and what hangs, told on standard error. Off unless it is asked for: by the
 * environment variable `RENDEZVOUS_DEBUG`, or by importing `rendezvous/debug`.
 */
import { isError } from "../errors.ts";
import { describe, tree } from "./dump.ts";
import { watchForDeadlock } from "./deadlock.ts";
import { identifyFreeTasks } from "./present.ts";
import { rootRegion, type Region } from "./region.ts";
import type { Living } from "./live.ts";
import { observe, observer, type Observer } from "./observer.ts";
import { noteSiteOf, siteOf } from "./site-of.ts";

/** Note sites from here on, know of each task what it waits for, and tell of what hangs. */
export function debug(): void {
  identifyFreeTasks(rootRegion);
  observe({ ...tracing, whoWaits });
  watchForDeadlock();
}

/** Note sites, and know of each task what it waits for, until the function that is returned is called. */
export function traceTasks(): () => void {
  if (observer) return () => { /* whoever observes already goes on */ };
  const forget = identifyFreeTasks(rootRegion);
  observe(tracing);
  return () => {
    forget();
    observe(undefined);
  };
}

const tracing: Observer = { site: noteSiteOf, siteOf, failed: nameStart };

/** An error's stack says where its task was started. */
function nameStart(task: Living, error: unknown): void {
  const started = siteOf(task);
  if (!isError(error) || started === undefined || Object.isFrozen(error)) return;
  const line = `in task "${task.name}" started ${started}`;
  if (error.stack?.includes(line) === false) error.stack += `\n    ${line}`;
}

/** Who still waits in a region that was cancelled: for something that no cancel reaches. */
function whoWaits(region: Region): string[] {
  const inside = tree().filter(({ who }) => {
    for (let outer = who.region; outer; outer = outer.parent) if (outer === region) return true;
    return false;
  });
  return inside.flatMap(({ who }) => describe(who, "still waits in"));
}
