/**
 * A buffer by priority: the least value first, equal ones in the order of their arrival.
 *
 * 1. It compares in `push` alone, so that nothing of the user's runs when a value is taken.
 * 2. Pushing takes time in proportion to the logarithm of its size, but for moves of at most a block; taking takes constant time.
 *
 *        blocks:  [ 9 8 8 ] [ 7 5 ] [ 4 4 1 ]        from the greatest to the least, which is taken from the end
 *
 * Idea: asyncio's `PriorityQueue`, as a sorted list of blocks: a heap would compare when a value is taken.
 */
import type { Buffer } from "../channel/channel-types.ts";
import { checkedFunction } from "../support/given.ts";

/** How long a block becomes before it is divided. */
const longest = 512;

/**
 * Makes a buffer for a channel that gives the least of its values first, and equal ones in the order of their arrival.
 *
 * It is for one channel. Values in the buffer are sorted; senders in line stay in line, and a value that a receiver waits for never enters the buffer.
 *
 * @param compare - as for `Array.sort`: below 0 if the first comes first. It is only called when a value is accepted; one that throws fails that send, which
 * has not happened
 * @throws TypeError when `compare` is no function, or an async or a generator function
 *
 * @example
 * ```ts
 * import { chan } from "rendezvous";
 * import { byPriority } from "rendezvous/sync";
 *
 * const jobs = chan<{ rank: number }>({ capacity: Infinity, buffer: byPriority((a, b) => a.rank - b.rank) });
 * for (const rank of [3, 1, 2]) await jobs.send({ rank });
 * jobs.close();
 * for await (const { rank } of jobs) console.log(rank);
 * // 1
 * // 2
 * // 3
 * ```
 *
 * Idea: asyncio's `PriorityQueue`.
 */
export function byPriority<T>(compare: (a: T, b: T) => number): Buffer<T> {
  return new Sorted(checkedFunction(compare, "byPriority", "byPriority((a, b) => a.rank - b.rank)", "AsyncFunction", "GeneratorFunction", "AsyncGeneratorFunction"));
}

class Sorted<T> implements Buffer<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #blocks: T[][] = [];
  size = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  push(value: T): void {
    const blocks = this.#blocks;
    // The first block, and in it the first value, that comes before this one or is equal: all before it come after.
    const goesBefore = (other: T): boolean => this.#compare(other, value) <= 0;
    const at = Math.min(firstOf(blocks, (block) => goesBefore(block.at(-1) as T)), blocks.length - 1);
    const block = blocks[at];
    if (block === undefined) blocks.push([value]);
    else {
      block.splice(firstOf(block, goesBefore), 0, value);
      if (block.length > longest) blocks.splice(at, 1, block.slice(0, longest / 2), block.slice(longest / 2));
    }
    this.size++;
  }

  shift(): T {
    const last = this.#blocks.at(-1) as T[];
    const value = last.pop() as T;
    if (last.length === 0) this.#blocks.pop();
    this.size--;
    return value;
  }
}

/** The place of the first for which a test holds that holds for all after it; the length, if for none. */
function firstOf<T>(values: readonly T[], test: (value: T) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(values[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
