/**
 * Waits for what never happens, in three forms. The process has nothing else to do and ends.
 */
import { chan, never, perform, select } from "../../../../src/index.ts";

void perform(never);
void select({ never, quiet: chan<number>().receiving() });
void chan<number>().send(1);
console.log("waiting");
