/**
 * Virtual timers: the next one is found, and any one taken out, without looking at the others.
 *
 * 1. In the order of their time; equal ones in the order in which they were added.
 * 2. Adding and taking out take logarithmic time, whatever is in between.
 *
 *        heap:  [0]  ≤  [1] [2]  ≤  [3] [4] [5] [6]        the children of [n] are [2n + 1] and [2n + 2]
 *
 * Idea: the binary heap of J. W. J. Williams.
 */

/** A timer. */
export interface Timed {
  /** When it is due. */
  readonly at: number;
}

interface Entry<T> {
  readonly timer: T;
  readonly number: number;
}

export class Timers<T extends Timed> {
  readonly #heap: Entry<T>[] = [];
  #places: Map<T, number> | undefined = undefined;
  #added = 0;

  add(timer: T): void {
    this.#put(this.#heap.length, { timer, number: this.#added++ });
    this.#rise(this.#heap.length - 1);
  }

  /** Take a timer out. One that is not in any more is left alone. */
  remove(timer: T): void {
    const places = this.#places;
    const place = places?.get(timer);
    if (!places || place === undefined) return;
    places.delete(timer);
    const last = this.#heap.pop() as Entry<T>;
    if (last.timer === timer) return;
    this.#put(place, last);
    this.#rise(place);
    this.#sink(places.get(last.timer) as number);
  }

  /** How many there are. */
  get length(): number {
    return this.#heap.length;
  }

  /** The one that is due first. */
  get first(): T | undefined {
    return this.#heap[0]?.timer;
  }

  /** The first of which this holds. */
  find(holds: (timer: T) => boolean): T | undefined {
    let found: Entry<T> | undefined;
    for (const entry of this.#heap) if (holds(entry.timer) && (!found || before(entry, found))) found = entry;
    return found?.timer;
  }

  /** All that are due at a time or before, in order. */
  upTo(at: number): T[] {
    if (!this.first || this.first.at > at) return [];
    const due: Entry<T>[] = [];
    const places = [0];
    for (const place of places) {
      const entry = this.#heap[place];
      if (!entry || entry.timer.at > at) continue;
      due.push(entry);
      places.push(2 * place + 1, 2 * place + 2);
    }
    return due.sort((one, other) => (before(one, other) ? -1 : 1)).map(({ timer }) => timer);
  }

  #put(place: number, entry: Entry<T>): void {
    this.#heap[place] = entry;
    (this.#places ??= new Map<T, number>()).set(entry.timer, place);
  }

  #rise(from: number): void {
    const entry = this.#heap[from] as Entry<T>;
    let place = from;
    for (let above = (place - 1) >> 1; place > 0 && before(entry, this.#heap[above] as Entry<T>); above = (place - 1) >> 1) {
      this.#put(place, this.#heap[above] as Entry<T>);
      place = above;
    }
    this.#put(place, entry);
  }

  #sink(from: number): void {
    const entry = this.#heap[from] as Entry<T>;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      const [left, right] = [this.#heap[below], this.#heap[below + 1]];
      if (left && right && before(right, left)) below++;
      const next = this.#heap[below];
      if (!next || before(entry, next)) break;
      this.#put(place, next);
      place = below;
    }
    this.#put(place, entry);
  }
}

function before<T extends Timed>(one: Entry<T>, other: Entry<T>): boolean {
  return one.timer.at < other.timer.at || (one.timer.at === other.timer.at && one.number < other.number);
}
