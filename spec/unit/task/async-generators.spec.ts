/** An async generator is no body: nothing would read its values. */
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { coroutine, go, named, openScope, scope } from "../../../src/node.ts";
import { replay } from "../../../src/testing/index.ts";
import { bodyForms } from "../../support/body-forms.ts";
import { rejectionOf } from "../../support/settle.ts";

/** As JavaScript gives it: no type says that it is none. */
type Given = () => never;
const given = (body: unknown): Given => body as Given;

const ofThisRealm = given(async function* () { /* would never run */ });
const ofAnotherRealm = given(runInNewContext("(async function* () {})"));
/** Observed only through its result. */
const hidden = given(() => (ofThisRealm as () => unknown)());
const hiddenElsewhere = given(runInNewContext("() => (async function* () {})()"));

const names = /async generator.*async function.*function\*/s;

describe("FA-16 an async generator as a body", () => {
  for (const { name, start, throws = false } of bodyForms) {
    if (throws) {
      it(`FA-16 ${name} throws a TypeError that names the cure`, async () => {
        await scope((s) => {
          for (const body of [ofThisRealm, ofAnotherRealm]) expect(() => start(body, s)).to.throw(TypeError, names);
        });
      });
      continue;
    }
    const rejection = async (body: Given): Promise<unknown> => {
      await using s = openScope();
      return await rejectionOf(start(body, s) as Promise<unknown>);
    };

    it(`FA-16 ${name} rejects with a TypeError that names the cure`, async () => {
      for (const body of [ofThisRealm, ofAnotherRealm]) {
        expect(await rejection(body)).to.be.instanceOf(TypeError).with.property("message").that.matches(names);
      }
    });

    it(`FA-16 ${name} of a function that gives one fails when it runs`, async () => {
      for (const body of [hidden, hiddenElsewhere, named("hidden", ofThisRealm)]) {
        const error = await rejection(body);
        expect(name === "explore" ? (error as Error).cause : error).to.be.instanceOf(TypeError).with.property("message").that.matches(names);
      }
    });
  }

  it("FA-16 go of a function that gives one fails the task", async () => {
    for (const body of [hidden, hiddenElsewhere]) {
      expect(await rejectionOf(go(body))).to.be.instanceOf(TypeError).with.property("message").that.matches(names);
    }
  });

  it("FA-16 defer of a function that gives one fails the scope", async () => {
    const error = await rejectionOf(scope((s) => { s.defer(hidden); }));
    expect(error).to.be.instanceOf(TypeError).with.property("message").that.matches(names);
  });

  it("FA-16 the same holds for s.go of an open scope", async () => {
    await using s = openScope();
    expect(() => s.go(ofThisRealm)).to.throw(TypeError, names);
  });

  it("FA-16 replay rejects", async () => {
    expect(await rejectionOf(replay(ofThisRealm, "0"))).to.be.instanceOf(TypeError).with.property("message").that.matches(names);
  });

  it("FA-16 a coroutine takes one", async () => {
    const talk = coroutine(async function* () {
      yield await Promise.resolve("first");
    });
    expect(await talk.first).to.equal("first");
    talk.close();
  });

  it("FA-16 an object that only looks like one is a value: a channel's iterator, an object with three methods", async () => {
    const value = { next: () => 1, throw: () => 2, return: () => 3 };
    expect(await go(() => value)).to.equal(value);
  });
});
