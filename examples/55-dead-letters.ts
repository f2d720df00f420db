/**
 * Poison messages: an order that no attempt can work off goes to the dead letters with the reason. When the bug is mended it is sent again, under an id
 * of its own.
 */
import { memoryBroker } from "rendezvous/testing";
import type { DeadLetter } from "rendezvous/nats";

interface Order {
  item: string;
  price?: number;
}

const remote = memoryBroker().remote();
const orders = await remote.queue<Order>("orders", { attempts: 3, backoff: [100] });

const work = ({ item, price }: Order): void => {
  if (price === undefined) throw new RangeError(`${item} has no price`);
  console.log(`${item} for ${price}`);
};
const serving = orders.serve(work);
await orders.send({ item: "tea" });
await orders.send({ item: "milk", price: 2 });

const dead = await remote.queue<DeadLetter<Order>>("orders.dead");
const letter = await dead.receive();
const { value, reason, attempts } = letter.value;
console.log(`dead after ${attempts} attempts: ${reason.name}: ${reason.message}`);
if (value) await orders.send({ ...value, price: 5 }, { id: "tea-again" });
await letter.done();

for (let left = 1; left > 0;) {
  const { waiting, leased } = await orders.size();
  left = waiting + leased;
}
orders.close();
await serving;
console.log(JSON.stringify(await orders.size()));

// Prints:
// milk for 2
// dead after 3 attempts: RangeError: tea has no price
// tea for 5
// {"waiting":0,"leased":0,"dead":0}
