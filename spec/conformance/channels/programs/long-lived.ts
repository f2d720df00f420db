/**
 * Prints how many bytes a select keeps that lost to a promise that never settles, or to a signal that never aborts.
 */
import { aborting, chan, select, settling } from "../../../../src/index.ts";
import { growthOf } from "./heap.ts";

const count = 200_000;
const promise = new Promise<never>(() => undefined);
const { signal } = new AbortController();
const channel = chan<number>();

async function rounds(selects: number, one: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < selects; n++) {
    const waiting = one();
    await channel.send(n);
    await waiting;
  }
}

const settlingBytes = await growthOf(count, (n) => rounds(n, () => select({ p: settling(promise), c: channel.receiving() })));
const signalBytes = await growthOf(count, (n) => rounds(n, () => channel.receive({ signal })));
const abortingBytes = await growthOf(count, (n) => rounds(n, () => select({ stop: aborting(signal), c: channel.receiving() })));
console.log(JSON.stringify({ settling: settlingBytes / count, signal: signalBytes / count, aborting: abortingBytes / count }));
