/**
 * A pipeline in one process: orders become bills, and bills are printed. `54-pipeline-between-machines.ts` is the same program on stored queues: six
 * lines differ.
 */
import { chan, scope } from "rendezvous";

interface Order {
  item: string;
  price: number;
}

const wanted = ["tea", "milk", "bread", "salt"];
const orders = chan<Order>(10);
const bills = chan<string>(10);
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
  s.go(async () => { for await (const order of orders) await bill(order); });
  s.go(async () => { for await (const text of bills) await print(text); });
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
