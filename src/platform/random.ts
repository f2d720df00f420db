/**
 * The one source of chance: which of several ready cases a select takes. The platform's, until a test seeds its own.
 */
let random = Math.random;

/** A whole number from 0 up to, and without, `count`; each is equally likely. */
export function below(count: number): number {
  return count === 1 ? 0 : Math.floor(random() * count);
}

/** A number from 0 up to, and without, 1. */
export function fraction(): number {
  return random();
}

/**
 * Make all later choices a function of the seed alone, until the returned function is called.
 */
export function seedChoices(seed: number): () => void {
  const before = random;
  random = seeded(seed);
  return () => { random = before; };
}

/** Numbers from 0 up to, and without, 1 that are a function of the seed alone: the mulberry32 generator of Tommy Ettinger. */
export function seeded(seed: number): () => number {
  let state = Math.trunc(seed);
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** The same, of a name and a seed: the name is hashed as Fowler, Noll and Vo do (FNV-1a). */
export function seededBy(name: string, seed: number): () => number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return seeded(hash);
}
