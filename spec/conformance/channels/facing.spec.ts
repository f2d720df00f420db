/**
 * Selects that meet selects, and selects that list one channel more than once.
 */
import { expect } from "chai";
import { chan, perform, select, selecting, trySelect, type Channel } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { receiveForms, sendForms } from "./forms.ts";
import { expectClosed, expectNobodyWaits, failOnUnhandledRejections, seeded } from "./support.ts";

const orders = ["random", "listed"] as const;

/** What one of two selects gave: its case, and a value. */
interface Chosen { case: string; value: unknown }

describe("selects that meet selects", () => {
  failOnUnhandledRejections();

  for (const order of orders) {
    it(`RG-19 two selects facing each other meet exactly once, in either order of starting: ${order}`, async () => {
      await seeded(async () => {
        for (let round = 0; round < 100; round++) {
          const a = chan<number>();
          const b = chan<number>();
          const one = (): Promise<Chosen> => select({ s: a.sending(1), r: b.receiving() }, { order });
          const other = (): Promise<Chosen> => select({ r: a.receiving(), s: b.sending(2) }, { order });
          let both: [Chosen, Chosen];
          if (round % 2 === 0) both = await Promise.all([one(), other()]);
          else {
            const later = other();
            await settle();
            both = [await one(), await later];
          }
          const [first, second] = both;
          if (first.case === "s") expect(second).to.deep.equal({ case: "r", value: 1 });
          else expect([first, second]).to.deep.equal([{ case: "r", value: 2 }, { case: "s", value: undefined }]);
          expectNobodyWaits(a);
          expectNobodyWaits(b);
        }
      });
    });

    it(`two selects that both send and receive on one channel meet exactly once: ${order}`, async () => {
      await seeded(async () => {
        const seen = new Set<string>();
        for (let round = 0; round < 100; round++) {
          const channel = chan<number>();
          const mine = (value: number): Promise<Chosen> =>
            select({ s: channel.sending(value), r: channel.receiving() }, { order });
          const [first, second] = await Promise.all([mine(1), mine(2)]);
          seen.add(first.case);
          if (first.case === "s") expect([first, second]).to.deep.equal([{ case: "s", value: undefined }, { case: "r", value: 1 }]);
          else expect([first, second]).to.deep.equal([{ case: "r", value: 2 }, { case: "s", value: undefined }]);
          expectNobodyWaits(channel);
        }
        expect(seen.size, "both directions occur if chance decides").to.equal(order === "random" ? 2 : 1);
      });
    });
  }

  it("three such selects: two meet, the third still waits and is whole", async () => {
    const channel = chan<number>();
    const results = [1, 2, 3].map((value) => select({ s: channel.sending(value), r: channel.receiving() }));
    await Promise.all(results.slice(0, 2));
    const third = results[2] as Promise<Chosen>;
    expect(await isPending(third)).to.equal(true);
    expect(await channel.receive()).to.equal(3);
    expect((await third).case).to.equal("s");
    expectNobodyWaits(channel);
  });

  it("a select that lists one channel twice takes one value, and leaves nothing of the other case", async () => {
    for (const order of orders) {
      const channel = chan<number>();
      const waiting = select({ a: channel.receiving(), b: channel.receiving(), c: channel.nexting() }, { order });
      await settle();
      await channel.send(1);
      const chosen = await waiting;
      expect(chosen.case, order).to.be.oneOf(order === "listed" ? ["a"] : ["a", "b", "c"]);
      expect(chosen.value).to.deep.equal(chosen.case === "c" ? { done: false, value: 1 } : 1);
      expectNobodyWaits(channel);
      const sending = select([channel.sending(1), channel.sending(2), channel.sending(3)], { order });
      await settle();
      const value = await channel.receive();
      expect(value, order).to.be.oneOf(order === "listed" ? [1] : [1, 2, 3]);
      expect((await sending).case, "the case whose value arrived").to.equal(value - 1);
      expectNobodyWaits(channel);
      const buffered = chan<number>(3);
      for (const value of [1, 2]) buffered.trySend(value);
      expect((await select([buffered.receiving(), buffered.receiving()], { order })).value).to.equal(1);
      expect(buffered.size, "one was taken").to.equal(1);
      await select([buffered.sending(3), buffered.sending(4)], { order });
      expect(buffered.size, "one was put").to.equal(2);
    }
  });

  it("a select that lists one channel twice settles once at close and at cancel", async () => {
    for (const end of ["close", "cancel"] as const) {
      const channel = chan<number>({ name: "twice" });
      const receiving = select({ a: channel.receiving(), b: channel.receiving() }, { order: "listed" });
      const neither = select({ a: channel.nexting(), b: channel.nexting() }, { order: "listed" });
      await settle();
      channel[end]();
      expectClosed(await rejectionOf(receiving), channel, "a", end);
      expect(await neither).to.deep.equal({ case: "a", value: { done: true, value: undefined } });
      const sent = chan<number>({ name: "sent twice" });
      const sending = select({ a: sent.sending(1), b: sent.sending(2) }, { order: "listed" });
      await settle();
      sent.cancel();
      expectClosed(await rejectionOf(sending), sent, "a", end);
    }
  });

  for (const receive of ["receiving", "nexting"] as const) {
    const both = (channel: Channel<number>) => ({ s: channel.sending(1), r: channel[receive]() });

    it(`closed while a select of send and ${receive} waits: the sender in it was accepted and is still delivered`, async () => {
      for (const receiving of receiveForms) {
        const channel = chan<number>({ name: "both ways" });
        const waiting = select(both(channel));
        await settle();
        expect(channel.close()).to.equal(true);
        expect(await isPending(waiting), "the channel is not at its end before the sender was served").to.equal(true);
        expect(await receiving.receive(channel), receiving.name).to.deep.equal({ done: false, value: 1 });
        expect(await waiting).to.deep.equal({ case: "s", value: undefined });
        expect(await channel.next()).to.deep.equal({ done: true, value: undefined });
      }
    });

    it(`closed while a select of send and ${receive} waits, which then gives up: the channel is at its end`, async () => {
      for (const sending of sendForms) {
        const channel = chan<number>({ name: "both ways" });
        const controller = new AbortController();
        const waiting = select(both(channel), { signal: controller.signal });
        await settle();
        channel.close();
        expectClosed(await rejectionOf(sending.send(channel, 2)), channel, sending.key, sending.name);
        expect(await isPending(waiting)).to.equal(true);
        controller.abort("enough");
        expect(await rejectionOf(waiting)).to.equal("enough");
        expect(channel.tryReceive(), "nobody is left").to.deep.equal({ done: true, value: undefined });
      }
    });

    it(`cancelled while a select of send and ${receive} waits: it settles once, as a refused send`, async () => {
      const channel = chan<number>({ name: "both ways" });
      const waiting = select(both(channel));
      await settle();
      channel.cancel("seen enough");
      const error = await rejectionOf(waiting);
      expectClosed(error, channel, "s", receive);
      expect((error as Error).cause).to.equal("seen enough");
      expect(channel.tryReceive()).to.deep.equal({ done: true, value: undefined });
    });
  }

  it("a select within a select: the outer key names the case, and one handover is made", async () => {
    const a = chan<number>({ name: "inner a" });
    const b = chan<number>();
    const nested = () => select({ inner: selecting({ x: a.receiving(), y: b.receiving() }), other: b.sending(9) });
    const first = nested();
    await settle();
    await a.send(1);
    expect(await first).to.deep.equal({ case: "inner", value: { case: "x", value: 1 } });
    expectNobodyWaits(a);
    expectNobodyWaits(b);
    const second = nested();
    await settle();
    expect(await b.receive()).to.equal(9);
    expect(await second).to.deep.equal({ case: "other", value: undefined });
    a.close();
    expectClosed(await rejectionOf(nested()), a, "inner", "a nested end");
    expect(await rejectionOf(perform(selecting({ x: a.receiving() })))).to.have.property("case", "x");
  });

  it("a thousand cases: each can win, alone ready or first served, and nothing is left on the others", async () => {
    const channels = Array.from({ length: 1000 }, () => chan<number>());
    const cases = () => channels.map((channel) => channel.receiving());
    for (const index of [0, 1, 499, 998, 999]) {
      const channel = channels[index] as Channel<number>;
      const sent = channel.send(index);
      expect(await select(cases())).to.deep.equal({ case: index, value: index });
      await sent;
      const waiting = select(cases());
      await settle();
      await channel.send(-index);
      expect(await waiting).to.deep.equal({ case: index, value: -index });
      void channel.send(7);
      expect(trySelect(cases())).to.deep.equal({ case: index, value: 7 });
    }
    for (const channel of channels) expectNobodyWaits(channel);
  });
});
