/** The outbound half: the bytes on the wire, when a send fulfils, and the effect of giving up. */
import { Duplex } from "node:stream";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import sinon from "sinon";
import { CancelledError, chan, ClosedError, go, perform, poll, scope, select, trySelect } from "../../../src/index.ts";
import "../../../src/node.ts"; // what runs in a scope is found by itself
import { ConnectionError, type Connection } from "../../../src/net/index.ts";
import { Sending } from "../../../src/net/sending.ts";
import { Writer } from "../../../src/net/writer.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { hangUp, once, openSockets, pair, receivedToEnd, reset } from "./support/peers.ts";

/** More than the kernel takes for a peer that does not read. */
const much = 32 * 1024 * 1024;

/** A stream whose writes are completed by the spec. */
class Slow extends Duplex {
  readonly written: string[] = [];
  readonly complete: ((error?: Error) => void)[] = [];
  ended = false;

  override _read(): void { /* nothing comes */ }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    this.written.push(chunk.toString());
    this.complete.push(callback);
  }

  override _final(callback: () => void): void {
    this.ended = true;
    callback();
  }
}

describe("sending", () => {
  afterEach(async () => {
    await hangUp();
    expect(openSockets()).to.equal(0);
  });

  it("N-18 10 MB and more to a peer that does not read stays pending, and fulfils once the peer has read it", async () => {
    const { connection, peer } = await pair();
    const data = new Uint8Array(new ArrayBuffer(much)).fill(7); // JavaScriptCore counts a buffer from when it is asked for
    const before = process.memoryUsage().arrayBuffers;
    const sending = connection.send(data);
    expect(await isPending(sending)).to.equal(true);
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(much / 2); // nothing was copied
    let count = 0;
    peer.on("data", (chunk: Buffer) => { count += chunk.byteLength; });
    const end = once(peer, "end");
    peer.resume();
    await sending;
    connection.close();
    await end;
    expect(count).to.equal(much);
  });

  it("N-21 an empty send fulfils, and the peer sees nothing", async () => {
    const { connection, peer } = await pair();
    await connection.send("");
    await connection.send(new Uint8Array(0));
    expect(poll(connection.sending(""))).to.deep.equal({ value: undefined });
    expect(connection.trySend("")).to.equal(true);
    await connection.send("x");
    connection.close();
    expect(await receivedToEnd(peer)).to.equal("x");
  });

  it("N-22 a send after close, closeWrite, shutdown or destroy is a ClosedError, empty ones too", async () => {
    const ways: ((connection: Connection) => unknown)[] = [
      (connection) => connection.close(),
      (connection) => connection.closeWrite(),
      (connection) => void connection.shutdown(),
      (connection) => connection.destroy(),
      (connection) => connection.close(new Error("why")),
      (connection) => connection[Symbol.dispose](),
    ];
    for (const way of ways) {
      const { connection } = await pair();
      expect(connection.closed).to.equal(false);
      await way(connection);
      expect(connection.closed).to.equal(true);
      for (const data of ["x", "", new Uint8Array(0)]) {
        expect(await rejectionOf(connection.send(data))).to.be.instanceOf(ClosedError).with.property("message").that.contains("send");
        expect(() => connection.trySend(data)).to.throw(ClosedError);
        const selected = await rejectionOf(select({ out: connection.sending(data) }));
        expect(selected).to.be.instanceOf(ClosedError).with.property("case", "out");
      }
      connection.destroy();
    }
  });

  it("N-24 changing the bytes after the send has fulfilled does not change what the peer gets", async () => {
    const { connection, peer } = await pair();
    const data = new Uint8Array(1000).fill(97);
    await connection.send(data);
    data.fill(98);
    expect(connection.trySend(data)).to.equal(true);
    data.fill(99);
    await connection.closeWrite();
    expect(await receivedToEnd(peer)).to.equal("a".repeat(1000) + "b".repeat(1000));
  });

  for (const [kind, data] of Object.entries({ "an array of bytes": new Uint8Array(much), "a Buffer": Buffer.alloc(much) })) {
    it(`N-24 (b) a trySend that the kernel has only taken in part keeps the bytes of ${kind} as they were`, async () => {
      const { connection, peer } = await pair();
      data.fill(97);
      expect(connection.trySend(data)).to.equal(true);
      expect(connection.trySend("no")).to.equal(false); // a part of it is still here
      data.fill(98);
      connection.close();
      const all = await receivedToEnd(peer);
      expect(all.length).to.equal(much);
      expect(all.includes("b")).to.equal(false);
    });
  }

  it("N-25 a string goes out as UTF-8, a lone surrogate as U+FFFD", async () => {
    const { connection, peer } = await pair();
    await connection.send("é€😀\uD800!");
    connection.close();
    expect(await receivedToEnd(peer)).to.equal("é€😀\uFFFD!");
  });

  it("anything but a string and bytes is a TypeError", async () => {
    const { connection, peer } = await pair();
    const pretended = { [Symbol.toStringTag]: "Uint8Array", byteLength: 1, length: 1 };
    for (const value of [undefined, null, 1, {}, [1], new ArrayBuffer(1), new Uint16Array(1), pretended, [pretended], Object.create(Uint8Array.prototype)]) {
      expect(await rejectionOf(connection.send(value as never))).to.be.instanceOf(TypeError).with.property("message").that.includes("is a string or a Uint8Array");
      expect(() => connection.sending(value as never)).to.throw(TypeError);
      expect(() => connection.trySend(value as never)).to.throw(TypeError);
    }
    await connection.send(Buffer.from("bytes, too"));
    await connection.send(runInNewContext("new Uint8Array([33])") as Uint8Array);
    connection.close();
    expect(await receivedToEnd(peer)).to.equal("bytes, too!");
  });

  it("N-42 (a) an aborted send that was still in line has written nothing; others go on", async () => {
    const { connection, peer } = await pair();
    const first = connection.send(new Uint8Array(much).fill(97));
    const controller = new AbortController();
    const second = connection.send("SECOND", { signal: controller.signal });
    const third = connection.send("third");
    const fourth = select({ out: connection.sending("FOURTH"), never: chan<never>().receiving() }, { signal: controller.signal });
    expect(await isPending(second)).to.equal(true);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await rejectionOf(second)).to.equal(reason);
    expect(await rejectionOf(fourth)).to.equal(reason);
    connection.close();
    const all = await receivedToEnd(peer);
    await Promise.all([first, third]);
    expect(all.length).to.equal(much + 5);
    expect(all.slice(-6)).to.equal("athird");
  });

  it("N-42 (b) a send aborted in the middle of its write rejects with the reason, and the connection is destroyed", async () => {
    const { connection, peer } = await pair();
    const controller = new AbortController();
    const first = connection.send(new Uint8Array(much), { signal: controller.signal });
    const second = connection.send("second");
    const reading = connection.receive();
    const line = connection.readLine();
    expect(await isPending(second)).to.equal(true);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(connection.closed).to.equal(true);
    expect(await rejectionOf(first)).to.equal(reason);
    for (const waiting of [second, reading, line, connection.send("later")]) {
      const error = (await rejectionOf(waiting)) as ClosedError;
      expect(error).to.be.instanceOf(ClosedError);
      expect((error.cause as Error).message).to.contain("given up in the middle of its write");
    }
    await connection.ended;
    expect((await receivedToEnd(peer)).length).to.be.below(much);
  });

  it("N-42 (c) a select that sends has happened when its write begins: no other case can win; an abort then destroys the connection (writer.ts 4)", async () => {
    const { connection } = await pair();
    const other = chan<string>();
    const cases = { a: connection.sending(new Uint8Array(much)), b: connection.sending("b"), in: connection.receiving(), lines: connection.lines().nexting() };
    const controller = new AbortController();
    const selected = select({ ...cases, other: other.receiving() }, { order: "listed", signal: controller.signal });
    expect(await isPending(selected)).to.equal(true);
    expect(other.trySend("first")).to.equal(false); // nobody waits for it any more
    expect(await isPending(selected)).to.equal(true);
    controller.abort("enough");
    expect(await rejectionOf(selected)).to.equal("enough");
    await connection.ended;
    expect(connection.closed).to.equal(true);
  });

  it("N-42 (d) a select that offers two sends writes one of them, whole", async () => {
    const { connection, peer } = await pair();
    const first = await select({ a: connection.sending("aaa"), b: connection.sending("bbb") });
    await connection.closeWrite();
    expect(await receivedToEnd(peer)).to.equal(first.case.repeat(3));
  });

  it("N-42 (e) a ready case wins over a send, and nothing was written", async () => {
    const { connection, peer } = await pair();
    const ready = chan<string>(1);
    await ready.send("x");
    expect((await select({ out: connection.sending("out"), ready: ready.receiving() })).case).to.equal("ready");
    expect(trySelect({ out: connection.sending("out") })).to.equal(undefined);
    expect(poll(connection.sending("out"))).to.equal(undefined);
    connection.sending("only described");
    await connection.closeWrite();
    expect(await receivedToEnd(peer)).to.equal("");
  });

  it("N-42 (g) a send cancelled with its scope in the middle of its write ends the connection; one in a cancelled scope writes nothing", async () => {
    const { connection, peer } = await pair();
    const { connection: idle, peer: peerOfIdle } = await pair();
    const sends: Promise<void>[] = [];
    await scope(async (s) => {
      sends.push(connection.send(new Uint8Array(much)));
      expect(await isPending(Promise.race(sends))).to.equal(true);
      s.cancel("enough");
      sends.push(idle.send("late"));
      await Promise.allSettled(sends);
    });
    for (const send of sends) expect(await rejectionOf(send)).to.be.instanceOf(CancelledError);
    await connection.ended;
    expect(connection.closed).to.equal(true);
    expect((await receivedToEnd(peer)).length).to.be.below(much);
    await idle.closeWrite();
    expect(await receivedToEnd(peerOfIdle)).to.equal("");
  });

  it("N-82 trySend writes only if no send is waiting and the kernel has taken all before; bytes stay contiguous", async () => {
    const { connection, peer } = await pair();
    expect(connection.trySend("one,")).to.equal(true);
    expect(connection.trySend("two,")).to.equal(true);
    const big = connection.send(new Uint8Array(much).fill(97));
    const waiting = connection.send(",end");
    expect(connection.trySend("no")).to.equal(false);
    expect(await isPending(big)).to.equal(true);
    expect(connection.trySend("no")).to.equal(false);
    const all = receivedToEnd(peer);
    await Promise.all([big, waiting]);
    expect(connection.trySend("!")).to.equal(true);
    connection.close();
    expect((await all) === `one,two,${"a".repeat(much)},end!`).to.equal(true); // too long to be shown
  });

  it("N-82 (b) a trySend that the kernel takes in part only keeps later sends behind it", async () => {
    const { connection, peer } = await pair();
    expect(connection.trySend(new Uint8Array(much).fill(97))).to.equal(true);
    expect(connection.trySend("no")).to.equal(false);
    const next = connection.send("next");
    expect(await isPending(next)).to.equal(true);
    connection.close();
    const all = await receivedToEnd(peer);
    await next;
    expect(all.length).to.equal(much + 4);
    expect(all.endsWith("anext")).to.equal(true);
  });

  it("sends of many tasks keep their order, each in one piece, in both lanes (writer.ts 1)", async () => {
    const { connection, peer } = await pair();
    const pieces = Array.from({ length: 50 }, (_, index) => `${index}:${"x".repeat(index * 100)};`);
    const tasks = pieces.map((piece, index) =>
      index % 2 === 0 ? connection.send(piece) : go(function* () { yield* connection.sending(piece); }).join(),
    );
    await Promise.all(tasks);
    await connection.closeWrite();
    const all = await receivedToEnd(peer);
    expect(all.split(";").slice(0, -1).map((piece) => `${piece};`).sort()).to.deep.equal([...pieces].sort());
    const plain = all.split(";").filter((_, at, list) => Number(list[at]?.split(":")[0]) % 2 === 0 && list[at] !== "");
    expect(plain.map((piece) => Number(piece.split(":")[0]))).to.deep.equal(Array.from({ length: 25 }, (_, index) => index * 2));
  });

  it("a reset fails the send that is under way and those behind it, with the connection's error, which sticks", async () => {
    const { connection, peer } = await pair();
    const first = connection.send(new Uint8Array(much));
    const second = connection.send("second");
    expect(await isPending(first)).to.equal(true);
    reset(peer);
    for (const send of [first, second]) {
      const error = (await rejectionOf(send)) as ConnectionError;
      expect(error).to.be.instanceOf(ConnectionError);
      expect(["ECONNRESET", "EPIPE"]).to.include(error.code);
      expect(error.message).to.contain(`127.0.0.1:${connection.remote.port}`);
      expect(error.cause).to.be.instanceOf(Error);
    }
    await connection.ended;
    expect(connection.closed).to.equal(true);
    expect(await rejectionOf(connection.send("later"))).to.be.instanceOf(ConnectionError);
    expect(await rejectionOf(connection.receive())).to.be.instanceOf(ConnectionError);
    expect(await rejectionOf(connection.next())).to.be.instanceOf(ConnectionError);
  });

  it("a stalled send never fulfils because the connection was destroyed (writer.ts 2)", async () => {
    for (const end of [
      (connection: Connection) => connection.destroy("why"),
      (connection: Connection) => connection.close("why"),
    ]) {
      const { connection } = await pair();
      const sends = [connection.send(new Uint8Array(much)), connection.send("queued")];
      expect(await isPending(Promise.race(sends))).to.equal(true);
      end(connection);
      for (const send of sends) expect(await rejectionOf(send)).to.be.instanceOf(ClosedError).with.property("cause", "why");
    }
  });

  describe("over a stream whose writes the spec completes", () => {
    const made = (): { slow: Slow; writer: Writer; abandoned: () => number } => {
      const slow = new Slow();
      slow.on("error", () => undefined);
      let times = 0;
      return { slow, writer: new Writer("connection to nowhere", slow, { abandoned: () => { times++; }, failed: () => undefined }), abandoned: () => times };
    };
    const sending = (writer: Writer, text: string, signal?: AbortSignal): Promise<void> =>
      perform(new Sending(writer, Buffer.from(text)), { signal });
    const lone = (writer: Writer, text: string): Promise<void> => writer.send(Buffer.from(text), undefined);

    for (const [verb, send] of Object.entries({ sending, send: lone })) {
      it(`NF-10 ${verb}: one write is under way at a time; what stands in line meanwhile goes out together, and each send fulfils with its write (writer.ts 3)`, async () => {
        const { slow, writer } = made();
        const sends = [send(writer, "a"), send(writer, "b"), send(writer, "c")] as const;
        expect(slow.written).to.deep.equal(["a"]);
        for (const each of sends) expect(await isPending(each)).to.equal(true);
        slow.complete[0]?.();
        await sends[0];
        expect(slow.written).to.deep.equal(["a", "bc"]);
        for (const each of sends.slice(1)) expect(await isPending(each)).to.equal(true);
        slow.complete[1]?.();
        await Promise.all(sends);
        expect(writer.close()).to.equal(true);
        await settle();
        expect(slow.ended).to.equal(true);
      });

      it(`${verb}: a write completed without an error on a stream that was destroyed is no success (transport.ts 3)`, async () => {
        const { slow, writer } = made();
        const sending = send(writer, "a");
        slow.destroy();
        slow.complete[0]?.();
        expect(await isPending(sending)).to.equal(true);
        writer.fail(writer.ended("why"));
        expect(await rejectionOf(sending)).to.be.instanceOf(ClosedError).with.property("cause", "why");
      });

      it(`${verb}: closing comes after everything in line (writer.ts 5)`, async () => {
        const { slow, writer } = made();
        const sends = [send(writer, "a"), send(writer, "b")];
        writer.close();
        await settle();
        expect(slow.ended).to.equal(false);
        slow.complete[0]?.();
        await settle();
        expect(slow.ended).to.equal(false);
        slow.complete[1]?.();
        await Promise.all(sends);
        await settle();
        expect(slow.ended).to.equal(true);
      });
    }

    it("a send of the same bytes twice has happened when the last part is written, not the first (writer.ts 2)", async () => {
      const { slow, writer } = made();
      const part = new Uint8Array(40_000);
      const sending = writer.send([part, part], undefined);
      slow.complete[0]?.();
      expect(await isPending(sending)).to.equal(true);
      slow.complete[1]?.();
      await sending;
      expect(writer.sent).to.equal(80_000);
    });

    it("NF-10 (b) sends that go out together are encoded each by itself, in the order of the calls, with others between them (batch.ts 2)", async () => {
      const { slow, writer } = made();
      const payloads = ["a", "é\uD800", "\uDC00b", Buffer.from("bytes"), "c", ["d", "e"].map((part) => Buffer.from(part)), "f"];
      const sends = [writer.send("first", undefined), ...payloads.map((payload) => writer.send(payload, undefined))];
      const between = perform(new Sending(writer, "g"), { signal: new AbortController().signal });
      const behind = writer.send("h", undefined);
      expect(writer.waiting).to.equal(10);
      const order: number[] = [];
      const settled = [...sends, between, behind].map((send, index) => send.then(() => order.push(index)));
      slow.complete[0]?.();
      await sends[0];
      expect(slow.written).to.deep.equal(["first", "aé\uFFFD\uFFFDbbytescdefgh"]);
      slow.complete[1]?.();
      await Promise.all(settled);
      expect([...order].sort((one, other) => one - other)).to.deep.equal(order.map((_, index) => index));
      expect(order.filter((index) => index < 8)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(writer.sent).to.equal("first".length + Buffer.byteLength(slow.written[1] ?? ""));
    });

    it("NF-10 (c) sends that wait together fail each with an error of its own, and those of a cancelled scope with its error; nothing of them is written (batch.ts 1)", async () => {
      const { slow, writer } = made();
      const unhandled = await unhandledDuring(async () => {
        const first = writer.send("first", undefined);
        const others: Promise<void>[] = [];
        await scope((s) => {
          others.push(writer.send("cancelled", undefined), writer.send("cancelled too", undefined));
          void writer.send("cancelled, and nobody looks", undefined);
          s.cancel("enough");
        });
        const outside = [writer.send("a", undefined), writer.send("b", undefined)];
        slow.complete[0]?.();
        await first;
        expect(slow.written).to.deep.equal(["first", "ab"]);
        const errors = await Promise.all(others.map(rejectionOf));
        expect(errors[0]).to.be.instanceOf(CancelledError);
        expect(errors[1]).to.equal(errors[0]);
        writer.fail(writer.ended("why"));
        const ends = await Promise.all(outside.map(rejectionOf));
        for (const end of ends) expect(end).to.be.instanceOf(ClosedError).with.property("cause", "why");
        expect(ends[0]).not.to.equal(ends[1]);
      });
      expect(unhandled).to.deep.equal([]);
    });

    it("NF-10 (d) a send that waits together with others, and fails, is an unhandled rejection by itself", async () => {
      const { writer } = made();
      const unhandled = await unhandledDuring(() => {
        const looked = [writer.send("first", undefined), writer.send("a", undefined)];
        void writer.send("nobody looks", undefined);
        for (const send of looked) send.catch(() => undefined);
        writer.fail(writer.ended("why"));
      });
      expect(unhandled).to.have.length(1);
      expect(unhandled[0]).to.be.instanceOf(ClosedError);
    });

    it("after a withdrawn write no other write is let through, even if it completes later", async () => {
      const { slow, writer, abandoned } = made();
      const controller = new AbortController();
      const first = sending(writer, "a", controller.signal);
      const second = sending(writer, "b");
      second.catch(() => undefined);
      controller.abort("no");
      expect(await rejectionOf(first)).to.equal("no");
      expect(abandoned()).to.equal(1);
      slow.complete[0]?.();
      await settle();
      expect(slow.written).to.deep.equal(["a"]);
      expect(await rejectionOf(sending(writer, "c"))).to.be.instanceOf(ClosedError);
      writer.fail(writer.ended(undefined));
      expect(await rejectionOf(second)).to.be.instanceOf(ClosedError);
    });
  });

  describe("over a transport that takes all at once", () => {
    const made = (): { written: string[]; callBack: (() => void)[]; writer: Writer } => {
      const written: string[] = [];
      const callBack: (() => void)[] = [];
      const quick = {
        destroyed: false, errored: null, writableLength: 0,
        write: (chunk: Uint8Array, done?: (error?: Error | null) => void) => {
          written.push(Buffer.from(chunk).toString());
          callBack.push(() => { done?.(); });
          return true;
        },
        cork: () => undefined, uncork: () => undefined, end: () => undefined, on: () => quick,
      };
      return { written, callBack, writer: new Writer("connection to nowhere", quick as never, { abandoned: () => undefined, failed: () => undefined }) };
    };

    it("NF-10 (e) two sends of a turn are written at once, those behind them together at its end (writer.ts 3)", async () => {
      const { written, callBack, writer } = made();
      const sends = ["a", "b", "c", "d"].map((text) => writer.send(text, undefined));
      expect(written).to.deep.equal(["a", "b"]);
      expect(writer.waiting).to.equal(2);
      await Promise.all(sends);
      expect(written).to.deep.equal(["a", "b", "cd"]);
      for (const done of callBack) done();
      await Promise.all(["e", "f", "g"].map((text) => writer.send(text, undefined)));
      expect(written).to.deep.equal(["a", "b", "cd", "e", "f", "g"]);
    });

    it("NF-10 (f) long sends of a turn are written one by one: together they would gain nothing (writer.ts 3)", () => {
      const { written, writer } = made();
      for (let sends = 0; sends < 4; sends++) void writer.send(new Uint8Array(20_000), undefined);
      expect(written.length).to.equal(4);
    });

    it("a send alone is fulfilled without a job: nothing waits for the end of its turn", () => {
      const { callBack, writer } = made();
      const then = sinon.spy(Promise.prototype, "then");
      try {
        void writer.send("a", undefined);
        callBack[0]?.();
        void writer.send("b", undefined);
        const alone = then.callCount;
        void writer.send("c", undefined);
        expect([alone, then.callCount]).to.deep.equal([0, 1]);
      } finally {
        then.restore();
      }
    });
  });
});
