/** Flows: a source that waits in the library's own operations belongs to the flow, not to the task that happens to receive. */
import { Readable, Writable } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";
import { expect } from "chai";
import { chan, scope, shield, type Channel, type ChildTask, type Scope } from "../../../src/node.ts";
import { flow, senderTo, type Flow, type Source } from "../../../src/flow/index.ts";
import { blockedTasks } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";

async function* receivedFrom(ch: Channel<number>, ended?: () => void): AsyncGenerator<number> {
  try {
    for (;;) yield await ch.receive();
  } finally {
    ended?.();
  }
}

const sources: Record<string, (ch: Channel<number>, ended?: () => void) => unknown> = {
  "an async generator": receivedFrom,
  "a ReadableStream": (ch) => new ReadableStream({ async pull(controller) { controller.enqueue(await ch.receive()); } }, { highWaterMark: 0 }),
  "a Node readable": (ch, ended) => Readable.from(receivedFrom(ch, ended), { highWaterMark: 1 }),
  "a flow over a generator": (ch, ended) => flow(receivedFrom(ch, ended)).map((value) => value),
};

const receivers: Record<string, (s: Scope, f: Flow<unknown>) => ChildTask<unknown>> = {
  "an async task": (s, f) => s.go(async () => f.receive()),
  "a generator task": (s, f) => s.go(function* () { return yield* f.receiving(); }),
  "a task within a scope": (s, f) => s.go(() => scope(() => f.receive())),
};

describe("flows: shared sources", () => {
  for (const [what, make] of Object.entries(sources)) {
    for (const [who, start] of Object.entries(receivers)) {
      it(`FL-06 (b) ${what} that waits in a channel is not cancelled with ${who} that receives: its value is the next receiver's`, async () => {
        const ch = chan<number>();
        const f = flow(make(ch) as Source<unknown>);
        await scope(async (s) => {
          const gone = start(s, f);
          await settle();
          gone.cancel();
          expect((await gone.result()).status).to.equal("rejected");
          const next = start(s, f);
          await settle();
          expect(ch.trySend(1)).to.equal(true);
          expect(await next).to.equal(1);
        });
        f.cancel();
      });
    }

    it(`FL-12 (b) a loop over ${what} that waits is left by a cancel: the wait of the source is withdrawn, though the flow was made outside`, async () => {
      const ch = chan<number>();
      let ended = 0;
      const f = flow(make(ch, () => { ended++; }) as Source<unknown>);
      await scope(async (s) => {
        const loop = s.go(async () => { for await (const _ of f); });
        await settle();
        loop.cancel();
        await loop.result();
      });
      await settle();
      expect(ch.trySend(1)).to.equal(false);
      if (what !== "a ReadableStream") expect(ended).to.equal(1);
    });
  }

  it("FL-12 (c) a cancel of the scope in which a flow was made reaches what its source waits for", async () => {
    const ch = chan<number>();
    let ended = false;
    await scope(async (s) => {
      const f = flow(receivedFrom(ch, () => { ended = true; }));
      s.go(() => f.receive());
      await settle();
      s.cancel();
      expect(ch.trySend(1)).to.equal(false);
    }).catch(() => { /* it was cancelled */ });
    expect(ended).to.equal(true);
  });

  it("FL-12 (d) the end of that scope withdraws what the source of a forgotten flow waits for, on behalf of whomever", async () => {
    const ch = chan<number>();
    await scope(async (s) => {
      const f = flow(receivedFrom(ch));
      const gone = s.go(() => f.receive());
      await settle();
      gone.cancel();
      await gone.result();
    });
    expect(ch.trySend(1)).to.equal(false);
  });

  it("FL-12 (e) a flow outlives the task, and the scope, in which it was made", async () => {
    const ch = chan<number>(10);
    const f = await scope(async (s) => {
      const made = await s.go(() => flow(receivedFrom(ch)));
      ch.trySend(1);
      expect(await made.receive()).to.equal(1);
      return made;
    });
    ch.trySend(2);
    expect(await scope(() => f.receive())).to.equal(2);
    await scope(async (s) => {
      s.cancel();
      ch.trySend(3);
      expect(await shield(() => f.receive())).to.equal(3);
      return undefined;
    });
    f.cancel();
  });

  it("FL-06 (c) a source that receives from its own flow waits, and reports name what it waits for", async () => {
    const own: { flow?: Flow<number> } = {};
    const f = own.flow = flow((async function* (): AsyncGenerator<number> { if (own.flow) yield await own.flow.receive(); })());
    const outside = chan<number>({ name: "orders" });
    const g = flow(receivedFrom(outside), { name: "ordered" });
    await scope(async (s) => {
      s.go(() => f.receive());
      s.go(() => g.receive());
      await settle();
      expect(blockedTasks().flatMap(({ operations }) => operations)).to.include('to receive from flow "ordered", whose source waits in receive on channel "orders"');
      s.cancel();
    }).catch(() => { /* it was cancelled */ });
    f.cancel();
    g.cancel();
    await settle();
    expect(outside.trySend(1)).to.equal(false);
  });

  const sinks: Record<string, (ch: Channel<number>) => Parameters<typeof senderTo<number>>[0]> = {
    "a WritableStream": (ch) => new WritableStream<number>({ async write(value) { await ch.send(value); } }) as globalThis.WritableStream<number>,
    "a Node writable": (ch) => new Writable({ objectMode: true, write(value: number, _encoding, done): void { ch.send(value).then(() => { done(); }, done); } }),
  };

  for (const [what, make] of Object.entries(sinks)) {
    it(`FL-140 (d) what ${what} has accepted is written, though the scope of its sender ends (sender-to.ts 4)`, async () => {
      const ch = chan<number>();
      const out = senderTo(make(ch));
      await scope(() => out.send(1));
      await scope(async (s) => {
        s.go(async () => { await out.send(2); }).cancel();
        s.cancel();
      }).catch(() => { /* it was cancelled */ });
      expect(await ch.receive()).to.equal(1);
      await out.shutdown();
    });
  }
});
