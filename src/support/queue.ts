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
    if (this.size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.size++) & (this.#slots.length - 1)] = value;
  }

  #grow(): void {
    const more = new Array<undefined>(this.size || 4);
    this.#slots = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head), ...more];
    this.#head = 0;
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
