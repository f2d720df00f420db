/** The matrix: a row for each thing that was tried, a column for each runtime. */
import type { Row } from "./row.ts";

/** A table in Markdown. */
export function matrix(rows: readonly Row[], columns: readonly string[]): string {
  const whats = [...new Set(rows.map(({ what }) => what))];
  const lines = whats.map((what) => {
    const cells = columns.map((column) => {
      const there = rows.find((row) => row.what === what && row.where === column);
      return there ? cellOf(there) : "";
    });
    return `| ${[what, ...cells].join(" | ")} |`;
  });
  return [`| | ${columns.join(" | ")} |`, `|---|${columns.map(() => "---|").join("")}`, ...lines].join("\n");
}

/** What a cell of it says. */
export function cellOf({ outcome, passed, failed }: Row): string {
  switch (outcome) {
    case "passed": return passed === undefined ? "yes" : String(passed);
    case "failed": return passed === undefined ? "**no**" : `**${failed ?? 1} of ${passed + (failed ?? 1)} fail**`;
    case "not run": return "not run";
  }
}
