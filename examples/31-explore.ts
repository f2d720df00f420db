/**
 * A lost update: both tasks may read the balance before either has written it. In production's order they do not, so a plain test finds
 * nothing. `explore` tries other orders, reports the one that goes wrong, and draws it.
 */
import { checkpoint, named, scope } from "rendezvous";
import { semaphore } from "rendezvous/sync";
import { explore, ExploreError, replay } from "rendezvous/testing";

async function program(): Promise<void> {
  const lock = semaphore(1, { name: "lock" });
  let balance = 0;
  const deposit = async (): Promise<void> => {
    const before = balance; // should be read under the lock
    using _ = await lock.acquire();
    balance = before + 1;
  };
  await scope(async (s) => {
    s.go(named("alice", deposit));
    await checkpoint();
    s.go(named("bob", deposit));
  });
  if (balance !== 2) throw new Error(`two deposits, and the balance is ${balance}`);
}

await program(); // in production's order nothing goes wrong
const error: unknown = await explore(program).catch((reason: unknown) => reason);
if (!(error instanceof ExploreError)) throw new Error("nothing was found");
console.log(`${error.kind}: ${String(error.cause)}`);
console.log(`schedule ${error.schedule}, again: ${(await replay(program, error.schedule)).kind}`);
console.log(error.diagram());

// Prints:
// exception: Error: two deposits, and the balance is 1
// schedule 0011, again: exception
// sequenceDiagram
//   participant t0 as main
//   participant t1 as alice
//   participant t2 as bob
//   Note over t0: enters scope "scope-1"
//   t0-->>t1: starts
//   Note over t0: waits in checkpoint
//   Note over t1: acquire on "lock"
//   t0-->>t2: starts
//   Note over t2: waits to acquire semaphore "lock"
//   t1->>t2: release on "lock"
//   Note over t1: ends
//   Note over t2: release on "lock"
//   Note over t2: ends
//   t2->>t0: wakes
//   Note over t0: fails
//   Note over t0,t2: a failure that nobody handles: two deposits, and the balance is 1
