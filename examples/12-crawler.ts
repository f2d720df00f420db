/**
 * A crawler: it visits each page once, never more than three at a time. Nothing counts the pages that are left: each
 * page found is a task of the scope, and the scope ends with the last of them.
 */
import { named, scope, sleep } from "rendezvous";
import { semaphore } from "rendezvous/sync";

const site: Readonly<Record<string, readonly string[]>> = {
  "/": ["/guide", "/api", "/blog"],
  "/guide": ["/", "/guide/start", "/guide/errors", "/api"],
  "/guide/start": ["/guide", "/guide/errors"],
  "/guide/errors": ["/guide", "/gone"],
  "/api": ["/", "/api/chan", "/api/go"],
  "/api/chan": ["/api", "/api/go"],
  "/api/go": ["/api", "/api/chan"],
  "/blog": ["/"],
};

let loading = 0;

async function linksOf(page: string): Promise<readonly string[]> {
  console.log(`${page} (${++loading} at once)`);
  await sleep(100); // the network
  loading--;
  const links = site[page];
  if (!links) throw new Error("404 Not Found");
  return links;
}

async function crawl(start: string, atOnce: number): Promise<number> {
  const found = new Set<string>();
  const places = semaphore(atOnce, { name: "places" });

  await scope((s) => {
    function visit(page: string): void {
      if (found.has(page)) return;
      found.add(page);
      s.go(
        named(page, async () => {
          const links = await places.run(() => linksOf(page));
          for (const link of links) visit(link);
        }),
      );
    }
    visit(start);
  }, {
    onError: (error, task) => { console.log(`${task.name}: ${String(error)}`); }, // one failed page does not stop the others
  });
  return found.size;
}

console.log(`${await crawl("/", 3)} pages`);

// Prints, three lines every 100 ms:
// / (1 at once)
// /guide (1 at once)
// /api (2 at once)
// /blog (3 at once)
// /guide/start (3 at once)
// /guide/errors (3 at once)
// /api/chan (3 at once)
// /api/go (3 at once)
// /gone (3 at once)
// /gone: Error: 404 Not Found
// 9 pages
