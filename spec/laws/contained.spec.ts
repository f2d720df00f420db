/** Law 13, over everything that can be started in a scope and every way in which a scope ends. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import {
  attempting, chan, dumpTasks, gather, perform, race, scope, select, selecting, settling, shield, sleep, sleeping, timeout,
  type Channel, type Scope,
} from "../../src/node.ts";
import { unhandledDuring } from "../support/unhandled.ts";

/** What a test has an eye on. */
class Watched {
  readonly quiet: Channel<number> = chan<number>();
  readonly other: Channel<number> = chan<number>();
  /** Pieces of work that have begun and not ended. */
  alive = 0;

  /** A piece of work that waits in an async function. */
  readonly waiting = async (wait: () => unknown = () => this.quiet.receive()): Promise<void> => {
    this.alive++;
    try {
      await wait();
    } finally {
      this.alive--;
    }
  };

  /** The same in a generator, which waits once more while it ends. */
  *yielding(): Generator<unknown, void> {
    this.alive++;
    try {
      yield* selecting({ quiet: this.quiet.receiving(), other: this.other.receiving() });
    } finally {
      try {
        yield* sleeping(5);
      } finally {
        this.alive--; // also when a cancel comes while it waits to end because of an error
      }
    }
  }
}

/** Somebody else's sleep, that takes a signal. */
function timer(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ringing = setTimeout(resolve, 15);
    signal.addEventListener("abort", () => { clearTimeout(ringing); reject(signal.reason); });
  });
}

/** What can be started in a scope. */
const starts: Record<string, (s: Scope, w: Watched) => unknown> = {
  "a task that receives": (s, w) => s.go(w.waiting),
  "a generator task": (s, w) => s.go(() => w.yielding()),
  "a task that sleeps": (s, w) => s.go(() => w.waiting(() => select({ slept: sleeping(60_000), quiet: w.quiet.receiving() }))),
  "a task that joins another": (s, w) => {
    const other = s.go(w.waiting);
    s.go(() => w.waiting(() => other.join()));
  },
  "a task that starts tasks": (s, w) => s.go(() => { s.go(() => { s.go(w.waiting); }); }),
  "a scope in a task": (s, w) => s.go(() => scope((inner) => { inner.go(w.waiting); inner.go(() => w.yielding()); })),
  "a scope that nobody awaits": (s, w) => { s.go(() => { scope(() => w.waiting()).catch(() => "looked at"); }); },
  "a gather": (s, w) => s.go(() => gather([w.waiting, () => w.yielding()], { limit: 1 })),
  "a race": (s, w) => s.go(() => race([w.waiting, () => w.yielding()])),
  "a time limit": (s, w) => s.go(() => timeout(60_000, () => w.waiting())),
  "a shield in a clean-up": (s, w) => s.go(() => w.waiting(async () => {
    try {
      await w.quiet.receive();
    } finally {
      await shield(() => w.waiting(() => sleep(20)));
    }
  })),
  "a task that does not let the error pass": (s, w) => s.go(() => w.waiting(async () => {
    for (let n = 0; n < 3; n++) await w.quiet.receive().catch(() => undefined);
  })),
  "a deferred clean-up that waits": (s, w) => {
    s.defer(() => w.waiting(() => sleep(20)));
    s.use({ [Symbol.asyncDispose]: () => w.waiting(() => sleep(20)) });
  },
  "an attempt": (s, w) => s.go(() => w.waiting(() => perform(attempting(timer)))),
  "an async function that a generator calls": (s, w) => s.go(function* () {
    yield* sleeping(1);
    yield* settling(scope(() => w.waiting()));
  }),
  "a wait that nobody awaits": (s, w) => { s.go(() => { void w.quiet.receive().catch(() => "looked at"); }); },
  "a listener at its signal": (s, w) => s.go(() => w.waiting(() => w.quiet.receive({ signal: s.signal }))),
};

const failure = new Error("failure");

/** How a scope ends: the last step of its body, after all the starts. Each gets a signal, too. */
const ends: Record<string, (body: (s: Scope) => unknown, outside: AbortController, w: Watched) => Promise<unknown>> = {
  "by itself, at the latest when its channels close": (body, { signal }, w) => {
    const closing = setTimeout(() => { w.quiet.close(); w.other.close(); }, 10);
    return scope((s) => { body(s); }, { signal, onError: () => undefined }).finally(() => { clearTimeout(closing); });
  },
  "by a failure of its body": (body, { signal }) => scope(async (s) => { body(s); await sleep(10); throw failure; }, { signal }),
  "by a failure of a task": (body, { signal }) =>
    scope((s) => { body(s); s.go(async () => { await sleep(10); throw failure; }); }, { signal }),
  "by its own cancel": (body, { signal }) => scope(async (s) => { body(s); await sleep(10); s.cancel("enough"); return "value"; }, { signal }),
  "by its own cancel, before anything has begun": (body, { signal }) => scope((s) => { body(s); s.cancel("enough"); }, { signal }),
  "by its deadline": (body, { signal }) => scope(async (s) => { body(s); await sleep(60_000); }, { timeout: 10, signal }),
  "by a signal": (body, outside) => {
    setTimeout(() => { outside.abort("outside"); }, 10);
    return scope(async (s) => { body(s); await sleep(60_000); }, { signal: outside.signal });
  },
  "by the scope around it": (body, { signal }) =>
    scope(async (outer) => {
      outer.go(() => scope(async (s) => { body(s); await sleep(60_000); }, { signal }));
      await sleep(10);
      outer.cancel("enough");
    }),
};

describe("law 13, contained", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask"] }); });
  afterEach(() => { sinon.restore(); });

  for (const [what, start] of Object.entries(starts)) {
    for (const [way, end] of Object.entries(ends)) {
      it(`law 13: ${what}: nothing is left when its scope has ended ${way}`, async () => {
        const before = dumpTasks();
        const watched = new Watched();
        const outside = new AbortController();
        let signal: AbortSignal | undefined;
        let left: unknown = "has not ended";
        const unhandled = await unhandledDuring(async () => {
          const over = (): void => {
            const waiters = [watched.quiet, watched.other].filter((ch) => !ch.closed && ch.trySend(1)).length;
            left = { alive: watched.alive, waiters, timers: clock.countTimers(), same: dumpTasks() === before };
          };
          void end((s) => { ({ signal } = s); start(s, watched); }, outside, watched).then(over, over);
          await clock.tickAsync(1000);
        });
        expect(left).to.deep.equal({ alive: 0, waiters: 0, timers: 0, same: true });
        expect(unhandled).to.deep.equal([]);
        for (const listened of [outside.signal, signal as AbortSignal]) expect(getEventListeners(listened, "abort")).to.deep.equal([]);
      });
    }
  }
});
