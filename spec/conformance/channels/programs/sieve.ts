/**
 * The first ten primes by a chain of filters, which are left waiting. The process ends all the same.
 */
import { chan, go, type Receiver } from "../../../../src/index.ts";

function filter(input: Receiver<number>, prime: number): Receiver<number> {
  const output = chan<number>();
  go(async () => { for await (const n of input) if (n % prime !== 0) await output.send(n); });
  return output;
}

const numbers = chan<number>();
go(async () => { for (let n = 2; ; n++) await numbers.send(n); });
let input: Receiver<number> = numbers;
const primes: number[] = [];
while (primes.length < 10) {
  const prime = await input.receive();
  primes.push(prime);
  input = filter(input, prime);
}
console.log(primes.join(" "));
