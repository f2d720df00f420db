/**
 * A first-in-first-out queue over an array that wraps around.
 *
 * 1. Push and shift take constant time; room doubles when it is full, and nothing is allocated in advance.
 * 2. A value that has left is not referred to any more.
 */
export class Ring<T> {
  #slots: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = value;
    this.#size++;
  }

  /** The oldest value. Only to be called while `size` is above 0. */
  shift(): T {
    const value = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return value;
  }

  /** What `shift` would give, left in its place. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  #grow(): void {
    const slots = new Array<T | undefined>(Math.max(4, this.#slots.length * 2));
    for (let index = 0; index < this.#size; index++) {
      slots[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
