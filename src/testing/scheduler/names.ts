/**
 * What things of a run are called: keys for the strategies, texts for people.
 *
 * Everything is named by what made it and a number, not by when: two runs that differ in unrelated steps agree on names.
 */
import { Thread, type Event } from "./thread.ts";

export class Names {
  readonly #keys = new Map<object, string>();
  #numbers: Map<string, number> | undefined = undefined;
  readonly #made: object[] = [];
  #counted = 0;
  #numbersOfSame: Map<object, string> | undefined = undefined;
  #owners: Map<object, object> | undefined = undefined;

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
    (this.#owners ??= new Map<object, object>()).set(belonging, owner);
  }

  /** What something belongs to: mostly itself. */
  ownerOf<T>(what: T): T | object {
    return this.#owners?.get(what as object) ?? what;
  }

  /** Something that has a name was made: if others are called the same, they are told apart by numbers. */
  count(what: object): void {
    this.#made.push(what);
  }

  ofThread({ root: { task, name } }: Thread): string {
    return task ? this.text(task.name) + this.#numberOf(task) : this.text(name);
  }

  /** `"jobs"`, or `"jobs" #2` if there is another one. */
  ofThing(what: { readonly name: unknown }): string {
    return this.text(JSON.stringify(what.name)) + this.#numberOf(what);
  }

  /** What is waited for, its channels told apart. */
  ofWaiting({ what, lines = [] }: Event): string {
    let text = String(what);
    for (const owner of new Set(lines.map((line) => this.ownerOf(line)))) {
      const number = typeof owner === "object" ? this.#numberOf(owner) : "";
      if (number === "") continue;
      const name = JSON.stringify((owner as { name: unknown }).name);
      const at = text.search(new RegExp(`${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?! #)`));
      if (at >= 0) text = text.slice(0, at + name.length) + number + text.slice(at + name.length);
    }
    return this.text(text);
  }

  /** ` #2`, if others have the same name. */
  #numberOf(what: object): string {
    if (this.#counted < this.#made.length) {
      const sameName = new Map<string, object[]>();
      for (const made of this.#made) {
        if (!("name" in made) || typeof made.name !== "string") continue;
        const kind = `${"kind" in made ? "task" : "thing"} ${made.name}`;
        sameName.set(kind, [...(sameName.get(kind) ?? []), made]);
      }
      const numbers = (this.#numbersOfSame = new Map<object, string>());
      for (const same of sameName.values()) if (same.length > 1) for (const [index, made] of same.entries()) numbers.set(made, ` #${String(index + 1)}`);
      this.#counted = this.#made.length;
    }
    return this.#numbersOfSame?.get(what) ?? "";
  }

  /** Numbers of the process, such as in channel-517, become numbers of this run. */
  text(given: string): string {
    const numbers = (this.#numbers ??= new Map<string, number>());
    return given.replace(/\b([a-z]+)-(\d+)\b/g, (name, kind: string) => {
      const count = `${kind} `;
      let number = numbers.get(name);
      if (number === undefined) {
        number = (numbers.get(count) ?? 0) + 1;
        numbers.set(count, number).set(name, number);
      }
      return `${kind}-${String(number)}`;
    });
  }
}
