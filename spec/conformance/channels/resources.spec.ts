/**
 * Channels, section H and the heap regressions: what selects and values leave on the heap. Each in a process of its own.
 */
import { expect } from "chai";
import { runProgram } from "./support.ts";

async function printedBy(name: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, output, errors } = await runProgram(name, args, 120_000);
  expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
  return JSON.parse(output) as Record<string, unknown>;
}

describe("resources", () => {
  it("RS-01 100,000 selects beside a quiet channel keep less than 110 kB, and nothing is left on the quiet channel", async function () {
    this.timeout(150_000);
    const { bytes, leftOnQuiet } = await printedBy("losing-selects.ts", "async", "50000", "50000");
    expect(bytes).to.be.a("number").below(110_000);
    expect(leftOnQuiet).to.equal(false);
  });

  for (const lane of ["async", "generator"]) {
    it(`RG-08 1,000,000 selects decided at once and 200,000 that blocked keep less than 2 bytes each: ${lane} tasks`, async function () {
      this.timeout(150_000);
      const { bytes, leftOnQuiet } = await printedBy("losing-selects.ts", lane, "1000000", "200000");
      expect(bytes).to.be.a("number").below(2 * 1_200_000);
      expect(leftOnQuiet).to.equal(false);
    });
  }

  /** The ways of which more than `few` of three values are still referred to. */
  async function keptBeyond(few: number): Promise<string[]> {
    const kept = await printedBy("released-values.ts");
    expect(Object.keys(kept).length).to.be.at.least(18);
    return Object.entries(kept).filter(([, count]) => !((count as number) <= few)).map(([name]) => name);
  }

  it("RS-04 a value is let go of once it was received, refused, withdrawn, or dropped, while channel and loop live on", async function () {
    this.timeout(150_000);
    expect(await keptBeyond(0), "values that are still referred to").to.deep.equal([]);
  });

  it("RS-04 (b) however a platform looks for garbage, of several values one is still referred to at most", async function () {
    this.timeout(150_000);
    expect(await keptBeyond(1), "more than one value is still referred to").to.deep.equal([]);
  });
});
