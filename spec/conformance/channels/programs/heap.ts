/**
 * How many bytes of the heap a round keeps: a small round to warm up, then the second round against the third.
 */
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

async function heapUsed(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  for (let n = 0; n < 3; n++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

/** What the third round of this many steps keeps beyond the second, in bytes. */
export async function growthOf(count: number, round: (count: number) => Promise<void>): Promise<number> {
  await round(Math.ceil(count / 10));
  await round(count);
  const before = await heapUsed();
  await round(count);
  return (await heapUsed()) - before;
}
