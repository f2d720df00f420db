/**
 * Usage: losing-selects.ts async|generator READY BLOCKED. Selects over a channel and a quiet one: READY of them find a value,
 * BLOCKED of them wait for one. Prints how many bytes a round of them keeps, and whether a waiter is left on the quiet channel.
 */
import { chan, go, select, selecting } from "../../../../src/index.ts";
import { growthOf } from "./heap.ts";

const [lane, ready, blocked] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const all = ready + blocked;
const buffer = chan<number>(1);
const rendezvous = chan<number>();
const quiet = chan<number>();
const fromBuffer = () => ({ c: buffer.receiving(), q: quiet.receiving() });
const fromSender = () => ({ q: quiet.sending(0), c: rendezvous.receiving() });

async function inAsyncTask(count: number): Promise<void> {
  for (let n = (count * ready) / all; n > 0; n--) {
    buffer.trySend(n);
    await select(fromBuffer());
  }
  for (let n = (count * blocked) / all; n > 0; n--) {
    const waiting = select(fromSender());
    rendezvous.trySend(n);
    await waiting;
  }
}

async function inGeneratorTask(count: number): Promise<void> {
  const sends = Math.ceil((count * blocked) / all);
  const task = go(function* () {
    for (let n = (count * ready) / all; n > 0; n--) {
      buffer.trySend(n);
      yield* selecting(fromBuffer());
    }
    for (let n = 0; n < sends; n++) yield* selecting(fromSender());
  });
  for (let n = 0; n < sends; n++) await rendezvous.send(n);
  await task;
}

const bytes = await growthOf(all, lane === "generator" ? inGeneratorTask : inAsyncTask);
const leftOnQuiet = quiet.trySend(0) || quiet.tryReceive() !== undefined;
console.log(JSON.stringify({ bytes, leftOnQuiet }));
