/**
 * A calculator service in two processes. One of them dies at a sum that is too big for it: nobody knows what became of that call, so it rejects, and it is
 * asked nowhere else. The other process answers what comes after it.
 *
 *     nats-server -js &
 *     npx tsx examples/52-calculator.ts nats://127.0.0.1:4222
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { scope } from "rendezvous";
import { remoteAt } from "./support/remote.ts";

interface Sum { left: number; right: number }
interface Answer { sum: number; by: number }

const [address = "nats://127.0.0.1:4222", name = `add-${process.pid}`, role = "desk"] = process.argv.slice(2);

await scope(async (s) => {
  const remote = await remoteAt(s, address, { patience: 400 });
  const { client, server } = remote.calls<Sum, Answer>(name);

  if (role === "calculator") {
    await server.serve(({ left, right }) => {
      if (left > 100) process.kill(process.pid, "SIGKILL");
      return { sum: left + right, by: process.pid };
    });
    return;
  }
  const calculators = [1, 2].map(() => fork(fileURLToPath(import.meta.url), [address, name, "calculator"]));
  s.defer(() => { for (const calculator of calculators) calculator.kill("SIGKILL"); });

  const seen = new Set<number>();
  while (seen.size < 2) seen.add((await client.call({ left: 1, right: 2 })).by);
  console.log(`${seen.size} processes answer`);

  await client.call({ left: 1000, right: 1 }).catch((error: unknown) => { console.log((error as Error).name); });

  const after = new Set<number>();
  for (let n = 1; n <= 20; n++) after.add((await client.call({ left: n, right: n })).by);
  console.log(`${after.size} process answers`);
});

// Prints:
// 2 processes answer
// UnknownOutcomeError
// 1 process answers
