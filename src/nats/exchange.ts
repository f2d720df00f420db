/**
 * A rendezvous between machines, by credit: a value is given only to a process that has said that it waits for one.
 *
 * 1. A value is taken by one receiver, once. The receiver's process remembers what it has answered, until the sender knows of it; so an answer that is
 *    lost is asked for again, at the same process, and a restart of the server leaves no outcome unknown.
 * 2. First in, first out from each sender to each receiver: what was refused is given first, and until it has come again its successors are refused, too.
 * 3. Without an answer for `patience`, while there is a connection, the outcome is unknown. It is asked for nowhere else.
 *
 *        receiver                     server                     sender
 *        waits ── want, inbox, n ───► all who send ────────────► has n to give
 *        takes ◄──────────────── give, id ◄───────────────────── first in line
 *              ── "+" taken, "-" nobody waits any more ────────► fulfils, or first in line again
 *
 * Idea: the credit of AMQP's links, over requests.
 */
import { enqueue } from "../core/scheduler.ts";
import { ClosedError } from "../errors.ts";
import { Chain, type Linked } from "../support/chain.ts";
import { NobodyThere, TimedOut, type Message, type Subscription } from "./broker.ts";
import { Answers, type SenderAnswers } from "./answers.ts";
import type { Client, Part } from "./client.ts";
import { bytesOf, textOf } from "./codec.ts";
import { partsOf, RemoteError, UnknownOutcomeError, type ErrorParts } from "./errors.ts";
import { GiverLine, type Giver } from "./givers.ts";

/** Somebody who waits for a value. */
export interface Taker extends Linked<Taker> {
  /** Takes the value; throws if it is none for this end, and stays in line. */
  take(bytes: Uint8Array): void;
  /** No value will come. */
  end(): void;
}

/** A process that waits for values. */
interface Inbox {
  /** How many, as it has said last. */
  wants: number;
  stamp: number;
  onTheWay: number;
}

/** How long, in milliseconds, until a process is asked again that is not there now: after a restart of the server it may be about to come back. */
const longestPause = 100;

export class Exchange implements Part {
  before: Part | undefined = undefined;
  after: Part | undefined = undefined;
  readonly name: string;
  readonly title: string;
  closed: { readonly error: ErrorParts | undefined } | undefined = undefined;
  readonly #client: Client;
  readonly #subject: string;
  readonly #key: string;
  readonly #takers = new Chain<Taker>();
  #wants = 0;
  #stamp = 0;
  #announcesSoon = false;
  readonly #line = new GiverLine();
  /** All that are not settled, in order of their numbers. */
  readonly #unsettled = new Map<number, Giver>();
  #given = 0;
  readonly #inboxes = new Map<string, Inbox>();
  readonly #answers = new Answers();
  #subscription: Subscription | undefined = undefined;
  #disarm: (() => void) | undefined = undefined;
  /** All who wait have been asked for since there is a connection: whoever waits later says so. */
  #hasAsked = false;

  constructor(client: Client, kind: string, name: string, title: string) {
    this.name = name;
    this.title = title;
    this.#client = client;
    this.#subject = client.subject(kind, name);
    this.#key = `${kind}-${name.replaceAll(".", "=")}`;
  }

  /** How many answers are remembered. */
  get remembered(): number {
    return this.#answers.count;
  }

  /** From the first wait on. */
  #begin(): void {
    if (this.#subscription) return;
    const client = this.#client;
    client.join(this);
    client.hear(this.#key, (message) => { if (!client.frozen) this.#came(message); });
    this.#subscription = client.broker.subscribe(this.#subject, {}, ({ bytes }) => { if (!client.frozen) this.#heard(textOf(bytes)); });
    client.publish(this.#subject, bytesOf("?"));
    client.broker.notes?.get(this.#key).then((bytes) => { if (bytes) this.#heard(textOf(bytes)); }, () => undefined);
  }

  #again(): void {
    if (this.#disarm || this.closed) return;
    this.#disarm = this.#client.arm(this.#client.settings.patience / 2, () => {
      this.#disarm = undefined;
      if (this.#wants === 0 && this.#line.first === undefined) return;
      this.#announce();
      if (this.#line.first) this.#askForWants();
      this.#again();
    }, true);
  }

  /** What is said to all ends. */
  #heard(text: string): void {
    const [what, inbox = "", wants, stamp] = text.split(" ", 4);
    if (what === "w") this.#wanted(inbox, Number(wants), Number(stamp));
    else if (what === "h") this.#announce();
    else if (what === "?" && this.closed) this.#client.publish(this.#subject, this.#tombstone());
    else if (what === "b") this.#left(inbox);
    else if (what === "x") this.#end(text.length > 2 ? JSON.parse(text.slice(2)) as ErrorParts : undefined);
  }

  /** One of the ends has gone: it neither asks again nor waits. */
  #left(id: string): void {
    this.#answers.forget(id);
    this.#inboxes.delete(id);
  }

  // -- Taking --

  want(taker: Taker): void {
    this.#begin();
    this.#takers.add(taker);
    this.#wants++;
    this.#again();
    if (this.#announcesSoon) return;
    this.#announcesSoon = true;
    enqueue({
      run: () => {
        this.#announcesSoon = false;
        this.#announce();
      },
    });
  }

  unwant(taker: Taker): void {
    if (taker.before === undefined && this.#takers.first !== taker) return;
    this.#takers.remove(taker);
    this.#wants--;
  }

  #announce(): void {
    if (this.#wants > 0) this.#client.publish(this.#subject, bytesOf(`w ${this.#client.id} ${this.#wants} ${++this.#stamp}`));
  }

  /** A value has come. Header: sender, number, the lowest number that it has not settled. */
  #came(message: Message): void {
    const { bytes } = message;
    const at = bytes.indexOf(10);
    const [from = "", number, low] = textOf(bytes.subarray(0, at)).split(" ");
    const [seq, lowest] = [Number(number), Number(low)];
    const sender = this.#answers.to(from);
    sender.settledBelow(lowest);
    const answer = sender.of(seq, () => this.#answer(sender, seq, bytes.subarray(at + 1)));
    message.respond(bytesOf(`${answer}\n${this.#wants} ${++this.#stamp}`));
  }

  #answer(sender: SenderAnswers, seq: number, bytes: Uint8Array): string {
    if (this.closed) return "x";
    const { first } = this.#takers;
    if (first === undefined || sender.mustWait(seq)) return sender.refuse(seq);
    sender.accept(seq);
    try {
      this.unwant(first);
      first.take(bytes);
      return "+";
    } catch (error) {
      this.want(first);
      return `!${JSON.stringify(partsOf(error, this.#client.settings.stacks))}`;
    }
  }

  // -- Giving --

  give(giver: Giver): void {
    this.#begin();
    giver.seq = ++this.#given;
    this.#unsettled.set(giver.seq, giver);
    this.#toLine(giver);
    this.#again();
    this.#pump();
    if (giver.inbox === undefined && !this.#hasAsked) this.#askForWants();
  }

  #askForWants(): void {
    this.#hasAsked = this.#client.connected;
    this.#client.publish(this.#subject, bytesOf("h"));
  }

  /** Nobody waits for it any more. */
  leave(giver: Giver): void {
    giver.left = true;
    if (giver.inbox !== undefined) return; // on its way: its outcome is still looked for
    this.#line.remove(giver);
    this.#unsettled.delete(giver.seq);
  }

  #toLine(giver: Giver): void {
    giver.inbox = undefined;
    this.#line.add(giver);
  }

  #wanted(inbox: string, wants: number, stamp: number): void {
    let known = this.#inboxes.get(inbox);
    if (!known) this.#inboxes.set(inbox, (known = { wants: 0, stamp: 0, onTheWay: 0 }));
    if (stamp > known.stamp) {
      known.wants = wants;
      known.stamp = stamp;
    }
    this.#pump();
  }

  #pump(): void {
    if (!this.#client.connected) return;
    for (const [id, inbox] of this.#inboxes) {
      for (let { first } = this.#line; first && inbox.wants > inbox.onTheWay; { first } = this.#line) {
        this.#line.remove(first);
        first.inbox = id;
        inbox.onTheWay++;
        this.#ask(first, id);
      }
    }
  }

  #ask(giver: Giver, id: string): void {
    const client = this.#client;
    if (giver.inbox !== id || giver.asked || !client.connected) return; // asked again once connected
    giver.asked = true;
    const { patience } = client.settings;
    const [lowest = giver.seq] = this.#unsettled.keys();
    const asked = client.now;
    const header = bytesOf(`${client.id} ${giver.seq} ${lowest}\n`);
    const whole = new Uint8Array(header.length + giver.bytes.length);
    whole.set(header);
    whole.set(giver.bytes, header.length);
    client.broker.request(client.subject("i", `${id}.${this.#key}`), whole, { timeout: Math.max(1, patience / 4) }).then(
      ({ bytes }) => {
        giver.asked = false;
        if (!client.frozen) this.#answered(giver, id, textOf(bytes));
      },
      (error: unknown) => {
        giver.asked = false;
        if (!client.frozen && !client.over) this.#unanswered(giver, id, error, asked);
      },
    );
  }

  #arrived(id: string): void {
    const inbox = this.#inboxes.get(id);
    if (inbox) inbox.onTheWay--;
  }

  #answered(giver: Giver, id: string, text: string): void {
    if (giver.inbox !== id) return;
    const end = text.lastIndexOf("\n");
    const answer = text.slice(0, end);
    const [wants, stamp] = text.slice(end + 1).split(" ");
    this.#arrived(id);
    if (answer === "-" && !giver.left && !this.closed) {
      giver.since = undefined;
      this.#toLine(giver);
    } else {
      giver.inbox = undefined;
      this.#unsettled.delete(giver.seq);
      if (answer === "+") giver.taken();
      else giver.failed(answer.startsWith("!") ? new RemoteError(JSON.parse(answer.slice(1)) as ErrorParts) : this.closedError("send"));
    }
    this.#wanted(id, Number(wants), Number(stamp));
  }

  #unanswered(giver: Giver, id: string, error: unknown, asked: number): void {
    if (giver.inbox !== id) return;
    const client = this.#client;
    const { patience } = client.settings;
    if (error instanceof NobodyThere && giver.since === undefined) { // nobody has it
      this.#arrived(id);
      this.#inboxes.delete(id);
      if (giver.left) this.#unsettled.delete(giver.seq);
      else this.#toLine(giver);
      this.#pump();
      return;
    }
    if (!(error instanceof TimedOut) && !(error instanceof NobodyThere)) {
      this.#settleUnknown(giver, id, error);
      return;
    }
    giver.since ??= asked;
    if (client.connected && client.now - giver.since >= patience) this.#settleUnknown(giver, id, error);
    else if (error instanceof TimedOut) this.#ask(giver, id);
    else client.arm(Math.min(patience / 8, longestPause), () => { this.#ask(giver, id); });
  }

  #settleUnknown(giver: Giver, id: string, cause: unknown): void {
    this.#arrived(id);
    giver.inbox = undefined;
    this.#unsettled.delete(giver.seq);
    const error = new UnknownOutcomeError(`send on ${this.title}: no answer for ${this.#client.settings.patience} ms, so the value may be taken or not`, { cause });
    if (giver.left) giver.unknown(error);
    else giver.failed(error);
    this.#pump();
  }

  // -- The end --

  closedError(verb: string): ClosedError {
    const { error } = this.closed ?? {};
    return new ClosedError(`${verb} on closed ${this.title}`, { cause: error && new RemoteError(error) });
  }

  #tombstone(): Uint8Array {
    const { error } = this.closed ?? {};
    return bytesOf(error === undefined ? "x" : `x ${JSON.stringify(error)}`);
  }

  /** Closes it everywhere. */
  close(error: unknown): boolean {
    if (this.closed) return false;
    this.#begin();
    this.#end(error === undefined ? undefined : partsOf(error, this.#client.settings.stacks));
    this.#client.publish(this.#subject, this.#tombstone());
    this.#client.broker.notes?.put(this.#key, this.#tombstone()).catch((failure: unknown) => { this.#client.report(failure); });
    return true;
  }

  #end(error: ErrorParts | undefined): void {
    if (this.closed) return;
    this.closed = { error };
    for (let { first } = this.#takers; first; { first } = this.#takers) {
      this.unwant(first);
      first.end();
    }
    for (let { first } = this.#line; first; { first } = this.#line) {
      this.#line.remove(first);
      this.#unsettled.delete(first.seq);
      first.failed(this.closedError("send"));
    }
  }

  // -- The connection --

  connected(): void {
    this.#inboxes.clear();
    this.#client.publish(this.#subject, this.closed ? this.#tombstone() : bytesOf("?"));
    this.#announce();
    this.#hasAsked = false;
    if (this.#line.first) this.#askForWants();
    for (const giver of this.#unsettled.values()) {
      if (giver.inbox === undefined) continue;
      if (giver.since !== undefined) giver.since = this.#client.now;
      this.#ask(giver, giver.inbox);
    }
  }

  disconnected(): void { /* what is on its way is asked for again */ }

  ended(): undefined {
    const { broker, id } = this.#client;
    if (this.#subscription && broker.connected) broker.publish(this.#subject, bytesOf(`b ${id}`));
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }
}
