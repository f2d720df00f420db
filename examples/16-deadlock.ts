/**
 * Dining philosophers gone wrong: each takes the fork on the left, and waits for the one on the right. `run` sees that no task can ever
 * go on, reports which task waits for what, and exits with the code 13.
 */
import { checkpoint, named, run } from "rendezvous";
import { semaphore } from "rendezvous/sync";

const names = ["Plato", "Locke", "Hume", "Kant", "Marx"];
const forks = names.map((_, n) => semaphore(1, { name: `fork ${n}` }));

await run(function dinner(s) {
  for (const [seat, name] of names.entries()) {
    s.go(
      named(name, async () => {
        await forks[seat]?.acquire();
        console.log(`${name} has fork ${seat}`);
        await checkpoint(); // think, while the others take their forks
        await forks[(seat + 1) % names.length]?.acquire();
        console.log(`${name} eats`);
      }),
    );
  }
});

// Prints, the report on standard error:
// Plato has fork 0
// Locke has fork 1
// Hume has fork 2
// Kant has fork 3
// Marx has fork 4
// fatal: all tasks are asleep - deadlock (5 tasks)
//   task 2 "Plato" waits to acquire semaphore "fork 1"
//   task 3 "Locke" waits to acquire semaphore "fork 2"
//   task 4 "Hume" waits to acquire semaphore "fork 3"
//   task 5 "Kant" waits to acquire semaphore "fork 4"
//   task 6 "Marx" waits to acquire semaphore "fork 0"
