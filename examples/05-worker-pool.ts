/** Three workers share one channel of jobs: the next free worker takes the next job. Closing the channel ends them all. */
import { chan, gather, sleep } from "rendezvous";

const jobs = chan<number>();
const results = chan<string>();

async function worker(name: string): Promise<void> {
  for await (const job of jobs) {
    await sleep(job * 10);
    await results.send(`${name} did job ${job}`);
  }
}

async function assign(): Promise<void> {
  for (let job = 1; job <= 6; job++) await jobs.send(job);
  jobs.close();
}

async function work(): Promise<void> {
  await gather([assign, () => worker("Ada"), () => worker("Bob"), () => worker("Cyd")]);
  results.close();
}

async function print(): Promise<void> {
  for await (const result of results) console.log(result);
}

await gather([work, print]);

// Prints:
// Ada did job 1
// Bob did job 2
// Cyd did job 3
// Ada did job 4
// Bob did job 5
// Cyd did job 6
