/**
 * Settling: everything that can go on has gone on.
 */
import { perform } from "../core/perform.ts";
import { controller } from "../core/controller.ts";
import { BubbleRun } from "./bubble/bubble-run.ts";
import { eventLoopTurn, whenRested } from "./scheduler/platform.ts";

/**
 * Lets everything run that can. No virtual time passes. In a bubble it rejects with a `CancelledError` if its task is cancelled.
 *
 * In a {@link bubble} it is exact: it resolves when every other task waits in an operation of the library or has ended. Elsewhere it
 * lets all promise jobs run, and some turns of the real event loop; for use with a fake clock: advance it, then settle.
 *
 * @example
 * ```ts
 * import { chan, go } from "rendezvous";
 * import { settle } from "rendezvous/testing";
 *
 * const ch = chan<number>();
 * const task = go(async () => 2 * (await ch.receive()));
 * ch.send(21).catch(console.error);
 * await settle();
 * console.log(task.state); // done
 * ```
 *
 * Idea: Go's `synctest.Wait`.
 */
export async function settle(): Promise<void> {
  if (controller instanceof BubbleRun) return perform(controller.settling());
  for (let turns = 0; turns < 8; turns++) {
    await new Promise<void>((resolve) => { (turns === 4 ? whenRested : eventLoopTurn)(resolve); });
  }
}
