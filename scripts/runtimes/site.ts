/**
 * The site in Chromium: `npm run docs`, then its links, pages at the width of a phone, light and dark, and the words that people search for.
 *
 * Alone: `npx tsx scripts/runtimes/site.ts`. Chromium is Debian's.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { browserProgram } from "./browsers.ts";
import { failureOf, run } from "./child.ts";
import type { Row } from "./row.ts";

const folder = "docs-out";

/** What people search for, and the page that has to be the first result. */
const searches: Readonly<Record<string, RegExp>> = {
  "retry": /\/functions\/rendezvous_sync\.retry\./,
  "mutex": /\.Protect_a_section_with_a_mutex\./,
  "semaphore": /\/functions\/rendezvous_sync\.semaphore\./,
  "worker": /05_Worker_pool|_in_a_worker_thread/,
  "goroutine": /\/Coming_from_Go\./,
  "asyncio": /\/Coming_from_asyncio\./,
  "Ctrl-C": /\/Starting_and_stopping_a_program\./,
  "stream": /\/Streams_and_files\./,
  "install": /\/Install,_and_a_first_program\./,
  "debounce": /#debounce$|\.Debounce_a_function\./,
  "timeout": /\/functions\/rendezvous\.timeout\.|\/Time_limits\./,
  "deadlock": /deadlock|DEADLOCK/i,
  "select": /\/functions\/rendezvous\.select\./,
  "queue": /rendezvous_nats\.Queue\.|Buffer_values_in_a_queue/,
  "nats": /[Bb]etween_machines|rendezvous_nats|27_Nats/,
  "test": /[Tt]est/,
  "backpressure": /back-pressure|Glossary|Closing|Streams/,
};

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** All pages, from the folder of the site. */
const pagesOf = (): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html") && !name.startsWith("blocks-")).sort();

/** Build the site and look at it. */
export async function site(): Promise<Row[]> {
  const where = "the site, in Chromium";
  const program = browserProgram("Chromium");
  if (program === undefined) return [{ what: "the site", where, outcome: "not run", detail: "no chromium here" }];
  const built = await run(process.execPath, ["--import=tsx", "scripts/docs.ts"], { folder: process.cwd(), seconds: 240 });
  if (built.code !== 0) return [{ what: "npm run docs", where, outcome: "failed", detail: failureOf(built) }];
  const server = createServer((request, response) => {
    const file = join(folder, decodeURIComponent(new URL(request.url ?? "/", "http://site").pathname));
    if (!existsSync(file)) response.writeHead(404).end();
    else response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  try {
    const checks: Readonly<Record<string, () => Promise<string[]>>> = {
      "no link is dead, and pages of every kind are 360 px wide without a scroll bar, and have no error": () => everyPage(browser, base),
      "light and dark: text can be read, with a contrast of 4.5 and more": () => colours(browser, base),
      "every example is a page, with what it prints": () => Promise.resolve(examplesWithout()),
    };
    const rows: Row[] = [];
    for (const [what, check] of Object.entries(checks)) rows.push(rowOf(what, where, await check()));
    for (const [word, page] of Object.entries(searches)) rows.push(rowOf(`search finds "${word}"`, where, await searched(browser, base, word, page)));
    return rows;
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

const rowOf = (what: string, where: string, faults: readonly string[]): Row =>
  (faults.length === 0 ? { what, where, outcome: "passed" } : { what, where, outcome: "failed", detail: faults.slice(0, 20).join("\n") });

/** Pages of one kind are made alike: of recipes, of examples and of each kind of API every sixth is looked at, of the others each. */
function lookedAt(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const kindOf = (name: string): string => (/^documents\/(\d\d_|[^/]*\.[A-Z])/.test(name) ? "documents of many" : name.startsWith("documents/") ? name : name.split("/")[0] ?? "");
  return names.filter((name) => {
    const count = counts.get(kindOf(name)) ?? 0;
    counts.set(kindOf(name), count + 1);
    return count % 6 === 0;
  });
}

async function everyPage(browser: Browser, base: string): Promise<string[]> {
  const names = pagesOf();
  const faults = deadLinks(names);
  const left = lookedAt(names).values();
  const lane = async (): Promise<void> => {
    const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
    let name = "";
    page.on("console", (message) => { if (message.type() === "error") faults.push(`${name}: ${message.text()}`); });
    page.on("pageerror", (error) => { faults.push(`${name}: ${error.message}`); });
    await page.route("**/assets/search.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" })); // half a megabyte for each page; the searches load it
    for (name of left) {
      await page.goto(base + name);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      if (width > 360) faults.push(`${name}: ${width} px wide`);
    }
    await page.close();
  };
  await Promise.all([lane(), lane()]);
  if (names.length < 150) faults.push(`only ${names.length} pages`);
  return faults;
}

/** The links of all pages that lead nowhere, to a page or to a place in it. */
function deadLinks(names: readonly string[]): string[] {
  const faults: string[] = [];
  const texts = new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  const places = new Map([...texts].map(([name, text]) => [name, new Set([...text.matchAll(/ id="([^"]*)"/g)].map(([, id = ""]) => id))]));
  for (const [name, text] of texts) {
    for (const href of new Set([...text.matchAll(/<a [^>]*?href="([^"]*)"/g)].map(([, found = ""]) => found.replaceAll("&amp;", "&")))) {
      const to = new URL(href, `http://site/${name}`);
      if (to.host !== "site") continue;
      const file = decodeURIComponent(to.pathname.slice(1)) || "index.html";
      const [there, anchor] = [places.get(file), decodeURIComponent(to.hash.slice(1))];
      if (there === undefined ? !existsSync(join(folder, file)) : anchor !== "" && !there.has(anchor)) faults.push(`${name}: a dead link to ${href}`);
    }
  }
  return faults;
}

/** The contrast of the text of some pages, by the formula of WCAG. */
async function colours(browser: Browser, base: string): Promise<string[]> {
  const faults: string[] = [];
  const backgrounds = new Set<string>();
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await browser.newPage({ colorScheme });
    for (const name of ["index.html", "documents/Scopes.html", "classes/rendezvous.Channel.html"]) {
      await page.goto(base + name);
      const found = await page.evaluate<Contrasts>(contrasts);
      backgrounds.add(found.background);
      for (const { text, contrast } of found.texts) if (contrast < 4.5) faults.push(`${name}, ${colorScheme}: ${contrast.toFixed(1)} for "${text}"`);
    }
    await page.close();
  }
  if (backgrounds.size !== 2) faults.push(`the backgrounds are ${[...backgrounds].join(" and ")}`);
  return faults;
}

interface Contrasts {
  background: string;
  texts: { text: string; contrast: number }[];
}

/** Evaluated in a page. */
const contrasts = String.raw`(() => {
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return numbers(colour)[3] === 0 && element.parentElement ? behind(element.parentElement) : colour;
  };
  const texts = [...document.querySelectorAll(".col-content :is(p, li, td, th, h1, h2, code, pre span)")].map((element) => {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    return { text: element.textContent.slice(0, 40), contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
  });
  return { background: behind(document.body), texts };
})()`;

/** The examples whose page is missing, or lacks a line of what they print. */
function examplesWithout(): string[] {
  const pages = new Map(pagesOf().filter((name) => name.startsWith("documents")).map((name) => [basename(name, ".html").toLowerCase(), readFileSync(join(folder, name), "utf8")]));
  return readdirSync("examples").filter((name) => name.endsWith(".ts")).flatMap((name) => {
    const page = pages.get(basename(name, ".ts").replaceAll("-", "_"));
    if (page === undefined) return [`${name} has no page`];
    const last = readFileSync(join("examples", name), "utf8").trimEnd().split("\n").at(-1)?.replace(/^\/\/ ?/, "") ?? "";
    const text = page.replaceAll(/<[^>]*>/g, "").replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&").replaceAll("\u00a0", " ");
    return text.includes(last) ? [] : [`${name}: its page does not say "${last}"`];
  });
}

async function searched(browser: Browser, base: string, word: string, expected: RegExp): Promise<string[]> {
  const page = await browser.newPage();
  try {
    await page.goto(`${base}index.html`);
    await page.keyboard.press("/");
    await page.fill("#tsd-search-input", word);
    const first = page.locator("#tsd-search-results li a");
    if (!await first.first().waitFor({ timeout: 10_000 }).then(() => true, () => false)) return ["it finds nothing"];
    const found = await results(page);
    return expected.test(found[0] ?? "") ? [] : [`it finds ${found.slice(0, 5).join(", ")}`];
  } finally {
    await page.close();
  }
}

const results = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll("#tsd-search-results li a")].map(({ pathname, hash }) => decodeURI(pathname + hash))`);

if (process.argv[1] !== undefined && basename(process.argv[1]) === "site.ts") {
  const rows = await site();
  for (const { what, outcome, detail } of rows) console.log(`${outcome}: ${what}${detail === undefined ? "" : `\n${detail}`}`);
  process.exitCode = rows.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}
