/**
 * The table: a row for each workload, a column for each library. A cell is the median with half of the range around it, and how
 * many times the first column's figure that is.
 */
import { median } from "./timing.mjs";

/** @param {number} figure */
function short(figure) {
  if (Math.abs(figure) < 1) return "0";
  if (Math.abs(figure) >= 100) return Math.round(figure).toLocaleString("en");
  return figure.toPrecision(2);
}

/**
 * The one figure that stands for several, or undefined if there is none.
 * @param {{ figures: number[] } | undefined} cell
 * @param {boolean} [worst]
 */
function summary(cell, worst) {
  if (cell === undefined || cell.figures.length === 0) return undefined;
  return worst ? Math.max(...cell.figures) : median(cell.figures);
}

/**
 * @param {import("./interface.mjs").Workload} workload
 * @param {{ figures: number[], failure?: string }} cell
 * @param {{ figures: number[] }} first
 */
function shown(workload, cell, first) {
  if (cell.failure !== undefined) return `fails: ${cell.failure.replaceAll("|", "/")}`;
  const figure = summary(cell, workload.worst);
  if (figure === undefined) return "n/a";
  const parts = [short(figure)];
  const range = Math.max(...cell.figures) - Math.min(...cell.figures);
  if (cell.figures.length > 1 && !workload.worst && figure >= 1) parts.push(`±${Math.round((range / 2 / figure) * 100)}%`);
  const base = summary(first, workload.worst);
  if (cell !== first && base !== undefined && base >= 1 && figure >= 0) parts.push(`(${(figure / base).toFixed(2)})`);
  return parts.join(" ");
}

/**
 * @param {import("./interface.mjs").Workload[]} workloads
 * @param {string[]} libraries
 * @param {Record<string, string>} titles
 * @param {Record<string, Record<string, { figures: number[], failure?: string }>>} results
 */
export function table(workloads, libraries, titles, results) {
  const lines = [
    ["workload", ...libraries.map((name) => titles[name])],
    libraries.reduce((dashes) => [...dashes, "---:"], ["---"]),
    ...workloads.map((workload) => {
      const row = results[workload.name];
      return [`${workload.title}, ${workload.unit}`, ...libraries.map((name) => shown(workload, row[name], row[libraries[0]]))];
    }),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
