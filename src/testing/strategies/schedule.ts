/**
 * Schedules as strings: the choices of a run, one after the other. 0 is what production would do: who became ready first goes on first,
 * the first case is polled first. So a schedule is the difference from the normal run, and zeros at its end say nothing.
 *
 *        "001"    the third choice was the second possibility       "0(40)"    choices above 35 are in brackets
 *
 * Idea: shuttle's schedules.
 */

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
