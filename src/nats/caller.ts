/**
 * The asking end of calls between machines. How a call goes is drawn in `remote-calls.ts`.
 *
 * 1. A call is asked of the group again only if nobody has it: the engine knows of no server, or the one that it came to has refused it. Each question
 *    has a number of its own, so that an answer to an earlier one changes nothing.
 * 2. Without a word from its server for `patience`, while there is a connection, the outcome of a call is unknown.
 * 3. A caller that gives up says so to the server, or to all servers while it does not know which one it is. A server that still works on a call that
 *    nobody knows is told again.
 * 4. However many calls find nobody, one question looks for a server.
 */
import { ClosedError } from "../errors.ts";
import { Chain, type Linked } from "../support/chain.ts";
import { NobodyThere, TimedOut, type Message, type Subscription } from "./broker.ts";
import type { Client, Part } from "./client.ts";
import { bytesOf, textOf } from "./codec.ts";
import { RemoteError, UnknownOutcomeError, type ErrorParts } from "./errors.ts";
import { framed, unframed } from "./frames.ts";

/** A call that somebody waits for. */
export interface Asking extends Linked<Asking> {
  readonly bytes: Uint8Array;
  /** Its acceptance is waited for. */
  readonly early: boolean;
  /** The number of its question, if one went out. */
  seq: number | undefined;
  /** For how long it may wait in the line of a server, in milliseconds. */
  hold: number;
  /** When it went out, or its server was last heard of. */
  since: number;
  /** Its question has no answer yet. */
  out: boolean;
  /** The address of the server that has accepted it. */
  server: string | undefined;
  accepted(): void;
  replied(bytes: Uint8Array): void;
  failed(error: unknown): void;
}

export class Caller implements Part {
  before: Part | undefined = undefined;
  after: Part | undefined = undefined;
  readonly #client: Client;
  readonly #title: string;
  readonly #subject: string;
  readonly #key: string;
  readonly #me: string;
  #closed: { readonly cause: unknown } | undefined = undefined;
  #began = false;
  #asked = 0;
  /** Those whose question is out or that are accepted, by the number of the question. `undefined`: its caller has given up. */
  readonly #calls = new Map<number, Asking | undefined>();
  /** Those that wait for a connection, or for a server. */
  readonly #unsent = new Chain<Asking>();
  #notices: Subscription | undefined = undefined;
  #stopLooking: (() => void) | undefined = undefined;
  #stopWatching: (() => void) | undefined = undefined;

  constructor(client: Client, subject: string, title: string, key: string) {
    this.#client = client;
    this.#title = title;
    this.#subject = subject;
    this.#key = key;
    this.#me = `${client.id}.${key}`;
  }

  #begin(): void {
    if (this.#began) return;
    this.#began = true;
    const client = this.#client;
    client.join(this);
    client.hear(this.#key, (message) => { if (!client.frozen) this.#told(message); });
  }

  // -- Asking --

  call(asking: Asking): void {
    if (this.#closed) {
      asking.failed(this.#closedError());
      return;
    }
    this.#begin();
    this.#ask(asking);
  }

  /** Its caller gives up. */
  leave(asking: Asking): void {
    this.#unsent.remove(asking);
    const { seq, server } = asking;
    if (seq === undefined || !this.#calls.has(seq)) return;
    this.#giveUp(server, seq);
    if (server === undefined && asking.out) this.#calls.set(seq, undefined);
    else this.#forget(seq);
  }

  #giveUp(server: string | undefined, seq: number): void {
    const client = this.#client;
    const to = server === undefined ? `${this.#subject}.!` : client.subject("i", server);
    if (client.broker.connected && !client.frozen) client.broker.publish(to, bytesOf(`x ${this.#me} ${seq}\n`));
  }

  #forget(seq: number): void {
    this.#calls.delete(seq);
    if (this.#calls.size > 0) return;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    if (this.#closed) this.#rest();
  }

  #ask(asking: Asking): void {
    const client = this.#client;
    asking.server = undefined;
    asking.seq = undefined;
    if (!client.connected) {
      this.#unsent.add(asking);
      return;
    }
    const seq = (asking.seq = ++this.#asked);
    const { patience } = client.settings;
    asking.since = client.now;
    asking.out = true;
    this.#calls.set(seq, asking);
    const head = `${this.#me} ${seq} ${patience} ${asking.hold} ${asking.early ? 1 : 0}`;
    client.broker.request(this.#subject, framed(head, asking.bytes), { timeout: patience }).then(
      ({ bytes }) => {
        asking.out = false;
        if (client.frozen || client.over) return;
        this.#answered(seq, bytes);
        this.#askAll();
      },
      (error: unknown) => {
        asking.out = false;
        if (!client.frozen && !client.over) this.#unanswered(seq, error);
      },
    );
  }

  /** Somebody is there: those that found nobody ask. */
  #askAll(): void {
    for (const asking of this.#unsent) {
      this.#unsent.remove(asking);
      this.#ask(asking);
    }
  }

  #answered(seq: number, bytes: Uint8Array): void {
    const { words: [kind, server], body } = unframed(bytes);
    if (kind === "a" && server !== undefined) this.#heardOf(seq, server);
    else this.#ended(seq, kind, body);
  }

  #unanswered(seq: number, error: unknown): void {
    const asking = this.#calls.get(seq);
    if (asking === undefined) this.#forget(seq);
    else if (asking.server !== undefined) return; // its server has told us otherwise
    else if (error instanceof TimedOut) this.#silent(seq, asking, error);
    else if (error instanceof NobodyThere) {
      this.#refused(seq, asking, () => {
        this.#unsent.add(asking);
        this.#look();
      });
    } else this.#settleUnknown(seq, asking, error);
  }

  /** Nobody has it: it may go elsewhere. */
  #refused(seq: number, asking: Asking | undefined, again: () => void): void {
    this.#forget(seq);
    if (asking === undefined) return;
    asking.seq = undefined;
    if (this.#closed) asking.failed(this.#closedError());
    else again();
  }

  /** Look for a server, with one of those that wait for one. */
  #look(): void {
    const client = this.#client;
    if (!this.#notices) {
      this.#notices = client.broker.subscribe(`${this.#subject}.!`, {}, ({ bytes }) => {
        if (!client.frozen && textOf(bytes) === "h\n") this.#askAll();
      });
      // One that came before its notice could be heard.
      this.#notices.known().then(() => { if (!client.frozen) this.#askAll(); }, () => undefined);
    }
    this.#stopLooking ??= client.arm(client.settings.patience / 8, () => {
      this.#stopLooking = undefined;
      const { first } = this.#unsent;
      if (first === undefined) return;
      this.#unsent.remove(first);
      this.#ask(first);
      this.#look();
    }, true);
  }

  // -- What servers say --

  #told(message: Message): void {
    const { words: [kind, ...words], body } = unframed(message.bytes);
    if (kind === "w") {
      const [server = "", ...seqs] = words;
      for (const seq of seqs) this.#heardOf(Number(seq), server);
      return;
    }
    message.respond(bytesOf("+"));
    this.#ended(Number(words[0]), kind, body);
  }

  /** A server has it and works on it. */
  #heardOf(seq: number, server: string): void {
    const asking = this.#calls.get(seq);
    if (asking === undefined) {
      this.#giveUp(server, seq);
      this.#forget(seq);
      return;
    }
    asking.since = this.#client.now;
    if (asking.server === undefined) {
      asking.server = server;
      asking.accepted();
    }
    this.#watch(asking);
  }

  #ended(seq: number, kind: string | undefined, body: Uint8Array): void {
    const asking = this.#calls.get(seq);
    if (kind === "-") {
      this.#refused(seq, asking, () => {
        if (!asking) return;
        asking.hold = Math.min(2 * asking.hold, this.#client.settings.patience / 8);
        this.#ask(asking);
      });
      return;
    }
    this.#forget(seq);
    if (asking === undefined) return;
    if (kind === "+") asking.replied(body);
    else if (kind === "!") asking.failed(new RemoteError(JSON.parse(textOf(body)) as ErrorParts));
    else asking.failed(new ClosedError(`call on ${this.#title} was dropped without an answer: its server disposed it, or has ended, before it replied`));
  }

  // -- Silence --

  #watch(asking: Asking): void {
    const client = this.#client;
    const { patience } = client.settings;
    if (this.#stopWatching || !client.connected || asking.seq === undefined || !this.#calls.has(asking.seq)) return;
    this.#stopWatching = client.arm(patience / 4, () => {
      this.#stopWatching = undefined;
      for (const [seq, one] of this.#calls) {
        if (one === undefined || (one.out && one.server === undefined)) continue;
        if (client.now - one.since >= patience) this.#settleUnknown(seq, one);
        else this.#watch(one);
      }
    });
  }

  #silent(seq: number, asking: Asking, cause: unknown): void {
    const client = this.#client;
    if (client.connected && client.now - asking.since >= client.settings.patience) this.#settleUnknown(seq, asking, cause);
    else this.#watch(asking); // there was no connection for a while
  }

  #settleUnknown(seq: number, asking: Asking, cause?: unknown): void {
    this.#forget(seq);
    asking.failed(new UnknownOutcomeError(
      `call on ${this.#title}: no word of its server for ${this.#client.settings.patience} ms, so it may have been answered or not`,
      cause === undefined ? undefined : { cause },
    ));
  }

  // -- The end --

  #closedError(): ClosedError {
    return new ClosedError(`call on closed ${this.#title}`, { cause: this.#closed?.cause });
  }

  /** No more calls; those that a server may have keep their outcome. */
  close(cause: unknown): void {
    this.#closed = { cause };
    for (const asking of this.#unsent) {
      this.#unsent.remove(asking);
      asking.failed(this.#closedError());
    }
    if (this.#calls.size === 0) this.#rest();
  }

  #rest(): void {
    if (!this.#began) return;
    this.#client.unhear(this.#key);
    this.#client.leave(this);
    this.#release();
  }

  #release(): void {
    this.#stopLooking?.();
    this.#stopLooking = undefined;
    this.#notices?.unsubscribe();
    this.#notices = undefined;
  }

  connected(): void {
    for (const asking of this.#calls.values()) {
      if (asking === undefined) continue;
      asking.since = this.#client.now;
      if (!asking.out || asking.server !== undefined) this.#watch(asking);
    }
    this.#askAll();
  }

  /** Patience runs while there is a connection. */
  disconnected(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  ended(): undefined {
    for (const [seq, asking] of this.#calls) if (asking !== undefined) this.#giveUp(asking.server, seq);
    this.#calls.clear();
    this.#release();
  }
}
