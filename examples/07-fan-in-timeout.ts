/** `select` merges two sources of different speeds, until one time limit for the whole loop has passed. */
import { chan, gather, go, select, sleep, type Sender } from "rendezvous";

async function repeat(word: string, ms: number, out: Sender<string>): Promise<void> {
  for (let n = 1; ; n++) {
    await sleep(ms);
    if (out.closed) return;
    await out.send(`${word} ${n}`);
  }
}

const fast = chan<string>();
const slow = chan<string>();
const sources = [go(repeat, "fast", 100, fast), go(repeat, "slow", 250, slow)];

// One limit for the whole loop: `sleeping(560)` as a case would begin anew with every select.
const limit = go(() => sleep(560));
for (let late = false; !late; ) {
  const next = await select({ fast: fast.receiving(), slow: slow.receiving(), limit: limit.joining() });
  if (next.case === "limit") late = true;
  else console.log(next.value);
}
fast.close();
slow.close();
await gather(sources);
console.log("time is up");

// Prints:
// fast 1
// fast 2
// slow 1
// fast 3
// fast 4
// slow 2
// fast 5
// time is up
