/**
 * Traces: what went on in a run, as lines and as a sequence diagram.
 */
import type { Event, World } from "../scheduler/controlled-scheduler.ts";

/** A line for each step: who went on, and what came of it. */
export function traceOf(world: World): string[] {
  return world.steps.map((step) => {
    const name = world.nameOf(step.strand);
    const text = step.events.map((event) => phrase(world, event)).filter((event) => event !== "").join(", ");
    return `${name}: ${text === "" ? "goes on" : text}`;
  });
}

/** What was done, and to what. */
function deed(world: World, { verb = "", what }: Event): string {
  return what && "name" in what ? world.text(`${verb} on ${JSON.stringify(what.name)}`) : verb;
}

function phrase(world: World, event: Event): string {
  const whom = event.strand ? world.nameOf(event.strand) : "";
  switch (event.kind) {
    case "does": return deed(world, event);
    case "wakes": return `${deed(world, event)} wakes ${whom}`.trimStart();
    case "starts": return `starts ${whom}`;
    case "waits": return `waits in ${event.what ? world.whereText(event.what) : ""}`;
    case "ends": return "ends";
  }
}

const atMost = 60;

/** A Mermaid sequence diagram of the last 60 events. */
export function diagramOf(world: World): string {
  const names = new Map<string, string>();
  const idOf = (name: string): string => {
    const id = names.get(name) ?? `t${String(names.size)}`;
    names.set(name, id);
    return id;
  };
  const lines = world.steps.flatMap((step) => {
    const from = idOf(world.nameOf(step.strand));
    return step.events.flatMap((event) => {
      const to = idOf(world.nameOf(event.strand ?? step.strand));
      const text = (event.strand ? deed(world, event) : phrase(world, event)).replaceAll(/[;#]/g, ",");
      if (event.kind === "wakes") return [`${from}->>${to}: ${text || "wakes"}`];
      if (event.kind === "starts") return [`${from}-->>${to}: starts`];
      return text === "" ? [] : [`Note over ${from}: ${text}`];
    });
  });
  const shown = lines.slice(-atMost);
  const participants = [...names].map(([name, id]) => `participant ${id} as ${name}`);
  return ["sequenceDiagram", ...participants, ...shown].map((line, index) => (index === 0 ? line : `  ${line}`)).join("\n");
}
