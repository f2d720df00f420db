/**
 * Channels, regressions seen elsewhere, second half: giving up, often and at random.
 */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import {
  aborting, chan, go, perform, select, selecting, settling, sleep, sleeping, type Channel,
} from "../../../src/index.ts";
import { rejectionOf, settle } from "../../support/settle.ts";
import { receiveForms } from "./forms.ts";
import { expectNobodyWaits, failOnUnhandledRejections, microtasks, runProgram, seeded, type Random } from "./support.ts";

describe("regressions: giving up", () => {
  failOnUnhandledRejections();

  for (const lane of ["async", "generator"] as const) {
    it(`RG-15 a hundred messages, each awaited with a time limit of 1 ms per attempt, all arrive: ${lane}`, async () => {
      const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      try {
        const channel = chan<number>();
        go(async () => {
          for (let n = 0; n < 100; n++) {
            await sleep(n % 4); // in the same instant as a time limit, and between two
            await channel.send(n);
          }
        });
        const received: number[] = [];
        let late = 0;
        const cases = () => ({ m: channel.receiving(), t: sleeping(1) });
        const note = (chosen: { case: "m"; value: number } | { case: "t"; value: void }): void => {
          if (chosen.case === "m") received.push(chosen.value);
          else late++;
        };
        const task = lane === "async"
          ? go(async () => { while (received.length < 100) note(await select(cases())); })
          : go(function* () { while (received.length < 100) note(yield* selecting(cases())); });
        await clock.tickAsync(1000);
        await task;
        expect(received).to.deep.equal(Array.from({ length: 100 }, (_, n) => n));
        expect(late).to.be.above(50);
        expect(clock.countTimers()).to.equal(0);
      } finally {
        clock.restore();
      }
    });
  }

  it("RG-16 a hundred thousand receives aborted one after the other behind a live one leave at once; the live one is next", async function () {
    this.timeout(60_000);
    const channel = chan<number>();
    const live = channel.receive();
    for (let n = 0; n < 100_000; n++) {
      const controller = new AbortController();
      const aborted = channel.receive({ signal: controller.signal });
      controller.abort(n);
      expect(await aborted.catch((reason: unknown) => reason)).to.equal(n);
    }
    expect(channel.trySend(7), "the live one is served").to.equal(true);
    expect(channel.trySend(8), "and nobody else is left").to.equal(false);
    expect(await live).to.equal(7);
  });

  it("RG-16 (b) leaving the line takes constant time, from any place in it", async function () {
    this.timeout(60_000);
    const secondsFor = async (count: number): Promise<number> => {
      const channel = chan<number>();
      const controllers = Array.from({ length: count }, () => new AbortController());
      const reasons = Promise.all(controllers.map(({ signal }) => channel.receive({ signal }).catch((reason: unknown) => reason)));
      const started = process.cpuUsage();
      const half = count / 2; // from the middle outwards
      for (let n = 0; n < half; n++) {
        controllers[half + n]?.abort(0);
        controllers[half - 1 - n]?.abort(0);
      }
      const { user, system } = process.cpuUsage(started);
      await reasons;
      expectNobodyWaits(channel);
      return (user + system) / 1e6;
    };
    await secondsFor(16_000);
    const small: number[] = [];
    const large: number[] = [];
    for (let n = 0; n < 3; n++) {
      small.push(await secondsFor(1000));
      large.push(await secondsFor(16_000));
    }
    // 16 times as many: linear is 16 times the work, a line that is searched 256 times.
    expect(Math.min(...large) / Math.min(...small)).to.be.below(80);
  });

  it("RG-18 a receive that gave up or lost swallows nothing: every value sent is returned by some receive or still waits", async () => {
    await seeded(async (random) => {
      for (const capacity of [0, 1, 3]) {
        const channel = chan<number>(capacity);
        const quiet = chan<number>();
        let sent = 0;
        const stop = new AbortController();
        const sender = go(async () => {
          for (;;) {
            await channel.send(sent, { signal: stop.signal });
            sent++;
            await microtasks(random(4));
          }
        });
        const received: number[] = [];
        for (let round = 0; round < 1000; round++) {
          const controller = new AbortController();
          const attempt = random(2) === 0
            ? channel.receive({ signal: controller.signal })
            : select({ r: channel.receiving(), q: quiet.receiving() }, { signal: controller.signal }).then(({ value }) => value);
          const outcome = attempt.then((value) => { received.push(value); }, () => undefined);
          await microtasks(random(4));
          controller.abort();
          await outcome;
        }
        await settle();
        stop.abort("enough");
        expect(await rejectionOf(sender.join())).to.equal("enough");
        for (let result = channel.tryReceive(); result !== undefined; result = channel.tryReceive()) received.push(result.value as number);
        expect(received, `capacity ${String(capacity)}`).to.deep.equal(Array.from({ length: sent }, (_, n) => n));
        expectNobodyWaits(quiet);
      }
    });
  });

  for (const form of receiveForms) {
    it(`RG-22 falsy values are not lost when the receiver next in line has just given up: ${form.name}`, async () => {
      for (const value of [undefined, null, 0, "", Number.NaN, false]) {
        const channel = chan<unknown>();
        const controller = new AbortController();
        const gone = channel.receive({ signal: controller.signal });
        const next = form.receive(channel);
        await settle();
        controller.abort("enough");
        const sent = channel.send(value);
        expect(await rejectionOf(gone)).to.equal("enough");
        const result = await next;
        expect(result.done).to.equal(false);
        expect(Object.is(result.value, value), String(value)).to.equal(true);
        await sent;
      }
    });
  }

  for (const capacity of [0, 1, 5]) {
    it(`RG-23 producers and consumers cancelled at random: every acknowledged value was received, capacity ${String(capacity)}`, async function () {
      this.timeout(30_000);
      await seeded(async (random) => {
        const channel = chan<number>(capacity);
        const acknowledged = new Set<number>();
        const received = new Map<number, number>();
        let cancelled = 0;
        let value = 0;
        const enough = (error: unknown): void => {
          if (error !== "enough") throw error;
          cancelled++;
        };
        const actors = Array.from({ length: 10 }, () => go(async () => {
          for (let round = 0; round < 1500; round++) {
            const controller = new AbortController();
            const producers = Math.floor(round / 100) % 2 === 0 ? 7 : 3; // of ten: the line and the buffer fill and empty
            const acting = random(10) < producers
              ? produce(channel, ++value, controller.signal, random, acknowledged)
              : consume(channel, controller.signal, random, received);
            const over = acting.catch(enough);
            await microtasks(random(4));
            controller.abort("enough");
            await over;
          }
        }));
        for (const actor of actors) await actor;
        for (let result = channel.tryReceive(); result !== undefined; result = channel.tryReceive()) {
          received.set(result.value as number, (received.get(result.value as number) ?? 0) + 1);
        }
        expect(cancelled, "the cancels do hit").to.be.above(100);
        expect(acknowledged.size, "and so do handovers").to.be.above(100);
        expect([...received.values()].every((times) => times === 1), "nothing twice").to.equal(true);
        expect([...received.keys()].sort((a, b) => a - b)).to.deep.equal([...acknowledged].sort((a, b) => a - b));
        expectNobodyWaits(channel);
      });
    });
  }

  it("RG-24 however many selects wait for one promise, its then is called at most once (promise.ts 1)", async () => {
    let thens = 0;
    const promise = {
      then(): Promise<never> {
        thens++;
        return new Promise(() => undefined);
      },
    };
    const operation = settling<number>(promise);
    const channel = chan<number>();
    for (let n = 0; n < 1000; n++) {
      const waiting = select({ p: operation, also: settling(promise), c: channel.receiving() });
      await channel.send(n);
      expect((await waiting).case).to.equal("c");
    }
    expect(thens).to.be.at.most(1);
  });

  it("RG-25 ten thousand operations with one long-lived signal leave no listener, and Node prints no warning", async function () {
    this.timeout(30_000);
    const warnings: Error[] = [];
    const note = (warning: Error): void => { warnings.push(warning); };
    process.on("warning", note);
    try {
      const { signal } = new AbortController();
      const channel = chan<number>();
      const listeners = (): number => getEventListeners(signal, "abort").length;
      const forms: (() => Promise<unknown>)[] = [
        () => channel.receive({ signal }), () => channel.next({ signal }), () => perform(channel.receiving(), { signal }),
        () => select({ r: channel.receiving() }, { signal }), () => select({ r: channel.receiving(), stop: aborting(signal) }),
      ];
      for (let n = 0; n < 10_000; n++) {
        const waiting = (forms[n % forms.length] as () => Promise<unknown>)();
        await channel.send(n, { signal });
        await waiting;
        expect(listeners()).to.equal(0);
      }
      const many = Array.from({ length: 100 }, () => channel.receive({ signal }));
      expect(listeners(), "and a hundred at once do not warn").to.be.at.most(1);
      for (let n = 0; n < 100; n++) channel.trySend(n);
      await Promise.all(many);
      expect(listeners()).to.equal(0);
      await settle();
      expect(warnings).to.deep.equal([]);
    } finally {
      process.removeListener("warning", note);
    }
  });

  it("RG-24 (b) and RG-25 (b) the heap stays flat with one long-lived promise and one long-lived signal", async function () {
    this.timeout(120_000);
    const { code, output, errors } = await runProgram("long-lived.ts");
    expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
    const growth = JSON.parse(output) as Record<string, number>;
    expect(Object.keys(growth)).to.have.members(["settling", "signal", "aborting"]);
    for (const [name, bytes] of Object.entries(growth)) expect(bytes, `bytes per select: ${name}`).to.be.below(2);
  });
});

async function produce(
  channel: Channel<number>, value: number, signal: AbortSignal, random: Random, acknowledged: Set<number>,
): Promise<void> {
  if (random(2) === 0) await channel.send(value, { signal });
  else await select({ s: channel.sending(value), stop: aborting(signal) }, { order: "listed" });
  acknowledged.add(value);
}

async function consume(channel: Channel<number>, signal: AbortSignal, random: Random, received: Map<number, number>): Promise<void> {
  const value = random(2) === 0 ? await channel.receive({ signal }) : (await select({ r: channel.receiving() }, { signal })).value;
  received.set(value, (received.get(value) ?? 0) + 1);
}
