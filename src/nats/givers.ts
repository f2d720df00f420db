/**
 * Values that are to be given, in the order of their numbers: one that was refused comes back to its place, ahead of its successors.
 */
import { Chain, type Linked } from "../support/chain.ts";

/** A value that is to be given. */
export interface Giver extends Linked<Giver> {
  readonly bytes: Uint8Array;
  seq: number;
  /** Where it is on its way to. */
  inbox: string | undefined;
  /** When its first question went out that had no answer. */
  since: number | undefined;
  /** A question is out. */
  asked: boolean;
  /** Nobody waits for it any more. */
  left: boolean;
  taken(): void;
  failed(error: unknown): void;
  /** It had left, and nobody knows what became of it. */
  unknown(error: unknown): void;
}

export class GiverLine {
  readonly #chain = new Chain<Giver>();
  #last: Giver | undefined = undefined;

  get first(): Giver | undefined {
    return this.#chain.first;
  }

  add(giver: Giver): void {
    const later: Giver[] = [];
    for (let last = this.#last; last && last.seq > giver.seq; last = this.#last) {
      this.remove(last);
      later.push(last);
    }
    for (const one of [giver, ...later.reverse()]) {
      this.#chain.add(one);
      this.#last = one;
    }
  }

  remove(giver: Giver): void {
    if (giver.before === undefined && this.#chain.first !== giver) return;
    if (this.#last === giver) this.#last = giver.before;
    this.#chain.remove(giver);
  }
}
