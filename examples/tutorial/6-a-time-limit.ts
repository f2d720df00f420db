import { named, run, scope, sleep, timeout, TimeoutError } from "rendezvous";
import { semaphore } from "rendezvous/sync";

const links: Readonly<Record<string, readonly string[]>> = { "/": ["/guide", "/slow"], "/guide": ["/"], "/slow": [] };

async function load(page: string): Promise<readonly string[]> {
  await sleep(page === "/slow" ? 60_000 : 1);
  return links[page] ?? [];
}

async function crawl(start: string, atOnce: number, patience: number): Promise<string[]> {
  const seen = new Set<string>();
  const problems: string[] = [];
  const places = semaphore(atOnce, { name: "places" });
  await scope((s) => {
    const visit = (page: string): void => {
      if (seen.has(page)) return;
      seen.add(page);
      s.go(named(page, async () => {
        const found = await places.run(() => timeout(patience, () => load(page)));
        for (const link of found) visit(link);
      }));
    };
    visit(start);
  }, {
    onError: (error, task) => { problems.push(`${task.name}: ${error instanceof TimeoutError ? "too slow" : String(error)}`); },
  });
  return problems;
}

await run(async () => {
  for (const line of await crawl("/", 2, 50)) console.log(line); // /slow: too slow
});
