/** Scopes and their surroundings: the platform's functions, another copy of the library, programs without scopes. */
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import sinon from "sinon";
import * as library from "../../../src/node.ts";
import { freshCopy } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";

const { CancelledError, chan, scope } = library;

describe("scopes and their surroundings", () => {
  afterEach(() => { sinon.restore(); });

  it("S-65: a fetch with the scope's signal rejects with the same CancelledError as the scope's own operations", async () => {
    const server = createServer(() => { /* it never answers */ }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const requested = once(server, "request");
    try {
      const errors: unknown[] = [];
      const value = await scope(async (s) => {
        s.go(async () => { errors.push(await rejectionOf(fetch(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, { signal: s.signal }))); });
        s.go(async () => { errors.push(await rejectionOf(chan().receive())); });
        await requested;
        s.cancel("enough");
        errors.push(s.signal.reason);
        return "value";
      });
      expect(value).to.equal("value");
      expect(errors).to.have.length(3);
      expect(new Set(errors).size).to.equal(1);
      expect(errors[0]).to.be.instanceOf(CancelledError).with.property("cause", "enough");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("S-68: two copies of the library do not cancel each other's waits, unless one passes its signal to the other", async () => {
    const other: Pick<typeof library, "scope" | "chan" | "checkpoint" | "CancelledError"> = await freshCopy(undefined, "node.ts");
    for (const [outer, inner] of [[library, other], [other, library]] as const) {
      const [mine, ours] = [inner.chan<string>(), inner.chan<string>()];
      let reached: unknown;
      let inside!: Promise<string>;
      const ended = outer.scope(async (s) => {
        inside = inner.scope(async (innerScope) => {
          innerScope.go(async () => { reached = await rejectionOf(ours.receive({ signal: s.signal })); });
          return mine.receive();
        });
        await settle();
        s.cancel("enough");
        return "value";
      });
      expect(await ended).to.equal("value");
      expect(await isPending(inside)).to.equal(true);
      expect(reached).to.be.instanceOf(outer.CancelledError).with.property("cause", "enough");
      expect(ours.trySend("withdrawn")).to.equal(false);
      expect(mine.trySend("still here")).to.equal(true);
      expect(await inside).to.equal("still here");
    }
  });

  it("S-80: no store is entered by a program of go, chan, select, sleep and gather of promises and tasks; a gather of thunks is a scope, and may", async () => {
    const run = sinon.spy(AsyncLocalStorage.prototype, "run");
    const enterWith = sinon.spy(AsyncLocalStorage.prototype, "enterWith");
    const copy = await freshCopy(undefined, "node.ts"); // nobody has begun a scope in it
    const ch = copy.chan<number>();
    const buffer = copy.chan<number>(1);
    const [sent, got, gone] = await copy.gather([
      copy.go(async () => {
        await ch.send(1);
        await copy.sleep(0);
        return copy.select({ ch: ch.sending(2), late: copy.sleeping(10_000) });
      }),
      copy.go(function* () {
        const first = yield* ch.receiving();
        yield* copy.sleeping(0);
        yield* buffer.sending(3);
        return [first, yield* ch.receiving(), (yield* copy.selecting([buffer.receiving()])).value];
      }),
      Promise.resolve("promised"),
    ]);
    expect([sent.case, got, gone]).to.deep.equal(["ch", [1, 2, 3], "promised"]);
    expect([run.callCount, enterWith.callCount]).to.deep.equal([0, 0]);
    await copy.scope((s) => { s.go(() => copy.checkpoint()); });
    expect(run.callCount + enterWith.callCount).to.be.greaterThan(0); // the spies would have seen it
  });
});
