/** Writes down which spec runs, for the reader of a run that has not come to its end. */
import { writeFileSync } from "node:fs";
import type { Context } from "mocha";

const file = process.env["PRESENT_SPEC"];

export const mochaHooks = {
  beforeEach(this: Context): void {
    if (file !== undefined) writeFileSync(file, this.currentTest?.fullTitle() ?? "");
  },
};
