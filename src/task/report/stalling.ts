/**
 * Deadlock detection for a platform that ends a hanging program itself, unless the program listens to signals. When the top level of a program waits
 * and nothing else is left, Deno ends with an error of its own; but a listener for a signal counts as something left.
 *
 * So from time to time, if the platform names nothing that keeps the process alive, the library removes the listeners for a millisecond: either the
 * process ends, or they are added again. Node always names something while it runs. The intervals grow from one second to half a minute.
 */
import { pause } from "../../platform/pause.ts";
import type { Host } from "./host.ts";

const msUntilFirst = 1000;
const msAtMost = 30_000;
const msMuted = 1;

/** Stop listening; the result listens again. */
export type MuteSignals = () => () => void;

/** Give the platform a chance to end, from time to time, until the function that is returned is called. */
export function watchForStall(process: Host, muteSignals: MuteSignals): () => void {
  let over = false;
  const lookAfter = (ms: number): void => {
    void pause(ms)?.then(() => {
      if (over) return;
      if (process.getActiveResourcesInfo?.().length === 0) {
        const listen = muteSignals();
        void pause(msMuted)?.then(listen);
      }
      lookAfter(Math.min(2 * ms, msAtMost));
    });
  };
  lookAfter(msUntilFirst);
  return () => { over = true; };
}
