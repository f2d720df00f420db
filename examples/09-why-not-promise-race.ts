/**
 * Why `Promise.race` and channels do not go together: a receive that loses the race is still in line. It takes the next
 * value, and nobody looks at it. A receive that loses a select has left the line.
 */
import { chan, select, sleep, sleeping, type Receiver } from "rendezvous";

async function arrivals(take: (ch: Receiver<number>) => Promise<unknown>): Promise<number> {
  const ch = chan<number>();
  let arrived = 0;
  for (let n = 0; n < 100; n++) {
    await take(ch); // nothing is there yet: the time limit comes first
    void ch.send(n);
    if ((await take(ch)) !== undefined) arrived++;
  }
  return arrived;
}

const byRace = await arrivals((ch) => Promise.race([ch.receive(), sleep(1)]));
const bySelect = await arrivals(async (ch) => (await select({ value: ch.receiving(), late: sleeping(1) })).value);
console.log(`${byRace} of 100 arrive by Promise.race`);
console.log(`${bySelect} of 100 arrive by select`);

// Prints:
// 0 of 100 arrive by Promise.race
// 100 of 100 arrive by select
