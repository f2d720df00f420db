/**
 * The one source of chance: which of several ready cases a select takes.
 *
 * Its sequence is a function of the seed alone (the mulberry32 generator by Tommy Ettinger), so a test that seeds it
 * sees the same choices every time. Unseeded, it starts somewhere else in every process.
 */
let state = Math.trunc(Math.random() * 0x1_0000_0000);

/** Start the sequence that belongs to this seed. */
export function seedChoices(seed: number): void {
  state = Math.trunc(seed);
}

/** A whole number from 0 up to, and without, `count`; each is equally likely. */
export function below(count: number): number {
  if (count === 1) return 0;
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000) * count);
}
