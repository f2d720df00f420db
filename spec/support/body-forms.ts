/** The table of forms that take a body and run it. Properties of bodies run over its rows; a new form is one row. */
import { gather, go, race, run, scope, shield, timeout, type Scope } from "../../src/node.ts";
import { bubble, explore } from "../../src/testing/index.ts";

type AnyBody = () => unknown;

/** A form that takes a body, and starts it. */
export interface BodyForm {
  readonly name: string;
  /** Throws at the call for anything but a body; the others reject. */
  readonly throws?: true;
  /** Its promise, if there is one, gives something else than the body's result. */
  readonly givesOther?: true;
  /** A new `Scope` is there for the forms that belong to one. */
  readonly start: (body: AnyBody, s: Scope) => unknown;
}

export const bodyForms: readonly BodyForm[] = [
  { name: "go", throws: true, start: (body) => go(body) },
  { name: "s.go", throws: true, start: (body, s) => s.go(body) },
  { name: "defer", throws: true, givesOther: true, start: (body, s) => { s.defer(body as () => void); } },
  { name: "gather", start: async (body) => (await gather([body]))[0] },
  { name: "gather of a record", start: async (body) => (await gather({ body })).body },
  { name: "gather that leaves", start: async (body) => (await gather([body], { onError: "leave" }))[0] },
  { name: "scope", start: (body) => scope(body) },
  { name: "an inner scope", start: (body) => scope(() => scope(body)) },
  { name: "timeout", start: (body) => timeout(1000, body) },
  { name: "race", start: (body) => race([body]) },
  { name: "shield", start: (body) => shield(body) },
  { name: "run", start: (body) => run(body) },
  { name: "bubble", start: (body) => bubble(body) },
  { name: "explore", givesOther: true, start: (body) => explore(body) },
];
