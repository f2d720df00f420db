import { run, scope, sleep } from "rendezvous";
import { semaphore } from "rendezvous/sync";

const pages = ["/", "/guide", "/api", "/help", "/blog", "/news"];

let loading = 0;
let most = 0;
async function load(page: string): Promise<readonly string[]> {
  most = Math.max(most, ++loading);
  await sleep(10);
  loading--;
  return page === "/" ? pages : [];
}

async function crawl(start: string, atOnce: number): Promise<number> {
  const seen = new Set<string>();
  const places = semaphore(atOnce, { name: "places" });
  await scope((s) => {
    const visit = (page: string): void => {
      if (seen.has(page)) return;
      seen.add(page);
      s.go(async () => { for (const link of await places.run(() => load(page))) visit(link); });
    };
    visit(start);
  });
  return seen.size;
}

await run(async () => {
  console.log(`${await crawl("/", 2)} pages, ${most} at once at most`); // 6 pages, 2 at once at most
});
