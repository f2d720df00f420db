import assert from "node:assert/strict";
import { scope, sleep, timeout, TimeoutError } from "rendezvous";
import { bubble } from "rendezvous/testing";
import { semaphore } from "rendezvous/sync";

type Load = (page: string) => Promise<readonly string[]>;

async function crawl(start: string, load: Load, atOnce: number, patience: number): Promise<string[]> {
  const seen = new Set<string>();
  const slow: string[] = [];
  const places = semaphore(atOnce, { name: "places" });
  await scope((s) => {
    const visit = (page: string): void => {
      if (seen.has(page)) return;
      seen.add(page);
      s.go(async () => {
        try {
          for (const link of await places.run(() => timeout(patience, () => load(page)))) visit(link);
        } catch (error) {
          if (!(error instanceof TimeoutError)) throw error;
          slow.push(page);
        }
      });
    };
    visit(start);
  });
  return slow;
}

await bubble(async () => {
  const load: Load = async (page) => {
    await sleep(page === "/slow" ? 60_000 : 1000);
    return page === "/" ? ["/slow", "/a", "/b", "/c"] : [];
  };
  assert.deepEqual(await crawl("/", load, 2, 5000), ["/slow"]);
  // "/" takes 1 s; then "/slow" holds one place for 5 s, while the others share the second one.
  assert.equal(performance.now(), 6000);
});
console.log("six seconds have passed in no time"); // six seconds have passed in no time
