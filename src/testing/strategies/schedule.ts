/**
 * Schedules as strings: the choices of a run, one after the other. 0 is the usual: who became ready first goes on first, the first case is polled
 * first, who was woken goes on when the other one rests. So a schedule is the difference from the usual run, and zeros at its end say nothing.
 *
 *        "001"    the third choice was the second possibility       "0(40)"    choices above 35 are in brackets
 *        "=01"    with production's own wake-ups                     "@01"      timers raced with tasks
 *
 * Idea: shuttle's schedules.
 */

import type { Manner } from "../scheduler/controlled-scheduler.ts";
import { threadsAreToldApart } from "../scheduler/thread.ts";

/** How a run went, and what was chosen in it. */
export interface Schedule {
  readonly manner: Manner;
  readonly choices: readonly number[];
}

/** A schedule as a string. */
export function written({ manner: { production, raced }, choices }: Schedule): string {
  const text = encode(choices);
  return `${production ? "=" : ""}${raced ? "@" : ""}${production && text === "0" ? "" : text}`;
}

/** The schedule of a string, or a clear error. `raced`: whether timers race if the string does not say so. */
export function read(schedule: string, raced = false): Schedule {
  const [, marks = "", choices = schedule] = typeof (schedule as unknown) === "string" ? /^(=?@?)(.*)$/.exec(schedule) ?? [] : [];
  const production = marks.startsWith("=");
  if (production && !threadsAreToldApart()) {
    throw new TypeError(`a schedule that begins with "=" has production's own wake-ups: replay it where there are async contexts, as on Node, Bun and Deno`);
  }
  return { manner: { production, raced: raced || marks.endsWith("@") }, choices: decode(choices) };
}

/** A string for these choices. */
export function encode(choices: readonly number[]): string {
  const text = choices.map((choice) => (choice < 36 ? choice.toString(36) : `(${String(choice)})`)).join("");
  return text.replace(/0+$/, "") || "0";
}

/** The choices of a string, or a clear error. */
export function decode(schedule: string): number[] {
  if (typeof (schedule as unknown) !== "string" || !/^(?:[0-9a-z]|\(\d+\))*$/.test(schedule)) {
    throw new TypeError(`a schedule is what an ExploreError tells, such as "001"; got ${JSON.stringify(schedule)}`);
  }
  return (schedule.match(/[0-9a-z]|\(\d+\)/g) ?? [])
    .map((digit) => (digit.startsWith("(") ? Number(digit.slice(1, -1)) : parseInt(digit, 36)));
}
