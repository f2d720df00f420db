import { run, sleep } from "rendezvous";

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

await run(async () => {
  const seen = new Set(["/"]);
  for (const page of seen) {
    for (const link of await load(page)) seen.add(link); // the loop comes to these, too
    console.log(page);
  }
});
// /
// /guide
// /api
// /help
