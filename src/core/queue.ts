/**
 * A first-in-first-out queue over an array.
 *
 * 1. Push and shift take constant time on average: what has left is cut off once it is more than half of the array.
 * 2. A value that has left is not referred to any more; nothing is allocated in advance.
 */
export class Queue<T> {
  readonly #values: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#values.length - this.#head;
  }

  push(value: T): void {
    this.#values.push(value);
  }

  /** The oldest value. Only to be called while `size` is above 0. */
  shift(): T {
    const value = this.#values[this.#head] as T;
    this.#values[this.#head++] = undefined;
    if (this.#head > 1023 && this.#head * 2 > this.#values.length) {
      this.#values.splice(0, this.#head);
      this.#head = 0;
    }
    return value;
  }

  /** What `shift` would give, left in its place. */
  peek(): T | undefined {
    return this.#values[this.#head];
  }
}
