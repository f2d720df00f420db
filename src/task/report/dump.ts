/**
 * All live tasks and scopes, and what they wait for, as text.
 *
 * For generator tasks, and for everything that runs in a scope, this is known without extra cost. What an async task outside of scopes waits for is
 * known only under `run` or in debug mode: there it has a cancel scope of its own.
 *
 * Idea: Go's goroutine dump, asyncio's `pstree`.
 */
import { contexts } from "../../platform/async-context.ts";
import { HoldsSignal } from "../../core/operation.ts";
import { waitingFor } from "../../support/printing.ts";
import { allOpen } from "../../support/resources.ts";
import { show } from "../../errors.ts";
import type { TaskInfo } from "../cancel/cancel-scope.ts";
import { observer } from "../cancel/observer.ts";
import { openness } from "../cancel/overdue.ts";
import { registry } from "./registry.ts";
import { siteOf } from "./call-site.ts";

/** An operation that is waited for, and where, as far as it is known. */
export interface Wait {
  readonly operation: string;
  /** Whether the abort of a signal would end it. */
  readonly holdsSignal: boolean;
  readonly site: string | undefined;
}

/** What a task or a scope waits for now. */
export function waitsOf(who: TaskInfo): Wait[] {
  const { cancelScope } = who;
  const driver = cancelScope?.driver ?? who.driver;
  const waits = [...(cancelScope?.waits ?? [])].filter(({ promise }) => promise !== undefined); // without the marks of sources, which others wait for
  const waiting = [...(driver?.place ? [driver] : []), ...waits];
  return waiting.map((one) => {
    const { place } = one;
    return { operation: String(place?.describe(one)), holdsSignal: ((place?.traits ?? 0) & HoldsSignal) !== 0, site: siteOf(one) };
  });
}

/** The task or scope around one: the next cancel scope outwards that is not its own. */
function around({ cancelScope }: TaskInfo): TaskInfo | undefined {
  let outer = cancelScope?.parent;
  while (outer && outer.owner.cancelScope === cancelScope) outer = outer.parent;
  return outer?.owner;
}

/** All live tasks and scopes, the outer ones first, each with its depth. */
export function tree(): { who: TaskInfo; depth: number }[] {
  const inside = new Map<TaskInfo | undefined, TaskInfo[]>();
  for (const who of registry) {
    const outer = around(who);
    const siblings = inside.get(outer);
    if (siblings) siblings.push(who);
    else inside.set(outer, [who]);
  }
  const rows: { who: TaskInfo; depth: number }[] = [];
  const left = (inside.get(undefined) ?? []).map((who) => ({ who, depth: 0 })).reverse();
  for (let row = left.pop(); row; row = left.pop()) {
    rows.push(row);
    const { who, depth } = row;
    for (const member of (inside.get(who) ?? []).reverse()) left.push({ who: member, depth: depth + 1 });
  }
  return rows;
}

/** The lines of one entry, without its place in the tree. */
export function describe(who: TaskInfo, verb: string): string[] {
  const waits = waitsOf(who);
  const lines: string[] = [];
  const head = who.kind === "top level" ? "the top level, outside of every task," : `${who.kind} ${String(who.id)} ${JSON.stringify(who.name)}`;
  if (who.open) lines.push(`${head} ${openness[who.open]}`);
  else if (waits.length === 0) lines.push(`${head} ${withoutWait(who, verb)}`);
  for (const { operation, site } of waits) {
    lines.push(`${head} ${waitingFor(verb, operation)}`);
    if (site !== undefined) lines.push(`    ${site}`);
  }
  const started = siteOf(who);
  if (started !== undefined) lines.push(`    ${who.open ? "opened" : "started"} ${started}`);
  if (who.failure) lines.push(`    has failed: ${show(who.failure.error)}`);
  if (who.open !== "forgotten") return lines;
  for (let outer = around(who); outer; outer = around(outer)) {
    if (outer.failure) lines.push(`    ${outer.kind} ${JSON.stringify(outer.name)}, which waits for it, has failed: ${show(outer.failure.error)}`);
  }
  return lines;
}

/** What reports say about a task or scope that waits for nothing of the library. */
function withoutWait({ cancelScope, driver }: TaskInfo, verb: string): string {
  if (cancelScope?.children.first) return "waits for what runs in it";
  const goesOn = "goes on, though it has met its CancelledError: let that error pass";
  if (cancelScope?.cancelError && (cancelScope.driver ?? driver)) return goesOn; // a generator that is in no place is about to run
  if (!cancelScope && !observer) return `${verb} something unknown: RENDEZVOUS_DEBUG=1 shows what`;
  if (!contexts) return `${verb} something unknown: without async contexts, as in browsers, only the first wait of a body is known`;
  const foreign = `${verb} something foreign: a promise that is not the library's`;
  return cancelScope?.delivered ? `${foreign}; or ${goesOn}` : foreign;
}

/** Lines for the resources that are open and not in `before`, as far as debug mode or a leak check has recorded them. */
export function describeOpen(before: ReadonlySet<object> = new Set()): string[] {
  return [...allOpen()].flatMap(([resource, { name, by }]) => {
    if (before.has(resource)) return [];
    const site = siteOf(by);
    return [`${name} is open`, ...(site === undefined ? [] : [`    opened ${site}`])];
  });
}

/**
 * Gives the tree of all live tasks and scopes as text: a line for each wait, inner tasks indented. In debug mode it also lists open tickers,
 * listeners and connections, and where they were opened.
 *
 * @returns the text, which is empty when nothing lives
 *
 * @example
 * ```ts
 * import { chan, checkpoint, dumpTasks, go } from "rendezvous";
 *
 * const jobs = chan<string>({ name: "jobs" });
 * go(function* worker() {
 *   yield* jobs.receiving();
 * });
 * await checkpoint();
 * console.log(/task \d+ "worker" waits in receive on channel "jobs"/.test(dumpTasks())); // true
 * jobs.trySend("go home");
 * ```
 *
 * Idea: asyncio's `pstree`, Swift's task dumps.
 */
export function dumpTasks(): string {
  const tasks = tree().flatMap(({ who, depth }) => describe(who, "waits in").map((line) => "  ".repeat(depth) + line));
  return [...tasks, ...describeOpen()].join("\n");
}
