/** Cooks share one channel of orders: whoever is free takes the next one. */
import { chan, scope, sleep, type Receiver } from "rendezvous";

/** Cook everything, with so many cooks; the dishes in the order in which they are ready. */
export async function cookAll(orders: Iterable<string>, cooks: number): Promise<string[]> {
  const kitchen = chan<string>({ name: "orders" });
  const ready: string[] = [];

  await scope(async (s) => {
    for (let n = 1; n <= cooks; n++) s.go(cook, `cook ${n}`, kitchen, ready);
    for (const order of orders) await kitchen.send(order); // waits until a cook is free
    kitchen.close(); // ends the loops of the cooks
  });
  return ready;
}

async function cook(name: string, orders: Receiver<string>, ready: string[]): Promise<void> {
  for await (const order of orders) {
    await sleep(order.length * 100);
    ready.push(`${order} by ${name}`);
  }
}
