/** A chain of filters that grows by one for every prime it finds. Idea: Doug McIlroy; as Rob Pike shows it for Go. */
import { chan, go, type Receiver, type Sender } from "rendezvous";

async function count(numbers: Sender<number>): Promise<void> {
  for (let n = 2; ; n++) await numbers.send(n);
}

async function sieve(prime: number, numbers: Receiver<number>, others: Sender<number>): Promise<void> {
  for await (const n of numbers) {
    if (n % prime !== 0) await others.send(n);
  }
}

let numbers = chan<number>();
go(count, numbers);
for (let found = 0; found < 10; found++) {
  const prime = await numbers.receive();
  console.log(prime);
  const others = chan<number>();
  go(sieve, prime, numbers, others);
  numbers = others;
}
// The filters still wait here. Nothing sends to them any more, so they do not keep the program alive.

// Prints:
// 2
// 3
// 5
// 7
// 11
// 13
// 17
// 19
// 23
// 29
