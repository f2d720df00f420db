/** A tree of scopes and tasks, one below the other, as the dump of the live tasks has them. */
import { picture, text, widthOf } from "./svg.ts";

interface Node {
  depth: number;
  name: string;
  waits: string;
  /** When it was cancelled, in ms. */
  end?: number | undefined;
}

/**
 * The nodes of a dump, whose lines are `  task 7 "name" waits in ...`, indented by their depth: those below the program's own, which is the last
 * "main". Other tasks of the process may have left theirs.
 */
export function nodesOf(dump: string, ends: ReadonlyMap<string, number>): Node[] {
  const lines = dump.split("\n");
  const below = lines.slice(lines.findLastIndex((line) => /^task \d+ "main" /.test(line)) + 1);
  const next = below.findIndex((line) => !line.startsWith(" "));
  return below.slice(0, next < 0 ? undefined : next).flatMap((line): Node[] => {
    const [, indent = "", kind = "", name = "", waits = ""] = /^( *)(\w+) \d+ "([^"]*)" waits (.*)$/.exec(line) ?? [];
    if (kind === "") return [];
    const own = new RegExp(`^${kind}-\\d+$`).test(name) ? kind : `${kind} ${name}`;
    return [{ depth: indent.length / 2 - 1, name: own, waits: waits.replace(/^in /, "").replace("for what runs in it", "").replace(" on channel ", " on "), end: ends.get(name) }];
  });
}

const rowHeight = 40;
const step = 32;

export function tree(nodes: readonly Node[], title: string): string {
  const widest = Math.max(...nodes.map(({ depth, name, waits }) => 12 + depth * step + widthOf(`${name}  ${waits}`) + 24));
  const parts = [text(12, 22, title, "soft")];
  for (const [index, { depth, name, waits, end }] of nodes.entries()) {
    const [x, y] = [12 + depth * step, 38 + index * rowHeight];
    const above = nodes.slice(0, index).findLastIndex((node) => node.depth === depth - 1);
    if (above >= 0) parts.push(`<path class="lane" fill="none" d="M${x - step + 14} ${38 + above * rowHeight + 28}V${y + 14}H${x}"/>`);
    const width = Math.round(widthOf(waits === "" ? name : `${name}  ${waits}`) + 16);
    parts.push(`<rect class="box${end === undefined ? "" : " gone"}" x="${x}" y="${y}" width="${width}" height="28" rx="5"/>`, text(x + 8, y + 19, name, "head"));
    if (waits !== "") parts.push(text(x + 8 + widthOf(`${name}  `), y + 19, waits, "soft"));
    if (end !== undefined) parts.push(text(widest + 8, y + 19, `cancelled at ${end} ms`, "bad"));
  }
  return picture(title, Math.max(widest + widthOf("cancelled at 100 ms") + 20, widthOf(title) + 24), 38 + nodes.length * rowHeight + 6, parts);
}
