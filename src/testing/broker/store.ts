/**
 * A stored stream in memory, and the groups that lease its values.
 *
 * 1. A value is kept until every group is done with it. Each group gets what is appended after it was opened.
 * 2. A value is leased to one at a time. When its lease runs out it is available again, before those that were stored after it.
 * 3. An id is known for the window, also after its value was done.
 *
 * Idea: JetStream's streams with the policy of interest, and their pull consumers.
 */
import { arm } from "../../time/timer.ts";
import type { LogSettings } from "../../nats/broker.ts";

interface Stored {
  readonly seq: number;
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly sentAt: Date;
  /** The groups that have still to do it. */
  readonly groups: Set<Group>;
}

/** A value that was leased, as it goes out to the one who asked. */
export interface Grant {
  readonly seq: number;
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly attempt: number;
  readonly sentAt: Date;
}

/** Somebody who asks for values. */
export interface Pull {
  left: number;
  readonly give: (grant: Grant) => void;
}

/** What a group has to do with one value. */
interface Task {
  attempt: number;
  state: "waiting" | "leased" | "put off";
  disarm: (() => void) | undefined;
}

export class Group {
  readonly lease: number;
  readonly #stream: Stream;
  readonly #tasks = new Map<number, Task>();
  /** In order of their numbers. */
  readonly #available: number[] = [];
  readonly #pulls = new Set<Pull>();

  constructor(stream: Stream, lease: number) {
    this.#stream = stream;
    this.lease = lease;
  }

  add(seq: number): void {
    this.#tasks.set(seq, { attempt: 0, state: "waiting", disarm: undefined });
    this.#available.push(seq);
    this.serve();
  }

  drop(seq: number): void {
    this.#tasks.get(seq)?.disarm?.();
    this.#tasks.delete(seq);
  }

  pull(pull: Pull): void {
    this.#pulls.add(pull);
    this.serve();
  }

  withdraw(pull: Pull): void {
    this.#pulls.delete(pull);
  }

  withdrawAll(): void {
    this.#pulls.clear();
  }

  serve(): void {
    for (const pull of this.#pulls) {
      while (pull.left > 0) {
        const stored = this.#next();
        if (stored === undefined) return;
        if (--pull.left === 0) this.#pulls.delete(pull);
        const task = this.#tasks.get(stored.seq) as Task;
        task.attempt++;
        task.state = "leased";
        this.#arm(stored.seq, task, this.lease);
        const { seq, id, bytes, sentAt } = stored;
        pull.give({ seq, id, bytes, sentAt, attempt: task.attempt });
      }
    }
  }

  #next(): Stored | undefined {
    this.#stream.prune();
    for (let seq = this.#available.shift(); seq !== undefined; seq = this.#available.shift()) {
      const stored = this.#stream.values.get(seq);
      if (stored !== undefined && this.#tasks.has(seq)) return stored;
    }
    return undefined;
  }

  #arm(seq: number, task: Task, ms: number): void {
    task.disarm?.();
    // Somebody waits for it only if somebody waits for a value.
    const isIdle = (): boolean => this.#pulls.size === 0;
    // In real time, a lease that nobody waits for keeps no process.
    task.disarm = arm(ms, () => { this.#back(seq, task); }, (timer) => { if (task.state === "leased" && isIdle()) timer.unref?.(); }, isIdle);
  }

  #back(seq: number, task: Task): void {
    if (this.#tasks.get(seq) !== task) return;
    task.disarm?.();
    task.disarm = undefined;
    task.state = "waiting";
    const at = this.#available.findIndex((other) => other > seq);
    if (at < 0) this.#available.push(seq);
    else this.#available.splice(at, 0, seq);
    this.serve();
  }

  ack(seq: number): void {
    this.drop(seq);
    this.#stream.doneBy(this, seq);
  }

  /** Only the latest lease counts. */
  nak(seq: number, attempt: number, after: number): void {
    const task = this.#tasks.get(seq);
    if (task?.state !== "leased" || task.attempt !== attempt) return;
    if (after === 0) {
      this.#back(seq, task);
      return;
    }
    task.state = "put off";
    this.#arm(seq, task, after);
  }

  extend(seq: number, attempt: number): void {
    const task = this.#tasks.get(seq);
    if (task?.state === "leased" && task.attempt === attempt) this.#arm(seq, task, this.lease);
  }

  size(): { waiting: number; leased: number } {
    this.#stream.prune();
    let waiting = 0;
    for (const { state } of this.#tasks.values()) if (state === "waiting") waiting++;
    return { waiting, leased: this.#tasks.size - waiting };
  }
}

export class Stream {
  readonly settings: LogSettings;
  readonly values: Map<number, Stored> = new Map();
  readonly groups: Map<string, Group> = new Map();
  readonly #now: () => number;
  /** Each known id, and since when. */
  readonly #ids = new Map<string, number>();
  #last = 0;
  #synced = 0;

  constructor(settings: LogSettings, now: () => number) {
    this.settings = settings;
    this.#now = now;
  }

  group(name: string, lease: number): Group {
    let group = this.groups.get(name);
    if (group === undefined) this.groups.set(name, (group = new Group(this, lease)));
    return group;
  }

  append(bytes: Uint8Array, id: string): "stored" | "known" | "full" {
    this.prune();
    if (this.#ids.has(id)) return "known";
    if (this.values.size >= this.settings.capacity) return "full";
    const seq = ++this.#last;
    this.#ids.set(id, this.#now());
    this.values.set(seq, { seq, id, bytes, at: this.#now(), sentAt: new Date(), groups: new Set(this.groups.values()) });
    for (const group of this.groups.values()) group.add(seq);
    return "stored";
  }

  doneBy(group: Group, seq: number): void {
    const stored = this.values.get(seq);
    if (stored === undefined) return;
    stored.groups.delete(group);
    if (stored.groups.size === 0) this.values.delete(seq);
  }

  /** Forget what is too old. */
  prune(): void {
    const now = this.#now();
    for (const [id, since] of this.#ids) {
      if (now - since < this.settings.dedupWindow) break;
      this.#ids.delete(id);
    }
    for (const { seq, at } of this.values.values()) {
      if (now - at < this.settings.maxAge) break;
      this.#forget(seq);
    }
  }

  #forget(seq: number): void {
    this.values.delete(seq);
    for (const group of this.groups.values()) group.drop(seq);
  }

  sync(): void {
    this.#synced = this.#last;
  }

  /** Forget what was appended after the last sync, with its ids. */
  loseUnsynced(): void {
    for (const { seq, id } of [...this.values.values()]) {
      if (seq <= this.#synced) continue;
      this.#forget(seq);
      this.#ids.delete(id);
    }
  }

  /** It goes away with all timers. */
  end(): void {
    for (const seq of [...this.values.keys()]) this.#forget(seq);
  }
}
