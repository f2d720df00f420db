import { scope, sleep } from "rendezvous";
import { explore, ExploreError } from "rendezvous/testing";
import { semaphore } from "rendezvous/sync";

const links: Readonly<Record<string, readonly string[]>> = { "/": ["/a", "/b"], "/a": ["/c"], "/b": ["/c"] };

/** Loads a page once; gives how often each was loaded. */
async function crawl(check: "before the wait" | "after the wait"): Promise<Map<string, number>> {
  const loaded = new Map<string, number>();
  const places = semaphore(2, { name: "places" });
  await scope((s) => {
    async function visit(page: string): Promise<void> {
      if (check === "before the wait" && loaded.has(page)) return;
      const permit = await places.acquire();
      try {
        if (check === "after the wait" && loaded.has(page)) return;
        loaded.set(page, (loaded.get(page) ?? 0) + 1);
        await sleep(10);
      } finally {
        permit.release();
      }
      for (const link of links[page] ?? []) s.go(visit, link);
    }
    return visit("/");
  });
  return loaded;
}

const program = (check: "before the wait" | "after the wait") => async (): Promise<void> => {
  for (const [page, times] of await crawl(check)) if (times > 1) throw new Error(`${page} was loaded ${times} times`);
};

await program("before the wait")(); // the usual order: nothing goes wrong
const error: unknown = await explore(program("before the wait")).catch((reason: unknown) => reason);
console.log(error instanceof ExploreError && String(error.cause)); // Error: /c was loaded 2 times
console.log((await explore(program("after the wait"))).complete); // true
