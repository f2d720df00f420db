/**
 * Shrinking: a shorter schedule that leads to the same finding.
 *
 * 1. First without any choice, then by a shorter beginning; then choices become the usual ones, or go, many at once and then one by one.
 * 2. It is bounded in tries, in steps, and by the time that is left: what is best by then stands.
 *
 * Idea: the delta debugging of Zeller and Hildebrandt, 2002.
 */
import { now } from "../../platform/macrotask.ts";
import type { Manner } from "../scheduler/controlled-scheduler.ts";
import { encode } from "../strategies/schedule.ts";
import type { Verdict } from "./program-run.ts";

const triesAtMost = 200;
const stepsAtMost = 200_000;

/** The verdict of the simplest run found that ends as this one does. `usual` is how most runs go; `run` runs the program by given choices. */
export async function shrunk(
  verdict: Verdict, usual: Manner, run: (choices: readonly number[], manner: Manner) => Promise<Verdict | undefined>, deadline: number,
): Promise<Verdict> {
  let best = verdict;
  let [tries, steps] = [0, 0];
  const isOver = (): boolean => tries >= triesAtMost || steps >= stepsAtMost || now() > deadline;
  const simplerBy = async (choices: readonly number[], manner = best.schedule.manner): Promise<boolean> => {
    if (isOver()) return false;
    tries++;
    const next = await run(choices, manner);
    steps += next?.scheduler.turns ?? 0;
    if (!next || next.stopped || next.kind !== verdict.kind || String(next.error) !== String(verdict.error) || !isSimpler(next, best)) return false;
    best = next;
    return true;
  };
  if (verdict.schedule.manner !== usual && (await simplerBy([], usual))) return best;
  await simplerBy([]);
  for (let size = best.schedule.choices.length >> 1; size > 0 && !isOver(); size >>= 1) {
    if (await simplerBy(best.schedule.choices.slice(0, -size))) size = best.schedule.choices.length;
  }
  for (let size = best.schedule.choices.length >> 2; size > 1 && !isOver(); size >>= 1) await byPieces(size);
  while (!isOver() && (await oneByOne()));
  return best;

  /** So many choices at once become the usual ones, or go. */
  async function byPieces(size: number): Promise<void> {
    for (let end = best.schedule.choices.length; end > 0 && !isOver(); end -= size) {
      const { choices } = best.schedule;
      const [before, piece, after] = [choices.slice(0, Math.max(0, end - size)), choices.slice(Math.max(0, end - size), end), choices.slice(end)];
      if (piece.some((choice) => choice > 0) && !(await simplerBy([...before, ...piece.map(() => 0), ...after]))) await simplerBy([...before, ...after]);
    }
  }

  async function oneByOne(): Promise<boolean> {
    let progress = false;
    for (let index = best.schedule.choices.length - 1; index >= 0; index--) {
      const { choices } = best.schedule;
      const choice = choices[index] ?? 0;
      if (choice === 0) continue;
      const [before, after] = [choices.slice(0, index), choices.slice(index + 1)];
      for (const candidate of [before, [...before, 0, ...after], [...before, ...after], [...before, choice - 1, ...after]]) {
        if (!(await simplerBy(candidate))) continue;
        progress = true;
        break;
      }
    }
    return progress;
  }
}

/** Whether a verdict's schedule is shorter, or as long and smaller, or not of the same manner. */
function isSimpler(one: Verdict, other: Verdict): boolean {
  if (other.schedule.manner !== one.schedule.manner) return true;
  const [a, b] = [encode(one.schedule.choices), encode(other.schedule.choices)];
  return a.length < b.length || (a.length === b.length && a < b);
}
