/** Variables of the environment, on platforms that do not let everybody see them. */
import { expect } from "chai";
import sinon from "sinon";
import { variable } from "../../../src/platform/environment.ts";

const name = "RENDEZVOUS_SPEC";

/** What the variable is on a platform with these globals. */
function seen(globals: Record<string, unknown>): string | undefined {
  // Defined, since Deno's own is not writable.
  const kept = Object.keys(globals).map((key) => [key, Object.getOwnPropertyDescriptor(globalThis, key)] as const);
  for (const [key, value] of Object.entries(globals)) Object.defineProperty(globalThis, key, { value, configurable: true, writable: true });
  try {
    return variable(name);
  } finally {
    for (const [key, descriptor] of kept) {
      if (descriptor) Object.defineProperty(globalThis, key, descriptor);
      else Reflect.deleteProperty(globalThis, key);
    }
  }
}

const env = { [name]: "1" };
const unreadable = new Proxy({}, { get: () => { throw new Error("NotCapable: requires env access"); } });
const deno = (state: string): unknown => ({ permissions: { querySync: sinon.fake.returns({ state }) } });

describe("a variable of the environment", () => {
  it("is what it says", () => {
    expect(seen({ process: { env } })).to.equal("1");
    expect(seen({ process: { env: {} } })).to.equal(undefined);
  });

  it("PK-04 is none where there is no environment, or where it must not be read", () => {
    for (const process of [undefined, {}, { env: undefined }, { env: unreadable }]) expect(seen({ process })).to.equal(undefined);
  });

  it("PK-04 is read only if that is granted: there is no prompt", () => {
    expect(seen({ Deno: deno("granted"), process: { env } })).to.equal("1");
    for (const state of ["prompt", "denied"]) {
      const process = { get env(): never { throw new Error("the user was asked"); } };
      expect(seen({ Deno: deno(state), process })).to.equal(undefined);
    }
  });
});
