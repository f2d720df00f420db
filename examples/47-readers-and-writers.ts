/**
 * Readers and writers: any number may read at the same time, a writer is alone. Nobody overtakes, so readers that keep coming do not starve a
 * writer.
 */
import { gather, sleep } from "rendezvous";
import { semaphore } from "rendezvous/sync";

const atMost = 100;
const book = semaphore(atMost, { name: "book" });
let edition = 1;

async function read(name: string): Promise<void> {
  using _ = await book.acquire(1);
  console.log(`${name} begins to read edition ${edition}`);
  await sleep(20);
  console.log(`${name} has read edition ${edition}`);
}

async function write(name: string): Promise<void> {
  using _ = await book.acquire(atMost);
  console.log(`${name} writes, alone`);
  await sleep(20);
  edition++;
}

await gather([() => read("Ada"), () => read("Bob"), () => write("Eve"), () => read("Cyd"), () => read("Dan")]);

// Prints:
// Ada begins to read edition 1
// Bob begins to read edition 1
// Ada has read edition 1
// Bob has read edition 1
// Eve writes, alone
// Cyd begins to read edition 2
// Dan begins to read edition 2
// Cyd has read edition 2
// Dan has read edition 2
