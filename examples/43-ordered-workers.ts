/**
 * A pool of three workers whose results come in the order of the jobs, however long each takes. The first failure ends it: what came
 * before is given, jobs that still run are cancelled, and no new one begins.
 */
import { scope, sleep } from "rendezvous";
import { flow } from "rendezvous/flow";

let running = 0;
let most = 0;

async function thumbnail(photo: number): Promise<string> {
  most = Math.max(most, ++running);
  try {
    await sleep(photo % 3 === 0 ? 5 : 30);
    if (photo === 8) throw new Error("photo 8 is broken");
    return `thumbnail ${photo}`;
  } finally {
    running--;
  }
}

const photos = Array.from({ length: 20 }, (_, n) => n + 1);
await scope(async (s) => {
  try {
    for await (const made of flow(photos).parallel(s, 3, thumbnail)) console.log(made);
  } catch (error) {
    console.log((error as Error).message);
  }
});
console.log(`at most ${most} at a time, ${running} still running`);

// Prints:
// thumbnail 1
// thumbnail 2
// thumbnail 3
// thumbnail 4
// thumbnail 5
// thumbnail 6
// thumbnail 7
// photo 8 is broken
// at most 3 at a time, 0 still running
