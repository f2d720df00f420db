/** The first 500 primes by a chain of filters, one task for every prime found: 132,046 handovers. */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

const primes = 500;
const sumOfPrimes = 824_693;

/** @type {import("../interface.mjs").Workload} */
export default {
  name: "sieve",
  title: "prime sieve, 500 primes",
  unit: "ms",
  kind: "fixed",
  needs: ["make", "send", "receive", "spawn"],
  expected: () => sumOfPrimes,

  async async({ make, send, receive, value, spawn }) {
    let numbers = make(0);
    spawn(async (out) => {
      for (let n = 2; ; n++) await send(out, n);
    }, numbers);
    let sum = 0;
    for (let found = 0; found < primes; found++) {
      const prime = value(await receive(numbers));
      sum += prime;
      const others = make(0);
      spawn(async (from, to) => {
        for (;;) {
          const n = value(await receive(from));
          if (n % prime !== 0) await send(to, n);
        }
      }, numbers, others);
      numbers = others;
    }
    return sum;
  },

  *generator({ make, send, receive, spawn }) {
    let numbers = make(0);
    spawn(function* (out) {
      for (let n = 2; ; n++) yield* send(out, n);
    }, numbers);
    let sum = 0;
    for (let found = 0; found < primes; found++) {
      const prime = yield* receive(numbers);
      sum += prime;
      const others = make(0);
      spawn(function* (from, to) {
        for (;;) {
          const n = yield* receive(from);
          if (n % prime !== 0) yield* send(to, n);
        }
      }, numbers, others);
      numbers = others;
    }
    return sum;
  },

  *trampoline({ make, send, receive, spawn }) {
    let numbers = make(0);
    spawn(function* (out) {
      for (let n = 2; ; n++) if (!send(out, n)) yield;
    }, numbers);
    let sum = 0;
    for (let found = 0; found < primes; found++) {
      let prime = receive(numbers);
      if (prime === nothing) prime = yield;
      sum += prime;
      const others = make(0);
      spawn(function* (from, to) {
        for (;;) {
          let n = receive(from);
          if (n === nothing) n = yield;
          if (n % prime !== 0 && !send(to, n)) yield;
        }
      }, numbers, others);
      numbers = others;
    }
    return sum;
  },
};
