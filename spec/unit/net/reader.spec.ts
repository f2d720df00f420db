/** The inbound half, fed by hand, so that every border of a chunk is chosen by the spec. */
import { expect } from "chai";
import { chan, ClosedError, perform, poll, select, type Receiver } from "../../../src/index.ts";
import { IncompleteReadError } from "../../../src/net/index.ts";
import { Reader } from "../../../src/net/reader.ts";
import { Reading } from "../../../src/net/reading.ts";
import { chunk, exactly, line, orUndefined, until } from "../../../src/net/units.ts";
import { View } from "../../../src/net/view.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { bytes, text } from "./support/peers.ts";

/** A reader with the verbs of a connection. */
class Fed {
  readonly reader: Reader;
  readonly chunks: Receiver<Uint8Array>;
  wanted = 0;

  constructor({ readBuffer = 65_536, maxLine = 65_536 } = {}) {
    this.reader = new Reader({ name: "connection to nowhere", readBuffer, maxLine, onWanting: () => { this.wanted++; } });
    this.chunks = new View(this.reader, chunk);
  }

  push(...chunks: (string | Uint8Array)[]): this {
    for (const chunk of chunks) this.reader.push(typeof chunk === "string" ? bytes(chunk) : chunk.slice());
    return this;
  }

  finish(): this {
    this.reader.finish();
    return this;
  }

  lines = (fatal = false): Receiver<string> => new View(this.reader, line({ fatal }, "lines"));
  readLine = (fatal = false, signal?: AbortSignal): Promise<string | undefined> =>
    perform(new Reading(this.reader, orUndefined(line({ fatal }, "readLine"))), { signal });
  readExactly = (count: number, signal?: AbortSignal): Promise<Uint8Array> =>
    perform(new Reading(this.reader, exactly(count)), { signal });
  readUntil = (separator: string | Uint8Array, signal?: AbortSignal): Promise<Uint8Array> =>
    perform(new Reading(this.reader, until(separator)), { signal });
  receive = async (signal?: AbortSignal): Promise<string> => text(await this.chunks.receive({ signal }));

  /** What is left, as text, without waiting. */
  rest(): string {
    let all = "";
    for (let result = this.chunks.tryReceive(); result?.done === false; result = this.chunks.tryReceive()) all += text(result.value);
    return all;
  }
}

/** Every way to cut a string's bytes into two chunks, and the cut into single bytes. */
function cuts(all: string): Uint8Array[][] {
  const whole = bytes(all);
  const two = Array.from({ length: whole.length + 1 }, (_, at) => [whole.slice(0, at), whole.slice(at)]);
  return [...two, Array.from(whole, (byte) => Uint8Array.of(byte))];
}

async function linesOf(fed: Fed): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of fed.lines()) lines.push(line);
  return lines;
}

describe("reading", () => {
  describe("lines", () => {
    it("N-47 lines end in LF or CR LF, whatever the chunks", async () => {
      for (const chunks of cuts("a\nb\r\n\nc")) {
        const early = new Fed().push(...chunks).finish();
        expect(await linesOf(early)).to.deep.equal(["a", "b", "", "c"]);
        expect(await early.readLine()).to.equal(undefined);
        const late = new Fed();
        const reading = linesOf(late);
        await settle();
        late.push(...chunks).finish();
        expect(await reading).to.deep.equal(["a", "b", "", "c"]);
      }
    });

    it("N-49 a CR that no LF follows is data, also the last byte of all", async () => {
      for (const chunks of cuts("a\rb\r\r\nc\r")) {
        expect(await linesOf(new Fed().push(...chunks).finish())).to.deep.equal(["a\rb\r", "c\r"]);
      }
    });

    it("N-50 text of several bytes a character is right at every cut (units.ts 2)", async () => {
      for (const chunks of cuts("aé€😀\nß\n")) {
        const fed = new Fed();
        const reading = linesOf(fed);
        fed.push(...chunks).finish();
        expect(await reading).to.deep.equal(["aé€😀", "ß"]);
      }
    });

    it("N-51 invalid UTF-8 becomes U+FFFD; with fatal it is an error, and the next line can be read", async () => {
      const bad = Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0x63, 0x0a);
      const replacing = new Fed().push(bad);
      expect(await replacing.readLine()).to.equal("a\uFFFDb");
      expect(await replacing.readLine()).to.equal("c");
      const ready = new Fed().push(bad);
      expect(await rejectionOf(ready.readLine(true))).to.be.instanceOf(TypeError);
      expect(await ready.readLine(true)).to.equal("c");
      const waiting = new Fed();
      const lines = waiting.lines(true);
      const first = lines.receive();
      const second = lines.receive();
      waiting.push(bad);
      expect(await rejectionOf(first)).to.be.instanceOf(TypeError);
      expect(await second).to.equal("c");
    });

    it("N-52 a byte order mark is kept", async () => {
      const fed = new Fed().push("\uFEFFa\n\uFEFFb\n");
      expect(await fed.readLine()).to.equal("\uFEFFa");
      expect(await fed.readLine(true)).to.equal("\uFEFFb");
    });

    it("N-53 (a) a line of exactly maxLine bytes is fine, one byte more is an error that names the option, at every cut (units.ts 3)", async () => {
      for (const end of ["\n", "\r\n"]) {
        for (const chunks of cuts(`1234${end}12345${end}ok${end}`)) {
          for (const early of [true, false]) {
            const fed = new Fed({ maxLine: 4 });
            if (early) fed.push(...chunks).finish();
            const lines = fed.lines();
            const reads = [lines.receive(), lines.receive(), lines.receive(), fed.readLine()];
            reads[1]?.catch(() => undefined);
            if (!early) fed.push(...chunks).finish();
            expect(await reads[0]).to.equal("1234");
            expect(await rejectionOf(reads[1] as Promise<string>)).to.be.instanceOf(RangeError).with.property("message").that.contains("maxLine, 4");
            expect(await reads[2]).to.equal("ok");
            expect(await reads[3]).to.equal(undefined);
          }
        }
      }
    });

    it("N-53 (b) the error comes as soon as it is known, before the line's end, and holds no memory until then (bytes.ts 4)", async () => {
      const fed = new Fed({ maxLine: 4, readBuffer: 8 });
      const first = fed.readLine();
      fed.push("1234\r"); // may still be a line of four
      expect(await isPending(first)).to.equal(true);
      fed.push("6");
      expect(await rejectionOf(first)).to.be.instanceOf(RangeError);
      const next = fed.readLine();
      for (let more = 0; more < 100; more++) fed.push("more and more");
      expect(fed.reader.wanting).to.equal(true);
      fed.push("\nfine\n");
      expect(await next).to.equal("fine");
      expect(fed.rest()).to.equal("");
    });

    it("N-53 (c) the limit counts bytes, not characters", async () => {
      const fed = new Fed({ maxLine: 4 }).push("€a\n€€\n");
      expect(await fed.readLine()).to.equal("€a");
      expect(await rejectionOf(fed.readLine())).to.be.instanceOf(RangeError);
    });

    it("N-53 (d) a maxLine above readBuffer holds: a read that waits for a line gets more bytes", async () => {
      const fed = new Fed({ maxLine: 100, readBuffer: 4 });
      fed.push("12345");
      expect(fed.reader.wanting).to.equal(false);
      const line = fed.readLine();
      expect(fed.reader.wanting).to.equal(true);
      fed.push("6789", "\n");
      expect(await line).to.equal("123456789");
    });

    it("N-55 too long a line and then the end: that error, then the end", async () => {
      for (const all of ["12345", "123456789", "12345\r"]) {
        for (const chunks of cuts(all)) {
          const early = new Fed({ maxLine: 4 }).push(...chunks).finish();
          expect(await rejectionOf(early.readLine())).to.be.instanceOf(RangeError);
          expect(await early.readLine()).to.equal(undefined);
          const late = new Fed({ maxLine: 4 });
          const reads = [late.readLine(), late.readLine()];
          late.push(...chunks).finish();
          expect(await rejectionOf(reads[0] as Promise<unknown>)).to.be.instanceOf(RangeError);
          expect(await reads[1]).to.equal(undefined);
        }
      }
    });

    it("N-56 the last line needs no line end", async () => {
      const fed = new Fed().push("last");
      const line = fed.readLine();
      expect(await isPending(line)).to.equal(true);
      fed.finish();
      expect(await line).to.equal("last");
      expect(await fed.readLine()).to.equal(undefined);
      expect(await fed.lines().next()).to.deep.equal({ done: true, value: undefined });
      expect(await rejectionOf(fed.lines().receive())).to.be.instanceOf(ClosedError);
    });

    it("cancelling the lines, or leaving their loop, loses no byte and wakes the reads that wait for lines (view.ts 1)", async () => {
      const fed = new Fed().push("head\n\nbody");
      const lines = fed.lines();
      for await (const line of lines) if (line === "") break;
      const waiting = [lines.next(), lines.receive(), fed.receive()] as const;
      waiting[1].catch(() => undefined);
      expect(lines.cancel("enough")).to.equal(true);
      expect(lines.cancel()).to.equal(false);
      expect(await waiting[0]).to.deep.equal({ done: true, value: undefined });
      expect(await rejectionOf(waiting[1])).to.be.instanceOf(ClosedError).with.property("cause", "enough");
      expect(await waiting[2]).to.equal("body"); // it stood in line behind them
      expect(lines.tryReceive()).to.deep.equal({ done: true, value: undefined });
      fed.push("more\n");
      expect(await fed.lines().receive()).to.equal("more");
    });
  });

  describe("counts and separators", () => {
    it("N-58 an empty separator and a bad count are RangeErrors at the call", () => {
      for (const count of [-1, 1.5, Number.NaN, Infinity, "4" as never]) {
        expect(() => exactly(count), String(count)).to.throw(RangeError, String(count));
      }
      for (const separator of ["", new Uint8Array(0)]) expect(() => until(separator)).to.throw(RangeError);
      for (const separator of [undefined, 10, null, /x/]) {
        expect(() => until(separator as never)).to.throw(TypeError);
      }
    });

    it("N-59 readExactly(0) gives no bytes, also at the end", async () => {
      const fed = new Fed();
      expect(await fed.readExactly(0)).to.deep.equal(new Uint8Array(0));
      fed.push("x").finish();
      expect(await fed.readExactly(0)).to.deep.equal(new Uint8Array(0));
      expect(await fed.receive()).to.equal("x");
      expect(await fed.readExactly(0)).to.deep.equal(new Uint8Array(0));
    });

    it("N-60 (a) readExactly at the end fails with the partial bytes, which are taken", async () => {
      for (const early of [true, false]) {
        const fed = new Fed().push("four");
        if (early) fed.finish();
        const reading = fed.readExactly(10);
        reading.catch(() => undefined);
        if (!early) fed.finish();
        const error = (await rejectionOf(reading)) as IncompleteReadError;
        expect(error).to.be.instanceOf(IncompleteReadError);
        expect(error.code).to.equal("RENDEZVOUS_INCOMPLETE_READ");
        expect(text(error.partial)).to.equal("four");
        expect(error.expected).to.equal(10);
        expect(fed.chunks.tryReceive()).to.deep.equal({ done: true, value: undefined });
      }
    });

    it("N-60 (b) readUntil at the end fails with the partial bytes and no number", async () => {
      const fed = new Fed().push("four").finish();
      const error = (await rejectionOf(fed.readUntil("\n"))) as IncompleteReadError;
      expect(text(error.partial)).to.equal("four");
      expect(error.expected).to.equal(undefined);
      expect(error.message).to.contain("readUntil").and.contain("nowhere");
    });

    it("readUntil looks for the separator as it was at the call", async () => {
      for (const separator of [bytes(";"), Buffer.from(";")]) {
        const fed = new Fed();
        const reading = fed.readUntil(separator);
        separator.fill(0);
        fed.push("a;b");
        expect(text(await reading)).to.equal("a;");
      }
    });

    it("N-60 (c) readUntil finds its separator at every cut, and takes it", async () => {
      for (const separator of ["\r\n\r\n", bytes("\r\n\r\n")]) {
        for (const chunks of cuts("head\r\n\rmore\r\n\r\nbody")) {
          const fed = new Fed();
          const reading = fed.readUntil(separator);
          fed.push(...chunks);
          expect(text(await reading)).to.equal("head\r\n\rmore\r\n\r\n");
          expect(fed.rest()).to.equal("body");
        }
      }
    });

    it("N-60 (d) readUntil is bounded by maxLine, and takes nothing beyond it", async () => {
      for (const chunks of cuts("12345--")) {
        const fed = new Fed({ maxLine: 4 });
        const reading = fed.readUntil("--");
        reading.catch(() => undefined);
        fed.push(...chunks);
        expect(await rejectionOf(reading)).to.be.instanceOf(RangeError).with.property("message").that.contains("maxLine, 4");
        expect(fed.rest()).to.equal("12345--");
        const fine = new Fed({ maxLine: 5 });
        const next = fine.readUntil("--");
        fine.push(...chunks);
        expect(text(await next)).to.equal("12345--");
      }
    });

    it("N-60 (e) readExactly of more than readBuffer gets more bytes while it waits", async () => {
      const fed = new Fed({ readBuffer: 4 }).push("12345");
      const reading = fed.readExactly(8);
      expect(fed.reader.wanting).to.equal(true);
      fed.push("678", "9");
      expect(text(await reading)).to.equal("12345678");
      expect(fed.rest()).to.equal("9");
    });

    it("the separator may be changed after the call", async () => {
      const fed = new Fed();
      const separator = bytes(";");
      const reading = fed.readUntil(separator);
      separator[0] = 0;
      fed.push("a;b");
      expect(text(await reading)).to.equal("a;");
    });
  });

  describe("in line", () => {
    it("N-45 two receives: each chunk goes to one of them, in order", async () => {
      const fed = new Fed();
      const reads = [fed.receive(), fed.receive()];
      fed.push("one", "two");
      expect(await Promise.all(reads)).to.deep.equal(["one", "two"]);
    });

    it("N-46 two line reads get whole lines, in order", async () => {
      for (const chunks of cuts("first\nsecond\n")) {
        const fed = new Fed();
        const reads = [fed.readLine(), fed.readLine()];
        fed.push(...chunks);
        expect(await Promise.all(reads)).to.deep.equal(["first", "second"]);
      }
    });

    it("N-61 (a) lines, exact reads, separators and receives mixed: nothing is lost, in order, at every cut (reader.ts 1)", async () => {
      for (const chunks of cuts("line one\r\n12345until;rest")) {
        for (const early of [true, false]) {
          const fed = new Fed();
          if (early) fed.push(...chunks);
          const reads = [fed.readLine(), fed.readExactly(5), fed.readUntil(";")] as const;
          if (!early) fed.push(...chunks);
          expect(await reads[0]).to.equal("line one");
          expect(text(await reads[1])).to.equal("12345");
          expect(text(await reads[2])).to.equal("until;");
          expect(fed.rest()).to.equal("rest");
        }
      }
    });

    it("N-61 (b) no read passes one that waits for more, polls and tries included (reader.ts 2)", async () => {
      const fed = new Fed().push("abc");
      const first = fed.readExactly(5);
      const second = fed.receive();
      expect(fed.chunks.tryReceive()).to.equal(undefined);
      expect(poll(fed.chunks.receiving())).to.equal(undefined);
      expect(await isPending(second)).to.equal(true);
      fed.push("defg");
      expect(text(await first)).to.equal("abcde");
      expect(await second).to.equal("fg");
    });

    it("N-61 (e) a read of lines that are there already passes no other, lets more come, and ends with its view", async () => {
      const fed = new Fed({ readBuffer: 8 });
      const lines = fed.lines();
      fed.push("one\ntwo\n");
      const waiting = fed.readExactly(10);
      const next = lines.next();
      expect(await isPending(next)).to.equal(true);
      fed.push("..three\nfour\nfive\n");
      expect(text(await waiting)).to.equal("one\ntwo\n..");
      expect(await next).to.deep.equal({ done: false, value: "three" });
      const { wanted } = fed;
      expect(await lines.next()).to.deep.equal({ done: false, value: "four" });
      expect(fed.wanted).to.be.above(wanted);
      lines.cancel();
      expect(await lines.next()).to.deep.equal({ done: true, value: undefined });
      expect(fed.rest()).to.equal("five\n");
    });

    it("N-61 (c) random reads of random chunks give back every byte, in order", async () => {
      let state = seedOfRun >>> 0;
      const below = (count: number): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * count);
      };
      for (let round = 0; round < 200; round++) {
        const all = Array.from({ length: below(60) }, () => "ab\n;"[below(4)]).join("");
        const fed = new Fed({ readBuffer: 1 + below(8), maxLine: 100 });
        const log: string[] = [];
        let read = "";
        const pushing = (async () => {
          for (let at = 0; at < all.length;) {
            const length = 1 + below(7);
            fed.push(all.slice(at, at + length));
            at += length;
            if (below(2) === 0) await settle();
          }
          fed.finish();
        })();
        for (let ended = false; !ended;) {
          const kind = below(5);
          log.push(String(kind));
          if (kind === 0) {
            const line = await fed.readLine();
            if (line === undefined) ended = true;
            else read += read.length + line.length < all.length ? `${line}\n` : line;
          } else if (kind === 1) {
            const result = await fed.chunks.next();
            if (result.done === true) ended = true;
            else read += text(result.value);
          } else if (kind === 4) {
            const controller = new AbortController();
            const reading = fed.readExactly(1 + below(9), controller.signal);
            queueMicrotask(() => controller.abort());
            read += await reading.then(text, (error: unknown) => (error instanceof IncompleteReadError ? text(error.partial) : ""));
          } else {
            const reading = kind === 2 ? fed.readExactly(below(9)) : fed.readUntil(";");
            read += await reading.then(text, (error: unknown) => text((error as IncompleteReadError).partial));
          }
        }
        await pushing;
        expect(read, `seed ${seedOfRun}, round ${round}, reads ${log.join("")}`).to.equal(all);
      }
    });

    it("N-47 (b) many lines in long chunks, of one and of several bytes a character, valid or not, with other reads between (short-lines.ts 1)", async () => {
      let state = seedOfRun >>> 0;
      const below = (count: number): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * count);
      };
      const words = ["plain text", "x".repeat(50), "caf\u00e9 \u{1F600}", "", "a\rb", "\u00ff\u00fe"];
      for (let round = 0; round < 40; round++) {
        // Mostly plain, so that whole blocks are; now and then bytes that are no UTF-8, or a line that is too long.
        const lines = Array.from({ length: 400 }, () => {
          const kind = below(100);
          if (kind === 0) return Buffer.from([0x62, 0xff, 0x63]);
          if (kind === 1) return Buffer.from("y".repeat(120));
          return Buffer.from(words[below(round % 2 === 0 ? 2 : words.length)] as string);
        });
        const all = Buffer.concat(lines.flatMap((line) => [line, Buffer.from(below(2) === 0 ? "\n" : "\r\n")]));
        const fed = new Fed({ maxLine: 100, readBuffer: 8192 });
        for (let at = 0; at < all.length;) {
          const length = 1 + below(6000);
          fed.push(all.subarray(at, at + length));
          at += length;
        }
        fed.finish();
        for (const [index, line] of lines.entries()) {
          const place = `seed ${seedOfRun}, round ${round}, line ${index}`;
          const bare = line.toString("utf8");
          const way = below(10);
          if (line.length > 100) {
            expect(await rejectionOf(fed.readLine()), place).to.be.instanceOf(RangeError);
          } else if (way === 0) {
            expect(text(await fed.readUntil("\n")).replace(/\r?\n$/, ""), place).to.equal(bare);
          } else if (way === 1) {
            expect(text(await fed.readExactly(line.length)), place).to.equal(bare);
            expect(await fed.readLine(), place).to.equal("");
          } else if (way === 2 && bare === line.toString("latin1")) {
            expect(await fed.readLine(true), place).to.equal(bare);
          } else {
            expect(way % 2 === 0 ? await fed.readLine() : (await fed.lines().next()).value, place).to.equal(bare);
          }
        }
        expect(await fed.readLine()).to.equal(undefined);
      }
    });

    it("N-40 (b) a withdrawn read of any kind takes nothing, and the reads behind it go on with the bytes that are there (reader.ts 3)", async () => {
      const kinds: ((fed: Fed, signal: AbortSignal) => Promise<unknown>)[] = [
        (fed, signal) => fed.readExactly(10, signal),
        (fed, signal) => fed.readUntil(";", signal),
        (fed, signal) => fed.readLine(false, signal),
        (fed, signal) => fed.lines().receive({ signal }),
        (fed, signal) => fed.lines().next({ signal }),
      ];
      for (const kind of kinds) {
        const fed = new Fed();
        const controller = new AbortController();
        const first = kind(fed, controller.signal);
        const second = fed.receive();
        const third = fed.receive();
        fed.push("abc");
        expect(await isPending(second)).to.equal(true);
        controller.abort("enough");
        expect(await rejectionOf(first)).to.equal("enough");
        expect(await second).to.equal("abc");
        expect(await isPending(third)).to.equal(true);
        fed.push("def");
        expect(await third).to.equal("def");
      }
    });

    it("N-44 (b) one select that reads in several ways takes by one of them, and when another case wins by none (units.ts 1)", async () => {
      const fed = new Fed().push("abc");
      const quiet = chan<string>();
      const first = select({ one: fed.lines().receiving(), two: fed.lines().nexting(), quiet: quiet.receiving() });
      fed.push("d");
      quiet.trySend("x");
      expect(await first).to.deep.equal({ case: "quiet", value: "x" });
      const second = select({ one: fed.lines().receiving(), two: fed.lines().receiving() });
      fed.push("e\nf\n");
      expect((await second).value).to.equal("abcde");
      expect(fed.rest()).to.equal("f\n");
    });
  });

  describe("the end", () => {
    const failure = new Error("reset");

    it("comes after the bytes before it; an error sticks, and leaves the beginning of a line for receive", async () => {
      const fed = new Fed().push("line\npart");
      fed.reader.fail(failure);
      expect(await fed.readLine()).to.equal("line");
      for (const read of [fed.readLine(), fed.readExactly(10), fed.readUntil(";"), fed.lines().next()]) {
        expect(await rejectionOf(read)).to.equal(failure);
      }
      expect(await fed.receive()).to.equal("part");
      for (const read of [fed.readLine(), fed.receive(), fed.chunks.next(), fed.readExactly(1)]) expect(await rejectionOf(read)).to.equal(failure);
      expect(() => fed.chunks.tryReceive()).to.throw(failure);
    });

    it("N-26 (b) comes again every time, in the way of each verb", async () => {
      const fed = new Fed().push("abc").finish();
      expect(await fed.receive()).to.equal("abc");
      for (let times = 0; times < 3; times++) {
        expect(await fed.chunks.next()).to.deep.equal({ done: true, value: undefined });
        expect(fed.chunks.tryReceive()).to.deep.equal({ done: true, value: undefined });
        expect(await fed.readLine()).to.equal(undefined);
        expect(await rejectionOf(fed.receive())).to.be.instanceOf(ClosedError).with.property("message").that.contains("nowhere");
        expect(await rejectionOf(fed.readExactly(1))).to.be.instanceOf(IncompleteReadError);
      }
      const selected = await rejectionOf(select({ bytes: fed.chunks.receiving() }));
      expect(selected).to.be.instanceOf(ClosedError).with.property("case", "bytes");
    });

    it("wakes all waiting reads, each in the form of its verb", async () => {
      const expected = {
        peer: ["done", undefined, ClosedError, IncompleteReadError],
        failure: [failure, failure, failure, failure],
        close: ["done", ClosedError, ClosedError, ClosedError],
        cancel: ["done", undefined, ClosedError, IncompleteReadError],
      };
      for (const [by, outcomes] of Object.entries(expected)) {
        const fed = new Fed();
        const reads = [fed.chunks.next(), fed.readLine(), fed.receive(), fed.readExactly(3)];
        const settled = Promise.allSettled(reads);
        if (by === "peer") fed.reader.finish();
        if (by === "failure") fed.reader.fail(failure);
        if (by === "close") fed.reader.close("why");
        if (by === "cancel") expect(fed.reader.cancel("why")).to.equal(true);
        const seen = (await settled).map((result) =>
          result.status === "rejected"
            ? result.reason === failure ? failure : (result.reason as Error).constructor
            : (result.value as { done?: boolean } | undefined)?.done === true ? "done" : result.value,
        );
        expect(seen, by).to.deep.equal(outcomes);
      }
    });

    it("by this side takes effect at once, and drops buffered and later bytes (inbound.ts 1)", async () => {
      for (const by of ["close", "cancel"] as const) {
        const fed = new Fed({ readBuffer: 4 }).push("abcdef");
        expect(fed.reader.wanting).to.equal(false);
        const { wanted } = fed;
        fed.reader[by]("why");
        expect(fed.wanted).to.be.above(wanted);
        fed.push("more").finish();
        expect(fed.reader.wanting).to.equal(true);
        expect(fed.rest()).to.equal("");
        expect(await rejectionOf(fed.receive())).to.be.instanceOf(ClosedError).with.property("cause", "why");
        expect(fed.reader.cancel("again")).to.equal(false);
      }
    });
  });

  describe("bounds", () => {
    it("N-19 (b) the reader asks for more only while it holds less than readBuffer, or while a read waits (reader.ts 4)", async () => {
      const fed = new Fed({ readBuffer: 8 });
      expect(fed.reader.wanting).to.equal(true);
      fed.push("1234567");
      expect(fed.reader.wanting).to.equal(true);
      fed.push("8");
      expect(fed.reader.wanting).to.equal(false);
      const { wanted } = fed;
      expect(text(await fed.readExactly(1))).to.equal("1");
      expect(fed.reader.wanting).to.equal(true);
      expect(fed.wanted).to.be.above(wanted);
    });

    it("a receive gives 1 to readBuffer bytes", async () => {
      const fed = new Fed({ readBuffer: 4 }).push(new Uint8Array(0), "123456789");
      expect([await fed.receive(), await fed.receive(), await fed.receive()]).to.deep.equal(["1234", "5678", "9"]);
      expect(fed.chunks.tryReceive()).to.equal(undefined);
    });

    it("bytes once delivered are never written to again (bytes.ts 3)", async () => {
      const fed = new Fed({ readBuffer: 16 });
      const delivered: [Uint8Array, string][] = [];
      for (let round = 0; round < 50; round++) {
        fed.push(`chunk ${round};`, "and;");
        for (let reads = 0; reads < 2; reads++) {
          const piece = await fed.readUntil(";");
          delivered.push([piece, text(piece)]);
        }
        fed.push("x");
        const piece = await fed.chunks.receive();
        delivered.push([piece, text(piece)]);
      }
      for (const [piece, was] of delivered) expect(text(piece)).to.equal(was);
    });

    /** The steps of a reading that go through memory: how many bytes its searches and copies have looked at. */
    async function looked(body: () => Promise<void>): Promise<number> {
      let count = 0;
      const memory = Buffer.prototype as Buffer;
      const indexOf = Reflect.get(memory, "indexOf") as (this: Buffer, wanted: number | Uint8Array, from: number) => number;
      const copy = Reflect.get(memory, "copy") as (this: Buffer, target: Uint8Array, ...where: number[]) => number;
      const set = Reflect.get(memory, "set") as (this: Buffer, source: ArrayLike<number>, offset: number) => void;
      const counting = {
        indexOf(this: Buffer, wanted: number | Uint8Array, from: number): number {
          const found = indexOf.call(this, wanted, from);
          count += (found === -1 ? this.length : found) - from + 1;
          return found;
        },
        copy(this: Buffer, target: Uint8Array, ...where: number[]): number {
          const copied = copy.call(this, target, ...where);
          count += copied;
          return copied;
        },
        set(this: Buffer, source: ArrayLike<number>, offset: number): void {
          count += source.length;
          set.call(this, source, offset);
        },
      };
      try {
        Object.assign(memory, counting);
        await body();
      } finally {
        Object.assign(memory, { indexOf, copy });
        Reflect.deleteProperty(memory, "set"); // inherited
      }
      return count;
    }

    it("100,000 short lines in one chunk take linear work", async () => {
      const count = 100_000;
      const all = "short\n".repeat(count);
      let lines = 0;
      const work = await looked(async () => {
        const fed = new Fed().push(all).finish();
        while ((await fed.readLine()) !== undefined) lines++;
      });
      expect(lines).to.equal(count);
      expect(work).to.be.below(4 * all.length);
    });

    it("a line of 64 KiB that comes byte by byte takes linear work, waited for or not (bytes.ts 1)", async () => {
      const length = 65_536;
      for (const waiting of [true, false]) {
        let line: string | undefined;
        const work = await looked(async () => {
          const fed = new Fed();
          const early = waiting ? fed.readLine() : undefined;
          for (let at = 0; at < length; at++) fed.push("x");
          fed.push("\n");
          line = await (early ?? fed.readLine());
        });
        expect(line).to.have.length(length);
        expect(work).to.be.below(8 * length);
      }
    });

    it("a separator that comes byte by byte takes linear work (units.ts 4)", async () => {
      const length = 65_530;
      const work = await looked(async () => {
        const fed = new Fed();
        const reading = fed.readUntil("\r\n\r\n");
        for (let at = 0; at < length; at++) fed.push("\r");
        fed.push("\n\r\n");
        expect(await reading).to.have.length(length + 3);
      });
      expect(work).to.be.below(16 * length);
    });

    it("a read that was given up leaves nothing in the line", async () => {
      const fed = new Fed();
      for (let times = 0; times < 1000; times++) {
        const controller = new AbortController();
        const reading = fed.readLine(false, controller.signal);
        controller.abort("no");
        expect(await rejectionOf(reading)).to.equal("no");
      }
      expect(fed.chunks.tryReceive()).to.equal(undefined);
      fed.push("all");
      expect(fed.chunks.tryReceive()?.value).to.deep.equal(bytes("all"));
    });
  });
});
