/**
 * Usage: long-scope.ts OPERATIONS. One scope, in which an async and a generator task perform so many operations in all: at once and after
 * a wait, plain, selected, and with the scope's own signal. Prints how many bytes a half of them keeps while the scope goes on.
 */
import { chan, scope, select, selecting, type Scope } from "../../../../src/node.ts";
import { growthOf } from "../../channels/programs/heap.ts";

const all = Number(process.argv[2]);
const rendezvous = chan<number>();
const quiet = chan<number>();

/** Half of a round has this task, ten operations each time, half the other one. */
async function inAsyncTask(count: number, { signal }: Scope): Promise<void> {
  const buffer = chan<number>(1);
  for (let n = 0; n < count; n += 20) {
    for (let times = 0; times < 2; times++) {
      await buffer.send(n);
      await select({ b: buffer.receiving(), q: quiet.receiving() });
    }
    await rendezvous.send(n);
    await rendezvous.next({ signal });
    await rendezvous.send(n, { signal });
    await rendezvous.receive();
    await select({ q: quiet.sending(n), r: rendezvous.sending(n) });
    await select({ q: quiet.sending(n), r: rendezvous.receiving() });
  }
}

function* inGeneratorTask(count: number): Generator<unknown, void> {
  const buffer = chan<number>(1);
  for (let n = 0; n < count; n += 20) {
    for (let times = 0; times < 2; times++) {
      yield* buffer.sending(n);
      yield* selecting({ b: buffer.receiving(), q: quiet.receiving() });
    }
    for (let times = 0; times < 2; times++) {
      yield* rendezvous.receiving();
      yield* rendezvous.sending(n);
    }
    yield* selecting({ r: rendezvous.nexting(), q: quiet.receiving() });
    yield* selecting({ r: rendezvous.sending(n), q: quiet.receiving() });
  }
}

let performed = 0;
const bytes = await scope((s) =>
  growthOf(Math.ceil(all / 2.1), async (count) => { // a tenth of a round, and two rounds
    const other = s.go(inGeneratorTask, count);
    await s.go(inAsyncTask, count, s);
    await other;
    performed += count;
  }),
);
const left = quiet.trySend(0) || quiet.tryReceive() !== undefined || rendezvous.trySend(0) || rendezvous.tryReceive() !== undefined;
console.log(JSON.stringify({ performed, bytes, left }));
