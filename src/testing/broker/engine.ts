/**
 * The engine in memory: who hears which subject, and the streams.
 *
 * Idea: a NATS server, without the network.
 */
import { touch } from "../../core/controller.ts";
import { TimerClock } from "../../time/clock.ts";
import type { LogSettings } from "../../nats/broker.ts";
import { Stream, type Group } from "./store.ts";

/** A client that hears of a subject. */
export interface Ear {
  readonly subject: string;
  readonly group: string | undefined;
  /** Lets a message go out to it. */
  hear(subject: string, bytes: Uint8Array, answer: ((bytes: Uint8Array) => void) | undefined): void;
}

const streamSettings = ["capacity", "storage", "replicas", "maxAge", "dedupWindow"] as const;

export class Engine {
  readonly #clock = new TimerClock();
  readonly #ears = new Map<string, Set<Ear>>();
  readonly streams: Map<string, Stream> = new Map();
  readonly notes: Map<string, Uint8Array> = new Map();
  /** How many of the next answers get lost. */
  lost = 0;
  #turn = 0;

  // -- Subjects --

  add(ear: Ear): void {
    touch(this);
    const ears = this.#ears.get(ear.subject) ?? new Set();
    this.#ears.set(ear.subject, ears.add(ear));
  }

  remove(ear: Ear): void {
    touch(this);
    const ears = this.#ears.get(ear.subject);
    ears?.delete(ear);
    if (ears?.size === 0) this.#ears.delete(ear.subject);
  }

  /** Let a message go out to all who hear it; false: nobody does. */
  route(subject: string, bytes: Uint8Array, answer?: (bytes: Uint8Array) => void): boolean {
    touch(this);
    const ears = [...this.#ears.get(subject) ?? [], ...this.#ears.get(subject.replace(/[^.]*$/, "*")) ?? []];
    const groups = new Map<string, Ear[]>();
    for (const ear of ears) {
      if (ear.group === undefined) ear.hear(subject, bytes, answer);
      else groups.set(ear.group, [...groups.get(ear.group) ?? [], ear]);
    }
    for (const members of groups.values()) members[this.#turn++ % members.length]?.hear(subject, bytes, answer);
    return ears.length > 0;
  }

  /** Whether an answer gets through. */
  answers(): boolean {
    if (this.lost <= 0) return true;
    this.lost--;
    return false;
  }

  // -- Streams --

  /** The group of a stream, which is made if need be; or what is wrong. */
  open(name: string, settings: LogSettings): Group {
    touch(this);
    let stream = this.streams.get(name);
    if (stream === undefined) {
      if (!settings.create) throw new Error(`queue ${JSON.stringify(name)} does not exist, and create is false`);
      this.streams.set(name, (stream = new Stream(settings, () => this.#clock.now)));
    }
    const existing = stream.groups.get(settings.group);
    for (const key of settings.compared) {
      const is = key === "lease" ? existing?.lease ?? settings.lease : stream.settings[key];
      if (is !== settings[key] && (key === "lease" || streamSettings.some((one) => one === key))) throw differs(name, key, is, settings[key]);
    }
    return stream.group(settings.group, settings.lease);
  }

  restart(lose: "memory" | "unsynced" | undefined): void {
    touch(this);
    this.#ears.clear();
    for (const [name, stream] of this.streams) {
      for (const group of stream.groups.values()) group.withdrawAll();
      if (lose === "unsynced") stream.loseUnsynced();
      if (lose === "memory" && stream.settings.storage === "memory") {
        stream.end();
        this.streams.delete(name);
      }
    }
  }
}

function differs(name: string, key: string, is: unknown, wanted: unknown): TypeError {
  return new TypeError(`queue ${JSON.stringify(name)} exists with ${key} ${String(is)}; this end wants ${String(wanted)}. Give it the same settings, or take another name: what exists is not changed`);
}
