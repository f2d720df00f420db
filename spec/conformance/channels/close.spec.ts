/**
 * Channels, section B, first half: close.
 */
import { expect } from "chai";
import { chan, go, perform, poll, select, trySelect, type ClosedError, type Sender } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { readyReceiveForms, readySendForms, receiveForms, receiveNowForms, sendForms } from "./forms.ts";
import { expectClosed, failOnUnhandledRejections, thrownBy } from "./support.ts";

const end = { done: true, value: undefined };

describe("close", () => {
  failOnUnhandledRejections();

  it("CL-01 on a closed, empty channel every form meets the end, three rounds of them at once", async () => {
    const channel = chan<number>({ name: "ended" });
    channel.close();
    const rounds = [1, 2, 3].flatMap(() => readyReceiveForms.map(async (form) => {
      const result = form.receive(channel);
      if (form.atEnd === "ends") expect(await result, form.name).to.deep.equal(end);
      else expectClosed(await rejectionOf(result), channel, form.key, form.name);
    }));
    await Promise.all(rounds);
  });

  it("CL-01 (b) at the end a select chooses the receive, and the forms at once report it as happened", async () => {
    const channel = chan<number>();
    const quiet = chan<number>();
    channel.close();
    for (let round = 0; round < 3; round++) {
      expect(await select({ n: channel.nexting() })).to.deep.equal({ case: "n", value: end });
      expect(await select({ q: quiet.receiving(), n: channel.nexting() })).to.deep.equal({ case: "n", value: end });
      expect(trySelect({ n: channel.nexting(), q: quiet.receiving() })).to.deep.equal({ case: "n", value: end });
      expect(poll(channel.nexting())).to.deep.equal({ value: end });
      expect(await perform(channel.nexting())).to.deep.equal(end);
      expect(channel.tryReceive()).to.deep.equal(end);
    }
  });

  for (const form of readySendForms) {
    it(`CL-02 a send after close fails, names channel and case, and nothing went in: ${form.name}`, async () => {
      for (const capacity of [0, 1, Infinity]) {
        const channel = chan<number>({ name: "shut", capacity });
        channel.close();
        expectClosed(await rejectionOf(form.send(channel, 1)), channel, form.key, `capacity ${String(capacity)}`);
        expect(channel.size).to.equal(0);
        expect(channel.tryReceive()).to.deep.equal(end);
        expect(await channel.next()).to.deep.equal(end);
      }
    });
  }

  it("CL-02 (b) trySend and trySelect after close throw rather than answer that nothing is ready", () => {
    const channel = chan<number>(1);
    const quiet = chan<number>();
    channel.close();
    expectClosed(thrownBy(() => channel.trySend(1)), channel, undefined, "trySend");
    expectClosed(thrownBy(() => poll(channel.sending(1))), channel, undefined, "poll");
    expectClosed(thrownBy(() => trySelect({ s: channel.sending(1), off: false })), channel, "s", "trySelect");
    expectClosed(thrownBy(() => trySelect([quiet.receiving(), channel.sending(1)])), channel, 1, "trySelect of an array");
  });

  it("CL-03 close gives true the first time, then false and changes nothing", async () => {
    const first = new Error("first");
    const closings: [name: string, firstly: unknown[], secondly: unknown[]][] = [
      ["close, close", [], []], ["close, close(error)", [], [first]],
      ["close(error), close", [first], []], ["close(error), close(another)", [first], [new Error("second")]],
    ];
    for (const [name, firstly, secondly] of closings) {
      const channel = chan<number>();
      expect(channel.closed, name).to.equal(false);
      expect(channel.close(...firstly), name).to.equal(true);
      expect(channel.closed, name).to.equal(true);
      for (let n = 0; n < 3; n++) {
        expect(channel.close(...secondly), name).to.equal(false);
        expect(channel.closed, name).to.equal(true);
        if (firstly.length === 0) expect(await channel.next(), name).to.deep.equal(end);
        else expect(await rejectionOf(channel.next()), name).to.equal(first);
      }
    }
  });

  it("CL-04 close settles every receiver in line exactly once, in order: receives fail, nexts end", async () => {
    const channel = chan<number>({ name: "ended" });
    const quiet = chan<number>();
    const log: string[] = [];
    const note = (name: string, result: Promise<unknown>): void => {
      result.then(
        (value) => log.push(`${name} ${JSON.stringify(value)}`),
        (error: unknown) => {
          expectClosed(error, channel, (error as ClosedError).case, name);
          log.push(`${name} fails in ${String((error as ClosedError).case)}`);
        },
      );
    };
    const loop = async (): Promise<void> => {
      for await (const value of channel) log.push(`loop ${String(value)}`);
      log.push("loop ends");
    };
    note("receive", channel.receive());
    note("next", channel.next());
    void loop();
    note("select receiving", select({ r: channel.receiving(), q: quiet.receiving() }));
    note("select nexting", select({ q: quiet.receiving(), n: channel.nexting() }));
    note("listed twice", select([channel.nexting(), channel.nexting()] as const).then(({ value }) => value));
    note("select of one", select({ r: channel.receiving() }));
    note("last receive", channel.receive());
    await settle();
    expect(log).to.deep.equal([]);
    channel.close();
    expect(log, "nobody goes on inside close").to.deep.equal([]);
    await settle();
    const asWritten = [
      "receive fails in undefined", 'next {"done":true}', "loop ends", "select receiving fails in r",
      'select nexting {"case":"n","value":{"done":true}}', 'listed twice {"done":true}', "select of one fails in r",
      "last receive fails in undefined",
    ];
    expect([...log].sort()).to.deep.equal([...asWritten].sort());
    const oneHop = (entries: string[]): string[] => entries.filter((entry) => !entry.startsWith("listed twice"));
    expect(oneHop(log), "in order").to.deep.equal(oneHop(asWritten));
    expect(quiet.trySend(1), "nothing is left on the quiet channel").to.equal(false);
  });

  for (const form of receiveForms) {
    it(`CL-04 (b) a receiver in line meets the end at close, with its case: ${form.name}`, async () => {
      const channel = chan<number>({ name: "ended" });
      const received = form.receive(channel);
      expect(await isPending(received)).to.equal(true);
      channel.close();
      if (form.atEnd === "ends") expect(await received).to.deep.equal(end);
      else expectClosed(await rejectionOf(received), channel, form.key, form.name);
    });
  }

  for (const form of sendForms) {
    it(`senders in line at close are still delivered, in order, before the end: ${form.name}`, async () => {
      for (const capacity of [0, 2]) {
        const channel = chan<number>(capacity);
        const sent: Promise<void>[] = [];
        for (let n = 0; n < 5; n++) {
          sent.push(form.send(channel, n));
          await settle();
        }
        channel.close();
        expect(channel.closed).to.equal(true);
        expect(await isPending(sent[4] as Promise<void>), "close does not settle the sender").to.equal(true);
        const values: number[] = [];
        for await (const value of channel) values.push(value);
        expect(values).to.deep.equal([0, 1, 2, 3, 4]);
        await Promise.all(sent);
      }
    });
  }

  for (const form of readyReceiveForms) {
    it(`CL-06 a closed channel delivers its buffered values first, then the end: ${form.name}`, async () => {
      const channel = chan<number>(2);
      await channel.send(1);
      channel.close();
      expect(await form.receive(channel)).to.deep.equal({ done: false, value: 1 });
      for (let n = 0; n < 3; n++) {
        if (form.atEnd === "ends") expect(await form.receive(channel)).to.deep.equal(end);
        else expectClosed(await rejectionOf(form.receive(channel)), channel, form.key, form.name);
      }
    });
  }

  for (const form of receiveNowForms) {
    it(`CL-06 (b) nothing ready and the end are two answers: ${form.name}`, () => {
      const channel = chan<number>(2);
      for (let n = 0; n < 5; n++) expect(form.receive(channel)).to.equal(undefined);
      channel.trySend(1);
      channel.close();
      expect(form.receive(channel)).to.deep.equal({ done: false, value: 1 });
      if (form.atEnd === "ends") expect(form.receive(channel)).to.deep.equal(end);
      else expectClosed(thrownBy(() => form.receive(channel)), channel, form.key, form.name);
    });
  }

  for (const form of readyReceiveForms) {
    it(`CL-10 after close(error) the values come first, then every receive rejects with that very error: ${form.name}`, async () => {
      for (const error of [new Error("broken pipe"), "a string", null, 0, "", false, Number.NaN]) {
        const channel = chan<number>(2);
        await channel.send(1);
        await channel.send(2);
        const waiting = channel.send(3);
        channel.close(error);
        for (const value of [1, 2, 3]) expect(await form.receive(channel)).to.deep.equal({ done: false, value });
        await waiting;
        const seen = await Promise.all([1, 2, 3].map(() => rejectionOf(form.receive(channel))));
        for (const reason of seen) expect(Object.is(reason, error), `${String(reason)} is ${String(error)}`).to.equal(true);
      }
    });
  }

  for (const form of receiveForms) {
    it(`CL-10 (b) close(error) gives that very error to receivers in line: ${form.name}`, async () => {
      const channel = chan<number>();
      const error = new Error("broken pipe");
      const received = [form.receive(channel), form.receive(channel)];
      await settle();
      channel.close(error);
      for (const result of received) expect(await rejectionOf(result)).to.equal(error);
    });
  }

  for (const form of readySendForms) {
    it(`CL-10 (c) a send after close(error) fails with a ClosedError whose cause is the error: ${form.name}`, async () => {
      const channel = chan<number>({ name: "broken" });
      const error = new Error("broken pipe");
      channel.close(error);
      const first = await rejectionOf(form.send(channel, 1));
      const second = await rejectionOf(form.send(channel, 1));
      expectClosed(first, channel, form.key, form.name);
      expect((first as ClosedError).cause).to.equal(error);
      expect(second, "a ClosedError is made fresh for whoever gets it").to.not.equal(first);
    });
  }

  it("CL-10 (d) after close(error) tryReceive throws the error once the values are taken, and so does a loop", async () => {
    const error = new Error("broken pipe");
    const channel = chan<number>(1);
    channel.trySend(1);
    channel.close(error);
    const values: number[] = [];
    const failure = await rejectionOf((async () => {
      for await (const value of channel) values.push(value);
    })());
    expect(failure).to.equal(error);
    expect(values).to.deep.equal([1]);
    expect(thrownBy(() => channel.tryReceive())).to.equal(error);
  });

  it("CL-13 using closes, by a channel and by a sender; closed before is no error", async () => {
    let seen: Sender<number>;
    {
      using channel = chan<number>();
      seen = channel;
      expect(channel.closed).to.equal(false);
    }
    expect(seen.closed).to.equal(true);
    const rest = chan<number>(1);
    {
      using sender: Sender<number> = rest;
      await sender.send(1);
    }
    expect(await rest.next()).to.deep.equal({ done: false, value: 1 });
    expect(await rest.next()).to.deep.equal(end);
    {
      using closed = chan<number>();
      closed.close();
    }
  });

  it("a close right after a handover, or a handover right before it, changes neither", async () => {
    const channel = chan<number>();
    const received = channel.receive();
    const sent = channel.send(1);
    channel.close();
    expect(await received).to.equal(1);
    await sent;
    const other = chan<number>();
    const delivered = go(() => other.next());
    await settle();
    expect(other.trySend(2)).to.equal(true);
    other.cancel("too late");
    expect(await delivered).to.deep.equal({ done: false, value: 2 });
  });
});
