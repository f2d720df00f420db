/** Two tasks meet: the producer hands each number over and waits for the answer before it makes the next one. */
import { chan, gather } from "rendezvous";

const numbers = chan<number>();
const replies = chan<string>();

async function producer(): Promise<void> {
  for (let n = 1; n <= 5; n++) {
    console.log(`[Producer]Producing ${n}...`);
    await numbers.send(n);
    console.log(`[PRODUCER]Consumer return: ${await replies.receive()}`);
  }
  numbers.close(); // ends the consumer's loop
}

async function consumer(): Promise<void> {
  for await (const n of numbers) {
    console.log(`[Consumer]Consuming ${n}...`);
    await replies.send("200 OK");
  }
}

await gather([producer, consumer]);

// Prints:
// [Producer]Producing 1...
// [Consumer]Consuming 1...
// [PRODUCER]Consumer return: 200 OK
// [Producer]Producing 2...
// [Consumer]Consuming 2...
// [PRODUCER]Consumer return: 200 OK
// [Producer]Producing 3...
// [Consumer]Consuming 3...
// [PRODUCER]Consumer return: 200 OK
// [Producer]Producing 4...
// [Consumer]Consuming 4...
// [PRODUCER]Consumer return: 200 OK
// [Producer]Producing 5...
// [Consumer]Consuming 5...
// [PRODUCER]Consumer return: 200 OK
