/** Channels and flows as streams, streams as senders. */
import { spawn } from "node:child_process";
import { Duplex, PassThrough, pipeline as pipelineByCallback, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { expect } from "chai";
import { chan, ClosedError, go, scope, select, sleeping, type Channel, type Sender } from "../../../src/node.ts";
import { flow, hearing, senderTo, toReadable, toWritable } from "../../../src/flow/index.ts";
import { expectNoLeaks } from "../../../src/testing/index.ts";
import { textArguments } from "../../support/runtime.ts";
import { isPending, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { errorOf, holding, upTo } from "./support.ts";

const failure = new Error("it failed");
const events = (stream: Writable | Readable): number => ["drain", "finish", "close", "error", "readable", "end"].reduce((sum, name) => sum + stream.listenerCount(name), 0);

/** A Node writable whose writes are finished from outside. */
function stalled(options: ConstructorParameters<typeof Writable>[0] = {}): { stream: Writable; written: unknown[]; go(error?: Error): void } {
  const written: unknown[] = [];
  let proceed: ((error?: Error | null) => void) | undefined;
  const stream = new Writable({ objectMode: true, highWaterMark: 1, ...options, write(value, _encoding, done) { written.push(value); proceed = done; } });
  return { stream, written, go: (error) => { const done = proceed; proceed = undefined; done?.(error); } };
}

/** The same of the web. */
function stalledWeb(): { stream: WritableStream<unknown>; written: unknown[]; go(error?: Error): void; fail(error: unknown): void } {
  const written: unknown[] = [];
  let proceed: ((error?: Error) => void) | undefined;
  let failed!: (error: unknown) => void;
  const stream = new WritableStream<unknown>({
    start(controller) { failed = (error) => { controller.error(error); }; },
    write: (value) => new Promise<void>((resolve, reject) => {
      written.push(value);
      proceed = (error) => { if (error) reject(error); else resolve(); };
    }),
  });
  return { stream, written, go: (error) => { const done = proceed; proceed = undefined; done?.(error); }, fail: (error) => { failed(error); } };
}

describe("toReadable", () => {
  it("FL-135 no send settles before a read, and exactly one after one read (web-streams.ts 1)", async () => {
    const ch = chan<number>();
    const reader = toReadable(ch).getReader();
    const sends = upTo(3).map((n) => ch.send(n));
    await settle();
    expect(await Promise.all(sends.map(isPending))).to.deep.equal([true, true, true]);
    expect(await reader.read()).to.deep.equal({ done: false, value: 0 });
    expect(await Promise.all(sends.map(isPending))).to.deep.equal([false, true, true]);
    ch.cancel();
    await Promise.allSettled(sends);
  });

  it("FL-136 cancelling it cancels the channel with the reason, also while a read is pending", async () => {
    for (const pending of [false, true]) {
      const ch = chan<number>();
      const reader = toReadable(ch).getReader();
      const read = pending ? reader.read() : undefined;
      await settle();
      await reader.cancel("enough");
      if (read) expect(await read).to.deep.equal({ done: true, value: undefined });
      expect(ch.closed).to.equal(true);
      expect(await errorOf(ch.send(1))).to.be.instanceOf(ClosedError).with.property("cause", "enough");
    }
  });

  it("FL-136 cancelling it waits for the clean-up of a flow, and gets its error", async () => {
    let cleaned = false;
    async function* source(): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n++) yield await Promise.resolve(n);
      } finally {
        await settle();
        cleaned = true;
        throw failure;
      }
    }
    const reader = toReadable(flow(source())).getReader();
    await reader.read();
    expect(await errorOf(reader.cancel())).to.equal(failure);
    expect(cleaned).to.equal(true);
  });

  it("FL-136 a value that comes in the turn in which it is cancelled goes to the flow's onDrop (web-streams.ts 2)", async () => {
    const ch = chan<number>();
    const dropped: unknown[] = [];
    const reader = toReadable(flow(ch, { onDrop: (value) => dropped.push(value) })).getReader();
    const read = reader.read();
    await settle();
    expect(ch.trySend(1)).to.equal(true);
    await reader.cancel();
    await settle();
    expect(dropped).to.deep.equal([1]);
    expect((await read).done).to.equal(true);
  });

  it("FL-137 an error comes after the values before it, the very object", async () => {
    const ch = chan<number>(2);
    ch.trySend(1);
    ch.trySend(2);
    ch.close(failure);
    const reader = toReadable(ch).getReader();
    expect([(await reader.read()).value, (await reader.read()).value]).to.deep.equal([1, 2]);
    expect(await errorOf(reader.read())).to.equal(failure);
    expect(await errorOf(reader.closed)).to.equal(failure);
  });

  it("FL-137 a view's function that throws errors it, and cancels the flow's source", async () => {
    const ch = holding([1, 2], false);
    const reader = toReadable(flow(ch).map((n) => { if (n > 1) throw failure; return n; })).getReader();
    expect((await reader.read()).value).to.equal(1);
    expect(await errorOf(reader.read())).to.equal(failure);
    expect(ch.closed).to.equal(true);
  });

  const texts = (): Channel<Uint8Array<ArrayBuffer>> => holding(["some ", "text"].map((text) => new TextEncoder().encode(text)));
  it("FL-137 tee, pipeTo, pipeThrough, Response", async () => {
    const [left, right] = toReadable(texts()).tee();
    expect(await Promise.all([left, right].map((side) => new Response(side).text()))).to.deep.equal(["some text", "some text"]);
    const zipped = toReadable(texts()).pipeThrough(new CompressionStream("gzip") as unknown as TransformStream<Uint8Array, Uint8Array>);
    expect(gunzipSync(Buffer.from(await new Response(zipped).arrayBuffer())).toString()).to.equal("some text");
    const got: number[] = [];
    await toReadable(holding([1, 2, 3])).pipeTo(new WritableStream({ write(n) { got.push(n); } }));
    expect(got).to.deep.equal([1, 2, 3]);
  });

  it("a cancelled task that reads takes nothing back from the stream", async () => {
    const ch = chan<number>();
    const reader = toReadable(ch).getReader();
    let read!: Promise<{ value: number | undefined }>;
    await scope((s) => {
      read = reader.read() as Promise<{ value: number | undefined }>;
      s.cancel("enough");
    }).catch(() => undefined);
    await ch.send(5);
    expect((await read).value).to.equal(5);
    ch.close();
  });

  it("bad input: a TypeError with the cure", () => {
    expect(() => toReadable([1] as never)).to.throw(TypeError, /toReadable\(flow\(values\)\)/);
    expect(() => toReadable(undefined as never)).to.throw(TypeError, /receiver/);
    expect(() => toWritable(flow([1]) as never)).to.throw(TypeError, /as chan\(\)/);
    expect(() => senderTo(5 as never)).to.throw(TypeError, /process\.stdout/);
    expect(() => senderTo(new TransformStream() as never)).to.throw(TypeError, /pair\.writable/);
    expect(() => senderTo(new ReadableStream() as never)).to.throw(TypeError, /flow\(stream\)/);
    const sink = new WritableStream();
    sink.getWriter();
    expect(() => senderTo(sink)).to.throw(TypeError, /locked/);
  });
});

describe("toWritable", () => {
  it("FL-138 a write settles when its value was received; close closes", async () => {
    const ch = chan<number>();
    const writer = toWritable(ch).getWriter();
    const write = writer.write(1);
    expect(await isPending(write)).to.equal(true);
    expect(await ch.receive()).to.equal(1);
    await write;
    const next = ch.next();
    await writer.close();
    expect(await next).to.deep.equal({ done: true, value: undefined });
  });

  it("FL-138 abort withdraws the write that is pending at once, and closes with the reason", async () => {
    const ch = chan<number>();
    const writer = toWritable(ch).getWriter();
    const write = writer.write(1);
    await settle();
    await writer.abort(failure);
    expect(await errorOf(write)).to.equal(failure);
    expect(await errorOf(ch.receive())).to.equal(failure);
  });

  it("FL-138 an abort without a reason is an error too, no clean end", async () => {
    const ch = chan<number>();
    const writer = toWritable(ch).getWriter();
    await writer.abort();
    expect(await errorOf(ch.receive())).to.have.property("name", "AbortError");
  });

  it("FL-139 a pipe into it: when the receiver cancels, pipeTo rejects and its source is cancelled", async () => {
    const ch = chan<number>();
    let cancelled: unknown;
    let n = 0;
    const source = new ReadableStream<number>({ pull(controller) { controller.enqueue(n++); }, cancel(reason) { cancelled = reason; } }, { highWaterMark: 0 });
    const piping = source.pipeTo(toWritable(ch));
    expect([await ch.receive(), await ch.receive()]).to.deep.equal([0, 1]);
    ch.cancel("enough");
    const error = await errorOf(piping);
    expect(error).to.be.instanceOf(ClosedError).with.property("cause", "enough");
    expect(cancelled).to.equal(error);
  });
});

describe("senderTo", () => {
  const sinks: Record<string, () => ReturnType<typeof stalled> | ReturnType<typeof stalledWeb>> = { "a Node writable": () => stalled(), "a web stream": stalledWeb };
  for (const [name, make] of Object.entries(sinks)) {
    const proceed = async (sink: { go(): void }): Promise<void> => {
      sink.go();
      await settle();
    };

    it(`FL-140 ${name}: sends wait while there is no room and go on in order; a withdrawn one wrote nothing (sender-to.ts 1, sinks.ts 1)`, async () => {
      await expectNoLeaks(async () => {
        const sink = make();
        const out = senderTo<number>(sink.stream);
        await out.send(0);
        await settle();
        const giving = new AbortController();
        const waiting = out.send(1);
        const withdrawn = out.send(2, { signal: giving.signal });
        const lost = select({ sent: out.sending(3), late: sleeping(1) });
        const last = out.send(4);
        expect(out.trySend(5)).to.equal(false);
        expect(await isPending(waiting)).to.equal(true);
        expect(String(out)).to.match(/^Sender to "sink-\d+" \(\d senders wait\)$/);
        giving.abort("gone");
        expect(await errorOf(withdrawn)).to.equal("gone");
        expect((await lost).case).to.equal("late");
        await proceed(sink);
        await waiting;
        expect(await isPending(last)).to.equal(true);
        await proceed(sink);
        await last;
        await proceed(sink);
        await out.shutdown();
        expect(sink.written).to.deep.equal([0, 1, 4]);
      });
    });

    it(`FL-140 ${name}: nobody passes those in line`, async () => {
      const sink = make();
      const out = senderTo<number>(sink.stream);
      await out.send(0);
      await settle();
      const waiting = out.send(1);
      sink.go();
      expect(out.trySend(2)).to.equal(false);
      await waiting;
      await proceed(sink);
      expect(out.trySend(3)).to.equal(true);
      await proceed(sink);
      await out.shutdown();
      expect(sink.written).to.deep.equal([0, 1, 3]);
    });

    it(`FL-141 ${name} fails: waiting and later sends reject with a ClosedError, its cause the error; shutdown with the error`, async () => {
      const sink = make();
      const out = senderTo<number>(sink.stream);
      await out.send(0);
      await settle();
      const waiting = out.send(1);
      const flushed = out.shutdown();
      sink.go(failure);
      expect(await errorOf(flushed)).to.equal(failure);
      expect(await errorOf(waiting)).to.be.instanceOf(ClosedError).with.property("cause", failure);
      expect(await errorOf(out.send(2))).to.be.instanceOf(ClosedError).with.property("cause", failure);
      expect(() => out.trySend(2)).to.throw(ClosedError, /failed/);
      expect(await errorOf(out.shutdown())).to.equal(failure);
      expect(out.closed).to.equal(true);
      expect(sink.written).to.deep.equal([0]);
    });

    it(`FL-141 ${name} fails and shutdown is never asked: one unhandled rejection (sender-to.ts 3)`, async () => {
      expect(await unhandledDuring(async () => {
        const sink = make();
        const out = senderTo<number>(sink.stream);
        await out.send(0);
        await settle();
        const waiting = errorOf(out.send(1));
        sink.go(failure);
        await waiting;
      })).to.deep.equal([failure]);
    });

    it(`FL-143 ${name}: close ends it after the sends in line; shutdown fulfils when all is flushed (sender-to.ts 2)`, async () => {
      const sink = make();
      const out = senderTo<number>(sink.stream);
      await out.send(0);
      await settle();
      const waiting = out.send(1);
      expect([out.close(), out.close(), out.closed]).to.deep.equal([true, false, true]);
      expect(await errorOf(out.send(2))).to.be.instanceOf(ClosedError).with.property("message").that.matches(/closed/);
      const flushed = out.shutdown();
      await proceed(sink);
      await waiting;
      expect(await isPending(flushed)).to.equal(true);
      await proceed(sink);
      await flushed;
      expect(sink.written).to.deep.equal([0, 1]);
      await out.shutdown();
    });

    it(`FL-143 ${name}: closed with a waiting send that is then withdrawn, it ends`, async () => {
      const sink = make();
      const out = senderTo<number>(sink.stream);
      await out.send(0);
      await settle();
      const giving = new AbortController();
      const waiting = out.send(1, { signal: giving.signal });
      const flushed = out.shutdown();
      giving.abort("gone");
      expect(await errorOf(waiting)).to.equal("gone");
      await proceed(sink);
      await flushed;
      expect(sink.written).to.deep.equal([0]);
    });

    it(`${name}: closed with an error it fails with it, after what was accepted, and nothing is unhandled`, async () => {
      expect(await unhandledDuring(async () => {
        const sink = make();
        const out = senderTo<number>(sink.stream);
        await out.send(0);
        await settle();
        const waiting = out.send(1);
        out.close(failure);
        await proceed(sink);
        await waiting;
        await settle();
        expect(sink.written).to.deep.equal([0, 1]);
        expect(await isPending(out.shutdown())).to.equal(true);
        await proceed(sink);
        expect(await errorOf(out.shutdown())).to.equal(failure);
        expect(await errorOf(out.send(2))).to.be.instanceOf(ClosedError).with.property("cause", failure);
      })).to.deep.equal([]);
    });

    it(`FL-143 ${name}: await using flushes, also in a cancelled task`, async () => {
      const sink = make();
      const task = scope(async (s) => {
        await using out = senderTo<number>(sink.stream);
        await out.send(0);
        s.cancel("enough");
        await out.send(1);
      });
      const outcome = errorOf(task);
      expect(await isPending(outcome)).to.equal(true);
      await proceed(sink);
      expect(await outcome).to.have.property("name", "CancelledError");
      expect(sink.written).to.deep.equal([0]);
    });

    it(`${name}: yield* and a reading of all values through into`, async () => {
      const sink = make();
      const out = senderTo<number>(sink.stream);
      const sent = go(function* () { for (const n of upTo(3)) yield* out.sending(n); });
      for (const _ of upTo(6)) await proceed(sink);
      await sent;
      await out.shutdown();
      expect(sink.written).to.deep.equal([0, 1, 2]);
    });
  }

  it("FL-142 a Node sink destroyed with writes stalled: waiting sends reject; shutdown rejects with a ClosedError", async () => {
    const sink = stalled();
    const out = senderTo<number>(sink.stream);
    await out.send(0);
    const waiting = out.send(1);
    sink.stream.destroy();
    const error = await errorOf(waiting);
    expect(error).to.be.instanceOf(ClosedError);
    expect((error as Error).cause).to.equal(undefined);
    expect(await errorOf(out.send(2))).to.be.instanceOf(ClosedError);
    expect(await errorOf(out.shutdown())).to.be.instanceOf(ClosedError).with.property("message").that.matches(/destroyed/);
    expect(events(sink.stream)).to.equal(0);
  });

  it("FL-142 destroyed with an error: that is the cause, and shutdown's", async () => {
    const sink = stalled();
    const out = senderTo<number>(sink.stream);
    await out.send(0);
    const waiting = out.send(1);
    const flushed = out.shutdown();
    sink.stream.destroy(failure);
    expect(await errorOf(waiting)).to.have.property("cause", failure);
    expect(await errorOf(flushed)).to.equal(failure);
    await settle();
    expect(events(sink.stream)).to.equal(0);
  });

  it("FL-142 a send in the turn of the destruction rejects and is not written", async () => {
    const sink = stalled();
    const out = senderTo<number>(sink.stream);
    sink.stream.destroy();
    expect(await errorOf(out.send(0))).to.be.instanceOf(ClosedError);
    await out.shutdown().catch(() => undefined);
    expect(sink.written).to.deep.equal([]);
  });

  it("FL-143 ended from outside: sends reject with a ClosedError, and no error event escapes", async () => {
    const sink = stalled();
    const escaped: unknown[] = [];
    sink.stream.on("error", (error) => escaped.push(error));
    const out = senderTo<number>(sink.stream);
    await out.send(0);
    const waiting = out.send(1);
    sink.stream.end();
    sink.go();
    expect(await errorOf(waiting)).to.be.instanceOf(ClosedError).with.property("message").that.matches(/ended from outside/);
    expect(await errorOf(out.send(2))).to.be.instanceOf(ClosedError);
    await out.shutdown();
    expect(escaped).to.deep.equal([]);
    expect(events(sink.stream)).to.equal(1);
  });

  it("FL-143 nothing of ours is left on a stream that has finished; its lock is given back (sinks.ts 2)", async () => {
    const sink = new PassThrough();
    sink.resume();
    const before = events(sink);
    const out = senderTo<string>(sink);
    await out.send("a");
    await out.shutdown();
    await settle();
    expect(events(sink)).to.be.at.most(before);
    const web = new WritableStream<string>();
    const to = senderTo(web);
    expect(web.locked).to.equal(true);
    await to.shutdown();
    expect(web.locked).to.equal(false);
  });

  it("FL-143 a sink that can be read too is flushed before others have read it", async () => {
    const duplex = new Duplex({ read() { /* nothing comes */ }, write(_chunk, _encoding, done) { done(); } });
    const out = senderTo<string>(duplex);
    await out.send("a");
    await out.shutdown();
    duplex.destroy();
  });

  it("a value that the sink throws at fails its own send alone", async () => {
    const sink = stalled({ objectMode: false });
    const out = senderTo<unknown>(sink.stream);
    expect(await errorOf(out.send(5))).to.be.instanceOf(TypeError);
    await out.send("a");
    sink.go();
    await out.shutdown();
    expect(sink.written.map(String)).to.deep.equal(["a"]);
  });

  it("what has ended or failed before takes nothing, and its old failure is not told again", async () => {
    const old = stalled().stream;
    old.on("error", () => undefined);
    old.destroy(failure);
    await settle();
    expect(await unhandledDuring(async () => {
      expect(await errorOf(senderTo<number>(old).send(1))).to.be.instanceOf(ClosedError).with.property("cause", failure);
    })).to.deep.equal([]);
    const over = stalled().stream.end();
    await settle();
    const out = senderTo<number>(over);
    expect(out.closed).to.equal(true);
    expect(await errorOf(out.send(1))).to.be.instanceOf(ClosedError);
    expect(events(over)).to.equal(0);
  });

  it("the leak check names one that was not closed", async () => {
    let out!: Sender<unknown>;
    const leak: unknown = await expectNoLeaks(() => { out = senderTo(stalled().stream); }).catch((error: unknown) => error);
    expect((leak as Error).message).to.match(/sender to "sink-\d+"/);
    out.close();
  });
});

describe("flows where the platform takes iterables", () => {
  it("FL-144 Readable.from(flow(ch), { highWaterMark: 0 }) reads nothing ahead; a break in it cancels the channel", async () => {
    const ch = chan<number>();
    const readable = Readable.from(flow(ch), { highWaterMark: 0 });
    const sends = upTo(3).map((n) => ch.send(n));
    const settled = Promise.allSettled(sends);
    expect(await isPending(sends[0] as Promise<void>)).to.equal(true);
    for await (const value of readable) {
      expect(value).to.equal(0);
      expect(await isPending(sends[1] as Promise<void>)).to.equal(true);
      break;
    }
    await settle();
    expect(ch.closed).to.equal(true);
    expect((await settled).map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "rejected"]);
  });

  it("FL-144 pipeline takes a flow; when its sink fails the flow is cancelled", async () => {
    const sink = new PassThrough({ objectMode: true });
    const got = sink.toArray();
    await pipeline(flow(["a", "b"]), sink);
    expect(await got).to.deep.equal(["a", "b"]);

    const ch = chan<string>(1);
    ch.trySend("a");
    const broken = new Writable({ objectMode: true, write(_chunk, _encoding, done) { done(failure); } });
    const error = await new Promise((resolve) => { pipelineByCallback(flow(ch), broken, resolve); });
    expect(error).to.equal(failure);
    await settle();
    expect(ch.closed).to.equal(true);
  });

  it("FL-144 ReadableStream.from takes a flow, and cancelling it cancels the channel", async () => {
    const ch = holding([1, 2, 3], false);
    const { from } = ReadableStream as unknown as { from?: (values: AsyncIterable<number>) => ReadableStream<number> };
    if (!from) return;
    const reader = from.call(ReadableStream, flow(ch)).getReader();
    expect((await reader.read()).value).to.equal(1);
    await reader.cancel();
    expect(ch.closed).to.equal(true);
  });

  it("FL-144 Array.fromAsync takes a flow, where there is one", async () => {
    const { fromAsync } = Array as unknown as { fromAsync?: (values: AsyncIterable<number>) => Promise<number[]> };
    const collect = fromAsync ?? (async (values: AsyncIterable<number>) => {
      const all: number[] = [];
      for await (const value of values) all.push(value);
      return all;
    });
    expect(await collect.call(Array, flow([1, 2, 3]).map((n) => n * n))).to.deep.equal([1, 4, 9]);
  });
});

describe("processes and platforms", () => {
  const node = process.execPath;

  it("FL-146 a child with 1 MB of output, read late: all bytes, and its close after the last", async () => {
    const child = spawn(node, ["-e", "process.stdout.write(Buffer.alloc(1_000_000, 120))"], { stdio: ["ignore", "pipe", "inherit"] });
    const closing = go(function* () { return yield* hearing<number>(child, "close"); });
    await new Promise((resolve) => { child.stdout.once("readable", resolve); });
    let read = 0;
    let closedFirst = false;
    void closing.join().then(() => { closedFirst = read < 1_000_000; });
    for await (const chunk of flow<Buffer>(child.stdout)) read += chunk.length;
    expect(read).to.equal(1_000_000);
    expect(await closing).to.equal(0);
    expect(closedFirst).to.equal(false);
    expect(child.listenerCount("close") + child.listenerCount("error")).to.equal(0);
  });

  it("FL-147 a process that has cancelled the lines of its input ends, though the input does not", async () => {
    const program = 'import { lines } from "rendezvous/flow"; const input = lines(process.stdin); console.log(await input.receive()); input.cancel();';
    const child = spawn(node, textArguments(program), { stdio: ["pipe", "pipe", "inherit"] });
    const output: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (text: string) => { output.push(text); });
    child.stdin.write("hello\nmore");
    const code = await new Promise((resolve) => { child.once("close", resolve); });
    child.stdin.destroy();
    expect([code, output.join("")]).to.deep.equal([0, "hello\n"]);
  });

  it("FL-146 a child that ends while nobody waits for its output: all of it is there afterwards (readable.ts 1)", async () => {
    const program = "process.stdout.write('first'); process.stdin.once('end', () => process.stdout.write('rest')).resume()";
    const child = spawn(node, ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
    const output = flow<Buffer>(child.stdout);
    expect(String(await output.receive())).to.equal("first");
    child.stdin.end();
    await new Promise((resolve) => { child.once("exit", resolve); });
    await new Promise((resolve) => { setImmediate(resolve); }); // by now the child has let its output flow
    expect(String(await output.receive())).to.equal("rest");
    expect(await output.next()).to.deep.equal({ done: true, value: undefined });
  });

  it("FL-146 a child killed in mid-read: what it wrote, then the end", async () => {
    const child = spawn(node, ["-e", "process.stdout.write('ready'); setInterval(() => {}, 1000)"], { stdio: ["ignore", "pipe", "inherit"] });
    const closed = go(function* () { return yield* hearing(child, "close"); });
    let text = "";
    for await (const chunk of flow<Buffer>(child.stdout)) {
      text += String(chunk);
      child.kill("SIGKILL");
    }
    expect(text).to.equal("ready");
    await closed;
  });

  it("a child's stdin as a sender: all that was sent, and its end", async () => {
    const child = spawn(node, ["-e", "process.stdin.pipe(process.stdout)"], { stdio: ["pipe", "pipe", "inherit"] });
    const sending = flow(upTo(100).map((n) => `line ${String(n)}\n`)).into(senderTo<string>(child.stdin));
    let text = "";
    for await (const chunk of flow<Buffer>(child.stdout)) text += String(chunk);
    expect(await sending).to.equal(true);
    expect(text.split("\n")).to.have.length(101);
  });

  it("FL-148 rendezvous/flow imports no node: module", () => {
    const entry = fileURLToPath(new URL("../../../src/flow/index.ts", import.meta.url));
    const { metafile } = buildSync({ entryPoints: [entry], bundle: true, platform: "neutral", write: false, metafile: true, format: "esm" });
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path));
    expect(imported).to.deep.equal([]);
  });
});
