/**
 * Deadlock detection for a platform that does not report a deadlock itself. While the top level of a program waits, Bun's event loop does not end
 * when nothing is left that could wake a task, and 'beforeExit' does not come: the loop spins.
 *
 * An event loop that has anything to wait for sleeps, and the system counts how often a process does. So a deadlock is reported only if, three times in a
 * row,
 * - while a timer that keeps nothing alive has fired twenty times, the process has slept clearly less often (a count of zero since its start proves
 *   nothing: some systems do not count);
 * - sixty-four turns of the loop pass at once, so no other code runs between them, which would use the processor as well.
 *
 * A busy machine, or a thread that computes, can only delay the report.
 */
import { clockIsReal } from "../../core/controller.ts";
import { nextTurn } from "../../core/scheduler.ts";
import { arm, armQuietly } from "../../time/timer.ts";
import type { Host } from "./host.ts";

const msBetweenLooks = 300;
const ticks = 20;
const shareOfTicks = 0.7;
const msPerTick = 10;
const turns = 64;
const msOfTurns = 5;
const looks = 3;

/** Whether the platform names what keeps it alive. */
export function namesWhatLives(process: Host): boolean {
  const disarm = arm(0, () => { /* its only purpose is to be named */ });
  const named = process.getActiveResourcesInfo?.().length !== 0;
  disarm();
  return named;
}

/** Call `hangs` when the event loop has nothing left to wait for and does not end, until the function that is returned is called. */
export function watchForSpinning(process: Host, hangs: () => void): () => void {
  const slept = (): number => process.resourceUsage?.().voluntaryContextSwitches ?? 0;
  let disarm: () => void;
  let over = false;
  let seen = 0;
  const look = (): void => {
    const before = slept();
    let left = ticks;
    const tick = (): void => {
      if (--left > 0) disarm = armQuietly(msPerTick, tick);
      else if (clockIsReal() && slept() > 0 && slept() - before < ticks * shareOfTicks) {
        passTurns((ms) => {
          if (!over) judge(ms < msOfTurns);
        });
      } else judge(false);
    };
    disarm = armQuietly(msPerTick, tick);
  };
  const judge = (spins: boolean): void => {
    seen = spins ? seen + 1 : 0;
    if (seen < looks) disarm = armQuietly(spins ? 0 : msBetweenLooks, look);
    else hangs();
  };
  disarm = armQuietly(msBetweenLooks, look);
  return () => {
    over = true;
    disarm();
  };
}

/** Measure how long that many turns of the event loop take. */
function passTurns(then: (ms: number) => void): void {
  const began = performance.now();
  let left = turns;
  const pass = (): void => {
    if (--left > 0) nextTurn(pass);
    else then(performance.now() - began);
  };
  pass();
}
