/**
 * What things of a run are called: keys for the strategies, texts for people.
 *
 * Everything is named by what made it and a number, not by when: two runs that differ in unrelated steps agree on names.
 */
import { ScopeState } from "../../task/scope/scope-state.ts";
import { Thread } from "./thread.ts";

export class Names {
  readonly #keys = new Map<object, string>();
  readonly #numbers = new Map<string, number>();
  readonly #lines = new Map<object, { channel: { name: string }; verb: string }>();

  /** Something has this name in every run. */
  give(what: object, key: string): void {
    this.#keys.set(what, key);
  }

  /** The key of what was touched. All whose making was not told have one in common, so that no dependence is missed. */
  keyOf(what: object): string {
    return what instanceof Thread ? what.key : (this.#keys.get(what) ?? "?");
  }

  /** The lines of a channel are the channel's. */
  addLines(channel: { name: string; senders?: object; receivers?: object }): void {
    if (channel.senders) this.#lines.set(channel.senders, { channel, verb: "send" });
    if (channel.receivers) this.#lines.set(channel.receivers, { channel, verb: "receive" });
  }

  /** The channel of a line; anything else is itself. */
  ownerOf<T>(what: T): T | object {
    return this.#lines.get(what as object)?.channel ?? what;
  }

  ofThread({ root: { task, name } }: Thread): string {
    return task ? this.text(task.name) : name;
  }

  /** What is waited for. */
  ofPlace(where: object): string {
    const line = this.#lines.get(where);
    if (line) return this.text(`${line.verb} on channel ${JSON.stringify(line.channel.name)}`);
    return where instanceof ScopeState ? this.text(`${where.kind} "${where.name}"`) : this.text(String(where));
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
