/**
 * The pages of the site beside the API. Guides are taken as they are. Each example becomes a page: what its head says, the program, and what it prints.
 * A file of recipes becomes a page for each of them, below one that lists them.
 *
 * The pages that are made stand in a folder of the output, which typedoc clears when it has read them. The links in them are written anew.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";

/** Pages that are taken as they are, in the order in which the site lists them. */
const asTheyAre = ["docs/tutorial", "docs/guides", "docs/coming-from", "docs", "docs/guides/errors"];

/** The pages that were made, and the file that each stands for: what links to the file leads to the page. */
export const madeOf = new Map<string, string>();

/** What stands between the lines of three hyphens at the top of a page. */
interface Front {
  title: string;
  group: string;
  order?: number;
  keywords?: string;
  children?: readonly string[];
}

/** Make the pages; the paths of all there are. */
export function makePages(folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return [
    ...asTheyAre.flatMap((place) => filesIn(place, ".md")).map((file) => guide(file, folder)),
    install("README.md", folder),
    starter("examples/starter", folder),
    ...filesIn("docs/recipes", ".md").map((file) => recipes(file, folder)),
    ...filesIn("examples", ".ts").map((file) => example(file, folder)),
  ];
}

const filesIn = (place: string, ending: string): string[] =>
  (existsSync(place) ? readdirSync(place).filter((name) => extname(name) === ending).sort().map((name) => join(place, name)) : []);

function write(path: string, { title, group, order, keywords, children }: Front, text: string): string {
  const front = [`title: ${JSON.stringify(title)}`, `group: ${group}`];
  if (order !== undefined) front.push(`order: ${order}`);
  if (keywords !== undefined) front.push(`keywords: ${JSON.stringify(keywords)}`);
  if (children !== undefined) front.push("children:", ...children.map((child) => `  - ${JSON.stringify(`./${basename(child)}`)}`));
  writeFileSync(path, `---\n${front.join("\n")}\n---\n\n${text.trim()}\n`);
  return path;
}

function example(file: string, folder: string): string {
  const text = readFileSync(file, "utf8");
  const [, head = "", program = ""] = /^\/\*\*([^]*?)\*\/\n([^]*)$/.exec(text) ?? [];
  const about = head.split("\n").map((line) => line.replace(/^ *\* ?/, "").trim()).join("\n").trim();
  const at = program.lastIndexOf("\n// Prints");
  const [announced = "", ...lines] = program.slice(at + 1).trimEnd().split("\n").map((line) => line.replace(/^\/\/ ?/, ""));
  const [number = "", ...words] = basename(file, ".ts").split("-");
  const [first = "", ...others] = words;
  const title = [number, first.charAt(0).toUpperCase() + first.slice(1), ...others].join(" ");
  const body = [
    `# ${title}`,
    withLinksFrom(file, folder, about),
    "```ts", program.slice(0, at).trim(), "```",
    `## ${announced.replace(/:$/, "")}`,
    "```text", ...lines, "```",
    `Run it on a clone: \`npx tsx ${file}\`.`,
  ];
  const page = join(folder, `${basename(file, ".ts")}.md`);
  madeOf.set(page, file);
  return write(page, { title, group: "Examples" }, body.join("\n").replace("\n```ts", "\n\n```ts"));
}

/** A guide is taken as it is, unless it links to sections of recipes, which have become pages. */
function guide(file: string, folder: string): string {
  const text = readFileSync(file, "utf8");
  if (!/\]\([^)\s]*recipes\/[^)\s]*#/.test(text)) return file;
  const page = join(folder, `guide-${basename(file)}`);
  madeOf.set(page, file);
  writeFileSync(page, withLinksFrom(file, folder, text));
  return page;
}

/** The README's section on installing, which search would not find in the README. */
function install(file: string, folder: string): string {
  const section = /^## Install$([^]*?)^## /m.exec(readFileSync(file, "utf8"))?.[1] ?? "";
  const page = { title: "Install, and a first program", group: "Start", order: 0, keywords: "install, npm, setup, tsconfig, package.json" };
  return write(join(folder, "install.md"), page, `# ${page.title}\n\n${withLinksFrom(file, folder, section)}`);
}

/** The folder to copy, with the text of each file in it. */
function starter(place: string, folder: string): string {
  const files = ["package.json", "tsconfig.json", "src/main.ts", "src/kitchen.ts", "src/kitchen.test.ts"];
  const listings = files.flatMap((name) => [`## ${name}`, `\`\`\`${extname(name).slice(1)}`, readFileSync(join(place, name), "utf8").trim(), "```", ""]);
  const page = join(folder, "starter.md");
  madeOf.set(page, join(place, "README.md"));
  return write(page, { title: "A folder to start from", group: "Start" }, [readFileSync(join(place, "README.md"), "utf8"), ...listings].join("\n"));
}

/** A heading as it stands in an address. */
const slug = (heading: string): string => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");

/** A page for each section; gives the path of the page above them. */
function recipes(file: string, folder: string): string {
  const text = readFileSync(file, "utf8");
  const [, front = "", body = ""] = /^---\n([^]*?)\n---\n([^]*)$/.exec(text) ?? [];
  const name = basename(file, ".md");
  const titleOfAll = /^title: (.*)$/m.exec(front)?.[1] ?? name;
  const [head = "", ...sections] = body.split(/^## /m);
  const listed: string[] = [];
  const children = sections.map((section) => {
    const heading = section.slice(0, section.indexOf("\n")).trim();
    const rest = section.slice(section.indexOf("\n") + 1);
    const [, title = heading, keywords] = /^(.*?)(?: \((.*)\))?$/.exec(heading) ?? [];
    const page = `recipe-${name}-${slug(heading)}.md`;
    listed.push(`* [${title}](${page})${keywords === undefined ? "" : `: ${keywords}`}`);
    return write(join(folder, page), { title, group: "Recipes", keywords: `${keywords ?? ""} ${titleOfAll}` }, `# ${title}\n\n${withLinksFrom(file, folder, rest)}`);
  });
  const above = join(folder, `recipes-${name}.md`);
  madeOf.set(above, file);
  return write(above, { title: titleOfAll, group: "Recipes", children }, `${withLinksFrom(file, folder, head)}\n\n${listed.join("\n")}`);
}

/** The text, its links to files written for a page in this folder; links to sections of recipes lead to their pages. */
function withLinksFrom(file: string, folder: string, text: string): string {
  return text.replaceAll(/\]\(([^)\s]+)\)/g, (whole, link: string) => {
    if (/^[a-z]+:/.test(link)) return whole;
    const [path = "", anchor] = link.split("#");
    const target = relative(process.cwd(), resolve(dirname(file), path === "" ? basename(file) : path));
    if (dirname(target) === "docs/recipes") return `](${anchor === undefined ? `recipes-${basename(target)}` : `recipe-${basename(target, ".md")}-${anchor}.md`})`;
    return `](${relative(folder, target)}${anchor === undefined ? "" : `#${anchor}`})`;
  });
}
