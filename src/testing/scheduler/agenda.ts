/**
 * Who may go on next: those who are about to, and timers; and virtual time.
 *
 * 1. In the order in which they became ready; then the timers that are due.
 * 2. A thread that has yielded twice since anybody else has gone on waits for the others, so that nobody who yields again and again keeps them
 *    from going on. Where only such ones are left, time moves after a while: they may wait for that.
 * 3. A timer for which nobody waits, as a ticker's, is no reason to move time; where time moves past it, it fires on the way, and nobody has to be
 *    told.
 *
 * Idea: the fair scheduling of CHESS, by Musuvathi and Qadeer, 2008.
 */
import type { Item, Thread, Timer } from "./thread.ts";
import { Timers } from "./timers.ts";

/** So often those who yield may go on while nobody else does, each of them, before time moves. */
const spinsEach = 16;
/** So many timers that nobody waits for fire on the way to another one. */
const idleOnTheWay = 10_000;

export class Agenda {
  /** Milliseconds since the start. */
  now = 0;
  readonly items: Item[] = [];
  readonly timers: Timers<Timer> = new Timers();
  /** How often each thread that has yielded has done so since somebody else has gone on. */
  #yields: Map<Thread, number> | undefined = undefined;
  #spins = 0;

  add(item: Item): void {
    this.items.push(item);
    if (!item.yields) return;
    const yields = (this.#yields ??= new Map<Thread, number>());
    yields.set(item.thread.root, (yields.get(item.thread.root) ?? 0) + 1);
  }

  /** Take out what goes on now; time moves to it, if it is a timer. The result says whether it is one. */
  take(item: Item): boolean {
    const index = this.items.indexOf(item);
    const isTimer = index < 0;
    if (isTimer) {
      this.timers.remove(item as Timer);
      this.now = Math.max(this.now, (item as Timer).at);
    } else if (index === 0) this.items.shift(); // both mostly, and neither makes a list, as a splice does
    else if (index === this.items.length - 1) this.items.pop();
    else this.items.splice(index, 1);
    if (item.yields) this.#spins++;
    else if (isTimer || !this.#yields?.has(item.thread.root)) {
      this.#yields?.clear();
      this.#spins = 0;
    }
    return isTimer;
  }

  /** Who may go on now; the list is good until one of them is taken. */
  get alternatives(): readonly Item[] {
    const due = this.timers.upTo(this.now).filter((timer) => !timer.isIdle());
    if (!this.#yields || this.#yields.size === 0) return due.length === 0 ? this.items : [...this.items, ...due];
    const others = [...this.items.filter((item) => !this.#hasToWait(item)), ...due];
    if (others.length > 0) return others;
    const first = this.#spins >= spinsEach * this.#yields.size ? (this.#nextThatCounts ?? this.timers.first) : undefined;
    return first ? [first] : this.items;
  }

  #hasToWait({ thread, yields }: Item): boolean {
    return yields === true && (this.#yields?.get(thread.root) ?? 0) > 1;
  }

  /** The timers of the next instant at which one is due that somebody waits for. */
  get next(): Item[] {
    const at = this.#nextThatCounts?.at ?? this.now;
    return at > this.now ? this.timers.upTo(at).filter((timer) => !timer.isIdle()) : [];
  }

  /** Time moves to the next timer that somebody waits for. False: there is none. */
  advance(): boolean {
    const at = this.#nextThatCounts?.at;
    if (at === undefined) return false;
    for (let fired = 0, { first } = this.timers; first && first.at < at && fired < idleOnTheWay; fired++, { first } = this.timers) {
      this.timers.remove(first);
      this.now = Math.max(this.now, first.at);
      first.proceed();
    }
    this.now = Math.max(this.now, at);
    return true;
  }

  get #nextThatCounts(): Timer | undefined {
    const { first } = this.timers;
    return first?.isIdle() === true ? this.timers.find((timer) => !timer.isIdle()) : first;
  }

  /** The next timer, taken out; time moves to it. */
  nextTimer(): (() => void) | undefined {
    const { first } = this.timers;
    if (!first) return undefined;
    this.timers.remove(first);
    this.now = Math.max(this.now, first.at);
    return () => { first.proceed(); };
  }
}
