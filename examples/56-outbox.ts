/**
 * An outbox: a row of the database and its message go together. The row is written first; a relay sends each row with the row's id, and marks it
 * afterwards. If the relay dies in between, it sends again: the same id is stored once, so there is no double.
 */
import { sleep } from "rendezvous";
import { memoryBroker } from "rendezvous/testing";

const broker = memoryBroker();
const outbox = new Map<string, { text: string; sent: boolean }>();
for (let n = 1; n <= 5; n++) outbox.set(`row-${n}`, { text: `mail ${n}`, sent: false });

/** Sends what is not marked. It dies, in the place of a crash, after so many rows that were sent and not marked. */
async function relay(diesAfter: number): Promise<void> {
  const mails = await broker.remote().queue<string>("mails");
  for (const [id, row] of outbox) {
    if (row.sent) continue;
    await mails.send(row.text, { id });
    if (--diesAfter === 0) return;
    row.sent = true;
  }
}

await relay(3);
console.log(`the relay has died, ${[...outbox.values()].filter(({ sent }) => sent).length} rows are marked`);
await relay(Infinity);

const stop = new AbortController();
const mails = await broker.remote().queue<string>("mails");
const serving = mails.serve((text, { id }) => { console.log(`${id}: ${text}`); }, { signal: stop.signal });
await sleep(10);
stop.abort("all is done");
await serving.catch((reason: unknown) => { console.log(reason); });

// Prints:
// the relay has died, 2 rows are marked
// row-1: mail 1
// row-2: mail 2
// row-3: mail 3
// row-4: mail 4
// row-5: mail 5
// all is done
