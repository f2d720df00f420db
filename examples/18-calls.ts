/**
 * A conversation between two tasks, over the two ends of `calls`: the task with the client asks and waits for the answer, the task with
 * the server has to give one. The consumer is the generator of 10-coroutine.ts, unchanged.
 */
import { calls, coroutine, gather, type Client, type Server } from "rendezvous";

function* consumer(): Generator<string, void, number> {
  let reply = "";
  for (;;) {
    const n = yield reply;
    console.log(`[CONSUMER] Consuming ${n}...`);
    reply = "200 OK";
  }
}

async function consume(server: Server<number, string>): Promise<void> {
  const conversation = coroutine(consumer);
  await server.serve((n) => conversation.call(n));
  conversation.close();
  await conversation.done;
}

async function produce(client: Client<number, string>): Promise<void> {
  for (let n = 1; n <= 5; n++) {
    console.log(`[PRODUCER] Producing ${n}...`);
    console.log(`[PRODUCER] Consumer return: ${await client.call(n)}`);
  }
}

const requests = calls<number, string>("numbers");
await gather([
  () => consume(requests.server),
  async () => {
    await produce(requests.client);
    requests.close();
  },
]);
console.log("[CONSUMER] Closed");

// Prints:
// [PRODUCER] Producing 1...
// [CONSUMER] Consuming 1...
// [PRODUCER] Consumer return: 200 OK
// [PRODUCER] Producing 2...
// [CONSUMER] Consuming 2...
// [PRODUCER] Consumer return: 200 OK
// [PRODUCER] Producing 3...
// [CONSUMER] Consuming 3...
// [PRODUCER] Consumer return: 200 OK
// [PRODUCER] Producing 4...
// [CONSUMER] Consuming 4...
// [PRODUCER] Consumer return: 200 OK
// [PRODUCER] Producing 5...
// [CONSUMER] Consuming 5...
// [PRODUCER] Consumer return: 200 OK
// [CONSUMER] Closed
