/**
 * Sending to a log: each value is asked for again, with its id, until it is stored.
 *
 * 1. The same id is stored once, so asking again is harmless. Without an answer for `patience`, counted from the first question that went out, the
 *    outcome is unknown. A question that never left has no unknown outcome: it waits.
 * 2. Where the log has a capacity, one value is asked for at a time, so that those in line keep their order.
 * 3. One that is withdrawn is not asked for again.
 *
 *        send ─► in line ─► asked ─┬─ stored, known ─► fulfils           full: asked again after a pause
 *                  ▲               ├─ no answer ─► asked again           nobody there: the same
 *                  └─ not connected┘
 *
 * Idea: the idempotent producers of Kafka.
 */
import type { Operation } from "../core/operation.ts";
import { Chain, type Linked } from "../support/chain.ts";
import { NobodyThere, TimedOut, type Log } from "./broker.ts";
import type { Client, Part, Settle } from "./client.ts";
import { UnknownOutcomeError } from "./errors.ts";

/** One value that is on its way. */
interface Sent extends Linked<Sent> {
  readonly bytes: Uint8Array;
  readonly id: string;
  readonly settle: Settle<undefined>;
  /** A question is out. */
  asked: boolean;
  /** It has left, withdrawn or settled. */
  gone: boolean;
  /** No question of it had any answer but that nobody is there. */
  unheard: boolean;
  /** Ends its patience. */
  disarm: (() => void) | undefined;
}

const firstPause = 10;
const longestPause = 250;

export class QueueSends implements Part {
  before: Part | undefined = undefined;
  after: Part | undefined = undefined;
  readonly #client: Client;
  readonly #log: Log;
  readonly #title: string;
  readonly #inOrder: boolean;
  readonly #line = new Chain<Sent>();
  #pause = firstPause;

  constructor(client: Client, log: Log, title: string, inOrder: boolean) {
    this.#client = client;
    this.#log = log;
    this.#title = title;
    this.#inOrder = inOrder;
    client.join(this);
  }

  sending(bytes: Uint8Array, id: string): Operation<undefined> {
    return this.#client.operation<undefined>(`send to ${this.#title}`, (settle) => {
      const sent: Sent = { before: undefined, after: undefined, bytes, id, settle, asked: false, gone: false, unheard: true, disarm: undefined };
      this.#line.add(sent);
      if (!this.#inOrder || this.#line.first === sent) this.#ask(sent);
      return () => { this.#leave(sent); };
    });
  }

  #leave(sent: Sent): void {
    if (sent.gone) return;
    sent.gone = true;
    sent.disarm?.();
    this.#line.remove(sent);
    if (this.#inOrder) this.#askFirst();
  }

  #askFirst(): void {
    const { first } = this.#line;
    if (first !== undefined) this.#ask(first);
  }

  #ask(sent: Sent): void {
    const client = this.#client;
    if (sent.asked || sent.gone || !client.connected) return;
    const { patience } = client.settings;
    sent.asked = true;
    sent.disarm ??= client.arm(patience, () => { this.#giveUp(sent); });
    this.#log.append(sent.bytes, sent.id, { timeout: Math.max(1, patience / 4) }).then(
      (how) => {
        sent.asked = false;
        if (how === "full") this.#waitForRoom(sent);
        else this.#stored(sent);
      },
      (error: unknown) => {
        sent.asked = false;
        this.#unanswered(sent, error);
      },
    );
  }

  #stored(sent: Sent): void {
    if (sent.gone || this.#client.frozen) return;
    this.#pause = firstPause;
    this.#leave(sent);
    sent.settle.value(undefined);
  }

  #waitForRoom(sent: Sent): void {
    sent.disarm?.(); // what became of it is known
    sent.disarm = undefined;
    sent.unheard = true;
    this.#askLater(sent);
  }

  #unanswered(sent: Sent, error: unknown): void {
    if (sent.gone || this.#client.frozen) return;
    if (error instanceof NobodyThere) this.#askLater(sent);
    else if (error instanceof TimedOut) {
      sent.unheard = false;
      this.#ask(sent);
    } else {
      this.#leave(sent);
      sent.settle.error(error);
    }
  }

  #askLater(sent: Sent): void {
    if (sent.gone) return;
    this.#client.arm(this.#pause, () => { this.#ask(sent); });
    this.#pause = Math.min(longestPause, 2 * this.#pause);
  }

  #giveUp(sent: Sent): void {
    const { patience } = this.#client.settings;
    if (sent.gone) return;
    this.#leave(sent);
    sent.settle.error(sent.unheard && this.#client.connected && !sent.asked
      ? new Error(`send to ${this.#title}: it was not stored, and the server has known of no such queue for ${patience} ms. Open the queue again; a queue with storage "memory" is gone after a restart of the server`)
      : new UnknownOutcomeError(`send to ${this.#title}: no answer for ${patience} ms, so it may be stored or not. Send again with the same id, ${JSON.stringify(sent.id)}: it is stored once`));
  }

  // -- The connection --

  connected(): void {
    if (this.#inOrder) this.#askFirst();
    else for (const sent of this.#line) this.#ask(sent);
  }

  disconnected(): void { /* questions run into their time limits */ }

  /** All who wait fail by themselves. */
  ended(): undefined { /* nothing is held */ }
}
