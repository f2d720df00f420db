/** Two tasks sleep at the same time, on one thread, so the program takes one second and not two. */
import { threadId } from "node:worker_threads";
import { gather, sleep } from "rendezvous";

async function greet(name: string): Promise<string> {
  console.log(`Hello ${name}! (thread ${threadId})`);
  await sleep(1000);
  console.log(`Hello ${name} again! (thread ${threadId})`);
  return name;
}

const names = await gather([() => greet("Bob"), () => greet("Ash")]);
console.log(names);

// Prints, the third line after one second:
// Hello Bob! (thread 0)
// Hello Ash! (thread 0)
// Hello Bob again! (thread 0)
// Hello Ash again! (thread 0)
// [ 'Bob', 'Ash' ]
