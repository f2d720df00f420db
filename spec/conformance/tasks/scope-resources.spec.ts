/** Clean-up at the end of a scope, and what a scope holds while it goes on. */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import { chan, openScope, scope, sleep, sleeping, suppressedOf, type ChildTask, type Scope } from "../../../src/node.ts";
import { kindsOfBody } from "../../support/bodies.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { runProgram } from "../channels/support.ts";

describe("resources of scopes", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  for (const [kind, waits] of kindsOfBody) {
    it(`S-45: deferred functions run last in first out, one after another, after all children have ended: ${kind}`, async () => {
      const log: string[] = [];
      const note = (line: string) => (): void => { log.push(line); };
      const ended = scope((s) => {
        s.defer(note("first"));
        s.defer(waits(() => sleeping(5), note("second, after 5 ms")));
        s.defer(waits(() => sleeping(10), note("third, after 10 ms")));
        s.go(async () => {
          await sleep(20);
          s.defer(note("deferred by a child"));
          log.push("child ended");
        });
        log.push("body ended");
        return "value";
      });
      await clock.tickAsync(34);
      expect(await isPending(ended)).to.equal(true);
      await clock.tickAsync(1);
      expect(await ended).to.equal("value");
      expect(log).to.deep.equal(["body ended", "child ended", "deferred by a child", "third, after 10 ms", "second, after 5 ms", "first"]);
    });

    it(`S-45: the cancel of the scope does not reach them: ${kind}`, async () => {
      const farewells = chan<string>();
      const heard = farewells.receive();
      const endings: unknown[] = [];
      const ended = scope((s) => {
        s.defer(waits(() => farewells.sending("farewell"), (ending) => endings.push(ending)));
        s.defer(waits(() => sleeping(10), (ending) => endings.push(ending)));
        s.go(waits(() => sleeping(1000)));
        s.cancel("enough");
        return "value";
      });
      await clock.tickAsync(9);
      expect(await isPending(ended)).to.equal(true);
      await clock.tickAsync(1);
      expect(await ended).to.equal("value");
      expect(await heard).to.equal("farewell");
      expect(endings).to.deep.equal([{ value: undefined }, { value: undefined }]);
    });

    it(`S-45: all run though some of them throw, and their errors are collected: ${kind}`, async () => {
      const [one, two] = [new Error("first deferred"), new Error("last deferred")];
      const throwing = (error: Error) => waits(() => sleeping(1).map(() => { throw error; }));
      for (const failure of [undefined, new Error("body")]) {
        const log: string[] = [];
        const ended = rejectionOf(scope((s) => {
          s.defer(throwing(one));
          s.defer(() => { log.push("between"); });
          s.defer(throwing(two));
          if (failure) throw failure;
        }));
        await clock.tickAsync(2);
        const [first, ...others] = failure ? [failure, two, one] : [two, one];
        expect(await ended).to.equal(first);
        expect(suppressedOf(first)).to.deep.equal(others);
        expect(log).to.deep.equal(["between"]);
      }
    });
  }

  it("S-45: defer after the end of the scope is refused at the call", async () => {
    let kept!: Scope;
    await scope((s) => { kept = s; }, { name: "the past" });
    expect(() => { kept.defer(() => undefined); }).to.throw(Error, "the past");
  });

  it("S-83: resources are disposed of in reverse order after the children have ended, asynchronous ones are awaited", async () => {
    const log: string[] = [];
    const plain = (name: string) => ({ name, [Symbol.dispose]() { log.push(this.name); } });
    const slow = (name: string) => ({ name, async [Symbol.asyncDispose]() { await sleep(10); log.push(this.name); } });
    const ended = scope(async (s) => {
      const made = plain("first");
      expect(s.use(made)).to.equal(made);
      expect(s.use(slow("second")).name).to.equal("second");
      s.use(plain("third"));
      s.defer(() => { log.push("deferred"); });
      s.use(slow("fourth"));
      s.go(async () => { await sleep(5); log.push("child"); });
      log.push("body");
    });
    await clock.tickAsync(24);
    expect(log).to.deep.equal(["body", "child", "fourth", "deferred", "third"]);
    expect(await isPending(ended)).to.equal(true);
    await clock.tickAsync(1);
    await ended;
    expect(log.slice(5)).to.deep.equal(["second", "first"]);
  });

  it("S-83: resources are also disposed of when the scope fails or is cancelled, and errors of disposals are kept with the failure", async () => {
    const [error, disposal] = [new Error("body"), new Error("disposal")];
    const log: string[] = [];
    const fragile = { [Symbol.dispose]() { log.push("sync"); throw disposal; } };
    const slow = { async [Symbol.asyncDispose]() { await sleep(1); log.push("async"); } };
    const failed = rejectionOf(scope((s) => { s.use(slow); s.use(fragile); throw error; }));
    await clock.tickAsync(1);
    expect(await failed).to.equal(error);
    expect(suppressedOf(error)).to.deep.equal([disposal]);
    const cancelled = scope((s) => { s.use(slow); s.cancel(); return "value"; });
    await clock.tickAsync(1);
    expect(await cancelled).to.equal("value");
    expect(log).to.deep.equal(["sync", "async", "async"]);
  });

  it("S-83: a channel is a resource, too", async () => {
    const ch = await scope((s) => {
      const used = s.use(chan<number>());
      expect(used.closed).to.equal(false);
      return used;
    });
    expect(ch.closed).to.equal(true);
  });

  it("S-77: an open scope that is joined before it is disposed of lets its children complete", async () => {
    const log: unknown[] = [];
    const block = (async () => {
      let child: ChildTask<string>;
      {
        await using s = openScope();
        child = s.go(async () => { await sleep(10); return "async"; });
        s.go(function* () { yield* sleeping(20); log.push("generator"); });
        await s.join();
        log.push("joined", child.state, s.cancelled);
      }
      log.push("left", await child);
    })();
    await clock.tickAsync(19);
    expect(log).to.deep.equal([]);
    await clock.tickAsync(1);
    await block;
    expect(log).to.deep.equal(["generator", "joined", "done", false, "left", "async"]);
  });

  it("S-77: its join rejects with the first failure of a child, after all have ended, and the disposal does not report it again", async () => {
    const error = new Error("failed");
    const log: unknown[] = [];
    const block = (async () => {
      await using s = openScope();
      s.go(async () => { await sleep(5); throw error; });
      s.go(async () => {
        try {
          await sleep(1000);
        } finally {
          await settle();
          log.push("cleaned up");
        }
      });
      log.push(await rejectionOf(s.join()));
    })();
    await clock.tickAsync(5);
    await block;
    expect(log).to.deep.equal(["cleaned up", error]);
  });
});

describe("a long scope", () => {
  it("S-33: a million operations in one long scope, of tasks of both lanes, keep less than a byte for ten of them", async function () {
    this.timeout(120_000);
    const { code, output, errors } = await runProgram(new URL("programs/long-scope.ts", import.meta.url), ["1000000"], 120_000);
    expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
    const { performed, bytes, left } = JSON.parse(output) as Record<string, unknown>;
    expect(performed).to.be.at.least(1_000_000);
    expect(bytes).to.be.a("number").below(100_000);
    expect(left).to.equal(false);
  });
});
