/**
 * A first-in-first-out queue over an array that wraps around.
 *
 * 1. Push and shift take constant time; the array doubles when it is full, and nothing is allocated in advance.
 * 2. A value that has left is not referred to any more.
 */
export class Queue<T> {
  #slots: (T | undefined)[] = [];
  #head = 0;
  /** How many values are in it. */
  size = 0;

  push(value: T): void {
    const { length } = this.#slots;
    if (this.size === length) {
      this.#slots = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head), ...new Array<undefined>(length || 4)];
      this.#head = 0;
    }
    this.#slots[(this.#head + this.size++) & (this.#slots.length - 1)] = value;
  }

  /** The oldest value, if there is one. */
  get first(): T | undefined {
    return this.#slots[this.#head];
  }

  /** The oldest value, taken out. Only to be called while `size` is above 0. */
  shift(): T {
    const value = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.size--;
    return value;
  }
}
