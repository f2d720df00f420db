/**
 * A graceful stop: a worker is told to stop, as by Ctrl-C. It takes no more, cancels what runs, and gives its leases back: the next worker has them at
 * once, and does not wait until they run out.
 *
 * In a program of its own, `run(body)` cancels its body on Ctrl-C, and so `serve` in it.
 */
import { scope, sleep } from "rendezvous";
import { memoryBroker } from "rendezvous/testing";

const broker = memoryBroker();
const jobs = await broker.remote().queue<string>("jobs", { lease: 60_000 });
for (const job of ["wash", "dry", "fold"]) await jobs.send(job);

await scope(async (s) => {
  const own = await broker.remote().queue<string>("jobs", { lease: 60_000 });
  s.go(() => own.serve(async (job) => {
    console.log(`begins to ${job}`);
    try {
      await sleep(10_000);
    } finally {
      console.log(`stops to ${job}`);
    }
  }, { concurrency: 2 }));
  await sleep(10);
  s.cancel("Ctrl-C");
});
console.log("the worker has ended");

console.log(JSON.stringify(await jobs.size()));
for (let n = 0; n < 3; n++) {
  const delivery = await jobs.receive();
  console.log(`the next worker has "${delivery.value}", attempt ${delivery.attempt}`);
  await delivery.done();
}

// Prints:
// begins to wash
// begins to dry
// stops to wash
// stops to dry
// the worker has ended
// {"waiting":3,"leased":0,"dead":0}
// the next worker has "wash", attempt 2
// the next worker has "dry", attempt 2
// the next worker has "fold", attempt 1
