/**
 * What all who receive from one queue share: what becomes of a value that was leased.
 */
import { performIn } from "../core/perform.ts";
import { Queue } from "../support/queue.ts";
import { partsOf } from "./errors.ts";
import type { Leased, Log } from "./broker.ts";
import type { Client } from "./client.ts";
import { encodeDeadLetter } from "./dead-letters.ts";
import { QueueSends } from "./queue-sends.ts";

/** The checked options of one end of a queue. */
export interface QueueSettings {
  readonly name: string;
  readonly group: string;
  readonly lease: number;
  readonly attempts: number;
  readonly backoff: readonly number[];
  /** Reads a value, or throws. */
  readonly read: (bytes: Uint8Array) => unknown;
  readonly inOrder: boolean;
}

const remembered = 10_000;

export class QueueState {
  readonly client: Client;
  readonly log: Log;
  readonly title: string;
  readonly lease: number;
  readonly attempts: number;
  readonly sends: QueueSends;
  readonly #settings: QueueSettings;
  readonly #dead: QueueSends | undefined;
  /** By id: how many deliveries this end has given back; and the ids in order, the oldest of which are forgotten. */
  readonly #givenBack = new Map<string, number>();
  readonly #ids = new Queue<string>();

  constructor(client: Client, settings: QueueSettings, log: Log, dead: Log | undefined) {
    this.client = client;
    this.log = log;
    this.title = `queue ${JSON.stringify(settings.name)}`;
    this.lease = settings.lease;
    this.attempts = settings.attempts;
    this.#settings = settings;
    this.sends = new QueueSends(client, log, this.title, settings.inOrder);
    this.#dead = dead && new QueueSends(client, dead, `the dead letters of ${this.title}`, false);
  }

  get name(): string {
    return this.#settings.name;
  }

  backoff(attempt: number): number {
    const { backoff } = this.#settings;
    return backoff[Math.min(attempt, backoff.length) - 1] ?? 0;
  }

  /** How many of its attempts a value has used up, this one included. */
  used({ id, attempt }: Leased): number {
    return attempt - (this.#givenBack.get(id) ?? 0);
  }

  /** The value, if it is to be given to somebody; otherwise it is buried. */
  opened(leased: Leased): { readonly value: unknown } | undefined {
    let why: unknown;
    try {
      if (this.used(leased) <= this.attempts) return { value: this.#settings.read(leased.bytes) };
      why = new Error(`its lease ran out ${this.attempts} ${this.attempts === 1 ? "time" : "times"}`);
    } catch (error) {
      why = error;
    }
    this.bury(leased, { bytes: leased.bytes }, why).catch((error: unknown) => { this.client.report(error); });
    return undefined;
  }

  /** At once available to others. Where one more lease would look like one too many, it is stored anew. */
  giveBack(leased: Leased): void {
    const { id, attempt, bytes } = leased;
    if (this.used(leased) > 0 && attempt >= this.attempts) {
      const anew = `${id.slice(0, 180)}~${attempt}`;
      performIn(undefined, this.sends.sending(bytes, anew)).then(() => { leased.ack(); }, () => { leased.nak(0); });
      return;
    }
    if (!this.#givenBack.has(id)) {
      this.#ids.push(id);
      if (this.#ids.size > remembered) this.#givenBack.delete(this.#ids.shift());
    }
    this.#givenBack.set(id, (this.#givenBack.get(id) ?? 0) + 1);
    leased.nak(0);
  }

  /** To the dead letters, and then away. */
  async bury(leased: Leased, what: { readonly value: unknown } | { readonly bytes: Uint8Array }, reason: unknown): Promise<void> {
    const { client } = this;
    const { patience, stacks } = client.settings;
    const parts = partsOf(reason, stacks);
    if (this.#dead) {
      const letter = encodeDeadLetter({ name: this.name, id: leased.id, attempts: leased.attempt, bytes: leased.bytes, decoded: "value" in what, reason: parts });
      try {
        await performIn(undefined, this.#dead.sending(letter, `${leased.id}@${this.#settings.group}`));
      } catch (error) {
        leased.nak(this.backoff(leased.attempt));
        throw error;
      }
    } else client.report(reason);
    // Without a confirmation it comes again, and is buried under the same id.
    await performIn(undefined, client.following(`reject of ${this.title}`, () => leased.acked({ timeout: patience }))).catch(() => undefined);
  }
}
