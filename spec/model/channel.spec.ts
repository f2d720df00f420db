/** One channel, step by step, against a model made of arrays: the result of every verb, and the fate of the waiters. */
import { expect } from "chai";
import fc from "fast-check";
import { chan, ClosedError, type ChannelOptions } from "../../src/index.ts";
import { seedOfRun, settle } from "../support/settle.ts";

type Overflow = "wait" | "drop-newest" | "drop-oldest";
type Command =
  | { kind: "trySend" | "tryReceive" | "send" | "receive" | "next" | "close" | "closeWithError" | "cancel" }
  | { kind: "abort"; whom: number };

const failure = new Error("given to close");

/** What a promise came to, in words. */
type Outcome = "waits" | "sent" | "refused" | "aborted" | "the end" | "failed" | `got ${number}`;

/** What the channel should do, as plainly as possible. */
class Model {
  readonly capacity: number;
  readonly overflow: Overflow;
  buffer: number[] = [];
  senders: { id: number; value: number }[] = [];
  receivers: number[] = [];
  closed = false;
  error: Error | undefined;
  readonly dropped: number[] = [];
  readonly outcomes: Outcome[] = [];

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = capacity;
    this.overflow = overflow;
  }

  trySend(value: number): boolean | "refused" {
    if (this.closed) return "refused";
    const receiver = this.receivers.shift();
    if (receiver !== undefined) this.outcomes[receiver] = `got ${value}`;
    else if (this.buffer.length < this.capacity) this.buffer.push(value);
    else if (this.overflow === "wait") return false;
    else {
      this.buffer.push(value);
      this.dropped.push((this.overflow === "drop-newest" ? this.buffer.pop() : this.buffer.shift()) as number);
    }
    return true;
  }

  tryReceive(): number | "nothing" | "the end" | "failed" {
    const sender = this.senders.shift();
    if (sender !== undefined) {
      this.outcomes[sender.id] = "sent";
      this.buffer.push(sender.value);
    }
    const value = this.buffer.shift();
    if (value !== undefined) return value;
    return this.closed ? this.#end() : "nothing";
  }

  send(id: number, value: number): void {
    const answer = this.trySend(value);
    this.outcomes[id] = answer === true ? "sent" : answer === false ? "waits" : "refused";
    if (answer === false) this.senders.push({ id, value });
  }

  receive(id: number): void {
    const answer = this.tryReceive();
    this.outcomes[id] = typeof answer === "number" ? `got ${answer}` : answer === "nothing" ? "waits" : answer;
    if (answer === "nothing") this.receivers.push(id);
  }

  close(error?: Error): boolean {
    if (this.closed) return false;
    this.closed = true;
    this.error = error;
    this.#endReceivers();
    return true;
  }

  cancel(): void {
    this.closed = true;
    this.dropped.push(...this.buffer);
    this.buffer = [];
    for (const { id } of this.senders) this.outcomes[id] = "refused";
    this.senders = [];
    this.#endReceivers();
  }

  abort(id: number): void {
    if (this.outcomes[id] === "waits") this.outcomes[id] = "aborted";
    this.senders = this.senders.filter((sender) => sender.id !== id);
    this.receivers = this.receivers.filter((receiver) => receiver !== id);
  }

  #endReceivers(): void {
    for (const id of this.receivers) this.outcomes[id] = this.#end();
    this.receivers = [];
  }

  #end(): "the end" | "failed" {
    return this.error === undefined ? "the end" : "failed";
  }
}

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Command>({ kind: "trySend" }) },
  { weight: 4, arbitrary: fc.constant<Command>({ kind: "tryReceive" }) },
  { weight: 5, arbitrary: fc.constant<Command>({ kind: "send" }) },
  { weight: 4, arbitrary: fc.constant<Command>({ kind: "receive" }) },
  { weight: 2, arbitrary: fc.constant<Command>({ kind: "next" }) },
  { weight: 4, arbitrary: fc.nat(40).map<Command>((whom) => ({ kind: "abort", whom })) },
  { weight: 1, arbitrary: fc.constantFrom<Command>({ kind: "close" }, { kind: "closeWithError" }, { kind: "cancel" }) },
);

async function compare(capacity: number, overflow: Overflow, commands: readonly Command[]): Promise<void> {
  const dropped: number[] = [];
  const ways: ChannelOptions<number> = { capacity, overflow, onDrop: (value) => dropped.push(value) };
  const ch = chan<number>(ways);
  const model = new Model(capacity, overflow);
  const outcomes: Outcome[] = [];
  const aborts: AbortController[] = [];
  let cancelled = false;
  const wait = (start: (signal: AbortSignal) => Promise<Outcome>): number => {
    const id = outcomes.push("waits") - 1;
    const giving = new AbortController();
    aborts.push(giving);
    start(giving.signal).then(
      (outcome) => { outcomes[id] = outcome; },
      (error: unknown) => {
        outcomes[id] = error === failure ? "failed" : error === "given up" ? "aborted" : error instanceof ClosedError ? "refused" : "waits";
      },
    );
    return id;
  };
  for (const [value, taken] of commands.entries()) {
    switch (taken.kind) {
      case "trySend": {
        const expected = model.trySend(value);
        if (expected === "refused") expect(() => ch.trySend(value)).to.throw(ClosedError);
        else expect(ch.trySend(value)).to.equal(expected);
        break;
      }
      case "tryReceive": {
        const expected = model.tryReceive();
        if (expected === "failed") expect(() => ch.tryReceive()).to.throw(failure);
        else {
          expect(ch.tryReceive()).to.deep.equal(
            expected === "nothing" ? undefined : expected === "the end" ? { done: true, value: undefined } : { done: false, value: expected },
          );
        }
        break;
      }
      case "send":
        model.send(wait(async (signal) => ch.send(value, { signal }).then(() => "sent" as const)), value);
        break;
      case "receive": {
        const id = wait((signal) =>
          ch.receive({ signal }).then((got) => `got ${got}` as const, (error: unknown) => {
            if (error instanceof ClosedError) return "the end" as const;
            throw error;
          }),
        );
        model.receive(id);
        break;
      }
      case "next":
        model.receive(wait(async (signal) => ch.next({ signal }).then((result): Outcome => (result.done === true ? "the end" : `got ${result.value}`))));
        break;
      case "close":
        expect(ch.close()).to.equal(model.close());
        break;
      case "closeWithError":
        expect(ch.close(failure)).to.equal(model.close(failure));
        break;
      case "cancel":
        expect(ch.cancel()).to.equal(!cancelled);
        cancelled = true;
        model.cancel();
        break;
      case "abort": {
        if (aborts.length === 0) break;
        const id = taken.whom % aborts.length;
        aborts[id]?.abort("given up");
        model.abort(id);
        break;
      }
    }
    expect(ch.size).to.equal(model.buffer.length);
    expect(ch.closed).to.equal(model.closed);
    expect(dropped).to.deep.equal(model.dropped);
    expect(ch.senders.first === undefined).to.equal(model.senders.length === 0);
    expect(ch.receivers.first === undefined).to.equal(model.receivers.length === 0);
  }
  await settle();
  expect(outcomes).to.deep.equal(model.outcomes);
}

describe("a channel against its model", () => {
  for (const overflow of ["wait", "drop-newest", "drop-oldest"] as const) {
    it(`answers every verb as the model does, with overflow "${overflow}"`, async function () {
      this.timeout(30_000);
      await fc.assert(
        fc.asyncProperty(fc.nat(3), fc.array(command, { maxLength: 40 }), (capacity, commands) => compare(capacity, overflow, commands)),
        { seed: seedOfRun, numRuns: 400 },
      );
    });
  }
});
