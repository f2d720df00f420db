/**
 * What holds of every connection, whatever it runs over: one suite, run over each of them.
 *
 * A maker gives both ends of a fresh connection. What depends on time uses none: both ends are in this process, on the loopback.
 *
 * Idea: trio's `check_two_way_stream`.
 */
import { expect } from "chai";
import { chan, ClosedError, go, perform, select, trySelect } from "../../../src/index.ts";
import { ConnectionError, IncompleteReadError, type Connection, type ConnectionOptions } from "../../../src/net/index.ts";
import { bytes, text } from "../../unit/net/support/peers.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

/** Both ends of a fresh connection; the options are for both. */
export type Pair = (options?: ConnectionOptions) => Promise<{ ours: Connection; theirs: Connection }>;

/** More than anything between two ends holds. */
const much = 16 * 1024 * 1024;
const theEnd = { done: true, value: undefined };

async function all(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function linesOf(connection: Connection): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of connection.lines()) lines.push(line);
  return lines;
}

/** Bytes that differ from place to place. */
function pattern(length: number): Uint8Array {
  const made = new Uint8Array(length);
  for (let at = 0; at < length; at++) made[at] = (at * 31 + (at >> 8)) & 255;
  return made;
}

export function connectionsBehave(pair: Pair): void {
  describe("sending and receiving", () => {
    it("N-78 (a) bytes and strings arrive as they were sent, in both directions at once", async () => {
      const { ours, theirs } = await pair();
      await Promise.all([ours.send("café\n"), theirs.send(Uint8Array.of(0, 255, 10, 13))]);
      expect(await theirs.readLine()).to.equal("café");
      expect([...(await ours.readExactly(4))]).to.deep.equal([0, 255, 10, 13]);
    });

    it("N-18 (a) a send to a peer that does not read stays pending, and fulfils once it reads; all arrives, equal", async () => {
      const { ours, theirs } = await pair();
      const data = pattern(much);
      const sending = ours.send(data);
      for (let turns = 0; turns < 20; turns++) expect(await isPending(sending)).to.equal(true);
      expect(ours.statistics).to.include({ sent: 0, waitingSends: 1 });
      expect(theirs.statistics.buffered).to.be.at.most(65_536 * 2);
      const received = all(theirs);
      await sending;
      ours.close();
      expect(Buffer.compare(await received, data)).to.equal(0);
      expect(ours.statistics).to.include({ sent: much, waitingSends: 0 });
      expect(theirs.statistics).to.include({ received: much, buffered: 0 });
    });

    it("N-19 (a) a peer that does not read makes the sender wait; at most readBuffer and one read are held", async () => {
      const { ours, theirs } = await pair({ readBuffer: 1000 });
      const piece = new Uint8Array(256 * 1024);
      let sent = 0;
      const sending = (async () => { for (; sent < 64; sent++) await ours.send(piece); ours.close(); })();
      for (let was = -1; was < sent;) {
        was = sent;
        for (let turns = 0; turns < 20; turns++) await settle();
      }
      expect(sent).to.be.below(64);
      expect(theirs.statistics.buffered).to.be.at.most(1000 + 65_536);
      expect((await all(theirs)).byteLength).to.equal(64 * piece.byteLength);
      await sending;
    });

    it("N-21 (a) an empty send fulfils, and the peer sees nothing of it", async () => {
      const { ours, theirs } = await pair();
      await ours.send("");
      await ours.send(new Uint8Array(0));
      await ours.send("x");
      expect(text(await theirs.receive())).to.equal("x");
    });

    it("N-24 (a) bytes may be changed once their send has fulfilled", async () => {
      const { ours, theirs } = await pair();
      const data = new Uint8Array(1024 * 1024).fill(1);
      const received = all(theirs);
      await ours.send(data);
      data.fill(2);
      ours.close();
      expect((await received).every((byte) => byte === 1)).to.equal(true);
    });

    it("N-25 (a) a string goes out as UTF-8, a lone surrogate as U+FFFD", async () => {
      const { ours, theirs } = await pair();
      await ours.send("€\u{1F600}\uD800");
      ours.close();
      expect(text(await all(theirs))).to.equal("€\u{1F600}\uFFFD");
    });

    it("N-83 (c) many senders: first in, first out, each in one piece", async () => {
      const { ours, theirs } = await pair();
      const pieces = Array.from({ length: 40 }, (_, index) => `${index}:${String(index % 10).repeat(50_000)}\n`);
      const sends = pieces.map((piece, index) => (index % 2 === 0 ? ours.send(piece) : go(function* () { yield* ours.sending(piece); }).join()));
      const received = linesOf(theirs);
      await Promise.all(sends);
      ours.close();
      const got = (await received).map((line) => `${line}\n`);
      expect(got.toSorted()).to.deep.equal(pieces.toSorted());
      const even = (list: string[]): string[] => list.filter((piece) => parseInt(piece, 10) % 2 === 0);
      expect(even(got)).to.deep.equal(even(pieces));
    });

    it("N-42 (f) a send given up while it is in line has written nothing; one under way ends the connection", async () => {
      const { ours, theirs } = await pair();
      const first = ours.send(new Uint8Array(much));
      const controller = new AbortController();
      const second = rejectionOf(ours.send("never", { signal: controller.signal }));
      await settle();
      controller.abort("enough");
      expect(await second).to.equal("enough");
      ours.close();
      expect((await all(theirs)).byteLength).to.equal(much);
      await first;
      const other = await pair();
      const under = new AbortController();
      const sending = rejectionOf(other.ours.send(new Uint8Array(much), { signal: under.signal }));
      await settle();
      under.abort("enough");
      expect(await sending).to.equal("enough");
      await other.ours.ended;
      expect(await rejectionOf(other.ours.send("x"))).to.be.instanceOf(ClosedError);
    });

    it("N-82 (c) trySend writes now or changes nothing", async () => {
      const { ours, theirs } = await pair();
      let accepted = 0;
      const piece = new Uint8Array(64 * 1024);
      while (ours.trySend(piece)) {
        accepted++;
        if (accepted > 10_000) expect.fail("there is no end to it");
        await settle();
      }
      const received = all(theirs);
      await ours.closeWrite();
      expect((await received).byteLength).to.equal(accepted * piece.byteLength);
    });

    it("a value that is neither a string nor bytes is a TypeError", async () => {
      const { ours } = await pair();
      for (const value of [1, null, undefined, {}, [1]]) {
        expect(await rejectionOf(ours.send(value as never))).to.be.instanceOf(TypeError);
        expect(() => ours.sending(value as never)).to.throw(TypeError);
        expect(() => ours.trySend(value as never)).to.throw(TypeError);
      }
    });
  });

  describe("reading", () => {
    it("N-03 (a) leaving the lines at the blank one loses nothing: the body follows, and it is still open", async () => {
      const { ours, theirs } = await pair();
      await ours.send("a\r\nb\r\n\r\nbody");
      const header: string[] = [];
      for await (const line of theirs.lines()) {
        if (line === "") break;
        header.push(line);
      }
      expect(header).to.deep.equal(["a", "b"]);
      expect(text(await theirs.readExactly(4))).to.equal("body");
      await theirs.send("still open");
      expect(text(await ours.readExactly(10))).to.equal("still open");
    });

    it("N-26 (c) each verb gives the bytes, then the end in its own form, again and again", async () => {
      const { ours, theirs } = await pair();
      await ours.send("abc");
      ours.close();
      expect(text(await theirs.readExactly(3))).to.equal("abc");
      for (let times = 0; times < 2; times++) {
        expect(await theirs.next()).to.deep.equal(theEnd);
        expect(theirs.tryReceive()).to.deep.equal(theEnd);
        expect(await theirs.readLine()).to.equal(undefined);
        expect(await theirs.lines().next()).to.deep.equal(theEnd);
        expect(await rejectionOf(theirs.receive())).to.be.instanceOf(ClosedError);
        expect(await rejectionOf(theirs.readExactly(1))).to.be.instanceOf(IncompleteReadError);
        expect(await rejectionOf(theirs.readUntil("x"))).to.be.instanceOf(IncompleteReadError);
      }
      expect(theirs.closed).to.equal(false);
    });

    it("N-40 (c) a read that is given up, in each form, takes no byte", async () => {
      const { ours, theirs } = await pair();
      const forms: ((signal: AbortSignal) => Promise<unknown>)[] = [
        (signal) => theirs.receive({ signal }),
        (signal) => theirs.next({ signal }),
        (signal) => theirs.readLine({ signal }),
        (signal) => theirs.lines().next({ signal }),
        (signal) => theirs.readUntil("c", { signal }),
        (signal) => theirs.readExactly(3, { signal }),
        (signal) => perform(theirs.receiving(), { signal }),
      ];
      for (const form of forms) {
        const controller = new AbortController();
        const outcome = rejectionOf(form(controller.signal));
        await settle();
        controller.abort("enough");
        expect(await outcome).to.equal("enough");
        await ours.send("abc");
        expect(text(await theirs.readExactly(3))).to.equal("abc");
      }
    });

    it("N-44 (c) a select that another case wins consumes no byte", async () => {
      const { ours, theirs } = await pair();
      const other = chan<string>();
      const selected = select({ bytes: theirs.receiving(), line: theirs.lines().receiving(), other: other.receiving() });
      await settle();
      other.trySend("won");
      await ours.send("line\n");
      expect(await selected).to.deep.equal({ case: "other", value: "won" });
      expect(await theirs.readLine()).to.equal("line");
      expect(trySelect({ bytes: theirs.receiving() })).to.equal(undefined);
    });

    it("N-45 (c) two receives at once, two line reads at once: each unit goes to one, first come, first served", async () => {
      const { ours, theirs } = await pair();
      const receives = [theirs.receive(), theirs.receive()] as const;
      await ours.send("a");
      expect(text(await receives[0])).to.equal("a");
      await ours.send("b");
      expect(text(await receives[1])).to.equal("b");
      const reads = Promise.all([theirs.readLine(), theirs.readLine(), theirs.readLine()]);
      await ours.send("1\n2\n");
      await ours.send("3\n");
      expect(await reads).to.deep.equal(["1", "2", "3"]);
    });

    it("N-47 (a) lines end in LF or CR LF, the last one needs neither; N-50 (a) characters are whole whatever the chunks", async () => {
      const { ours, theirs } = await pair();
      const received = linesOf(theirs);
      for (const byte of bytes("a\nb\r\n\nc\rd €\u{1F600}\nlast")) await ours.send(Uint8Array.of(byte));
      ours.close();
      expect(await received).to.deep.equal(["a", "b", "", "c\rd €\u{1F600}", "last"]);
    });

    it("N-53 (f) a line over maxLine fails one read with an error that names the option, and the next line can be read", async () => {
      const { ours, theirs } = await pair({ maxLine: 10 });
      await ours.send(`${"x".repeat(10)}\n${"y".repeat(11)}\nz\n`);
      expect(await theirs.readLine()).to.equal("x".repeat(10));
      expect(await rejectionOf(theirs.readLine())).to.be.instanceOf(RangeError).with.property("message").that.contains("maxLine");
      expect(await theirs.readLine()).to.equal("z");
    });

    it("N-60 (e) readExactly over the end fails with the partial bytes", async () => {
      const { ours, theirs } = await pair();
      await ours.send("four");
      ours.close();
      const error = (await rejectionOf(theirs.readExactly(10))) as IncompleteReadError;
      expect(error).to.be.instanceOf(IncompleteReadError).with.property("expected", 10);
      expect(text(error.partial)).to.equal("four");
    });

    it("N-61 (d) all ways of reading mixed: nothing is lost, order is kept", async () => {
      const { ours, theirs } = await pair();
      const writing = (async () => {
        for (const piece of ["line 1\nfive5li", "ne 2\r\nkey=va", "lue;rest"]) await ours.send(piece);
        ours.close();
      })();
      expect(await theirs.readLine()).to.equal("line 1");
      expect(text(await theirs.readExactly(5))).to.equal("five5");
      expect((await theirs.lines().next()).value).to.equal("line 2");
      expect(text(await theirs.readUntil("="))).to.equal("key=");
      expect(text(await theirs.readUntil(";"))).to.equal("value;");
      expect(text(await all(theirs))).to.equal("rest");
      await writing;
    });
  });

  describe("ending", () => {
    it("N-27 (a) after the peer's end a send still arrives; N-28 (a) the answer to a half close comes", async () => {
      const { ours, theirs } = await pair();
      await ours.send("question");
      await ours.closeWrite();
      expect(text(await all(theirs))).to.equal("question");
      await theirs.send("answer");
      theirs.close();
      expect(text(await all(ours))).to.equal("answer");
      await Promise.all([ours.ended, theirs.ended]);
    });

    it("N-22 (a) a send after close, closeWrite, shutdown, destroy is a ClosedError, empty ones too", async () => {
      const ways: ((connection: Connection) => unknown)[] = [
        (connection) => connection.close(), (connection) => connection.closeWrite(),
        (connection) => connection.shutdown(), (connection) => connection.destroy(),
      ];
      for (const way of ways) {
        const { ours, theirs } = await pair();
        const ended = Promise.resolve(way(ours));
        for (const data of ["x", ""]) {
          expect(await rejectionOf(ours.send(data))).to.be.instanceOf(ClosedError);
          expect(() => ours.trySend(data)).to.throw(ClosedError);
        }
        expect(ours.closed).to.equal(true);
        theirs.cancel();
        theirs.close();
        await ended;
      }
    });

    it("N-28 (c) close comes after the sends in line; everything sent before a shutdown arrives", async () => {
      for (const way of ["close", "shutdown"] as const) {
        const { ours, theirs } = await pair();
        const sends = [ours.send(pattern(much / 4)), ours.send("last")];
        const ended = Promise.resolve(ours[way]());
        const received = await all(theirs);
        theirs.close();
        await Promise.all([...sends, ended]);
        expect(received.byteLength).to.equal(much / 4 + 4);
        expect(text(received.subarray(-4))).to.equal("last");
        await ours.ended;
      }
    });

    it("N-31 (a) both sides shut down at once: both fulfil", async () => {
      const { ours, theirs } = await pair();
      await Promise.all([ours.shutdown(), theirs.shutdown()]);
      await Promise.all([ours.ended, theirs.ended]);
    });

    it("N-36 (a) after shutdown or destroy of this side, waiting reads fail with ClosedError and its reason; next gives the end", async () => {
      for (const way of ["shutdown", "destroy"] as const) {
        const { ours, theirs } = await pair();
        const reads = [ours.receive(), ours.readLine(), ours.readExactly(1), ours.readUntil("x")].map(rejectionOf);
        const next = ours.next();
        await settle();
        const reason = new Error("why");
        const ended = way === "destroy" ? Promise.resolve(ours.destroy(reason)) : ours.shutdown();
        for (const error of await Promise.all(reads)) {
          expect(error).to.be.instanceOf(ClosedError);
          if (way === "destroy") expect(error).to.have.property("cause", reason);
        }
        expect(await next).to.deep.equal(theEnd);
        theirs.cancel();
        theirs.close();
        await ended;
      }
    });

    it("N-34 (a) shutdown to a peer that does not read is bounded by linger, and its stalled sends fail", async () => {
      const { ours } = await pair({ linger: 0 });
      const sends = [ours.send(new Uint8Array(much)), ours.send("queued")].map(rejectionOf);
      await settle();
      await ours.shutdown();
      for (const error of await Promise.all(sends)) expect(error).to.be.instanceOf(ClosedError);
      await ours.ended;
    });

    it("N-37 (a) the peer of a connection that is destroyed sees the end or an error, and nothing hangs", async () => {
      const { ours, theirs } = await pair();
      const reading = theirs.next().catch((error: unknown) => error);
      await settle();
      ours.destroy();
      await ours.ended;
      const seen = await reading;
      if (seen instanceof Error) expect(seen).to.be.instanceOf(ConnectionError);
      else expect(seen).to.deep.equal(theEnd);
    });

    it("cancel drops unread and later bytes; sending goes on", async () => {
      const { ours, theirs } = await pair({ readBuffer: 10 });
      const sending = ours.send(new Uint8Array(much));
      await settle();
      expect(theirs.cancel("enough")).to.equal(true);
      await sending;
      expect(await theirs.next()).to.deep.equal(theEnd);
      await theirs.send("answer");
      expect(text(await ours.readExactly(6))).to.equal("answer");
    });

    it("N-31 (c) whatever ends whatever, no rejection is unhandled", async () => {
      const ends: ((connection: Connection) => unknown)[] = [
        (connection) => connection.close(), (connection) => connection.destroy(), (connection) => connection.cancel(),
        (connection) => connection.shutdown(),
      ];
      const unhandled = await unhandledDuring(async () => {
        for (const first of ends) {
          for (const second of ends) {
            const { ours, theirs } = await pair({ linger: 0 });
            const waiting = Promise.allSettled([ours.send(new Uint8Array(much)), ours.receive(), theirs.readLine(), theirs.send("x")]);
            await settle();
            first(ours);
            second(theirs);
            await settle();
            ours.destroy();
            theirs.destroy();
            await Promise.all([ours.ended, theirs.ended, waiting]);
          }
        }
      });
      expect(unhandled).to.deep.equal([]);
    });
  });
}
