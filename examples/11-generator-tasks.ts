/** A generator task: `yield*` an operation where an async function awaits a verb. Both kinds meet on the same channels. */
import { chan, gather, selecting, sleeping, type Receiver, type Sender } from "rendezvous";

function* squares(numbers: Receiver<number>, results: Sender<number>): Generator<unknown, void> {
  for (;;) {
    const next = yield* selecting({ number: numbers.receiving(), quiet: sleeping(100) });
    if (next.case === "quiet") break;
    yield* results.sending(next.value ** 2);
  }
  results.close();
}

async function ask(numbers: Sender<number>): Promise<void> {
  for (const n of [1, 2, 3]) await numbers.send(n);
}

async function print(results: Receiver<number>): Promise<void> {
  for await (const result of results) console.log(result);
}

const [numbers, results] = [chan<number>(), chan<number>()];
await gather([() => squares(numbers, results), () => ask(numbers), () => print(results)]);

// Prints:
// 1
// 4
// 9
