/**
 * Node streams and web streams, in and out: 10 MB each way whole, and cut at every tenth chunk. Each byte says where it stands, so that what is lost,
 * doubled or out of order shows.
 */
import { Readable, Writable } from "node:stream";
import { expect } from "chai";
import { chan, ClosedError, scope } from "../../../src/node.ts";
import { flow, senderTo, toReadable, toWritable, type SinkSender, type Source } from "../../../src/flow/index.ts";
import { expectNoLeaks } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { errorOf, upTo } from "./support.ts";

const size = 64 * 1024;
const chunks = 160; // 10 MiB
const failure = new Error("cut");
const whole = upTo(251).map((byte) => new Uint8Array(size).fill(byte));
const chunkOf = (n: number): Uint8Array => whole[n % 251] as Uint8Array;
/** The number that a chunk begins with: all of it has to be the same. */
const numberOf = (chunk: Uint8Array): number => {
  const [first = -1] = chunk;
  if (Buffer.compare(chunk, chunkOf(first)) !== 0) throw new Error("chunks are mixed");
  return first;
};
const cuts = upTo(chunks / 10).map((n) => n * 10);

/** A Node stream of all chunks; `end` is called once it is destroyed. */
function nodeSource(failsAt = Infinity): Readable {
  let n = 0;
  return new Readable({
    objectMode: true, // chunks as they were given
    highWaterMark: 2,
    read() {
      setImmediate(() => {
        if (n === failsAt) this.destroy(failure);
        else this.push(n < chunks ? chunkOf(n++) : null);
      });
    },
  });
}

function webSource(failsAt = Infinity): ReadableStream<Uint8Array> {
  let n = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => { setImmediate(resolve); });
      if (n === failsAt) throw failure;
      if (n < chunks) controller.enqueue(chunkOf(n++));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

interface Sunk { sink: Writable | WritableStream<Uint8Array>; got: number[]; ended: () => boolean; cut: () => void; isLeft: () => boolean }

function nodeSink(): Sunk {
  const got: number[] = [];
  let ended = false;
  const sink = new Writable({
    highWaterMark: 2 * size,
    write(chunk: Uint8Array, _encoding, done) { setImmediate(() => { got.push(numberOf(chunk)); done(); }); },
    final(done) { ended = true; done(); },
  });
  const isLeft = (): boolean => ["drain", "finish", "close", "error"].some((name) => sink.listenerCount(name) > 0);
  return { sink, got, ended: () => ended, cut: () => sink.destroy(failure), isLeft };
}

function webSink(): Sunk {
  const got: number[] = [];
  let ended = false;
  let fail!: (error: unknown) => void;
  const sink = new WritableStream<Uint8Array>({
    start(controller) { fail = (error) => { controller.error(error); }; },
    async write(chunk) {
      await new Promise((resolve) => { setImmediate(resolve); });
      got.push(numberOf(chunk));
    },
    close() { ended = true; },
  });
  return { sink, got, ended: () => ended, cut: () => { fail(failure); }, isLeft: () => sink.locked };
}

const sources: Record<string, (failsAt?: number) => Readable | ReadableStream<Uint8Array>> = { "a Node stream": nodeSource, "a web stream": webSource };
const sinks: Record<string, () => Sunk> = { "a Node stream": nodeSink, "a web stream": webSink };
const all = upTo(chunks).map((n) => n % 251);

/** Nothing is left, and no rejection was unhandled. */
async function clean(body: () => Promise<unknown>): Promise<void> {
  expect(await unhandledDuring(() => expectNoLeaks(body))).to.deep.equal([]);
}

function expectLeft(source: Readable | ReadableStream<Uint8Array>): void {
  if (source instanceof Readable) {
    expect(source.destroyed).to.equal(true);
    for (const name of ["readable", "end", "close", "error"]) expect(source.listenerCount(name), name).to.equal(0);
  } else expect(source.locked).to.equal(false);
}

describe("10 MB in and out of streams", () => {
  for (const [from, makeSource] of Object.entries(sources)) {
    for (const [to, makeSink] of Object.entries(sinks)) {
      it(`from ${from} to ${to}: all bytes, in order, and flushed`, async () => {
        await clean(async () => {
          const source = makeSource();
          const { sink, got, ended, isLeft } = makeSink();
          const out = senderTo(sink as WritableStream<Uint8Array>);
          expect(await flow(source as Source<Uint8Array>).into(out)).to.equal(true);
          await out.shutdown();
          expect(got).to.deep.equal(all);
          expect(ended()).to.equal(true);
          await settle();
          expectLeft(source);
          expect(isLeft()).to.equal(false);
        });
      });
    }

    it(`${from} in, left at every tenth chunk: what was received is whole and in order, the source is destroyed`, async () => {
      for (const cut of cuts) {
        await clean(async () => {
          const source = makeSource();
          const got: number[] = [];
          for await (const chunk of flow(source as Source<Uint8Array>)) {
            got.push(numberOf(chunk));
            if (got.length > cut) break;
          }
          expect(got).to.deep.equal(all.slice(0, cut + 1));
          await settle();
          expectLeft(source);
        });
      }
    });

    it(`${from} in, which fails at every tenth chunk: all chunks before that, then the error`, async () => {
      for (const cut of cuts) {
        await clean(async () => {
          const source = makeSource(cut);
          const got: number[] = [];
          const values = flow(source as Source<Uint8Array>);
          expect(await errorOf(values.forEach((chunk) => { got.push(numberOf(chunk)); }))).to.equal(failure);
          expect(got).to.deep.equal(all.slice(0, cut));
          expect(await errorOf(values.receive())).to.equal(failure);
          await settle();
          expectLeft(source);
        });
      }
    });

    it(`${from} in, whose reader is cancelled at every tenth chunk`, async () => {
      for (const cut of cuts) {
        await clean(async () => {
          const source = makeSource();
          const got: number[] = [];
          await scope(async (s) => {
            await flow(source as Source<Uint8Array>).forEach((chunk) => {
              got.push(numberOf(chunk));
              if (got.length > cut) s.cancel("enough");
            });
          }).catch(() => undefined);
          expect(got).to.deep.equal(all.slice(0, cut + 1));
          await settle();
          expectLeft(source);
        });
      }
    });
  }

  for (const [to, makeSink] of Object.entries(sinks)) {
    /** Sends all chunks until one is refused. Gives how many were accepted, and why. */
    const sendAll = async (out: SinkSender<Uint8Array>, signal?: AbortSignal, sent: (n: number) => void = () => undefined): Promise<[number, unknown]> => {
      for (const n of upTo(chunks)) {
        try {
          await out.send(chunkOf(n), { signal });
        } catch (error) {
          return [n, error];
        }
        sent(n);
      }
      return [chunks, undefined];
    };

    it(`${to} out, destroyed at every tenth chunk: sends reject in order, the error is shutdown's`, async () => {
      for (const cut of cuts) {
        await clean(async () => {
          const { sink, got, ended, cut: destroy, isLeft } = makeSink();
          const out = senderTo(sink as WritableStream<Uint8Array>);
          const [accepted, error] = await sendAll(out, undefined, (n) => { if (n === cut) destroy(); });
          const shut = errorOf(out.shutdown());
          expect(accepted).to.be.within(cut + 1, cut + 4);
          expect(error).to.be.instanceOf(ClosedError);
          expect(await shut).to.equal(failure);
          expect(await errorOf(out.send(chunkOf(0)))).to.be.instanceOf(ClosedError).with.property("cause", failure);
          await settle();
          expect(got).to.deep.equal(all.slice(0, got.length));
          expect(got.length).to.be.at.most(accepted);
          expect(ended()).to.equal(false);
          expect(isLeft()).to.equal(false);
        });
      }
    });

    it(`${to} out, given up at every tenth chunk: what was accepted is written, and nothing else`, async () => {
      for (const cut of cuts) {
        await clean(async () => {
          const { sink, got, ended, isLeft } = makeSink();
          const out = senderTo(sink as WritableStream<Uint8Array>);
          const giving = new AbortController();
          const [accepted, error] = await sendAll(out, giving.signal, (n) => { if (n === cut) queueMicrotask(() => { giving.abort("enough"); }); });
          expect(error).to.equal("enough");
          await out.shutdown();
          expect(got).to.deep.equal(all.slice(0, accepted));
          expect(ended()).to.equal(true);
          await settle();
          expect(isLeft()).to.equal(false);
        });
      }
    });
  }

  it("through a channel as web streams: all bytes, in order", async () => {
    await clean(async () => {
      const ch = chan<Uint8Array>();
      const piping = webSource().pipeTo(toWritable(ch));
      const { sink, got } = webSink();
      await toReadable(ch).pipeTo(sink as WritableStream<Uint8Array>);
      await piping;
      expect(got).to.deep.equal(all);
    });
  });

  it("through a channel as web streams, aborted at every tenth chunk: what was read is whole, then the reason", async () => {
    for (const cut of cuts) {
      await clean(async () => {
        const ch = chan<Uint8Array>();
        const giving = new AbortController();
        const piping = errorOf(webSource().pipeTo(toWritable(ch), { signal: giving.signal }));
        const got: number[] = [];
        const reader = toReadable(ch).getReader();
        const reading = async (): Promise<void> => {
          for (let read = await reader.read(); !read.done; read = await reader.read()) {
            got.push(numberOf(read.value));
            if (got.length > cut) giving.abort(failure);
          }
        };
        expect(await errorOf(reading())).to.equal(failure);
        expect(await piping).to.equal(failure);
        expect(got).to.deep.equal(all.slice(0, got.length));
        expect(got.length).to.be.within(cut + 1, cut + 2);
      });
    }
  });

  it("through a channel as web streams, cancelled at every tenth chunk: the source is cancelled", async () => {
    for (const cut of cuts) {
      await clean(async () => {
        const ch = chan<Uint8Array>();
        const piping = errorOf(webSource().pipeTo(toWritable(ch)));
        const reader = toReadable(ch).getReader();
        const got: number[] = [];
        for (let read = await reader.read(); !read.done && got.push(numberOf(read.value)) <= cut;) read = await reader.read();
        await reader.cancel(failure);
        expect(await piping).to.be.instanceOf(ClosedError).with.property("cause", failure);
        expect(got).to.deep.equal(all.slice(0, cut + 1));
      });
    }
  });
});
