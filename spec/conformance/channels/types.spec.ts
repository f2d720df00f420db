/**
 * Channels, section I: types. Checked by the compiler; what runs only shows that values are what their types say.
 */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import {
  always, chan, choose, guard, never, perform, poll, select, selecting, settling, sleeping, trySelect,
  type Channel, type Operation, type Receiver, type Selected, type Sender,
} from "../../../src/index.ts";
import { failOnUnhandledRejections } from "./support.ts";

interface Animal { name: string }
interface Dog extends Animal { barks: boolean }
type Taken<T> = IteratorResult<T, undefined>;

/** For lines that are only to be compiled. */
const compiled = (_lines: () => unknown): void => undefined;

describe("types", () => {
  failOnUnhandledRejections();

  it("TY-01 a channel goes where a sender or a receiver is asked for; not back, not across", () => {
    expectTypeOf<Channel<number>>().toExtend<Sender<number>>();
    expectTypeOf<Channel<number>>().toExtend<Receiver<number>>();
    expectTypeOf<Sender<number>>().not.toExtend<Channel<number>>();
    expectTypeOf<Receiver<number>>().not.toExtend<Channel<number>>();
    expectTypeOf<Sender<number>>().not.toExtend<Receiver<number>>();
    expectTypeOf<Receiver<number>>().not.toExtend<Sender<number>>();
    expectTypeOf<Channel<number>>().not.toExtend<Sender<string>>();
    expectTypeOf<Channel<number>>().not.toExtend<Receiver<string>>();
    const channel = chan<number>();
    const sender: Sender<number> = channel;
    const receiver: Receiver<number> = channel;
    expect(sender).to.equal(receiver);
  });

  it("TY-01 (b) a sender does not receive, a receiver does not send or close", () => {
    expectTypeOf<Sender<number>>().not.toHaveProperty("receive");
    expectTypeOf<Sender<number>>().not.toHaveProperty("receiving");
    expectTypeOf<Sender<number>>().not.toHaveProperty("next");
    expectTypeOf<Sender<number>>().not.toHaveProperty("tryReceive");
    expectTypeOf<Sender<number>>().not.toHaveProperty("cancel");
    expectTypeOf<Receiver<number>>().not.toHaveProperty("send");
    expectTypeOf<Receiver<number>>().not.toHaveProperty("sending");
    expectTypeOf<Receiver<number>>().not.toHaveProperty("trySend");
    expectTypeOf<Receiver<number>>().not.toHaveProperty("close");
    compiled(() => {
      const channel = chan<number>();
      const sender: Sender<number> = channel;
      const receiver: Receiver<number> = channel;
      // @ts-expect-error -- a sender is no iterable
      const iterable: AsyncIterable<number> = sender;
      // @ts-expect-error -- no sender from a receiver
      const back: Sender<number> = receiver;
      // @ts-expect-error -- no string on a channel of numbers
      sender.trySend("one");
      return [iterable, back];
    });
  });

  it("TY-01 (c) senders are contravariant and receivers covariant, under method syntax too; channels are neither", () => {
    expectTypeOf<Sender<Animal>>().toExtend<Sender<Dog>>();
    expectTypeOf<Sender<Dog>>().not.toExtend<Sender<Animal>>();
    expectTypeOf<Receiver<Dog>>().toExtend<Receiver<Animal>>();
    expectTypeOf<Receiver<Animal>>().not.toExtend<Receiver<Dog>>();
    expectTypeOf<Channel<Dog>>().not.toExtend<Channel<Animal>>();
    expectTypeOf<Channel<Animal>>().not.toExtend<Channel<Dog>>();
    expectTypeOf<Channel<Dog>>().toExtend<Receiver<Animal>>();
    expectTypeOf<Channel<Animal>>().toExtend<Sender<Dog>>();
    expectTypeOf<Channel<Dog>>().not.toExtend<Sender<Animal>>();
    expectTypeOf<Channel<Animal>>().not.toExtend<Receiver<Dog>>();
    compiled(() => {
      const dogs = chan<Dog>();
      const animals: Receiver<Animal> = dogs;
      // @ts-expect-error -- a cat would come out as a dog
      const anyAnimal: Sender<Animal> = dogs;
      return [animals, anyAnimal];
    });
  });

  it("TY-01 (d) what the verbs give", () => {
    const channel = chan<number>();
    expectTypeOf<ReturnType<typeof channel.send>>().toEqualTypeOf<Promise<void>>();
    expectTypeOf<ReturnType<typeof channel.sending>>().toEqualTypeOf<Operation<void>>();
    expectTypeOf<ReturnType<typeof channel.receive>>().toEqualTypeOf<Promise<number>>();
    expectTypeOf<ReturnType<typeof channel.receiving>>().toEqualTypeOf<Operation<number>>();
    expectTypeOf<ReturnType<typeof channel.next>>().toEqualTypeOf<Promise<Taken<number>>>();
    expectTypeOf<ReturnType<typeof channel.nexting>>().toEqualTypeOf<Operation<Taken<number>>>();
    expectTypeOf<ReturnType<typeof channel.tryReceive>>().toEqualTypeOf<Taken<number> | undefined>();
    expectTypeOf<ReturnType<typeof channel.trySend>>().toEqualTypeOf<boolean>();
    expectTypeOf(poll(channel.receiving())).toEqualTypeOf<{ value: number } | undefined>();
    expectTypeOf(choose(channel.receiving(), always(1))).toEqualTypeOf<Operation<number>>();
    expectTypeOf(choose<number | string>(channel.receiving(), always("a"))).toEqualTypeOf<Operation<string | number>>();
    expectTypeOf(guard(() => channel.receiving())).toEqualTypeOf<Operation<number>>();
    expectTypeOf(channel.receiving().map(String)).toEqualTypeOf<Operation<string>>();
    expectTypeOf(channel.receiving().map(String, () => undefined)).toEqualTypeOf<Operation<string | undefined>>();
    expectTypeOf(never).toEqualTypeOf<Operation<never>>();
    expectTypeOf(settling(Promise.resolve(1))).toEqualTypeOf<Operation<number>>();
    compiled(() => {
      // @ts-expect-error -- a promise is no operation
      void perform(channel.receive());
      // @ts-expect-error -- a channel is no operation
      void select({ r: channel });
      // @ts-expect-error -- a promise is no case
      void select({ r: channel.receive() });
      // @ts-expect-error -- true is no case: only what is falsy switches one off
      void select({ r: true });
      // @ts-expect-error -- there is no such order
      void select({ r: channel.receiving() }, { order: "first" });
      // @ts-expect-error -- there is no such policy
      chan<number>({ overflow: "drop" });
    });
  });

  it("TY-01 (e) a selected is a union by case, exhaustive in a switch, with cases that may be off", async () => {
    const jobs = chan<Dog>(1);
    const results = chan<string>(1);
    const open = Math.random() < 2;
    const chosen = await select({
      job: jobs.receiving(), next: jobs.nexting(), out: open && results.sending("v"), late: sleeping(1000), off: null,
    }, { order: "listed" });
    expectTypeOf(chosen).toEqualTypeOf<
      { case: "job"; value: Dog } | { case: "next"; value: Taken<Dog> } | { case: "out"; value: void } | { case: "late"; value: void }
    >();
    const described = ((): string => {
      switch (chosen.case) {
        case "job": {
          expectTypeOf(chosen.value).toEqualTypeOf<Dog>();
          return chosen.value.name;
        }
        case "next": {
          expectTypeOf(chosen.value).toEqualTypeOf<Taken<Dog>>();
          return String(chosen.value.done);
        }
        case "out": return "out";
        case "late": return "late";
        default: {
          chosen satisfies never;
          return "nothing else";
        }
      }
    })();
    expect(described).to.equal("out");
    compiled(() => {
      // @ts-expect-error -- there is no such case
      return chosen.case === "jobs";
    });
  });

  it("TY-01 (f) an operation is no promise: await, return from an async function and Promise.all give the operation", async () => {
    const channel = chan<number>(1);
    channel.trySend(1);
    const operation = channel.receiving();
    expectTypeOf<Awaited<Operation<number>>>().toEqualTypeOf<Operation<number>>();
    expectTypeOf<Operation<number>>().not.toExtend<PromiseLike<number>>();
    const returned = (async () => Promise.resolve(operation))();
    expectTypeOf(returned).toEqualTypeOf<Promise<Operation<number>>>();
    expect(await returned).to.equal(operation);
    const all = await Promise.all([operation, channel]);
    expectTypeOf(all).toEqualTypeOf<[Operation<number>, Channel<number>]>();
    expect(all).to.deep.equal([operation, channel]);
    expect(channel.size).to.equal(1);
  });

  it("SE-20 (b) the array form gives its indices, narrowed like names", async () => {
    const numbers = chan<number>(1);
    const words = chan<string>(1);
    words.trySend("word");
    const chosen = await select([numbers.receiving(), false, words.receiving()]);
    expectTypeOf(chosen).toEqualTypeOf<{ case: 0; value: number } | { case: 2; value: string }>();
    if (chosen.case === 0) expectTypeOf(chosen.value).toEqualTypeOf<number>();
    else {
      expectTypeOf(chosen.value).toEqualTypeOf<string>();
      expect(chosen.value.toUpperCase()).to.equal("WORD");
    }
    const many: Operation<number>[] = [always(1)];
    expectTypeOf(await select(many)).toEqualTypeOf<{ case: number; value: number }>();
    expectTypeOf(trySelect([numbers.receiving()])).toEqualTypeOf<{ case: 0; value: number } | undefined>();
  });

  it("SE-20 (c) the record form keeps its names in selecting, trySelect and Selected", async () => {
    const numbers = chan<number>(1);
    const operation = selecting({ get: numbers.receiving(), put: numbers.sending(1) });
    expectTypeOf(operation).toEqualTypeOf<Operation<{ case: "get"; value: number } | { case: "put"; value: void }>>();
    expectTypeOf(trySelect({ get: numbers.receiving() })).toEqualTypeOf<{ case: "get"; value: number } | undefined>();
    expectTypeOf<Selected<{ a: Operation<number>; b: false; c: Operation<string> | undefined }>>()
      .toEqualTypeOf<{ case: "a"; value: number } | { case: "c"; value: string }>();
    const record: Record<string, Operation<number>> = { one: always(1) };
    expectTypeOf(await select(record)).toEqualTypeOf<{ case: string; value: number }>();
    expect((await perform(operation)).case).to.equal("put");
    numbers.tryReceive();
  });
});
