/**
 * Law 10 on this machine: how late a 1 ms interval is while two tasks do nothing but talk to each other for one second.
 * Run it with `npx tsx scripts/alive.ts`.
 */
import { chan, gather } from "rendezvous";

const ball = chan<number>();
let handovers = 0;
let latest = 0;
let last = performance.now();
const began = last;
const interval = setInterval(() => {
  const now = performance.now();
  latest = Math.max(latest, now - last);
  last = now;
}, 1);

await gather([
  async () => {
    while (performance.now() - began < 1000) await ball.send(handovers++);
    ball.close();
  },
  async () => {
    while ((await ball.next()).done !== true);
  },
]);
clearInterval(interval);
console.log(`${handovers} handovers in one second; the 1 ms interval never waited longer than ${latest.toFixed(1)} ms`);
