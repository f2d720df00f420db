/**
 * A chain of members that come and go: in order, and out of the middle in one step.
 *
 * 1. The links are the members' own, so that joining makes nothing; a member is in one chain at a time.
 * 2. Leaving a chain that it is not in any more is harmless.
 *
 * Idea: the registries of trio and of Go's runtime.
 */

/** What a member of a chain of its kind carries. */
export interface Linked<Member> {
  /** The member before this one. */
  before: Member | undefined;
  /** The member after this one. */
  after: Member | undefined;
}

export class Chain<Member extends Linked<Member>> implements Iterable<Member> {
  first: Member | undefined = undefined;
  #last: Member | undefined = undefined;

  add(member: Member): void {
    member.before = this.#last;
    if (this.#last) this.#last.after = member;
    else this.first = member;
    this.#last = member;
  }

  remove(member: Member): void {
    const { before, after } = member;
    if (!before && this.first !== member) return;
    if (before) before.after = after;
    else this.first = after;
    if (after) after.before = before;
    else this.#last = before;
    member.before = undefined;
    member.after = undefined;
  }

  /** The members in order. The one that was given last may leave. */
  *[Symbol.iterator](): Iterator<Member> {
    for (let member = this.first, after; member; member = after) {
      after = member.after;
      yield member;
    }
  }
}
