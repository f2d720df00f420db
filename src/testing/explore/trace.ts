/**
 * Traces: what went on in a run, as lines and as a sequence diagram.
 */
import { waitingFor } from "../../support/printing.ts";
import type { ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import type { Event } from "../scheduler/thread.ts";

/** A line for each step: who went on, and what came of it. */
export function traceOf(scheduler: ControlledScheduler): string[] {
  return scheduler.lines.map((step) => {
    const name = scheduler.names.ofThread(step.thread);
    const text = step.events.map((event) => phrase(scheduler, event)).filter((event) => event !== "").join(", ");
    return `${name}: ${text === "" ? "goes on" : text}`;
  });
}

/** What was done, and to what. */
function deed(scheduler: ControlledScheduler, { verb, what }: Event): string {
  return what && "name" in what ? scheduler.names.text(`${String(verb)} on ${JSON.stringify(what.name)}`) : (verb ?? "");
}

function phrase(scheduler: ControlledScheduler, event: Event): string {
  const whom = event.thread ? scheduler.names.ofThread(event.thread) : "";
  switch (event.kind) {
    case "does": return deed(scheduler, event);
    case "wakes": return `${deed(scheduler, event)} wakes ${whom}`.trimStart();
    case "starts": return `starts ${whom}`;
    case "waits": return waitingFor("waits in", scheduler.names.text(String(event.what)));
    case "ends": return "ends";
  }
}

const atMost = 60;

/** A Mermaid sequence diagram of the last 60 events. */
export function diagramOf(scheduler: ControlledScheduler): string {
  const names = new Map<string, string>();
  const idOf = (name: string): string => {
    const id = names.get(name) ?? `t${String(names.size)}`;
    names.set(name, id);
    return id;
  };
  const lines = scheduler.lines.flatMap((step) => {
    const from = idOf(scheduler.names.ofThread(step.thread));
    return step.events.flatMap((event) => {
      const to = idOf(scheduler.names.ofThread(event.thread ?? step.thread));
      const text = (event.thread ? deed(scheduler, event) : phrase(scheduler, event)).replaceAll(/[;#]/g, ",");
      if (event.kind === "wakes") return [`${from}->>${to}: ${text || "wakes"}`];
      if (event.kind === "starts") return [`${from}-->>${to}: starts`];
      return text === "" ? [] : [`Note over ${from}: ${text}`];
    });
  });
  const shown = lines.slice(-atMost);
  const participants = [...names].map(([name, id]) => `participant ${id} as ${name}`);
  return ["sequenceDiagram", ...participants, ...shown].map((line, index) => (index === 0 ? line : `  ${line}`)).join("\n");
}
