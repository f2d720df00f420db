/**
 * Traces: what went on in a run, as lines and as a sequence diagram.
 *
 * 1. Each thing is told once: what was done, to what, whom it woke, and where in the program.
 * 2. In the diagram values go the way of the arrows. Its last row is what went wrong.
 */
import type { Actor, Verb } from "../../core/controller.ts";
import { show } from "../../errors.ts";
import { asCase, waitingFor } from "../../support/printing.ts";
import { Task } from "../../task/task.ts";
import { lineOf } from "../../task/report/call-site.ts";
import type { ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import type { Event, Line } from "../scheduler/thread.ts";

/** A line for each time that somebody went on: who it was, and what came of it. */
export function traceOf({ record: { lines }, names }: ControlledScheduler): string[] {
  return lines.map((line) => `${names.ofThread(line.thread)}: ${told(line, names)}`);
}

type Names = ControlledScheduler["names"];

function told({ events, from }: Line, names: Names): string {
  const text = events.map((event) => located(event, phrase(event, names))).filter((event) => event !== "").join(", ");
  if (text !== "") return text;
  return from ? `goes on from ${from.kind === "waits" ? asCase(names.ofWaiting(from)) : deed(from, names)}` : "goes on";
}

/** What was done, and where in the program. */
function located(event: Event, text: string): string {
  const line = text === "" ? undefined : lineOf(event);
  return line === undefined ? text : `${text} (${line})`;
}

/** What was done, and to what. */
function deed({ verb, what }: Event, names: Names): string {
  return what && "name" in what ? `${String(verb)} on ${names.ofThing(what)}` : (verb ?? "");
}

function phrase(event: Event, names: Names): string {
  const whom = event.thread && event.kind !== "ends" ? names.ofThread(event.thread) : "";
  switch (event.kind) {
    case "does": return deed(event, names);
    case "wakes": return `${deed(event, names)} wakes ${whom}`.trimStart();
    case "starts": return event.what ? `enters ${names.text(scopeOf(event.what as Actor))}` : `starts ${whom}`;
    case "waits": return waitingFor("waits in", names.ofWaiting(event));
    case "chooses": return `chooses ${show(event.value)}`;
    case "ends": return event.thread?.task instanceof Task && event.thread.task.state === "failed" ? "fails" : "ends";
  }
}

const scopeOf = ({ kind, name }: Actor): string => `${kind} "${name}"`;

/** The last lines of a trace, at most so many, to be printed; what is repeated up to its end is told once. */
export function lastLines(trace: readonly string[], atMost: number): string[] {
  for (let period = 1; period <= atMost >> 1; period++) {
    let from = trace.length - period;
    while (from > 0 && trace[from - 1] === trace[from - 1 + period]) from--;
    const times = Math.floor((trace.length - from) / period);
    if (times * period <= atMost) continue;
    return [...lastLines(trace.slice(0, from + period), atMost), `(the last ${period === 1 ? "step" : `${String(period)} steps`} ${String(times)} times)`];
  }
  const omitted = trace.length - atMost;
  return [...(omitted > 0 ? [`(${String(omitted)} steps)`] : []), ...trace.slice(-atMost).map((line) => `| ${line}`)];
}

const atMost = 60;

/** Those by which the one who wakes gets a value from the one who is woken. */
const takes: ReadonlySet<Verb | undefined> = new Set<Verb | undefined>(["receive", "tryReceive", "read"]);

/** A Mermaid sequence diagram of the last 60 events, and of how it has ended. */
export function diagramOf({ record: { lines }, names }: ControlledScheduler, end: string): string {
  const ids = new Map<string, string>();
  const idOf = (name: string): string => {
    const id = ids.get(name) ?? `t${String(ids.size)}`;
    ids.set(name, id);
    return id;
  };
  const rows = lines.flatMap(({ thread, events }) => {
    const own = idOf(names.ofThread(thread));
    return events.flatMap((event) => {
      const other = idOf(names.ofThread(event.thread ?? thread));
      const text = plain(event.kind === "wakes" ? deed(event, names) : phrase(event, names));
      if (event.kind === "wakes") return [takes.has(event.verb) ? `${other}->>${own}: ${text}` : `${own}->>${other}: ${text || "wakes"}`];
      if (event.kind === "starts" && !event.what) return [`${own}-->>${other}: starts`];
      return text === "" ? [] : [`Note over ${own}: ${text}`];
    });
  });
  const everybody = [...ids.values()];
  const over = everybody.length > 1 ? `${String(everybody[0])},${String(everybody.at(-1))}` : (everybody[0] ?? idOf("main"));
  const participants = [...ids].map(([name, id]) => `participant ${id} as ${plain(name)}`);
  const failure = end === "" ? [] : [`Note over ${over}: ${plain(end)}`];
  return ["sequenceDiagram", ...participants, ...rows.slice(-atMost), ...failure].map((line, index) => (index === 0 ? line : `  ${line}`)).join("\n");
}

/** Without what Mermaid takes for the end of a row. */
const plain = (text: string): string => text.replaceAll(/[;#\n]/g, (mark) => (mark === "#" ? "no. " : ","));
