import { named, run, scope, sleep } from "rendezvous";
import { semaphore } from "rendezvous/sync";

const links: Readonly<Record<string, readonly string[]>> = { "/": ["/guide", "/gone"], "/guide": ["/old", "/"] };

async function load(page: string): Promise<readonly string[]> {
  await sleep(10);
  const found = links[page];
  if (found === undefined) throw new Error("404 Not Found");
  return found;
}

async function crawl(start: string, atOnce: number): Promise<string[]> {
  const seen = new Set<string>();
  const broken: string[] = [];
  const places = semaphore(atOnce, { name: "places" });
  await scope((s) => {
    const visit = (page: string): void => {
      if (seen.has(page)) return;
      seen.add(page);
      s.go(named(page, async () => { for (const link of await places.run(() => load(page))) visit(link); }));
    };
    visit(start);
  }, {
    onError: (error, task) => { broken.push(`${task.name}: ${String(error)}`); }, // without it, the first broken link would end the crawl
  });
  return broken;
}

await run(async () => {
  for (const line of await crawl("/", 2)) console.log(line);
});
// /gone: Error: 404 Not Found
// /old: Error: 404 Not Found
