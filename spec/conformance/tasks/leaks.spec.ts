/** What ten thousand scopes leave: no timer, no listener on a signal that outlives them, no entry in the list of what lives. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { chan, dumpTasks, gather, go, race, scope, shield, sleep, sleeping, timeout, type Operation } from "../../../src/node.ts";
import { kindsOfBody, type Waits } from "../../support/bodies.ts";
import { settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

const times = 10_000;
/** Scopes that live at the same time. */
const batch = 100;

/** The ways in which what a body waits for ends: by a value, by an error. */
const failing = (): never => { throw new Error("thrown"); };
const value = (): Operation<unknown> => sleeping(1);
const error = (): Operation<unknown> => sleeping(1).map(failing);
const late = (): Operation<unknown> => sleeping(1000);

describe("leaks of scopes", function () {
  this.timeout(60_000); // against one that hangs

  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  type Way = (signal: AbortSignal) => Promise<unknown>;
  /** What is made again and again, ending in another way each time. */
  const makersOf = (waits: Waits): Record<"scopes" | "timeouts" | "gathers" | "races", Way[]> => ({
    "scopes": [
      (signal) => scope(waits(value), { signal }),
      (signal) => scope(waits(error), { signal, timeout: 1e6 }),
      (signal) => scope((s) => { s.go(waits(value)); s.go(waits(error)); s.go(waits(late)); expect(s.signal.aborted).to.equal(false); }, { signal }),
      (signal) => scope((s) => { s.go(waits(late)); s.cancel(); return 1; }, { signal }),
      (signal) => scope((s) => { s.go(waits(late)).cancel(); s.go(waits(error)); }, { signal, onError: "supervise" }),
      (signal) => scope(waits(late), { signal, timeout: 2 }),
      (signal) => { const giving = new AbortController(); giving.abort(); return scope(waits(late), { signal: AbortSignal.any([signal, giving.signal]) }); },
      (signal) => scope((s) => scope(() => scope(waits(late), { timeout: 5 }), { signal: s.signal }), { signal }),
    ],
    "timeouts": [
      () => timeout(1000, waits(value)),
      () => timeout(1000, waits(error)),
      () => timeout(2, waits(late)),
      () => timeout(0, waits(late)),
      () => timeout(2, () => timeout(1, waits(late))),
      () => timeout(1, () => timeout(2, waits(late))),
      () => timeout(1, () => shield(waits(value), { timeout: 50 })),
      () => timeout(2 ** 40, waits(value)),
    ],
    "gathers": [
      (signal) => gather([waits(value), waits(value)], { signal }),
      (signal) => gather({ a: waits(error), b: waits(late) }, { signal }),
      (signal) => gather([waits(error), waits(value)], { signal, returnErrors: true }),
      (signal) => gather([waits(error), waits(value), waits(value)], { signal, limit: 1 }),
      (signal) => gather([waits(error), waits(value)], { signal, onError: "leave" }),
      (signal) => gather([go(waits(value)), Promise.resolve(1), waits(value)], { signal }),
      (signal) => scope((s) => { s.go(() => gather([waits(late), waits(late)], { signal })); s.go(waits(error)); }),
    ],
    "races": [
      (signal) => race([waits(value), waits(late)], { signal }),
      (signal) => race([waits(error), waits(late)], { signal }),
      (signal) => race([waits(error), waits(value), waits(late)], { signal, until: "success" }),
      (signal) => race([waits(error), waits(error)], { signal, until: "success" }),
      (signal) => race([waits(late), waits(late)], { signal: AbortSignal.any([signal, AbortSignal.abort()]) }),
      (signal) => scope((s) => { s.go(() => race([waits(late), waits(late)], { signal })); s.go(waits(error)); }),
      () => timeout(1, () => race([waits(late)])),
    ],
  });

  for (const what of ["scopes", "timeouts", "gathers", "races"] as const) {
    it(`S-33: ${String(times)} ${what}, of all kinds of bodies, that end in every way leave no timer, no listener and no entry`, async () => {
      const ways = kindsOfBody.flatMap(([, waits]) => makersOf(waits)[what]);
      const giving = new AbortController();
      const before = dumpTasks();
      const warnings: Error[] = [];
      const warn = (warning: Error): void => { if (warning.name === "MaxListenersExceededWarning") warnings.push(warning); };
      process.on("warning", warn);
      let made = 0;
      let fulfilled = 0;
      let rejected = 0;
      const unhandled = await unhandledDuring(async () => {
        while (made < times) {
          for (let n = 0; n < batch; n++) {
            const end = ways[made++ % ways.length]?.(giving.signal);
            end?.then(() => fulfilled++, () => rejected++);
          }
          await clock.tickAsync(10);
          expect(clock.countTimers()).to.equal(0);
          expect(fulfilled + rejected).to.equal(made);
          expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
        }
      }).finally(() => process.off("warning", warn));
      expect(fulfilled).to.be.greaterThan(0);
      expect(rejected).to.be.greaterThan(0);
      expect(dumpTasks() === before, dumpTasks().slice(0, 2000)).to.equal(true);
      expect(unhandled).to.deep.equal([]);
      expect(warnings).to.deep.equal([]);
    });
  }

  it(`CX-04: ${String(times)} children one after another leave nothing in their parent, and no listener`, async () => {
    const giving = new AbortController();
    const before = dumpTasks();
    const ch = chan<number>();
    let most = 0;
    const ended = scope(
      async (s) => {
        for (let n = 0; n < times; n++) {
          const child = n % 2 === 0 ? s.go(() => ch.receive()) : s.go(function* () { yield* ch.receiving(); });
          await ch.send(n, { signal: s.signal });
          await child;
          most = Math.max(most, s.tasks.length);
          expect(getEventListeners(s.signal, "abort")).to.have.length(0);
        }
        await sleep(1);
        expect(s.tasks).to.deep.equal([]);
      },
      { signal: giving.signal },
    );
    for (let turns = 0; turns < 100_000 && clock.countTimers() === 0; turns++) await settle();
    await clock.tickAsync(1);
    await ended;
    expect(most).to.be.lessThan(3);
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    expect(dumpTasks() === before).to.equal(true);
  });
});
