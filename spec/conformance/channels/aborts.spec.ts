/**
 * Giving up: an abort acts wholly before a handover or not at all.
 */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import { aborting, chan, choose, perform, select, type Channel } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { readyReceiveForms, readySendForms } from "./forms.ts";
import { expectNobodyWaits, failOnUnhandledRejections, microtasks, seeded, type Random } from "./support.ts";

/** A receive that gives up when the signal aborts. */
const receives: Record<string, (channel: Channel<number>, signal: AbortSignal) => Promise<number | undefined>> = {
  "receive": (channel, signal) => channel.receive({ signal }),
  "next": (channel, signal) => channel.next({ signal }).then(({ value }) => value),
  "perform": (channel, signal) => perform(channel.receiving(), { signal }),
  "select": (channel, signal) => select({ r: channel.receiving() }, { signal }).then(({ value }) => value),
  "select of two": (channel, signal) =>
    select({ q: chan<number>().receiving(), r: channel.receiving() }, { signal }).then(({ value }) => value),
  "an aborting case": (channel, signal) =>
    select({ stop: aborting(signal), r: channel.receiving() }, { order: "listed" }).then(({ value }) => value),
  "an aborting choice": (channel, signal) => perform(choose(channel.receiving(), aborting(signal))),
  "mapped": (channel, signal) => perform(channel.receiving().map((value) => value), { signal }),
};

/** A send that gives up when the signal aborts. */
const sends: Record<string, (channel: Channel<number>, value: number, signal: AbortSignal) => Promise<unknown>> = {
  "send": (channel, value, signal) => channel.send(value, { signal }),
  "perform": (channel, value, signal) => perform(channel.sending(value), { signal }),
  "select": (channel, value, signal) => select({ s: channel.sending(value) }, { signal }),
  "select of two": (channel, value, signal) => select({ q: chan<number>().receiving(), s: channel.sending(value) }, { signal }),
  "an aborting case": (channel, value, signal) =>
    select({ stop: aborting(signal), s: channel.sending(value) }, { order: "listed" }),
  "an aborting choice": (channel, value, signal) => perform(choose(channel.sending(value), aborting(signal))),
  "mapped": (channel, value, signal) => perform(channel.sending(value).map(() => 0), { signal }),
};

describe("giving up", () => {
  failOnUnhandledRejections();

  for (const [name, receive] of Object.entries(receives)) {
    it(`a receive that gives up took nothing and is out of line at once; with the reason itself: ${name}`, async () => {
      for (const reason of [new Error("enough"), "enough", 0, null, false]) {
        for (const sending of readySendForms.filter((form) => form.prompt)) {
          const channel = chan<number>();
          const controller = new AbortController();
          const given = receive(channel, controller.signal);
          const second = channel.receive();
          await settle();
          controller.abort(reason);
          const sent = sending.send(channel, 1);
          expect(await rejectionOf(given)).to.equal(reason);
          await sent;
          expect(await second, `${sending.name}: the next in line is served, in the same turn`).to.equal(1);
          expectNobodyWaits(channel);
          expect(getEventListeners(controller.signal, "abort").length).to.equal(0);
        }
      }
    });

    it(`an abort after the handover changes nothing for a receive: ${name}`, async () => {
      for (const sending of readySendForms.filter((form) => form.prompt)) {
        const channel = chan<number>();
        const controller = new AbortController();
        const received = receive(channel, controller.signal);
        await settle();
        const sent = sending.send(channel, 1);
        controller.abort(new Error("too late"));
        expect(await received, sending.name).to.equal(1);
        await sent;
        expect(getEventListeners(controller.signal, "abort").length).to.equal(0);
      }
    });

    it(`a signal aborted already beats a value that is ready: ${name}`, async () => {
      const channel = chan<number>(1);
      channel.trySend(1);
      const signal = AbortSignal.abort("enough");
      if (name === "an aborting choice") return; // one ready case among others, by its nature
      for (let round = 0; round < 50; round++) expect(await rejectionOf(receive(channel, signal))).to.equal("enough");
      expect(channel.size).to.equal(1);
      channel.close(new Error("broken"));
      channel.tryReceive();
      expect(await rejectionOf(receive(channel, signal)), "and the end").to.equal("enough");
    });
  }

  for (const [name, send] of Object.entries(sends)) {
    it(`a send that gives up was received by nobody and is out of line at once: ${name}`, async () => {
      for (const receiving of readyReceiveForms.filter((form) => form.prompt)) {
        const channel = chan<number>();
        const controller = new AbortController();
        const reason = new Error("enough");
        const given = send(channel, 1, controller.signal);
        const second = channel.send(2);
        await settle();
        controller.abort(reason);
        const received = receiving.receive(channel);
        expect(await rejectionOf(given)).to.equal(reason);
        expect(await received, receiving.name).to.deep.equal({ done: false, value: 2 });
        await second;
        expectNobodyWaits(channel);
        expect(getEventListeners(controller.signal, "abort").length).to.equal(0);
      }
    });

    it(`an abort after the handover changes nothing for a send: ${name}`, async () => {
      for (const receiving of readyReceiveForms.filter((form) => form.prompt)) {
        const channel = chan<number>();
        const controller = new AbortController();
        const sent = send(channel, 1, controller.signal);
        await settle();
        const received = receiving.receive(channel);
        controller.abort(new Error("too late"));
        expect(await received, receiving.name).to.deep.equal({ done: false, value: 1 });
        await sent;
      }
    });

    it(`a signal aborted already beats room and a waiting receiver: ${name}`, async () => {
      if (name === "an aborting choice") return; // one ready case among others, by its nature
      const channel = chan<number>(1);
      const signal = AbortSignal.abort("enough");
      for (let round = 0; round < 50; round++) expect(await rejectionOf(send(channel, 1, signal))).to.equal("enough");
      expect(channel.size).to.equal(0);
      const received = channel.receive();
      expect(await rejectionOf(send(channel, 1, signal))).to.equal("enough");
      expect(await isPending(received)).to.equal(true);
      channel.close();
      await rejectionOf(received);
      expect(await rejectionOf(send(channel, 1, signal)), "and the end").to.equal("enough");
    });
  }

  it("a hundred thousand raced aborts: nothing is lost, nothing arrives twice, and the first of the two decides", async function () {
    this.timeout(60_000);
    await seeded(async (random) => {
      const channels = [chan<number>(), chan<number>(1)] as const;
      const receiveNames = Object.keys(receives);
      const sendNames = Object.keys(sends);
      let value = 0;
      for (let round = 0; round < 100_000; round++) {
        const channel = channels[random(2)] as Channel<number>;
        const controller = new AbortController();
        const abortFirst = random(2) === 0;
        const act = async (other: () => unknown): Promise<void> => {
          if (abortFirst) controller.abort(round);
          else other();
          await microtasks(random(3));
          if (abortFirst) other();
          else controller.abort(round);
        };
        if (random(2) === 0) await racedReceive(channel, pick(receives, receiveNames, random), controller.signal, ++value, abortFirst, act);
        else await racedSend(channel, pick(sends, sendNames, random), controller.signal, ++value, abortFirst, act);
        expect(channel.tryReceive(), "the round leaves nothing").to.equal(undefined);
      }
      for (const channel of channels) expectNobodyWaits(channel);
    });
  });
});

function pick<T>(table: Record<string, T>, names: string[], random: Random): T {
  return table[names[random(names.length)] as string] as T;
}

type Act = (other: () => unknown) => Promise<void>;
type Outcome = { value: unknown } | { reason: unknown };

const outcomeOf = (promise: Promise<unknown>): Promise<Outcome> =>
  promise.then((value) => ({ value }), (reason: unknown) => ({ reason }));

/** A receive in line is aborted and served, in this or the other order. The value goes to it, or to the next receive. */
async function racedReceive(
  channel: Channel<number>, receive: (channel: Channel<number>, signal: AbortSignal) => Promise<number | undefined>,
  signal: AbortSignal, value: number, abortFirst: boolean, act: Act,
): Promise<void> {
  const received = outcomeOf(receive(channel, signal));
  let sent: Promise<void> | undefined;
  await act(() => { sent = channel.send(value); });
  const outcome = await received;
  if (abortFirst) {
    if (!("reason" in outcome)) throw new Error(`a receive aborted before the send gave ${String(outcome.value)}`);
    const next = await channel.receive();
    if (next !== value) throw new Error(`${String(value)} was sent, and ${String(next)} was there`);
  } else if (!("value" in outcome) || outcome.value !== value) {
    throw new Error(`an abort after the handover of ${String(value)} changed it: ${JSON.stringify(outcome)}`);
  }
  await sent;
}

/** A send in line, or in the buffer, is aborted and received. */
async function racedSend(
  channel: Channel<number>, send: (channel: Channel<number>, value: number, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal, value: number, abortFirst: boolean, act: Act,
): Promise<void> {
  const full = channel.capacity === 1;
  if (full) channel.trySend(-value); // so that the send has to wait
  const sent = outcomeOf(send(channel, value, signal));
  const received: unknown[] = [];
  await act(() => {
    if (full) received.push(channel.tryReceive()?.value); // makes room: the send is accepted, or was gone
    received.push(channel.tryReceive()?.value);
  });
  const outcome = await sent;
  if (abortFirst !== "reason" in outcome) throw new Error(`aborted first: ${String(abortFirst)}, but: ${JSON.stringify(outcome)}`);
  const expected = [...(full ? [-value] : []), abortFirst ? undefined : value];
  expect(received).to.deep.equal(expected);
}
