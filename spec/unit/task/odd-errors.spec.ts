/** What is thrown arrives, whatever it is: also what throws in turn when it is looked at. */
import { expect } from "chai";
import sinon from "sinon";
import { gather, go, openScope, race, scope, shield, sleep, sleeping, suppressedOf, timeout, type Scope } from "../../../src/node.ts";
import { program } from "../../support/program.ts";

const withGetter = (name: string): Error => Object.defineProperty(new Error("odd"), name, { get() { throw new Error("of the getter"); } });
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const thrown: Record<string, unknown> = {
  "undefined": undefined,
  "null": null,
  "a number": 5,
  "a symbol": Symbol("odd"),
  "a frozen error": Object.freeze(new Error("frozen")),
  "an object without a prototype": Object.create(null),
  "an error whose message throws": withGetter("message"),
  "an error whose name throws": withGetter("name"),
  "an error whose cause throws": withGetter("cause"),
  "a revoked proxy": revoked(),
};

const never = 2 ** 30;

/** Where it is thrown, in both lanes; each waits, so that another party has to be notified. */
const throwers: Record<string, (error: unknown) => Promise<unknown>> = {
  "the body of a scope": (error) => scope(async () => { await sleep(0); throw error; }),
  "the generator body of a scope": (error) => scope(function* () { yield* sleeping(0); throw error; }),
  "a child": (error) => scope(async (s) => { s.go(async () => { await sleep(0); throw error; }); await sleep(never); }),
  "a generator child": (error) => scope(function* (s: Scope) { s.go(function* () { yield* sleeping(0); throw error; }); yield* sleeping(never); }),
  "two children": (error) => scope(async (s) => { for (let n = 0; n < 2; n++) s.go(() => { throw error; }); await sleep(never); }),
  "a clean-up": (error) => scope((s) => { s.defer(() => { throw error; }); }),
  "timeout": (error) => timeout(never, () => { throw error; }),
  "race": (error) => race([() => { throw error; }, () => sleep(never)]),
  "gather": (error) => gather([() => { throw error; }, () => sleep(never)]),
  "shield": (error) => shield(() => { throw error; }),
  "a free task": (error) => go(() => { throw error; }).join(),
  "an open scope": async (error) => {
    await using s = openScope();
    s.go(() => { throw error; });
    await s.join();
  },
  "the reason of a cancel": (error) => scope(async (s) => { s.cancel(error); await sleep(never); }).catch((cancel: unknown) => { throw (cancel as Error).cause; }),
};

describe("errors of any kind", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  for (const [what, error] of Object.entries(thrown)) {
    for (const [where, thrower] of Object.entries(throwers)) {
      it(`FA-02 ${what} arrives: ${where}`, async () => {
        let outcome: unknown = "pending";
        thrower(error).then(() => { outcome = "a value"; }, (reason: unknown) => { outcome = { reason }; });
        await clock.tickAsync(1);
        expect(outcome).to.have.property("reason");
        expect(Object.is((outcome as { reason: unknown }).reason, error)).to.equal(true);
      });
    }
  }

  it("FA-02 later errors are kept with it", async () => {
    const odd = withGetter("message");
    const late = new Error("late");
    const outcome: unknown = await scope((s) => { s.defer(() => { throw late; }); throw odd; }).catch((error: unknown) => error);
    expect(Object.is(outcome, odd)).to.equal(true);
    expect(suppressedOf(outcome)).to.deep.equal([late]);
  });

  it("FA-02 in debug mode too, where stacks are added to: one that is read only, has a getter, or throws stays as it is", () => {
    const { code, errors, output } = program(`import { go, perform, scope, settling, sleep } from "rendezvous";
      const revoked = Proxy.revocable({}, {});
      revoked.revoke();
      const odd = [{ value: "own", writable: false }, { get: () => "own" }, { get() { throw new Error("of the getter"); } }]
        .map((stack) => Object.defineProperty(new Error("odd"), "stack", stack));
      const all = await Promise.all([...odd, revoked.proxy].flatMap((error) => [
        scope(async (s) => { s.go(async () => { await sleep(0); throw error; }); await sleep(${String(never)}); }),
        go(function* () { throw error; }).join(),
        perform(settling(Promise.reject(error))),
      ].map((outcome) => outcome.catch((reason) => Object.is(reason, error)))));
      console.log(all.length, all.every((same) => same === true));`, { RENDEZVOUS_DEBUG: "1" });
    expect({ code, errors, output }).to.deep.equal({ code: 0, errors: "", output: "12 true\n" });
  });
});
