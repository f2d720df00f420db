/**
 * Channels, section D: at once or not at all. And never inside the caller.
 */
import { expect } from "chai";
import { chan, choose, never, perform, poll, select, trySelect, type Operation } from "../../../src/index.ts";
import { isPending, settle } from "../../support/settle.ts";
import { receiveForms, receiveNowForms, sendForms, sendNowForms } from "./forms.ts";
import { expectNobodyWaits, failOnUnhandledRejections, seeded } from "./support.ts";

const values: unknown[] = [123, 2 ** 53 - 1, true, "hello", undefined];

describe("at once or not at all", () => {
  failOnUnhandledRejections();

  for (const form of sendNowForms) {
    it(`NB-01 a send at once without receiver changes nothing; with one it is served: ${form.name}`, async () => {
      for (const receiving of receiveForms) {
        for (const value of values) {
          const channel = chan<unknown>();
          for (let n = 0; n < 3; n++) expect(form.send(channel, "refused"), receiving.name).to.equal(false);
          expect(channel.size).to.equal(0);
          const received = receiving.receive(channel);
          expect(await isPending(received), `${receiving.name}: not served by a send that was refused`).to.equal(true);
          expect(form.send(channel, value), receiving.name).to.equal(true);
          expect(await received, receiving.name).to.deep.equal({ done: false, value });
          expect(form.send(channel, "refused"), receiving.name).to.equal(false);
          expectNobodyWaits(channel, receiving.name);
        }
      }
    });

    it(`NB-01 (b) a send at once into a full buffer changes nothing: ${form.name}`, async () => {
      for (const value of values) {
        const channel = chan<unknown>(1);
        expect(form.send(channel, value)).to.equal(true);
        for (let n = 0; n < 3; n++) expect(form.send(channel, "refused")).to.equal(false);
        expect(channel.size).to.equal(1);
        expect(await channel.next()).to.deep.equal({ done: false, value });
        const received = channel.next();
        expect(await isPending(received), "not served by a send that was refused").to.equal(true);
        expect(form.send(channel, "late")).to.equal(true);
        expect(await received).to.deep.equal({ done: false, value: "late" });
      }
    });
  }

  for (const form of receiveNowForms) {
    it(`NB-02 a receive at once on an empty channel changes nothing; a waiting sender is served: ${form.name}`, async () => {
      for (const sending of sendForms) {
        for (const value of values) {
          const channel = chan<unknown>();
          for (let n = 0; n < 3; n++) expect(form.receive(channel), sending.name).to.equal(undefined);
          const sent = sending.send(channel, value);
          expect(await isPending(sent), `${sending.name}: not served by a receive that found nothing`).to.equal(true);
          expect(form.receive(channel), sending.name).to.deep.equal({ done: false, value });
          await sent;
          expect(form.receive(channel), sending.name).to.equal(undefined);
        }
      }
    });

    it(`NB-02 (b) a receive at once takes the oldest buffered value, and the sender in line fills up: ${form.name}`, async () => {
      const channel = chan<number>(2);
      const sent = [1, 2, 3, 4].map((value) => channel.send(value));
      expect(form.receive(channel)).to.deep.equal({ done: false, value: 1 });
      expect(channel.size).to.equal(2);
      await sent[2];
      expect(await isPending(sent[3] as Promise<void>)).to.equal(true);
      for (const value of [2, 3, 4]) expect(form.receive(channel)).to.deep.equal({ done: false, value });
      await sent[3];
      expect(form.receive(channel)).to.equal(undefined);
    });
  }

  it("NB-03 trySelect is undefined exactly if no case is ready at the call, in any order of the cases", async () => {
    await seeded((random) => {
      for (let round = 0; round < 1000; round++) {
        const ready = chan<number>(1);
        const full = chan<number>(1);
        const empty = chan<number>(1);
        const quiet = chan<number>();
        full.trySend(0);
        const cases: [string, Operation<unknown>][] = [
          ["full", full.sending(1)], ["empty", empty.receiving()], ["empty next", empty.nexting()],
          ["quiet send", quiet.sending(1)], ["quiet receive", quiet.receiving()], ["never", never],
        ];
        const shuffled = (more: [string, Operation<unknown>][]): Record<string, Operation<unknown>> => {
          const left = [...cases, ...more];
          const order: [string, Operation<unknown>][] = [];
          while (left.length > 0) order.push(...left.splice(random(left.length), 1));
          return Object.fromEntries(order);
        };
        for (const order of ["random", "listed"] as const) {
          expect(trySelect(shuffled([]), { order })).to.equal(undefined);
          ready.trySend(round);
          expect(trySelect(shuffled([["ready", ready.receiving()]]), { order })).to.deep.equal({ case: "ready", value: round });
        }
        expect([full.size, empty.size, quiet.size, ready.size]).to.deep.equal([1, 0, 0, 0]);
        expectNobodyWaits(quiet);
      }
    });
  });

  it("NB-03 (b) poll is undefined exactly if its operation cannot happen now", () => {
    for (let round = 0; round < 1000; round++) {
      const channel = chan<number>(1);
      expect(poll(channel.receiving())).to.equal(undefined);
      expect(poll(choose<unknown>(channel.nexting(), never))).to.equal(undefined);
      expect(poll(channel.sending(round))).to.deep.equal({ value: undefined });
      expect(poll(channel.sending(round))).to.equal(undefined);
      expect(poll(choose<unknown>(never, channel.receiving().map((value) => value + 1)))).to.deep.equal({ value: round + 1 });
    }
  });

  for (const form of sendNowForms) {
    it(`NB-05 a send at once resumes nobody inside the call: ${form.name}`, async () => {
      for (const receiving of receiveForms) {
        const channel = chan<number>();
        const order: string[] = [];
        void receiving.receive(channel).then(() => order.push("receiver"));
        await settle();
        expect(form.send(channel, 1)).to.equal(true);
        order.push("sender");
        expect(order, receiving.name).to.deep.equal(["sender"]);
        await settle();
        expect(order, receiving.name).to.deep.equal(["sender", "receiver"]);
      }
    });
  }

  for (const form of receiveNowForms) {
    it(`NB-05 (b) a receive at once resumes nobody inside the call: ${form.name}`, async () => {
      for (const sending of sendForms) {
        const channel = chan<number>();
        const order: string[] = [];
        void sending.send(channel, 1).then(() => order.push("sender"));
        await settle();
        expect(form.receive(channel)).to.deep.equal({ done: false, value: 1 });
        order.push("receiver");
        await settle();
        expect(order, sending.name).to.deep.equal(["receiver", "sender"]);
      }
    });
  }

  it("NB-05 (c) no verb runs a map function of the other party before it returns", async () => {
    const verbs: [name: string, act: (channel: ReturnType<typeof chan<number>>) => unknown][] = [
      ["send", (channel) => channel.send(1)], ["trySend", (channel) => channel.trySend(1)],
      ["perform", (channel) => perform(channel.sending(1))], ["poll", (channel) => poll(channel.sending(1))],
      ["select", (channel) => select({ s: channel.sending(1) })], ["trySelect", (channel) => trySelect({ s: channel.sending(1) })],
      ["close", (channel) => channel.close()], ["close(error)", (channel) => channel.close(new Error("broken"))],
      ["cancel", (channel) => channel.cancel()], ["dispose", (channel) => { channel[Symbol.dispose](); }],
    ];
    for (const [name, act] of verbs) {
      const channel = chan<number>();
      const order: string[] = [];
      const note = (): void => { order.push("the receiver's map"); };
      void perform(channel.receiving().map(note, note));
      act(channel);
      order.push("after the verb");
      await settle();
      expect(order, name).to.deep.equal(["after the verb", "the receiver's map"]);
    }
  });
});
