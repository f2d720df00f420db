/**
 * Connections at random, over everything that they run over: frames in random pieces, with reads and sends that are given up in between; and
 * connections on which both sides do, and end, as chance has it.
 *
 * Bounded, so that the gate takes seconds. `RENDEZVOUS_FUZZ=1` runs 20,000 frames and 2,000 connections on each; `RENDEZVOUS_SEED` chooses another run.
 */
import { expect } from "chai";
import { chan, select } from "../../../src/index.ts";
import { IncompleteReadError, type Bytes, type Connection } from "../../../src/net/index.ts";
import { seeded } from "../../../src/platform/random.ts";
import { hangUp, openPipes, openSockets, text } from "../../unit/net/support/peers.ts";
import { seedOfRun, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { kinds } from "./carriers.ts";

const whole = process.env["RENDEZVOUS_FUZZ"] !== undefined;
const frames = whole ? 20_000 : 400;
const connections = whole ? 2_000 : 25;

/** Draws from one seed. */
class Chance {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  of<T>(things: readonly T[]): T {
    return things[this.below(things.length)] as T;
  }

  /** Once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** Some turns: none, of promises, of the event loop. */
  async turns(): Promise<void> {
    const kind = this.below(8);
    if (kind === 0) await new Promise((resolve) => setImmediate(resolve));
    else for (let n = this.below(kind + 1); n > 0; n--) await undefined;
  }
}

// -- Frames ----------------------------------------------------------------------------------------------------------------------------

/** A line, or bytes behind their length; now and then more than a buffer holds. */
function frameOf(chance: Chance): Buffer {
  const length = chance.oneIn(200) ? chance.below(150_000) : chance.below(60);
  const body = Buffer.alloc(length, 97 + chance.below(26));
  if (chance.oneIn(2)) return Buffer.concat([Buffer.from("L"), body.subarray(0, 50_000), Buffer.from("\n")]);
  return Buffer.concat([Buffer.from(`B${String(length).padStart(6, "0")}`), body]); // digits, which are the same as text and as bytes
}

/** Sends all of it, cut where chance has it, in every way there is; sends that are given up are sent again. */
async function sendInPieces(connection: Connection, all: Buffer, chance: Chance): Promise<void> {
  const given: Promise<void>[] = [];
  const other = chan<string>(1);
  for (let at = 0; at < all.length;) {
    const piece = all.subarray(at, at + 1 + chance.below(chance.oneIn(20) ? 100_000 : 100));
    const middle = chance.below(piece.length + 1);
    const data: Bytes = chance.of([piece, text(piece), [piece.subarray(0, middle), text(piece.subarray(middle))]]);
    at += piece.length;
    switch (chance.below(8)) {
      case 0:
        if (!connection.trySend(data)) at -= piece.length;
        break;
      case 1: // another case is ready
        other.trySend("won");
        expect((await select({ out: connection.sending(data), other: other.receiving() }, { order: chance.of(["listed", "random"]) })).case).to.equal("other");
        at -= piece.length;
        break;
      case 2:
        await select({ out: connection.sending(data), never: chan<string>().receiving() });
        break;
      case 3: { // given up while it stands in line, behind one that is not
        const controller = new AbortController();
        given.push(connection.send(piece.subarray(0, middle / 2)), connection.send(piece.subarray(middle / 2, middle)));
        const sending = connection.send(piece.subarray(middle), { signal: controller.signal }).then(() => true, (error: unknown) => {
          expect(error).to.equal("given up");
          return false;
        });
        if (connection.statistics.waitingSends > 1) controller.abort("given up");
        if (!(await sending)) at -= piece.length - middle;
        break;
      }
      case 4: await connection.send(data); break;
      default: given.push(connection.send(data));
    }
    if (chance.oneIn(4)) await chance.turns();
  }
  await Promise.all(given);
  await connection.closeWrite();
}

/** Reads once, in one of the ways there are; reads that are given up are tried again. */
async function read<T>(chance: Chance, reads: { do(signal?: AbortSignal): Promise<T>; as(connection: Connection): ReturnType<Connection["readingExactly"]> }, connection: Connection): Promise<T | Uint8Array> {
  for (;;) {
    const kind = chance.below(4);
    if (kind > 1) return reads.do();
    const giveUp = chan<string>();
    const controller = new AbortController();
    const reading = kind === 0
      ? reads.do(controller.signal).then((value) => ({ value }), (error: unknown) => { if (error === "given up") return undefined; throw error; })
      : select({ value: reads.as(connection), giveUp: giveUp.receiving() }).then((done) => (done.case === "value" ? { value: done.value } : undefined));
    await chance.turns();
    controller.abort("given up");
    giveUp.trySend("given up");
    const got = await reading;
    if (got !== undefined) return got.value;
  }
}

async function readFrame(connection: Connection, chance: Chance): Promise<string> {
  const exactly = (count: number): Promise<Uint8Array> =>
    read(chance, { do: (signal) => connection.readExactly(count, { signal }), as: (each) => each.readingExactly(count) }, connection);
  if (chance.oneIn(5)) await read(chance, { do: (signal) => connection.peek(3, { signal }), as: (each) => each.peeking(3) }, connection);
  const kind = text(await exactly(1));
  if (kind === "L") {
    if (chance.oneIn(2)) return `L${(await connection.readLine()) ?? "the end"}\n`;
    return kind + text(await read(chance, { do: (signal) => connection.readUntil(["\n", "no such thing"], { signal }), as: (each) => each.readingUntil("\n") }, connection));
  }
  const length = text(await exactly(6));
  return kind + length + text(await exactly(Number(length)));
}

// -- Connections -----------------------------------------------------------------------------------------------------------------------

/** What is sent: from each place on it is known what follows. */
const stream = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at % 11 === 10 ? 10 : 97 + ((at * 7 + (at >> 8)) % 26))));

/** One side of a connection that does things at random, and what came of it. */
class Side {
  readonly #connection: Connection;
  readonly #chance: Chance;
  sent = 0;
  got = "";
  /** It has seen its peer's end, and not its own. */
  sawEnd = false;
  #gaveUp = false;
  /** It has ended in good order, or not yet; all that it has sent is to arrive. */
  orderly = true;
  #noted: Promise<void> = Promise.resolve();
  readonly begun: Promise<unknown>[] = [];

  constructor(connection: Connection, chance: Chance) {
    this.#connection = connection;
    this.#chance = chance;
  }

  async run(): Promise<void> {
    for (let steps = this.#chance.below(12); steps > 0; steps--) await this.#step();
    this.#end();
    await this.#chance.turns();
  }

  async #step(): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    const isRead = this.#chance.oneIn(2);
    let over = false;
    const doing = (isRead ? this.#read(signal) : this.#send(signal)).catch(() => undefined).then(() => { over = true; });
    this.begun.push(doing);
    for (let tries = 0; !over && tries < 3; tries++) await this.#chance.turns();
    if (over || this.#chance.oneIn(3)) return;
    if (!isRead) this.orderly = false; // perhaps in the middle of its bytes
    controller.abort("given up");
    await doing;
  }

  async #send(signal: AbortSignal): Promise<void> {
    if (!this.orderly) return; // behind what was perhaps not sent there would be a gap
    const length = this.#chance.of([0, 1, 30, 3000, 100_000]);
    const piece = stream.subarray(this.sent, this.sent + this.#chance.below(length + 1));
    if (this.#chance.oneIn(5)) {
      if (this.#connection.trySend(piece)) this.sent += piece.length;
      return;
    }
    this.sent += piece.length; // so that what is sent meanwhile follows it
    try {
      if (this.#chance.oneIn(3)) await select({ out: this.#connection.sending(piece) }, { signal });
      else await this.#connection.send(piece, { signal });
    } catch (error) {
      this.orderly = false; // nobody knows how much of it has left
      throw error;
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const connection = this.#connection;
    const wanted = this.#chance.below(5000);
    const reading = this.#chance.of([
      () => connection.receive({ signal }),
      () => connection.readExactly(wanted, { signal }),
      () => connection.readUntil("\n", { signal }),
      () => select({ chunk: connection.receiving() }, { signal }).then(({ value }) => value),
      async () => {
        await connection.peek(this.#chance.below(100), { signal });
        return new Uint8Array();
      },
      async () => {
        const next = await connection.next({ signal });
        if (next.done === true && !this.#gaveUp) this.sawEnd = true;
        return next.value ?? new Uint8Array();
      },
    ])();
    // Reads come in the order of their calls, and are noted in that order.
    const bytes = reading.catch((error: unknown) => (error instanceof IncompleteReadError ? error.partial : new Uint8Array()));
    this.#noted = this.#noted.then(async () => { this.got += text(await bytes); });
    this.begun.push(this.#noted);
    await bytes;
  }

  /** From here on an end that it sees may be its own. */
  giveUp(): void {
    this.#gaveUp = true;
  }

  #end(): void {
    const connection = this.#connection;
    const ends: [orderly: boolean, end: () => unknown][] = [
      [true, () => undefined],
      [true, () => connection.close()],
      [true, () => connection.closeWrite()],
      [true, () => {
        this.giveUp();
        return connection.cancel("enough");
      }],
      [false, () => connection.shutdown()],
      [false, () => connection.close(new Error("why"))],
      [false, () => { connection.destroy(); }],
      [false, () => { connection.destroy(new Error("why")); }],
      [false, () => { connection.reset("why"); }],
    ];
    for (let times = 1 + this.#chance.below(2); times > 0; times--) {
      const [orderly, end] = this.#chance.of(ends);
      if (!orderly) this.orderly = false;
      this.begun.push(Promise.resolve(end()).catch(() => undefined));
    }
  }
}

/** Whether all of them have settled; waits for that, for as many turns as anything here may take. */
async function allSettle(promises: readonly Promise<unknown>[]): Promise<boolean> {
  let left = promises.length;
  for (const promise of promises) void promise.catch(() => undefined).then(() => { left--; });
  for (let turns = 0; left > 0 && turns < 5000; turns++) await settle();
  return left === 0;
}

describe("connections at random", () => {
  afterEach(hangUp);
  for (const [index, [kind, pair]] of Object.entries(kinds).entries()) {
    const seed = seedOfRun + index;

    it(`N-90 over ${kind}, frames in random pieces, with reads and sends that are given up: none is lost, both ways`, async () => {
      const chance = new Chance(seed);
      const { ours, theirs } = await pair({ readBuffer: 1 + chance.below(5000), maxLine: 100_000 });
      const there = Array.from({ length: frames / 2 }, () => frameOf(chance));
      const back = Array.from({ length: frames / 2 }, () => frameOf(chance));
      const receive = async (connection: Connection, expected: readonly Buffer[], own: Chance): Promise<void> => {
        for (const [at, frame] of expected.entries()) {
          const got = await readFrame(connection, own);
          expect(got === text(frame), `seed ${seed}, frame ${at}`).to.equal(true);
        }
        expect(await connection.next(), `seed ${seed}`).to.deep.equal({ done: true, value: undefined });
      };
      await Promise.all([
        sendInPieces(ours, Buffer.concat(there), new Chance(seed + 1)), receive(theirs, there, new Chance(seed + 2)),
        sendInPieces(theirs, Buffer.concat(back), new Chance(seed + 3)), receive(ours, back, new Chance(seed + 4)),
      ]);
    }).timeout(whole ? 600_000 : 20_000);

    it(`N-91 over ${kind}, connections that do and end as chance has it: in order, complete where both sides have ended so, all settles, nothing is uncaught, no handle is left`, async () => {
      const [sockets, pipes] = [openSockets(), openPipes()];
      let round = 0;
      const unhandled = await unhandledDuring(async () => {
        for (; round < connections; round++) {
          const chance = new Chance(seed * 1000 + round);
          const { ours, theirs } = await pair({ readBuffer: 1 + chance.below(5000), linger: Infinity });
          const sides = [ours, theirs].map((connection, side) => new Side(connection, new Chance((seed * 1000 + round) * 2 + side)));
          await Promise.all(sides.map((side) => side.run()));
          await settle();
          for (const side of sides) side.giveUp(); // reads that still wait see an end that is not the peer's
          for (const connection of [ours, theirs]) connection.destroy();
          const told = `RENDEZVOUS_SEED=${seedOfRun}, connection ${round}`;
          expect(await allSettle([ours.ended, theirs.ended, ...sides.flatMap(({ begun }) => begun)]), told).to.equal(true);
          for (const [self, other] of [sides, sides.toReversed()] as [Side, Side][]) {
            expect(stream.toString("latin1", 0, self.got.length) === self.got, told).to.equal(true);
            expect(self.got.length, told).to.be.at.most(other.sent);
            if (self.sawEnd && self.orderly && other.orderly) expect(self.got.length, told).to.equal(other.sent);
          }
        }
        await hangUp();
      });
      expect(unhandled, `seed ${seedOfRun}`).to.deep.equal([]);
      expect([openSockets(), openPipes()]).to.deep.equal([sockets, pipes]);
    }).timeout(whole ? 600_000 : 20_000);
  }
});
