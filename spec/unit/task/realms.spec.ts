/** Values of another realm: values made in a test runner's or a `vm`'s context are recognised for what they are. */
import { createContext, runInContext } from "node:vm";
import { expect } from "chai";
import * as library from "../../../src/node.ts";
import { CancelledError, chan, gather, go, openScope, race, scope, select, sleep } from "../../../src/node.ts";
import { dial, listen } from "../../../src/net/index.ts";
import { bodyForms } from "../../support/body-forms.ts";
import { rejectionOf } from "../../support/settle.ts";

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the author of the code knows its type
const foreign = <T>(code: string): T => runInContext(`const { ${Object.keys(library).join(", ")} } = library; (${code})`, createContext({ library })) as T;
type Body = () => Generator<unknown, string>;
type Tell = (result: string) => void;

const adding = (tell: Tell): Body => foreign<(tell: Tell) => Body>(`(tell) => function* () {
  const numbers = chan(1);
  yield* numbers.sending(20);
  const result = "got " + (yield* numbers.receiving()) + (yield* helper());
  tell(result);
  return result;
  function* helper() { yield* sleeping(0); return "!"; }
}`)(tell);

describe("FA-14 another realm", () => {
  for (const { name, start, givesOther = false } of bodyForms) {
    it(`FA-14 ${name} drives its generator function`, async () => {
      const told: string[] = [];
      const s = openScope();
      const given = await start(adding((result) => told.push(result)), s);
      await s.join();
      expect(told[0]).to.equal("got 20!");
      if (!givesOther) expect(given).to.equal("got 20!");
    });
  }

  it("FA-14 its generator is cancelled where it waits, and its finally blocks run", async () => {
    const told: string[] = [];
    const body = foreign<(told: string[]) => Generator<unknown, string>>(`function* (told) {
      try { yield* chan().receiving(); } finally { told.push("finally"); }
    }`);
    const error = await rejectionOf(scope(async (s) => {
      s.go(body, told);
      await sleep(0);
      s.cancel("enough");
      await sleep(0);
    }));
    expect(error).to.be.instanceOf(CancelledError);
    expect(told).to.deep.equal(["finally"]);
  });

  it("FA-14 an error that it throws, or catches, is the very object", async () => {
    const boom = new Error("boom");
    const throws = foreign<(error: Error) => Generator<unknown, string>>("function* (error) { yield* always(1); throw error; }");
    expect(await rejectionOf(go(throws, boom))).to.equal(boom);
    const catches = foreign<(error: Error) => Generator<unknown, unknown>>(`function* (error) {
      const ch = chan();
      ch.close(error);
      try { yield* ch.receiving(); } catch (thrown) { return thrown; }
    }`);
    expect(await go(catches, boom)).to.equal(boom);
  });

  it("FA-14 a generator of another maker (transpiled) is driven too", async () => {
    // As regenerator makes them: an object with the three methods and the tag.
    let step = 0;
    const ch = chan<string>(1);
    ch.trySend("value");
    const made = {
      next: (sent: unknown) => (step++ === 0 ? { done: false, value: ch.receiving() } : { done: true, value: sent }),
      throw: (error: unknown) => { throw error; },
      return: (value: unknown) => ({ done: true, value }),
      [Symbol.iterator]() { return made; },
      [Symbol.toStringTag]: "Generator",
    };
    expect(await go(() => made)).to.equal("value");
  });

  for (const tag of ["Generator", "AsyncGenerator"]) {
    it(`FA-14 an object that is no generator, and calls itself ${tag}, is a value`, async () => {
      const power = { watts: 2000, [Symbol.toStringTag]: tag };
      expect(await go(() => power)).to.equal(power);
    });
  }

  it("FA-14 race takes its arrays, gather its arrays, sets and records, select its arrays and records", async () => {
    expect(await race(foreign<(() => number)[]>("[() => 1]"))).to.equal(1);
    expect(await gather(foreign<(() => number)[]>("[() => 1, () => 2]"))).to.deep.equal([1, 2]);
    expect(await gather(foreign<Set<() => number>>("new Set([() => 1, () => 2])"))).to.deep.equal([1, 2]);
    expect(await gather(foreign<Record<string, () => number>>("({ a: () => 1 })"))).to.deep.equal({ a: 1 });
    expect(await rejectionOf(gather(foreign<never>("new Map([[1, () => 1]])")))).to.be.instanceOf(TypeError).with.property("message").that.contains("map.values()");
    expect(await select(foreign<[library.Operation<number>]>("[always(1)]"))).to.deep.equal({ case: 0, value: 1 });
    expect(await select(foreign<{ a: library.Operation<number> }>("({ a: always(1) })"))).to.deep.equal({ case: "a", value: 1 });
  });

  it("FA-14 its promises and thenables are jobs, its errors show their message, its AbortErrors count as the cancel", async () => {
    expect(await gather([foreign<Promise<number>>("Promise.resolve(5)")])).to.deep.equal([5]);
    const reason = foreign<Error>("new RangeError('the reason')");
    const error = await rejectionOf(scope(async (s) => {
      s.cancel(reason);
      await sleep(0);
    }));
    expect(error).to.be.instanceOf(CancelledError).with.property("message").that.contains("cancelled: the reason.");
    const aborted = foreign<(cause: unknown) => Error>("(cause) => Object.assign(new Error('aborted', { cause }), { name: 'AbortError' })");
    const value = await scope(async (s) => {
      s.go(async () => {
        try {
          await sleep(10_000);
        } catch (cancel) {
          throw aborted(cancel);
        }
      });
      await sleep(0);
      s.cancel();
      return "the cancel, and no failure";
    });
    expect(value).to.equal("the cancel, and no failure");
  });

  it("FA-14 a connection sends its bytes; any other value is refused by name", async () => {
    await using listener = await listen("127.0.0.1:0");
    const client = await dial({ host: "127.0.0.1", port: listener.address.port as number });
    const server = await listener.receive();
    await client.send(foreign<Uint8Array>("new Uint8Array([104, 105, 10])"));
    expect(await server.readLine()).to.equal("hi");
    for (const data of [new Uint16Array(1), new DataView(new ArrayBuffer(1)), {}]) {
      expect(await rejectionOf(client.send(data as unknown as Uint8Array))).to.be.instanceOf(TypeError);
    }
    await Promise.all([client.shutdown(), server.shutdown()]);
  });
});
