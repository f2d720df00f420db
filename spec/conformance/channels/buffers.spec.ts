/**
 * Channels, section F: buffers and values.
 */
import { expect } from "chai";
import { chan, type Receiver } from "../../../src/index.ts";
import { rejectionOf, settle } from "../../support/settle.ts";
import { readyReceiveForms, readySendForms, receiveForms, sendForms, sendNowForms } from "./forms.ts";
import { failOnUnhandledRejections, unhandledDuring } from "./support.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const thenable = { then(resolve: (value: string) => void): void { resolve("what a thenable gives"); } };

const drain = <T>(channel: Receiver<T>): T[] => {
  const values: T[] = [];
  for (let result = channel.tryReceive(); result?.done === false; result = channel.tryReceive()) values.push(result.value);
  return values;
};

describe("buffers and values", () => {
  failOnUnhandledRejections();

  for (const form of readySendForms) {
    it(`BF-01 ten sends into room for ten complete without receiver, and arrive in order: ${form.name}`, async () => {
      for (const capacity of [10, Infinity]) {
        const channel = chan<number>(capacity);
        for (const n of upTo(10)) await form.send(channel, n);
        expect(channel.size).to.equal(10);
        for (const n of upTo(10)) expect(await channel.receive()).to.equal(n);
      }
    });
  }

  for (const form of readyReceiveForms) {
    it(`BF-01 (b) buffered values come in order, also once the buffer has wrapped around: ${form.name}`, async () => {
      const channel = chan<number>(3);
      let sent = 0;
      for (let round = 0; round < 20; round++) {
        while (channel.trySend(sent)) sent++;
        for (let n = 0; n < (round % 3) + 1; n++) {
          const expected = sent - channel.size;
          expect(await form.receive(channel)).to.deep.equal({ done: false, value: expected });
        }
      }
    });
  }

  it("BF-02 size and capacity", async () => {
    const channel = chan<number>(10);
    expect([channel.size, channel.capacity]).to.deep.equal([0, 10]);
    for (const n of upTo(3)) await channel.send(n);
    expect([channel.size, channel.capacity]).to.deep.equal([3, 10]);
    channel.close();
    for (const size of [3, 2, 1, 0]) {
      expect([channel.size, channel.capacity]).to.deep.equal([size, 10]);
      await channel.next();
    }
    const rendezvous = chan<number>();
    expect([rendezvous.size, rendezvous.capacity]).to.deep.equal([0, 0]);
    const sent = rendezvous.send(1);
    expect([rendezvous.size, rendezvous.capacity], "a sender in line").to.deep.equal([0, 0]);
    await rendezvous.receive();
    await sent;
    const full = chan<number>(1);
    void full.send(1);
    const waiting = full.send(2);
    expect(full.size, "senders in line do not count").to.equal(1);
    await full.receive();
    await waiting;
    expect(full.size).to.equal(1);
  });

  for (const form of sendForms) {
    it(`BF-02 (b) exactly as many sends complete as there is room for, and the next one waits: ${form.name}`, async () => {
      for (let capacity = 0; capacity <= 20; capacity++) {
        const channel = chan<number>(capacity);
        let completed = 0;
        const sends: Promise<void>[] = [];
        for (let n = 0; n < capacity + 2; n++) sends.push(form.send(channel, n).then(() => { completed++; }));
        await settle();
        expect(completed, `capacity ${String(capacity)}`).to.equal(capacity);
        for (const now of sendNowForms) expect(now.send(channel, -1), now.name).to.equal(false);
        expect(await channel.receive()).to.equal(0);
        await settle();
        expect(completed).to.equal(capacity + 1);
        expect(drain(channel)).to.deep.equal(upTo(capacity + 2).slice(1));
        await Promise.all(sends);
      }
    });
  }

  it("BF-04 a capacity that is no whole number from 0 up is a RangeError at the call, which names it", () => {
    for (const [capacity, named] of [[-1, "-1"], [Number.NaN, "NaN"], [0.5, "0.5"], ["1", "1"], [-Infinity, "-Infinity"]] as const) {
      for (const make of [() => chan(capacity as number), () => chan({ capacity: capacity as number })]) {
        expect(make, named).to.throw(RangeError, named);
      }
    }
  });

  it("BF-04 (b) 0, 2**53 and Infinity are good and allocate nothing in advance; -0 is 0", async () => {
    for (const capacity of [0, 2 ** 53, Infinity, -0, undefined]) {
      const channels = Array.from({ length: 1000 }, () => chan<number>({ capacity }));
      expect(Object.is(channels[0]?.capacity, capacity ?? 0) || capacity === 0).to.equal(true);
      expect(Object.is(channels[0]?.capacity, -0), "no -0").to.equal(false);
    }
    const channel = chan<number>(Infinity);
    for (const n of upTo(5000)) await channel.send(n);
    expect(channel.size).to.equal(5000);
    expect(drain(channel)).to.deep.equal(upTo(5000));
  });

  for (const receiving of readyReceiveForms) {
    it(`BF-05 any value arrives identical: ${receiving.name}`, async () => {
      const values: unknown[] = [
        undefined, null, 0, "", Number.NaN, -0, false, new Error("a value"), () => "a function", Object.freeze({ frozen: true }),
        chan<number>(), Symbol("a symbol"), 10n, { done: true, value: undefined }, Object.create(null),
      ];
      for (const sending of sendForms) {
        for (const capacity of [0, 1]) {
          for (const value of values) {
            const channel = chan<unknown>(capacity);
            const sent = sending.send(channel, value);
            await settle();
            const result = await receiving.receive(channel);
            await sent;
            expect(result.done).to.equal(false);
            expect(Object.is(result.value, value), `${typeof value} by ${sending.name}`).to.equal(true);
          }
        }
      }
    }).timeout(30_000);
  }

  for (const receiving of receiveForms) {
    it(`BF-05 (b) any value reaches a receiver in line identical: ${receiving.name}`, async () => {
      for (const value of [undefined, null, 0, "", Number.NaN, -0, false, new Error("a value"), { done: true, value: undefined }]) {
        const channel = chan<unknown>();
        const received = receiving.receive(channel);
        await settle();
        await channel.send(value);
        const result = await received;
        expect(result.done).to.equal(false);
        expect(Object.is(result.value, value), typeof value).to.equal(true);
      }
    });
  }

  it("BF-05 (c) next gives a sent promise or thenable unchanged, and receive resolves it as await does", async () => {
    for (const parked of [false, true]) {
      for (const [value, resolved] of [[Promise.resolve(42), 42], [thenable, "what a thenable gives"]] as const) {
        const channel = chan<unknown>(1);
        const pass = async <T>(receive: () => Promise<T>): Promise<T> => {
          if (!parked) channel.trySend(value);
          const received = receive();
          if (parked) channel.trySend(value);
          return received;
        };
        expect((await pass(() => channel.next())).value).to.equal(value);
        expect(await pass(() => channel.receive())).to.equal(resolved);
        channel.trySend(value);
        expect(channel.tryReceive()?.value).to.equal(value);
      }
    }
  });

  it("BF-05 (d) a rejecting promise sent makes receive reject and leaves the channel as it was", async () => {
    for (const parked of [false, true]) {
      const channel = chan<unknown>(2);
      const error = new Error("of the promise sent");
      const value = Promise.reject(error);
      value.catch(() => undefined);
      let received: Promise<unknown> | undefined;
      if (parked) received = channel.receive();
      await channel.send(value);
      received ??= channel.receive();
      expect(await rejectionOf(received)).to.equal(error);
      expect(channel.closed).to.equal(false);
      await channel.send("next");
      expect(await channel.receive()).to.equal("next");
    }
  });

  for (const form of readySendForms) {
    it(`BF-06 an overflowing buffer drops the oldest or the newest; no send waits; each loss is reported once: ${form.name}`, async () => {
      for (const [overflow, capacity, left, lost] of [
        ["drop-oldest", 2, [3, 4], [0, 1, 2]], ["drop-newest", 2, [0, 1], [2, 3, 4]],
        ["drop-oldest", 0, [], [0, 1, 2, 3, 4]], ["drop-newest", 0, [], [0, 1, 2, 3, 4]],
        ["drop-oldest", 1, [4], [0, 1, 2, 3]], ["drop-newest", 5, [0, 1, 2, 3, 4], []],
      ] as const) {
        const dropped: number[] = [];
        const channel = chan<number>({ capacity, overflow, onDrop: (value) => dropped.push(value) });
        for (const n of upTo(5)) {
          const sent = form.send(channel, n);
          await settle();
          await sent;
        }
        const what = `${overflow}, capacity ${String(capacity)}`;
        expect(drain(channel), what).to.deep.equal(left);
        expect(dropped, what).to.deep.equal(lost);
      }
    });
  }

  it("BF-06 (b) a waiting receiver is served before anything is dropped", async () => {
    for (const overflow of ["drop-oldest", "drop-newest"] as const) {
      for (const capacity of [0, 2]) {
        const dropped: number[] = [];
        const channel = chan<number>({ capacity, overflow, onDrop: (value) => dropped.push(value) });
        const received = [channel.receive(), channel.receive()];
        for (const n of upTo(2)) expect(channel.trySend(n)).to.equal(true);
        expect(await Promise.all(received)).to.deep.equal([0, 1]);
        expect(dropped).to.deep.equal([]);
      }
    }
  });

  it("BF-07 an onDrop that throws: the send is not undone, and the error is one unhandled rejection", async () => {
    const error = new Error("in onDrop");
    for (const overflow of ["drop-oldest", "drop-newest"] as const) {
      const channel = chan<number>({ capacity: 1, overflow, onDrop: () => { throw error; } });
      const seen = await unhandledDuring(async () => {
        await channel.send(1);
        await channel.send(2);
      });
      expect(seen, overflow).to.deep.equal([error]);
      expect(drain(channel)).to.deep.equal([overflow === "drop-oldest" ? 2 : 1]);
    }
    const cancelled = chan<number>({ capacity: 2, onDrop: () => { throw error; } });
    await cancelled.send(1);
    await cancelled.send(2);
    const seen = await unhandledDuring(() => { expect(cancelled.cancel()).to.equal(true); });
    expect(seen, "each dropped value is reported").to.deep.equal([error, error]);
  });

  for (const how of ["keeps the value", "throws"] as const) {
    it(`BF-01 (c) a buffer of the user's own that withdraws the very sender, and ${how}: who stands behind it in line is still served`, async () => {
      const giving = new AbortController();
      const kept: number[] = [];
      const channel = chan<number>({
        capacity: 1,
        buffer: {
          push(value) {
            if (value === 2) {
              giving.abort("given up");
              if (how === "throws") throw new Error("no room for 2");
            }
            kept.push(value);
          },
          shift: () => kept.shift() as number,
          get size() { return kept.length; },
        },
      });
      await channel.send(1);
      const given = rejectionOf(channel.send(2, { signal: giving.signal }));
      const behind = channel.send(3);
      expect(channel.tryReceive()?.value).to.equal(1);
      expect(await given).to.equal("given up");
      if (how === "keeps the value") expect(channel.tryReceive()?.value).to.equal(2);
      await behind;
      expect(drain(channel)).to.deep.equal([3]);
      expect(channel.senders.empty).to.equal(true);
    });
  }
});
