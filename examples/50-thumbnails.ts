/**
 * Thumbnails: a web process sends pictures to a stored queue, and three worker processes make them small. One worker is killed half way, as by kill -9.
 * What it had leased comes again to the others: every picture is done, at least once.
 *
 *     nats-server -js &
 *     npx tsx examples/50-thumbnails.ts nats://127.0.0.1:4222
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { run, scope, sleep, type Scope } from "rendezvous";
import { remoteAt } from "./support/remote.ts";

const [address = "nats://127.0.0.1:4222", role = "web"] = process.argv.slice(2);
const lease = 500;

async function worker(s: Scope): Promise<void> {
  const remote = await remoteAt(s, address);
  const done = remote.topic<string>("thumbnails");
  const pictures = await remote.queue<string>("pictures", { lease });
  await pictures.serve(async (picture) => {
    await sleep(10); // makes it small
    await done.send(picture);
  });
}

async function web(s: Scope): Promise<void> {
  const remote = await remoteAt(s, address);
  const pictures = await remote.queue<string>("pictures", { lease });
  const thumbnails = await remote.topic<string>("thumbnails").subscribe();
  const workers = [1, 2, 3].map(() => fork(fileURLToPath(import.meta.url), [address, "worker"]));
  for (let n = 1; n <= 40; n++) await pictures.send(`picture ${n}`);

  const done = new Set<string>();
  for await (const picture of thumbnails) {
    done.add(picture);
    if (done.size === 20 && workers[0]?.kill("SIGKILL") === true) console.log("half of them are done, and a worker is killed");
    if (done.size === 40) break;
  }
  console.log(`${done.size} pictures are done`);
  for (const one of workers) one.kill("SIGTERM");
}

if (role === "worker") await run(worker);
else await scope(web);

// Prints:
// half of them are done, and a worker is killed
// 40 pictures are done
