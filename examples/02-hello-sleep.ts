/** A sleep blocks the task that sleeps, and no other task. */
import { run, sleep } from "rendezvous";

async function main(): Promise<void> {
  console.log("Hello world!");
  await sleep(1000);
  console.log("Hello again!");
}

await run(main);

// Prints, the second line after one second:
// Hello world!
// Hello again!
