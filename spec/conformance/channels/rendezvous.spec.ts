/**
 * Channels, section A: rendezvous and order.
 */
import { expect } from "chai";
import sinon from "sinon";
import { chan, go, never, select, sleep, type Receiver, type Sender } from "../../../src/index.ts";
import { isPending, settle } from "../../support/settle.ts";
import { receiveForms, sendForms } from "./forms.ts";
import { expectNobodyWaits, failOnUnhandledRejections } from "./support.ts";

const directReceives = receiveForms.filter((form) => form.direct);
const directSends = sendForms.filter((form) => form.direct);

describe("rendezvous", () => {
  failOnUnhandledRejections();

  for (const receiving of receiveForms) {
    it(`RZ-01 a 0 is handed over and not mistaken for the end, whichever side comes first: ${receiving.name}`, async () => {
      for (const sending of sendForms) {
        for (const first of ["sender", "receiver"] as const) {
          const what = `${sending.name}, the ${first} first`;
          const channel = chan<number>();
          const sender: Sender<number> = channel;
          const receiver: Receiver<number> = channel;
          let sent: Promise<void> | undefined;
          if (first === "sender") {
            sent = sending.send(sender, 0);
            await settle();
          }
          const received = receiving.receive(receiver);
          await settle();
          sent ??= sending.send(sender, 0);
          expect(await received, what).to.deep.equal({ done: false, value: 0 });
          await sent;
          expectNobodyWaits(channel, what);
        }
      }
    });
  }

  it("RZ-01 (b) a task sends 0 and main receives it, by receive and by next", async () => {
    const channel = chan<number>();
    const task = go(async () => {
      await channel.send(0);
      await channel.send(0);
    });
    expect(await channel.receive()).to.equal(0);
    expect(await channel.next()).to.deep.equal({ done: false, value: 0 });
    await task;
  });

  it("RZ-02 a send completes only when its value has been taken: there is no hidden slot", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const channel = chan<number>();
      let count = 0;
      go(async () => {
        await channel.receive();
        count = 1;
        await sleep(1);
        count = 2;
        await channel.receive();
      });
      const main = (async () => {
        await channel.send(1);
        await channel.send(2);
        return count;
      })();
      await settle();
      expect(count).to.equal(1);
      expect(await isPending(main)).to.equal(true);
      await clock.tickAsync(1);
      expect(await main).to.equal(2);
    } finally {
      clock.restore();
    }
  });

  for (const sending of sendForms) {
    it(`RZ-02 (b) a second send waits although the first was taken: ${sending.name}`, async () => {
      const channel = chan<number>();
      const received = channel.receive();
      await sending.send(channel, 1);
      expect(await received).to.equal(1);
      const second = sending.send(channel, 2);
      expect(await isPending(second)).to.equal(true);
      expect(await channel.receive()).to.equal(2);
      await second;
    });
  }

  for (const receiving of receiveForms) {
    it(`RZ-04 a hundred values arrive exactly and in order: ${receiving.name}`, async () => {
      for (const sending of sendForms) {
        const channel = chan<number>();
        const task = go(async () => {
          for (let n = 0; n < 100; n++) await sending.send(channel, n);
        });
        const values: unknown[] = [];
        for (let n = 0; n < 100; n++) values.push((await receiving.receive(channel)).value);
        await task;
        expect(values, sending.name).to.deep.equal(Array.from({ length: 100 }, (_, n) => n));
        expectNobodyWaits(channel, sending.name);
      }
    });

    it(`RZ-06 two receives on an empty channel wait, and two sends complete both, one value each: ${receiving.name}`, async () => {
      const channel = chan<string>();
      const first = receiving.receive(channel);
      await settle();
      const second = receiving.receive(channel);
      expect(await isPending(first)).to.equal(true);
      expect(await isPending(second)).to.equal(true);
      await channel.send("a");
      expect(await first).to.deep.equal({ done: false, value: "a" });
      expect(await isPending(second)).to.equal(true);
      await channel.send("b");
      expect(await second).to.deep.equal({ done: false, value: "b" });
    });
  }

  for (const sending of sendForms) {
    it(`RZ-06 (b) a send without receiver waits and is not buffered; a receive completes both: ${sending.name}`, async () => {
      const channel = chan<string>();
      const sent = sending.send(channel, "a");
      expect(await isPending(sent)).to.equal(true);
      expect(channel.size).to.equal(0);
      expect(await channel.receive()).to.equal("a");
      await sent;
      expectNobodyWaits(channel);
    });
  }

  for (const receiving of directReceives) {
    it(`RZ-07 receivers in line are served and go on in order, every second one plain: ${receiving.name}`, async () => {
      const channel = chan<number>();
      const order: string[] = [];
      for (let k = 0; k < 6; k++) {
        const received: Promise<{ value: unknown }> = k % 2 === 0
          ? channel.receive().then((value) => ({ value }))
          : receiving.receive(channel);
        void received.then(({ value }) => order.push(`receiver ${String(k)} got ${String(value)}`));
      }
      for (let k = 0; k < 6; k++) void channel.send(k);
      await settle();
      expect(order).to.deep.equal([0, 1, 2, 3, 4, 5].map((k) => `receiver ${String(k)} got ${String(k)}`));
    });
  }

  it("RZ-07 (b) receivers in line are served in order, every second one through a select with never", async () => {
    const channel = chan<number>();
    const order: unknown[] = [];
    for (let k = 0; k < 6; k++) {
      const received = k % 2 === 0 ? channel.receive() : select({ r: channel.receiving(), q: never }).then(({ value }) => value);
      void received.then((value) => order.push([k, value]));
      await settle();
    }
    for (let k = 0; k < 6; k++) {
      await channel.send(k);
      await settle();
      expect(order).to.deep.equal(Array.from({ length: k + 1 }, (_, index) => [index, index]));
    }
  });

  it("RZ-07 (c) receivers of every form, one after the other in line, are served in order", async () => {
    const channel = chan<number>();
    const received: Promise<unknown>[] = [];
    for (const form of [...receiveForms, ...receiveForms]) {
      received.push(form.receive(channel).then(({ value }) => value));
      await settle();
    }
    for (let k = 0; k < received.length; k++) await channel.send(k);
    expect(await Promise.all(received)).to.deep.equal(received.map((_, k) => k));
  });

  for (const sending of directSends) {
    it(`RZ-08 senders in line are taken from and go on in order, none before its value was taken: ${sending.name}`, async () => {
      for (const turns of ["one turn", "a turn each"] as const) {
        const channel = chan<number>();
        const sent: number[] = [];
        for (let k = 0; k < 6; k++) {
          void (k % 2 === 0 ? channel.send(k).then(() => undefined) : sending.send(channel, k)).then(() => sent.push(k));
        }
        await settle();
        for (let k = 0; k < 6; k++) {
          if (turns === "a turn each") {
            expect(sent).to.deep.equal([0, 1, 2, 3, 4, 5].slice(0, k));
            expect(await channel.receive()).to.equal(k);
            await settle();
          } else {
            expect(sent).to.deep.equal([]);
            expect(channel.tryReceive()).to.deep.equal({ done: false, value: k });
          }
        }
        await settle();
        expect(sent).to.deep.equal([0, 1, 2, 3, 4, 5]);
      }
    });
  }

  it("RZ-08 (b) senders of every form, one after the other in line, are taken from in order", async () => {
    const channel = chan<number>();
    const sent: Promise<void>[] = [];
    const done: number[] = [];
    for (const form of [...sendForms, ...sendForms]) {
      const k = sent.length;
      sent.push(form.send(channel, k).then(() => { done.push(k); }));
      await settle();
    }
    for (let k = 0; k < sent.length; k++) {
      expect(await channel.receive()).to.equal(k);
      await settle();
      expect(done).to.deep.equal(Array.from({ length: k + 1 }, (_, index) => index));
    }
  });
});
