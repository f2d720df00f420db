/**
 * What things of a run are called: keys for the strategies, texts for people.
 *
 * Everything is named by what made it and a number, not by when: two runs that differ in unrelated steps agree on names.
 */
import { Thread } from "./thread.ts";

export class Names {
  readonly #keys = new Map<object, string>();
  readonly #numbers = new Map<string, number>();
  readonly #owners = new Map<object, object>();

  /** Something has this name in every run. */
  give(what: object, key: string): void {
    this.#keys.set(what, key);
  }

  /** The key of what was touched. All whose making was not told have one in common, so that no dependence is missed. */
  keyOf(what: object): string {
    return what instanceof Thread ? what.key : (this.#keys.get(what) ?? "?");
  }

  /** What belongs to something counts as the same. */
  own(belonging: object, owner: object): void {
    this.#owners.set(belonging, owner);
  }

  /** What something belongs to: mostly itself. */
  ownerOf<T>(what: T): T | object {
    return this.#owners.get(what as object) ?? what;
  }

  ofThread({ root: { task, name } }: Thread): string {
    return task ? this.text(task.name) : name;
  }

  /** Numbers of the process, such as in channel-517, become numbers of this run. */
  text(given: string): string {
    return given.replace(/\b([a-z]+)-(\d+)\b/g, (name, kind: string) => {
      const count = `${kind} `;
      let number = this.#numbers.get(name);
      if (number === undefined) {
        number = (this.#numbers.get(count) ?? 0) + 1;
        this.#numbers.set(count, number).set(name, number);
      }
      return `${kind}-${String(number)}`;
    });
  }
}
