/**
 * Five philosophers, five forks; to eat, a philosopher needs the two forks beside the plate. There are two ways to let them all eat: each
 * takes the fork with the lower number first, or a waiter never seats more than four. 16-deadlock.ts shows how it goes wrong.
 *
 * Idea: Edsger Dijkstra; the waiter is Tony Hoare's footman.
 */
import { chan, gather, scope, select, sleep } from "rendezvous";
import { semaphore, type Semaphore } from "rendezvous/sync";

interface Philosopher {
  readonly name: string;
  readonly left: Semaphore;
  readonly right: Semaphore;
  meals: number;
}

class Table {
  readonly guests: readonly Philosopher[];
  mostEating = 0;
  #eating = 0;

  constructor() {
    const names = ["Plato", "Locke", "Hume", "Kant", "Marx"];
    const forks = names.map((_, n) => semaphore(1, { name: `fork ${n}` }));
    const fork = (n: number): Semaphore => forks[n % names.length] as Semaphore;
    this.guests = names.map((name, n) => ({ name, left: fork(n), right: fork(n + 1), meals: 0 }));
  }

  async eat(guest: Philosopher, first: Semaphore, second: Semaphore): Promise<void> {
    const forks = [await first.acquire(), await second.acquire()];
    this.mostEating = Math.max(this.mostEating, ++this.#eating);
    await sleep(10);
    guest.meals++;
    this.#eating--;
    for (const fork of forks) fork.release();
  }
}

async function inOrder(table: Table): Promise<void> {
  const last = table.guests.at(-1); // the only one whose right fork is the lower one
  await gather(
    table.guests.map((guest) => async () => {
      const [first, second] = guest === last ? [guest.right, guest.left] : [guest.left, guest.right];
      for (let meal = 0; meal < 3; meal++) await table.eat(guest, first, second);
    }),
  );
}

async function withWaiter(table: Table): Promise<void> {
  const [sit, leave] = [chan<string>(), chan<string>()];
  await scope(async (s) => {
    s.go(async () => {
      const { signal } = s; // needed in browsers, since this task waits more than once
      for (let seated = 0; ; ) {
        const next = await select({ sit: seated < 4 && sit.receiving(), leave: leave.receiving() }, { signal });
        seated += next.case === "sit" ? 1 : -1;
      }
    });
    await gather(
      table.guests.map((guest) => async () => {
        for (let meal = 0; meal < 3; meal++) {
          await sit.send(guest.name);
          await table.eat(guest, guest.left, guest.right);
          await leave.send(guest.name);
        }
      }),
    );
    s.cancel("all have eaten");
  });
}

for (const dinner of [inOrder, withWaiter]) {
  const table = new Table();
  await dinner(table);
  console.log(`${dinner.name}: ${table.guests.map(({ name, meals }) => `${name} ${meals}`).join(", ")}; at most ${table.mostEating} at once`);
}

// Prints:
// inOrder: Plato 3, Locke 3, Hume 3, Kant 3, Marx 3; at most 2 at once
// withWaiter: Plato 3, Locke 3, Hume 3, Kant 3, Marx 3; at most 2 at once
