/**
 * A graceful stop: on Ctrl-C a worker takes no more, cancels what runs, and gives its leases back. The next worker has them at once, and does not wait
 * until they run out.
 *
 *     nats-server -js &
 *     npx tsx examples/57-graceful-worker.ts nats://127.0.0.1:4222
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { run, scope, sleep, type Scope } from "rendezvous";
import { remoteAt } from "./support/remote.ts";

const [address = "nats://127.0.0.1:4222", role = "main"] = process.argv.slice(2);
const settings = { lease: 60_000 };

async function worker(s: Scope): Promise<void> {
  const jobs = await (await remoteAt(s, address)).queue<string>("chores", settings);
  await jobs.serve(async (job) => {
    console.log(`begins to ${job}`);
    try {
      await sleep(10_000);
    } finally {
      console.log(`stops to ${job}`);
    }
  }, { concurrency: 2 });
}

async function main(s: Scope): Promise<void> {
  const jobs = await (await remoteAt(s, address)).queue<string>("chores", settings);
  for (const job of ["wash", "dry", "fold"]) await jobs.send(job);

  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), address, "worker"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close") as Promise<[number]>;
  for await (const line of createInterface(child.stdout)) {
    console.log(line);
    if (line === "begins to dry") child.kill("SIGINT"); // Ctrl-C
  }
  console.log(`the worker has ended with ${(await ended)[0]}`);

  for (let n = 0; n < 3; n++) {
    const delivery = await jobs.receive();
    console.log(`the next worker has "${delivery.value}", attempt ${delivery.attempt}`);
    await delivery.done();
  }
}

if (role === "worker") await run(worker);
else await scope(main);

// Prints:
// begins to wash
// begins to dry
// stops to wash
// stops to dry
// the worker has ended with 130
// the next worker has "wash", attempt 2
// the next worker has "dry", attempt 2
// the next worker has "fold", attempt 1
