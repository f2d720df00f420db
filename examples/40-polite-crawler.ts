/**
 * A crawler that behaves: it starts a request every 50 ms at most, tries a page again that failed, and fetches a page once however many ask for it.
 */
import { gather, sleep } from "rendezvous";
import { rateLimiter, retry, singleflight } from "rendezvous/sync";

const links: Readonly<Record<string, readonly string[]>> = { "/": ["/a", "/b"], "/a": ["/b", "/c"], "/b": ["/c", "/"], "/c": [] };
let failures = 2;

/** Stands for `fetch`: a page takes 10 ms, and "/c" fails twice. */
async function fetchPage(path: string): Promise<readonly string[]> {
  console.log(`GET ${path}`);
  await sleep(10);
  if (path === "/c" && failures-- > 0) throw new Error("503");
  return links[path] ?? [];
}

const politeness = rateLimiter({ limit: 2, per: 100, burst: 1 });
const pages = singleflight(
  (path: string) => retry(async () => {
    await politeness.take();
    return fetchPage(path);
  }, { times: 4, delay: 20, jitter: false }),
  { keep: Infinity },
);

const seen = new Set<string>();
async function crawl(path: string): Promise<void> {
  seen.add(path);
  const found = await pages.run(path);
  await gather(found.filter((next) => !seen.has(next)).map((next) => () => crawl(next)));
}

await crawl("/");
console.log([...seen].join(" "));

// Prints:
// GET /
// GET /a
// GET /b
// GET /c
// GET /c
// GET /c
// / /a /b /c
