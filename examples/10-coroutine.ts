/** A generator as one side of a conversation: its `yield` returns the request, and the next value it yields is the answer. */
import { coroutine } from "rendezvous";

function* consumer(): Generator<string, void, number> {
  let reply = "";
  for (;;) {
    const n = yield reply;
    console.log(`[CONSUMER] Consuming ${n}...`);
    reply = "200 OK";
  }
}

const conversation = coroutine(consumer);
for (let n = 1; n <= 5; n++) {
  console.log(`[PRODUCER] Producing ${n}...`);
  console.log(`[PRODUCER] Consumer return: ${await conversation.call(n)}`);
}
conversation.close();

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
