/**
 * Search while somebody types: a search begins when no key was pressed for 30 ms, and a new one cancels the one that still runs.
 */
import { chan, scope, sleep } from "rendezvous";
import { flow } from "rendezvous/flow";

/** Stands for a request: short texts take long, since they find much. */
async function search(text: string): Promise<string> {
  console.log(`search "${text}"`);
  try {
    await sleep(200 / text.length);
    return `results of "${text}"`;
  } finally {
    console.log(`end of "${text}"`);
  }
}

await scope(async (s) => {
  // What was typed last is what counts: nobody waits for room.
  const typed = chan<string>({ capacity: 1, overflow: "drop-oldest" });
  s.go(async () => {
    for (const [text, pause] of [["c", 10], ["ch", 50], ["cha", 10], ["chan", 100]] as const) {
      await typed.send(text);
      await sleep(pause);
    }
    typed.close();
  });
  for await (const results of flow(typed).debounce(30).latest(s, search)) console.log(results);
});

// Prints:
// search "ch"
// end of "ch"
// search "chan"
// end of "chan"
// results of "chan"
