import { run, scope, sleep } from "rendezvous";

const links: Readonly<Record<string, readonly string[]>> = {
  "/": ["/guide", "/api"],
  "/guide": ["/api", "/help"],
  "/api": ["/", "/help"],
  "/help": [],
};

let loading = 0;
async function load(page: string): Promise<readonly string[]> {
  console.log(`${page}, ${++loading} at once`);
  await sleep(10);
  loading--;
  return links[page] ?? [];
}

async function crawl(start: string): Promise<number> {
  const seen = new Set<string>();
  await scope((s) => {
    const visit = (page: string): void => {
      if (seen.has(page)) return;
      seen.add(page);
      s.go(async () => { for (const link of await load(page)) visit(link); });
    };
    visit(start);
  }); // here every page has been loaded
  return seen.size;
}

await run(async () => { console.log(`${await crawl("/")} pages`); });
// /, 1 at once
// /guide, 1 at once
// /api, 2 at once
// /help, 2 at once
// 4 pages
