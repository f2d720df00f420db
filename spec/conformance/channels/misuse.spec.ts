/**
 * Bad input: an error that names the mistake, at once; nothing is lost and nothing hangs.
 */
import { expect } from "chai";
import {
  aborting, chan, choose, guard, perform, poll, select, selecting, settling, trySelect, type Cases, type Operation,
} from "../../../src/index.ts";
import { isPending, rejectionOf } from "../../support/settle.ts";
import { readySendForms } from "./forms.ts";
import { expectClosed, expectNobodyWaits, failOnUnhandledRejections, thrownBy } from "./support.ts";

/** Values that might be passed instead of an operation. */
const impostors: Record<string, () => unknown> = {
  "a promise": () => Promise.resolve(1),
  "a channel": () => chan<number>(),
  "a string": () => "ch.receiving()",
  "a function": () => () => chan<number>().receiving(),
  "an object": () => ({}),
  "a number": () => 1,
};

describe("bad input", () => {
  failOnUnhandledRejections();

  it("a bad capacity is a RangeError that names the value", () => {
    for (const [capacity, named] of [[-1, "-1"], [0.5, "0.5"], [Number.NaN, "NaN"], ["1", '"1"'], [null, "null"]] as const) {
      const error = thrownBy(() => chan(capacity as unknown as number));
      expect(error, named).to.be.instanceOf(RangeError);
      expect((error as Error).message).to.include(named);
    }
  });

  it("a select of nothing is a TypeError that says so, and rejects rather than throws", async () => {
    for (const cases of [{}, [], { off: false }] as Cases[]) {
      const error = await rejectionOf(select(cases));
      expect(error).to.be.instanceOf(TypeError);
      expect((error as Error).message).to.match(/select/);
    }
    for (const cases of [undefined, null, 1, "cases"]) {
      expect(await rejectionOf(select(cases as unknown as Record<string, Operation<unknown>>))).to.be.instanceOf(TypeError);
    }
  });

  for (const [name, make] of Object.entries(impostors)) {
    it(`${name} as a case of a select is a TypeError that names the case, and the other cases are left alone`, async () => {
      const channel = chan<number>(1);
      channel.trySend(1);
      const quiet = chan<number>();
      const bad = make() as Operation<unknown>;
      const attempts: [key: string, attempt: () => Promise<unknown>][] = [
        ['"wrong"', () => select({ fine: channel.receiving(), wrong: bad, q: quiet.sending(1) })],
        ['"wrong"', () => select({ wrong: bad, fine: channel.receiving() }, { order: "listed" })],
        ["1", () => select([channel.receiving(), bad])],
        ['"wrong"', async () => Promise.resolve(trySelect({ fine: channel.receiving(), wrong: bad }))],
        ['"wrong"', async () => Promise.resolve(selecting({ fine: channel.receiving(), wrong: bad }))],
      ];
      for (const [key, attempt] of attempts) {
        const error = await rejectionOf(attempt());
        expect(error).to.be.instanceOf(TypeError);
        expect((error as Error).message, "names the case").to.include(key);
      }
      expect(channel.size, "nothing was taken").to.equal(1);
      expectNobodyWaits(quiet);
      expect(await channel.receive()).to.equal(1);
    });

    it(`${name} in place of an operation is a TypeError everywhere else`, async () => {
      const bad = make() as Operation<unknown>;
      expect(await rejectionOf(perform(bad))).to.be.instanceOf(TypeError);
      expect(await rejectionOf(perform(guard(() => bad)))).to.be.instanceOf(TypeError);
      expect(thrownBy(() => poll(bad))).to.be.instanceOf(TypeError);
      expect(thrownBy(() => choose(bad))).to.be.instanceOf(TypeError);
    });
  }

  it("a wrong order is a TypeError, and nothing is taken", async () => {
    const channel = chan<number>(1);
    channel.trySend(1);
    const wrong = { order: "first" } as unknown as { order: "listed" };
    expect(await rejectionOf(select({ r: channel.receiving() }, wrong))).to.be.instanceOf(TypeError);
    expect(thrownBy(() => trySelect({ r: channel.receiving() }, wrong))).to.be.instanceOf(TypeError);
    expect(channel.size).to.equal(1);
  });

  it("wrong options of a channel are a TypeError or RangeError at the call", () => {
    const wrong: [options: unknown, kind: new () => Error][] = [
      [{ overflow: "drop" }, TypeError], [{ onDrop: "log" }, TypeError], [{ name: 1 }, TypeError], [{ capacity: -1 }, RangeError],
    ];
    for (const [options, kind] of wrong) expect(() => chan(options as object), JSON.stringify(options)).to.throw(kind);
  });

  it("no promise for settling, no signal for aborting: a TypeError at the call", () => {
    for (const value of [undefined, null, 1, {}]) {
      expect(() => settling(value as unknown as Promise<number>)).to.throw(TypeError);
      expect(() => aborting(value as unknown as AbortSignal)).to.throw(TypeError);
    }
  });

  it("no AbortSignal as the signal of a verb is a TypeError; nothing is left in line and nothing is taken", async () => {
    for (const value of [null, {}, "abort", 1, new EventTarget(), new AbortController()]) {
      const options = { signal: value as AbortSignal };
      const channel = chan<number>();
      const verbs = (on: typeof channel): (() => Promise<unknown>)[] => [
        () => on.receive(options), () => on.next(options), () => on.send(1, options),
        () => perform(on.receiving(), options), () => select({ r: on.receiving() }, options), () => select({}, options),
      ];
      for (const verb of verbs(channel)) {
        expect(await rejectionOf(verb())).to.be.instanceOf(TypeError);
        expectNobodyWaits(channel);
      }
      const ready = chan<number>(2);
      ready.trySend(1);
      for (const verb of verbs(ready)) expect(await rejectionOf(verb())).to.be.instanceOf(TypeError);
      expect(ready.size).to.equal(1);
    }
  });

  for (const form of readySendForms) {
    it(`a send after close is a ClosedError that names the channel; nothing is lost and nothing hangs: ${form.name}`, async () => {
      const channel = chan<number>({ name: "the jobs of today", capacity: 2 });
      await channel.send(1);
      channel.close();
      expectClosed(await rejectionOf(form.send(channel, 2)), channel, form.key, form.name);
      expect(channel.size).to.equal(1);
      expect(await channel.receive()).to.equal(1);
      expect(await isPending(channel.next())).to.equal(false);
    });
  }
});
