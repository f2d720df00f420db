/**
 * Prints how many times as much processor time 96,000 gathered tasks take as 12,000 do: 8 if it is linear, 64 if it is quadratic. In a process of its
 * own, so that the garbage collector does not look at what other specs have kept.
 */
import { chan, gather } from "../../../../src/index.ts";
import { settle } from "../../../support/settle.ts";
import { expectNobodyWaits } from "../support.ts";

async function microsecondsFor(count: number): Promise<number> {
  const channel = chan<number>();
  const jobs = Array.from({ length: count }, () => async () => channel.receive());
  const started = process.cpuUsage();
  const gathered = gather(jobs);
  await settle();
  for (let n = 0; n < count; n++) channel.trySend(n);
  await gathered;
  const { user, system } = process.cpuUsage(started);
  expectNobodyWaits(channel);
  return user + system;
}

await microsecondsFor(16_000);
const small: number[] = [];
const large: number[] = [];
for (let n = 0; n < 3; n++) {
  small.push(await microsecondsFor(12_000)); // large enough for the garbage collector to have its share in both
  large.push(await microsecondsFor(96_000));
}
console.log(String(Math.min(...large) / Math.min(...small)));
