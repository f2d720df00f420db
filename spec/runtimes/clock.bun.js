/**
 * Virtual time under Bun's own test runner, whose fake clock keeps the platform's `setTimeout` and marks it: `bun test ./spec/runtimes/clock.bun.js`.
 */
import { afterEach, expect, jest, test } from "bun:test";
import { chan, gather, go, sleep, ticker } from "rendezvous";

afterEach(() => { jest.useRealTimers(); });

const settled = async () => { for (let n = 0; n < 100; n++) await Promise.resolve(); };

test("RT-05 sleeps end in virtual order, whatever traffic is between them", async () => {
  jest.useFakeTimers();
  const log = [];
  const ch = chan();
  const all = gather([
    async () => { await sleep(30); log.push(30); },
    async () => { await sleep(10); log.push(10); for (let n = 0; n < 3; n++) await ch.send(n); ch.close(); },
    async () => { for await (const n of ch) log.push(`got ${n}`); },
    async () => { await sleep(20); log.push(20); },
  ]);
  for (let ms = 0; ms < 30; ms += 10) {
    await settled();
    jest.advanceTimersByTime(10);
  }
  await settled();
  await all;
  expect(log).toEqual([10, "got 0", "got 1", "got 2", 20, 30]);
});

test("RT-05 the turn budget is off: a hundred thousand handovers pass without a turn of the event loop", async () => {
  jest.useFakeTimers();
  const ch = chan();
  let received = 0;
  const receiving = go(async () => { for await (const _ of ch) received++; });
  let turned = false;
  setImmediate(() => { turned = true; });
  for (let n = 0; n < 100_000; n++) await ch.send(n);
  ch.close();
  await receiving;
  expect([received, turned]).toEqual([100_000, false]);
});

test("RT-05 a ticker counts virtual periods", async () => {
  jest.useFakeTimers();
  using clock = ticker(10);
  const ticks = [];
  for (let n = 0; n < 3; n++) {
    jest.advanceTimersByTime(10);
    ticks.push(await clock.receive());
  }
  expect(ticks).toEqual([1, 2, 3]);
});

test("RT-05 once the clock is restored, the event loop turns again", async () => {
  jest.useFakeTimers();
  jest.useRealTimers();
  const ch = chan();
  const receiving = go(async () => { for await (const _ of ch); });
  let turned = false;
  setImmediate(() => { turned = true; });
  for (let n = 0; n < 200_000 && !turned; n++) await ch.send(n);
  ch.close();
  await receiving;
  expect(turned).toBe(true);
});
