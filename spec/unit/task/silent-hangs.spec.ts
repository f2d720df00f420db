/** How a program that hangs is found out on platforms that do not say so: Bun's event loop spins, Deno's stays open for a listener. */
import { expect } from "chai";
import sinon from "sinon";
import type * as spinning from "../../../src/task/report/spinning.ts";
import type * as stalling from "../../../src/task/report/stalling.ts";
import type { Host } from "../../../src/task/report/host.ts";
import { freshModule } from "../../support/fresh.ts";
import { settle } from "../../support/settle.ts";

const host = (parts: Partial<Host>): Host => parts as Host;

describe("a program that spins", () => {
  afterEach(() => { sinon.restore(); });

  /** Timers of the platform as the module sees them: fired by hand, one by one. */
  class Timers {
    readonly armed = new Map<object, { fire: () => void; ms: number; alive: boolean }>();
    readonly delays: number[] = [];

    install(): void {
      sinon.stub(globalThis, "setTimeout").callsFake(((fire: () => void, ms: number) => {
        const entry = { fire, ms, alive: true };
        const timer = { unref: () => { entry.alive = false; } };
        this.armed.set(timer, entry);
        this.delays.push(ms);
        return timer;
      }) as never);
      sinon.stub(globalThis, "clearTimeout").callsFake(((timer: object) => { this.armed.delete(timer); }) as never);
    }

    /** Fire the only timer. It keeps no process alive. */
    fire(): void {
      const [timer] = [...this.armed.keys()];
      const entry = timer && this.armed.get(timer);
      expect([this.armed.size, entry?.alive]).to.deep.equal([1, false]);
      if (timer) this.armed.delete(timer);
      entry?.fire();
    }
  }

  interface Watch {
    readonly timers: Timers;
    readonly hangs: sinon.SinonSpy;
    readonly stop: () => void;
    /** One look: twenty ticks in which the process sleeps `sleeps` times, and turns of the loop that take `ms` together. */
    readonly look: (sleeps: number, ms: number) => Promise<void>;
    /** Without the timer that begins it. */
    readonly ticks: (sleeps: number) => void;
  }

  async function watched(slept = 1000): Promise<Watch> {
    const timers = new Timers();
    const { watchForSpinning } = await freshModule<typeof spinning>("task/report/spinning.ts", () => { timers.install(); });
    let voluntaryContextSwitches = slept;
    let time = 0;
    sinon.stub(performance, "now").callsFake(() => time);
    const hangs = sinon.fake();
    const stop = watchForSpinning(host({ resourceUsage: () => ({ voluntaryContextSwitches }) }), hangs);
    const ticks = (sleeps: number): void => {
      for (let tick = 1; tick <= 20; tick++) {
        if (tick === 20) voluntaryContextSwitches += sleeps;
        timers.fire();
      }
    };
    const look = async (sleeps: number, ms: number): Promise<void> => {
      timers.fire();
      ticks(sleeps);
      time += ms;
      for (let turns = 0; turns < 20 && timers.armed.size === 0 && hangs.notCalled; turns++) await settle();
    };
    return { timers, hangs, stop, look, ticks };
  }

  it("is said to hang after three looks in a row in which the loop did not sleep and its turns took no time", async () => {
    const { timers, hangs, look } = await watched();
    await look(13, 4.9);
    await look(0, 0);
    expect(hangs.callCount).to.equal(0);
    await look(13, 0);
    expect(hangs.callCount).to.equal(1);
    expect(timers.armed.size).to.equal(0);
    // The first look comes after 300 ms, one after a look that found something at once; a tick is 10 ms.
    const ticks = Array.from({ length: 20 }, () => 10);
    expect(timers.delays).to.deep.equal([300, ...ticks, 0, ...ticks, 0, ...ticks]);
  });

  const innocent: [string, slept: number, sleeps: number, ms: number][] = [
    ["sleeps for as many ticks as a loop with a timer", 1000, 14, 0],
    ["runs other code between its turns", 1000, 0, 5],
    ["is on a system that does not count sleeps", 0, 0, 0],
  ];
  for (const [what, slept, sleeps, ms] of innocent) {
    it(`is not said to hang if it ${what}; three looks in a row have to agree`, async () => {
      const { timers, hangs, look } = await watched(slept);
      for (let looks = 0; looks < 4; looks++) await look(sleeps, ms);
      expect(timers.delays.filter((delay) => delay === 300)).to.have.length(5);
      if (slept > 0) {
        for (const [sleepsNow, msNow] of [[0, 0], [0, 0], [sleeps, ms], [0, 0], [0, 0]] as const) await look(sleepsNow, msNow);
      }
      expect(hangs.callCount).to.equal(0);
    });
  }

  it("is not said to hang while a fake clock stands in for the platform's timers", async () => {
    const { timers, hangs, look } = await watched();
    Object.assign(globalThis.setTimeout, { clock: {} });
    for (let looks = 0; looks < 4; looks++) await look(0, 0);
    expect(hangs.callCount).to.equal(0);
    expect(timers.armed.size).to.equal(1);
  });

  it("is not said to hang once nothing watches any more, also if that ends while the turns pass", async () => {
    const early = await watched();
    early.stop();
    expect(early.timers.armed.size).to.equal(0);
    sinon.restore();
    const { timers, hangs, stop, look, ticks } = await watched();
    await look(0, 0);
    await look(0, 0);
    timers.fire();
    ticks(0);
    stop();
    for (let turns = 0; turns < 20; turns++) await settle();
    expect(hangs.callCount).to.equal(0);
    expect(timers.armed.size).to.equal(0);
  });

  it("is looked for only where the platform does not name a timer among what keeps the process alive", async () => {
    const timers = new Timers();
    const { namesWhatLives } = await freshModule<typeof spinning>("task/report/spinning.ts", () => { timers.install(); });
    const alive = (): string[] => [...timers.armed.values()].map(() => "Timeout");
    expect([
      namesWhatLives(host({ getActiveResourcesInfo: alive })),
      namesWhatLives(host({ getActiveResourcesInfo: () => [] })),
      namesWhatLives(host({})),
    ]).to.deep.equal([true, false, true]);
    expect(timers.armed.size).to.equal(0);
  });
});

describe("a program that stays open for a listener", () => {
  afterEach(() => { sinon.restore(); });

  interface Stall {
    /** End the pauses that are under way, and tell how long they were to be. */
    readonly pass: () => Promise<number[]>;
    readonly log: string[];
    readonly stop: () => void;
    active: string[];
  }

  async function watched(): Promise<Stall> {
    let pauses: { ms: number; end: () => void }[] = [];
    const { watchForStall } = await freshModule<typeof stalling>("task/report/stalling.ts", () => {
      sinon.replace(Atomics as unknown as { waitAsync: unknown }, "waitAsync", (_cell: unknown, _index: unknown, _value: unknown, ms: number) => ({
        value: new Promise<void>((resolve) => { pauses.push({ ms, end: resolve }); }),
      }));
    });
    const log: string[] = [];
    const stall: Stall = {
      pass: async () => {
        const ended = pauses;
        pauses = [];
        for (const { end } of ended) end();
        await settle();
        return ended.map(({ ms }) => ms);
      },
      log,
      stop: watchForStall(host({ getActiveResourcesInfo: () => stall.active }), () => {
        log.push("mute");
        return () => log.push("listen");
      }),
      active: [],
    };
    return stall;
  }

  it("gets a chance to end now and then, for a millisecond without its listeners: after a second, and then ever more rarely", async () => {
    const stall = await watched();
    expect(await stall.pass()).to.deep.equal([1000]);
    expect(stall.log).to.deep.equal(["mute"]);
    const pauses: number[] = [];
    for (let times = 0; times < 6; times++) pauses.push(...await stall.pass());
    expect(pauses).to.deep.equal([1, 2000, 1, 4000, 1, 8000, 1, 16_000, 1, 30_000, 1, 30_000]);
    expect(stall.log.slice(0, 4)).to.deep.equal(["mute", "listen", "mute", "listen"]);
  });

  it("keeps its listeners where there is no pause that keeps no process alive", async () => {
    const { waitAsync } = Atomics as unknown as { waitAsync: unknown };
    Reflect.set(Atomics, "waitAsync", undefined);
    const mute = sinon.fake();
    try {
      const { watchForStall } = await freshModule<typeof stalling>("task/report/stalling.ts");
      watchForStall(host({ getActiveResourcesInfo: () => [] }), mute)();
    } finally {
      Reflect.set(Atomics, "waitAsync", waitAsync);
    }
    expect(mute.callCount).to.equal(0);
  });

  it("keeps its listeners while the platform names something that lives, and once nothing watches any more", async () => {
    const stall = await watched();
    stall.active = ["Timeout"];
    expect([await stall.pass(), await stall.pass()]).to.deep.equal([[1000], [2000]]);
    stall.active = [];
    stall.stop();
    expect([await stall.pass(), await stall.pass()]).to.deep.equal([[4000], []]);
    expect(stall.log).to.deep.equal([]);
  });
});
