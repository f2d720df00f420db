/**
 * Channels, regressions seen elsewhere, first half: lines, withdrawals and values.
 */
import { expect } from "chai";
import {
  always, chan, choose, ClosedError, go, never, perform, select, selecting, sleeping, trySelect, type Channel, type Receiver, type Sender,
} from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { readyReceiveForms, readySendForms, receiveForms, sendForms } from "./forms.ts";
import { expectClosed, expectNobodyWaits, failOnUnhandledRejections, seeded, unhandledDuring } from "./support.ts";

describe("regressions: lines and values", () => {
  failOnUnhandledRejections();

  it("RG-02 a select that wins elsewhere takes only its own place on a shared channel, first or last in line", async () => {
    for (const winner of [0, 1, 2]) {
      const shared = chan<string>();
      const own = [chan<string>(), chan<string>(), chan<string>()];
      const selects = own.map((channel) => select({ shared: shared.receiving(), own: channel.receiving() }));
      await settle();
      await (own[winner] as Channel<string>).send("elsewhere");
      expect(await selects[winner]).to.deep.equal({ case: "own", value: "elsewhere" });
      for (const [index, waiting] of selects.entries()) {
        if (index === winner) continue;
        expect(await isPending(waiting)).to.equal(true);
        await shared.send(`for ${String(index)}`);
        expect(await waiting).to.deep.equal({ case: "shared", value: `for ${String(index)}` });
      }
      expectNobodyWaits(shared);
      own.forEach((channel) => { expectNobodyWaits(channel); });
    }
  });

  it("RG-02 (b) the same holds for selects that send", async () => {
    for (const winner of [0, 1, 2]) {
      const shared = chan<number>();
      const own = [chan<number>(), chan<number>(), chan<number>()];
      const selects = own.map((channel, index) => select({ shared: shared.sending(index), own: channel.sending(-1) }));
      await settle();
      expect(await (own[winner] as Channel<number>).receive()).to.equal(-1);
      for (const index of [0, 1, 2]) if (index !== winner) expect(await shared.receive()).to.equal(index);
      await Promise.all(selects);
      expectNobodyWaits(shared);
      own.forEach((channel) => { expectNobodyWaits(channel); });
    }
  });

  it("RG-03 five thousand receives in line all wait, and each gets its own value", async () => {
    const channel = chan<number>();
    let settled = 0;
    const received = Array.from({ length: 5000 }, () => channel.receive().finally(() => settled++));
    await settle();
    expect(settled).to.equal(0);
    for (let n = 0; n < 5000; n++) expect(channel.trySend(n)).to.equal(true);
    expect(channel.trySend(-1)).to.equal(false);
    expect(await Promise.all(received)).to.deep.equal(received.map((_, index) => index));
  });

  it("RG-03 (b) five thousand sends in line all wait, and each is taken once", async () => {
    const channel = chan<number>();
    let settled = 0;
    const sent = Array.from({ length: 5000 }, (_, index) => channel.send(index).finally(() => settled++));
    await settle();
    expect(settled).to.equal(0);
    for (let n = 0; n < 5000; n++) expect(channel.tryReceive()).to.deep.equal({ done: false, value: n });
    expect(channel.tryReceive()).to.equal(undefined);
    await Promise.all(sent);
  });

  for (const form of sendForms) {
    it(`RG-04 buffered sends settle while there is room, before anybody receives: ${form.name}`, async () => {
      const channel = chan<number>(128);
      const sends = Array.from({ length: 128 }, (_, index) => form.send(channel, index));
      await Promise.all(sends);
      expect(channel.size).to.equal(128);
      expect(await isPending(form.send(channel, 128))).to.equal(true);
    });
  }

  for (const width of [2, 10, 100]) {
    it(`RG-05 fan-in over ${String(width)} channels by select delivers every value, each channel's in order`, async function () {
      this.timeout(20_000);
      await seeded(async (random) => {
        const channels = Array.from({ length: width }, () => chan<[channel: number, value: number]>(random(2)));
        const each = Math.ceil(2000 / width);
        channels.forEach((channel, index) => go(async () => {
          for (let value = 0; value < each; value++) {
            await channel.send([index, value]);
            if (random(4) === 0) await settle();
          }
          channel.close();
        }));
        const received = channels.map(() => 0);
        const open = new Set(channels.keys());
        while (open.size > 0) {
          const chosen = await select(channels.map((channel, index) => open.has(index) && channel.nexting()));
          if (chosen.value.done === true) {
            expect(received[chosen.case], "all of it came before the end").to.equal(each);
            open.delete(chosen.case);
            continue;
          }
          const [from, value] = chosen.value.value;
          expect(from).to.equal(chosen.case);
          expect(value).to.equal(received[from]);
          received[from] = value + 1;
        }
        expect(received.every((count) => count === each)).to.equal(true);
      });
    });
  }

  it("RG-05 (b) a select that withdraws after its case's channel has ended or moved on removes no other waiter", async () => {
    const a = chan<number>();
    const b = chan<number>();
    const first = select({ a: a.receiving(), b: b.receiving() });
    const second = a.receive();
    const third = b.receive();
    await settle();
    await a.send(1); // serves the select, which leaves b
    b.trySend(2); // serves the third
    a.trySend(3); // serves the second
    expect(await first).to.deep.equal({ case: "a", value: 1 });
    expect(await third).to.equal(2);
    expect(await second).to.equal(3);
  });

  it("RG-06 only promises have a then: await on a channel or an operation takes nothing (operation.ts 4)", async () => {
    const channel = chan<number>(1);
    channel.trySend(1);
    const sender: Sender<number> = channel;
    const receiver: Receiver<number> = channel;
    const things: unknown[] = [
      channel, sender, receiver, channel.receiving(), channel.nexting(), channel.sending(2), never, always(1), sleeping(1),
      choose(channel.receiving()), selecting({ r: channel.receiving() }), channel.receiving().map((value) => value),
      channel[Symbol.asyncIterator](), select, chan,
    ];
    for (const thing of things) {
      expect((thing as { then?: unknown }).then).to.equal(undefined);
      expect(await thing).to.equal(thing);
      expect(await (async () => Promise.resolve(thing))()).to.equal(thing);
      expect(await Promise.all([thing])).to.deep.equal([thing]);
    }
    expect(channel.size).to.equal(1);
  });

  it("RG-07 a select decided at once leaves no late place on its other channels", async () => {
    await seeded(async () => {
      for (let round = 0; round < 200; round++) {
        const ready = chan<number>(1);
        ready.trySend(round);
        const others = [chan<number>(), chan<number>(), chan<number>()] as const;
        const [x, y, z] = others;
        const chosen = await select({ x: x.receiving(), ready: ready.receiving(), y: y.sending(1), z: z.nexting() });
        expect(chosen).to.deep.equal({ case: "ready", value: round });
        for (const other of others) expectNobodyWaits(other);
      }
    });
  });

  for (const form of readySendForms) {
    it(`RG-09 a send never throws values away at close, and fails as a promise: ${form.name}`, async () => {
      const channel = chan<number>(3);
      for (const value of [1, 2, 3]) await form.send(channel, value);
      channel.close();
      const rejected = form.send(channel, 4); // it does not throw here
      expectClosed(await rejectionOf(rejected), channel, form.key, form.name);
      const values: number[] = [];
      for await (const value of channel) values.push(value);
      expect(values).to.deep.equal([1, 2, 3]);
    });
  }

  it("RG-09 (b) the verbs that give promises reject and never throw", async () => {
    const channel = chan<number>();
    channel.close();
    const cancelled = chan<number>();
    cancelled.cancel();
    const aborted = { signal: AbortSignal.abort("enough") };
    const calls: (() => Promise<unknown>)[] = [
      () => channel.send(1), () => cancelled.send(1), () => channel.receive(), () => cancelled.receive(),
      () => channel.send(1, aborted), () => channel.receive(aborted), () => channel.next(aborted),
      () => perform(undefined as unknown as ReturnType<typeof channel.receiving>), () => select({}),
    ];
    for (const call of calls) {
      let result: Promise<unknown> | undefined;
      expect(() => { result = call(); }).to.not.throw();
      await rejectionOf(result as Promise<unknown>);
    }
  });

  for (const form of receiveForms) {
    it(`RG-10 sending undefined wakes the receiver: ${form.name}`, async () => {
      for (const sending of readySendForms.filter(({ prompt }) => prompt)) {
        const channel = chan<undefined>();
        const received = form.receive(channel);
        await settle();
        await sending.send(channel, undefined);
        expect(await received, sending.name).to.deep.equal({ done: false, value: undefined });
      }
    });
  }

  it("RG-11 a select over two ready receives takes from exactly one; the other value is still there", async () => {
    await seeded(async () => {
      for (let round = 0; round < 200; round++) {
        const capacity = round % 2;
        const channels = { a: chan<string>(capacity), b: chan<string>(capacity) };
        const sent = [channels.a.send("of a"), channels.b.send("of b")];
        const first = await select({ a: channels.a.receiving(), b: channels.b.receiving() });
        const left = first.case === "a" ? "b" : "a";
        expect(first.value).to.equal(`of ${first.case}`);
        expect(channels[left].tryReceive()).to.deep.equal({ done: false, value: `of ${left}` });
        expect(channels[first.case].tryReceive()).to.equal(undefined);
        await Promise.all(sent);
      }
    });
  });

  it("RG-14 a task that throws rejects every join of it, and no join waits for a result that cannot come", async () => {
    const error = new Error("in the task");
    const bodies: Record<string, () => never> = { sync: () => { throw error; } };
    for (const [name, body] of Object.entries(bodies)) {
      const task = go(body);
      const waiting = [task.join(), perform(task.joining()), select({ t: task.joining(), q: never }), Promise.resolve(task)];
      for (const result of waiting) expect(await rejectionOf(result), name).to.equal(error);
      expect(await task.result(), name).to.deep.equal({ status: "rejected", reason: error });
      expect(await rejectionOf(task.join()), name).to.equal(error);
    }
    for (const start of [
      () => go(async () => { await settle(); throw error; }),
      () => go(function* () { yield* sleeping(0); throw error; }),
    ]) {
      const task = start();
      expect(await rejectionOf(Promise.all([task.join(), task.join()]))).to.equal(error);
    }
    const seen = await unhandledDuring(() => { go(() => { throw error; }); });
    expect(seen, "unless nobody does").to.deep.equal([error]);
  });

  for (const capacity of [0, 1]) {
    it(`RG-17 a sender resumed by a receive sends again in its continuation: no value twice, capacity ${String(capacity)}`, async () => {
      for (const form of receiveForms) {
        const channel = chan<number>(capacity);
        let sent = 0;
        const sendOn = (): void => {
          const value = sent++;
          if (value < 50) void channel.send(value).then(sendOn);
        };
        sendOn();
        const values: unknown[] = [];
        for (let n = 0; n < 50; n++) values.push((await form.receive(channel)).value);
        expect(values, form.name).to.deep.equal(Array.from({ length: 50 }, (_, n) => n));
        await settle();
        expectNobodyWaits(channel);
      }
    });
  }

  for (const receive of ["receiving", "nexting"] as const) {
    it(`RG-20 closing a channel that a waiting select receives from settles it at once and once: ${receive}`, async () => {
      const channel = chan<number>();
      const quiet = chan<number>();
      const waiting = select({ a: channel[receive](), q: quiet.receiving(), again: channel[receive]() });
      let settled = 0;
      waiting.then(() => settled++, () => settled++);
      await settle();
      const seen = await unhandledDuring(() => { expect(() => channel.close()).to.not.throw(); });
      expect(seen).to.deep.equal([]);
      expect(settled).to.equal(1);
      if (receive === "receiving") expect(await rejectionOf(waiting)).to.be.instanceOf(ClosedError);
      else expect((await waiting).value).to.deep.equal({ done: true, value: undefined });
      expectNobodyWaits(quiet);
    });
  }

  for (const form of readyReceiveForms.filter(({ atEnd }) => atEnd === "ends")) {
    it(`RG-21 a drain loop ends after close: ${form.name}`, async () => {
      const channel = chan<number>(10);
      for (let n = 0; n < 10; n++) channel.trySend(n);
      channel.close();
      let rounds = 0;
      while ((await form.receive(channel)).done !== true) if (++rounds > 10) throw new Error("the loop goes on after the end");
      expect(rounds).to.equal(10);
      expect(channel.tryReceive()).to.deep.equal({ done: true, value: undefined });
      expect(trySelect({ n: channel.nexting() })?.value.done).to.equal(true);
    });
  }
});
