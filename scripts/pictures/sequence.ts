/** A sequence chart: a lane for each task, time goes down. A row is what one task does; an arrow is a handover, the way the value goes. */
import { picture, text, widthOf } from "./svg.ts";

interface Event {
  who: string;
  kind: "starts" | "wakes" | "waits" | "ends" | "does";
  what: string;
  whom?: string;
}

/** The events of a trace, whose lines are `who: event, event (file:line), ...`. */
export function eventsOf(trace: readonly string[]): Event[] {
  return trace.flatMap((line) => {
    const at = line.indexOf(": ");
    const who = line.slice(0, at);
    // Commas within a wait, of a select, have no event behind them.
    const pieces = line.slice(at + 2).replaceAll(/ \([^()]*:\d+\)/g, "").split(/, (?=starts |waits in |wakes |ends|\w+ on ")/);
    return pieces.flatMap((piece): Event[] => {
      const [, started] = /^starts (.*)$/.exec(piece) ?? [];
      if (started !== undefined) return started === who || started === "main" ? [] : [{ who, kind: "starts", what: "starts", whom: started }];
      const [, wait] = /^waits in (.*)$/.exec(piece) ?? [];
      if (wait !== undefined) return [{ who, kind: "waits", what: `waits: ${wait}` }];
      const [, deed, whom] = /^(?:(.*) )?wakes (.*)$/.exec(piece) ?? [];
      if (whom !== undefined) return [{ who, kind: "wakes", what: deed ?? "", whom }];
      if (piece === "ends") return [{ who, kind: "ends", what: "ends" }];
      return piece.startsWith("goes on") ? [] : [{ who, kind: "does", what: piece }];
    });
  });
}

const rowHeight = 30;
const top = 64;

/** Draw it. What goes wrong at its end stands below it. */
export function sequence(all: readonly Event[], title: string, failure?: string): string {
  const events = all.map((event) => ({ ...event, what: event.what.replace(" on channel ", " on ") }));
  const lanes = [...new Set(events.flatMap(({ who, whom }) => (whom === undefined ? [who] : [who, whom])))];
  const besides = (lane: number): number => Math.max(0, ...events.filter(({ who, kind }) => lanes.indexOf(who) === lane && kind !== "wakes" && kind !== "starts").map(({ what }) => widthOf(what) + 20));
  const between = (lane: number): number => Math.max(0, ...events.filter(({ who, whom = who, kind }) => kind === "wakes" && Math.min(lanes.indexOf(who), lanes.indexOf(whom)) === lane).map(({ what }) => widthOf(what) + 40));
  const xs: number[] = [];
  let width = 40;
  for (const lane of lanes.keys()) {
    xs.push(width);
    width += Math.max(110, besides(lane), between(lane));
  }
  const xOf = (name: string): number => xs[lanes.indexOf(name)] ?? 0;
  const height = top + events.length * rowHeight + (failure === undefined ? 14 : 44);
  const bottom = top + events.length * rowHeight;
  const parts = [text(12, 22, title, "soft"), ...lanes.flatMap((name) => [text(xOf(name), top - 14, name, "head", "middle"), line("lane", xOf(name), top - 6, xOf(name), bottom)])];
  for (const [index, { who, kind, what, whom = who }] of events.entries()) {
    const y = top + index * rowHeight + rowHeight / 2;
    const x = xOf(who);
    if (kind === "waits") {
      const woken = events.findIndex((later, at) => at > index && (later.who === who || (later.kind === "wakes" && later.whom === who)));
      parts.push(line("wait", x, y, x, woken < 0 ? bottom : top + woken * rowHeight + rowHeight / 2), text(x + 10, y + 4, what, "soft"));
    } else if (kind === "ends") parts.push(line("lane", x - 6, y, x + 6, y), text(x + 10, y + 4, what, "soft"));
    else if (kind === "does") parts.push(`<circle cx="${x}" cy="${y}" r="3.5" class="tip"/>`, text(x + 10, y + 4, what));
    else {
      // A value goes from the one who sends it, whoever came last.
      const takes = kind === "wakes" && what.startsWith("receive");
      const [from, to] = takes ? [xOf(whom), x] : [x, xOf(whom)];
      const tip = to > from ? -7 : 7;
      parts.push(
        line(kind === "starts" ? "arrow starts" : "arrow", from, y, to + tip, y),
        `<path d="M${to} ${y}l${tip} -4v8z" class="${kind === "starts" ? "soft" : "tip"}"/>`,
        text(Math.min(from, to) + 10, y - 5, what === "" ? "" : what, kind === "starts" ? "soft" : ""),
      );
    }
  }
  if (failure !== undefined) parts.push(text(12, bottom + 28, failure, "bad head"));
  return picture(title, Math.max(width, widthOf(title) + 24, widthOf(failure ?? "") + 24), height, parts);
}

const line = (kind: string, x1: number, y1: number, x2: number, y2: number): string => `<path class="${kind}" d="M${Math.round(x1)} ${Math.round(y1)}L${Math.round(x2)} ${Math.round(y2)}"/>`;
