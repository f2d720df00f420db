/** An async generator is no body: nobody would read what it yields. */
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import {
  coroutine, gather, go, named, openScope, race, run, scope, shield, timeout, type Scope,
} from "../../../src/node.ts";
import { bubble, explore, replay } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";

/** As JavaScript gives it: no type says that it is none. */
type Given = () => never;
const given = (body: unknown): Given => body as Given;

const ofThisRealm = given(async function* () { /* would never run */ });
const ofAnotherRealm = given(runInNewContext("(async function* () {})"));
/** Seen only by what it gives. */
const hidden = given(() => (ofThisRealm as () => unknown)());
const hiddenElsewhere = given(runInNewContext("() => (async function* () {})()"));

/** Every form that returns a promise. */
const promising: Record<string, (body: Given) => Promise<unknown>> = {
  gather: (body) => gather([body]),
  "gather of a record": (body) => gather({ body }),
  "gather that leaves": (body) => gather([body], { onError: "leave" }),
  scope: (body) => scope(body),
  timeout: (body) => timeout(1000, body),
  race: (body) => race([body]),
  shield: (body) => shield(body),
  run: (body) => run(body),
  bubble: (body) => bubble(body),
  explore: (body) => explore(body),
  "an inner scope": (body) => scope(() => scope(body)),
};

const throwing: Record<string, (body: Given, s: Scope) => unknown> = {
  go: (body) => go(body),
  "s.go": (body, s) => s.go(body),
  defer: (body, s) => { s.defer(body); },
};

const names = /async generator.*async function.*function\*/s;

describe("FA-16 an async generator as a body", () => {
  for (const [name, form] of Object.entries(promising)) {
    it(`FA-16 ${name} rejects with a TypeError that names the cure`, async () => {
      for (const body of [ofThisRealm, ofAnotherRealm]) {
        expect(await rejectionOf(form(body))).to.be.instanceOf(TypeError).with.property("message").that.matches(names);
      }
    });

    it(`FA-16 ${name} of a function that gives one fails when it runs`, async () => {
      for (const body of [hidden, hiddenElsewhere, named("hidden", ofThisRealm)]) {
        const error = await rejectionOf(form(body));
        expect(name === "explore" ? (error as Error).cause : error).to.be.instanceOf(TypeError).with.property("message").that.matches(names);
      }
    });
  }

  for (const [name, form] of Object.entries(throwing)) {
    it(`FA-16 ${name} throws a TypeError that names the cure`, async () => {
      await scope((s) => {
        for (const body of [ofThisRealm, ofAnotherRealm]) expect(() => form(body, s)).to.throw(TypeError, names);
      });
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

  it("FA-16 s.go of an open scope, too", async () => {
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

  it("FA-16 what only looks like one is a value: a channel's iterator, an object with three methods", async () => {
    const value = { next: () => 1, throw: () => 2, return: () => 3 };
    expect(await go(() => value)).to.equal(value);
  });
});
