/**
 * Channels, section B, second half: cancel.
 */
import { expect } from "chai";
import { chan, type ClosedError } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { readyReceiveForms, readySendForms, receiveForms, sendForms } from "./forms.ts";
import { expectClosed, failOnUnhandledRejections } from "./support.ts";

const end = { done: true, value: undefined };

describe("cancel", () => {
  failOnUnhandledRejections();

  it("CL-11 cancel gives true the first time, then false and changes nothing", async () => {
    const channel = chan<number>();
    expect(channel.cancel("first")).to.equal(true);
    expect(channel.closed).to.equal(true);
    expect(channel.cancel("second")).to.equal(false);
    expect(channel.close(new Error("third"))).to.equal(false);
    expect(((await rejectionOf(channel.send(1))) as ClosedError).cause).to.equal("first");
    expect(await channel.next()).to.deep.equal(end);
  });

  for (const form of sendForms) {
    it(`CL-11 (b) senders in line fail with a ClosedError whose cause is the reason: ${form.name}`, async () => {
      for (const capacity of [0, 2]) {
        const channel = chan<number>({ name: "refused", capacity });
        for (let n = 0; n < capacity; n++) await channel.send(n);
        const reason = new Error("seen enough");
        const sent = [form.send(channel, 10), form.send(channel, 11)];
        expect(await isPending(sent[1] as Promise<void>)).to.equal(true);
        channel.cancel(reason);
        const errors = await Promise.all(sent.map(rejectionOf));
        for (const error of errors) {
          expectClosed(error, channel, form.key, form.name);
          expect((error as ClosedError).cause).to.equal(reason);
        }
        expect(errors[0], "made fresh for whoever gets it").to.not.equal(errors[1]);
        expect(channel.size).to.equal(0);
        expect(await channel.next(), "nobody receives what was refused").to.deep.equal(end);
      }
    });
  }

  for (const form of readySendForms) {
    it(`CL-11 (c) a send after cancel fails the same way: ${form.name}`, async () => {
      const channel = chan<number>({ name: "refused", capacity: 3 });
      const reason = { why: "seen enough" };
      channel.cancel(reason);
      const error = await rejectionOf(form.send(channel, 1));
      expectClosed(error, channel, form.key, form.name);
      expect((error as ClosedError).cause).to.equal(reason);
      expect(channel.size).to.equal(0);
    });
  }

  for (const form of readyReceiveForms) {
    it(`CL-11 (d) a receive after cancel sees the end, even if values were buffered: ${form.name}`, async () => {
      const channel = chan<number>({ name: "refused", capacity: 2 });
      await channel.send(1);
      await channel.send(2);
      const waiting = rejectionOf(channel.send(3));
      channel.cancel("seen enough");
      for (let n = 0; n < 3; n++) {
        if (form.atEnd === "ends") expect(await form.receive(channel)).to.deep.equal(end);
        else expectClosed(await rejectionOf(form.receive(channel)), channel, form.key, form.name);
      }
      expectClosed(await waiting, channel, undefined, "the sender");
    });
  }

  for (const form of receiveForms) {
    it(`CL-11 (e) a receiver in line sees the end at cancel: ${form.name}`, async () => {
      const channel = chan<number>({ name: "refused" });
      const received = form.receive(channel);
      expect(await isPending(received)).to.equal(true);
      channel.cancel();
      if (form.atEnd === "ends") expect(await received).to.deep.equal(end);
      else expectClosed(await rejectionOf(received), channel, form.key, form.name);
    });
  }

  it("CL-11 (f) senders in line fail in order, and none goes on inside cancel", async () => {
    const channel = chan<number>();
    const failed: number[] = [];
    for (let n = 0; n < 6; n++) channel.send(n).catch(() => failed.push(n));
    channel.cancel();
    expect(failed).to.deep.equal([]);
    await settle();
    expect(failed).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });

  it("CL-12 cancel after close discards buffered values and refuses the senders in line; onDrop gets each once, in order", async () => {
    const dropped: number[] = [];
    const channel = chan<number>({ capacity: 3, onDrop: (value) => dropped.push(value) });
    for (const value of [1, 2, 3]) await channel.send(value);
    const waiting = rejectionOf(channel.send(4));
    channel.close();
    expect(channel.cancel("seen enough")).to.equal(true);
    expect(((await waiting) as ClosedError).cause).to.equal("seen enough");
    expect(dropped, "a rejected send was dropped by nobody").to.deep.equal([1, 2, 3]);
    expect(channel.size).to.equal(0);
    expect(await channel.next()).to.deep.equal(end);
    expect(channel.cancel()).to.equal(false);
    expect(channel.close()).to.equal(false);
    expect(dropped).to.deep.equal([1, 2, 3]);
  });

  it("CL-12 (b) close after cancel gives false, and values that were received before are not reported as dropped", async () => {
    const dropped: unknown[] = [];
    const channel = chan<unknown>({ capacity: 4, onDrop: (value) => dropped.push(value) });
    for (const value of ["received", undefined, null, 0]) await channel.send(value);
    expect(await channel.receive()).to.equal("received");
    channel.cancel();
    expect(channel.close()).to.equal(false);
    expect(dropped).to.deep.equal([undefined, null, 0]);
  });

  it("CL-12 (c) when onDrop uses the channel, it finds it at its end, and every value is reported once", () => {
    const dropped: number[] = [];
    const seen: unknown[] = [];
    const channel = chan<number>({
      capacity: 3,
      onDrop: (value) => {
        dropped.push(value);
        seen.push(channel.tryReceive(), channel.closed, channel.size, channel.cancel());
      },
    });
    for (const value of [1, 2, 3]) channel.trySend(value);
    expect(channel.cancel()).to.equal(true);
    expect(dropped).to.deep.equal([1, 2, 3]);
    for (let n = 0; n < 3; n++) expect(seen.slice(4 * n, 4 * n + 4)).to.deep.equal([end, true, 0, false]);
  });
});
