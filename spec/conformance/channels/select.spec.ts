/**
 * Channels, section E: select, its cases and its partners.
 */
import { expect } from "chai";
import {
  always, chan, choose, go, guard, never, perform, poll, select, selecting, trySelect, type Channel, type Operation,
} from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { receiveForms, sendForms } from "./forms.ts";
import { expectNobodyWaits, failOnUnhandledRejections, seeded, thrownBy } from "./support.ts";

const end = { done: true, value: undefined };

describe("select", () => {
  failOnUnhandledRejections();

  it("SE-01 the ready case is taken, buffered or by a parked sender, and no map function of another runs", async () => {
    for (const capacity of [0, 1]) {
      const channel = chan<number>(capacity);
      const quiet = chan<number>();
      const sent = channel.send(42);
      let called = 0;
      const count = (): number => ++called;
      expect(await select({ q: quiet.receiving().map(count, count), c: channel.receiving() }))
        .to.deep.equal({ case: "c", value: 42 });
      await sent;
      expect(trySelect({ q: quiet.receiving().map(count, count), c: channel.receiving().map(count, count) })).to.equal(undefined);
      expect(called).to.equal(0);
      expectNobodyWaits(quiet);
    }
  });

  it("SE-01 (b) of two ready cases only the chosen one's map function runs, once", async () => {
    const channel = chan<number>(1);
    for (let round = 0; round < 100; round++) {
      const ran: string[] = [];
      channel.trySend(1);
      const chosen = await select({
        a: channel.receiving().map(() => ran.push("a")),
        b: channel.nexting().map(() => ran.push("b")),
      });
      expect(ran).to.deep.equal([chosen.case]);
    }
  });

  it("SE-02 cases are read at the call: changes of variables, record and array afterwards have no effect", async () => {
    let channel = chan<number>();
    const first = channel;
    const cases: Record<string, Operation<unknown>> = { r: channel.receiving() };
    const list: Operation<unknown>[] = [channel.receiving()];
    const ofRecord = select(cases);
    const ofArray = select(list);
    const described = selecting(cases);
    channel = chan<number>();
    cases["r"] = channel.receiving();
    cases["more"] = always(1);
    list[0] = always(2);
    await settle();
    await first.send(10);
    await first.send(20);
    expect(await ofRecord).to.deep.equal({ case: "r", value: 10 });
    expect(await ofArray).to.deep.equal({ case: 0, value: 20 });
    first.send(30).catch(() => undefined);
    expect(await perform(described)).to.deep.equal({ case: "r", value: 30 });
  });

  it("SE-02 (b) the value sent is the one of the call", async () => {
    const channel = chan<number>();
    let value = 1;
    const sent = select({ s: channel.sending(value) });
    value = 2;
    await settle();
    expect(await channel.receive()).to.equal(1);
    await sent;
    expect(value).to.equal(2);
  });

  it("SE-02 (c) a guard is made exactly once per performing, in listed order, chosen or not", async () => {
    const made: string[] = [];
    const channel = chan<number>(Infinity);
    for (let n = 0; n < 10; n++) channel.trySend(n);
    const note = <T>(name: string, operation: Operation<T>): Operation<T> => guard(() => {
      made.push(name);
      return operation;
    });
    const cases = () => ({ a: note("a", never), b: note("b", channel.receiving()), c: note("c", never) });
    const performings: [name: string, act: () => unknown][] = [
      ["select", () => select(cases())], ["trySelect", () => trySelect(cases())], ["poll", () => poll(selecting(cases()))],
      ["perform", () => perform(choose<unknown>(...Object.values(cases())))],
      ["listed select", () => select(cases(), { order: "listed" })],
    ];
    for (const [name, act] of performings) {
      made.length = 0;
      await act();
      expect(made, name).to.deep.equal(["a", "b", "c"]);
    }
    made.length = 0;
    const twice = selecting({ a: note("again", channel.receiving()) });
    await perform(twice);
    await perform(twice);
    expect(made).to.deep.equal(["again", "again"]);
    const waits = select({ a: note("waits", never) });
    expect(await isPending(waits)).to.equal(true);
    expect(made).to.deep.equal(["again", "again", "waits"]);
  });

  it("SE-02 (d) expressions of later cases come before the choice: a channel closed by one is at its end", async () => {
    const channel = chan<number>();
    const quiet = chan<number>();
    const closing = (): Operation<number> => {
      channel.close();
      return quiet.receiving();
    };
    expect(await select({ a: channel.nexting(), b: closing() })).to.deep.equal({ case: "a", value: end });
    const channels = chan<Channel<number>>(1);
    const target = chan<number>(1);
    await channels.send(target);
    expect(await select({ s: (await channels.receive()).sending(2) })).to.deep.equal({ case: "s", value: undefined });
    expect(await target.receive()).to.equal(2);
  });

  it("SE-04 a hundred thousand selects of a send over four channels, merged into one: none twice, none lost", async function () {
    this.timeout(60_000);
    await seeded(async () => {
      const count = 100_000;
      const channels = [chan<number>(), chan<number>(), chan<number>(), chan<number>()] as const;
      const merged = chan<number>();
      const [c1, c2, c3, c4] = channels;
      go(async () => {
        for (let i = 0; i < count; i++) await select({ c1: c1.sending(i), c2: c2.sending(i), c3: c3.sending(i), c4: c4.sending(i) });
        for (const channel of channels) channel.close();
      });
      let open = channels.length;
      const forwarded = channels.map(() => 0);
      channels.forEach((channel, index) => go(async () => {
        for await (const value of channel) {
          forwarded[index] = (forwarded[index] as number) + 1;
          await merged.send(value);
        }
        if (--open === 0) merged.close();
      }));
      const seen = new Uint8Array(count);
      let total = 0;
      for await (const value of merged) {
        seen[value] = (seen[value] as number) + 1;
        total++;
      }
      expect(total).to.equal(count);
      expect(seen.every((times) => times === 1)).to.equal(true);
      for (const forwards of forwarded) expect(forwards, "every channel is used").to.be.above(0);
    });
  });

  it("SE-07 a select that sends and receives on one channel never meets itself (choice.ts 3)", async () => {
    for (const order of ["random", "listed"] as const) {
      const channel = chan<number>();
      const both = () => ({ s: channel.sending(1), r: channel.receiving() });
      expect(trySelect(both(), { order })).to.equal(undefined);
      expect(trySelect({ r: channel.receiving(), s: channel.sending(1) }, { order })).to.equal(undefined);
      expect(await isPending(select(both(), { order })), order).to.equal(true);
    }
  });

  for (const sending of sendForms) {
    it(`SE-07 (b) it meets an outside sender that comes later, in that direction only: ${sending.name}`, async () => {
      for (const cases of ["send first", "receive first"] as const) {
        const channel = chan<number>();
        const waiting = select(cases === "send first"
          ? { s: channel.sending(1), r: channel.receiving() }
          : { r: channel.receiving(), s: channel.sending(1) });
        await settle();
        await sending.send(channel, 2);
        expect(await waiting).to.deep.equal({ case: "r", value: 2 });
        expectNobodyWaits(channel);
      }
    });
  }

  for (const receiving of receiveForms) {
    it(`SE-07 (c) it meets an outside receiver that comes later, in that direction only: ${receiving.name}`, async () => {
      const channel = chan<number>();
      const waiting = select({ s: channel.sending(1), r: channel.receiving() });
      await settle();
      expect(await receiving.receive(channel)).to.deep.equal({ done: false, value: 1 });
      expect(await waiting).to.deep.equal({ case: "s", value: undefined });
      expectNobodyWaits(channel);
    });
  }

  it("SE-09 all pairs of a plain operation, a select of one and a select of two complete, whichever side comes first", async () => {
    const quiet = chan<number>();
    const receivers: ((channel: Channel<number>) => Promise<unknown>)[] = [
      (channel) => channel.receive(), (channel) => select({ r: channel.receiving() }),
      (channel) => select({ r: channel.receiving(), q: quiet.receiving() }),
    ];
    const senders: ((channel: Channel<number>) => Promise<unknown>)[] = [
      (channel) => channel.send(1), (channel) => select({ s: channel.sending(1) }),
      (channel) => select({ s: channel.sending(1), q: quiet.receiving() }),
    ];
    for (const receive of receivers) {
      for (const send of senders) {
        for (const order of [[receive, send], [send, receive]] as const) {
          const channel = chan<number>();
          const first = order[0](channel);
          await settle();
          await Promise.all([first, order[1](channel)]);
          expectNobodyWaits(channel);
          expectNobodyWaits(quiet, "the quiet channel");
        }
      }
    }
    const shared = chan<number>();
    await Promise.all([...receivers, ...senders].map((act) => act(shared)));
    expectNobodyWaits(shared);
  });

  it("SE-17 listed takes the first ready case, every time", async () => {
    for (let round = 0; round < 1000; round++) {
      const channel = chan<number>(2);
      channel.trySend(1);
      const cases = { off: false, not: chan<number>().receiving(), r: channel.receiving(), s: channel.sending(2) } as const;
      expect((await select(cases, { order: "listed" })).case).to.equal("r");
      expect((await select({ a: always(1), b: always(2) }, { order: "listed" })).case).to.equal("a");
      channel.trySend(1);
      expect(trySelect([null, never, channel.receiving(), always(1)], { order: "listed" })?.case).to.equal(2);
      expect((await perform(selecting({ b: always(1), a: always(2) }, { order: "listed" }))).case).to.equal("b");
    }
  });

  it("SE-20 an array gives indices, a record its names", async () => {
    const channel = chan<string>(Infinity);
    for (let n = 0; n < 4; n++) channel.trySend("v");
    expect(await select([channel.receiving()])).to.deep.equal({ case: 0, value: "v" });
    expect(await select([never, channel.receiving()])).to.deep.equal({ case: 1, value: "v" });
    expect(await select({ only: channel.receiving() })).to.deep.equal({ case: "only", value: "v" });
    expect(trySelect({ "a name with spaces": channel.receiving() })).to.deep.equal({ case: "a name with spaces", value: "v" });
  });

  it("SE-21 a map function that throws rejects its own select only: the value is taken, the partner undisturbed", async () => {
    const error = new Error("in the map function");
    const failing = (): never => { throw error; };
    const quiet = chan<number>();
    for (const first of ["sender", "receiver"] as const) {
      const channel = chan<number>();
      let sent: Promise<void> | undefined;
      if (first === "sender") sent = channel.send(1);
      const failed = rejectionOf(select({ r: channel.receiving().map(failing), q: quiet.receiving() }));
      sent ??= channel.send(1);
      await sent;
      expect(await failed, `${first} first`).to.equal(error);
      expectNobodyWaits(channel);
      expectNobodyWaits(quiet);
    }
    const buffered = chan<number>(1);
    buffered.trySend(1);
    expect(thrownBy(() => trySelect({ r: buffered.receiving().map(failing) }))).to.equal(error);
    expect(buffered.size, "the value is taken").to.equal(0);
    const received = buffered.receive();
    expect(await rejectionOf(select({ s: buffered.sending(2).map(failing) }))).to.equal(error);
    expect(await received, "the partner has it").to.equal(2);
  });
});
