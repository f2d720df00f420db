/**
 * Debugging: where tasks were started and where they wait, and what hangs, told on standard error. Off unless it is asked for: by the
 * environment variable `RENDEZVOUS_DEBUG`, or by importing `rendezvous/debug`.
 */
import { isError } from "../errors.ts";
import { armQuietly } from "../time/timer.ts";
import { describe, tree } from "./dump.ts";
import { watchForDeadlock } from "./deadlock.ts";
import { identifyFreeTasks } from "./present.ts";
import { rootRegion, type Region } from "./region.ts";
import type { Living } from "./live.ts";
import { observe, observer, type Observer } from "./observer.ts";
import { noteSiteOf, siteOf } from "./site-of.ts";

/** How long a cancelled scope may take to end before it is told of, in milliseconds. */
const patience = 5000;

/** Note sites from here on, know of each task what it waits for, and tell of what hangs. */
export function debug(): void {
  identifyFreeTasks(rootRegion);
  observe({ ...tracing, cancelled: (region) => { armQuietly(patience, () => { tellIfStuck(region); }); } });
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

const tracing: Observer = { site: noteSiteOf, cancelled: () => { /* nobody asks */ }, failed: nameStart };

/** An error's stack says where its task was started. */
function nameStart(task: Living, error: unknown): void {
  const started = siteOf(task);
  if (!isError(error) || started === undefined || Object.isFrozen(error)) return;
  const line = `in task "${task.name}" started ${started}`;
  if (error.stack?.includes(line) === false) error.stack += `\n    ${line}`;
}

/** A cancelled scope that does not end waits for something that no cancel reaches. */
function tellIfStuck(region: Region): void {
  if (region.over) return;
  const { kind, name } = region.owner;
  const inside = tree().filter(({ who }) => {
    for (let outer = who.region; outer; outer = outer.parent) if (outer === region) return true;
    return false;
  });
  const lines = inside.flatMap(({ who }) => describe(who, "still waits in")).map((line) => `  ${line}`);
  console.error(
    [`${kind} "${name}" was cancelled ${String(patience)} ms ago and has not ended. A cancel reaches the library's own waits; give`,
      "its signal to others: fetch(url, { signal: s.signal })", ...lines].join("\n"),
  );
}
