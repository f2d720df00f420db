import { chan, run, sleep, type Sender } from "rendezvous";

const links: Readonly<Record<string, readonly string[]>> = {
  "/": ["/guide", "/api"],
  "/guide": ["/api", "/help"],
  "/api": ["/", "/help"],
  "/help": [],
};

async function load(page: string): Promise<readonly string[]> {
  await sleep(10); // stands for the network
  return links[page] ?? [];
}

async function crawl(start: string, found: Sender<string>): Promise<void> {
  const seen = new Set([start]);
  for (const page of seen) {
    for (const link of await load(page)) seen.add(link);
    await found.send(page); // waits until the printer takes it
  }
  found.close();
}

await run(async (s) => {
  const found = chan<string>();
  s.go(crawl, "/", found);
  for await (const page of found) console.log(page);
  console.log("that is all");
});
// /
// /guide
// /api
// /help
// that is all
