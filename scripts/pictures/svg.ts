/** What all pictures share: their colours, which follow the page in the site, and elsewhere what the reader's system prefers; and how text is written. */

const colours = {
  light: "--text:#222;--soft:#5e6470;--paper:#fff;--line:#1f6feb;--good:#1a7f37;--bad:#b42318",
  dark: "--text:#f5f5f5;--soft:#a3a9b3;--paper:#1e1f22;--line:#6cb0ff;--good:#5dd27a;--bad:#ff8f85",
};

const style = [
  `svg.picture{${colours.light}}`,
  `@media(prefers-color-scheme:dark){svg.picture{${colours.dark}}}`,
  "svg.picture text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:var(--text)}",
  "svg.picture .soft{fill:var(--soft)}svg.picture .good{fill:var(--good)}svg.picture .bad{fill:var(--bad)}svg.picture .head{font-weight:bold}",
  "svg.picture .lane{stroke:var(--soft);stroke-width:1}svg.picture .wait{stroke:var(--soft);stroke-width:5;stroke-dasharray:3 3;opacity:.5}",
  "svg.picture .arrow{stroke:var(--line);stroke-width:1.6;fill:none}svg.picture .starts{stroke-dasharray:4 3;stroke:var(--soft)}svg.picture .tip{fill:var(--line)}",
  "svg.picture .box{fill:var(--paper);stroke:var(--soft)}svg.picture .gone{stroke:var(--bad)}",
].join("");

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** How wide a text is. */
export const widthOf = (text: string): number => text.length * 7.9;

export function text(x: number, y: number, content: string, kind = "", anchor: "start" | "middle" | "end" = "start"): string {
  return `<text x="${Math.round(x)}" y="${Math.round(y)}"${kind === "" ? "" : ` class="${kind}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}>${escaped(content)}</text>`;
}

/** A whole picture; its title is what readers hear who do not see it. */
export function picture(title: string, width: number, height: number, parts: readonly string[]): string {
  const size = `viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" width="${Math.ceil(width)}" height="${Math.ceil(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="picture" ${size} role="img" aria-label="${escaped(title)}"><style>${style}</style>${parts.join("")}</svg>\n`;
}
