/**
 * The pipeline of `54-pipeline.ts`, on stored queues: six lines differ. Each stage may now run in a process of its own, and in several.
 *
 * It runs in memory. On machines, `memoryBroker().remote()` is `overNats(connection, { jetstream, manager })`.
 */
import { chan, scope } from "rendezvous";
import { memoryBroker } from "rendezvous/testing";

interface Order {
  item: string;
  price: number;
}

const wanted = ["tea", "milk", "bread", "salt"];
const remote = memoryBroker().remote();
const orders = await remote.queue<Order>("orders", { capacity: 10 });
const bills = await remote.queue<string>("bills", { capacity: 10 });
const finished = chan<number>();

async function bill({ item, price }: Order): Promise<void> {
  await bills.send(`${item}: ${price.toFixed(2)}`);
}

let printed = 0;
async function print(text: string): Promise<void> {
  console.log(text);
  if (++printed === wanted.length) await finished.send(printed);
}

await scope(async (s) => {
  s.go(() => orders.serve(bill));
  s.go(() => bills.serve(print));
  for (const [index, item] of wanted.entries()) await orders.send({ item, price: 1 + index / 2 });
  console.log(`${await finished.receive()} bills`);
  orders.close();
  bills.close();
});

// Prints:
// tea: 1.00
// milk: 1.50
// bread: 2.00
// salt: 2.50
// 4 bills
