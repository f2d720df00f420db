/** Flows: lines, throttle. */
import { expect } from "chai";
import { chan, select, sleep, sleeping } from "../../../src/node.ts";
import { flow, lines } from "../../../src/flow/index.ts";
import { rateLimiter } from "../../../src/sync/index.ts";
import { bubble } from "../../../src/testing/index.ts";
import { errorOf, holding, settledAs } from "./support.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("flows: lines", () => {
  it("FL-145 lines of bytes and text, cut anywhere, without their ends; half a line at the end (lines.ts 1)", async () => {
    const text = "one\r\ntwo\n\nthree\rfour\n\ufeffzażółć\nlast\r";
    const expected = ["one", "two", "", "three\rfour", "\ufeffzażółć", "last\r"];
    for (let size = 1; size <= 7; size++) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes(text).length; at += size) pieces.push(bytes(text).subarray(at, at + size));
      expect(await lines(pieces).toArray()).to.deep.equal(expected);
    }
    expect(await lines(["on", "e\nt", "wo"]).toArray()).to.deep.equal(["one", "two"]);
    expect(await lines(["a\nb\n"]).toArray()).to.deep.equal(["a", "b"]);
    expect(await lines([] as string[]).toArray()).to.deep.equal([]);
  });

  it("FL-145 (b) half a line is given before the error of the source", async () => {
    const error = new Error("it broke");
    const ch = holding(["one\nha", "lf"], false);
    ch.close(error);
    const f = lines(ch);
    expect([await f.receive(), await f.receive()]).to.deep.equal(["one", "half"]);
    expect(await errorOf(f.receive())).to.equal(error);
  });

  it("FL-145 (c) maxLine counts bytes; a longer line fails one receive as soon as that is known, and the flow goes on after its end (lines.ts 2)", async () => {
    const ch = chan<string>(10);
    const f = lines(ch, { maxLine: 4 });
    ch.trySend("12345");
    expect(await errorOf(f.receive())).to.be.instanceOf(RangeError).with.property("message").match(/maxLine/);
    expect(await settledAs(f.receive().then(String))).to.equal("pending");
    ch.trySend("6789\n1234\r\nab\nóóó\nend");
    ch.close();
    await sleep(0);
    expect(await f.next()).to.deep.equal({ done: false, value: "ab" });
    expect(await errorOf(f.receive())).to.be.instanceOf(RangeError);
    expect([await f.receive(), (await f.next()).done]).to.deep.equal(["end", true]);
    for (const maxLine of [0, -1, 1.5, NaN]) expect(() => lines([], { maxLine })).to.throw(RangeError, /maxLine/);
    expect(() => lines("a\nb" as never)).to.throw(TypeError, /lines/);
    expect(await errorOf(lines([5] as never).receive())).to.be.instanceOf(TypeError);
  });

  it("FL-145 (d) a receive that is withdrawn, at any moment, has taken no line (lines.ts 3)", async () => {
    const ch = chan<string>();
    const f = lines(ch);
    const got: string[] = [];
    const expected = Array.from({ length: 60 }, (_, n) => `line ${String(n)}`);
    const sending = (async () => {
      for (const line of expected) for (const piece of [line.slice(0, 3), `${line.slice(3)}\n`]) await ch.send(piece);
      ch.close();
    })();
    for (let round = 0, over = false; !over; round++) {
      const controller = new AbortController();
      const receiving = f.next({ signal: controller.signal });
      for (let turns = round % 7; turns > 0; turns--) await Promise.resolve();
      controller.abort("enough");
      const next = await receiving.catch((error: unknown) => error);
      if (next === "enough") continue;
      const result = next as IteratorResult<string, undefined>;
      if (result.done === true) over = true;
      else got.push(result.value);
    }
    await sending;
    expect(got).to.deep.equal(expected);
  });

  it("an unfinished line goes to onDrop as one string", async () => {
    const dropped: unknown[] = [];
    const f = lines(flow(holding(["one\ntw", "o"], false), { onDrop: (value) => { dropped.push(value); } }));
    expect(await f.receive()).to.equal("one");
    expect(f.tryReceive()).to.equal(undefined);
    f.cancel();
    expect(dropped).to.deep.equal(["two"]);
  });
});

describe("flows: throttle", () => {
  it("FL-37 a receive takes a permit in the step in which it takes a value; a withdrawn one took neither (throttle.ts 1, throttle.ts 2)", () => bubble(async () => {
    const limiter = rateLimiter({ limit: 1, per: 100, burst: 1 });
    const ch = chan<number>();
    const f = flow(ch).throttle(limiter);
    expect((await select({ f: f.receiving(), late: sleeping(5) })).case).to.equal("late");
    expect(limiter.tryTake()).to.equal(true);
    const sent = ch.send(1);
    expect((await select({ f: f.receiving(), late: sleeping(5) })).case).to.equal("late"); // no permit
    expect(f.tryReceive()).to.equal(undefined);
    await sleep(100);
    expect(f.tryReceive()).to.deep.equal({ done: false, value: 1 });
    await sent;
    expect(limiter.tryTake()).to.equal(false);
    await sleep(100);
    const receiving = f.receive();
    await sleep(1);
    expect(ch.trySend(2)).to.equal(true);
    expect(limiter.tryTake()).to.equal(false);
    expect(await receiving).to.equal(2);
  }));

  it("FL-37 (b) what comes for a receiver that waits while no permit is there stays in hand, first, when that leaves (throttle.ts 2)", () => bubble(async () => {
    const limiter = rateLimiter({ limit: 1, per: 100, burst: 1 });
    const ch = chan<number>();
    const f = flow(ch).throttle(limiter);
    expect(limiter.tryTake()).to.equal(true);
    const waits = select({ f: f.receiving(), late: sleeping(50) });
    await sleep(1);
    await ch.send(1);
    expect((await waits).case).to.equal("late");
    const sent = ch.send(2);
    expect(f.tryReceive()).to.equal(undefined);
    await sleep(100);
    expect(f.tryReceive()).to.deep.equal({ done: false, value: 1 });
    expect(await f.receive()).to.equal(2);
    await sent;
    expect(performance.now()).to.be.within(200, 251);
  }));

  it("FL-37 two flows share one limiter; the end and an error need no permit (throttle.ts 1)", () => bubble(async () => {
    const limiter = rateLimiter({ limit: 1, per: 100, burst: 1 });
    const began = performance.now();
    const both = await Promise.all([flow([1, 2]).throttle(limiter).toArray(), flow(holding([3, 4])).throttle(limiter).toArray()]);
    expect(both).to.deep.equal([[1, 2], [3, 4]]);
    expect(performance.now() - began).to.equal(300);
    const error = new Error("it broke");
    const ch = chan<number>();
    ch.close(error);
    expect(await errorOf(flow(ch).throttle(limiter).receive())).to.equal(error);
    expect(performance.now() - began).to.equal(300);
    const held = flow([7, 8]).throttle(limiter);
    const parked = held.next();
    await sleep(1);
    held.cancel();
    expect(await parked).to.deep.equal({ done: true, value: undefined });
    expect(performance.now() - began).to.equal(301);
    expect(() => flow([1]).throttle(5 as never)).to.throw(TypeError, /rateLimiter/);
  }));
});
