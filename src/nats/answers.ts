/**
 * What a receiver remembers of its answers, sender by sender, so that one that was lost can be given again: until the sender knows of it, or has gone.
 */

/** What is remembered of a sender. */
export class SenderAnswers {
  readonly #answers = new Map<number, string>();
  /** The first of those that were refused and have not come again. */
  #refused: number | undefined = undefined;

  get count(): number {
    return this.#answers.size;
  }

  /** The sender has settled all below this number. */
  settledBelow(lowest: number): void {
    for (const answered of this.#answers.keys()) {
      if (answered >= lowest) break;
      this.#answers.delete(answered);
    }
    if (this.#refused !== undefined && this.#refused < lowest) this.#refused = undefined;
  }

  /** The answer that this number had; otherwise the one that is made now. A refusal is not remembered: the value may come again. */
  of(seq: number, make: () => string): string {
    const known = this.#answers.get(seq);
    if (known !== undefined) return known;
    const answer = make();
    if (answer !== "-") this.#answers.set(seq, answer);
    return answer;
  }

  /** Whether one before it was refused, which has to come first. */
  mustWait(seq: number): boolean {
    return this.#refused !== undefined && seq > this.#refused;
  }

  refuse(seq: number): "-" {
    this.#refused = Math.min(seq, this.#refused ?? seq);
    return "-";
  }

  accept(seq: number): void {
    if (this.#refused === seq) this.#refused = undefined;
  }
}

/** All senders. */
export class Answers {
  readonly #senders = new Map<string, SenderAnswers>();

  /** How many answers are remembered. */
  get count(): number {
    let count = 0;
    for (const sender of this.#senders.values()) count += sender.count;
    return count;
  }

  to(id: string): SenderAnswers {
    let sender = this.#senders.get(id);
    if (!sender) this.#senders.set(id, (sender = new SenderAnswers()));
    return sender;
  }

  forget(id: string): void {
    this.#senders.delete(id);
  }
}
