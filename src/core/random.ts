/**
 * The one source of chance: which of several ready cases a select takes.
 *
 * Its sequence is a function of the seed alone (the xorshift generator by George Marsaglia), so a test that seeds it sees the same
 * choices every time. Unseeded, it starts somewhere else in every process.
 */
let state = 0;
seedChoices(Math.random() * 0x1_0000_0000);

/** Start the sequence that belongs to this seed. */
export function seedChoices(seed: number): void {
  state = Math.imul(seed, 0x9e37_79b1) || 1; // spread out: seeds next to each other begin far apart; 0 would stay 0
}

/** A whole number from 0 up to, and without, `count`; each is equally likely. */
export function below(count: number): number {
  if (count === 1) return 0;
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return Math.floor(((state >>> 0) / 0x1_0000_0000) * count);
}
