/**
 * The deadlock of a platform that ends by itself, unless the program listens to signals. When the top level of a program waits and nothing else is
 * left, Deno ends with an error of its own; but there a listener for a signal counts as something left.
 *
 * So now and then, when the platform names nothing that keeps it alive, the listeners are off for a millisecond: either the process ends now, or they are back.
 * A live Node always names something. The looks become rarer, from one second to half a minute.
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
