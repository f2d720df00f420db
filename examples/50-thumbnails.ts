/**
 * Thumbnails: a web process sends pictures to a stored queue, and three workers make them small. One worker is killed half way. What it had leased
 * comes again, with attempt 2: every picture is done, at least once.
 *
 * It runs in memory. On machines each `broker.remote()` is `overNats(connection, { jetstream, manager })`, in a process of its own.
 */
import { sleep } from "rendezvous";
import { memoryBroker } from "rendezvous/testing";

const broker = memoryBroker();
const lease = 1000;
const web = broker.remote({ name: "web" });
const workers = ["Ada", "Bob", "Cyd"].map((name) => ({ name, remote: broker.remote({ name }), killed: false }));
const done: string[] = [];

const serving = workers.map(async (worker) => {
  const pictures = await worker.remote.queue<string>("pictures", { lease });
  await pictures.serve(async (picture, { attempt }) => {
    await sleep(100);
    if (worker.killed) return; // what a dead process does, nobody sees
    done.push(picture);
    if (attempt > 1) console.log(`${picture} came again, and ${worker.name} has done it`);
  });
});

const pictures = await web.queue<string>("pictures", { lease });
for (let n = 1; n <= 12; n++) await pictures.send(`picture ${n}`);
await sleep(150);

const [victim] = workers;
if (victim) {
  victim.killed = true;
  broker.kill(victim.remote);
  console.log(`${victim.name} is killed, ${done.length} pictures are done`);
}
await sleep(2000);
console.log(`${new Set(done).size} pictures are done`, JSON.stringify(await pictures.size()));

for (const { remote, killed } of workers) if (!killed) await remote[Symbol.asyncDispose]();
const ends = await Promise.allSettled(serving.slice(1));
console.log(ends.map(({ status }) => status).join());

// Prints:
// Ada is killed, 3 pictures are done
// picture 4 came again, and Bob has done it
// 12 pictures are done {"waiting":0,"leased":0,"dead":0}
// rejected,rejected
