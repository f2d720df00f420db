/** What holds at the edges of every connection, whatever it runs over: one suite, run over each of them. */
import { expect } from "chai";
import { chan, ClosedError, perform, select, type Operation } from "../../../src/index.ts";
import { ConnectionError, IncompleteReadError, type Bytes, type Connection } from "../../../src/net/index.ts";
import { bytes, text } from "../../unit/net/support/peers.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import type { Pair } from "./streams.ts";

/** What differs from one kind to another. */
export interface Kind {
  /** A reset is seen as one; otherwise as an end. */
  resets: boolean;
  /** How many bytes are on their way to a peer that does not read, before sends wait. */
  holds: number;
}

/** All that comes, and what it ended with. */
async function allOf(connection: Connection): Promise<{ read: string; error: unknown }> {
  let read = "";
  try {
    for await (const chunk of connection) read += text(chunk);
  } catch (error) {
    return { read, error };
  }
  return { read, error: undefined };
}

export function edgesBehave(pair: Pair, { resets, holds }: Kind): void {
  describe("selects that send", () => {
    it("NF-05 both sides send and receive by one select, 10,000 rounds: both directions are complete and equal", async () => {
      const { ours, theirs } = await pair();
      const rounds = 10_000;
      const message = (round: number): string => `message ${round}\n`;
      const all = Array.from({ length: rounds }, (_, round) => message(round)).join("");
      const talk = async (connection: Connection): Promise<string> => {
        let [sent, got] = [0, ""];
        while (sent < rounds || got.length < all.length) {
          const done: { case: string; value: unknown } | undefined = await select({
            ...(sent < rounds && { out: connection.sending(message(sent)) }),
            ...(got.length < all.length && { in: connection.receiving() }),
          });
          if (done?.case === "in") got += text(done.value as Uint8Array);
          else sent++;
        }
        return got;
      };
      const [first, second] = await Promise.all([talk(ours), talk(theirs)]);
      expect(first === all && second === all).to.equal(true);
    }).timeout(60_000);

    it("NF-05 (b) a send that another case beats has written nothing; the case that would have come later is not lost", async () => {
      const { ours, theirs } = await pair();
      const ready = chan<string>(1);
      for (let round = 0; round < 100; round++) {
        await ready.send("x");
        expect((await select({ out: ours.sending("never"), ready: ready.receiving() })).case).to.equal("ready");
      }
      await ours.send("once");
      ours.close();
      expect(await allOf(theirs)).to.deep.equal({ read: "once", error: undefined });
    });

    it("NF-05 (c) a select whose write has begun waits for the kernel alone: nothing else wins, and its abort ends the connection", async () => {
      const { ours, theirs } = await pair();
      const other = chan<string>(1);
      const controller = new AbortController();
      const much = new Uint8Array(16 * 1024 * 1024);
      const selected = select({ out: ours.sending(much), other: other.receiving() }, { signal: controller.signal });
      await settle();
      await other.send("too late");
      expect(await isPending(selected)).to.equal(true);
      expect(other.tryReceive()).to.deep.equal({ done: false, value: "too late" });
      controller.abort("enough");
      expect(await rejectionOf(selected)).to.equal("enough");
      await ours.ended;
      theirs.destroy();
    });
  });

  describe("reads as operations", () => {
    const gerunds: Record<string, (connection: Connection) => Operation<Uint8Array | string | undefined>> = {
      readingExactly: (connection) => connection.readingExactly(4),
      readingUntil: (connection) => connection.readingUntil("\n"),
      readingLine: (connection) => connection.readingLine(),
      peeking: (connection) => connection.peeking(4),
    };
    for (const [verb, reading] of Object.entries(gerunds)) {
      it(`NF-06 a ${verb} that another case beats, at every cut of its bytes, has taken none`, async () => {
        const { ours, theirs } = await pair();
        const told = chan<string>();
        for (let cut = 0; cut < 4; cut++) {
          await ours.send("abc\n".slice(0, cut));
          const selected = select({ read: reading(theirs), told: told.receiving() });
          await settle();
          told.trySend("won");
          expect(await selected).to.deep.equal({ case: "told", value: "won" });
          await ours.send("abc\n".slice(cut));
          const value = (await perform(reading(theirs))) as Uint8Array | string;
          expect(typeof value === "string" ? `${value}\n` : text(value)).to.equal("abc\n");
          if (verb === "peeking") expect(text(await theirs.readExactly(4))).to.equal("abc\n");
        }
      });
    }

    it("readUntil takes several separators: the shortest piece that ends with one of them", async () => {
      const { ours, theirs } = await pair();
      await ours.send("user login: and Password: x");
      expect(text(await theirs.readUntil(["Password:", "login:"]))).to.equal("user login:");
      expect(text(await theirs.readUntil(["login:", bytes("Password:")]))).to.equal(" and Password:");
      for (const reading of [() => theirs.readUntil([]), () => theirs.readUntil([""])]) {
        expect(await rejectionOf(reading())).to.be.instanceOf(RangeError);
      }
      expect(() => theirs.readingUntil([])).to.throw(RangeError);
    });

    it("maxLine may be given per call", async () => {
      const { ours, theirs } = await pair({ maxLine: 4 });
      await ours.send("longer line\nlonger line\nlonger line\nlonger line\nlonger line\n");
      expect(await theirs.readLine({ maxLine: 20 })).to.equal("longer line");
      expect(text(await theirs.readUntil("\n", { maxLine: 20 }))).to.equal("longer line\n");
      expect(await theirs.lines({ maxLine: 20 }).receive()).to.equal("longer line");
      expect(await perform(theirs.readingLine({ maxLine: Infinity }))).to.equal("longer line");
      expect(await rejectionOf(theirs.readLine())).to.be.instanceOf(RangeError);
      for (const maxLine of [0, -1, 1.5, Number.NaN]) {
        expect(() => theirs.lines({ maxLine })).to.throw(RangeError, "maxLine");
        expect(() => theirs.readingLine({ maxLine })).to.throw(RangeError, "maxLine");
        expect(() => theirs.readingUntil("x", { maxLine })).to.throw(RangeError, "maxLine");
        expect(await rejectionOf(theirs.readLine({ maxLine }))).to.be.instanceOf(RangeError);
        expect(await rejectionOf(theirs.readUntil("x", { maxLine }))).to.be.instanceOf(RangeError);
      }
    });

    it("peek waits for so many bytes, gives a copy of them, and takes none; fewer at the end", async () => {
      const { ours, theirs } = await pair({ readBuffer: 2 });
      const peeked = theirs.peek(5);
      await ours.send("abc");
      expect(await isPending(peeked)).to.equal(true);
      await ours.send("defg");
      const copy = await peeked;
      expect(text(copy)).to.equal("abcde");
      copy.fill(0);
      expect(text(await theirs.readExactly(5))).to.equal("abcde");
      ours.close();
      expect(text(await theirs.peek(100))).to.equal("fg");
      expect(text(await theirs.readExactly(2))).to.equal("fg");
      expect((await theirs.peek(1)).byteLength).to.equal(0);
      expect(await rejectionOf(theirs.readExactly(1))).to.be.instanceOf(IncompleteReadError);
      for (const bad of [-1, 1.5, Number.NaN]) expect(await rejectionOf(theirs.peek(bad))).to.be.instanceOf(RangeError);
    });

    it("peek stands in line like a read", async () => {
      const { ours, theirs } = await pair();
      const order: string[] = [];
      const waits = [
        theirs.readExactly(2).then(() => order.push("first")), theirs.peek(2).then(() => order.push("peek")), theirs.readExactly(2).then(() => order.push("last")),
      ];
      await ours.send("ab");
      await waits[0];
      await ours.send("cd");
      await Promise.all(waits);
      expect(order).to.deep.equal(["first", "peek", "last"]);
    });
  });

  describe("sends of several parts", () => {
    it("go out as one send, each part encoded by itself, whatever their size", async () => {
      const { ours, theirs } = await pair();
      const big = new Uint8Array(200_000).fill(98);
      const sends: Bytes[] = [["é", "\uD800", "\uDC00", bytes("x")], [], ["a", big, "c"], [""], "end"];
      const reading = allOf(theirs);
      await Promise.all(sends.map((parts) => ours.send(parts)));
      ours.close();
      const { read } = await reading;
      expect(read === `é\uFFFD\uFFFDxa${"b".repeat(200_000)}cend`).to.equal(true);
      expect(await rejectionOf(ours.send([]))).to.be.instanceOf(ClosedError);
      for (const bad of [[1], ["a", null], [["a"]]]) {
        expect(await rejectionOf(ours.send(bad as never))).to.be.instanceOf(TypeError);
        expect(() => ours.sending(bad as never)).to.throw(TypeError);
        expect(() => ours.trySend(bad as never)).to.throw(TypeError);
      }
    });

    it("NF-10 many small sends at once: each fulfils, in order, one after the other on the wire", async () => {
      const { ours, theirs } = await pair();
      const reading = allOf(theirs);
      const order: number[] = [];
      await Promise.all(Array.from({ length: 5000 }, (_, n) => ours.send(`${n}\n`).then(() => order.push(n))));
      ours.close();
      expect((await reading).read).to.equal(Array.from({ length: 5000 }, (_, n) => `${n}\n`).join(""));
      expect(order).to.deep.equal(Array.from({ length: 5000 }, (_, n) => n));
    });
  });

  describe("failures", () => {
    it("NF-07 a write that fails costs no byte that the peer had sent; then reads fail with its error, and the end comes by itself (held-open.ts 1)", async () => {
      const { ours, theirs } = await pair({ readBuffer: 1 });
      const answer = "an answer\n".repeat(holds / 10);
      await theirs.send(answer);
      await settle(); // ours holds as much as it may, and the rest is with the kernel
      theirs.destroy();
      await theirs.ended;
      let failure: unknown;
      for (let tries = 0; failure === undefined && tries < 1000; tries++) {
        await ours.send("a question that comes too late").catch((error: unknown) => { failure = error; });
        await settle();
      }
      const { read, error } = await allOf(ours);
      expect(read === answer, `${read.length} of ${answer.length}`).to.equal(true);
      if (failure instanceof ConnectionError) expect(error).to.equal(failure);
      await ours.ended;
    });

    const ends: Record<string, (connection: Connection, why: Error) => void> = {
      reset: (connection, why) => { connection.reset(why); },
      "close with an error": (connection, why) => { connection.close(why); },
      "destroy with a reason": (connection, why) => { connection.destroy(why); },
    };
    for (const [how, end] of Object.entries(ends)) {
      it(`NF-09 ${how}: the peer sees ${resets ? "a reset, not an end" : "an end, as there are no resets"}, behind what came before it`, async () => {
        const { ours, theirs } = await pair();
        await ours.send("half a body");
        expect(text(await theirs.readExactly(11))).to.equal("half a body");
        const reading = allOf(theirs);
        await settle();
        end(ours, new Error("cut"));
        const { read, error } = await reading;
        expect(read).to.equal("");
        if (resets) expect(error).to.be.instanceOf(ConnectionError).with.property("code", "ECONNRESET");
        expect(await rejectionOf(ours.send("x"))).to.be.instanceOf(ClosedError).with.nested.property("cause.message", "cut");
        await ours.ended;
      });
    }

    it("NF-09 (b) a reset while a write is stalled, or on its way out, ends it at once, and leaves nothing", async () => {
      for (const before of ["stalled", "closing"] as const) {
        const { ours, theirs } = await pair();
        const sending = rejectionOf(before === "stalled" ? ours.send(new Uint8Array(16 * 1024 * 1024)) : ours.readLine());
        await settle();
        if (before === "closing") ours.close();
        ours.reset("cut");
        expect(await sending).to.be.instanceOf(ClosedError).with.property("cause", "cut");
        await ours.ended;
        theirs.cancel();
        theirs.close();
        await theirs.ended;
      }
    });

    it("destroy without a reason ends as before", async () => {
      const { ours, theirs } = await pair();
      ours.destroy();
      await ours.ended;
      expect(await allOf(theirs)).to.deep.equal({ read: "", error: undefined });
    });
  });
}
