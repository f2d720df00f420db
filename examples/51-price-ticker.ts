/**
 * A price ticker: a topic has a fast subscriber and a slow one. The slow one keeps the newest ten prices, and is told of what it has lost; nobody waits
 * for it.
 */
import { sleep } from "rendezvous";
import { memoryBroker } from "rendezvous/testing";

const broker = memoryBroker();
const exchange = broker.remote().topic<number>("prices");
const [fast, slow] = [broker.remote().topic<number>("prices"), broker.remote().topic<number>("prices")];

let lost = 0;
const every = await fast.subscribe();
const newest = await slow.subscribe({ capacity: 10, overflow: "drop-oldest", onDrop: () => { lost++; } });

let seen = 0;
const reading = (async (): Promise<void> => {
  for await (const _ of every) seen++;
})();

for (let price = 100; price < 200; price++) await exchange.send(price);
await sleep(10);
console.log(`the fast one has seen ${seen} prices`);
console.log(`the slow one has lost ${lost}, and goes on with ${await newest.receive()}`);

every.cancel();
newest.cancel();
await reading;

// Prints:
// the fast one has seen 100 prices
// the slow one has lost 90, and goes on with 190
